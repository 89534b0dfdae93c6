"""Codes of English authorities: how they look, and how they have changed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

_ONS_CODE = re.compile(r"[EKNSW]\d{8}")
_DFE_CODE = re.compile(r"\d{3}")
_KINDS = {
    "E01": "LSOA",
    "E02": "MSOA",
    "E05": "ward",
    "E06": "unitary authority",
    "E07": "district",
    "E08": "metropolitan district",
    "E09": "London borough",
    "E10": "county",
    "E12": "region",
    "E92": "country",
}
UPPER_TIER = ("E06", "E08", "E09", "E10")
"""Beginnings of the codes of authorities that run children's social care."""


@dataclass(frozen=True)
class CodeChange:
    """An upper-tier authority's code that was retired.

    Attributes
    ----------
    name : str
    retired : str
    current : tuple of str
        What took its place: one code, or several after a split.
    since : date
    same_area : bool
        Whether the one code that took its place covers the same authority, so that counts can
        move to it; not so after a merger, a split or a change of boundary.
    """

    name: str
    retired: str
    current: tuple[str, ...]
    since: date
    same_area: bool


CODE_CHANGES = (
    CodeChange("Northumberland", "E06000048", ("E06000057",), date(2013, 4, 1), True),
    CodeChange("Gateshead", "E08000020", ("E08000037",), date(2013, 4, 1), True),
    CodeChange("Bournemouth", "E06000028", ("E06000058",), date(2019, 4, 1), False),
    CodeChange("Poole", "E06000029", ("E06000058",), date(2019, 4, 1), False),
    CodeChange("Dorset", "E10000009", ("E06000059",), date(2019, 4, 1), False),
    CodeChange("Buckinghamshire", "E10000002", ("E06000060",), date(2020, 4, 1), True),
    CodeChange(
        "Northamptonshire", "E10000021", ("E06000061", "E06000062"), date(2021, 4, 1), False
    ),
    CodeChange("Cumbria", "E10000006", ("E06000063", "E06000064"), date(2023, 4, 1), False),
    CodeChange("North Yorkshire", "E10000023", ("E06000065",), date(2023, 4, 1), True),
    CodeChange("Somerset", "E10000027", ("E06000066",), date(2023, 4, 1), True),
    CodeChange("Barnsley", "E08000016", ("E08000038",), date(2025, 4, 1), True),
    CodeChange("Sheffield", "E08000019", ("E08000039",), date(2025, 4, 1), True),
    CodeChange("Poole", "836", ("839",), date(2019, 4, 1), False),
    CodeChange("Bournemouth", "837", ("839",), date(2019, 4, 1), False),
    CodeChange("Dorset", "835", ("838",), date(2019, 4, 1), False),
    CodeChange("Northamptonshire", "928", ("940", "941"), date(2021, 4, 1), False),
    CodeChange("Cumbria", "909", ("942", "943"), date(2023, 4, 1), False),
)
"""Changes of upper-tier codes from 2013 to 2025, of the ONS and of the Department for Education.

Christchurch moved from Dorset to E06000058 in 2019. Northumberland, Gateshead, Barnsley and
Sheffield took new codes after a change of boundary with a neighbour that moved few people.
"""


def code_style(code: str) -> str:
    """Style of a code: `ONS` (E09000007), `three-digit` (202, the DfE's) or `other`."""
    if _ONS_CODE.fullmatch(code):
        return "ONS"
    return "three-digit" if _DFE_CODE.fullmatch(code) else "other"


def code_kind(code: str) -> str | None:
    """What an English ONS code stands for (`LSOA`, `county`); None where it is not known."""
    return _KINDS.get(code[:3]) if code_style(code) == "ONS" else None


def same_area_codes() -> dict[str, str]:
    """Each code, retired or current, of an authority that only changed its code -> the other."""
    pairs = [(change.retired, change.current[0]) for change in CODE_CHANGES if change.same_area]
    return dict(pairs) | {current: retired for retired, current in pairs}


def explain_code(code: str) -> str:
    """In words, what became of a retired code; an empty string for any other code."""
    for change in CODE_CHANGES:
        if change.retired == code:
            how = "" if change.same_area else " with other boundaries"
            return (
                f"{code} ({change.name}) gave way to {' and '.join(change.current)} "
                f"on {change.since.day} {change.since:%B %Y}{how}"
            )
    return ""
