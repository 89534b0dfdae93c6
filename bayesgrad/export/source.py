"""What an export is made of, before any rule: tables, exact counts, what is said of the fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from bayesgrad.errors import FitError
from bayesgrad.estimands import pairs_table, table, tables_of
from bayesgrad.estimands.diagnostics_table import failed_checks
from bayesgrad.estimands.layout import group, outcome_names
from bayesgrad.estimands.ranks import ranks_table
from bayesgrad.estimands.strata_effects import strata_names
from bayesgrad.estimands.summaries import DEFAULT_LEVEL, DEFAULT_SURE, with_interval
from bayesgrad.export.classes import CLASSES
from bayesgrad.export.counts import Counts, counts_of

if TYPE_CHECKING:
    from bayesgrad.fitting.gradient_fit import GradientFit

Population = tuple[str, str]
"""Outcome and stratum in which authorities are compared; the stratum empty where it is all of
them."""

Comparison = Callable[[Mapping[Population, Sequence[str]]], Mapping[str, pd.DataFrame]]


@dataclass(frozen=True, eq=False)
class Source:
    """Tables and exact counts, before any rule.

    Attributes
    ----------
    tables : mapping of str to DataFrame
        As `bayesgrad table` gives them, but comparisons.
    counts : Counts
    populations : sequence of (outcome, stratum)
        In which authorities are compared; empty where nothing is compared.
    compare : callable
        From the codes that leave, by population, to the tables ``ranks`` and ``pairs`` of these
        alone.
    coefficients : mapping of str to int
        National coefficients of each outcome.
    bands : DataFrame or None
        Events of the nation by band of deprivation: `outcome`, `band`, `deprivation`, `events`,
        `exposure`, and the fitted `rate_per_10000`, `lower` and `upper`.
    sure : float
        Probability from which authorities are told apart.
    failed : sequence of str
        Diagnostics that failed.
    """

    tables: Mapping[str, pd.DataFrame]
    counts: Counts
    populations: Sequence[Population]
    compare: Comparison
    coefficients: Mapping[str, int]
    bands: pd.DataFrame | None = None
    sure: float = DEFAULT_SURE
    failed: Sequence[str] = ()
    about: Mapping[str, Any] = field(default_factory=dict)


def source_of(
    fit: GradientFit,
    *,
    names: Sequence[str] | None = None,
    level: float = DEFAULT_LEVEL,
    sure: float = DEFAULT_SURE,
) -> Source:
    """What an export of a fit is made of.

    Parameters
    ----------
    fit : GradientFit
    names : sequence of str, optional
        Tables to export; by default all that may leave.
    level, sure : float
        Of the intervals, and of statements.

    Raises
    ------
    FitError
        If a name is not that of a table of this fit that may leave.
    """
    draws = fit.draws
    chosen = _chosen(draws, names)
    frames: dict[str, pd.DataFrame] = {}
    for name in chosen:
        if CLASSES.get(name) in ("national", "authority", "mixed"):
            try:
                frames[name] = table(draws, name, level=level)
            except FitError:
                # Thresholds whose gradients are not of one kind: the fit has no such table.
                if names is not None:
                    raise
    failed = failed_checks(draws)
    compared = [name for name in ("ranks", "pairs") if name in chosen and not failed]

    def compare(codes: Mapping[Population, Sequence[str]]) -> dict[str, pd.DataFrame]:
        return _compared(draws, compared, codes, level=level, sure=sure)

    from bayesgrad.export.about import about_fit

    return Source(
        tables=frames,
        counts=counts_of(draws),
        populations=_populations(draws) if compared else (),
        compare=compare,
        coefficients=_coefficients(draws),
        bands=_bands(draws, level=level) if "bands" in chosen else None,
        sure=sure,
        failed=failed,
        about=about_fit(fit, level=level, sure=sure),
    )


def _chosen(draws: xr.DataTree, names: Sequence[str] | None) -> list[str]:
    known = [name for name in tables_of(draws) if CLASSES[name] != "never"]
    known.append("bands")
    if names is None:
        return known
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise FitError(
            f"no table {', '.join(unknown) or 'at all'} of this fit may leave",
            f"Those that may are {', '.join(known)}.",
        )
    return [name for name in known if name in names]


def _populations(draws: xr.DataTree) -> list[Population]:
    posterior = group(draws, "posterior")
    deviate = "authority_stratum_slope" in posterior
    strata = strata_names(group(draws, "authorities")) if deviate else [""]
    return [(outcome, stratum) for outcome in outcome_names(posterior) for stratum in strata]


def _compared(
    draws: xr.DataTree,
    names: Sequence[str],
    codes: Mapping[Population, Sequence[str]],
    *,
    level: float,
    sure: float,
) -> dict[str, pd.DataFrame]:
    """Ranks and pairs of the codes alone, each population among its own."""
    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in names}
    for members in dict.fromkeys(map(tuple, codes.values())):
        alike = [place for place, own in codes.items() if tuple(own) == members]
        among = _only(draws, members)
        if "ranks" in names:
            parts["ranks"].append(_of(ranks_table(among, level=level, sure=sure), alike))
        if "pairs" in names:
            parts["pairs"].append(_of(pairs_table(among, level=level), alike))
    return {name: pd.concat(found, ignore_index=True) for name, found in parts.items() if found}


def _only(draws: xr.DataTree, codes: Sequence[str]) -> xr.DataTree:
    """Draws of some authorities, as far as comparisons need them."""
    content = {}
    for name in ("posterior", "authorities"):
        one = group(draws, name)
        content[name] = one.isel(authority=one["authority"].isin(list(codes)).values)
    content["diagnostics"] = group(draws, "diagnostics")
    return xr.DataTree.from_dict(content)


def _of(frame: pd.DataFrame, populations: Sequence[Population]) -> pd.DataFrame:
    places = pd.MultiIndex.from_frame(frame[["outcome", "stratum"]])
    return frame[places.isin(list(populations))]


def _coefficients(draws: xr.DataTree) -> dict[str, int]:
    """Number of national coefficients of each outcome: intercept, slope and moderators."""
    posterior = group(draws, "posterior")
    counted = (
        "intercept",
        "slope",
        "between",
        "interaction",
        "curvature",
        "covariate",
        "authority_moderator_level",
        "authority_moderator_gradient",
        "gradient_moderator",
    )
    inner = {"chain", "draw", "outcome"}
    number = sum(
        int(np.prod([size for dim, size in posterior[name].sizes.items() if dim not in inner]))
        for name in counted
        if name in posterior
    )
    return dict.fromkeys(outcome_names(posterior), number)


def _bands(draws: xr.DataTree, *, level: float) -> pd.DataFrame | None:
    """Events of the nation by band of deprivation; not where some are what the fit implies."""
    known = group(draws, "authorities")
    hidden = "suppressed" in known and bool((known["suppressed"] > 0).any())
    if "rates" not in draws.children or hidden:
        return None
    rates = group(draws, "rates")
    kept = ["outcome", "band", "deprivation", "events", "exposure"]
    fitted = 10_000 * rates["fitted"] / rates["exposure"].where(rates["exposure"] > 0)
    bounds = with_interval(fitted, point="rate_per_10000", level=level)
    frame = rates[["deprivation", "observed", "exposure"]].assign(bounds).to_dataframe()
    frame = frame.reset_index().rename(columns={"observed": "events"})
    return frame.loc[frame["exposure"] > 0, [*kept, *bounds]].reset_index(drop=True)
