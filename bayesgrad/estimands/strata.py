"""The gradient of each stratum, and how much of it its own data say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from bayesgrad.estimands.frame import to_frame
from bayesgrad.estimands.gradients import gradient, reliability
from bayesgrad.estimands.layout import (
    group,
    links,
    mean_rate,
    national_events,
    outcome_names,
    reference_position,
)
from bayesgrad.estimands.strata_effects import national_effect, refuse_without_strata
from bayesgrad.estimands.summaries import (
    DEFAULT_LEVEL,
    checked_level,
    mean,
    probability,
    sd,
    with_interval,
)
from bayesgrad.estimands.suppressed import suppressed_beside

COLUMNS = (
    "outcome",
    "stratum",
    "gradient",
    "lower",
    "upper",
    "log_mean",
    "log_sd",
    "prob_above_mean",
    "reliability",
    "rate_per_10000",
    "rate_lower",
    "rate_upper",
    "events",
    "areas",
)


def stratum_reliability(posterior: xr.Dataset, reference: xr.Dataset) -> xr.DataArray:
    """Share of the spread between strata that a stratum's own data resolve.

    reliability_k = 1 - Var(g_k | data) / E(sum over c of sd_c^2 v_ck | data), not below 0, with g_k
    the stratum's deviation, sd_c the standard deviation of component c and v_ck the prior variance
    of the deviation at a standard deviation of 1. Near 0 the stratum leans on the others.

    Returns
    -------
    DataArray
        Dimensions outcome, stratum.
    """
    variance = xr.dot(
        posterior["sd_stratum_slope"] ** 2, reference["stratum_variance"], dim="stratum_component"
    )
    return reliability(posterior["stratum_slope"], variance)


def stratum_rates(
    posterior: xr.Dataset, authorities: xr.Dataset, reference: xr.Dataset
) -> xr.DataArray:
    """Rate of each stratum per 10,000, per draw, where deprivation is the nation's mean.

    That is in the average neighbourhood of an authority of mean deprivation:
    10000 exp(intercept_k + slope_k x), or expit for a logit link, with x = 0 under authority
    centring and (Dbar - c) / unit under a constant centre c; the mean over larger neighbourhoods,
    where the model has any.

    Returns
    -------
    DataArray
        Dimensions chain, draw, outcome, stratum.
    """
    predictor = national_effect(posterior, authorities, "intercept")
    x = reference_position(authorities, reference)
    if x != 0:
        predictor = predictor + x * national_effect(posterior, authorities, "slope")
    rates = [
        mean_rate(predictor.isel(outcome=s), posterior, outcome=s, link=link)
        for s, link in enumerate(links(reference, outcome_names(posterior)))
    ]
    return 10_000 * xr.concat(rates, dim="outcome")


def strata_table(draws: xr.DataTree, *, level: float = DEFAULT_LEVEL) -> pd.DataFrame:
    """Gradient and rate of each stratum, nationally, by outcome.

    `gradient` is the posterior median of exp(slope + g_k), with an equal-tailed interval, and
    `log_mean` and `log_sd` describe its log; `prob_above_mean` is P(g_k > 0), that it is steeper
    than the mean over strata; see `stratum_reliability` for `reliability`. `rate_per_10000` is the
    rate in the average neighbourhood of an authority of mean deprivation. `events` and `areas` are
    those of the stratum, events as published, with the number of suppressed counts beside where
    there are any. Where all strata have one gradient, it stands in every row, and
    `prob_above_mean` and `reliability` are missing.

    Raises
    ------
    FitError
        If the fit has no strata, or `level` is not strictly between 0 and 1.
    """
    checked_level(level)
    posterior, authorities = group(draws, "posterior"), group(draws, "authorities")
    reference = group(draws, "reference")
    refuse_without_strata(authorities)
    slopes = national_effect(posterior, authorities, "slope")
    rates = stratum_rates(posterior, authorities, reference)
    log_mean = mean(slopes)
    own = {"prob_above_mean": xr.full_like(log_mean, np.nan)}
    own["reliability"] = own["prob_above_mean"]
    if "stratum_slope" in posterior:
        own["prob_above_mean"] = probability(posterior["stratum_slope"] > 0)
        own["reliability"] = stratum_reliability(posterior, reference)
    bounds = with_interval(rates, point="rate_per_10000", prefix="rate_", level=level)
    hidden = suppressed_beside(authorities)
    quantities = {
        **with_interval(gradient(slopes), point="gradient", level=level),
        "log_mean": log_mean,
        "log_sd": sd(slopes),
        **own,
        **bounds,
        "events": national_events(authorities),
        **{name: authorities[name].sum("authority") for name in ("areas", *hidden)},
    }
    return to_frame(quantities, by=("outcome", "stratum"), columns=(*COLUMNS, *hidden))
