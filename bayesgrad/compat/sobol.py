"""Points of Sobol's sequence without the import of `scipy.stats`, which is slow.

The direction numbers (Joe and Kuo 2008) are read from the data file that SciPy ships for its own
`scipy.stats.qmc.Sobol`. Where a version of SciPy has no such file, that class gives the points.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import scipy

BITS = 30
"""Binary digits of a coordinate."""

Digits = np.ndarray[Any, np.dtype[np.int64]]


def sobol_points(dim: int, *, log2_size: int) -> Digits:
    """Compute the first points of Sobol's sequence, without scrambling, in no certain order.

    Parameters
    ----------
    dim : int
    log2_size : int
        Log to the base 2 of the number of points, n.

    Returns
    -------
    ndarray, shape (n, dim)
        Coordinates as integers: to be divided by 2 ** `BITS`.
    """
    numbers = Path(scipy.__file__).parent / "stats" / "_sobol_direction_numbers.npz"
    if not numbers.is_file():
        return _by_scipy(dim, log2_size)
    with np.load(numbers) as content:
        polynomials, initial = content["poly"][:dim], content["vinit"][:dim]
    directions = np.array(
        [
            _directions(int(polynomial), first, log2_size)
            for polynomial, first in zip(polynomials, initial, strict=True)
        ],
        dtype=np.int64,
    )
    points = np.zeros((1, dim), dtype=np.int64)
    for digit in range(log2_size):
        points = np.concatenate([points, points ^ directions[:, digit]])
    return points


def _directions(polynomial: int, initial: Digits, size: int) -> list[int]:
    """Direction numbers of one dimension by the recurrence of its primitive polynomial.

    Bits of `polynomial` below the leading one are its coefficients.
    """
    degree = polynomial.bit_length() - 1
    numbers = [1] * size if degree == 0 else [int(first) for first in initial[: min(degree, size)]]
    for k in range(len(numbers), size):
        number = numbers[k - degree] ^ (numbers[k - degree] << degree)
        for j in range(1, degree):
            if polynomial >> (degree - j) & 1:
                number ^= numbers[k - j] << j
        numbers.append(number)
    return [number << (BITS - 1 - k) for k, number in enumerate(numbers)]


def _by_scipy(dim: int, log2_size: int) -> Digits:
    from scipy.stats import qmc

    points = qmc.Sobol(dim, scramble=False, bits=BITS).random_base2(log2_size)
    return np.rint(points * 2.0**BITS).astype(np.int64)
