"""Measures of inequality over neighbourhoods: RII, SII, concentration index, excess share."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from bayesgrad.areas.inequality import MEASURES
from bayesgrad.areas.summaries import NATION
from bayesgrad.estimands.frame import to_frame
from bayesgrad.estimands.layout import group, outcome_events
from bayesgrad.estimands.observed_inequality import OBSERVED, observed_inequality
from bayesgrad.estimands.summaries import DEFAULT_LEVEL, with_interval

COLUMNS = (
    "outcome",
    "authority",
    *(f"{measure}{part}" for measure in MEASURES for part in ("", "_lower", "_upper")),
    "excess_events",
    "excess_events_lower",
    "excess_events_upper",
    *OBSERVED,
)


def inequality_table(draws: xr.DataTree, *, level: float = DEFAULT_LEVEL) -> pd.DataFrame:
    """Inequality of the expected rates over neighbourhoods, nationally and in each authority.

    The relative and the slope index of inequality (log-linear over the exposure-weighted rank;
    the slope index per 10,000), the concentration index, and the population attributable
    fraction (events in excess of the rate of the least deprived decile): posterior medians with
    equal-tailed intervals. `excess_events` is that fraction of the events observed; missing where
    counts are suppressed. All strata of an outcome are taken together. On the national row stand
    the measures of the observed rates of twentieths too, by the same definitions and by those of
    PHEindicatormethods: see `observed_inequality`. The national row, with an
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
    events = _events(group(draws, "authorities"))
    for part in ("", "_lower", "_upper"):
        quantities[f"excess_events{part}"] = quantities[f"paf{part}"] * events
    quantities |= _observed(draws, measures["authority"])
    return to_frame(quantities, by=("outcome", "authority"), columns=COLUMNS)


def _events(authorities: xr.Dataset) -> xr.DataArray:
    """Events of each authority and outcome, and of the whole table under the code "".

    NaN where some are suppressed, or the file has none of so few areas.
    """
    whole = authorities["suppressed"].sum("stratum") == 0 if "suppressed" in authorities else True
    events = authorities["events"].sum("stratum", skipna=False).where(whole)
    known = whole.all("authority") if isinstance(whole, xr.DataArray) else whole
    total = outcome_events(authorities).where(known).expand_dims(authority=[NATION])
    return xr.concat([total, events.drop_vars("stratum", errors="ignore")], "authority")


def _observed(draws: xr.DataTree, places: xr.DataArray) -> dict[str, xr.DataArray]:
    """Measures of observed rates by place: of the whole table, and missing elsewhere."""
    authorities = group(draws, "authorities")
    outcomes = authorities["outcome"].values
    if "rates" in draws.children:
        measures = observed_inequality(group(draws, "rates")).sel(outcome=outcomes)
    else:
        none = ("outcome", np.full(len(outcomes), np.nan))
        measures = xr.Dataset(dict.fromkeys(OBSERVED, none))
    if "suppressed" in authorities:
        known = (authorities["suppressed"].sum(("authority", "stratum")) == 0).values
        measures = measures.where(xr.DataArray(known, dims="outcome"))
    national = xr.DataArray(np.where(places.values == NATION, 1.0, np.nan), dims="authority")
    national = national.assign_coords(authority=places.values)
    return {name: (measures[name].assign_coords(outcome=outcomes) * national) for name in OBSERVED}
