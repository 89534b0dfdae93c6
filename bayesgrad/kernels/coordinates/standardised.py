"""What lies between the coordinates of authority effects and the effects, compiled.

In the notation of `bayesgrad.kernels.coordinates.effects`, for some authorities of one block at a
time.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bayesgrad.kernels.coordinates.triangular import add, solve_lower, solve_upper
from bayesgrad.kernels.families.elementary import log1p
from bayesgrad.kernels.kernel import inlined, kernel
from bayesgrad.kernels.norefcount import without_refcount
from bayesgrad.kernels.shapes import Array4, Cube, Matrix, Vector

CHUNK = 128
"""Authorities that are worked on at a time, so that what lies between stays in cache."""


class Known(NamedTuple):
    """What the effects read of the data.

    Attributes
    ----------
    columns : ndarray, shape (1 + moderation terms + moderators, authorities)
        X: ones, the moderation basis and further moderators.
    information : ndarray, shape (blocks, K, K, authorities)
        H of each block of effects (an outcome's, or those of all outcomes).
    pull : ndarray, shape (blocks, K, authorities)
        h.
    """

    columns: Matrix
    information: Array4
    pull: Cube


class Workspace(NamedTuple):
    """What lies between the coordinates and the effects of some authorities of one block.

    Attributes
    ----------
    mean : ndarray, shape (K, CHUNK)
        mu.
    lower, product : ndarray, shape (K, K, CHUNK)
        L, and H C.
    rest, half, w : ndarray, shape (K, CHUNK)
        h - H mu, then L^-1 t + z, and w.
    log_density : ndarray, shape (CHUNK,)
    """

    mean: Matrix
    lower: Cube
    product: Cube
    rest: Matrix
    half: Matrix
    w: Matrix
    log_density: Vector


@inlined
def workspace(size: int) -> Workspace:
    """Room for `size` effects."""
    square, line = (size, size, CHUNK), (size, CHUNK)
    return Workspace(
        np.empty(line),
        np.empty(square),
        np.empty(square),
        np.empty(line),
        np.empty(line),
        np.empty(line),
        np.empty(CHUNK),
    )


@inlined
def systematic_means(
    coefficient: Matrix, columns: Matrix, effect: int, first: int, count: int, mean: Matrix
) -> None:
    """Fill the means of `count` authorities from `first`, of effects from `effect` on."""
    for i in range(len(mean)):
        out = mean[i]
        for j in range(count):
            out[j] = 0.0
        for term in range(len(columns)):
            column = columns[term, first : first + count]
            add(out, coefficient[effect + i, term], column, count)


@kernel
def standardise(
    c: Matrix,
    coefficient: Matrix,
    z: Cube,
    known: Known,
    block: int,
    first: int,
    count: int,
    work: Workspace,
) -> None:
    """Fill the workspace for `count` authorities from `first`, of one block.

    Parameters
    ----------
    c : ndarray, shape (K, K)
        C of the block.
    coefficient : ndarray, shape (effects, terms)
        B of all blocks.
    z : ndarray, shape (outcomes, 2, authorities)
    known : Known
    """
    c, z, work = without_refcount(c), without_refcount(z), without_refcount(work)
    coefficient, known = without_refcount(coefficient), without_refcount(known)
    information, pull = known.information[block], known.pull[block]
    size, last = len(c), first + count
    systematic_means(coefficient, known.columns, block * size, first, count, work.mean)
    _informed(c, information, pull, first, count, work)
    _factorised(c, count, work)
    for i in range(size):
        half = work.half[i]
        for j in range(count):
            half[j] = 0.0
        for m in range(i, size):
            add(half, c[m, i], work.rest[m], count)
    solve_lower(work.lower, work.half, count)
    for i in range(size):
        outcome, kind = divmod(block * size + i, 2)
        half, w, own = work.half[i], work.w[i], z[outcome, kind, first:last]
        for j in range(count):
            half[j] += own[j]
            w[j] = half[j]
    solve_upper(work.lower, work.w, count)
    for i in range(size):
        w = work.w[i]
        for j in range(count):
            work.log_density[j] -= 0.5 * w[j] * w[j]


@inlined
def _informed(
    c: Matrix, information: Cube, pull: Matrix, first: int, count: int, work: Workspace
) -> None:
    """Fill h - H mu, and H C."""
    size, last = len(c), first + count
    for i in range(size):
        rest, own = work.rest[i], pull[i, first:last]
        for j in range(count):
            rest[j] = own[j]
        for k in range(size):
            curvature, at = information[i, k, first:last], work.mean[k]
            for j in range(count):
                rest[j] -= curvature[j] * at[j]
            product = work.product[i, k]
            for j in range(count):
                product[j] = 0.0
            for m in range(k, size):
                add(product, c[m, k], information[i, m, first:last], count)


@inlined
def _factorised(c: Matrix, count: int, work: Workspace) -> None:
    """Fill L, and the log density with minus the log of its determinant."""
    size = len(c)
    for j in range(count):
        work.log_density[j] = 0.0
    for i in range(size):
        for k in range(i + 1):
            out = work.lower[i, k]
            for j in range(count):
                out[j] = 0.0
            for m in range(i, size):
                add(out, c[m, i], work.product[m, k], count)
            for m in range(k):
                one, other = work.lower[i, m], work.lower[k, m]
                for j in range(count):
                    out[j] -= one[j] * other[j]
            if i > k:
                pivot = work.lower[k, k]
                for j in range(count):
                    out[j] /= pivot[j]
            else:
                # The pivot is 1 and what the information adds, which is no less than 0.
                for j in range(count):
                    more = max(out[j], 0.0)
                    work.log_density[j] -= 0.5 * log1p(more)
                    out[j] = np.sqrt(1.0 + more)
