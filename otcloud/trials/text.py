"""Text that JSON can carry and nothing else can: repaired, so that it can be stored and sent. Pure."""


def whole(text: str) -> str:
    """The text with surrogate pairs joined and each lone surrogate replaced by U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        # A model's output that was cut inside a character; everything around it is kept.
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
