"""How kernels are compiled: each once, when it is first called, and called by its address.

Numba compiles a function again as a part of every function that calls it. A kernel is not: compiled
code calls it through its address, which it finds in a slot of its own; where the slot is still
empty the kernel is compiled then and there. So a fit compiles only what it calls (the families it
has, suppressed counts if there are any), and that only once. What a kernel calls for every number
is an `inlined` function, which becomes part of it.
"""

from __future__ import annotations

import ctypes
import functools
import importlib
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numba import njit, types

from bayesgrad.compat.calls import (
    COMPILE,
    call_by_address,
    callable_by_address,
    compile_callback,
    compiled_address,
    define_symbol,
)
from bayesgrad.compat.code_on_disk import keep_in
from bayesgrad.kernels.cache import place
from bayesgrad.kernels.shapes import signature_of

SUMS = frozenset({"contract", "reassoc", "nsz", "arcp"})
"""What the compiler may do with the kernels' sums; not-a-number and infinity keep their meaning."""

KERNELS: dict[str, Kernel] = {}
"""Every kernel by its name."""

_LOCK = threading.RLock()

keep_in(lambda: place().folder, package="bayesgrad.kernels")


class Kernel:
    """A function that is compiled once, for the types that its annotations name.

    It can be called from Python and, by its address, from other kernels.

    Parameters
    ----------
    function : callable
        With annotations of `bayesgrad.kernels.shapes`.
    fast : bool
        Whether sums may be taken in another order.
    """

    def __init__(self, function: Callable[..., Any], *, fast: bool) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.name = f"{function.__module__}.{function.__qualname__}"
        self._fast = fast
        self._slot = ctypes.c_void_p()
        self._dispatcher: Any = None
        define_symbol(self.name, ctypes.addressof(self._slot))
        self.signature = signature_of(function)
        callable_by_address(self, self.signature, self.name)
        KERNELS[self.name] = self

    def __call__(self, *arguments: Any) -> Any:
        """Call from Python; arrays must be C-contiguous, writable and of the types annotated."""
        return self._compiled()(*arguments)

    def compile(self) -> None:
        """Compile, or read from the disk, if that has not been done."""
        self._compiled()

    def _compiled(self) -> Any:
        if self._dispatcher is None:
            with _LOCK:
                if self._dispatcher is None:
                    dispatcher = _dispatcher(self.function, self.signature, fast=self._fast)
                    self._slot.value = compiled_address(dispatcher, self.signature)
                    self._dispatcher = dispatcher
        return self._dispatcher

    @property
    def leaves(self) -> Iterator[Any]:
        """Numba's types of the arguments, named tuples taken apart."""
        for argument in self.signature.args:
            yield from argument if isinstance(argument, types.BaseTuple) else (argument,)

    @property
    def returns(self) -> bool:
        """Whether it returns a number."""
        return bool(self.signature.return_type != types.void)

    def call_with_leaves(self, arrays: Sequence[Any]) -> Any:
        """Call with arguments one by one; arrays that are given may have any layout."""
        rest, arguments = iter(zip(arrays, self.leaves, strict=True)), []
        for argument in self.signature.args:
            if isinstance(argument, types.BaseTuple):
                parts = [_fitting(*next(rest)) for _ in argument]
                arguments.append(argument.instance_class(*parts))
            else:
                arguments.append(_fitting(*next(rest)))
        return self(*arguments)

    def emit_call(self, context: Any, builder: Any, values: Sequence[Any]) -> Any:
        """Emit a call by address with the values of the leaves."""
        rest, arguments = iter(values), []
        for argument in self.signature.args:
            if isinstance(argument, types.BaseTuple):
                parts = [next(rest) for _ in argument]
                arguments.append(context.make_tuple(builder, argument, parts))
            else:
                arguments.append(next(rest))
        return call_by_address(context, builder, self.signature, arguments, self.name)


def _dispatcher(function: Callable[..., Any], signature: Any, *, fast: bool) -> Any:
    """Numba's function, compiled for a signature, or read from the disk."""
    options = {"error_model": "numpy", "nogil": True, "no_cfunc_wrapper": True}
    options |= {"fastmath": set(SUMS)} if fast else {}

    def compiled(*, cache: bool) -> Any:
        dispatcher = njit(cache=cache, **options)(function)
        dispatcher.compile(signature)
        dispatcher.disable_compile()
        return dispatcher

    try:
        return compiled(cache=True)
    except Exception:
        # What is on disk may be damaged, or the disk full; an error of the kernel comes again.
        for file in place().folder.glob(f"*{function.__name__}-{function.__module__}.*"):
            file.unlink(missing_ok=True)
    try:
        return compiled(cache=True)
    except OSError:
        return compiled(cache=False)


def _fitting(value: Any, leaf: Any) -> Any:
    """A value as a leaf takes it."""
    if not isinstance(leaf, types.Array):
        return np.asarray(value).item()
    array = np.require(value, requirements=["C", "W"])
    return array if array.ndim == leaf.ndim else array.reshape(-1)


def kernel_named(name: str) -> Kernel:
    """The kernel of a name, whose module is imported if it has not been.

    So an operation can pass to another process, which has only its kernel's name.
    """
    if name not in KERNELS:
        importlib.import_module(name.rpartition(".")[0])
    return KERNELS[name]


def kernel(function: Callable[..., Any]) -> Kernel:
    """Make a kernel of a function, whose sums may be taken in any order."""
    return Kernel(function, fast=True)


def serial_kernel(function: Callable[..., Any]) -> Kernel:
    """Make a kernel of a function, whose sums are taken in the order in which they stand."""
    return Kernel(function, fast=False)


_PART = {"error_model": "numpy", "no_cpython_wrapper": True, "no_cfunc_wrapper": True}

inlined = njit(fastmath=set(SUMS), **_PART)
"""A function that becomes part of each kernel that calls it."""

serial_inlined = njit(**_PART)
"""As `inlined`, its sums in the order in which they stand."""


def _compile(name: str) -> None:
    """Compile a kernel for compiled code, which sees an empty slot where that failed."""
    try:
        KERNELS[name].compile()
    except Exception:
        traceback.print_exc()


_CALLBACK = compile_callback(_compile)
define_symbol(COMPILE, ctypes.cast(_CALLBACK, ctypes.c_void_p).value or 0)
