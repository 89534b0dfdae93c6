"""Checks of larger neighbourhoods: nested in authorities, of more areas than one."""

from __future__ import annotations

import pandas as pd

from bayesgrad.data.listing import counted, listed
from bayesgrad.data.selection import Selection
from bayesgrad.errors import DataError
from bayesgrad.spec.model_spec import ModelSpec
from bayesgrad.spec.parts import DISPERSED_FAMILIES

TOO_FEW_SHARED = 0.1
"""Share of neighbourhoods with two areas or more, below which a reader is told."""


def refuse_split_neighbourhoods(spec: ModelSpec, selection: Selection) -> None:
    """Refuse areas in two neighbourhoods, and neighbourhoods in two authorities.

    Raises
    ------
    DataError
    """
    where = selection.where(str(spec.columns.neighbourhood))
    areas = _sharing(selection.keys, "area", "neighbourhood")
    if areas:
        raise DataError(
            f"{where}: {counted(len(areas), 'area lies', 'areas lie')} in more than one "
            f"neighbourhood: {listed(areas)}",
            "Give each area one neighbourhood, from a lookup of one date.",
        )
    split = _sharing(selection.keys, "neighbourhood", "authority")
    if split:
        raise DataError(
            f"{where}: {counted(len(split), 'neighbourhood lies', 'neighbourhoods lie')} in more "
            f"than one authority: {listed(split)}",
            "Neighbourhoods are parts of authorities. Use a lookup and authority codes of one "
            "date, or name a column of smaller neighbourhoods.",
        )


def check_neighbourhoods(spec: ModelSpec, selection: Selection) -> tuple[str, ...]:
    """Check how areas are spread over neighbourhoods; return notes for the reader.

    Raises
    ------
    DataError
        If no neighbourhood has two areas and an outcome is overdispersed, for then nothing tells
        a neighbourhood's effect from the overdispersion of its one area; or if every authority is
        a single neighbourhood.
    """
    column = spec.columns.neighbourhood
    if column is None:
        return ()
    pairs = selection.keys[["authority", "neighbourhood", "area"]].drop_duplicates()
    areas = pairs.groupby("neighbourhood")["area"].size()
    if (areas == 1).all():
        return _all_single(spec, selection)
    notes = []
    shared = int((areas > 1).sum())
    if shared < TOO_FEW_SHARED * len(areas):
        notes.append(
            f"only {shared:,} of {counted(len(areas), 'neighbourhood')} of {column} "
            f"{'has' if shared == 1 else 'have'} two areas or more: they say little of how much "
            "neighbourhoods differ"
        )
    each = pairs.groupby("authority")["neighbourhood"].nunique()
    alone = sorted(each.index[each == 1])
    if len(alone) == len(each):
        raise DataError(
            f"{selection.where(column)} has one neighbourhood in every authority: their effects "
            "cannot be told from the authorities' own",
            "Name a column of smaller neighbourhoods (such as msoa11_code), or leave neighbourhood "
            "out.",
        )
    if alone:
        notes.append(
            f"{counted(len(alone), 'authority is', 'authorities are')} a single neighbourhood of "
            f"{column}, whose effect cannot be told from the authority's ({listed(alone)})"
        )
    return tuple(notes)


def _all_single(spec: ModelSpec, selection: Selection) -> tuple[str, ...]:
    dispersed = [o.column for o in spec.outcomes if spec.family_of(o) in DISPERSED_FAMILIES]
    where = selection.where(str(spec.columns.neighbourhood))
    if dispersed and spec.strata_or_years is None:
        raise DataError(
            f"{where} has one area in every neighbourhood, and {listed(dispersed)} "
            f"{'is' if len(dispersed) == 1 else 'are'} overdispersed: nothing tells the one from "
            "the other",
            "Name a column of larger neighbourhoods (such as msoa11_code), or leave neighbourhood "
            "out.",
        )
    return (
        f"{spec.columns.neighbourhood} has one area in every neighbourhood: their effects are "
        "those of areas",
    )


def _sharing(keys: pd.DataFrame, inner: str, outer: str) -> list[str]:
    """Codes that stand with more than one other, each with these and their numbers of areas.

    As `E02000001 (3 areas in E09000007, 1 area in E09000012)`.
    """
    names = list(dict.fromkeys([inner, outer, "area"]))
    pairs = keys[names].drop_duplicates().groupby([inner, outer], as_index=False).agg("size")
    several = pairs[pairs[inner].duplicated(keep=False)]
    found = []
    for code, own in several.groupby(inner):
        where = [f"{counted(n, 'area')} in {of}" for of, n in own[[outer, "size"]].to_numpy()]
        if inner == "area":
            where = [f"in {' and '.join(own[outer])}"]
        found.append(f"{code} ({', '.join(where)})")
    return found
