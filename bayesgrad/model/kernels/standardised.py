"""What lies between the coordinates of authority effects and the effects, compiled.

In the notation of `bayesgrad.model.kernels.effects`, for some authorities of one block at a time.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bayesgrad.design.splines import Floats
from bayesgrad.model.kernels.borrowing import borrowed
from bayesgrad.model.kernels.compiling import compiled
from bayesgrad.model.kernels.elementary import log1p
from bayesgrad.model.kernels.triangular import add, solve_lower, solve_upper

CHUNK = 128
"""Authorities that are worked on at a time, so that what lies between stays in cache."""


class Systematic(NamedTuple):
    """Systematic part of the effects.

    Attributes
    ----------
    coefficient : ndarray, shape (blocks, K, terms)
        B.
    columns : ndarray, shape (terms, authorities)
        X.
    """

    coefficient: Floats
    columns: Floats


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

    mean: Floats
    lower: Floats
    product: Floats
    rest: Floats
    half: Floats
    w: Floats
    log_density: Floats


@compiled
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


@compiled
def systematic_means(
    systematic: Systematic, block: int, first: int, count: int, mean: Floats
) -> None:
    """Fill the means of `count` authorities from `first`."""
    for i in range(len(mean)):
        out = mean[i]
        for j in range(count):
            out[j] = 0.0
        for term in range(len(systematic.columns)):
            column = systematic.columns[term, first : first + count]
            add(out, systematic.coefficient[block, i, term], column)


@compiled
def standardise(
    c: Floats,
    z: Floats,
    information: Floats,
    pull: Floats,
    first: int,
    count: int,
    work: Workspace,
) -> None:
    """Fill the rest of the workspace for `count` authorities from `first`, of one block."""
    c, z, work = borrowed(c), borrowed(z), borrowed(work)
    information, pull = borrowed(information), borrowed(pull)
    size, last = len(z), first + count
    _informed(c, information, pull, first, count, work)
    _factorised(c, count, work)
    for i in range(size):
        half = work.half[i]
        for j in range(count):
            half[j] = 0.0
        for m in range(i, size):
            add(half, c[m, i], work.rest[m, :count])
    solve_lower(work.lower, work.half, count)
    for i in range(size):
        half, w, own = work.half[i], work.w[i], z[i, first:last]
        for j in range(count):
            half[j] += own[j]
            w[j] = half[j]
    solve_upper(work.lower, work.w, count)
    for i in range(size):
        w = work.w[i]
        for j in range(count):
            work.log_density[j] -= 0.5 * w[j] * w[j]


@compiled
def _informed(
    c: Floats, information: Floats, pull: Floats, first: int, count: int, work: Workspace
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
                add(product, c[m, k], information[i, m, first:last])


@compiled
def _factorised(c: Floats, count: int, work: Workspace) -> None:
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
                add(out, c[m, i], work.product[m, k, :count])
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
