"""One way of writing for names and codes that a reader cannot tell apart."""

from __future__ import annotations

import re
import unicodedata

_ONS_CODE = re.compile(r"[EKNSW]\d{8}", re.IGNORECASE | re.ASCII)
_SAME_TO_THE_EYE = str.maketrans(
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0406\u0408\u0405"
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455"
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03bf"
    "\u2010\u2011\u2012\u2013\u2014\u2212\u2018\u2019\u02bc",
    "ABEKMHOPCTYXIJS" + "aeopcyxijs" + "ABEZHIKMNOPTYXo" + "------" + "'" * 3,
)
"""Cyrillic and Greek letters, dashes and apostrophes, and what they look like."""
_INVISIBLE = ("Cf", "Cc")
"""Unicode's categories of marks that are not seen: blanks of no width, soft hyphens, directions;
and characters that control a terminal."""
_ALSO_INVISIBLE = frozenset(
    map(
        chr,
        (
            *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180F),
            *(0x3164, 0xFFA0, *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)),
        ),
    )
)
"""Marks of other categories that are not seen either: fillers, joiners, selectors of variants."""


def plain_name(text: str) -> str:
    """Write a name with composed letters, without marks that are not seen and blanks around it.

    >>> plain_name(" Mo\u0302n\u200b") == "M\u00f4n"
    True
    """
    if not (text.isascii() and text.isprintable()):
        text = unicodedata.normalize("NFC", text)
        text = "".join(mark for mark in text if not _is_invisible(mark))
    return text.strip()


def _is_invisible(mark: str) -> bool:
    if unicodedata.category(mark) in _INVISIBLE:
        return not mark.isspace()
    return mark in _ALSO_INVISIBLE


def plain_code(text: str) -> str:
    """Write a code as a name, each run of blanks as one, and an ONS code in capitals.

    >>> plain_code(" e09000007")
    'E09000007'
    """
    code = " ".join(plain_name(text).split())
    return code.upper() if _ONS_CODE.fullmatch(code) else code


def to_the_eye(code: str) -> str:
    """Write a code with the plain letters, dashes and apostrophes that its own look like.

    >>> to_the_eye("5\u20139")
    '5-9'
    """
    if code.isascii():
        return code
    return unicodedata.normalize("NFKC", code).translate(_SAME_TO_THE_EYE)


def named_plainly(value: object) -> object:
    """Apply `plain_name` to text; anything else as it is, for validation to refuse."""
    return plain_name(value) if isinstance(value, str) else value
