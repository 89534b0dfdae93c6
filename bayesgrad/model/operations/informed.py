"""Contrasts in coordinates informed by the data, and their gradient, as operations."""

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

from bayesgrad.model.kernels.informed import informed_backward, informed_forward
from bayesgrad.model.operations.version import CACHE_VERSION

Tensor = Any
CONNECTED = (True, True, False, False, True)
"""Inputs with a gradient: all but the basis and the information."""


class Contrasts(NamedTuple):
    """What comes of the coordinates, symbolically.

    Attributes
    ----------
    values : tensor, shape (sets, n)
    density : tensor, shape ()
        Log density of the coordinates, less its constant.
    """

    values: Tensor
    density: Tensor


def informed_contrasts(
    sd: Tensor, z: Tensor, basis: Tensor, information: Tensor, pull: Tensor
) -> Contrasts:
    """Values of normal contrasts whose coordinates are z.

    See `bayesgrad.model.kernels.informed` for the arguments.
    """
    return Contrasts(*InformedContrasts()(sd, z, basis, information, pull))


class InformedContrasts(Op):  # type: ignore[misc]
    """Inputs and outputs as of `informed_contrasts`."""

    __props__ = ()

    def make_node(self, *inputs: Any) -> Apply:
        """Apply to sd, z, basis, information and pull."""
        given = [pt.as_tensor_variable(value) for value in inputs]
        return Apply(self, given, [pt.dmatrix(), pt.dscalar()])

    def perform(self, _node: Any, inputs: Any, outputs: Any) -> None:
        """Evaluate without compiling."""
        outputs[0][0], outputs[1][0] = _forward(*inputs)  # type: ignore[no-untyped-call]

    def connection_pattern(self, _node: Any) -> list[list[bool]]:
        """Both outputs depend on sd, z and the pull."""
        return [[connected, connected] for connected in CONNECTED]

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        """Gradients in sd, z and the pull."""
        given = [
            pt.zeros_like(output) if isinstance(cotangent.type, DisconnectedType) else cotangent
            for output, cotangent in zip(outputs, cotangents, strict=True)
        ]
        gradients = iter(InformedContrastsGradient()(*inputs, *given))
        return [next(gradients) if known else disconnected_type() for known in CONNECTED]


class InformedContrastsGradient(Op):  # type: ignore[misc]
    """Gradient of `InformedContrasts`: its inputs and the derivatives in its outputs go in."""

    __props__ = ()

    def make_node(self, *inputs: Any) -> Apply:
        """Apply to the inputs of `InformedContrasts`, and the derivatives in its outputs."""
        given = [pt.as_tensor_variable(value) for value in inputs]
        return Apply(self, given, [pt.dvector(), pt.dmatrix(), pt.dmatrix()])

    def infer_shape(self, _node: Any, shapes: list[Any]) -> list[Any]:
        """Shapes of sd, z and the pull."""
        return [*shapes[:2], shapes[1]]

    def perform(self, _node: Any, inputs: Any, outputs: Any) -> None:
        """Evaluate without compiling."""
        for storage, value in zip(
            outputs,
            _backward(*inputs),  # type: ignore[no-untyped-call]
            strict=True,
        ):
            storage[0] = value


def _forward(sd, z, basis, information, pull):  # type: ignore[no-untyped-def]
    values = np.empty(basis.shape[:2])
    density = informed_forward(
        np.ascontiguousarray(sd),
        np.ascontiguousarray(z),
        np.ascontiguousarray(basis),
        np.ascontiguousarray(information),
        np.ascontiguousarray(pull),
        values,
    )
    return values, np.asarray(density)


def _backward(sd, z, basis, information, pull, d_values, d_density):  # type: ignore[no-untyped-def]
    sd, z = np.ascontiguousarray(sd), np.ascontiguousarray(z)
    d_sd, d_z, d_pull = np.empty_like(sd), np.empty_like(z), np.empty_like(z)
    informed_backward(
        sd,
        z,
        np.ascontiguousarray(basis),
        np.ascontiguousarray(information),
        np.ascontiguousarray(pull),
        np.ascontiguousarray(d_values),
        d_density.item(),
        d_sd,
        d_z,
        d_pull,
    )
    return d_sd, d_z, d_pull


@register_funcify_default_op_cache_key(InformedContrasts)
def _compiled(_op: InformedContrasts, **_: Any) -> tuple[Any, int]:
    return numba_njit(_forward), CACHE_VERSION


@register_funcify_default_op_cache_key(InformedContrastsGradient)
def _compiled_gradient(_op: InformedContrastsGradient, **_: Any) -> tuple[Any, int]:
    return numba_njit(_backward), CACHE_VERSION
