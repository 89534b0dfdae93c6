"""Priors of a spec as PyMC variables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from bayesgrad.design.splines import Floats
from bayesgrad.spec.priors import InterceptPrior, LocationPrior, ScalePrior


def prior_variable(name: str, prior: LocationPrior | ScalePrior, *, dims: tuple[str, ...]) -> Any:
    """Random variable `name` with a prior of a spec, in the model in context."""
    return getattr(pm, prior.distribution)(name, **prior.parameters(), dims=dims)


def intercept_variable(
    name: str, prior: InterceptPrior, *, crude: Any, dims: tuple[str, ...]
) -> Any:
    """Random variable of the intercept, centred at `crude` unless the prior says where."""
    parameters = {"mu": crude, **prior.parameters()}
    return getattr(pm, prior.distribution)(name, **parameters, dims=dims)


def guarded_variable(name: str, prior: ScalePrior, *, scale: Any, dims: tuple[str, ...]) -> Any:
    r"""Standard deviation that few contrasts inform, sampled on a scale u without a cliff.

    :math:`\sigma = s / \ln(1 + e^{-u})`: u is like the logarithm where :math:`\sigma` is well above
    the scale s, and like minus the reciprocal below. A contrast of size c has the density
    :math:`\exp(-c^2 / 2 \sigma^2)`, which falls off a cliff on the scale of :math:`\ln \sigma`, and
    like a normal one on that of :math:`1 / \sigma`.

    Parameters
    ----------
    scale : tensor
        s, a little below the standard deviations that contrasts suggest.
    """
    u = pm.Flat(f"{name}_guarded", dims=dims)
    below = pt.softplus(-u)
    sd = pm.Deterministic(name, scale / below, dims=dims)
    density = pm.logp(getattr(pm, prior.distribution).dist(**prior.parameters()), sd)
    jacobian = pt.log(scale) - pt.softplus(u) - 2.0 * pt.log(below)
    pm.Potential(f"{name}_prior", (density + jacobian).sum())
    return sd


def to_guarded(sd: Floats, scale: Floats) -> Floats:
    """U of standard deviations; see `guarded_variable`."""
    ratio = scale / sd
    return -ratio - np.log1p(-np.exp(-ratio))
