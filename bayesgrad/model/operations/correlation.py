"""Cholesky factors of the correlation of authority effects, as operations.

Each has two outputs: factors (K (K + 1) / 2, blocks), packed by rows, and the correlations
(K (K - 1) / 2, blocks), which are to be read and have no gradient.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import disconnected_type
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.link.numba.dispatch.basic import (
    numba_njit,
    register_funcify_default_op_cache_key,
)

from bayesgrad.model.kernels.correlation import (
    effects_of,
    loadings_backward,
    loadings_forward,
    partial_backward,
    partial_forward,
)
from bayesgrad.model.operations.version import CACHE_VERSION


class _Factor(Op):  # type: ignore[misc]
    """An operation on one matrix with the outputs of this module."""

    __props__ = ()
    gradient: type[Op]

    def make_node(self, matrix: Any) -> Apply:
        """Apply to the matrix."""
        return Apply(self, [pt.as_tensor_variable(matrix)], [pt.dmatrix(), pt.dmatrix()])

    def connection_pattern(self, _node: Any) -> list[list[bool]]:
        """The factor alone has a gradient."""
        return [[True, False]]

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        """Gradient in the matrix."""
        return [self.gradient()(inputs[0], outputs[0], cotangents[0])]


class _FactorGradient(Op):  # type: ignore[misc]
    """Gradient in the matrix: the matrix, the factor and the derivative in the factor go in."""

    __props__ = ()

    def make_node(self, *inputs: Any) -> Apply:
        """Apply to the matrix, the factor and the derivative in it."""
        return Apply(self, [pt.as_tensor_variable(value) for value in inputs], [pt.dmatrix()])

    def infer_shape(self, _node: Any, shapes: list[Any]) -> list[Any]:
        """Shape of the matrix."""
        return shapes[:1]

    def connection_pattern(self, _node: Any) -> list[list[bool]]:
        """There is no second derivative."""
        return [[False]] * 3

    def pullback(self, _inputs: Any, _outputs: Any, _cotangents: Any) -> list[Any]:
        """No second derivative."""
        return [disconnected_type() for _ in range(3)]


class FactorOfPartialGradient(_FactorGradient):
    """Gradient of `FactorOfPartial`."""

    def perform(self, _node: Any, inputs: Any, outputs: Any) -> None:
        """Evaluate without compiling."""
        outputs[0][0] = _partial_backward(*inputs)  # type: ignore[no-untyped-call]


class FactorOfPartial(_Factor):
    """Factors of the partial correlations of blocks of effects, (K (K - 1) / 2, blocks)."""

    gradient = FactorOfPartialGradient

    def perform(self, _node: Any, inputs: Any, outputs: Any) -> None:
        """Evaluate without compiling."""
        outputs[0][0], outputs[1][0] = _partial_forward(*inputs)  # type: ignore[no-untyped-call]


class FactorOfLoadingsGradient(_FactorGradient):
    """Gradient of `FactorOfLoadings`."""

    def perform(self, _node: Any, inputs: Any, outputs: Any) -> None:
        """Evaluate without compiling."""
        outputs[0][0] = _loadings_backward(*inputs)  # type: ignore[no-untyped-call]


class FactorOfLoadings(_Factor):
    """Factor of the correlation that loadings, (K, factors), give, as one block."""

    gradient = FactorOfLoadingsGradient

    def perform(self, _node: Any, inputs: Any, outputs: Any) -> None:
        """Evaluate without compiling."""
        outputs[0][0], outputs[1][0] = _loadings_forward(*inputs)  # type: ignore[no-untyped-call]


def _partial_forward(partial):  # type: ignore[no-untyped-def]
    partial = np.ascontiguousarray(partial)
    pairs, blocks = partial.shape
    factor = np.empty((pairs + effects_of(pairs), blocks))
    correlation = np.empty((pairs, blocks))
    partial_forward(partial, factor, correlation)
    return factor, correlation


def _partial_backward(partial, _factor, d_factor):  # type: ignore[no-untyped-def]
    partial = np.ascontiguousarray(partial)
    d_partial = np.empty_like(partial)
    partial_backward(partial, np.ascontiguousarray(d_factor), d_partial)
    return d_partial


def _loadings_forward(loadings):  # type: ignore[no-untyped-def]
    loadings = np.ascontiguousarray(loadings)
    size = len(loadings)
    factor = np.empty((size * (size + 1) // 2, 1))
    correlation = np.empty((size * (size - 1) // 2, 1))
    loadings_forward(loadings, factor, correlation)
    return factor, correlation


def _loadings_backward(loadings, factor, d_factor):  # type: ignore[no-untyped-def]
    loadings = np.ascontiguousarray(loadings)
    d_loadings = np.empty_like(loadings)
    loadings_backward(
        loadings, np.ascontiguousarray(factor), np.ascontiguousarray(d_factor), d_loadings
    )
    return d_loadings


def _register(operation: type[Op], function: Any) -> None:
    def compiler(_op: Op, **_: Any) -> tuple[Any, int]:
        return numba_njit(function), CACHE_VERSION

    register_funcify_default_op_cache_key(operation)(compiler)


_register(FactorOfPartial, _partial_forward)
_register(FactorOfPartialGradient, _partial_backward)
_register(FactorOfLoadings, _loadings_forward)
_register(FactorOfLoadingsGradient, _loadings_backward)
