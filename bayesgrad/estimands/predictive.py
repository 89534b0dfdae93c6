"""Whether data drawn by the fitted model look like the data observed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bayesgrad.estimands.frame import from_rows
from bayesgrad.estimands.layout import group
from bayesgrad.estimands.summaries import DEFAULT_LEVEL, interval, probability, tails, with_interval

COLUMNS = ("outcome", "check", "observed", "expected", "lower", "upper", "prob")

PIT_CHECK = "pit_uniformity"
OUTSIDE = {"authorities_outside": "by_authority", "deprivation_twentieths_outside": "by_band"}
"""Checks that count places whose events lie outside their predictive interval."""

SMALLEST_PIT_P_VALUE = 0.01
"""Below it the counts are said not to follow the model."""

SMALLEST_SHOWN = 1e-4


def p_value_words(p_value: float) -> str:
    """Write a p-value with two digits; a tiny one only as below `SMALLEST_SHOWN`."""
    if np.isnan(p_value):
        return "not tested"
    return f"p = {p_value:.2g}" if p_value >= SMALLEST_SHOWN else f"p < {SMALLEST_SHOWN:.4f}"


def predictive_table(draws: xr.DataTree, *, level: float = DEFAULT_LEVEL) -> pd.DataFrame:
    """Posterior predictive checks of each outcome.

    `share_of_zeros` and `variance_to_mean` are over areas, each once in every stratum: of the
    observed events, and the median and interval of replicated ones (for an outcome out of
    another's, out of that outcome's observed events); `prob` is P(replicate >= observed).
    `pit_uniformity` is the largest deviation of areas' randomised PIT values from uniformity, with
    what is expected under the model, and `prob` its p-value (missing where areas lie in larger
    neighbourhoods, whose effects lean on the count of each). `authorities_outside` and
    `deprivation_twentieths_outside` are the numbers of authorities and of twentieths, by
    deprivation, of those at risk whose observed events lie outside their predictive interval, and
    the number expected from the level alone. Authorities' effects are fitted to these very events,
    so fewer authorities are outside than expected even of a good model.

    Raises
    ------
    FitError
        If `level` is not strictly between 0 and 1, or the fit holds no predictive checks.
    """
    checks = group(draws, "predictive")
    rows: list[dict[str, Any]] = []
    for outcome in checks["outcome"].values.tolist():
        own = checks.sel(outcome=outcome)
        found = [
            *_statistics(own, level=level),
            _pit(own, level=level),
            *_outside(own, level=level),
        ]
        rows += [{"outcome": outcome, **row} for row in found]
    return from_rows(rows, columns=COLUMNS)


def _statistics(checks: xr.Dataset, *, level: float) -> Iterator[dict[str, Any]]:
    observed, predicted = checks["observed_statistic"], checks["predicted_statistic"]
    summaries = with_interval(predicted, point="expected", level=level)
    probabilities = probability(predicted >= observed)
    for name in checks["statistic"].values.tolist():
        yield {
            "check": name,
            "observed": float(observed.sel(statistic=name)),
            **{key: float(values.sel(statistic=name)) for key, values in summaries.items()},
            "prob": float(probabilities.sel(statistic=name)),
        }


def _pit(checks: xr.Dataset, *, level: float) -> dict[str, Any]:
    from scipy.stats import kstwo

    deviation = kstwo(int(checks["pit"].sum()))
    lower, upper = deviation.ppf(tails(level))
    return {
        "check": PIT_CHECK,
        "observed": float(checks["pit_deviation"]),
        "expected": float(deviation.median()),
        "lower": lower,
        "upper": upper,
        "prob": float(checks["pit_p_value"]),
    }


def _outside(checks: xr.Dataset, *, level: float) -> Iterator[dict[str, Any]]:
    for check, name in OUTSIDE.items():
        observed, predicted = (checks[f"{kind}_{name}"] for kind in ("observed", "predicted"))
        bounds = interval(predicted.astype(np.float64), level=level)
        # A band that is joined to another is empty, and cannot lie outside.
        places = int(((observed > 0) | (predicted > 0).any("sample")).sum())
        outside = (observed < bounds.sel(bound="lower")) | (observed > bounds.sel(bound="upper"))
        yield {
            "check": check,
            "observed": float(outside.sum()),
            "expected": (1.0 - level) * places,
            "lower": np.nan,
            "upper": np.nan,
            "prob": np.nan,
        }
