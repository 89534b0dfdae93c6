"""Scrambled points of Sobol's sequence: more even than random points, and as random as they.

Each coordinate's binary digits are multiplied by a random lower triangular matrix with ones on its
diagonal, modulo 2, and shifted by random digits (Matousek 1998). Every point is then uniform, and
the set stays as even as the sequence.
"""

from __future__ import annotations

import numpy as np

from bayesgrad.compat.sobol import BITS, sobol_points
from bayesgrad.design.splines import Floats


def scrambled_sobol(dim: int, *, log2_size: int, rng: np.random.Generator) -> Floats:
    """Draw a set of points in the open unit cube.

    Parameters
    ----------
    dim : int
    log2_size : int
        Log to the base 2 of the number of points, n.
    rng : numpy.random.Generator
        Scrambles the sequence.

    Returns
    -------
    ndarray, shape (n, dim)
    """
    places = np.arange(BITS - 1, -1, -1)
    points = sobol_points(dim, log2_size=log2_size)
    digits = (points[:, :, None] >> places & 1).astype(float)
    matrices = np.tril(rng.integers(2, size=(dim, BITS, BITS)), -1) + np.eye(BITS)
    scrambled = np.einsum("nij,ikj->nik", digits, matrices, optimize=True) % 2.0
    shifted = (scrambled + rng.integers(2, size=(dim, BITS))) % 2.0
    # Half a unit of the last digit keeps points off 0.
    uniform: Floats = shifted @ 0.5 ** (BITS - places) + 0.5 ** (BITS + 1)
    return uniform
