r"""Authority effects in coordinates that suit each authority, and the way back for gradients.

With :math:`\mu = B X` the systematic part of K effects, :math:`C` the lower Cholesky factor of
their covariance, and the authority's information :math:`H` and :math:`h` at hand,

.. math:: \theta = \mu + C w, \qquad w = L^{-T} (L^{-1} t + z), \qquad t = C' (h - H \mu), \qquad
          L L' = M = I + C' H C,

and the log density of :math:`z` under :math:`\theta \sim N(\mu, C C')` is
:math:`-w' w / 2 - \ln \det L`, less :math:`K \ln(2 \pi) / 2`.

Backwards, with :math:`\bar\theta` and :math:`\bar\rho` the derivatives of any quantity in
:math:`\theta` and the log density (Giles 2008):

.. math:: \bar w &= C' \bar\theta - \bar\rho w, \qquad \bar z = L^{-1} \bar w, \qquad
          \bar t = L^{-T} \bar z, \qquad
          \bar L = -w \bar z' - \bar t (L^{-1} t)' - \bar\rho \operatorname{diag}(1 / L_{ii}), \\
          \bar M &= \tfrac12 L^{-T} (P + P') L^{-1}, \qquad
          P = \text{lower triangle of } L' \bar L \text{, its diagonal halved}, \\
          \bar C &= \bar\theta w' + (h - H \mu) \bar t' + 2 H C \bar M, \qquad
          \bar\mu = \bar\theta - H C \bar t, \qquad \bar B = \textstyle\sum_j \bar\mu X' .

Authorities are the last and innermost dimension of every array, so that the compiler takes several
at a time whatever K is.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bayesgrad.design.splines import Floats
from bayesgrad.model.kernels.compiling import compiled
from bayesgrad.model.kernels.standardised import (
    CHUNK,
    Systematic,
    Workspace,
    standardise,
    systematic_means,
    workspace,
)
from bayesgrad.model.kernels.triangular import (
    add,
    cholesky_backward,
    solve_lower,
    solve_upper,
    unpacked,
)


class Adjoints(NamedTuple):
    """Derivatives in what lies between, with room for sums.

    Attributes
    ----------
    lower, inner : ndarray, shape (K, K, CHUNK)
        Of L, and of M.
    t : ndarray, shape (K, CHUNK)
    scratch : ndarray, shape (CHUNK,)
    """

    lower: Floats
    inner: Floats
    t: Floats
    scratch: Floats


@compiled
def adjoints(size: int) -> Adjoints:
    """Room for the derivatives of `size` effects."""
    square = (size, size, CHUNK)
    return Adjoints(np.empty(square), np.empty(square), np.empty((size, CHUNK)), np.empty(CHUNK))


@compiled
def effects_forward(
    factor: Floats,
    systematic: Systematic,
    z: Floats,
    information: Floats,
    pull: Floats,
    effects: Floats,
) -> float:
    """Fill the effects; return the sum of the log densities, less their constant.

    Parameters
    ----------
    factor : ndarray, shape (K (K + 1) / 2, blocks)
        C of each block of effects (an outcome's, or those of all outcomes), by rows.
    systematic : Systematic
    z, pull, effects : ndarray, shape (blocks, K, authorities)
    information : ndarray, shape (blocks, K, K, authorities)
    """
    blocks, size, authorities = z.shape
    work = workspace(size)
    density = 0.0
    for b in range(blocks):
        c = unpacked(factor[:, b], size)
        for first in range(0, authorities, CHUNK):
            count = min(CHUNK, authorities - first)
            systematic_means(systematic, b, first, count, work.mean)
            standardise(c, z[b], information[b], pull[b], first, count, work)
            for j in range(count):
                density += work.log_density[j]
            for i in range(size):
                out, mean = effects[b, i, first : first + count], work.mean[i]
                for j in range(count):
                    out[j] = mean[j]
                for k in range(i + 1):
                    add(out, c[i, k], work.w[k])
    return density


@compiled
def effects_backward(
    factor: Floats,
    systematic: Systematic,
    z: Floats,
    information: Floats,
    pull: Floats,
    d_effects: Floats,
    d_density: float,
    d_factor: Floats,
    d_coefficient: Floats,
    d_z: Floats,
) -> None:
    """Fill the derivatives in the factor, the coefficients and z; see `effects_forward`."""
    blocks, size, authorities = z.shape
    work, adjoint = workspace(size), adjoints(size)
    d_factor[:] = 0.0
    d_coefficient[:] = 0.0
    for b in range(blocks):
        c = unpacked(factor[:, b], size)
        for first in range(0, authorities, CHUNK):
            count = min(CHUNK, authorities - first)
            given, back = d_effects[b, :, first : first + count], d_z[b, :, first : first + count]
            systematic_means(systematic, b, first, count, work.mean)
            standardise(c, z[b], information[b], pull[b], first, count, work)
            _coordinates_backward(c, given, d_density, work, back, adjoint.t)
            own = z[b, :, first : first + count]
            _lower_backward(own, back, d_density, work, adjoint)
            cholesky_backward(work.lower, adjoint.lower, adjoint.inner, count)
            _factor_backward(given, work, adjoint, d_factor[:, b])
            columns = systematic.columns[:, first : first + count]
            _systematic_backward(given, columns, work, adjoint, d_coefficient[b])


@compiled
def _coordinates_backward(
    c: Floats, given: Floats, d_density: float, work: Workspace, back: Floats, d_t: Floats
) -> None:
    """Fill the derivatives in z and t, (K, authorities), of some authorities of one block.

    Parameters
    ----------
    c : ndarray, shape (K, K)
    given : ndarray, shape (K, authorities)
        Derivatives in the effects.
    """
    size, count = given.shape
    for i in range(size):
        of_w, w = d_t[i], work.w[i]
        for j in range(count):
            of_w[j] = -d_density * w[j]
        for k in range(i, size):
            add(of_w, c[k, i], given[k])
    solve_lower(work.lower, d_t, count)
    back[:] = d_t[:, :count]
    solve_upper(work.lower, d_t, count)


@compiled
def _lower_backward(
    z: Floats, back: Floats, d_density: float, work: Workspace, adjoint: Adjoints
) -> None:
    """Fill the derivatives in L from those in z, (K, authorities), and t."""
    size, count = z.shape
    for i in range(size):
        w, t = work.w[i], adjoint.t[i]
        for k in range(i + 1):
            out, of_z, half, own = adjoint.lower[i, k], back[k], work.half[k], z[k]
            for j in range(count):
                out[j] = -w[j] * of_z[j] - t[j] * (half[j] - own[j])
        diagonal, pivot = adjoint.lower[i, i], work.lower[i, i]
        for j in range(count):
            diagonal[j] -= d_density / pivot[j]


@compiled
def _factor_backward(given: Floats, work: Workspace, adjoint: Adjoints, d_factor: Floats) -> None:
    """Add to the derivatives in the factor, by rows."""
    size, count = given.shape
    scratch = adjoint.scratch
    for i in range(size):
        of_effect, rest = given[i], work.rest[i]
        for k in range(i + 1):
            w, t = work.w[k], adjoint.t[k]
            for j in range(count):
                scratch[j] = of_effect[j] * w[j] + rest[j] * t[j]
            for m in range(size):
                product, inner = work.product[i, m], adjoint.inner[m, k]
                for j in range(count):
                    scratch[j] += 2.0 * product[j] * inner[j]
            total = 0.0
            for j in range(count):
                total += scratch[j]
            d_factor[i * (i + 1) // 2 + k] += total


@compiled
def _systematic_backward(
    given: Floats, columns: Floats, work: Workspace, adjoint: Adjoints, d_coefficient: Floats
) -> None:
    """Add to the derivatives in the coefficients, (K, terms), of columns (terms, authorities)."""
    size, count = given.shape
    scratch = adjoint.scratch
    for i in range(size):
        of_effect = given[i]
        for j in range(count):
            scratch[j] = of_effect[j]
        for k in range(size):
            product, t = work.product[i, k], adjoint.t[k]
            for j in range(count):
                scratch[j] -= product[j] * t[j]
        for term in range(len(columns)):
            column, total = columns[term], 0.0
            for j in range(count):
                total += scratch[j] * column[j]
            d_coefficient[i, term] += total
