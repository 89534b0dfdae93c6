r"""Independent normal contrasts in coordinates that suit what the data say of each.

The values are :math:`v = \sigma B w` with w standard normal. With :math:`\lambda` the diagonal of
:math:`B' H B`, which is diagonal by the choice of B, and :math:`h = B' H \hat v` at hand for a
rough mode :math:`\hat v`,

.. math:: w = \frac{\sigma h}{m} + \frac{z}{\sqrt m}, \qquad m = 1 + \sigma^2 \lambda,

and the log density of z is :math:`-w' w / 2 - \sum \ln(2 \pi m) / 2`. It is the form of
`bayesgrad.kernels.coordinates.effects` with an orthogonal rotation taken beforehand.

Contrasts come in sets: one for each outcome, or for each outcome and authority, of which all of an
outcome have one standard deviation. What an authority's rows say of its own contrasts depends on
where the nation's strata n are: its pull is then :math:`h - R (n - \hat n)`, R its response.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bayesgrad.kernels.families.elementary import HALF_LOG_2_PI, log1p
from bayesgrad.kernels.kernel import inlined, kernel
from bayesgrad.kernels.shapes import Cube, Matrix, Vector


class KnownContrasts(NamedTuple):
    """What contrasts read of the data; sets are by outcome and then by authority.

    Attributes
    ----------
    basis : ndarray, shape (sets, n, contrasts)
        B.
    information, pull : ndarray, shape (sets, contrasts)
        Lambda and h.
    response : ndarray, shape (sets, contrasts, strata) or (0, 0, 0)
        R; empty where the pull does not depend on the nation's strata.
    mode : ndarray, shape (outcomes, strata) or (0, 0)
        Where the nation's strata were at h.
    """

    basis: Cube
    information: Matrix
    pull: Matrix
    response: Cube
    mode: Matrix


@kernel
def contrasts_forward(
    sd: Vector, z: Vector, national: Matrix, known: KnownContrasts, values: Vector
) -> float:
    """Fill the values; return the log density of z.

    Parameters
    ----------
    sd : ndarray, shape (outcomes,)
    z : ndarray, shape (sets x contrasts,)
    national : ndarray, shape (outcomes, strata) or (0, 0)
        The nation's strata; not read where there is no response.
    known : KnownContrasts
    values : ndarray, shape (authorities x outcomes x n,)
        By authority and then by outcome.
    """
    density = 0.0
    sets, count, contrasts = known.basis.shape
    authorities = sets // len(sd)
    pull, w = np.empty(contrasts), np.empty(contrasts)
    for s in range(sets):
        outcome, authority = divmod(s, authorities)
        scale = sd[outcome]
        fill_pull(known, national, s, outcome, pull)
        for r in range(contrasts):
            more = scale * scale * known.information[s, r]
            m = 1.0 + more
            w[r] = scale * pull[r] / m + z[s * contrasts + r] / np.sqrt(m)
            density -= 0.5 * (w[r] * w[r] + log1p(more))
        first = (authority * len(sd) + outcome) * count
        for k in range(count):
            total = 0.0
            for r in range(contrasts):
                total += known.basis[s, k, r] * w[r]
            values[first + k] = scale * total
    return density - HALF_LOG_2_PI * z.size


@kernel
def contrasts_backward(
    sd: Vector,
    z: Vector,
    national: Matrix,
    known: KnownContrasts,
    d_values: Vector,
    d_density: float,
    d_sd: Vector,
    d_z: Vector,
    d_national: Matrix,
) -> None:
    """Fill the derivatives in the standard deviations, z and the nation's strata."""
    sets, count, contrasts = known.basis.shape
    authorities = sets // len(sd)
    d_sd[:] = 0.0
    d_national[:] = 0.0
    u, pull, d_pull = np.empty(contrasts), np.empty(contrasts), np.empty(contrasts)
    for s in range(sets):
        outcome, authority = divmod(s, authorities)
        scale = sd[outcome]
        fill_pull(known, national, s, outcome, pull)
        u[:] = 0.0
        first = (authority * len(sd) + outcome) * count
        for k in range(count):
            for r in range(contrasts):
                u[r] += known.basis[s, k, r] * d_values[first + k]
        total = 0.0
        for r in range(contrasts):
            own, coordinate = known.information[s, r], z[s * contrasts + r]
            m = 1.0 + scale * scale * own
            root = np.sqrt(m)
            w = scale * pull[r] / m + coordinate / root
            d_w = scale * u[r] - d_density * w
            change = pull[r] * (2.0 - m) / (m * m) - coordinate * scale * own / (m * root)
            total += u[r] * w + d_w * change - d_density * scale * own / m
            d_z[s * contrasts + r] = d_w / root
            d_pull[r] = d_w * scale / m
        d_sd[outcome] += total
        if len(known.response):
            for r in range(contrasts):
                for k in range(known.response.shape[2]):
                    d_national[outcome, k] -= d_pull[r] * known.response[s, r, k]


@inlined
def fill_pull(
    known: KnownContrasts, national: Matrix, index: int, outcome: int, pull: Vector
) -> None:
    """Fill the pull of one set of contrasts, given the nation's strata."""
    for r in range(len(pull)):
        pull[r] = known.pull[index, r]
        if len(known.response):
            for k in range(known.response.shape[2]):
                moved = national[outcome, k] - known.mode[outcome, k]
                pull[r] -= known.response[index, r, k] * moved
