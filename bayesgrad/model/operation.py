"""The fused kernels as a PyTensor operation: the log likelihood and its gradient, from one pass.

The operation returns the value and its derivatives; the gradient of the value picks the derivatives
up, so that nothing is computed twice. It has no second derivative.
"""

from __future__ import annotations

from collections.abc import Callable
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

from bayesgrad.model.kernels import negative_binomial, poisson
from bayesgrad.spec.vocabulary import Family

PARAMETERS = ("intercept", "slope", "offset", "alpha")
DATA = ("count", "x", "start", "outcome", "exceedance")
CACHE_VERSION = 1
"""To be raised whenever a kernel, or an elementary function in it, changes: or compiled models on
disk would keep the old one."""


class FusedLogLikelihood(Op):  # type: ignore[misc]
    """Log likelihood of one family, less its constant.

    Inputs, in order: `PARAMETERS` with shapes (cells,), (cells,), (rows,), (outcomes,), then `DATA`
    as `bayesgrad.model.kernels` takes them; Poisson ignores alpha, outcome and exceedance.
    Outputs: the value, and its derivatives in the parameters.

    Parameters
    ----------
    family : {"poisson", "negative_binomial"}
    row_effects : bool
        Whether the offset depends on parameters; otherwise its derivative is left empty.
    """

    __props__ = ("family", "row_effects")

    def __init__(self, family: Family, *, row_effects: bool) -> None:
        self.family = family
        self.row_effects = row_effects

    def make_node(self, *inputs: Any) -> Apply:
        """Apply to `PARAMETERS` and `DATA`."""
        given = [pt.as_tensor_variable(value) for value in inputs]
        return Apply(self, given, [pt.dscalar(), *(pt.dvector() for _ in PARAMETERS)])

    def infer_shape(self, _node: Any, shapes: list[Any]) -> list[Any]:
        """Shapes of the outputs."""
        offset = shapes[2] if self.row_effects else (0,)
        return [(), shapes[0], shapes[1], offset, shapes[3]]

    def perform(self, _node: Any, inputs: Any, outputs: Any) -> None:
        """Evaluate without compiling."""
        results = _evaluate(self)(*(np.ascontiguousarray(value) for value in inputs))
        for storage, result in zip(outputs, results, strict=True):
            storage[0] = np.asarray(result)

    def connection_pattern(self, _node: Any) -> list[list[bool]]:
        """Only the value depends on the parameters as far as gradients go."""
        nothing = [False] * (1 + len(PARAMETERS))
        value = [True, *nothing[1:]]
        offset = value if self.row_effects else nothing
        return [value, value, offset, value, *[nothing] * len(DATA)]

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        """Gradient of the value: its cotangent times the derivatives at hand."""
        derivatives = [cotangents[0] * derivative for derivative in outputs[1:]]
        if not self.row_effects:
            derivatives[2] = disconnected_type()
        return [*derivatives, *(disconnected_type() for _ in inputs[len(PARAMETERS) :])]


def _evaluate(op: FusedLogLikelihood) -> Callable[..., Any]:
    """Function of the inputs that returns the outputs, which numba can compile."""
    row_effects = op.row_effects

    def of_poisson(*inputs):  # type: ignore[no-untyped-def]
        a, b, offset, alpha, count, x, start, _, _ = inputs
        a, b, offset = (
            np.ascontiguousarray(a),
            np.ascontiguousarray(b),
            np.ascontiguousarray(offset),
        )
        d_a, d_b, d_alpha = np.empty_like(a), np.empty_like(b), np.zeros(len(alpha))
        d_offset = np.empty(len(offset) if row_effects else 0)
        into = d_offset if row_effects else None
        value = poisson(a, b, offset, count, x, start, d_a, d_b, into)
        return np.asarray(value), d_a, d_b, d_offset, d_alpha

    def of_negative_binomial(*inputs):  # type: ignore[no-untyped-def]
        a, b, offset, alpha, count, x, start, outcome, exceedance = inputs
        a, b, offset = (
            np.ascontiguousarray(a),
            np.ascontiguousarray(b),
            np.ascontiguousarray(offset),
        )
        alpha = np.ascontiguousarray(alpha)
        d_a, d_b, d_alpha = np.empty_like(a), np.empty_like(b), np.empty_like(alpha)
        d_offset = np.empty(len(offset) if row_effects else 0)
        into = d_offset if row_effects else None
        rows = (count, x, start, outcome, exceedance)
        value = negative_binomial(a, b, offset, alpha, *rows, d_a, d_b, into, d_alpha)
        return np.asarray(value), d_a, d_b, d_offset, d_alpha

    return of_poisson if op.family == "poisson" else of_negative_binomial


@register_funcify_default_op_cache_key(FusedLogLikelihood)
def _compiled(op: FusedLogLikelihood, **_: Any) -> tuple[Any, int]:
    return numba_njit(_evaluate(op)), CACHE_VERSION
