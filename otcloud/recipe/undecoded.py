"""Bytes of an argument or a folder that are no text in the shell's locale: Python hands them on as half characters.

Rule: PEP 383, `surrogateescape`.
"""

WHAT = "holds bytes that are no text here: the shell's locale is not UTF-8, or they are not"
DO = "`export LC_ALL=C.UTF-8` gives the shell a UTF-8 locale"


def undecoded(text: str) -> bool:
    """Whether a text holds such bytes."""
    return any(0xDC80 <= ord(character) <= 0xDCFF for character in text)
