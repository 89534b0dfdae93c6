"""How much authorities differ: median rate ratios and variance partition."""

from __future__ import annotations

import math
from statistics import NormalDist

import pandas as pd
import xarray as xr

from bayesgrad.estimands.frame import to_frame
from bayesgrad.estimands.layout import group, reference_position
from bayesgrad.estimands.summaries import DEFAULT_LEVEL, exponential, with_interval

MEASURES = ("median_rate_ratio", "median_gradient_ratio", "vpc", "vpc_reference")

COLUMNS = (
    "outcome",
    *(f"{measure}{part}" for measure in MEASURES for part in ("", "_lower", "_upper")),
)

MEDIAN_DIFFERENCE = math.sqrt(2) * NormalDist().inv_cdf(0.75)
"""Median absolute difference of two standard normal values, 0.9539."""


def median_ratio(sd: xr.DataArray) -> xr.DataArray:
    """Median ratio of the higher to the lower of two authorities drawn at random.

    exp(sqrt(2) Phi^-1(0.75) sd), sd the standard deviation between authorities on the log scale.

    References
    ----------
    Merlo, Chaix, Ohlsson and others (2006), Journal of Epidemiology and Community Health 60,
    290-297.
    """
    return exponential(MEDIAN_DIFFERENCE * sd)


def level_variance(posterior: xr.Dataset, *, x: float) -> xr.DataArray:
    """Variance between authorities of the log rate of an area at centred deprivation x.

    sd_intercept^2 + 2 x correlation sd_intercept sd_slope + x^2 sd_slope^2.
    """
    variance = posterior["sd_intercept"] ** 2
    if x == 0:
        return variance
    if "correlation" in posterior:
        spread = posterior["sd_intercept"] * posterior["sd_slope"]
        variance = variance + 2 * x * posterior["correlation"] * spread
    return variance + (x * posterior["sd_slope"]) ** 2


def variance_partition(
    expected_count: xr.DataArray, variance: xr.DataArray, *, alpha: xr.DataArray | None = None
) -> xr.DataArray:
    """Share of the variance of an area's count that lies between authorities.

    L2 / (L1 + L2) with L2 = m^2 (exp(s2) - 1), the variance of the conditional mean, and
    L1 = m (Poisson) or m + m^2 exp(s2) / alpha (negative binomial), the mean of the conditional
    variance.

    Parameters
    ----------
    expected_count : DataArray
        m, the expected count, averaged over authorities.
    variance : DataArray
        s2, the variance between authorities of the log rate at that area.
    alpha : DataArray, optional
        Overdispersion of the negative binomial; Poisson if left out.

    References
    ----------
    Leckie, Browne, Goldstein, Merlo and Austin (2020), Psychological Methods 25, 787-801.
    """
    between = expected_count**2 * (exponential(variance) - 1)
    within = expected_count
    if alpha is not None:
        within = within + expected_count**2 * exponential(variance) / alpha
    return between / (within + between)


def heterogeneity(
    posterior: xr.Dataset, authorities: xr.Dataset, reference: xr.Dataset
) -> xr.Dataset:
    """Draws of every measure of heterogeneity, at one reference area.

    The reference area has mean exposure, lies in an authority of mean deprivation Dbar and is as
    deprived as it: x = 0 under authority centring, (Dbar - c) / unit under a constant centre c.
    Its expected count, averaged over authorities, is
    m = mean exposure exp(intercept + slope x + s2 / 2).

    Returns
    -------
    Dataset
        median_rate_ratio, median_gradient_ratio, vpc and vpc_reference (= m), with dimensions
        chain, draw, outcome.
    """
    x = reference_position(authorities, reference)
    variance = level_variance(posterior, x=x)
    log_rate = posterior["intercept"] + posterior["slope"] * x
    count = reference["mean_exposure"] * exponential(log_rate + variance / 2)
    return xr.Dataset(
        {
            "median_rate_ratio": median_ratio(variance**0.5),
            "median_gradient_ratio": median_ratio(posterior["sd_slope"]),
            "vpc": variance_partition(count, variance, alpha=posterior.get("alpha")),
            "vpc_reference": count,
        }
    )


def heterogeneity_table(draws: xr.DataTree, *, level: float = DEFAULT_LEVEL) -> pd.DataFrame:
    """Median rate and gradient ratios and variance partition coefficient of each outcome.

    What remains between authorities after their deprivation and other moderators; posterior
    medians with equal-tailed intervals. `vpc_reference` is the expected count at which `vpc`
    holds: the share depends on it.

    Raises
    ------
    FitError
        If `level` is not strictly between 0 and 1.
    """
    measures = heterogeneity(
        group(draws, "posterior"), group(draws, "authorities"), group(draws, "reference")
    )
    quantities: dict[str, xr.DataArray] = {}
    for measure in MEASURES:
        quantities |= with_interval(
            measures[measure], point=measure, prefix=f"{measure}_", level=level
        )
    return to_frame(quantities, by=("outcome",), columns=COLUMNS)
