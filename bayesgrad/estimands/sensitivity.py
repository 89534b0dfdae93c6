"""How much parameters depend on their priors."""

from __future__ import annotations

import pandas as pd
import xarray as xr

from bayesgrad.estimands.frame import to_frame
from bayesgrad.estimands.layout import group
from bayesgrad.estimands.summaries import DEFAULT_LEVEL, checked_level

COLUMNS = (
    "parameter",
    "prior",
    "distribution",
    "sensitivity",
    "prior_below",
    "data_share",
    "diagnosis",
)

GROUP = "sensitivity"
CONFLICT, WEAK_DATA = "conflict", "weak data"
"""Diagnoses of a parameter that depends on a prior: data against it, or data that say little."""


def has_sensitivity(draws: xr.DataTree) -> bool:
    """Whether the fit says how much it depends on its priors: not with a prior pack."""
    return GROUP in draws.children


def sensitivity_table(draws: xr.DataTree, *, level: float = DEFAULT_LEVEL) -> pd.DataFrame:
    """Each parameter of the model, and the prior that it depends on most.

    `sensitivity` is that of power-scaling the prior: how fast the parameter's posterior changes per
    doubling of the prior's weight, 0.05 or more being much. `prior_below` is the share of what
    the prior foretells that lies below what the data say of its most extreme parameter (below the
    posterior median, of a standard deviation), and `data_share` says how much narrower the
    posterior of the parameter is than its own prior: one less the ratio of their variances.
    `diagnosis` is "conflict" where the sensitivity is 0.05 or more and the data lie in a tail of
    what the prior foretells (0.005 on either side, or the upper 0.1 of a standard deviation's),
    "weak data" where it is and they do not, and empty else.

    It has no interval: `level` is there, and is checked, so that all tables are asked for alike.

    Raises
    ------
    FitError
        If `level` is not strictly between 0 and 1, or the fit has a prior pack.

    References
    ----------
    Kallioinen, Paananen, Bürkner and Vehtari (2024), Statistics and Computing 34, 57.
    """
    checked_level(level)
    found = group(draws, GROUP)
    return to_frame({name: found[name] for name in COLUMNS[1:]}, by=("parameter",), columns=COLUMNS)
