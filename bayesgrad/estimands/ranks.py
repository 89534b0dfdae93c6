"""Ranks of authorities by gradient, with the uncertainty that a league table leaves out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from bayesgrad.errors import DiagnosticsError
from bayesgrad.estimands.diagnostics_table import failed_checks
from bayesgrad.estimands.frame import typed
from bayesgrad.estimands.layout import group, refuse_one_authority
from bayesgrad.estimands.pairs import probability_steeper, told_apart
from bayesgrad.estimands.simultaneous import outward_interval, simultaneous_band
from bayesgrad.estimands.strata_effects import Population, populations
from bayesgrad.estimands.summaries import DEFAULT_LEVEL, DEFAULT_SURE, checked_level, checked_sure

COLUMNS = (
    "authority",
    "name",
    "outcome",
    "stratum",
    "expected_rank",
    "lower",
    "upper",
    "simultaneous_lower",
    "simultaneous_upper",
    "prob_top_decile",
    "prob_bottom_decile",
    "tier",
    "not_told_apart",
)


def rank_draws(slopes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rank the authorities in each draw: 1 is the steepest, ties share their average rank.

    Parameters
    ----------
    slopes : array (authority, draw)

    Returns
    -------
    array (authority, draw)
    """
    from scipy.stats import rankdata

    ranks: NDArray[np.float64] = rankdata(-slopes.T, method="average", axis=1)
    return np.ascontiguousarray(ranks.T)


def tiers(
    steeper: NDArray[np.float64], *, order: NDArray[np.int64], sure: float = DEFAULT_SURE
) -> NDArray[np.int64]:
    """Group authorities, from the steepest down, into tiers that hold no distinct pair.

    Authorities join the current tier in the given order while none of its members can be told
    apart from them, that is while max(P(steeper), 1 - P(steeper)) < sure for every member;
    otherwise they open the next tier. So within a tier no pair can be told apart so surely;
    but two authorities of different tiers need not be told apart either, only some pair across
    the boundary is.

    Parameters
    ----------
    steeper : array (authority, authority)
        P(row steeper than column).
    order : array (authority,)
        Positions of the authorities by expected rank.

    Returns
    -------
    array (authority,)
        Tier of each authority, from 1.
    """
    distinct = told_apart(steeper, sure=sure)
    tier = np.empty(len(order), dtype=np.int64)
    current, opened_at = 1, 0
    for i, authority in enumerate(order):
        if distinct[authority, order[opened_at:i]].any():
            current, opened_at = current + 1, i
        tier[authority] = current
    return tier


def ranks_table(
    draws: xr.DataTree,
    *,
    level: float = DEFAULT_LEVEL,
    sure: float = DEFAULT_SURE,
    despite_failed_diagnostics: bool = False,
) -> pd.DataFrame:
    """Posterior of each authority's rank (1 = steepest) among those of its outcome and stratum.

    Ranks are formed in every draw and then summarised; estimates are never ranked.
    `expected_rank` is the posterior mean, `lower` and `upper` an equal-tailed interval with its
    ends rounded outward to ranks, `simultaneous_lower` and `simultaneous_upper` a band that holds
    for all authorities at once. With J authorities and k = max(1, round(J / 10)),
    `prob_top_decile` is P(rank <= k) and `prob_bottom_decile` P(rank > J - k). `tier` groups
    authorities within which no pair can be told apart with probability `sure`; see `tiers`.
    `not_told_apart` is the number of other authorities, of any tier, from which this one cannot be
    told apart. Rows are by expected rank, ties by code.

    Unless authorities have deviations of their own in each stratum, their order is the same in all
    strata: it is then given once for each outcome, with an empty `stratum`.

    Parameters
    ----------
    level : float
        Probability inside the intervals and the band.
    sure : float
        Probability from which two authorities are told apart, whatever `level` is.
    despite_failed_diagnostics : bool
        Give the ranks even where the fit failed its diagnostics.

    Raises
    ------
    DiagnosticsError
        If the fit failed its diagnostics.
    FitError
        If the fit is of one authority, `level` is not strictly between 0 and 1, or `sure` not
        between 0.5 and 1.

    References
    ----------
    Goldstein and Spiegelhalter (1996), Journal of the Royal Statistical Society A 159, 385-443;
    Lin, Louis, Paddock and Ridgeway (2006), Bayesian Analysis 1, 915-946.
    """
    checked_level(level)
    checked_sure(sure)
    refuse_one_authority(draws)
    if not despite_failed_diagnostics:
        _refuse_failed(draws)
    authorities = group(draws, "authorities").sortby("authority")
    names = [str(name) for name in authorities["name"].values.tolist()]
    tables = [_rank(population, names, level=level, sure=sure) for population in populations(draws)]
    return typed(pd.concat(tables, ignore_index=True)[list(COLUMNS)])


def _refuse_failed(draws: xr.DataTree) -> None:
    failed = failed_checks(draws)
    if failed:
        raise DiagnosticsError(
            f"ranks are withheld: the fit failed its diagnostics ({', '.join(failed)})",
            "Fit again with more draws or a simpler model; --despite-failed-diagnostics (in Python "
            "despite_failed_diagnostics) gives the ranks all the same.",
        )


def _rank(population: Population, names: list[str], *, level: float, sure: float) -> pd.DataFrame:
    """Table of one population; `names` are in the order of its codes."""
    ranks = rank_draws(population.slopes)
    count = len(ranks)
    decile = max(1, round(count / 10))
    expected = ranks.mean(axis=1)
    order = np.lexsort((np.arange(count), expected))
    lower, upper = outward_interval(ranks, level=level)
    band_lower, band_upper = simultaneous_band(ranks, level=level)
    steeper = probability_steeper(population.slopes)
    table = pd.DataFrame(
        {
            "authority": population.codes,
            "name": names,
            "outcome": population.outcome,
            "stratum": population.stratum,
            "expected_rank": expected,
            "lower": lower,
            "upper": upper,
            "simultaneous_lower": band_lower,
            "simultaneous_upper": band_upper,
            "prob_top_decile": (ranks <= decile).mean(axis=1),
            "prob_bottom_decile": (ranks > count - decile).mean(axis=1),
            "tier": tiers(steeper, order=order, sure=sure),
            "not_told_apart": count - 1 - told_apart(steeper, sure=sure).sum(axis=1),
        }
    )
    return table.iloc[order]
