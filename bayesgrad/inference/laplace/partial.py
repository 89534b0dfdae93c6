r"""Cholesky factor of a correlation matrix, from its partial correlations on the artanh scale.

With :math:`t_{ik} = \mathrm{artanh}\, r_{ik}` of effects i and k < i given all before k
(Lewandowski, Kurowicka and Joe 2009),

.. math:: F_{ik} = \tanh t_{ik} \prod_{m < k} \frac{1}{\cosh t_{im}}, \qquad
          F_{ii} = \prod_{m < i} \frac{1}{\cosh t_{im}},

which does not vanish where a correlation rounds to 1. Partial correlations are packed by rows.
"""

from __future__ import annotations

import numpy as np

from bayesgrad.design.splines import Floats


def factor_of(artanh: Floats, size: int) -> Floats:
    """Lower Cholesky factor, (size, size), of partial correlations, (size (size - 1) / 2,)."""
    tangent, _, rest = _parts(artanh, size)
    return tangent * rest + np.diag(np.diagonal(rest))


def derivative_in_partial(artanh: Floats, d_factor: Floats) -> Floats:
    """Derivatives in artanh, (size (size - 1) / 2,), of what has these in the factor."""
    size = len(d_factor)
    tangent, secant, rest = _parts(artanh, size)
    product = np.tril(d_factor) * (tangent * rest + np.diag(np.diagonal(rest)))
    later = product[:, ::-1].cumsum(axis=1)[:, ::-1] - product
    found: Floats = d_factor * rest * secant**2 - tangent * later
    return found[np.tril_indices(size, -1)]


def _parts(artanh: Floats, size: int) -> tuple[Floats, Floats, Floats]:
    """Tangents, secants, and the products of the secants before each, (size, size) all."""
    below = np.tril_indices(size, -1)
    tangent, secant = np.zeros((size, size)), np.ones((size, size))
    tangent[below] = np.tanh(artanh)
    secant[below] = 1.0 / np.cosh(artanh)
    rest = np.ones((size, size))
    rest[:, 1:] = secant[:, :-1].cumprod(axis=1)
    return tangent, secant, rest
