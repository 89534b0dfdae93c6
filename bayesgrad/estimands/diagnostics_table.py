"""The checks that the fit passed or failed."""

from __future__ import annotations

import pandas as pd
import xarray as xr

from bayesgrad.estimands.frame import to_frame
from bayesgrad.estimands.layout import group
from bayesgrad.estimands.summaries import DEFAULT_LEVEL, checked_level

COLUMNS = ("check", "value", "threshold", "passed", "quantity")


def failed_checks(draws: xr.DataTree) -> list[str]:
    """Names of the checks that the fit failed, in their order."""
    diagnostics = group(draws, "diagnostics")
    passed = diagnostics["passed"].values.astype(bool)
    return [str(check) for check in diagnostics["check"].values[~passed].tolist()]


def diagnostics_table(draws: xr.DataTree, *, level: float = DEFAULT_LEVEL) -> pd.DataFrame:
    """Each check of the fit: its value, its threshold, whether it passed, and of which quantity.

    The quantity is the variable of the posterior that the value is of, with its coordinates, such
    as an authority and an outcome; empty where the check is of the whole fit.

    It has no interval: `level` is there, and is checked, so that all tables are asked for alike.

    Raises
    ------
    FitError
        If `level` is not strictly between 0 and 1.
    """
    checked_level(level)
    diagnostics = group(draws, "diagnostics")
    quantities = {
        "value": diagnostics["value"],
        "threshold": diagnostics["threshold"],
        # A file may give the flags back as small integers.
        "passed": diagnostics["passed"].astype(bool),
        # Fits of earlier versions do not name it.
        "quantity": diagnostics.get("quantity", xr.full_like(diagnostics["check"], "")),
    }
    return to_frame(quantities, by=("check",), columns=COLUMNS)
