r"""Where an authority stands in a nation that only a prior pack tells of."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from bayesgrad.design.splines import Floats
from bayesgrad.errors import FitError
from bayesgrad.estimands.frame import to_frame
from bayesgrad.estimands.gradients import gradient, reliability, residual_variance, slope_residual
from bayesgrad.estimands.layout import group, is_moderated, sample_dims
from bayesgrad.estimands.summaries import (
    DEFAULT_LEVEL,
    checked_level,
    exponential,
    interval,
    mean,
    tails,
    with_interval,
)

SHARES = ("share_of_nation_below", "share_of_alike_below")

COLUMNS = (
    "authority",
    "name",
    "outcome",
    "gradient",
    "lower",
    "upper",
    "reliability",
    "prior_share",
    "prior_gradient",
    "prior_lower",
    "prior_upper",
    *(f"{share}{part}" for share in SHARES for part in ("", "_lower", "_upper")),
    "prior_conflict",
)

CONFLICT = 0.005
"""Of `prior_conflict`, below which a summary says so, divided by the number of outcomes: the chance
that it does of an authority that is like those of the pack."""

NODES = 41
"""Of the quadrature over the log of the standard deviation of gradients."""


def has_nation(draws: xr.DataTree) -> bool:
    """Whether the fit has a prior pack, so that its nation is that of the pack."""
    return "nation" in draws.children


def prior_quantiles(nation: xr.Dataset, probabilities: tuple[float, ...]) -> xr.DataArray:
    r"""Quantiles of the log gradient that the pack alone gives each authority.

    With :math:`\ell` and :math:`\ln \sigma` jointly normal and :math:`b = \ell + u`,
    :math:`u \sim N(0, \sigma^2)`: given :math:`\ln \sigma`, b is normal, so that its distribution
    is a mixture over Gauss-Hermite nodes, inverted by bisection.

    Returns
    -------
    DataArray
        Dimensions authority, outcome, quantile.
    """
    found: xr.DataArray = xr.apply_ufunc(
        _mixture_quantiles,
        nation["line_mean"],
        nation["line_variance"],
        nation["line_log_sd_covariance"],
        nation["log_sd_mean"],
        nation["log_sd_variance"],
        kwargs={"probabilities": np.array(probabilities)},
        output_core_dims=[["quantile"]],
        vectorize=True,
    )
    return found.assign_coords(quantile=list(probabilities))


def _mixture_quantiles(
    line_mean: float,
    line_variance: float,
    covariance: float,
    log_sd_mean: float,
    log_sd_variance: float,
    *,
    probabilities: Floats,
) -> Floats:
    from scipy.special import ndtr

    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    weights = weights / weights.sum()
    log_sd = log_sd_mean + np.sqrt(log_sd_variance) * nodes
    centre = line_mean + covariance / log_sd_variance * (log_sd - log_sd_mean)
    rest = max(line_variance - covariance**2 / log_sd_variance, 0.0)
    spread = np.sqrt(rest + np.exp(2.0 * log_sd))
    lower = np.full(len(probabilities), (centre - 12.0 * spread).min())
    upper = np.full(len(probabilities), (centre + 12.0 * spread).max())
    for _ in range(100):
        middle = 0.5 * (lower + upper)
        below = ndtr((middle[:, None] - centre) / spread) @ weights < probabilities
        lower, upper = np.where(below, middle, lower), np.where(below, upper, middle)
    return np.asarray(0.5 * (lower + upper))


def prior_variance(nation: xr.Dataset) -> xr.DataArray:
    """Variance of the log gradient that the pack alone gives: (authority, outcome)."""
    spread = exponential(2.0 * nation["log_sd_mean"] + 2.0 * nation["log_sd_variance"])
    return nation["line_variance"] + spread


def prior_share(posterior: xr.Dataset, nation: xr.Dataset) -> xr.DataArray:
    r"""Weight of the pack in the posterior of each authority's log gradient.

    Var(b_j | data) / Var(b_j | pack), at most 1: the ratio of the precision before the data to that
    after. Where both are normal, the posterior mean is this share of the pack's mean, and the rest
    of the authority's own estimate. Dimensions authority, outcome.
    """
    after = posterior["authority_slope"].var(sample_dims(posterior["slope"]), ddof=1)
    return (after / prior_variance(nation)).clip(max=1.0)


def prior_conflict(posterior: xr.Dataset, nation: xr.Dataset) -> xr.DataArray:
    r"""Probability that an authority of the pack's nation differs more from what the pack expects.

    With the mean and variance of the log gradient by the pack alone, :math:`m_0, v_0`, and given
    the counts too, :math:`m_1, v_1`, where both are normal
    :math:`z = (m_1 - m_0) / \sqrt{v_0 - v_1}` is the authority's own estimate less
    :math:`m_0`, in standard deviations that it has by the pack before the counts are seen: the
    prior predictive check of Box (1980), two-sided. Missing where the counts say nothing of the
    gradient. Dimensions authority, outcome.

    References
    ----------
    Box (1980), Journal of the Royal Statistical Society A 143, 383-430; Evans and Moshonov (2006),
    Bayesian Analysis 1, 893-914.
    """
    from scipy.special import ndtr

    slopes = posterior["authority_slope"]
    dims = sample_dims(posterior["slope"])
    gained = prior_variance(nation) - slopes.var(dims, ddof=1)
    z = (slopes.mean(dims) - nation["line_mean"]) / gained.where(gained > 0) ** 0.5
    found: xr.DataArray = 2.0 * xr.apply_ufunc(ndtr, -abs(z))
    return found


def share_below(
    posterior: xr.Dataset, authorities: xr.Dataset, nation: xr.Dataset, *, outcome: int
) -> dict[str, xr.DataArray]:
    r"""Share of the nation's authorities whose gradient is lower, draw by draw.

    In a draw, the authorities of deprivation D have log gradients normal around
    slope + interaction . W(D) with standard deviation sd_slope; so a share
    :math:`\Phi((b_j - \mathrm{slope} - \mathrm{interaction} \cdot W(D)) / \mathrm{sd}_{slope})`
    of them lie below b_j: averaged over the pack's distribution of D, and at the authority's own D
    (and own moderators). Further moderators of the nation's authorities are at their mean.

    Returns
    -------
    dict of DataArray
        By name of `SHARES`, dimensions chain, draw, authority.
    """
    from scipy.special import ndtr

    one = posterior.isel(outcome=outcome, drop=True)
    own = slope_residual(posterior, authorities, outcome=outcome, stratum=0) / one["sd_slope"]
    above = (one["authority_slope"] - one["slope"]) / one["sd_slope"]
    if not is_moderated(posterior):
        nation_wide = xr.apply_ufunc(ndtr, above)
    else:
        line = xr.dot(one["interaction"], nation["moderation_basis"], dim="moderation_term")
        line = line / one["sd_slope"]
        # One authority at a time: draws by places are many.
        parts = [
            xr.apply_ufunc(ndtr, above.isel(authority=j) - line).mean("place")
            for j in range(above.sizes["authority"])
        ]
        nation_wide = xr.concat(parts, dim=above["authority"])
    return dict(zip(SHARES, (nation_wide, xr.apply_ufunc(ndtr, own)), strict=True))


def standing_table(draws: xr.DataTree, *, level: float = DEFAULT_LEVEL) -> pd.DataFrame:
    """Gradient of each authority, what the prior pack alone says of it, and where it stands.

    `gradient`, `lower`, `upper` and `reliability` are those of the table `gradients`: the posterior
    median of exp(b_j), and 1 - Var(u_j | data) / E(sd_slope^2 | data). `prior_share` is the weight
    of the pack in the posterior of b_j, Var(b_j | data) / Var(b_j | pack). `prior_gradient`,
    `prior_lower` and `prior_upper` are the median and equal-tailed interval of the gradient of an
    authority of this deprivation (and these moderators) by the pack alone, before any of its
    counts are seen. `share_of_nation_below` is the posterior mean of the share of the nation's
    authorities whose gradient is lower, over the pack's distribution of their deprivation;
    `share_of_alike_below` is the same among authorities of its own deprivation; both with
    equal-tailed intervals. `prior_conflict` is the two-sided probability that an authority of the
    nation differs as much from what the pack expects: where it is small, the gradient is drawn
    towards authorities that this one is not like. The nation is the pack's population of
    authorities, not a list of them.
    Rows are in order of outcome and authority code.

    Raises
    ------
    FitError
        If the fit has no prior pack, or `level` is not strictly between 0 and 1.
    """
    checked_level(level)
    refuse_without_nation(draws)
    posterior, authorities = group(draws, "posterior"), group(draws, "authorities")
    nation, reference = group(draws, "nation"), group(draws, "reference")
    slopes = posterior["authority_slope"]
    bounds = prior_quantiles(nation, (0.5, *tails(level)))
    lower, upper = tails(level)
    parts = []
    for s in range(posterior.sizes["outcome"]):
        residual = slope_residual(posterior, authorities, outcome=s, stratum=0)
        variance = residual_variance(posterior, reference, outcome=s, stratum=0)
        quantities = {"reliability": reliability(residual, variance)}
        shares = share_below(posterior, authorities, nation, outcome=s)
        for name, share in shares.items():
            ends = interval(share, level=level)
            quantities[name] = mean(share)
            for bound in ("lower", "upper"):
                quantities[f"{name}_{bound}"] = ends.sel(bound=bound, drop=True)
        parts.append(xr.Dataset(quantities))
    whole = xr.concat(parts, dim=posterior["outcome"])
    found: dict[str, xr.DataArray] = {
        **with_interval(gradient(slopes), point="gradient", level=level),
        "prior_share": prior_share(posterior, nation),
        "prior_gradient": exponential(bounds.sel(quantile=0.5, drop=True)),
        "prior_lower": exponential(bounds.sel(quantile=lower, drop=True)),
        "prior_upper": exponential(bounds.sel(quantile=upper, drop=True)),
        **{str(name): whole[name] for name in whole.data_vars},
        "prior_conflict": prior_conflict(posterior, nation),
        "name": authorities["name"],
    }
    return to_frame(found, by=("outcome", "authority"), columns=COLUMNS)


def refuse_without_nation(draws: xr.DataTree) -> None:
    """Refuse a question of standing to a fit without a prior pack. Raises FitError."""
    if not has_nation(draws):
        raise FitError(
            "this fit has no prior pack: its nation is its own authorities",
            "See the tables gradients and ranks; or name in the spec the prior_pack of a national "
            "fit, and fit again.",
        )
