"""Bands of ages that a spreadsheet made dates: `5-9` as `05-Sep`, `10-14` as `Oct-14`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from bayesgrad.data.listing import counted, listed
from bayesgrad.errors import DataError

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = f"(?P<month>{'|'.join(_MONTHS)})[a-z]*"
_DATES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?P<number>\d{{1,2}})[- ]{_MONTH}(?:[- ]\d{{2,4}})?",
        rf"{_MONTH}[- ](?P<number>\d{{2}})",
        r"\d{4}-(?P<month>\d{2})-(?P<number>\d{2})(?:[ T]00:00:00)?",
        r"(?P<number>\d{1,2})/(?P<month>\d{1,2})/\d{4}",
    )
)
_BAND = re.compile(r"(\d{1,3})\s*(?:-|\u2013|to)\s*(\d{1,3})")
_OPEN_BAND = re.compile(r"(?:under |over )?\d{1,3}(?:\s*\+| and over)?", re.IGNORECASE)


def refuse_excel_dates(labels: Sequence[str], *, where: str) -> None:
    """Refuse dates among bands of numbers, or dates that read as bands one after another.

    Strata that are dates or months throughout, and no such bands, are taken as they are.

    Parameters
    ----------
    labels : sequence of str
        All strata of a column.
    where : str
        Table and column, as messages begin.

    Raises
    ------
    DataError
        If some of them are dates; the message names them, and the bands that they may have been.
    """
    dates = {label: band for label in labels if (band := _band_of_date(label)) is not None}
    others = [label for label in labels if label not in dates]
    bands = any(_BAND.fullmatch(other) or _OPEN_BAND.fullmatch(other) for other in others)
    if not dates or not (bands or (not others and _one_after_another(sorted(dates.values())))):
        return
    meant = listed(f"{label} for {low}-{high}" for label, (low, high) in dates.items())
    raise DataError(
        f"{where}: {counted(len(dates), 'stratum is a date', 'strata are dates')}, as spreadsheets "
        f"make them of bands of numbers: {meant}",
        "Write the bands again, and keep the column as text when a spreadsheet opens the file; or "
        "name these strata in [strata] order if they are meant.",
    )


def _band_of_date(label: str) -> tuple[int, int] | None:
    """Two numbers of a date, the smaller first; None if the label is no date."""
    for pattern in _DATES:
        found = pattern.fullmatch(label.strip())
        if found is not None:
            month = found["month"].lower()
            number = int(month) if month.isdigit() else _MONTHS.index(month[:3]) + 1
            low, high = sorted((number, int(found["number"])))
            return low, high
    return None


def _one_after_another(bands: Sequence[tuple[int, int]]) -> bool:
    """Whether each of several bands begins where the one before it ends."""
    return len(bands) > 1 and all(
        low <= high < following == high + 1 for (low, high), (following, _) in pairwise(bands)
    )
