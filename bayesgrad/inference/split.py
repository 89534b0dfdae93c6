"""The vector of unconstrained parameters as the values of a model's variables, as an operation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import DisconnectedType, disconnected_type
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op

from bayesgrad.compat.operations import joined_maker, register_operation, views_maker
from bayesgrad.kernels.cache import stamp

Shapes = tuple[tuple[int | None, ...], ...]


class Split(Op):  # type: ignore[misc]
    """A vector's parts in turn, as arrays; its gradient is `Join`.

    Sizes of dimensions are given with the vector, so that one compiled model serves any numbers of
    authorities; only a size of 1, along which PyTensor broadcasts, is part of the operation.
    PyTensor's own slices, reshapes and joins would take seconds to compile.

    Parameters
    ----------
    shapes : tuple of shapes
        1, or None for a size that is given.
    """

    __props__ = ("shapes",)

    def __init__(self, shapes: Shapes) -> None:
        self.shapes = shapes
        # The parts are of the vector's own memory, which nothing may overwrite.
        self.view_map = {part: [0] for part in range(len(shapes))}

    @classmethod
    def of(cls, shapes: Sequence[tuple[int, ...]]) -> tuple[Split, np.ndarray]:
        """Split into these shapes, and the sizes to be given, an array of int64."""
        known = tuple(tuple(1 if size == 1 else None for size in shape) for shape in shapes)
        sizes = [size for shape in shapes for size in shape if size != 1]
        return cls(known), np.array(sizes, dtype=np.int64)

    def make_node(self, vector: Any, sizes: Any) -> Apply:
        """Apply to the vector and to sizes."""
        outputs = [pt.TensorType("float64", shape=shape)() for shape in self.shapes]
        return Apply(self, [pt.as_tensor_variable(vector), pt.as_tensor_variable(sizes)], outputs)

    def perform(self, _node: Any, inputs: Any, outputs: Any) -> None:
        """Evaluate without compiling."""
        first, given = 0, iter(inputs[1])
        for storage, known in zip(outputs, self.shapes, strict=True):
            shape = tuple(next(given) if size is None else size for size in known)
            last = first + math.prod(shape)
            storage[0] = inputs[0][first:last].reshape(shape)
            first = last

    def connection_pattern(self, _node: Any) -> list[list[bool]]:
        """All parts depend on the vector, and on sizes only in shape."""
        return [[True] * len(self.shapes), [False] * len(self.shapes)]

    def pullback(self, _inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        """Derivatives in all parts, in turn."""
        given = [
            pt.zeros_like(output) if isinstance(cotangent.type, DisconnectedType) else cotangent
            for output, cotangent in zip(outputs, cotangents, strict=True)
        ]
        return [Join()(*given), disconnected_type()]


class Join(Op):  # type: ignore[misc]
    """A vector of all numbers of some arrays in turn."""

    __props__ = ()

    def make_node(self, *arrays: Any) -> Apply:
        """Apply to the arrays."""
        return Apply(self, [pt.as_tensor_variable(array) for array in arrays], [pt.dvector()])

    def perform(self, _node: Any, inputs: Any, outputs: Any) -> None:
        """Evaluate without compiling."""
        outputs[0][0] = np.concatenate([np.ravel(value) for value in inputs])


register_operation(Split, lambda op: views_maker(op.shapes), int(stamp(), 16))
register_operation(Join, lambda _: joined_maker(), int(stamp(), 16))
