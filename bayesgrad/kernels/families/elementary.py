"""exp and log1p as polynomials that a compiler can vectorise, right to two units in the last place.

A call of the C library's exp or log1p keeps a loop from being vectorised. Neither function may be
compiled with reassociation, which would undo the order of operations that their accuracy rests on;
so they are functions of their own, inlined into kernels that do allow it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit
from numba.core import types
from numba.extending import intrinsic

HALF_LOG_2_PI = 0.9189385332046727
LOG2_E = 1.4426950408889634
LN2 = 0.6931471805599453
LN2_HIGH = 0.6931471803691238
"""First 32 bits of ln 2, so that k times it is exact."""
LN2_LOW = 1.9082149292705877e-10
SMALLEST, LARGEST = -708.0, 709.9
"""Beyond these exp is 3e-308 and infinite."""
MANTISSA = np.int64(52)
BIAS = np.int64(1023)
SQRT_HALF = np.int64(0x3FE6A09E667F3BCD)
"""Bits of the square root of 1/2: mantissas are taken from there to the square root of 2."""

exact = njit(
    fastmath={"contract"},
    error_model="numpy",
    forceinline=True,
    no_cpython_wrapper=True,
    no_cfunc_wrapper=True,
)
"""A function that becomes part of its callers, its operations in the order in which they stand."""


def _bitcast(to: Any, llvm_type: ir.Type) -> Any:
    @intrinsic
    def cast(_typing: Any, value: Any) -> Any:
        def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            return builder.bitcast(arguments[0], llvm_type)

        return to(value), generate

    return cast


_bits_of = _bitcast(types.int64, ir.IntType(64))
_double_of = _bitcast(types.float64, ir.DoubleType())


@exact
def exp(x: float) -> float:
    r"""Exponential: :math:`2^k e^r` with r in ±ln 2 / 2, and a Taylor polynomial of degree 12."""
    x = min(max(x, SMALLEST), LARGEST)
    k = np.floor(x * LOG2_E + 0.5)
    r = x - k * LN2_HIGH
    r = r - k * LN2_LOW
    p = 2.08767569878681e-09
    p = p * r + 2.505210838544172e-08
    p = p * r + 2.7557319223985893e-07
    p = p * r + 2.7557319223985893e-06
    p = p * r + 2.48015873015873e-05
    p = p * r + 1.984126984126984e-04
    p = p * r + 1.388888888888889e-03
    p = p * r + 8.333333333333333e-03
    p = p * r + 4.1666666666666664e-02
    p = p * r + 0.16666666666666666
    p = p * r + 0.5
    p = p * r + 1.0
    p = p * r + 1.0
    return p * _double_of((np.int64(k) + BIAS) << MANTISSA)


@exact
def log(x: float) -> float:
    r"""Logarithm of a normal positive number.

    :math:`\ln x = e \ln 2 + 2 \operatorname{artanh} s` with the mantissa m in
    :math:`[\sqrt{1/2}, \sqrt 2)`, :math:`s = (m - 1) / (m + 1)`.
    """
    bits = _bits_of(x)
    exponent = (bits - SQRT_HALF) >> MANTISSA
    m = _double_of(bits - (exponent << MANTISSA))
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    p = 1.0 / 19.0
    p = p * z + 1.0 / 17.0
    p = p * z + 1.0 / 15.0
    p = p * z + 1.0 / 13.0
    p = p * z + 1.0 / 11.0
    p = p * z + 1.0 / 9.0
    p = p * z + 1.0 / 7.0
    p = p * z + 0.2
    p = p * z + 1.0 / 3.0
    return 2.0 * s * (p * z) + 2.0 * s + np.float64(exponent) * LN2


@exact
def log1p(u: float) -> float:
    r"""Logarithm of 1 + u, for u >= 0.

    With w = 1 + u rounded, :math:`\ln(1 + u) \approx \ln w + (u - (w - 1)) / w`.
    """
    w = 1.0 + u
    lost = u - (w - 1.0)
    return log(w) + lost / w


@exact
def finite_or_impossible(value: float) -> float:
    """The value itself, and minus infinity where it is infinite or no number."""
    return value if np.isfinite(value) else -np.inf
