"""Where numba and PyTensor keep what they compile, and PyTensor's functions without its wrapper."""

from __future__ import annotations

import threading
import types as python_types
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numba.core.caching import CacheImpl, _CacheLocator


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


@contextmanager
def pytensor_keeping_in(folder: Path) -> Iterator[None]:
    """Have PyTensor keep what it compiles meanwhile in a folder, and compile without C.

    PyTensor looks for compiled functions by hashes of its graphs, not of its own sources, so the
    folder's name must change with its version. Generated sources are kept there too: else each
    compiled function leaves a file in the system's folder for temporary files.
    """
    import pytensor
    from pytensor.link.numba import cache

    folder.mkdir(parents=True, exist_ok=True)
    before = cache.NUMBA_CACHE_PATH
    cache.NUMBA_CACHE_PATH = folder
    settings = {"cxx": ""}
    if hasattr(pytensor.config, "generated_src_dir"):  # from PyTensor 3.3 on
        settings["generated_src_dir"] = str(folder)
    try:
        with pytensor.config.change_flags(**settings), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Loop fusion failed", category=UserWarning)
            yield
    finally:
        cache.NUMBA_CACHE_PATH = before


def without_lock(function: Any, version: str) -> Callable[..., Any]:
    """Numba's function out of PyTensor's wrapper, which runs without the interpreter's lock.

    The same code is compiled once more with `nogil`, under a cache key of its own. Where a version
    of PyTensor keeps it elsewhere, the wrapper itself is called, one thread at a time.
    """
    try:
        from pytensor.link.numba.cache import CACHED_SRC_FUNCTIONS
        from pytensor.link.numba.dispatch.basic import numba_njit

        # PyTensor compiles the graph's own function, and once more one that only calls it.
        outer = function.vm.jit_fn.py_func
        source, key = outer.__globals__["jitable_func"].py_func, CACHED_SRC_FUNCTIONS[outer]
    except (ImportError, AttributeError, KeyError):
        return one_at_a_time(function)
    twin = python_types.FunctionType(
        # The name of the file is part of the cache's.
        source.__code__.replace(co_filename=outer.__code__.co_filename),
        {name: _unwrapped(value) for name, value in source.__globals__.items()},
        source.__name__,
        source.__defaults__,
        source.__closure__,
    )
    CACHED_SRC_FUNCTIONS[twin] = f"{key}_nogil_{version}"
    compiled: Callable[..., Any] = numba_njit(twin, final_function=True, cache=True, nogil=True)
    return compiled


def _unwrapped(function: Any) -> Any:
    """What PyTensor compiles of an operation, without the function that only calls it.

    Compiling that too, for a cache of its own, would take as long again.
    """
    names = getattr(getattr(function, "py_func", None), "__globals__", {})
    return names.get("jitable_func", function)


def one_at_a_time(function: Any) -> Callable[..., Any]:
    """PyTensor's function, which shares its storage between calls, behind a lock."""
    lock = threading.Lock()

    def evaluate(*inputs: np.ndarray) -> list[np.ndarray]:
        with lock:
            return [np.array(output) for output in function(*inputs)]

    return evaluate
