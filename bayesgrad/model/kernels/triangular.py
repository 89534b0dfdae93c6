"""Lower triangular matrices of many authorities at once: solving, and the way back of Cholesky's.

A matrix is (K, K, n) and a vector (K, n), the authorities innermost.
"""

from __future__ import annotations

import numpy as np

from bayesgrad.design.splines import Floats
from bayesgrad.model.kernels.compiling import compiled


@compiled
def unpacked(entries: Floats, size: int) -> Floats:
    """Lower triangular matrix of entries by rows."""
    matrix = np.zeros((size, size))
    for i in range(size):
        for k in range(i + 1):
            matrix[i, k] = entries[i * (i + 1) // 2 + k]
    return matrix


@compiled
def add(out: Floats, factor: float, values: Floats) -> None:
    """Add a multiple of values to as many numbers."""
    for j in range(min(len(out), len(values))):
        out[j] += factor * values[j]


@compiled
def solve_lower(lower: Floats, vectors: Floats, count: int) -> None:
    """Replace vectors, (K, n), by L^-1 times them."""
    for i in range(len(vectors)):
        out, pivot = vectors[i], lower[i, i]
        for k in range(i):
            row, known = lower[i, k], vectors[k]
            for j in range(count):
                out[j] -= row[j] * known[j]
        for j in range(count):
            out[j] /= pivot[j]


@compiled
def solve_upper(lower: Floats, vectors: Floats, count: int) -> None:
    """Replace vectors, (K, n), by L'^-1 times them."""
    for i in range(len(vectors) - 1, -1, -1):
        out, pivot = vectors[i], lower[i, i]
        for k in range(i + 1, len(vectors)):
            column, known = lower[k, i], vectors[k]
            for j in range(count):
                out[j] -= column[j] * known[j]
        for j in range(count):
            out[j] /= pivot[j]


@compiled
def cholesky_backward(lower: Floats, d_lower: Floats, d_matrix: Floats, count: int) -> None:
    """Fill the derivative in M of what has the derivative `d_lower` in L."""
    size = len(lower)
    for i in range(size):
        for k in range(i + 1):
            out, mirror = d_matrix[i, k], d_matrix[k, i]
            for j in range(count):
                out[j] = 0.0
            for m in range(i, size):
                one, other = lower[m, i], d_lower[m, k]
                for j in range(count):
                    out[j] += 0.5 * one[j] * other[j]
            for j in range(count):
                mirror[j] = out[j]
    # L'^-1 (.) L^-1, by columns and then, since it is symmetric, by rows.
    for k in range(size):
        solve_upper(lower, d_matrix[:, k], count)
    for i in range(size):
        solve_upper(lower, d_matrix[i], count)
