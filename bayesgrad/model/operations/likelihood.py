"""The fused kernels as a PyTensor operation: the log likelihood and its gradient, from one pass.

The operation returns the value and its derivatives; the gradient of the value picks the derivatives
up, so that nothing is computed twice. It has no second derivative.
"""

from __future__ import annotations

from typing import Any, NamedTuple

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
from bayesgrad.model.kernels import CountRows, Curvature, Parameters
from bayesgrad.model.kernels.cells import of_cells, of_groups, of_strata
from bayesgrad.model.operations.version import CACHE_VERSION

Tensor = Any


class CellEffects(NamedTuple):
    """What the likelihood depends on, symbolically.

    Attributes
    ----------
    intercept, slope : tensor, shape (authorities, outcomes) or (authorities, outcomes, strata)
    stratum_intercept, stratum_slope : tensor, shape (outcomes, strata)
        Added to the former in every authority.
    coefficient : tensor, shape (outcomes, row terms)
        Effects of covariates, area moderators and the common curve.
    alpha : tensor, shape (outcomes,)
        Size of the negative binomial or the beta-binomial; any number for other families.
    neighbourhood : tensor, shape (outcomes, neighbourhoods)
    """

    intercept: Tensor
    slope: Tensor
    stratum_intercept: Tensor
    stratum_slope: Tensor
    coefficient: Tensor
    alpha: Tensor
    neighbourhood: Tensor


EFFECTS = len(CellEffects._fields)


class FusedLogLikelihood(Op):  # type: ignore[misc]
    """Log likelihood, less its constant.

    Inputs, in order: the fields of `CellEffects`, then those of `CountRows`. Outputs: the value,
    and its derivatives in the effects.
    """

    __props__ = ()

    def make_node(self, *inputs: Any) -> Apply:
        """Apply to effects and rows."""
        given = [pt.as_tensor_variable(value) for value in inputs]
        derivatives = [
            pt.TensorType("float64", shape=(None,) * value.ndim)() for value in given[:EFFECTS]
        ]
        return Apply(self, given, [pt.dscalar(), *derivatives])

    def infer_shape(self, _node: Any, shapes: list[Any]) -> list[Any]:
        """Shapes of the outputs."""
        return [(), *shapes[:EFFECTS]]

    def perform(self, _node: Any, inputs: Any, outputs: Any) -> None:
        """Evaluate without compiling."""
        given = (np.ascontiguousarray(value) for value in inputs)
        results = _evaluate(*given)  # type: ignore[no-untyped-call]
        for storage, result in zip(outputs, results, strict=True):
            storage[0] = np.asarray(result)

    def connection_pattern(self, _node: Any) -> list[list[bool]]:
        """Only the value depends on the effects as far as gradients go."""
        nothing = [False] * (1 + EFFECTS)
        return [[True, *nothing[1:]]] * EFFECTS + [nothing] * len(CountRows._fields)

    def pullback(self, _inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        """Gradient of the value: its cotangent times the derivatives at hand."""
        derivatives = [cotangents[0] * derivative for derivative in outputs[1:]]
        return [*derivatives, *(disconnected_type() for _ in CountRows._fields)]


def _evaluate(*inputs):  # type: ignore[no-untyped-def]
    """Outputs of the operation, as a function that numba can compile."""
    a, b, level, gradient_of, coefficient, alpha, neighbourhood = inputs[:7]
    rows = CountRows(*inputs[7:])
    cells = len(rows.start) - 1
    level, gradient_of = np.ascontiguousarray(level), np.ascontiguousarray(gradient_of)
    at = Parameters(
        of_cells(np.ascontiguousarray(a).reshape(-1), level, cells),
        of_cells(np.ascontiguousarray(b).reshape(-1), gradient_of, cells),
        np.ascontiguousarray(coefficient),
        np.ascontiguousarray(alpha),
        np.ascontiguousarray(neighbourhood),
    )
    d_a, d_b = np.empty(cells), np.empty(cells)
    d_coefficient, d_alpha = np.empty_like(at.coefficient), np.empty_like(at.alpha)
    d_neighbourhood = np.empty_like(at.neighbourhood)
    gradient = Parameters(d_a, d_b, d_coefficient, d_alpha, d_neighbourhood)
    no_curvature = Curvature(np.empty((0, 2, 2)), np.empty((0, 2, 0)), np.empty((0, 0, 0)))
    value = kernels.log_likelihood(at, rows, gradient, no_curvature)
    outcomes, strata = level.shape
    return (
        np.asarray(value),
        of_groups(d_a, a.size).reshape(a.shape),
        of_groups(d_b, b.size).reshape(b.shape),
        of_strata(d_a, outcomes, strata),
        of_strata(d_b, outcomes, strata),
        d_coefficient,
        d_alpha,
        d_neighbourhood,
    )


@register_funcify_default_op_cache_key(FusedLogLikelihood)
def _compiled(_op: FusedLogLikelihood, **_: Any) -> tuple[Any, int]:
    return numba_njit(_evaluate), CACHE_VERSION
