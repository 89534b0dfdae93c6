"""Functions that become part of kernels, called from Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit


def from_python(function: Any) -> Callable[..., Any]:
    """Function that calls an inlined one."""

    @njit
    def call(*arguments):
        return function(*arguments)

    return call
