"""Priors of a spec as PyMC variables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from bayesgrad.design.splines import Floats
from bayesgrad.spec.priors import LocationPrior, ScalePrior


def prior_variable(name: str, prior: LocationPrior | ScalePrior, *, dims: tuple[str, ...]) -> Any:
    """Random variable `name` with a prior of a spec, in the model in context."""
    return getattr(pm, prior.distribution)(name, **prior.parameters(), dims=dims)


def guarded_variable(name: str, prior: ScalePrior, *, scale: Any, dims: tuple[str, ...]) -> Any:
    r"""Standard deviation that few contrasts inform, sampled on a scale u without cliffs.

    With s the lower and S the upper scale,

    .. math:: \sigma = S \ln(1 + r), \qquad r = \frac{s / S}{\ln(1 + e^{-u})},

    so that u is like :math:`\ln \sigma` between the two, like minus its reciprocal below, and like
    :math:`\sigma` itself above. On the scale of :math:`\ln \sigma` the density of a contrast of
    size c, :math:`\exp(-c^2 / 2 \sigma^2)`, falls off a cliff on the left, and the prior's does on
    the right; here both fall like that of a normal distribution.

    Parameters
    ----------
    scale : tensor
        s, a little below the standard deviations that contrasts suggest; S is the prior's own.
    """
    u = pm.Flat(f"{name}_guarded", dims=dims)
    below = pt.softplus(-u)
    ratio = scale / prior.scale / below
    sd = pm.Deterministic(name, prior.scale * pt.log1p(ratio), dims=dims)
    density = pm.logp(getattr(pm, prior.distribution).dist(**prior.parameters()), sd)
    jacobian = pt.log(scale) - pt.softplus(u) - 2.0 * pt.log(below) - pt.log1p(ratio)
    pm.Potential(f"{name}_prior", (density + jacobian).sum())
    return sd


def to_guarded(sd: Floats, prior: ScalePrior, *, scale: Floats) -> Floats:
    """U of standard deviations; see `guarded_variable`."""
    below = scale / prior.scale / np.expm1(sd / prior.scale)
    return -below - np.log1p(-np.exp(-below))
