"""Measures of inequality over neighbourhoods: RII, SII, concentration index, excess share."""

from __future__ import annotations

import pandas as pd
import xarray as xr

from bayesgrad.areas.inequality import MEASURES
from bayesgrad.estimands.frame import to_frame
from bayesgrad.estimands.layout import group
from bayesgrad.estimands.summaries import DEFAULT_LEVEL, with_interval

COLUMNS = (
    "outcome",
    "authority",
    *(f"{measure}{part}" for measure in MEASURES for part in ("", "_lower", "_upper")),
)


def inequality_table(draws: xr.DataTree, *, level: float = DEFAULT_LEVEL) -> pd.DataFrame:
    """Inequality of the expected rates over neighbourhoods, nationally and in each authority.

    The relative and the slope index of inequality (log-linear over the exposure-weighted rank;
    the slope index per 10,000), the concentration index, and the population attributable
    fraction (events in excess of the rate of the least deprived decile): posterior medians with
    equal-tailed intervals. All strata of an outcome are taken together. The national row, with an
    empty authority, comes first; a fit with a prior pack has none, since its table is not the
    nation's.

    Raises
    ------
    FitError
        If `level` is not strictly between 0 and 1, or the fit holds no measures of inequality.
    """
    measures = group(draws, "inequality").rename(place="authority")
    if "nation" in draws.children:
        measures = measures.isel(authority=slice(1, None))
    quantities: dict[str, xr.DataArray] = {}
    for measure in MEASURES:
        quantities |= with_interval(
            measures[measure], point=measure, prefix=f"{measure}_", level=level
        )
    return to_frame(quantities, by=("outcome", "authority"), columns=COLUMNS)
