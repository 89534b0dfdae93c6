"""The tables that a fit can give, by name."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

import pandas as pd
import xarray as xr

from bayesgrad.errors import FitError
from bayesgrad.estimands.contextual import contextual_table
from bayesgrad.estimands.contrasts import contrasts_table
from bayesgrad.estimands.correlations import correlations_table
from bayesgrad.estimands.diagnostics_table import diagnostics_table
from bayesgrad.estimands.gradients import gradients_table
from bayesgrad.estimands.heterogeneity import heterogeneity_table
from bayesgrad.estimands.inequality import inequality_table
from bayesgrad.estimands.interaction import interaction_table
from bayesgrad.estimands.layout import group
from bayesgrad.estimands.levels import levels_table
from bayesgrad.estimands.national import national_table
from bayesgrad.estimands.pairs import pairs_table
from bayesgrad.estimands.parameters import parameters_table
from bayesgrad.estimands.predictive import predictive_table
from bayesgrad.estimands.ranks import ranks_table
from bayesgrad.estimands.scores import scores_table
from bayesgrad.estimands.sensitivity import has_sensitivity, sensitivity_table
from bayesgrad.estimands.standing import has_nation, standing_table
from bayesgrad.estimands.strata import strata_table
from bayesgrad.estimands.summaries import DEFAULT_LEVEL, DEFAULT_SURE
from bayesgrad.estimands.suppressed import has_suppressed, suppressed_table
from bayesgrad.estimands.thresholds import thresholds_table
from bayesgrad.estimands.transitions import transitions_table
from bayesgrad.estimands.trends import trends_table
from bayesgrad.estimands.years import has_years, years_table


class TableFunction(Protocol):
    """What makes a table of a fit's draws."""

    def __call__(self, draws: xr.DataTree, /, *, level: float = DEFAULT_LEVEL) -> pd.DataFrame:
        """Return the table, its intervals at `level`."""
        ...


TABLES: Mapping[str, TableFunction] = MappingProxyType(
    {
        "gradients": gradients_table,
        "national": national_table,
        "interaction": interaction_table,
        "levels": levels_table,
        "contextual": contextual_table,
        "ranks": ranks_table,
        "pairs": pairs_table,
        "thresholds": thresholds_table,
        "transitions": transitions_table,
        "strata": strata_table,
        "contrasts": contrasts_table,
        "years": years_table,
        "trends": trends_table,
        "correlations": correlations_table,
        "inequality": inequality_table,
        "heterogeneity": heterogeneity_table,
        "suppressed": suppressed_table,
        "predictive": predictive_table,
        "scores": scores_table,
        "parameters": parameters_table,
        "sensitivity": sensitivity_table,
        "diagnostics": diagnostics_table,
        "standing": standing_table,
    }
)
"""Every table, in the order in which a reader meets them."""


def tables_of(draws: xr.DataTree) -> tuple[str, ...]:
    """Names of the tables that have something to say of a fit, in the order of `TABLES`.

    Those of thresholds need several outcomes, those of strata need strata (and contrasts gradients
    of their own), correlations need effects that are not independent, suppressed needs
    suppressed counts, ranks and pairs several authorities, years and trends a panel,
    standing a prior pack, and sensitivity a fit without one.
    """
    posterior, reference = group(draws, "posterior"), group(draws, "reference")
    needs = {
        "thresholds": reference.sizes["outcome"] > 1,
        "transitions": reference.sizes["outcome"] > 1,
        "strata": "stratum_intercept" in posterior,
        "contrasts": "stratum_slope" in posterior,
        "correlations": "correlation" in posterior,
        "suppressed": has_suppressed(draws),
        "ranks": posterior.sizes["authority"] > 1,
        "pairs": posterior.sizes["authority"] > 1,
        "sensitivity": has_sensitivity(draws),
        "standing": has_nation(draws),
        "years": has_years(draws),
        "trends": has_years(draws),
    }
    return tuple(name for name in TABLES if needs.get(name, True))


def table(
    draws: xr.DataTree,
    name: str,
    *,
    level: float = DEFAULT_LEVEL,
    sure: float | None = None,
    despite_failed_diagnostics: bool = False,
) -> pd.DataFrame:
    """Make one of a fit's tables by name.

    Parameters
    ----------
    name : str
        A key of `TABLES`.
    level : float
        Probability inside the intervals.
    sure : float, optional
        Probability from which authorities are told apart in the tiers of ranks, 0.95 by default;
        no other table makes such a statement.
    despite_failed_diagnostics : bool
        Give ranks even where the fit failed its diagnostics; other tables are always given.

    Raises
    ------
    FitError
        If there is no such table, the fit cannot give it, `level` is not strictly between 0 and 1,
        or `sure` is given for a table without tiers or is not between 0.5 and 1.
    DiagnosticsError
        If ranks are asked for and the fit failed its diagnostics.
    """
    if name not in TABLES:
        close = difflib.get_close_matches(name, TABLES, n=1)
        hint = f"Did you mean {close[0]}? " if close else ""
        raise FitError(f"there is no table named {name!r}", f"{hint}Tables: {', '.join(TABLES)}.")
    make = TABLES[name]
    if make is ranks_table:
        return ranks_table(
            draws,
            level=level,
            sure=DEFAULT_SURE if sure is None else sure,
            despite_failed_diagnostics=despite_failed_diagnostics,
        )
    if sure is not None:
        raise FitError(
            f"the table {name} makes no statement to be sure of",
            "Leave `sure` out: it is of the tiers of ranks, and of comparisons in words.",
        )
    return make(draws, level=level)
