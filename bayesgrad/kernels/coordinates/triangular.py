"""Lower triangular matrices of many authorities at once: solving, and the way back of Cholesky's.

A matrix is (K, K, n) and a vector (K, n), the authorities innermost.
"""

from __future__ import annotations

import numpy as np

from bayesgrad.kernels.kernel import inlined
from bayesgrad.kernels.shapes import Cube, Matrix, Vector


@inlined
def unpacked(entries: Matrix, block: int, size: int) -> Matrix:
    """Lower triangular matrix of a block of entries by rows, (entries, blocks)."""
    matrix = np.zeros((size, size))
    for i in range(size):
        for k in range(i + 1):
            matrix[i, k] = entries[i * (i + 1) // 2 + k, block]
    return matrix


@inlined
def add(out: Vector, factor: float, values: Vector, count: int) -> None:
    """Add a multiple of the first values to as many numbers."""
    for j in range(count):
        out[j] += factor * values[j]


@inlined
def solve_lower(lower: Cube, vectors: Matrix, count: int) -> None:
    """Replace vectors, (K, n), by L^-1 times them."""
    for i in range(len(vectors)):
        out, pivot = vectors[i], lower[i, i]
        for k in range(i):
            row, known = lower[i, k], vectors[k]
            for j in range(count):
                out[j] -= row[j] * known[j]
        for j in range(count):
            out[j] /= pivot[j]


@inlined
def solve_upper(lower: Cube, vectors: Matrix, count: int) -> None:
    """Replace vectors, (K, n), by L'^-1 times them."""
    for i in range(len(vectors) - 1, -1, -1):
        out, pivot = vectors[i], lower[i, i]
        for k in range(i + 1, len(vectors)):
            column, known = lower[k, i], vectors[k]
            for j in range(count):
                out[j] -= column[j] * known[j]
        for j in range(count):
            out[j] /= pivot[j]


@inlined
def cholesky_backward(lower: Cube, d_lower: Cube, d_matrix: Cube, count: int) -> None:
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
    # L'^-1 (.) L^-1: by rows, and, since the whole is symmetric, by rows of the transpose.
    for i in range(size):
        solve_upper(lower, d_matrix[i], count)
    for i in range(size):
        for k in range(i):
            one, other = d_matrix[i, k], d_matrix[k, i]
            for j in range(count):
                one[j], other[j] = other[j], one[j]
    for i in range(size):
        solve_upper(lower, d_matrix[i], count)
