"""How much authorities differ, and their neighbourhoods: median ratios, variance partition."""

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
    intercept_contributions,
    links,
    mean_share,
    neighbourhood_variance,
    outcome_names,
    reference_position,
    size_parameter,
    slope_contributions,
)
from bayesgrad.estimands.summaries import DEFAULT_LEVEL, exponential, with_interval
from bayesgrad.spec.parts import CASE_FAMILIES
from bayesgrad.spec.vocabulary import Family, Link

MEASURES = (
    "median_rate_ratio",
    "median_gradient_ratio",
    "vpc",
    "vpc_reference",
)
CHANGES = ("intercept_variance_explained", "gradient_variance_explained")
"""Proportional changes in variance."""
NEIGHBOURHOOD_MEASURES = ("neighbourhood_rate_ratio", "neighbourhood_vpc")
"""Measures of a model that has larger neighbourhoods."""

MEDIAN_DIFFERENCE = math.sqrt(2) * NormalDist().inv_cdf(0.75)
"""Median absolute difference of two standard normal values, 0.9539."""

LOGISTIC_VARIANCE = math.pi**2 / 3
"""Variance of the standard logistic distribution, of a case's latent log odds."""


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
    variance. With s2 the variance between authorities and neighbourhoods together it is the share
    of both.

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


def proportional_change(explained: xr.DataArray, residual: xr.DataArray) -> xr.DataArray:
    """Proportional change in variance: the share that moderators of authorities account for.

    Var_j(explained) / (Var_j(explained) + residual), the variance over authorities with divisor J:
    what the variance between authorities falls by when the model is given their deprivation and
    other moderators. It cannot be negative, so it is above 0 where these have no effect.

    Parameters
    ----------
    explained : DataArray
        What moderators add to the effect of each authority: chain, draw, outcome, authority.
    residual : DataArray
        Variance of what they leave: chain, draw, outcome.

    References
    ----------
    Merlo, Yang, Chaix, Lynch and Rastam (2005), Journal of Epidemiology and Community Health 59,
    729-736.
    """
    share = explained.var("authority")
    return share / (share + residual)


def _changes(posterior: xr.Dataset, authorities: xr.Dataset) -> dict[str, xr.DataArray]:
    """Give proportional changes of the variance of intercepts and of log gradients."""
    contributions = (
        (intercept_contributions, "sd_intercept"),
        (slope_contributions, "sd_slope"),
    )
    found = {}
    for name, (parts_of, sd) in zip(CHANGES, contributions, strict=True):
        by_outcome = []
        for s in range(posterior.sizes["outcome"]):
            one = posterior.isel(outcome=s)
            none = xr.zeros_like(one[sd]).expand_dims(authority=authorities["authority"].values)
            whole = sum(parts_of(one, authorities).values(), start=none)
            by_outcome.append(proportional_change(whole, one[sd] ** 2))
        found[name] = xr.concat(by_outcome, "outcome")
    return found


def heterogeneity(
    posterior: xr.Dataset, authorities: xr.Dataset, reference: xr.Dataset
) -> xr.Dataset:
    """Draws of every measure of heterogeneity, at one reference area.

    The reference area has mean exposure, lies in an authority of mean deprivation Dbar and is as
    deprived as it: x = 0 under authority centring, (Dbar - c) / unit under a constant centre c.
    Its expected count, averaged over authorities and neighbourhoods, is, with the predictor eta =
    intercept + slope x, s2 the variance between authorities and t2 that between the neighbourhoods
    of one, m = mean exposure exp(eta + (s2 + t2) / 2), and with a logit link
    m = mean exposure E expit(eta + u).

    Returns
    -------
    Dataset
        median_rate_ratio, median_gradient_ratio, vpc, vpc_reference (= m),
        intercept_variance_explained, gradient_variance_explained, and, where the model has
        neighbourhoods, neighbourhood_rate_ratio and neighbourhood_vpc of those within an authority,
        with dimensions chain, draw, outcome.
    """
    outcomes = outcome_names(posterior)
    x = reference_position(authorities, reference)
    variance, nested = level_variance(posterior, x=x), neighbourhood_variance(posterior)
    predictor = posterior["intercept"] + posterior["slope"] * x
    alpha = size_parameter(posterior)
    forms = zip(families(reference, outcomes), links(reference, outcomes), strict=True)
    parts = []
    for s, (family, link) in enumerate(forms):
        own = {"outcome": s}
        shares, count = _partition(
            predictor.isel(own),
            (variance.isel(own), nested.isel(own)),
            alpha=alpha.isel(own),
            exposure=float(reference["mean_exposure"].isel(own)),
            family=family,
            link=link,
        )
        names = ("vpc", "neighbourhood_vpc")
        named = dict(zip(names, shares, strict=True)) | {"vpc_reference": count}
        parts.append(xr.Dataset(named))
    found = (
        xr.concat(parts, dim="outcome")
        .assign(
            median_rate_ratio=median_ratio(variance**0.5),
            median_gradient_ratio=median_ratio(posterior["sd_slope"]),
        )
        .assign(xr.Dataset(_changes(posterior, authorities)))
    )
    if "sd_neighbourhood" not in posterior:
        return found.drop_vars("neighbourhood_vpc")
    return found.assign(neighbourhood_rate_ratio=median_ratio(nested**0.5))


def _partition(
    predictor: xr.DataArray,
    variances: tuple[xr.DataArray, xr.DataArray],
    *,
    alpha: xr.DataArray,
    exposure: float,
    family: Family,
    link: Link,
) -> tuple[tuple[xr.DataArray, xr.DataArray], xr.DataArray]:
    """Shares of the variance of authorities and of neighbourhoods, and the expected count.

    The variance that lies between authorities is to that between both as the variances of
    the conditional means are: exp(s2) - 1 to exp(s2 + t2) - 1, or s2 to s2 + t2 of log odds.
    """
    variance, whole = variances[0], variances[0] + variances[1]
    if link == "logit":
        both, count = latent_variance_partition(whole), exposure * mean_share(predictor, whole)
        upper = variance / whole.where(whole > 0, 1.0)
    else:
        count = exposure * exponential(predictor + whole / 2)
        upper = (exponential(variance) - 1) / (exponential(whole.where(whole > 0, 1.0)) - 1)
        if family in CASE_FAMILIES:
            both = case_variance_partition(count, whole, cases=exposure, alpha=alpha)
        else:
            both = variance_partition(count, whole, alpha=alpha)
    return (both * upper, both * (1 - upper)), count


def heterogeneity_table(draws: xr.DataTree, *, level: float = DEFAULT_LEVEL) -> pd.DataFrame:
    """Median rate and gradient ratios and variance partition coefficient of each outcome.

    What remains between authorities after their deprivation and other moderators, and in the mean
    over strata; posterior medians with equal-tailed intervals. With a logit link the ratios are of
    odds, and `vpc` is the share of the latent log odds. `vpc_reference` is the expected count of
    the area at which `vpc` holds: but for a logit link, the share depends on it.
    `intercept_variance_explained` and `gradient_variance_explained` are proportional changes in
    variance, 0 without moderators of authorities. Where the model has larger neighbourhoods, there
    are more columns: `neighbourhood_rate_ratio` compares two of one authority, and
    `neighbourhood_vpc` is the share that lies between these.

    Raises
    ------
    FitError
        If `level` is not strictly between 0 and 1.
    """
    measures = heterogeneity(
        group(draws, "posterior"), group(draws, "authorities"), group(draws, "reference")
    )
    own = tuple(name for name in NEIGHBOURHOOD_MEASURES if name in measures)
    quantities: dict[str, xr.DataArray] = {}
    for measure in (*MEASURES, *own, *CHANGES):
        quantities |= with_interval(
            measures[measure], point=measure, prefix=f"{measure}_", level=level
        )
    return to_frame(quantities, by=("outcome",), columns=("outcome", *quantities))
