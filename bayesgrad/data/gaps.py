"""Marks that stand for a missing value."""

from __future__ import annotations

import pandas as pd

MISSING = ("", "NA", "NaN", "nan")
"""What stands for a missing value in a csv file; R writes NA. Other symbols are kept."""

_WORDS = frozenset(
    {"na", "n/a", "#n/a", "#na", "nan", "-nan", "null", "<na>", "nat", "none", "(blank)"}
)
_SIGNS = frozenset({"-", "--", ".", "..", "...", ":", "?", "\u2013", "\u2014"})
_EXCEL_ERRORS = frozenset({"#ref!", "#value!", "#name?", "#div/0!", "#num!", "#null!", "#n/a!"})
_MARKS = _WORDS | _SIGNS | _EXCEL_ERRORS
_LONGEST = max(map(len, _MARKS))
_WORDS_OF_GROUPS = frozenset({"none"})
"""Marks that a group may well be called by, unless they are written as Python writes them."""


def is_gap_mark(text: str, *, of_group: bool = False) -> bool:
    """Whether text stands for a missing value, in any case: `NULL`, `#N/A`, `-`, `None`.

    Parameters
    ----------
    of_group : bool
        Whether the text is the name of a stratum: `none` is one, `None` is what Python writes for
        nothing.
    """
    mark = text.strip().casefold()
    if of_group and mark in _WORDS_OF_GROUPS:
        return text.strip() == "None"
    return mark in _MARKS


def marks_among(column: pd.Series, *, of_groups: bool = False) -> pd.Series:
    """Where a column of text has a mark of a missing value; False where it is missing."""
    short = column[column.str.len() <= _LONGEST].unique().tolist()
    return column.isin([text for text in short if is_gap_mark(text, of_group=of_groups)])
