"""How the kernels are compiled: cached on disk, without the interpreter's lock."""

from __future__ import annotations

from numba import njit

SUMS = {"contract", "reassoc", "nsz", "arcp"}
"""What the compiler may do with the kernels' sums; not-a-number and infinity keep their meaning."""

compiled = njit(fastmath=SUMS, error_model="numpy", nogil=True, cache=True)
