"""Authority effects in partially non-centred coordinates, and their gradient, as operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import DisconnectedType, disconnected_type
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.link.numba.dispatch.basic import (
    numba_njit,
    register_funcify_default_op_cache_key,
)

from bayesgrad.model.kernels import Systematic, effects_backward, effects_forward
from bayesgrad.model.kernels.packing import (
    assembled,
    by_outcome,
    of_authorities,
    part,
    scaled_factor,
    unscaled_factor,
)
from bayesgrad.model.operations.version import CACHE_VERSION

Tensor = Any


class Coefficients(NamedTuple):
    """Fixed effects of authorities' levels and gradients, symbolically.

    Attributes
    ----------
    intercept, slope : tensor, shape (outcomes,)
    between, interaction : tensor, shape (outcomes, moderation terms)
    moderator_level, moderator_gradient : tensor, shape (outcomes, moderators)
    """

    intercept: Tensor
    slope: Tensor
    between: Tensor
    interaction: Tensor
    moderator_level: Tensor
    moderator_gradient: Tensor


class Covariance(NamedTuple):
    """Covariance of authority effects, symbolically.

    Attributes
    ----------
    sd_intercept, sd_slope : tensor, shape (outcomes,)
    factor : tensor, shape (K (K + 1) / 2, blocks)
        Lower Cholesky factors of the correlations within blocks of K effects, by rows: one block of
        all outcomes' intercepts and slopes in turn, or one for each outcome.
    """

    sd_intercept: Tensor
    sd_slope: Tensor
    factor: Tensor


class Data(NamedTuple):
    """What the effects read of the data, symbolically.

    Attributes
    ----------
    columns : tensor, shape (1 + moderation terms + moderators, authorities)
        Ones, the moderation basis and further moderators.
    information : tensor, shape (blocks, K, K, authorities)
    pull : tensor, shape (blocks, K, authorities)
    """

    columns: Tensor
    information: Tensor
    pull: Tensor


class Effects(NamedTuple):
    """What comes of the coordinates, symbolically.

    Attributes
    ----------
    intercept, slope : tensor, shape (authorities, outcomes)
    density : tensor, shape ()
        Log density of the coordinates, less its constant.
    """

    intercept: Tensor
    slope: Tensor
    density: Tensor


def partial_effects(
    coefficients: Coefficients, covariance: Covariance, z: Tensor, data: Data
) -> Effects:
    """Effects of authorities whose coordinates are z, of shape (outcomes, 2, authorities).

    See `bayesgrad.model.kernels.effects`.
    """
    return Effects(*PartialEffects()(*coefficients, *covariance, z, *data))


DIFFERENTIABLE = len(Coefficients._fields) + len(Covariance._fields) + 1
"""Inputs with a gradient: the coefficients, the covariance and z; the rest is data."""


class PartialEffects(Op):  # type: ignore[misc]
    """Inputs and outputs as of `partial_effects`."""

    __props__ = ()

    def make_node(self, *inputs: Any) -> Apply:
        """Apply to coefficients, covariance, z and data."""
        given = [pt.as_tensor_variable(value) for value in inputs]
        return Apply(self, given, [pt.dmatrix(), pt.dmatrix(), pt.dscalar()])

    def infer_shape(self, _node: Any, shapes: list[Any]) -> list[Any]:
        """Shapes of the outputs."""
        outcomes, _, authorities = shapes[DIFFERENTIABLE - 1]
        return [(authorities, outcomes), (authorities, outcomes), ()]

    def perform(self, _node: Any, inputs: Any, outputs: Any) -> None:
        """Evaluate without compiling."""
        # What PyTensor broadcasts cannot be written to, and the kernels would be compiled for that.
        writable = (np.require(value, requirements=["C", "W"]) for value in inputs)
        _store(outputs, _forward(*writable))  # type: ignore[no-untyped-call]

    def connection_pattern(self, _node: Any) -> list[list[bool]]:
        """Every output depends on all but the data."""
        outputs = len(Effects._fields)
        return [[True] * outputs] * DIFFERENTIABLE + [[False] * outputs] * len(Data._fields)

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        """Gradients in the coefficients, the covariance and z."""
        given = [
            pt.zeros_like(output) if isinstance(cotangent.type, DisconnectedType) else cotangent
            for output, cotangent in zip(outputs, cotangents, strict=True)
        ]
        gradients = PartialEffectsGradient()(*inputs, *given)
        return [*gradients, *(disconnected_type() for _ in Data._fields)]


class PartialEffectsGradient(Op):  # type: ignore[misc]
    """Gradient of `PartialEffects`: its inputs and the derivatives in its outputs go in."""

    __props__ = ()

    def make_node(self, *inputs: Any) -> Apply:
        """Apply to the inputs of `PartialEffects`, and the derivatives in its outputs."""
        given = [pt.as_tensor_variable(value) for value in inputs]
        kinds = {1: pt.dvector, 2: pt.dmatrix, 3: pt.dtensor3}
        return Apply(self, given, [kinds[value.ndim]() for value in given[:DIFFERENTIABLE]])

    def infer_shape(self, _node: Any, shapes: list[Any]) -> list[Any]:
        """Shapes of the outputs."""
        return shapes[:DIFFERENTIABLE]

    def perform(self, _node: Any, inputs: Any, outputs: Any) -> None:
        """Evaluate without compiling."""
        _store(outputs, _backward(*inputs))  # type: ignore[no-untyped-call]


def _store(outputs: Any, results: Any) -> None:
    for storage, result in zip(outputs, results, strict=True):
        storage[0] = result


# The functions that PyTensor compiles only call what is compiled and cached on its own: each level
# of calls is compiled again with all that it calls. Outcomes and effects of the arrays that the
# model has stand in the order of the kernel's blocks and effects, so that changing from one to the
# other is a change of shape.


def _forward(  # type: ignore[no-untyped-def]
    a, b, between, interaction, of_level, of_gradient, sd_a, sd_b, factor, z, columns, h, pull
):
    coefficient = assembled(a, b, between, interaction, of_level, of_gradient)
    blocks, size, authorities = pull.shape
    own = np.ascontiguousarray(z).reshape((blocks, size, authorities))
    effects = np.empty_like(own)
    density = effects_forward(
        scaled_factor(np.ascontiguousarray(factor), sd_a, sd_b),
        Systematic(
            coefficient.reshape((blocks, size, coefficient.shape[2])),
            np.ascontiguousarray(columns),
        ),
        own,
        np.ascontiguousarray(h),
        np.ascontiguousarray(pull),
        effects,
    )
    drawn = effects.reshape(z.shape)
    return of_authorities(drawn, 0), of_authorities(drawn, 1), np.asarray(density)


def _backward(  # type: ignore[no-untyped-def]
    a,
    b,
    between,
    interaction,
    of_level,
    of_gradient,
    sd_a,
    sd_b,
    factor,
    z,
    columns,
    h,
    pull,
    d_intercept,
    d_slope,
    d_density,
):
    coefficient = assembled(a, b, between, interaction, of_level, of_gradient)
    blocks, size, authorities = pull.shape
    factor = np.ascontiguousarray(factor)
    scaled = scaled_factor(factor, sd_a, sd_b)
    own = np.ascontiguousarray(z).reshape((blocks, size, authorities))
    blocked = coefficient.reshape((blocks, size, coefficient.shape[2]))
    d_blocked, d_scaled = np.empty_like(blocked), np.empty_like(scaled)
    d_own = np.empty_like(own)
    effects_backward(
        scaled,
        Systematic(blocked, np.ascontiguousarray(columns)),
        own,
        np.ascontiguousarray(h),
        np.ascontiguousarray(pull),
        by_outcome(d_intercept, d_slope).reshape((blocks, size, authorities)),
        d_density.item(),
        d_scaled,
        d_blocked,
        d_own,
    )
    d_coefficient = d_blocked.reshape(coefficient.shape)
    d_sd_a, d_sd_b, d_factor = unscaled_factor(factor, d_scaled, sd_a, sd_b)
    terms, end = 1 + between.shape[1], coefficient.shape[2]
    return (
        part(d_coefficient, 0, 0, 1).reshape(-1),
        part(d_coefficient, 1, 0, 1).reshape(-1),
        part(d_coefficient, 0, 1, terms),
        part(d_coefficient, 1, 1, terms),
        part(d_coefficient, 0, terms, end),
        part(d_coefficient, 1, terms, end),
        d_sd_a,
        d_sd_b,
        d_factor,
        d_own.reshape(z.shape),
    )


def _compiler(function: Callable[..., Any]) -> Callable[..., Any]:
    def compiler(_op: Op, **_: Any) -> tuple[Any, int]:
        return numba_njit(function), CACHE_VERSION

    return compiler


register_funcify_default_op_cache_key(PartialEffects)(_compiler(_forward))
register_funcify_default_op_cache_key(PartialEffectsGradient)(_compiler(_backward))
