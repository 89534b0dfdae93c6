"""The one differentiable operation: a compiled kernel as a part of a PyTensor graph.

So the model stays an ordinary one of PyMC, while its arithmetic is in `bayesgrad.kernels`. PyTensor
compiles no more of an operation than a call of its kernel by address.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import DisconnectedType, disconnected_type
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op

from bayesgrad.compat.operations import arrays_caller, register_operation
from bayesgrad.kernels.cache import stamp
from bayesgrad.kernels.kernel import Kernel, kernel_named

Tensor = Any
Size = int | tuple[int, int]
"""Of one dimension of an output: a number, or that of an axis of an input, (input, axis)."""
Shape = tuple[Size, ...]


class KernelOp(Op):  # type: ignore[misc]
    """A kernel as an operation.

    Its inputs are the arguments of the kernel one by one, named tuples taken apart, up to those
    that are filled; its outputs are what is filled and, last, what the kernel returns. An argument
    of one dimension takes all numbers of an input of any shape, in C order.

    Parameters
    ----------
    kernel : str
        Its name; see `kernel_named`.
    shapes : tuple of shapes
        Of the arrays that are filled.
    """

    __props__: tuple[str, ...] = ("kernel", "shapes")

    def __init__(self, kernel: str, shapes: tuple[Shape, ...]) -> None:
        self.kernel = kernel
        self.shapes = shapes
        self.leaves = tuple(kernel_named(kernel).leaves)
        self.returns = kernel_named(kernel).returns

    def make_node(self, *inputs: Any) -> Apply:
        """Apply to the kernel's arguments."""
        expected = len(self.leaves) - len(self.shapes)
        if len(inputs) != expected:
            raise TypeError(f"{self.kernel} takes {expected} arrays, not {len(inputs)}")
        given = [pt.as_tensor_variable(value) for value in inputs]
        dimensions = [len(shape) for shape in self.shapes] + [0] * self.returns
        outputs = [pt.TensorType("float64", shape=(None,) * number)() for number in dimensions]
        return Apply(self, given, outputs)

    def infer_shape(self, _node: Any, shapes: list[Any]) -> list[Any]:
        """Shapes of the outputs."""
        return [*self._shapes(shapes), *([()] if self.returns else [])]

    def _shapes(self, inputs: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
        for shape in self.shapes:
            yield tuple(s if isinstance(s, int) else inputs[s[0]][s[1]] for s in shape)

    def perform(self, _node: Any, inputs: Any, outputs: Any) -> None:
        """Evaluate without compiling."""
        filled = [np.empty(shape) for shape in self._shapes([np.shape(value) for value in inputs])]
        number = kernel_named(self.kernel).call_with_leaves([*inputs, *filled])
        results = [*filled, *([np.asarray(number)] if self.returns else [])]
        for storage, result in zip(outputs, results, strict=True):
            storage[0] = result


register_operation(
    KernelOp,
    lambda op: arrays_caller(kernel_named(op.kernel).emit_call, op.leaves, op.shapes, op.returns),
    int(stamp(), 16),
)


class DifferentiableOp(KernelOp):
    """A kernel as an operation with a gradient, made of its props in order; `differentiable_op`."""

    __props__ = ("kernel", "shapes", "backward", "differentiable", "needed", "read_only")

    def __init__(  # noqa: PLR0917
        self,
        kernel: str,
        shapes: tuple[Shape, ...],
        backward: str,
        differentiable: tuple[int, ...],
        needed: tuple[int, ...],
        read_only: tuple[int, ...],
    ) -> None:
        super().__init__(kernel, shapes)
        self.backward = backward
        self.differentiable = differentiable
        self.needed = needed
        self.read_only = read_only

    def connection_pattern(self, node: Any) -> list[list[bool]]:
        """Which outputs have a gradient in which inputs."""
        outputs = [self._has_gradient(i) for i in range(len(node.outputs))]
        nothing = [False] * len(outputs)
        places = range(len(node.inputs))
        return [outputs if place in self.differentiable else nothing for place in places]

    def _has_gradient(self, output: int) -> bool:
        if not self.backward:
            return output == len(self.shapes)
        return output not in self.read_only

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        """Gradients in the differentiable inputs."""
        if not self.backward:
            # The kernel has filled the derivatives of what it returns.
            gradients = [cotangents[-1] * derivative for derivative in outputs[:-1]]
        else:
            given = [
                pt.zeros_like(output) if isinstance(cotangent.type, DisconnectedType) else cotangent
                for i, (output, cotangent) in enumerate(zip(outputs, cotangents, strict=True))
                if self._has_gradient(i)
            ]
            shapes = tuple(
                tuple((place, axis) for axis in range(inputs[place].ndim))
                for place in self.differentiable
            )
            found = KernelOp(self.backward, shapes)(
                *inputs, *(outputs[i] for i in self.needed), *given
            )
            gradients = found if isinstance(found, list) else [found]
        by_place = dict(zip(self.differentiable, gradients, strict=True))
        return [by_place.get(place, disconnected_type()) for place in range(len(inputs))]


register_operation(
    DifferentiableOp,
    lambda op: arrays_caller(kernel_named(op.kernel).emit_call, op.leaves, op.shapes, op.returns),
    int(stamp(), 16),
)


def differentiable_op(
    forward: Kernel,
    backward: Kernel | None,
    *,
    outputs: Sequence[Shape],
    differentiable: Sequence[int],
    needed: Sequence[int] = (),
    read_only: Sequence[int] = (),
) -> Callable[..., Any]:
    """Operation of a kernel, with the gradient that another computes.

    Parameters
    ----------
    forward : Kernel
        See `KernelOp`.
    backward : Kernel, optional
        Its arguments: those of `forward` that are given, the outputs needed, the derivatives in all
        outputs that have a gradient, and what it fills, the derivatives in the differentiable
        inputs. Without it, what `forward` fills are the derivatives of what it returns.
    outputs : sequence of shapes
        Of what `forward` fills.
    differentiable : sequence of int
        Inputs with a gradient.
    needed : sequence of int
        Outputs that `backward` reads.
    read_only : sequence of int
        Outputs without a gradient.
    """
    return DifferentiableOp(
        forward.name,
        tuple(outputs),
        "" if backward is None else backward.name,
        tuple(differentiable),
        tuple(needed),
        tuple(read_only),
    )
