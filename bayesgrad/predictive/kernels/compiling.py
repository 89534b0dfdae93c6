"""How the kernels of one draw at a time are compiled: sums in the order in which they stand."""

from __future__ import annotations

from numba import njit

serial = njit(error_model="numpy", nogil=True, cache=True)
