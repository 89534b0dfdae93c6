"""Checks of values: counts, exposures, deprivation and covariates, as finite numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pandas as pd

from bayesgrad.data.listing import counted, listed, offenders
from bayesgrad.data.numerals import numbers_in_text
from bayesgrad.data.sameness import differing, made_proportion, made_whole, varies
from bayesgrad.data.scale import refuse_other_scales
from bayesgrad.data.selection import Selection
from bayesgrad.data.symbols import refuse_symbols
from bayesgrad.errors import DataError
from bayesgrad.spec.model_spec import ModelSpec
from bayesgrad.spec.parts import Outcome

ExposureKind = Literal["people", "cases", "time"]
"""What an exposure counts."""

_NOT_NUMBERS = ("value is not a number", "values are not numbers")
_TOO_LARGE = ("value is too large", "values are too large")
_INFINITE = ("value is infinite", "values are infinite")

_DECIMAL_COMMA = r"[+-]?\d*,\d+"
_THOUSANDS = r"[+-]?[1-9]\d{0,2}(?:,\d{3})+"

LARGEST = 10**9
"""Above this, a whole number in a column of counts is a code or an error."""

LARGEST_VALUE = 1e100
"""Above this a number is an error, and its square would overflow."""


def counts_of(selection: Selection, column: str, *, hidden: pd.Series) -> pd.Series:
    """Counts of one outcome as float64, missing where the cell is blank, 0 where it is suppressed.

    Parameters
    ----------
    selection : Selection
    column : str
    hidden : Series
        Where counts are suppressed, from `bayesgrad.data.symbols.is_symbol`.

    Raises
    ------
    DataError
        If a count is another symbol, not a number, infinite, negative or fractional.
    """
    areas, raw = selection.keys["area"], selection.values[column]
    if hidden.any():
        raw = raw.mask(hidden, "0" if _is_text(raw) else 0)
        selection = replace(selection, values=selection.values.assign(**{column: raw}))
    if _is_text(raw):
        refuse_symbols(areas, raw, where=selection.where(column))
    counts = made_whole(numbers(selection, column, missing_allowed=True))
    faults = {"negative": counts < 0, "fractional": counts % 1 > 0, "too large": counts > LARGEST}
    for fault, faulty in faults.items():
        if faulty.any():
            count = counted(int(faulty.sum()), "count is", "counts are")
            raise DataError(
                f"{selection.where(column)}: {count} {fault}: {offenders(areas, counts, faulty)}",
                "Counts are whole numbers from 0 up; a rate is not a count. Mend them, or leave "
                "the cells blank to treat them as missing.",
            )
    return counts


def exposure_kind(spec: ModelSpec, outcome: Outcome) -> ExposureKind:
    """What the exposure of one outcome counts."""
    return "cases" if spec.is_of_cases(outcome) else spec.columns.at_risk


def exposures_of(selection: Selection, column: str, *, kind: ExposureKind) -> pd.Series:
    """Exposures as float64: never missing nor negative; whole where they are numbers of cases."""
    exposures = numbers(selection, column)
    if kind == "cases":
        exposures = made_whole(exposures)
    areas = selection.keys["area"]
    negative = exposures < 0
    if negative.any():
        meaning = "time" if kind == "time" else "number"
        raise DataError(
            f"{selection.where(column)}: {counted(int(negative.sum()), 'exposure')} below zero: "
            f"{offenders(areas, exposures, negative)}",
            f"Exposure is the {meaning} at risk, from 0 up.",
        )
    fractional = exposures % 1 > 0
    if kind == "cases" and fractional.any():
        raise DataError(
            f"{selection.where(column)}: {counted(int(fractional.sum()), 'number')} of cases "
            f"with a fraction: {offenders(areas, exposures, fractional)}",
            "A binomial family counts events out of cases: its exposure is a whole number.",
        )
    return exposures


def refuse_counts_beyond_exposure(
    selection: Selection,
    counts: pd.Series,
    exposures: pd.Series,
    *,
    column: str,
    kind: ExposureKind,
) -> None:
    """Refuse events where nobody is at risk and, out of cases, more events than cases."""
    areas, where = selection.keys["area"], selection.where(column)
    impossible = (exposures == 0) & (counts > 0)
    if kind != "cases" and impossible.any():
        rows = counted(int(impossible.sum()), "area")
        shown = offenders(areas, counts, impossible)
        if kind == "time":
            raise DataError(
                f"{where}: {rows} with events and no time at risk in column {exposures.name}: "
                f"{shown}",
                "An event takes time at risk: give an episode that ends when it begins half the "
                "smallest unit of time, and add up events and times of the same episodes.",
            )
        raise DataError(
            f"{where}: {rows} with a positive count and an exposure of zero in column "
            f"{exposures.name}: {shown}",
            "Take counts and exposures of the same people, areas and dates.",
        )
    excess = counts > exposures
    if kind == "cases" and excess.any():
        raise DataError(
            f"{where}: {counted(int(excess.sum()), 'count')} above the number of cases in column "
            f"{exposures.name}: {offenders(areas, counts, excess)}",
            "A binomial family counts events out of cases; for rates use negative_binomial.",
        )


def refuse_counts_beyond_stage(
    selection: Selection, counts: pd.Series, earlier: pd.Series, *, column: str
) -> None:
    """Refuse more events of a later stage than of the earlier one, whose events are its cases."""
    excess = counts > earlier
    if not excess.any():
        return
    pairs = counts.map("{:.10g}".format) + " out of " + earlier.map("{:.10g}".format)
    shown = sorted(zip(selection.keys["area"][excess], pairs[excess], strict=True))
    raise DataError(
        f"{selection.where(column)}: {counted(int(excess.sum()), 'count')} above that of column "
        f"{earlier.name}, which it is out of: {listed(f'{area} ({pair})' for area, pair in shown)}",
        "Counts of stages are nested: the children of the later stage are among those of the "
        "earlier one. Count the same children at both, or leave out_of out and fit the thresholds "
        "side by side.",
    )


def deprivation_of(spec: ModelSpec, selection: Selection) -> pd.Series:
    """Deprivation of areas as float64, from 0 to 1, one value an area, and not all the same."""
    column = spec.columns.deprivation
    where = selection.where(column)
    deprivation = made_proportion(numbers(selection, column))
    refuse_other_scales(selection.keys["area"], deprivation, column=column, where=where)
    several = differing(selection.keys.assign(value=deprivation), "area", "value")
    if len(several):
        raise DataError(
            f"{where}: {counted(len(several), 'area has', 'areas have')} more than one value: "
            f"{listed(f'{area} ({values})' for area, values in several.items())}",
            "Deprivation belongs to the area: give it one value in all the area's rows"
            + (
                ", of one release for all years, so that gradients of different years are of the "
                "same neighbourhoods."
                if spec.years
                else "."
            ),
        )
    # Values that differ by rounding alone are one.
    return deprivation.groupby(selection.keys["area"]).transform("min")


def refuse_no_variation(values: pd.Series, *, where: str, among: str) -> None:
    """Refuse a column that is the same everywhere: its effect cannot be estimated."""
    if not varies(values):
        raise DataError(
            f"{where} does not vary: it is {values.iloc[0]:g} in all {len(values):,} {among}",
            "Give a column that varies, or take it out of the spec.",
        )


def numbers(selection: Selection, column: str, *, missing_allowed: bool = False) -> pd.Series:
    """Read a column as finite float64 numbers.

    Raises
    ------
    DataError
        If a value is not a number, infinite or, unless `missing_allowed`, missing.
    """
    areas, where, raw = selection.keys["area"], selection.where(column), selection.values[column]
    if _is_text(raw):
        values, faulty = numbers_in_text(raw)
        _refuse(areas, raw.str.strip(), faulty, where=where, faults=_NOT_NUMBERS)
    else:
        values = raw.astype("Float64").astype("float64")
    _refuse(areas, values, values.abs() == float("inf"), where=where, faults=_INFINITE)
    _refuse(areas, values, values.abs() > LARGEST_VALUE, where=where, faults=_TOO_LARGE)
    if not missing_allowed:
        missing = values.isna()
        if missing.any():
            codes = listed(sorted(areas[missing]))
            raise DataError(
                f"{where} is missing in {counted(int(missing.sum()), 'row')}: {codes}",
                "Fill in the values, or remove these rows from the table.",
            )
    return values.rename(column)


def _is_text(raw: pd.Series) -> bool:
    return isinstance(raw.dtype, pd.StringDtype)


def _refuse(
    areas: pd.Series, values: pd.Series, faulty: pd.Series, *, where: str, faults: tuple[str, str]
) -> None:
    text = values[faulty].astype("str").str.strip()
    # A comma before three digits may part thousands.
    if text.str.fullmatch(_DECIMAL_COMMA).all() and not text.str.fullmatch(_THOUSANDS).all():
        raise DataError(
            f"{where}: {counted(int(faulty.sum()), 'number')} written with a decimal comma: "
            f"{offenders(areas, values, faulty)}",
            "Write decimal points (0.123), in Excel under the options for separators.",
        )
    if faulty.any():
        raise DataError(
            f"{where}: {counted(int(faulty.sum()), *faults)}: {offenders(areas, values, faulty)}",
            "Give plain numbers, without units, and a blank cell where there is none. Of words for "
            "groups, give a column of 0 and 1 for each group but one.",
        )
