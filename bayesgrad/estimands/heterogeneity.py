"""How much authorities differ: median rate ratios and variance partition."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pandas as pd
import xarray as xr

from bayesgrad.estimands.frame import to_frame
from bayesgrad.estimands.layout import (
    families,
    group,
    inverse_link,
    links,
    outcome_names,
    reference_position,
    size_parameter,
)
from bayesgrad.estimands.summaries import DEFAULT_LEVEL, exponential, with_interval
from bayesgrad.spec.model_spec import CASE_FAMILIES
from bayesgrad.spec.vocabulary import Family, Link

MEASURES = ("median_rate_ratio", "median_gradient_ratio", "vpc", "vpc_reference")

COLUMNS = (
    "outcome",
    *(f"{measure}{part}" for measure in MEASURES for part in ("", "_lower", "_upper")),
)

MEDIAN_DIFFERENCE = math.sqrt(2) * NormalDist().inv_cdf(0.75)
"""Median absolute difference of two standard normal values, 0.9539."""

LOGISTIC_VARIANCE = math.pi**2 / 3
"""Variance of the standard logistic distribution, of a case's latent log odds."""

QUADRATURE_NODES = 21


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

    sd_intercept^2 + 2 x correlation sd_intercept sd_slope + x^2 sd_slope^2. Where neighbours are
    alike it is that of a typical authority, intercept and slope being shared in the same part.
    """
    variance = posterior["sd_intercept"] ** 2
    if x == 0:
        return variance
    if "correlation" in posterior:
        spread = posterior["sd_intercept"] * posterior["sd_slope"]
        variance = variance + 2 * x * posterior["correlation"] * spread
    return variance + (x * posterior["sd_slope"]) ** 2


def variance_partition(
    expected_count: xr.DataArray, variance: xr.DataArray, *, alpha: xr.DataArray | float = np.inf
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
    alpha : DataArray or float
        Overdispersion of the negative binomial; infinite for the Poisson.

    References
    ----------
    Leckie, Browne, Goldstein, Merlo and Austin (2020), Psychological Methods 25, 787-801.
    """
    between = expected_count**2 * (exponential(variance) - 1)
    within = expected_count + expected_count**2 * exponential(variance) / alpha
    return between / (within + between)


def case_variance_partition(
    expected_count: xr.DataArray,
    variance: xr.DataArray,
    *,
    cases: float,
    alpha: xr.DataArray | float = np.inf,
) -> xr.DataArray:
    """Share of the variance of events out of cases, on a log link, that lies between authorities.

    L2 / (L1 + L2) with L2 = m^2 (exp(s2) - 1) and, of n cases, L1 = m - m^2 exp(s2) / n
    (binomial), or that times 1 + (n - 1) / (alpha + 1) (beta-binomial).

    Parameters
    ----------
    expected_count, variance
        m and s2, as for `variance_partition`.
    cases : float
        n.
    alpha : DataArray or float
        Size of the beta distribution of shares; infinite for the binomial.

    References
    ----------
    Goldstein, Browne and Rasbash (2002), Understanding Statistics 1, 223-231.
    """
    between = expected_count**2 * (exponential(variance) - 1)
    binomial = expected_count - expected_count**2 * exponential(variance) / cases
    within = binomial * (1 + (cases - 1) / (alpha + 1))
    return between / (within + between)


def latent_variance_partition(variance: xr.DataArray) -> xr.DataArray:
    """Share of the variance of a case's latent log odds that lies between authorities.

    s2 / (s2 + pi^2 / 3), with the variance of the standard logistic distribution; it does not
    depend on the number of cases, nor on overdispersion.

    References
    ----------
    Goldstein, Browne and Rasbash (2002), Understanding Statistics 1, 223-231.
    """
    return variance / (variance + LOGISTIC_VARIANCE)


def mean_share(predictor: xr.DataArray, variance: xr.DataArray) -> xr.DataArray:
    """Mean of expit(predictor + u) over u ~ Normal(0, variance), by Gauss-Hermite quadrature."""
    points, weights = np.polynomial.hermite_e.hermegauss(QUADRATURE_NODES)
    shares = xr.zeros_like(predictor)
    for point, weight in zip(points, weights / weights.sum(), strict=True):
        shares = shares + weight * inverse_link(predictor + point * variance**0.5, "logit")
    return shares


def heterogeneity(
    posterior: xr.Dataset, authorities: xr.Dataset, reference: xr.Dataset
) -> xr.Dataset:
    """Draws of every measure of heterogeneity, at one reference area.

    The reference area has mean exposure, lies in an authority of mean deprivation Dbar and is as
    deprived as it: x = 0 under authority centring, (Dbar - c) / unit under a constant centre c.
    Its expected count, averaged over authorities, is, with the predictor eta = intercept + slope x,
    m = mean exposure exp(eta + s2 / 2), and with a logit link m = mean exposure E expit(eta + u).

    Returns
    -------
    Dataset
        median_rate_ratio, median_gradient_ratio, vpc and vpc_reference (= m), with dimensions
        chain, draw, outcome.
    """
    outcomes = outcome_names(posterior)
    x = reference_position(authorities, reference)
    variance = level_variance(posterior, x=x)
    predictor = posterior["intercept"] + posterior["slope"] * x
    alpha = size_parameter(posterior)
    forms = zip(families(reference, outcomes), links(reference, outcomes), strict=True)
    parts = []
    for s, (family, link) in enumerate(forms):
        own = {"outcome": s}
        share, count = _partition(
            predictor.isel(own),
            variance.isel(own),
            alpha=alpha.isel(own),
            exposure=float(reference["mean_exposure"].isel(own)),
            family=family,
            link=link,
        )
        parts.append(xr.Dataset({"vpc": share, "vpc_reference": count}))
    return xr.concat(parts, dim="outcome").assign(
        median_rate_ratio=median_ratio(variance**0.5),
        median_gradient_ratio=median_ratio(posterior["sd_slope"]),
    )


def _partition(
    predictor: xr.DataArray,
    variance: xr.DataArray,
    *,
    alpha: xr.DataArray,
    exposure: float,
    family: Family,
    link: Link,
) -> tuple[xr.DataArray, xr.DataArray]:
    """Share of the variance and expected count of one outcome."""
    if link == "logit":
        return latent_variance_partition(variance), exposure * mean_share(predictor, variance)
    count = exposure * exponential(predictor + variance / 2)
    if family in CASE_FAMILIES:
        return case_variance_partition(count, variance, cases=exposure, alpha=alpha), count
    return variance_partition(count, variance, alpha=alpha), count


def heterogeneity_table(draws: xr.DataTree, *, level: float = DEFAULT_LEVEL) -> pd.DataFrame:
    """Median rate and gradient ratios and variance partition coefficient of each outcome.

    What remains between authorities after their deprivation and other moderators, and in the mean
    over strata; posterior medians with equal-tailed intervals. With a logit link the ratios are of
    odds, and `vpc` is the share of the latent log odds. `vpc_reference` is the expected count of
    the area at which `vpc` holds: but for a logit link, the share depends on it.

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
