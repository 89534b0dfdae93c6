"""Whether two fits are of the same counts, exposures and deprivation, by what they both keep.

A fit keeps nothing of single areas, and no hash of its table, from which a hidden count could be
guessed. What it keeps of groups is compared: exposures and suppressed counts of authorities, the
range and spread of their areas' deprivation, and by outcome the exposure, deprivation and events of
twentieths of deprivation, the share of zeros, the variance-to-mean ratio and the distribution of
counts. So values that are moved between areas are seen where they change one of these: not if areas
of one authority and one twentieth swap their counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import xarray as xr

from bayesgrad.errors import FitError
from bayesgrad.estimands.layout import group

if TYPE_CHECKING:
    from bayesgrad.fitting import GradientFit

CLOSE = 1e-9
"""Relative difference up to which two sums of the same numbers may differ."""


class _Kept(NamedTuple):
    """One thing that a fit keeps of its data."""

    group: str
    variable: str
    words: str


COUNTS = (
    _Kept("authorities", "suppressed", "suppressed counts of authorities"),
    _Kept("predictive", "observed_by_band", "counts by deprivation"),
    _Kept("predictive", "observed_statistic", "the spread of counts"),
    _Kept("predictive", "observed_areas", "the distribution of counts"),
)
EXPOSURES = (
    _Kept("authorities", "exposure", "exposures of authorities"),
    _Kept("rates", "exposure", "exposures by deprivation"),
)
DEPRIVATION = (
    _Kept("authorities", "deprivation_min", "the least deprivation of authorities' areas"),
    _Kept("authorities", "deprivation_max", "the largest deprivation of authorities' areas"),
    _Kept("authorities", "deprivation_sd", "the spread of deprivation within authorities"),
    _Kept("rates", "deprivation", "deprivation by twentieth"),
)


def refuse_other_data(fit_a: GradientFit, fit_b: GradientFit) -> None:
    """Refuse two fits whose data differ, of the same authorities and outcomes.

    Outcomes that are out of other cases in the one than in the other have other rows, and are left
    out. Fits of two measures of deprivation (of another column or release) are models of the same
    counts: then neither deprivation nor what is sorted by it is compared.

    Raises
    ------
    FitError
        Says what differs.
    """
    draws = (fit_a.draws, fit_b.draws)
    outcomes, staged_alike = _comparable(*draws)
    compared = [*COUNTS, *EXPOSURES, *(DEPRIVATION if staged_alike else ())]
    if _measure(fit_a) != _measure(fit_b):
        by_deprivation = (*DEPRIVATION, *(kept for kept in compared if _is_sorted(kept)))
        compared = [kept for kept in compared if kept not in by_deprivation]
    for kept in compared:
        found = [_values(tree, kept, outcomes) for tree in draws]
        if found[0] is None or found[1] is None or _same(found[0], found[1]):
            continue
        raise FitError(
            f"the fits are not of the same data: {kept.words} differ",
            "Compare fits of the same table, which differ in their model alone.",
        )


def _measure(fit: GradientFit) -> tuple[str, str]:
    return fit.spec.columns.deprivation, fit.spec.columns.vintage


def _is_sorted(kept: _Kept) -> bool:
    return kept.group == "rates" or kept.variable.endswith("by_band")


def _comparable(first: xr.DataTree, second: xr.DataTree) -> tuple[list[str], bool]:
    """Outcomes out of the same cases in both fits, and whether that is all of them."""
    stages = [_stages(tree) for tree in (first, second)]
    alike = [name for name, cases in stages[0].items() if stages[1].get(name) == cases]
    return alike, len(alike) == len(stages[0])


def _stages(tree: xr.DataTree) -> dict[str, str]:
    """What each outcome is out of; fits of earlier versions do not say."""
    outcomes = group(tree, "authorities")["outcome"].values.tolist()
    reference = group(tree, "reference")
    if "out_of" not in reference:
        return dict.fromkeys(outcomes, "")
    return {name: str(reference["out_of"].sel(outcome=name).item()) for name in outcomes}


def _values(tree: xr.DataTree, kept: _Kept, outcomes: list[str]) -> xr.DataArray | None:
    """What a fit keeps, in the order of the codes; None where it does not keep it."""
    if kept.group not in tree.children or kept.variable not in tree[kept.group]:
        return None
    values = group(tree, kept.group)[kept.variable]
    if "outcome" in values.dims:
        values = values.sel(outcome=outcomes)
    return values.sortby("authority") if "authority" in values.dims else values


def _same(first: xr.DataArray, second: xr.DataArray) -> bool:
    if first.dims != second.dims or first.shape != second.shape:
        return False
    return bool(np.allclose(first.values, second.values, rtol=CLOSE, atol=CLOSE, equal_nan=True))
