"""Texts about a table in which no area can be recognised: its code and its values are taken out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence, Set

UNNAMED = "areas not named"
"""Stands for the code of an area, or for several of a list, and for what is said of each."""

_VALUE = r"(?:\s*(?:\([^()]*\)|\[[^\[\]]*\]|(?::|=)\s*[-+\d.,]+))?"
"""What a message says of one area right after its code: in brackets, or after a colon."""

_BEFORE_NUMBERS = r"(?<=\()(?=\d)|(?<=: )(?=\d)"
_BEFORE_WORDS = r"(?<![\w.,-])(?!\d+\b)"
"""A number may be a code, or say how many: it is a code where a list begins."""

_BETWEEN = r"(?:\s*,\s*|\s+and\s+|\s*;\s*)"


def without_codes(texts: Sequence[str], areas: Set[str]) -> tuple[str, ...]:
    """Texts with each area, and what stands in brackets after it, replaced by `UNNAMED`.

    How many areas a list names more than it shows stays.

    Parameters
    ----------
    texts : sequence of str
    areas : set of str
        Codes of all areas of the table.
    """
    found = _present(areas, "\n".join(texts))
    if not found:
        return tuple(texts)
    alternatives = "|".join(map(re.escape, sorted(found, key=len, reverse=True)))
    one = rf"['\"]?(?:{alternatives})['\"]?(?![\w-]|[.,]\d){_VALUE}"
    listed = re.compile(rf"(?:{_BEFORE_NUMBERS}|{_BEFORE_WORDS}){one}(?:{_BETWEEN}{one})*")
    return tuple(listed.sub(UNNAMED, text) for text in texts)


def _present(areas: Iterable[str], text: str) -> list[str]:
    return [code for code in areas if code and code in text]
