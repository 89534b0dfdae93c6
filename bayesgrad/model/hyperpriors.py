r"""Where the parameters of a model come from: priors of the spec, or a national prior pack.

From a pack, all parameters are jointly normal on its unconstrained scale,
:math:`h = m + L z` with z standard normal and :math:`L L'` their covariance; each variable is
its part of h, transformed back. A pack's parameters are known well, so that these coordinates,
those of the prior, suit them.
"""

from __future__ import annotations

from typing import Any, Protocol

import pymc as pm
import pytensor.tensor as pt

from bayesgrad.model.coefficient_priors import CoefficientPrior
from bayesgrad.model.priors import prior_variable
from bayesgrad.spec.model_spec import ModelSpec
from bayesgrad.spec.pack_layout import PARTIAL_CORRELATION
from bayesgrad.spec.prior_pack import PriorPack
from bayesgrad.spec.priors import InterceptPrior, ScalePrior

Tensor = Any


class Hyperpriors(Protocol):
    """What gives the parameters of a model."""

    def coefficient(
        self, prior: CoefficientPrior, data: dict[str, Tensor], *, dims: tuple[str, ...]
    ) -> Tensor:
        """Add the coefficients of a variable to the model in context."""
        ...

    def scale(self, name: str, prior: ScalePrior, *, dims: tuple[str, ...]) -> Tensor:
        """Add a standard deviation, or 1/sqrt(alpha)."""
        ...

    def partial_correlations(self, shape: Any, *, dims: tuple[str, ...]) -> Tensor:
        """Add partial correlations, beta distributed with `shape` unless a pack has them."""
        ...


def hyperpriors_of(spec: ModelSpec, data: dict[str, Tensor]) -> Hyperpriors:
    """Parameters of a spec, in the model in context.

    Parameters
    ----------
    spec : ModelSpec
    data : dict of tensors
        With a prior pack, ``pack_mean`` and ``pack_factor``.
    """
    return SpecPriors() if spec.prior_pack is None else PackPriors(spec.prior_pack, data)


class SpecPriors:
    """Parameters with the priors of the spec, independent of one another."""

    def coefficient(
        self, prior: CoefficientPrior, data: dict[str, Tensor], *, dims: tuple[str, ...]
    ) -> Tensor:
        """See `Hyperpriors`."""
        parameters = dict(prior.sampled)
        if isinstance(prior.prior, InterceptPrior):
            parameters = {"mu": data["crude_level"], **parameters}
        free = getattr(pm, prior.prior.distribution)(prior.free, **parameters, dims=dims)
        if prior.plain:
            return free
        return pm.Deterministic(prior.variable, free * data[f"{prior.variable}_factor"], dims=dims)

    def scale(self, name: str, prior: ScalePrior, *, dims: tuple[str, ...]) -> Tensor:
        """See `Hyperpriors`."""
        return prior_variable(name, prior, dims=dims)

    def partial_correlations(self, shape: Any, *, dims: tuple[str, ...]) -> Tensor:
        """See `Hyperpriors`."""
        half = pm.Beta("correlation_half", shape, shape, dims=dims)
        return 2.0 * half - 1.0


class PackPriors:
    """Parameters of a prior pack."""

    def __init__(self, pack: PriorPack, data: dict[str, Tensor]) -> None:
        self._blocks = {block.variable: block for block in pack.blocks}
        z = pm.Normal("z_parameters", dims=("parameter",))
        self._values = data["pack_mean"] + pt.dot(data["pack_factor"], z)

    def coefficient(
        self, prior: CoefficientPrior, data: dict[str, Tensor], *, dims: tuple[str, ...]
    ) -> Tensor:
        """See `Hyperpriors`; the pack's own prior takes the place of `prior`."""
        name = prior.variable
        return pm.Deterministic(name, self._transformed(name), dims=dims)

    def scale(self, name: str, prior: ScalePrior, *, dims: tuple[str, ...]) -> Tensor:
        """See `Hyperpriors`; the pack's own prior takes the place of `prior`."""
        return pm.Deterministic(name, self._transformed(name), dims=dims)

    def partial_correlations(self, shape: Any, *, dims: tuple[str, ...]) -> Tensor:
        """See `Hyperpriors`."""
        joint = PARTIAL_CORRELATION in self._blocks
        return self._transformed(PARTIAL_CORRELATION if joint else "correlation")

    def _transformed(self, name: str) -> Tensor:
        block = self._blocks[name]
        values = self._values[block.place].reshape(block.shape)
        match block.scale:
            case "log":
                return pt.exp(values)
            case "atanh":
                return pt.tanh(values)
        return values
