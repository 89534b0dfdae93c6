"""Shapes and types of what kernels take: each annotation names one compiled type.

A kernel is compiled once, for the types that its annotations name, so every array is C-contiguous
and of one number of dimensions.
"""

from __future__ import annotations

from typing import Annotated, Any, get_args, get_origin, get_type_hints

import numpy as np
from numba import boolean, float64, int32, int64, types
from numpy.typing import NDArray

Vector = Annotated[NDArray[np.float64], float64[::1]]
Matrix = Annotated[NDArray[np.float64], float64[:, ::1]]
Cube = Annotated[NDArray[np.float64], float64[:, :, ::1]]
Array4 = Annotated[NDArray[np.float64], float64[:, :, :, ::1]]
Integers = Annotated[NDArray[np.int64], int64[::1]]
IntegerMatrix = Annotated[NDArray[np.int64], int64[:, ::1]]
Indices = Annotated[NDArray[np.int32], int32[::1]]
"""As `pm.Data` keeps integers."""

SCALARS = {float: float64, int: int64, bool: boolean, type(None): types.void}


def signature_of(function: Any) -> Any:
    """Numba's signature of a function, by its annotations."""
    hints = get_type_hints(function, include_extras=True)
    result = compiled_type(hints.pop("return"))
    return result(*(compiled_type(hint) for hint in hints.values()))


def compiled_type(hint: Any) -> Any:
    """Numba's type of an annotation: a scalar, an array, a tuple, or a named tuple of these."""
    if hint in SCALARS:
        return SCALARS[hint]
    if get_origin(hint) is Annotated:
        return get_args(hint)[1]
    if get_origin(hint) is tuple:
        return types.BaseTuple.from_types([compiled_type(part) for part in get_args(hint)])
    if isinstance(hint, type) and hasattr(hint, "_fields"):
        fields = get_type_hints(hint, include_extras=True)
        parts = [compiled_type(fields[name]) for name in hint._fields]
        return types.BaseTuple.from_types(parts, hint)
    raise TypeError(f"{hint} names no compiled type: use those of bayesgrad.kernels.shapes")
