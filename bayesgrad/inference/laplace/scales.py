"""Densities of priors of scales, at logs of their values."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln

from bayesgrad.design.splines import Floats
from bayesgrad.spec.priors import ScalePrior


def log_density(prior: ScalePrior, log_value: Floats) -> Floats:
    """Log density of scales at exp(`log_value`), with all its constants."""
    scaled = np.exp(log_value) / prior.scale
    match prior.distribution:
        case "HalfNormal":
            shape = 0.5 * np.log(2.0 / np.pi) - 0.5 * scaled**2
        case "HalfCauchy":
            shape = np.log(2.0 / np.pi) - np.log1p(scaled**2)
        case "Exponential":
            shape = -scaled
        case "HalfStudentT":
            nu = prior.parameters()["nu"]
            constant = np.log(2.0) + gammaln((nu + 1) / 2) - gammaln(nu / 2)
            constant -= 0.5 * np.log(nu * np.pi)
            shape = constant - (nu + 1) / 2 * np.log1p(scaled**2 / nu)
    found: Floats = shape - np.log(prior.scale)
    return found


def log_density_slope(prior: ScalePrior, log_value: Floats) -> Floats:
    """Derivative of `log_density` in the log of the value."""
    scaled: Floats = np.exp(log_value) / prior.scale
    square = scaled**2
    match prior.distribution:
        case "HalfNormal":
            return -square
        case "HalfCauchy":
            return -2.0 * square / (1.0 + square)
        case "Exponential":
            return -scaled
        case "HalfStudentT":
            nu = prior.parameters()["nu"]
            return -(nu + 1.0) * square / (nu + square)
