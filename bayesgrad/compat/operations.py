"""PyTensor: operations whose compiled form is little more than a call, or than moving numbers."""

from __future__ import annotations

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
    """A function that numba compiles: a vector's parts in turn, as arrays.

    Parameters
    ----------
    shapes : sequence of shapes
        Sizes that are None are taken from the function's second argument, an array of integers, in
        turn.
    """
    kinds = [types.Array(types.float64, len(shape), "C") for shape in shapes]

    @intrinsic
    def maker(_typing: Any, vector: Any, sizes: Any) -> Any:
        result = kinds[0] if len(kinds) == 1 else Tuple(kinds)

        def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            whole = make_array(vector)(context, builder, value=arguments[0])
            given = make_array(sizes)(context, builder, value=arguments[1])
            known = _constants_or_given(context, builder, shapes, given)
            made, place = [], whole.data
            for kind, shape in zip(kinds, known, strict=True):
                part = make_array(kind)(context, builder)
                steps = [whole.itemsize]
                for size in reversed(shape[1:]):
                    steps.insert(0, builder.mul(steps[0], size))
                populate_array(
                    part,
                    data=place,
                    shape=shape,
                    strides=steps[: len(shape)],
                    itemsize=whole.itemsize,
                    meminfo=whole.meminfo,
                    parent=whole.parent,
                )
                place = builder.gep(place, [part.nitems])
                context.nrt.incref(builder, vector, arguments[0])
                made.append(part._getvalue())
            return made[0] if len(made) == 1 else context.make_tuple(builder, result, made)

        return result(vector, sizes), generate

    def views(vector, sizes):  # type: ignore[no-untyped-def]
        return maker(vector, sizes)

    return views


def _constants_or_given(context: Any, builder: Any, shapes: Any, given: Any) -> list[list[Any]]:
    place, known = 0, []
    for shape in shapes:
        sizes = []
        for size in shape:
            if size is None:
                at = builder.gep(given.data, [context.get_constant(types.intp, place)])
                sizes.append(builder.load(at))
                place += 1
            else:
                sizes.append(context.get_constant(types.intp, size))
        known.append(sizes)
    return known


def joined_maker() -> Any:
    """A function that numba compiles: a vector of all numbers of some arrays in turn."""
    kind = types.Array(types.float64, 1, "C")

    @intrinsic
    def maker(_typing: Any, arrays: Any) -> Any:
        def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            parts = [builder.extract_value(arguments[0], i) for i in range(len(arrays))]
            size = context.get_constant(types.intp, 0)
            for given, value in zip(arrays, parts, strict=True):
                array = make_array(given)(context, builder, value=value)
                size = builder.add(size, array.nitems)
            made = _empty_nd_impl(context, builder, kind, [size])
            place = made.data
            for given, value in zip(arrays, parts, strict=True):
                plain = (given, value)
                if given.layout != "C":
                    plain = _copy(context, builder, given, value)
                array = make_array(plain[0])(context, builder, value=plain[1])
                cgutils.raw_memcpy(builder, place, array.data, array.nitems, 8)
                place = builder.gep(place, [array.nitems])
                if given.layout != "C":
                    context.nrt.decref(builder, *plain)
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
