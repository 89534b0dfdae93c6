r"""Independent normal contrasts in coordinates that suit what the data say of each.

The values are :math:`v = \sigma B w` with w standard normal. With :math:`\lambda` the diagonal of
:math:`B' H B`, which is diagonal by the choice of B, and :math:`h = B' H \hat v` at hand for a
rough mode :math:`\hat v`,

.. math:: w = \frac{\sigma h}{m} + \frac{z}{\sqrt m}, \qquad m = 1 + \sigma^2 \lambda,

and the log density of z is :math:`-w' w / 2 - \sum \ln(2 \pi m) / 2`.
It is the form of `bayesgrad.kernels.coordinates.effects` with an orthogonal rotation taken
beforehand.
"""

from __future__ import annotations

import numpy as np

from bayesgrad.kernels.families.elementary import HALF_LOG_2_PI, log1p
from bayesgrad.kernels.kernel import kernel
from bayesgrad.kernels.shapes import Cube, Matrix, Vector


@kernel
def contrasts_forward(
    sd: Vector, z: Matrix, basis: Cube, information: Matrix, pull: Matrix, values: Matrix
) -> float:
    """Fill the values; return the log density of z.

    Parameters
    ----------
    sd : ndarray, shape (sets,)
    z, information, pull : ndarray, shape (sets, contrasts)
        Coordinates, lambda and h.
    basis : ndarray, shape (sets, n, contrasts)
    values : ndarray, shape (sets, n)
    """
    density = 0.0
    sets, contrasts = z.shape
    w = np.empty(contrasts)
    for s in range(sets):
        scale = sd[s]
        for r in range(contrasts):
            more = scale * scale * information[s, r]
            m = 1.0 + more
            w[r] = scale * pull[s, r] / m + z[s, r] / np.sqrt(m)
            density -= 0.5 * (w[r] * w[r] + log1p(more))
        for k in range(basis.shape[1]):
            total = 0.0
            for r in range(contrasts):
                total += basis[s, k, r] * w[r]
            values[s, k] = scale * total
    return density - HALF_LOG_2_PI * z.size


@kernel
def contrasts_backward(
    sd: Vector,
    z: Matrix,
    basis: Cube,
    information: Matrix,
    pull: Matrix,
    d_values: Matrix,
    d_density: float,
    d_sd: Vector,
    d_z: Matrix,
    d_pull: Matrix,
) -> None:
    """Fill the derivatives in the standard deviations, z and the pull; see `contrasts_forward`."""
    sets, contrasts = z.shape
    u = np.empty(contrasts)
    for s in range(sets):
        scale = sd[s]
        u[:] = 0.0
        for k in range(basis.shape[1]):
            for r in range(contrasts):
                u[r] += basis[s, k, r] * d_values[s, k]
        total = 0.0
        for r in range(contrasts):
            own = information[s, r]
            m = 1.0 + scale * scale * own
            root = np.sqrt(m)
            w = scale * pull[s, r] / m + z[s, r] / root
            d_w = scale * u[r] - d_density * w
            change = pull[s, r] * (2.0 - m) / (m * m) - z[s, r] * scale * own / (m * root)
            total += u[r] * w + d_w * change - d_density * scale * own / m
            d_z[s, r] = d_w / root
            d_pull[s, r] = d_w * scale / m
        d_sd[s] = total
