"""Natural cubic splines in truncated-power form: linear beyond the outer knots."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

KNOT_QUANTILES = (0.05, 0.35, 0.65, 0.95)
"""Where four knots go (Harrell 2015, Regression Modeling Strategies, section 2.4.6)."""


def knots_of(values: Floats) -> Floats:
    """Knots at `KNOT_QUANTILES` of `values`, repeated ones merged; shape (knots,)."""
    return np.unique(np.quantile(values, KNOT_QUANTILES))


def too_few_for(values: Floats, knots: Floats) -> bool:
    """Whether `values` are too few, or too few of them distinct, to tell the bends apart."""
    return len(knots) < 3 or len(np.unique(values)) < len(knots)


def bend(values: Floats, knots: Floats, *, at: float) -> Floats:
    r"""Non-linear columns of a natural cubic spline, with value and slope 0 at `at`.

    With knots :math:`\xi_1 < \dots < \xi_K` and
    :math:`d_k(v) = [(v - \xi_k)_+^3 - (v - \xi_K)_+^3] / (\xi_K - \xi_k)`, column k is
    :math:`N_k(v) = d_k(v) - d_{K-1}(v)` less its tangent at `at`, so that a linear term keeps its
    meaning there (Hastie, Tibshirani and Friedman 2009, equation 5.4).

    Parameters
    ----------
    values : ndarray, shape (n,)
    knots : ndarray, shape (K,), increasing

    Returns
    -------
    ndarray, shape (n, K - 2)
    """
    value_at, slope_at = _columns(np.array([at]), knots)
    value, _ = _columns(values, knots)
    return value - value_at - slope_at * (values - at)[:, None]


def _columns(values: Floats, knots: Floats) -> tuple[Floats, Floats]:
    """Columns N_k and their derivatives, each of shape (n, K - 2)."""
    last = knots[-1]
    widths = last - knots[:-1]
    beyond_knot = np.maximum(values[:, None] - knots[:-1], 0.0)
    beyond_last = np.maximum(values - last, 0.0)[:, None]
    cubes = (beyond_knot**3 - beyond_last**3) / widths
    slopes = 3.0 * (beyond_knot**2 - beyond_last**2) / widths
    return cubes[:, :-1] - cubes[:, -1:], slopes[:, :-1] - slopes[:, -1:]
