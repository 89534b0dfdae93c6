"""All that is private to other libraries, so that a new version of one is met in one place.

Upper bounds on numba, llvmlite, PyTensor and nutpie in pyproject.toml stand for what is here.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.caching import CacheImpl, _CacheLocator
from numba.core.errors import TypingError
from numba.core.imputils import lower_builtin
from numba.core.typing.templates import ConcreteTemplate, infer_global
from numba.extending import intrinsic
from numba.np.arrayobj import _empty_nd_impl, make_array, populate_array

BYTES = ir.IntType(8).as_pointer()


# --- numba: calls by address -------------------------------------------------------------------


def define_symbol(name: str, address: int) -> None:
    """Make an address known to compiled code by a name, in this process."""
    llvm.add_symbol(name, address)


def callable_by_address(function: Any, signature: Any, slot: str, compile_symbol: str) -> None:
    """Let compiled code call an object: through the address that it finds in a slot.

    Nothing of what is called becomes part of the caller's code. If the slot is empty, the function
    of the symbol is called with the slot's name, and is to fill it.

    Parameters
    ----------
    function : hashable
        A global of the callers.
    signature : numba signature
    slot, compile_symbol : str
        Symbols: of a pointer to the code, and of ``void (char *name)``.
    """

    class Template(ConcreteTemplate):  # type: ignore[misc]
        key = function
        cases = (signature,)

    infer_global(function, types.Function(Template))

    def call(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return call_by_address(context, builder, signature, arguments, slot, compile_symbol)

    lower_builtin(function, *signature.args)(call)


def call_by_address(
    context: Any, builder: Any, signature: Any, arguments: Any, slot: str, compile_symbol: str
) -> Any:
    """Emit a call through the address in a slot; see `callable_by_address`."""
    convention = context.call_conv
    place = _external(builder.module, BYTES, slot)
    address = cgutils.alloca_once_value(builder, builder.load(place))
    with cgutils.if_unlikely(builder, cgutils.is_null(builder, builder.load(address))):
        kind = ir.FunctionType(ir.VoidType(), [BYTES])
        fill = cgutils.get_or_insert_function(builder.module, kind, compile_symbol)
        builder.call(fill, [context.insert_const_string(builder.module, slot)])
        builder.store(builder.load(place), address)
    found = builder.load(address)
    with cgutils.if_unlikely(builder, cgutils.is_null(builder, found)):
        words = f"{slot} could not be compiled"
        convention.return_user_exc(builder, RuntimeError, (words,))
    kind = convention.get_function_type(signature.return_type, signature.args)
    status, result = convention.call_function(
        builder,
        builder.bitcast(found, kind.as_pointer()),
        signature.return_type,
        signature.args,
        arguments,
    )
    with cgutils.if_unlikely(builder, status.is_error):
        convention.return_status_propagate(builder, status)
    return result


def _external(module: Any, kind: Any, name: str) -> Any:
    """A variable of this process, declared in a module."""
    if name in module.globals:
        return module.globals[name]
    return ir.GlobalVariable(module, kind, name)


def compiled_address(dispatcher: Any, signature: Any) -> int:
    """Address of the code that numba compiled for a signature, in numba's own convention."""
    result = dispatcher.overloads[tuple(signature.args)]
    address: int = result.library.get_pointer_to_function(result.fndesc.llvm_func_name)
    return address


def compile_callback(function: Callable[[str], None]) -> Any:
    """A C function ``void (char *)`` that calls a Python function; to be kept alive."""
    return ctypes.CFUNCTYPE(None, ctypes.c_char_p)(lambda name: function(name.decode()))


# --- numba: the cache on disk ------------------------------------------------------------------


def keep_in(folder: Callable[[], Path], *, package: str) -> None:
    """Have numba keep what it compiles of a package in a folder.

    The folder's name must change with whatever the code depends on: numba is told that what it
    finds there is never out of date.
    """

    class Locator(_CacheLocator):  # type: ignore[misc]
        def __init__(self, name: str) -> None:
            self._name = name

        def ensure_cache_path(self) -> None:
            folder()

        def get_cache_path(self) -> str:
            return str(folder())

        def get_source_stamp(self) -> int:
            return 0

        def get_disambiguator(self) -> str:
            return self._name

        @classmethod
        def from_function(cls, function: Any, _file: str) -> Any:
            module = function.__module__ or ""
            return cls(module) if module.startswith(f"{package}.") else None

    CacheImpl._locator_classes.insert(0, Locator)


# --- numba: arrays -----------------------------------------------------------------------------


def array_without_owner(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    """An array's record, its owner left out, so that no reference is counted."""
    array = cgutils.create_struct_proxy(kind)(context, builder, value=value)
    nobody = ir.Constant(array.meminfo.type, None)
    array.meminfo = nobody
    array.parent = nobody
    return array._getvalue()


# --- PyTensor: a kernel as the compiled form of an operation -------------------------------------


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
        result = kinds[0] if len(kinds) == 1 else types.Tuple(kinds)

        def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            parts = [builder.extract_value(arguments[0], i) for i in range(given)]
            values, copies = [], []
            for kind, value, leaf in zip(arrays, parts, leaves, strict=False):
                if isinstance(leaf, types.Array) and kind.layout != "C":
                    kind, value = _copy(context, builder, kind, value)
                    copies.append((kind, value))
                values.append(_as_leaf(context, builder, kind, value, leaf))
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
        result = kinds[0] if len(kinds) == 1 else types.Tuple(kinds)

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
