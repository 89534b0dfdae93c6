"""Numba: calls of compiled code by address, and arrays whose references are not counted."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.imputils import lower_builtin
from numba.core.typing.templates import ConcreteTemplate, infer_global

BYTES = ir.IntType(8).as_pointer()
COMPILE = "bayesgrad_compile"
"""Symbol of the function ``void (char *slot)`` that is called where a slot is empty."""


def define_symbol(name: str, address: int) -> None:
    """Make an address known to compiled code by a name, in this process."""
    llvm.add_symbol(name, address)


def callable_by_address(function: Any, signature: Any, slot: str) -> None:
    """Let compiled code call an object: through the address that it finds in a slot.

    Nothing of what is called becomes part of the caller's code. If the slot is empty, the function
    of the symbol `COMPILE` is called with the slot's name, and is to fill it.

    Parameters
    ----------
    function : hashable
        A global of the callers.
    signature : numba signature
    slot : str
        Symbol of a pointer to the code.
    """

    class Template(ConcreteTemplate):  # type: ignore[misc]
        key = function
        cases = (signature,)

    infer_global(function, types.Function(Template))

    def call(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return call_by_address(context, builder, signature, arguments, slot)

    lower_builtin(function, *signature.args)(call)


def call_by_address(context: Any, builder: Any, signature: Any, arguments: Any, slot: str) -> Any:
    """Emit a call through the address in a slot; see `callable_by_address`."""
    convention = context.call_conv
    place = _external(builder.module, BYTES, slot)
    address = cgutils.alloca_once_value(builder, builder.load(place))
    with cgutils.if_unlikely(builder, cgutils.is_null(builder, builder.load(address))):
        kind = ir.FunctionType(ir.VoidType(), [BYTES])
        fill = cgutils.get_or_insert_function(builder.module, kind, COMPILE)
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


def array_without_owner(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    """An array's record, its owner left out, so that no reference is counted."""
    array = cgutils.create_struct_proxy(kind)(context, builder, value=value)
    nobody = ir.Constant(array.meminfo.type, None)
    array.meminfo = nobody
    array.parent = nobody
    return array._getvalue()
