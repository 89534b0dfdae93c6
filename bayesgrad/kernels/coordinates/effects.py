r"""Authority effects in coordinates that suit each authority, and the way back for gradients.

With :math:`\mu = B X` the systematic part of K effects, :math:`C` the lower Cholesky factor of
their covariance, and the authority's information :math:`H` and :math:`h` at hand,

.. math:: \theta = \mu + C w, \qquad w = L^{-T} (L^{-1} t + z), \qquad t = C' (h - H \mu), \qquad
          L L' = M = I + C' H C,

and the log density of :math:`z` under :math:`\theta \sim N(\mu, C C')` is
:math:`-w' w / 2 - \ln \det L - K \ln(2 \pi) / 2`.

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

from bayesgrad.kernels.coordinates.layout import (
    Fixed,
    Spread,
    coefficients,
    fill_coefficients,
    scaled_factor,
    unscaled_factor,
)
from bayesgrad.kernels.coordinates.standardised import (
    CHUNK,
    Known,
    Workspace,
    standardise,
    workspace,
)
from bayesgrad.kernels.coordinates.triangular import (
    add,
    cholesky_backward,
    solve_lower,
    solve_upper,
    unpacked,
)
from bayesgrad.kernels.families.elementary import HALF_LOG_2_PI
from bayesgrad.kernels.kernel import inlined, kernel
from bayesgrad.kernels.shapes import Cube, Matrix, Vector


class Adjoints(NamedTuple):
    """Derivatives in what lies between, with room for sums.

    Attributes
    ----------
    lower, inner : ndarray, shape (K, K, CHUNK)
        Of L, and of M.
    given, t, z : ndarray, shape (K, CHUNK)
        Of the effects, of t, and of z.
    scratch : ndarray, shape (CHUNK,)
    """

    lower: Cube
    inner: Cube
    given: Matrix
    t: Matrix
    z: Matrix
    scratch: Vector


@inlined
def adjoints(size: int) -> Adjoints:
    """Room for the derivatives of `size` effects."""
    square, line = (size, size, CHUNK), (size, CHUNK)
    return Adjoints(
        np.empty(square),
        np.empty(square),
        np.empty(line),
        np.empty(line),
        np.empty(line),
        np.empty(CHUNK),
    )


@kernel
def effects_forward(
    fixed: Fixed, spread: Spread, z: Cube, known: Known, intercept: Matrix, slope: Matrix
) -> float:
    """Fill the effects; return the sum of the log densities of z.

    Parameters
    ----------
    fixed : Fixed
    spread : Spread
    z : ndarray, shape (outcomes, 2, authorities)
    known : Known
    intercept, slope : ndarray, shape (authorities, outcomes)
        Filled.
    """
    blocks, size, authorities = known.pull.shape
    coefficient, factor = coefficients(fixed), scaled_factor(spread)
    work = workspace(size)
    effect = np.empty(CHUNK)
    density = 0.0
    for b in range(blocks):
        c = unpacked(factor, b, size)
        for first in range(0, authorities, CHUNK):
            count = min(CHUNK, authorities - first)
            standardise(c, coefficient, z, known, b, first, count, work)
            for j in range(count):
                density += work.log_density[j]
            for i in range(size):
                mean = work.mean[i]
                for j in range(count):
                    effect[j] = mean[j]
                for k in range(i + 1):
                    add(effect, c[i, k], work.w[k], count)
                outcome, kind = divmod(b * size + i, 2)
                if kind == 0:
                    for j in range(count):
                        intercept[first + j, outcome] = effect[j]
                else:
                    for j in range(count):
                        slope[first + j, outcome] = effect[j]
    return density - HALF_LOG_2_PI * z.size


@kernel
def effects_backward(
    fixed: Fixed,
    spread: Spread,
    z: Cube,
    known: Known,
    d_intercept: Matrix,
    d_slope: Matrix,
    d_density: float,
    d_fixed: Fixed,
    d_spread: Spread,
    d_z: Cube,
) -> None:
    """Fill the derivatives in the fixed effects, the spread and z; see `effects_forward`."""
    blocks, size, authorities = known.pull.shape
    coefficient, factor = coefficients(fixed), scaled_factor(spread)
    work, adjoint = workspace(size), adjoints(size)
    d_factor, d_coefficient = np.zeros_like(factor), np.zeros_like(coefficient)
    for b in range(blocks):
        c = unpacked(factor, b, size)
        for first in range(0, authorities, CHUNK):
            count = min(CHUNK, authorities - first)
            for i in range(size):
                outcome, kind = divmod(b * size + i, 2)
                given = adjoint.given[i]
                if kind == 0:
                    for j in range(count):
                        given[j] = d_intercept[first + j, outcome]
                else:
                    for j in range(count):
                        given[j] = d_slope[first + j, outcome]
            standardise(c, coefficient, z, known, b, first, count, work)
            _coordinates_backward(c, d_density, count, work, adjoint)
            for i in range(size):
                outcome, kind = divmod(b * size + i, 2)
                own, back = adjoint.z[i], d_z[outcome, kind, first : first + count]
                for j in range(count):
                    back[j] = own[j]
            _lower_backward(z, b, first, d_density, count, work, adjoint)
            cholesky_backward(work.lower, adjoint.lower, adjoint.inner, count)
            _factor_backward(b, count, work, adjoint, d_factor)
            _systematic_backward(known.columns, b, first, count, work, adjoint, d_coefficient)
    fill_coefficients(d_coefficient, d_fixed)
    unscaled_factor(spread, d_factor, d_spread)


@inlined
def _coordinates_backward(
    c: Matrix, d_density: float, count: int, work: Workspace, adjoint: Adjoints
) -> None:
    """Fill the derivatives in z and t of some authorities of one block."""
    size = len(c)
    for i in range(size):
        of_w, w = adjoint.t[i], work.w[i]
        for j in range(count):
            of_w[j] = -d_density * w[j]
        for k in range(i, size):
            add(of_w, c[k, i], adjoint.given[k], count)
    solve_lower(work.lower, adjoint.t, count)
    for i in range(size):
        t, z = adjoint.t[i], adjoint.z[i]
        for j in range(count):
            z[j] = t[j]
    solve_upper(work.lower, adjoint.t, count)


@inlined
def _lower_backward(
    z: Cube,
    block: int,
    first: int,
    d_density: float,
    count: int,
    work: Workspace,
    adjoint: Adjoints,
) -> None:
    """Fill the derivatives in L from those in z and t."""
    size = len(work.mean)
    for i in range(size):
        w, t = work.w[i], adjoint.t[i]
        for k in range(i + 1):
            outcome, kind = divmod(block * size + k, 2)
            own = z[outcome, kind, first : first + count]
            out, of_z, half = adjoint.lower[i, k], adjoint.z[k], work.half[k]
            for j in range(count):
                out[j] = -w[j] * of_z[j] - t[j] * (half[j] - own[j])
        diagonal, pivot = adjoint.lower[i, i], work.lower[i, i]
        for j in range(count):
            diagonal[j] -= d_density / pivot[j]


@inlined
def _factor_backward(
    block: int, count: int, work: Workspace, adjoint: Adjoints, d_factor: Matrix
) -> None:
    """Add to the derivatives in the factor, by rows."""
    size = len(work.mean)
    scratch = adjoint.scratch
    for i in range(size):
        of_effect, rest = adjoint.given[i], work.rest[i]
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
            d_factor[i * (i + 1) // 2 + k, block] += total


@inlined
def _systematic_backward(
    columns: Matrix,
    block: int,
    first: int,
    count: int,
    work: Workspace,
    adjoint: Adjoints,
    d_coefficient: Matrix,
) -> None:
    """Add to the derivatives in the coefficients, (effects, terms)."""
    size = len(work.mean)
    scratch = adjoint.scratch
    for i in range(size):
        of_effect = adjoint.given[i]
        for j in range(count):
            scratch[j] = of_effect[j]
        for k in range(size):
            product, t = work.product[i, k], adjoint.t[k]
            for j in range(count):
                scratch[j] -= product[j] * t[j]
        for term in range(len(columns)):
            column, total = columns[term, first : first + count], 0.0
            for j in range(count):
                total += scratch[j] * column[j]
            d_coefficient[block * size + i, term] += total
