"""Priors of a spec as PyMC variables."""

from __future__ import annotations

from typing import Any

import pymc as pm
import pytensor.tensor as pt
from pymc.logprob.transforms import Transform

from bayesgrad.spec.priors import InterceptPrior, LocationPrior, ScalePrior


class Guarded(Transform):  # type: ignore[misc]
    r"""Unconstrained scale of a standard deviation that few contrasts inform.

    :math:`\sigma = s / \ln(1 + e^{-u})`: the logarithm where :math:`\sigma` is well above the scale
    s, and its reciprocal below. A contrast of size c has the density
    :math:`\exp(-c^2 / 2 \sigma^2)`, which falls off a cliff on the scale of :math:`\ln \sigma`, and
    like a normal one on that of :math:`1 / \sigma`.

    Parameters
    ----------
    scale : tensor
        s, of the shape of the standard deviations: a little below those that contrasts suggest.
    """

    name = "guarded"

    def __init__(self, scale: Any) -> None:
        self.scale = scale

    def forward(self, value: Any, *_inputs: Any) -> Any:
        """U of a standard deviation."""
        ratio = self.scale / value
        return -ratio - pt.log1p(-pt.exp(-ratio))

    def backward(self, value: Any, *_inputs: Any) -> Any:
        """Give the standard deviation of u."""
        return self.scale / pt.softplus(-value)

    def log_jac_det(self, value: Any, *_inputs: Any) -> Any:
        """Log of the derivative of the standard deviation in u."""
        return pt.log(self.scale) - pt.softplus(value) - 2.0 * pt.log(pt.softplus(-value))


def guarded_variable(name: str, prior: ScalePrior, *, scale: Any, dims: tuple[str, ...]) -> Any:
    """Random variable of a standard deviation, sampled on the scale of `Guarded`."""
    return getattr(pm, prior.distribution)(
        name, **prior.parameters(), default_transform=Guarded(scale), dims=dims
    )


def prior_variable(name: str, prior: LocationPrior | ScalePrior, *, dims: tuple[str, ...]) -> Any:
    """Random variable `name` with a prior of a spec, in the model in context."""
    return getattr(pm, prior.distribution)(name, **prior.parameters(), dims=dims)


def intercept_variable(
    name: str, prior: InterceptPrior, *, crude: Any, dims: tuple[str, ...]
) -> Any:
    """Random variable of the intercept, centred at `crude` unless the prior says where."""
    parameters = {"mu": crude, **prior.parameters()}
    return getattr(pm, prior.distribution)(name, **parameters, dims=dims)
