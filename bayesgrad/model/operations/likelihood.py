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

from bayesgrad.model import kernels
from bayesgrad.model.kernels import CountRows, Parameters
from bayesgrad.model.operations.version import CACHE_VERSION
from bayesgrad.spec.vocabulary import Family

PARAMETERS = len(Parameters._fields)


class FusedLogLikelihood(Op):  # type: ignore[misc]
    """Log likelihood of one family, less its constant.

    Inputs, in order: the fields of `Parameters`, then those of `CountRows`. Outputs: the value, and
    its derivatives in the parameters. Intercepts and slopes may have any shape that has the cells
    in order.

    Parameters
    ----------
    family : {"poisson", "negative_binomial"}
    """

    __props__ = ("family",)

    def __init__(self, family: Family) -> None:
        self.family = family

    def make_node(self, *inputs: Any) -> Apply:
        """Apply to parameters and rows."""
        given = [pt.as_tensor_variable(value) for value in inputs]
        derivatives = [
            pt.TensorType("float64", shape=(None,) * value.ndim)() for value in given[:PARAMETERS]
        ]
        return Apply(self, given, [pt.dscalar(), *derivatives])

    def infer_shape(self, _node: Any, shapes: list[Any]) -> list[Any]:
        """Shapes of the outputs."""
        return [(), *shapes[:PARAMETERS]]

    def perform(self, _node: Any, inputs: Any, outputs: Any) -> None:
        """Evaluate without compiling."""
        results = _evaluate(self)(*(np.ascontiguousarray(value) for value in inputs))
        for storage, result in zip(outputs, results, strict=True):
            storage[0] = np.asarray(result)

    def connection_pattern(self, _node: Any) -> list[list[bool]]:
        """Only the value depends on the parameters as far as gradients go."""
        nothing = [False] * (1 + PARAMETERS)
        return [[True, *nothing[1:]]] * PARAMETERS + [nothing] * len(CountRows._fields)

    def pullback(self, _inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        """Gradient of the value: its cotangent times the derivatives at hand."""
        derivatives = [cotangents[0] * derivative for derivative in outputs[1:]]
        return [*derivatives, *(disconnected_type() for _ in CountRows._fields)]


def _evaluate(op: FusedLogLikelihood) -> Callable[..., Any]:
    """Function of the inputs that returns the outputs, which numba can compile."""
    family = kernels.FAMILIES[op.family]

    def evaluate(*inputs):  # type: ignore[no-untyped-def]
        a, b, coefficient, alpha = inputs[:4]
        at = Parameters(
            np.ascontiguousarray(a).reshape(-1),
            np.ascontiguousarray(b).reshape(-1),
            np.ascontiguousarray(coefficient),
            np.ascontiguousarray(alpha),
        )
        d_a, d_b = np.empty_like(at.intercept), np.empty_like(at.slope)
        d_coefficient, d_alpha = np.empty_like(at.coefficient), np.empty_like(at.alpha)
        gradient = Parameters(d_a, d_b, d_coefficient, d_alpha)
        rows = CountRows(*inputs[4:])
        value = kernels.log_likelihood(family, at, rows, gradient, None)
        return np.asarray(value), d_a.reshape(a.shape), d_b.reshape(b.shape), d_coefficient, d_alpha

    return evaluate


@register_funcify_default_op_cache_key(FusedLogLikelihood)
def _compiled(op: FusedLogLikelihood, **_: Any) -> tuple[Any, int]:
    return numba_njit(_evaluate(op)), CACHE_VERSION
