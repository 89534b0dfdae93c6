"""One way of writing for names and codes that a reader cannot tell apart."""

from __future__ import annotations

import re
import unicodedata

_ONS_CODE = re.compile(r"[EKNSW]\d{8}", re.IGNORECASE | re.ASCII)
_INVISIBLE = "Cf"
"""Unicode's category of marks that are not seen: blanks of no width, soft hyphens, directions."""


def plain_name(text: str) -> str:
    """Write a name with composed letters, without marks that are not seen and blanks around it.

    >>> plain_name(" Mo\u0302n\u200b") == "M\u00f4n"
    True
    """
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
        text = "".join(mark for mark in text if unicodedata.category(mark) != _INVISIBLE)
    return text.strip()


def plain_code(text: str) -> str:
    """Write a code as a name, each run of blanks as one, and an ONS code in capitals.

    >>> plain_code(" e09000007")
    'E09000007'
    """
    code = " ".join(plain_name(text).split())
    return code.upper() if _ONS_CODE.fullmatch(code) else code


def named_plainly(value: object) -> object:
    """Apply `plain_name` to text; anything else as it is, for validation to refuse."""
    return plain_name(value) if isinstance(value, str) else value
