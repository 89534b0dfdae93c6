"""Effects of neighbourhoods in coordinates informed by the data, and their gradient."""

from __future__ import annotations

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

from bayesgrad.model.kernels.neighbourhoods import (
    Quadratics,
    neighbourhoods_backward,
    neighbourhoods_forward,
)
from bayesgrad.model.operations.version import CACHE_VERSION

Tensor = Any
DIFFERENTIABLE = 4
"""Inputs before the data: sd, z, and the intercepts and slopes of authorities."""
DATA = len(Quadratics._fields)


class NeighbourhoodEffects(NamedTuple):
    """What comes of the coordinates, symbolically.

    Attributes
    ----------
    values : tensor, shape (outcomes, neighbourhoods)
    density : tensor, shape ()
        Log density of the coordinates, less its constant.
    """

    values: Tensor
    density: Tensor


def informed_neighbourhoods(
    sd: Tensor, z: Tensor, intercept: Tensor, slope: Tensor, data: tuple[Tensor, ...]
) -> NeighbourhoodEffects:
    """Effects of neighbourhoods whose coordinates are z.

    See `bayesgrad.model.kernels.neighbourhoods` for the arguments; `data` are the fields of
    `Quadratics`.
    """
    return NeighbourhoodEffects(*InformedNeighbourhoods()(sd, z, intercept, slope, *data))


class InformedNeighbourhoods(Op):  # type: ignore[misc]
    """Inputs and outputs as of `informed_neighbourhoods`."""

    __props__ = ()

    def make_node(self, *inputs: Any) -> Apply:
        """Apply to sd, z, the effects of authorities and the data."""
        given = [pt.as_tensor_variable(value) for value in inputs]
        return Apply(self, given, [pt.dmatrix(), pt.dscalar()])

    def infer_shape(self, _node: Any, shapes: list[Any]) -> list[Any]:
        """Shapes of the outputs."""
        return [shapes[1], ()]

    def perform(self, _node: Any, inputs: Any, outputs: Any) -> None:
        """Evaluate without compiling."""
        outputs[0][0], outputs[1][0] = _forward(*inputs)  # type: ignore[no-untyped-call]

    def connection_pattern(self, _node: Any) -> list[list[bool]]:
        """Both outputs depend on all but the data."""
        return [[True, True]] * DIFFERENTIABLE + [[False, False]] * DATA

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        """Gradients in sd, z and the effects of authorities."""
        given = [
            pt.zeros_like(output) if isinstance(cotangent.type, DisconnectedType) else cotangent
            for output, cotangent in zip(outputs, cotangents, strict=True)
        ]
        gradients = InformedNeighbourhoodsGradient()(*inputs, *given)
        return [*gradients, *(disconnected_type() for _ in range(DATA))]


class InformedNeighbourhoodsGradient(Op):  # type: ignore[misc]
    """Gradient of `InformedNeighbourhoods`; its inputs and the derivatives in its outputs go in."""

    __props__ = ()

    def make_node(self, *inputs: Any) -> Apply:
        """Apply to the inputs of `InformedNeighbourhoods`, and the derivatives in its outputs."""
        given = [pt.as_tensor_variable(value) for value in inputs]
        return Apply(self, given, [pt.dvector(), pt.dmatrix(), pt.dmatrix(), pt.dmatrix()])

    def infer_shape(self, _node: Any, shapes: list[Any]) -> list[Any]:
        """Shapes of the outputs."""
        return shapes[:DIFFERENTIABLE]

    def perform(self, _node: Any, inputs: Any, outputs: Any) -> None:
        """Evaluate without compiling."""
        for storage, result in zip(
            outputs,
            _backward(*inputs),  # type: ignore[no-untyped-call]
            strict=True,
        ):
            storage[0] = result


def _forward(sd, z, intercept, slope, start, information, pull):  # type: ignore[no-untyped-def]
    values = np.empty(z.shape)
    density = neighbourhoods_forward(
        np.ascontiguousarray(sd),
        np.ascontiguousarray(z),
        np.ascontiguousarray(intercept),
        np.ascontiguousarray(slope),
        Quadratics(
            np.ascontiguousarray(start),
            np.ascontiguousarray(information),
            np.ascontiguousarray(pull),
        ),
        values,
    )
    return values, np.asarray(density)


def _backward(  # type: ignore[no-untyped-def]
    sd, z, intercept, slope, start, information, pull, d_values, d_density
):
    sd, z = np.ascontiguousarray(sd), np.ascontiguousarray(z)
    intercept, slope = np.ascontiguousarray(intercept), np.ascontiguousarray(slope)
    d_sd, d_z = np.empty_like(sd), np.empty_like(z)
    d_intercept, d_slope = np.empty_like(intercept), np.empty_like(slope)
    neighbourhoods_backward(
        sd,
        z,
        intercept,
        slope,
        Quadratics(
            np.ascontiguousarray(start),
            np.ascontiguousarray(information),
            np.ascontiguousarray(pull),
        ),
        np.ascontiguousarray(d_values),
        d_density.item(),
        d_sd,
        d_z,
        d_intercept,
        d_slope,
    )
    return d_sd, d_z, d_intercept, d_slope


@register_funcify_default_op_cache_key(InformedNeighbourhoods)
def _compiled(_op: InformedNeighbourhoods, **_: Any) -> tuple[Any, int]:
    return numba_njit(_forward), CACHE_VERSION


@register_funcify_default_op_cache_key(InformedNeighbourhoodsGradient)
def _compiled_gradient(_op: InformedNeighbourhoodsGradient, **_: Any) -> tuple[Any, int]:
    return numba_njit(_backward), CACHE_VERSION
