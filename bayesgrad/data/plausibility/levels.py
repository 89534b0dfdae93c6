"""Geographic levels, vintages and nations: codes of several kinds in one column."""

from __future__ import annotations

import re
from collections import Counter

import pandas as pd

from bayesgrad.data.listing import counted, listed
from bayesgrad.data.plausibility.evidence import Evidence

_ONS_CODE = r"[EKNSW][0-9]{8}"
_LEVELS = {
    **dict.fromkeys(("E00", "W00", "S00"), "output area"),
    **dict.fromkeys(("E01", "W01", "S01"), "LSOA or data zone"),
    **dict.fromkeys(("E02", "W02", "S02"), "MSOA or intermediate zone"),
    **dict.fromkeys(("E05", "W05", "S13", "N08"), "ward"),
    **dict.fromkeys(("E06", "E08", "E09", "W06", "S12", "N09"), "authority"),
    "E07": "district",
    "E10": "county",
    "E12": "region",
    **dict.fromkeys(("E92", "W92", "S92", "N92", "K02", "K03", "K04"), "nation"),
}
_TOGETHER = ({"authority", "district"}, {"authority", "county"})
"""Unitary authorities take the place of districts, and of counties, where there are none."""
_NATIONS = {"E": "England", "N": "Northern Ireland", "S": "Scotland", "W": "Wales"}
_MOST_LSOAS = 33_755
"""Of England in 2021; in 2011 there were 32,844."""
_RELEASES = re.compile(
    r"\b(IoD|IMD|IDACI|WIMD|SIMD|NIMDM)|\b20(04|07|10|15|19|25)\b", re.IGNORECASE
)


def several_levels(evidence: Evidence) -> tuple[str, ...]:
    """Warn of several levels, vintages or nations among the codes of areas or authorities."""
    keys, columns = evidence.kept.selection.keys, evidence.spec.columns
    areas, authorities = _prefixes(keys["area"]), _prefixes(keys["authority"])
    return (
        *_among(areas, column=columns.area, what="area"),
        *_among(authorities, column=columns.authority, what="authority"),
        *_areas_that_are_authorities(keys, column=columns.area),
        *_vintages(areas, column=columns.area),
        *_nations(areas, authorities, vintage=columns.vintage),
    )


def _prefixes(codes: pd.Series) -> Counter[str]:
    """First three signs of ONS codes, and of how many different codes each is."""
    ons = codes.drop_duplicates()
    ons = ons[ons.str.fullmatch(_ONS_CODE)]
    return Counter({str(start): int(n) for start, n in ons.str[:3].value_counts().items()})


def _among(prefixes: Counter[str], *, column: str, what: str) -> tuple[str, ...]:
    levels: Counter[str] = Counter()
    for start, number in prefixes.items():
        levels[_LEVELS.get(start, f"{start}...")] += number
    present = set(levels)
    if len(present) < 2 or any(present <= together for together in _TOGETHER):
        return ()
    words = listed(f"{number:,} of level {level}" for level, number in levels.most_common())
    return (
        f"{column} has codes of several geographic levels ({words}): a larger place holds "
        f"smaller ones, whose events enter twice. Keep the rows of one level of {what}.",
    )


def _areas_that_are_authorities(keys: pd.DataFrame, *, column: str) -> tuple[str, ...]:
    """Areas that have the code of their authority, beside other areas of it."""
    pairs = keys[["area", "authority"]].drop_duplicates()
    own = pairs["authority"][pairs["area"] == pairs["authority"]]
    several = pairs["authority"].value_counts()
    both = sorted(code for code in own if several[code] > 1)
    if not both:
        return ()
    return (
        f"{column} has {counted(len(both), 'code')} of authorities ({listed(both)}) among those "
        "of their areas: are these rows the authorities' totals? Take totals out of the table.",
    )


def _vintages(areas: Counter[str], *, column: str) -> tuple[str, ...]:
    english = areas["E01"]
    if english <= _MOST_LSOAS:
        return ()
    return (
        f"{column} has {english:,} LSOAs of England, of which no year has more than "
        f"{_MOST_LSOAS:,}: codes of two years (2011 and 2021) are mixed, and the same children "
        "enter twice. Keep the rows of one year.",
    )


def _nations(areas: Counter[str], authorities: Counter[str], *, vintage: str) -> tuple[str, ...]:
    letters = {start[0] for start in (*areas, *authorities)} - {"K"}
    if len(letters) < 2 or not _RELEASES.search(vintage):
        return ()
    names = " and ".join(_NATIONS[letter] for letter in sorted(letters))
    return (
        f"areas lie in {names}, and each nation has indices of deprivation of its own: "
        f"{vintage} cannot hold for all of them, and their values are not comparable. Fit each "
        "nation alone, or give deprivation from one source for all.",
    )
