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
from bayesgrad.model.kernels.compiling import compiled
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
        _store(outputs, _forward(*inputs))  # type: ignore[no-untyped-call]

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


@compiled
def _assembled(intercept, slope, between, interaction, of_level, of_gradient):  # type: ignore[no-untyped-def]
    """Coefficients as the kernel takes them: (outcomes, 2, terms)."""
    terms, moderators = between.shape[1], of_level.shape[1]
    coefficient = np.empty((len(intercept), 2, 1 + terms + moderators))
    for s in range(len(intercept)):
        coefficient[s, 0, 0] = intercept[s]
        coefficient[s, 1, 0] = slope[s]
        for k in range(terms):
            coefficient[s, 0, 1 + k] = between[s, k]
            coefficient[s, 1, 1 + k] = interaction[s, k]
        for k in range(moderators):
            coefficient[s, 0, 1 + terms + k] = of_level[s, k]
            coefficient[s, 1, 1 + terms + k] = of_gradient[s, k]
    return coefficient


@compiled
def _part(coefficient, effect, first, last):  # type: ignore[no-untyped-def]
    """Some terms of one effect: (outcomes, terms)."""
    part = np.empty((len(coefficient), last - first))
    for s in range(len(coefficient)):
        for k in range(last - first):
            part[s, k] = coefficient[s, effect, first + k]
    return part


@compiled
def _scaled(factor, sd_intercept, sd_slope):  # type: ignore[no-untyped-def]
    """Factors of covariances from those of correlations, as the kernel takes them."""
    scaled = np.empty_like(factor)
    blocks = factor.shape[1]
    size = 2 * len(sd_slope) // blocks
    for b in range(blocks):
        for i in range(size):
            effect = b * size + i
            sd = sd_intercept[effect // 2] if effect % 2 == 0 else sd_slope[effect // 2]
            for k in range(i + 1):
                entry = i * (i + 1) // 2 + k
                scaled[entry, b] = sd * factor[entry, b]
    return scaled


@compiled
def _unscaled(factor, d_scaled, sd_intercept, sd_slope):  # type: ignore[no-untyped-def]
    """Derivatives in both standard deviations and in the factors of correlations."""
    d_factor = np.empty_like(factor)
    d_intercept, d_slope = np.zeros_like(sd_intercept), np.zeros_like(sd_slope)
    blocks = factor.shape[1]
    size = 2 * len(sd_slope) // blocks
    for b in range(blocks):
        for i in range(size):
            effect = b * size + i
            sd = sd_intercept[effect // 2] if effect % 2 == 0 else sd_slope[effect // 2]
            total = 0.0
            for k in range(i + 1):
                entry = i * (i + 1) // 2 + k
                d_factor[entry, b] = sd * d_scaled[entry, b]
                total += factor[entry, b] * d_scaled[entry, b]
            if effect % 2 == 0:
                d_intercept[effect // 2] += total
            else:
                d_slope[effect // 2] += total
    return d_intercept, d_slope, d_factor


@compiled
def _of_authorities(effects, effect):  # type: ignore[no-untyped-def]
    """One of two effects, (outcomes, 2, authorities), by authority: (authorities, outcomes)."""
    outcomes, _, authorities = effects.shape
    values = np.empty((authorities, outcomes))
    for s in range(outcomes):
        for j in range(authorities):
            values[j, s] = effects[s, effect, j]
    return values


@compiled
def _by_outcome(intercept, slope):  # type: ignore[no-untyped-def]
    """Two effects, each (authorities, outcomes), as the kernel takes them."""
    authorities, outcomes = intercept.shape
    effects = np.empty((outcomes, 2, authorities))
    for j in range(authorities):
        for s in range(outcomes):
            effects[s, 0, j] = intercept[j, s]
            effects[s, 1, j] = slope[j, s]
    return effects


# The functions that PyTensor compiles only call what is compiled and cached on its own: each level
# of calls is compiled again with all that it calls. Outcomes and effects of the arrays that the
# model has stand in the order of the kernel's blocks and effects, so that changing from one to the
# other is a change of shape.


def _forward(  # type: ignore[no-untyped-def]
    a, b, between, interaction, of_level, of_gradient, sd_a, sd_b, factor, z, columns, h, pull
):
    coefficient = _assembled(a, b, between, interaction, of_level, of_gradient)
    blocks, size, authorities = pull.shape
    own = np.ascontiguousarray(z).reshape((blocks, size, authorities))
    effects = np.empty_like(own)
    density = effects_forward(
        _scaled(np.ascontiguousarray(factor), sd_a, sd_b),
        Systematic(
            coefficient.reshape((blocks, size, coefficient.shape[2])),
            np.ascontiguousarray(columns),
        ),
        own,
        np.ascontiguousarray(h),
        np.ascontiguousarray(pull),
        effects,
    )
    by_outcome = effects.reshape(z.shape)
    return _of_authorities(by_outcome, 0), _of_authorities(by_outcome, 1), np.asarray(density)


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
    coefficient = _assembled(a, b, between, interaction, of_level, of_gradient)
    blocks, size, authorities = pull.shape
    factor = np.ascontiguousarray(factor)
    scaled = _scaled(factor, sd_a, sd_b)
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
        _by_outcome(d_intercept, d_slope).reshape((blocks, size, authorities)),
        d_density.item(),
        d_scaled,
        d_blocked,
        d_own,
    )
    d_coefficient = d_blocked.reshape(coefficient.shape)
    d_sd_a, d_sd_b, d_factor = _unscaled(factor, d_scaled, sd_a, sd_b)
    terms, end = 1 + between.shape[1], coefficient.shape[2]
    return (
        _part(d_coefficient, 0, 0, 1).reshape(-1),
        _part(d_coefficient, 1, 0, 1).reshape(-1),
        _part(d_coefficient, 0, 1, terms),
        _part(d_coefficient, 1, 1, terms),
        _part(d_coefficient, 0, terms, end),
        _part(d_coefficient, 1, terms, end),
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
