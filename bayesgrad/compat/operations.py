"""PyTensor: operations whose compiled form is little more than a call, or than moving numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from numba.core import cgutils, types
from numba.core.errors import TypingError
from numba.core.types.containers import Tuple
from numba.extending import intrinsic
from numba.np.arrayobj import _empty_nd_impl, make_array, populate_array


def arrays_caller(call: Callable[..., Any], leaves: Any, outputs: Any, returns: bool) -> Any:
    """A function of arrays that numba compiles into little more than a call by address.

    Parameters
    ----------
    call : callable
        Of context, builder and the values of all leaves; emits the call and returns its result.
    leaves : sequence of numba types
        Of the arguments, one by one: of what is given, then of what is filled. An array of one
        dimension stands for all numbers of an array of any shape.
    outputs : sequence of shapes
        Of the arrays that are filled, each a number or (argument, axis) by dimension.
    returns : bool
        Whether the call returns a number, which becomes the last output.
    """
    given = len(leaves) - len(outputs)
    kinds = [types.Array(types.float64, len(shape), "C") for shape in outputs]
    if returns:
        kinds.append(types.Array(types.float64, 0, "C"))

    @intrinsic
    def caller(_typing: Any, arrays: Any) -> Any:
        result = kinds[0] if len(kinds) == 1 else Tuple(kinds)

        def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            parts = [builder.extract_value(arguments[0], i) for i in range(given)]
            values, copies = [], []
            for kind, value, leaf in zip(arrays, parts, leaves, strict=False):
                plain = (kind, value)
                if isinstance(leaf, types.Array) and kind.layout != "C":
                    plain = _copy(context, builder, kind, value)
                    copies.append(plain)
                values.append(_as_leaf(context, builder, *plain, leaf))
            made = []
            for shape, kind, leaf in zip(outputs, kinds, leaves[given:], strict=False):
                sizes = [_size(context, builder, arrays, parts, size) for size in shape]
                made.append(_empty_nd_impl(context, builder, kind, sizes)._getvalue())
                values.append(_as_leaf(context, builder, kind, made[-1], leaf))
            number = call(context, builder, values)
            for kind, value in copies:
                context.nrt.decref(builder, kind, value)
            if returns:
                array = _empty_nd_impl(context, builder, kinds[-1], [])
                builder.store(number, array.data)
                made.append(array._getvalue())
            return made[0] if len(made) == 1 else context.make_tuple(builder, result, made)

        return result(arrays), generate

    def operation(*arrays):  # type: ignore[no-untyped-def]
        return caller(arrays)

    return operation


def _size(context: Any, builder: Any, kinds: Any, values: Any, size: Any) -> Any:
    if isinstance(size, int):
        return context.get_constant(types.intp, size)
    argument, axis = size
    array = make_array(kinds[argument])(context, builder, value=values[argument])
    return builder.extract_value(array.shape, axis)


def _as_leaf(context: Any, builder: Any, kind: Any, value: Any, leaf: Any) -> Any:
    """A contiguous array as the type of a leaf: itself, all its numbers in a row, or its number."""
    if isinstance(kind, types.Number):
        return context.cast(builder, value, kind, leaf)
    array = make_array(kind)(context, builder, value=value)
    if not isinstance(leaf, types.Array):
        return builder.load(array.data)
    if kind.dtype != leaf.dtype or leaf.ndim not in (kind.ndim, 1):
        raise TypingError(f"{kind} cannot be read as {leaf}")
    if kind.ndim == leaf.ndim:
        return value
    row = make_array(leaf)(context, builder)
    populate_array(
        row,
        data=array.data,
        shape=[array.nitems],
        strides=[array.itemsize],
        itemsize=array.itemsize,
        meminfo=array.meminfo,
        parent=array.parent,
    )
    return row._getvalue()


def _copy(context: Any, builder: Any, kind: Any, value: Any) -> tuple[Any, Any]:
    """A contiguous copy of an array, which its maker is to release."""
    array = make_array(kind)(context, builder, value=value)
    shape = cgutils.unpack_tuple(builder, array.shape, kind.ndim)
    strides = cgutils.unpack_tuple(builder, array.strides, kind.ndim)
    new = types.Array(kind.dtype, kind.ndim, "C")
    made = _empty_nd_impl(context, builder, new, shape)
    steps = cgutils.unpack_tuple(builder, made.strides, kind.ndim)
    with cgutils.loop_nest(builder, shape, shape[0].type if shape else None) as index:
        source = cgutils.get_item_pointer2(
            context, builder, array.data, shape, strides, kind.layout, index
        )
        target = cgutils.get_item_pointer2(context, builder, made.data, shape, steps, "C", index)
        builder.store(builder.load(source), target)
    return new, made._getvalue()


def views_maker(shapes: Any) -> Any:
    """A function that numba compiles: a vector's parts in turn, as arrays of these shapes."""
    kinds = [types.Array(types.float64, len(shape), "C") for shape in shapes]

    @intrinsic
    def maker(_typing: Any, vector: Any) -> Any:
        result = kinds[0] if len(kinds) == 1 else Tuple(kinds)

        def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            whole = make_array(vector)(context, builder, value=arguments[0])
            made, first = [], 0
            for kind, shape in zip(kinds, shapes, strict=True):
                part = make_array(kind)(context, builder)
                steps = [8 * math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
                populate_array(
                    part,
                    data=builder.gep(whole.data, [context.get_constant(types.intp, first)]),
                    shape=[context.get_constant(types.intp, size) for size in shape],
                    strides=[context.get_constant(types.intp, step) for step in steps],
                    itemsize=whole.itemsize,
                    meminfo=whole.meminfo,
                    parent=whole.parent,
                )
                first += math.prod(shape)
                context.nrt.incref(builder, vector, arguments[0])
                made.append(part._getvalue())
            return made[0] if len(made) == 1 else context.make_tuple(builder, result, made)

        return result(vector), generate

    def views(vector):  # type: ignore[no-untyped-def]
        return maker(vector)

    return views


def joiner(size: int) -> Any:
    """A function that numba compiles: a vector of so many numbers, all those of arrays in turn."""
    kind = types.Array(types.float64, 1, "C")

    @intrinsic
    def maker(_typing: Any, arrays: Any) -> Any:
        def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            made = _empty_nd_impl(context, builder, kind, [context.get_constant(types.intp, size)])
            place = made.data
            for i, given in enumerate(arrays):
                part, value = given, builder.extract_value(arguments[0], i)
                if part.layout != "C":
                    part, value = _copy(context, builder, part, value)
                array = make_array(part)(context, builder, value=value)
                cgutils.raw_memcpy(builder, place, array.data, array.nitems, 8)
                place = builder.gep(place, [array.nitems])
                if part is not given:
                    context.nrt.decref(builder, part, value)
            return made._getvalue()

        return kind(arrays), generate

    def joined(*arrays):  # type: ignore[no-untyped-def]
        return maker(arrays)

    return joined


def register_operation(kind: type, make: Callable[[Any], Any], version: int) -> None:
    """Tell PyTensor how numba compiles operations of a class, and by what its cache knows them.

    Parameters
    ----------
    make : callable
        Of an operation: the function that numba is to compile.
    """
    from pytensor.link.numba.dispatch.basic import (
        numba_njit,
        register_funcify_default_op_cache_key,
    )

    def compiler(operation: Any, **_: Any) -> tuple[Any, int]:
        return numba_njit(make(operation)), version

    register_funcify_default_op_cache_key(kind)(compiler)
