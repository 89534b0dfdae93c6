"""Quantiles and distribution functions of the priors that a spec may name."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from bayesgrad.spec.priors import LocationPrior, ScalePrior


def location_interval(prior: LocationPrior, probability: float) -> tuple[float, float]:
    """Equal-tailed interval of a coefficient; an intercept without a location is around 0."""
    upper = 0.5 + 0.5 * probability
    parameters = prior.parameters()
    match prior.distribution:
        case "Normal":
            reach = parameters["sigma"] * float(ndtri(upper))
        case "StudentT":
            reach = parameters["sigma"] * float(stdtrit(parameters["nu"], upper))
        case "Laplace":
            reach = -parameters["b"] * float(np.log(2.0 * (1.0 - upper)))
    middle = parameters.get("mu", 0.0)
    return middle - reach, middle + reach


def scale_quantile(prior: ScalePrior, probability: float) -> float:
    """Value below which a standard deviation lies with a probability."""
    upper = 0.5 + 0.5 * probability
    match prior.distribution:
        case "HalfNormal":
            return prior.scale * float(ndtri(upper))
        case "HalfStudentT":
            return prior.scale * float(stdtrit(prior.parameters()["nu"], upper))
        case "HalfCauchy":
            return prior.scale * float(np.tan(0.5 * np.pi * probability))
        case "Exponential":
            return -prior.scale * float(np.log1p(-probability))


def share_below(prior: LocationPrior | ScalePrior, value: float, *, middle: float = 0.0) -> float:
    """Probability that a prior gives to values below one; `middle` serves where it lacks `mu`."""
    parameters = prior.parameters()
    if isinstance(prior, ScalePrior):
        return _half_share(prior, max(value, 0.0) / prior.scale)
    distance = value - parameters.get("mu", middle)
    match prior.distribution:
        case "Normal":
            return float(ndtr(distance / parameters["sigma"]))
        case "StudentT":
            return float(stdtr(parameters["nu"], distance / parameters["sigma"]))
        case "Laplace":
            tail = 0.5 * float(np.exp(-abs(distance) / parameters["b"]))
            return tail if distance < 0.0 else 1.0 - tail


def _half_share(prior: ScalePrior, scaled: float) -> float:
    match prior.distribution:
        case "HalfNormal":
            return 2.0 * float(ndtr(scaled)) - 1.0
        case "HalfStudentT":
            return 2.0 * float(stdtr(prior.parameters()["nu"], scaled)) - 1.0
        case "HalfCauchy":
            return 2.0 / np.pi * float(np.arctan(scaled))
        case "Exponential":
            return -float(np.expm1(-scaled))
