"""What priors imply for rates and gradients, in words: each holds in 95 of 100 draws of it."""

from __future__ import annotations

import numpy as np
from scipy.special import betaincinv

from bayesgrad.design.design import Design
from bayesgrad.design.splines import Floats
from bayesgrad.model.coefficient_priors import CoefficientPrior, coefficient_priors
from bayesgrad.model.covariance import blocks_of
from bayesgrad.model.prior_quantiles import location_interval, scale_quantile
from bayesgrad.spec.default_priors import STATED_UNIT
from bayesgrad.spec.model_spec import ModelSpec

PROBABILITY = 0.95
TYPICAL_DIFFERENCE = 0.9539
"""Median distance of two draws of a normal distribution, in standard deviations."""
MEAN_COUNT = 10
"""Of the area whose variance tells what overdispersion is."""

SPREADS = {
    "sd_intercept": "rates of two authorities",
    "sd_slope": "gradients of two authorities",
    "sd_stratum_intercept": "rates of two strata",
    "sd_stratum_slope": "gradients of two strata",
    "sd_authority_stratum_intercept": "rates of an authority's strata, beside the nation's,",
    "sd_authority_stratum_slope": "gradients of an authority's strata, beside the nation's,",
    "sd_neighbourhood": "rates of two neighbourhoods of an authority",
}


def implications(spec: ModelSpec, design: Design) -> dict[str, str]:
    """What the prior of each parameter implies, by its key of `[priors]`; without a prior pack."""
    found: dict[str, str] = {}
    for prior in coefficient_priors(spec, design):
        found.setdefault(prior.key, _of_coefficient(spec, design, prior))
    for name, what in SPREADS.items():
        most = np.exp(TYPICAL_DIFFERENCE * scale_quantile(spec.scale_prior(name), PROBABILITY))
        found[name] = f"{what} typically differ by a factor of at most {most:.3g}"
    found["overdispersion"] = _of_overdispersion(spec, design)
    found["correlation"] = _of_correlation(spec, design)
    return {key: words for key, words in found.items() if words}


def _of_coefficient(spec: ModelSpec, design: Design, prior: CoefficientPrior) -> str:
    unit = spec.gradient.unit
    lower, upper = location_interval(prior.prior, PROBABILITY)
    match prior.key:
        case "intercept" if "mu" in prior.prior.parameters():
            return ""
        case "intercept":
            return f"the average rate is within a factor of {np.exp(upper):.3g} of the crude rate"
        case "slope":
            low, high = np.exp(np.array([lower, upper]) * prior.factor[0])
            return f"a gradient of {low:.3g} to {high:.3g} per +{unit:g}"
        case "between" | "interaction":
            what = "rates" if prior.key == "between" else "gradients"
            return _between_extremes(what, design, prior)
        case "covariates" | "moderators":
            what = "rates" if prior.key == "covariates" else "gradients"
            size = float(np.max(prior.factor * _steps(design, prior)))
            return _differ(
                what, size * lower, size * upper, "for one sd of a column, or its two values"
            )
    return _of_curvature(spec, prior)


def _of_curvature(spec: ModelSpec, prior: CoefficientPrior) -> str:
    lower, upper = location_interval(prior.prior, PROBABILITY)
    if spec.gradient.curvature != "quadratic":
        return _differ("rates", lower, upper, "for one sd of a bend")
    apart = 2.0 * prior.factor[0] * (STATED_UNIT / spec.gradient.unit) ** 2
    return _differ("gradients", lower * apart, upper * apart, f"for areas {STATED_UNIT:g} apart")


def _steps(design: Design, prior: CoefficientPrior) -> Floats:
    covariates = design.rows.covariates
    if prior.dim == "authority_moderator":
        return design.authorities.moderators.step
    if prior.variable == "covariate":
        return covariates.step
    return covariates.step[[covariates.names.index(name) for name in design.area_moderators]]


def _between_extremes(what: str, design: Design, prior: CoefficientPrior) -> str:
    """Difference that authority deprivation makes between the ends of its range."""
    deprivation = design.authorities.deprivation
    ends = np.array([deprivation.min(), deprivation.max()])
    if ends[0] == ends[1]:
        return ""
    change = np.diff(design.basis.at(ends), axis=0)[0] * prior.factor
    lower, upper = location_interval(prior.prior, PROBABILITY)
    middle, reach = 0.5 * (lower + upper) * change.sum(), 0.5 * (upper - lower)
    reach *= float(np.sqrt((change**2).sum()))
    of = f"of the least and the most deprived authority ({ends[0]:.3f}, {ends[1]:.3f})"
    return _differ(f"{what} {of}", middle - reach, middle + reach)


def _differ(what: str, lower: float, upper: float, when: str = "") -> str:
    """Say by which factor rates or gradients differ, whose log ratio lies within bounds."""
    end = f" {when}" if when else ""
    if np.isclose(-lower, upper):
        return f"{what} differ by a factor of at most {np.exp(upper):.3g}{end}"
    return f"{what} differ by a factor of {np.exp(lower):.3g} to {np.exp(upper):.3g}{end}"


def _of_overdispersion(spec: ModelSpec, design: Design) -> str:
    square = scale_quantile(spec.scale_prior("overdispersion"), PROBABILITY) ** 2
    if any(form.family == "negative_binomial" for form in design.forms):
        return (
            f"the variance of a count of mean {MEAN_COUNT} is at most "
            f"{1.0 + MEAN_COUNT * square:.3g} times that of chance"
        )
    return f"cases of an area are alike with a correlation of at most {square / (1 + square):.2g}"


def _of_correlation(spec: ModelSpec, design: Design) -> str:
    eta = float(spec.priors.correlation.eta or 1.0)
    shape = eta - 1.0 + 0.5 * blocks_of(spec, len(design.forms))[1]
    most = 2.0 * float(betaincinv(shape, shape, 0.5 + 0.5 * PROBABILITY)) - 1.0
    return f"each lies between {-most:.2f} and {most:.2f}"
