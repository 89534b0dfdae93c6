"""The vector of unconstrained parameters as the values of a model's variables, as an operation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import DisconnectedType
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op

from bayesgrad.compat.operations import joiner, register_operation, views_maker
from bayesgrad.kernels.cache import stamp

Shapes = tuple[tuple[int, ...], ...]


class Split(Op):  # type: ignore[misc]
    """A vector's parts in turn, as arrays of these shapes; its gradient is `Join`.

    PyTensor's own slices, reshapes and joins would take seconds to compile.
    """

    __props__ = ("shapes",)

    def __init__(self, shapes: Shapes) -> None:
        self.shapes = shapes

    def make_node(self, vector: Any) -> Apply:
        """Apply to the vector."""
        outputs = [pt.TensorType("float64", shape=shape)() for shape in self.shapes]
        return Apply(self, [pt.as_tensor_variable(vector)], outputs)

    def perform(self, _node: Any, inputs: Any, outputs: Any) -> None:
        """Evaluate without compiling."""
        first = 0
        for storage, shape in zip(outputs, self.shapes, strict=True):
            last = first + math.prod(shape)
            storage[0] = inputs[0][first:last].reshape(shape).copy()
            first = last

    def pullback(self, _inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        """Derivatives in all parts, in turn."""
        given = [
            pt.zeros_like(output) if isinstance(cotangent.type, DisconnectedType) else cotangent
            for output, cotangent in zip(outputs, cotangents, strict=True)
        ]
        return [Join(sum(math.prod(shape) for shape in self.shapes))(*given)]


class Join(Op):  # type: ignore[misc]
    """A vector of so many numbers: all those of some arrays in turn."""

    __props__ = ("size",)

    def __init__(self, size: int) -> None:
        self.size = size

    def make_node(self, *arrays: Any) -> Apply:
        """Apply to the arrays."""
        given = [pt.as_tensor_variable(array) for array in arrays]
        return Apply(self, given, [pt.TensorType("float64", shape=(self.size,))()])

    def perform(self, _node: Any, inputs: Any, outputs: Any) -> None:
        """Evaluate without compiling."""
        outputs[0][0] = np.concatenate([np.ravel(value) for value in inputs])


register_operation(Split, lambda op: views_maker(op.shapes), int(stamp(), 16))
register_operation(Join, lambda op: joiner(op.size), int(stamp(), 16))
