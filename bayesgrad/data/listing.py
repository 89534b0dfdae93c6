"""Words of messages: the first few offending codes, how many there are, and close matches."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

import pandas as pd

from bayesgrad.errors import shortened

SHOWN = 5
"""How many offending rows or codes a message shows before it says how many more there are."""

LONGEST = 80
"""Characters of one of them that a message shows."""


def listed(items: Iterable[object], *, shown: int = SHOWN) -> str:
    """First few of `items`, in the order given, and how many more there are.

    >>> listed("abcdefg", shown=2)
    'a, b and 5 more'
    """
    words = [shortened(str(item), LONGEST) for item in items]
    text = ", ".join(words[:shown])
    return f"{text} and {len(words) - shown:,} more" if len(words) > shown else text


def counted(number: int, singular: str, plural: str | None = None) -> str:
    """Write a number with its noun: `1 row`, `2 rows`, `1,302 areas`."""
    noun = singular if number == 1 else plural or f"{singular}s"
    return f"{number:,} {noun}"


def close_to(name: str, known: Sequence[str]) -> str:
    """`; did you mean X?` where names close to `name` are known, else an empty string."""
    folded = {candidate.casefold(): candidate for candidate in known}
    close = difflib.get_close_matches(name.casefold(), folded, n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(folded[match] for match in close)}?" if close else ""


def offenders(codes: pd.Series, values: pd.Series, faulty: pd.Series) -> str:
    """First few faulty rows, by code, each with its value: `E01000001 (-3), E01000007 (1.5)`.

    Parameters
    ----------
    codes, values, faulty : Series
        Aligned; `faulty` is boolean. The rows are listed in the order of their codes, whatever the
        order of the table.
    """
    pairs = sorted(zip(codes[faulty].astype(str), values[faulty].map(_shown), strict=True))
    return listed(f"{code} ({value})" for code, value in pairs)


def _shown(value: object) -> str:
    if isinstance(value, str):
        return repr(value)
    if not isinstance(value, float):
        return str(value)
    short = f"{value:.10g}"
    # All digits of a number that would else be shown as the whole number next to it.
    return short if float(short) == value or not float(short).is_integer() else repr(float(value))
