"""Arrays that a kernel reads without counting its references to them.

A reference is counted by an atomic addition. A pass over many small cells would do so dozens of
times a cell, and chains that share the rows would wait for one another at every one.
"""

from __future__ import annotations

from typing import Any

from numba.core import types
from numba.core.types.containers import BaseTuple
from numba.extending import intrinsic

from bayesgrad.compat.calls import array_without_owner


@intrinsic
def without_refcount(_typing: Any, value: Any) -> Any:
    """The same array, or named tuple of arrays, as one that its user does not own.

    Only for a function's own arguments, which its caller owns for as long as it runs. What the
    function itself makes could be freed while it is in use.
    """

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return _without_owner(context, builder, value, arguments[0])

    return value(value), generate


def _without_owner(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    if isinstance(kind, types.Array):
        return array_without_owner(context, builder, kind, value)
    if isinstance(kind, BaseTuple):
        for place, part in enumerate(kind):
            own = builder.extract_value(value, place)
            value = builder.insert_value(value, _without_owner(context, builder, part, own), place)
        return value
    raise TypeError(f"{kind} is neither an array nor a tuple of arrays")
