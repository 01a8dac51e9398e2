"""Values that look like secrets. A recipe is stored, shared and printed, so it names secrets and never holds them."""

import re

_PATTERNS = re.compile(
    r"""
      (?<![A-Za-z0-9]) (?: hf_[A-Za-z0-9]{10,} | sk-[A-Za-z0-9_-]{10,} | AKIA[0-9A-Z]{12,} | ASIA[0-9A-Z]{12,}
        | gh[pousr]_[A-Za-z0-9]{16,} | github_pat_[A-Za-z0-9_]{16,} | dtn_[A-Za-z0-9]{16,} | xox[abpr]-[A-Za-z0-9-]{10,}
        | AIza[A-Za-z0-9_-]{20,} | eyJ[A-Za-z0-9_-]{16,400}\.[A-Za-z0-9_-]{8,} )
      | -----BEGIN\ [A-Z ]*PRIVATE\ KEY-----
      | ://[^/\s:@]*:[^/\s@]+@
    """,
    re.VERBOSE,
)
_SECRET_WORDS = frozenset(
    {"key", "apikey", "token", "secret", "password", "passwd", "credential", "credentials", "auth"}
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_NAME = re.compile(r"[A-Z][A-Z0-9_]*\Z")
_LONG = 20


def looks_secret(text: str) -> bool:
    """Whether a text holds something of the form of a known kind of key, or a password in a URL."""
    return _PATTERNS.search(text) is not None


def is_secret(name: str, value: str) -> bool:
    """Whether a value is a secret by its form, or by its name (`api_key`, `hfToken`) and a long, mixed text.

    The name of an environment variable in capitals is how a secret is named, so it is none.
    """
    if looks_secret(value):
        return True
    named = any(word.lower() in _SECRET_WORDS for word in _WORD.findall(name))
    mixed = any(each.isdigit() for each in value) and any(each.isalpha() for each in value)
    plain = " " not in value and not _NAME.match(value)
    return named and len(value) >= _LONG and mixed and plain
