"""Whether data drawn by the fitted model look like the data observed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bayesgrad.estimands.frame import from_rows
from bayesgrad.estimands.layout import group
from bayesgrad.estimands.misfit import of_bands, of_outside, of_zeros, smallest_p_value, two_sided
from bayesgrad.estimands.summaries import DEFAULT_LEVEL, interval, probability, tails, with_interval

COLUMNS = (
    "outcome", "check", "observed", "expected", "lower", "upper", "prob", "misfit", "where"
)  # fmt: skip

PIT_CHECK = "pit_uniformity"
ZEROS_CHECK, VARIANCE_CHECK = "share_of_zeros", "variance_to_mean"
AUTHORITIES_CHECK = "authorities_outside"
DEPRIVATION_CHECK = "deprivation_twentieths_outside"

LEVEL_OF_VERDICT = 0.95
"""Of the intervals that decide whether places are outside, whatever level a table has."""

SMALLEST_SHOWN = 1e-4


def p_value_words(p_value: float) -> str:
    """Write a p-value with two digits; a tiny one only as below `SMALLEST_SHOWN`."""
    if np.isnan(p_value):
        return "not tested"
    return f"p = {p_value:.2g}" if p_value >= SMALLEST_SHOWN else f"p < {SMALLEST_SHOWN:.4f}"


def predictive_table(draws: xr.DataTree, *, level: float = DEFAULT_LEVEL) -> pd.DataFrame:
    """Checks of fit of each outcome, and whether each says that the model is wrong.

    `misfit` is true where a check has a p-value below `bayesgrad.estimands.misfit.FALSE_ALARM`
    shared by the outcomes of the fit: so fewer than 1 in 100 right fits have any. `where` names the
    places at fault.

    - `share_of_zeros` and `variance_to_mean` are over areas, each once in every stratum: of the
      observed events, and the median and interval of replicated ones (for an outcome out of
      another's, out of that outcome's observed events); `prob` is P(replicate >= observed).
    - `pit_uniformity` is the largest deviation of areas' PIT, each left out of the fit and without
      randomisation, from uniformity; with what is expected under the model.
    - `authorities_outside` is the number of authorities whose events lie outside the interval of
      an authority with effects drawn anew, and the number expected from the level.
    - `deprivation_twentieths_outside` is the number of twentieths, by deprivation, of those at risk
      whose events lie outside their predictive interval; its p-value is three times the smallest
      of three: of that number, of all differences together, and of a bend.
    - `dispersion_by_deprivation` and `dispersion_by_exposure` are differences, of the third of rows
      with the most and that with the least, in how far counts are from the middle of their
      predictive distributions; `dispersion_by_authority` is the spread of that over authorities
      in standard errors, 1 under the model.
    - `rows_of_one_area` is the correlation of what is left of an area's counts in its strata or
      years, `outcomes_of_one_area` that with the counts of its other outcomes.
    - `areas_beyond` is the number of counts that are all but impossible under the fit to the
      others.
    - `authority_levels` and `authority_gradients` are the largest distance of an authority's effect
      from the median, in robust standard deviations; the test is of all being normal.

    In all but the first two checks `prob` is a p-value.

    Raises
    ------
    FitError
        If `level` is not strictly between 0 and 1, or the fit holds no predictive checks.
    """
    checks = group(draws, "predictive")
    smallest = smallest_p_value(checks)
    rows: list[dict[str, Any]] = []
    for outcome in checks["outcome"].values.tolist():
        own = checks.sel(outcome=outcome)
        found = [
            *_statistics(own, level=level, smallest=smallest),
            _pit(own, level=level, smallest=smallest),
            _authorities(own, level=level, smallest=smallest),
            _twentieths(own, level=level, smallest=smallest),
            *_findings(own, level=level, smallest=smallest),
        ]
        rows += [{"outcome": outcome, "where": "", **row} for row in found]
    return from_rows(rows, columns=COLUMNS)


def misfits(draws: xr.DataTree) -> pd.DataFrame:
    """Rows of the table that say the model is wrong; none for a fit without checks."""
    if "predictive" not in draws.children:
        return pd.DataFrame(columns=list(COLUMNS))
    found = predictive_table(draws)
    return found[found["misfit"]]


def _statistics(checks: xr.Dataset, *, level: float, smallest: float) -> Iterator[dict[str, Any]]:
    observed, predicted = checks["observed_statistic"], checks["predicted_statistic"]
    summaries = with_interval(predicted, point="expected", level=level)
    probabilities = probability(predicted >= observed)
    areas = int(checks["observed_areas"].sum())
    for name in checks["statistic"].values.tolist():
        value = float(observed.sel(statistic=name))
        replicated = predicted.sel(statistic=name).values.astype(np.float64)
        if name == ZEROS_CHECK:
            p_value = of_zeros(value, replicated, areas=areas)
        else:
            p_value = two_sided(_log(value), _log(replicated))
        yield {
            "check": name,
            "observed": value,
            **{key: float(values.sel(statistic=name)) for key, values in summaries.items()},
            "prob": float(probabilities.sel(statistic=name)),
            "misfit": p_value < smallest,
        }


def _log(values: Any) -> Any:
    return np.log(np.maximum(values, np.finfo(np.float64).tiny))


def _pit(checks: xr.Dataset, *, level: float, smallest: float) -> dict[str, Any]:
    quantiles = np.quantile(checks["pit_null"].values, [0.5, *tails(level)])
    expected, lower, upper = (float(value) for value in quantiles)
    p_value = float(checks["pit_p_value"])
    return {
        "check": PIT_CHECK,
        "observed": float(checks["pit_deviation"]),
        "expected": expected,
        "lower": lower,
        "upper": upper,
        "prob": p_value,
        "misfit": p_value < smallest,
    }


def _authorities(checks: xr.Dataset, *, level: float, smallest: float) -> dict[str, Any]:
    observed = checks["observed_by_authority"]
    predicted = checks["redrawn_by_authority"].rename(redraw="sample")
    # Totals of fewer than ten areas are not in a file: they are 0 in both.
    places = int(((observed > 0) | (predicted > 0).any("sample")).sum())
    outside = int(_outside(observed, predicted, level=level).sum())
    decisive = int(_outside(observed, predicted, level=LEVEL_OF_VERDICT).sum())
    p_value = of_outside(decisive, places, LEVEL_OF_VERDICT)
    return {
        "check": AUTHORITIES_CHECK,
        "observed": float(outside),
        "expected": (1.0 - level) * places,
        "lower": np.nan,
        "upper": np.nan,
        "prob": p_value,
        "misfit": p_value < smallest,
    }


def _twentieths(checks: xr.Dataset, *, level: float, smallest: float) -> dict[str, Any]:
    observed, predicted, place = _bands_of(checks)
    outside = _outside(observed, predicted, level=level)
    decisive = int(_outside(observed, predicted, level=LEVEL_OF_VERDICT).sum())
    p_value = of_bands(
        observed.values, predicted.transpose("sample", ...).values, place.values.astype(np.float64)
    )
    p_value = min(1.0, 3.0 * min(p_value, of_outside(decisive, observed.size, LEVEL_OF_VERDICT)))
    misfit = p_value < smallest
    return {
        "check": DEPRIVATION_CHECK,
        "observed": float(outside.sum()),
        "expected": (1.0 - level) * observed.size,
        "lower": np.nan,
        "upper": np.nan,
        "prob": p_value,
        "misfit": misfit,
        "where": _sizes(observed, predicted) if misfit else "",
    }


def _bands_of(checks: xr.Dataset) -> tuple[xr.DataArray, xr.DataArray, xr.DataArray]:
    """Observed and predicted events of bands, and their deprivation; no band that is empty."""
    observed, predicted = checks["observed_by_band"], checks["predicted_by_band"]
    place = checks["band_deprivation"]
    filled = ((observed > 0) | (predicted > 0).any("sample")).values & place.notnull().values
    return observed[filled], predicted.isel(band=filled), place[filled]


def _outside(observed: xr.DataArray, predicted: xr.DataArray, *, level: float) -> xr.DataArray:
    bounds = interval(predicted.astype(np.float64), level=level)
    return (observed < bounds.sel(bound="lower")) | (observed > bounds.sel(bound="upper"))


def _sizes(observed: xr.DataArray, predicted: xr.DataArray) -> str:
    """Lowest and highest ratio of observed to fitted events, with their twentieths."""
    fitted = predicted.mean("sample")
    ratio = (observed / fitted.where(fitted > 0)).to_series().dropna()
    if ratio.empty:
        return ""
    low, high = ratio.idxmin(), ratio.idxmax()
    return (
        f"observed over fitted {ratio.min():.2f} in twentieth {low}, "
        f"{ratio.max():.2f} in twentieth {high}"
    )


def _findings(checks: xr.Dataset, *, level: float, smallest: float) -> Iterator[dict[str, Any]]:
    """Checks that the fit keeps as they were found."""
    from scipy.special import ndtri

    reach = float(ndtri(tails(level)[1]))
    for name in checks["fit_check"].values.tolist():
        own = checks.sel(fit_check=name)
        p_value, sd = float(own["check_p_value"]), float(own["check_sd"])
        if np.isnan(p_value):
            continue
        expected, misfit = float(own["check_expected"]), p_value < smallest
        yield {
            "check": name,
            "observed": float(own["check_observed"]),
            "expected": expected,
            "lower": expected - reach * sd,
            "upper": expected + reach * sd,
            "prob": p_value,
            "misfit": misfit,
            "where": str(own["check_where"].item()) if misfit else "",
        }
