"""The release of deprivation that a spec names, beside the releases and areas of the table."""

from __future__ import annotations

import re

import pandas as pd

from bayesgrad.data.listing import listed
from bayesgrad.spec.model_spec import ModelSpec

_RELEASE = re.compile(
    r"\b(?:IoD|IMD|ID|EIMD|EID|Indices?(?: of)?(?: Multiple)? Deprivation)\D{0,3}(20\d\d)", re.I
)
_COLUMN_YEAR = re.compile(r"lsoa[_ ]?(?:20)?(11|21)", re.I)
_LAST_OF_2011 = 33_768
"""Number of the last LSOA of England that was made for the census of 2011: E01033768."""
_AREA = "E01[0-9]{6}"
NEW_AREAS = 2025
"""First release that is published for the areas of 2021; those before are for areas of 2011."""


def vintage_warnings(spec: ModelSpec, table: pd.DataFrame) -> tuple[str, ...]:
    """Releases in a column `vintage` that are not the spec's."""
    year = _year_of(spec.columns.vintage)
    column = next((name for name in table.columns if str(name).casefold() == "vintage"), None)
    if year is None or column is None:
        return ()
    stamps = table[column].dropna().astype("str").unique()
    others = sorted(stamp for stamp in stamps if (found := _year_of(stamp)) and found != year)
    if not others:
        return ()
    return (
        f"column {column} says {listed(others)}, and [columns] vintage = {spec.columns.vintage!r}: "
        "releases are not comparable, and every output would name the wrong one. Correct the "
        "spec, or use deprivation of that release",
    )


def vintage_notes(spec: ModelSpec, areas: pd.Series) -> tuple[str, ...]:
    """Areas of another census than the release of deprivation is published for.

    Parameters
    ----------
    areas : Series of str
        Codes of the areas.
    """
    year = _year_of(spec.columns.vintage)
    column = spec.columns.area
    named = _COLUMN_YEAR.search(column)
    different = areas.drop_duplicates()
    numbers = different[different.str.fullmatch(_AREA)].str[3:].astype("int64")
    newer = int((numbers > _LAST_OF_2011).sum())
    if year is None or (named is None and not newer):
        return ()
    of_2021 = newer > 0 or (named is not None and named.group(1) == "21")
    if of_2021 == (year >= NEW_AREAS):
        return ()
    own, published = ("2021", "2011") if of_2021 else ("2011", "2021")
    return (
        f"areas of {column} are those of {own}, and {spec.columns.vintage} is published for those "
        f"of {published}: deprivation has to be carried over by a lookup, not joined by code",
    )


def _year_of(stamp: str) -> int | None:
    """Year of a release such as IoD2019; None where the words are of something else."""
    found = _RELEASE.search(stamp)
    return int(found.group(1)) if found else None
