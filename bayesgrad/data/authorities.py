"""One row per authority: name and deprivation, and moderators; which authorities are too small."""

from __future__ import annotations

import pandas as pd

from bayesgrad.data.listing import counted, listed
from bayesgrad.data.measures import numbers, refuse_no_variation
from bayesgrad.data.sameness import differing, made_proportion
from bayesgrad.data.scale import refuse_other_scales
from bayesgrad.data.selection import Selection, authority_deprivation_column
from bayesgrad.errors import DataError
from bayesgrad.spec.model_spec import ModelSpec


def authority_table(spec: ModelSpec, selection: Selection) -> pd.DataFrame:
    """Name and deprivation (where the spec names its column) of each authority.

    Returns
    -------
    DataFrame
        Indexed by code, sorted; an authority without a name goes by its code.

    Raises
    ------
    DataError
        If a value is missing, not a number, differs within an authority or is the same in all
        authorities, or if authority deprivation lies outside 0 to 1.
    """
    grouped = selection.keys.groupby("authority", sort=True)["name"]
    table = pd.DataFrame({"name": grouped.first()})
    table["name"] = table["name"].fillna(table.index.to_series())
    deprivation = authority_deprivation_column(spec)
    if deprivation is not None:
        table["deprivation"] = made_proportion(_authority_values(spec, selection, deprivation))
        _check_deprivation(spec, table, deprivation, where=selection.where(deprivation))
    return table.rename_axis("authority")


def moderator_table(spec: ModelSpec, selection: Selection) -> pd.DataFrame:
    """Authority moderators of the spec under their own names, indexed by code, sorted.

    Raises
    ------
    DataError
        If a value is missing, not a number, differs within an authority or is the same in all
        authorities.
    """
    values = {name: _authority_values(spec, selection, name) for name in spec.authority.moderators}
    codes = sorted(selection.keys["authority"].unique())
    return pd.DataFrame(values, index=codes, dtype="float64").rename_axis("authority")


def small_authorities(spec: ModelSpec, selection: Selection) -> pd.Series:
    """Authorities with fewer than `minimum_areas` areas: code -> number of areas.

    Raises
    ------
    DataError
        If there are any and the spec refuses them, as it does by default.
    """
    areas = selection.keys.groupby("authority")["area"].nunique().sort_index()
    small = areas[areas < spec.rows.minimum_areas]
    if len(small) and spec.rows.small_authorities == "refuse":
        shown = listed(f"{code} ({counted(n, 'area')})" for code, n in small.items())
        raise DataError(
            f"{selection.where(spec.columns.authority)}: "
            f"{counted(len(small), 'authority has', 'authorities have')} fewer than "
            f"{spec.rows.minimum_areas} areas, too few for a gradient: {shown}",
            'In [rows], name them in exclude_authorities, or set small_authorities = "drop" (left '
            'out and listed) or "keep" (their gradients lean on the others).',
        )
    return small


def refuse_single_authority(spec: ModelSpec, selection: Selection) -> None:
    """Refuse a table of one authority, where no prior pack says how authorities vary."""
    if spec.prior_pack is not None:
        return
    codes = selection.keys["authority"].unique()
    if len(codes) == 1:
        raise DataError(
            f"{selection.where(spec.columns.authority)}: all rows lie in one authority, {codes[0]}",
            "Give a table of two or more authorities, or name in the spec the prior_pack of a "
            "national fit: `bayesgrad prior` writes one.",
        )


def _authority_values(spec: ModelSpec, selection: Selection, column: str) -> pd.Series:
    values = numbers(selection, column)
    frame = selection.keys[["authority"]].assign(value=values)
    several = differing(frame, "authority", "value")
    if len(several):
        raise DataError(
            f"{selection.where(column)} differs within "
            f"{counted(len(several), 'authority', 'authorities')}: "
            f"{listed(f'{code} ({shown})' for code, shown in several.items())}",
            "A column of [authority] has one value per authority; name a column that varies over "
            "areas in [area].",
        )
    # Values that differ by rounding alone are one, whatever the order of the rows.
    result = frame.groupby("authority", sort=True)["value"].min()
    # The effect of a column that a prior pack knows needs no variation here.
    if spec.prior_pack is None:
        refuse_no_variation(result, where=selection.where(column), among="authorities")
    return result


def _check_deprivation(spec: ModelSpec, table: pd.DataFrame, column: str, *, where: str) -> None:
    codes, values = table.index.to_series(), table["deprivation"]
    refuse_other_scales(codes, values, column=column, where=where)
    zero = codes[values == 0]
    if len(zero) and spec.authority.moderation == "log":
        raise DataError(
            f"{where} is zero, whose logarithm does not exist, in "
            f"{counted(len(zero), 'authority', 'authorities')}: {listed(zero)}",
            'Mend the values, or set [authority] moderation = "linear".',
        )
