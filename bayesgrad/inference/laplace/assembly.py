r"""The negative Hessian in the latent vector, from the likelihood's blocks of cells.

What an outcome's fixed effects do to its cells is the same for all outcomes: those of levels come
through the authorities' effects, so that they read sums over strata; contrasts of strata are the
same for all authorities, so that they read sums over these. Rows and columns of an outcome's fixed
effects are filled block by block, and outcomes are then put side by side.
"""

from __future__ import annotations

import numpy as np

from bayesgrad.design.splines import Floats
from bayesgrad.inference.laplace.arrow import Arrow
from bayesgrad.inference.laplace.fixed import FixedEffects
from bayesgrad.inference.laplace.likelihood import Pieces


def negative_hessian(fixed: FixedEffects, pieces: Pieces, *, scale: Floats, lower: Floats) -> Arrow:
    """Negative Hessian of the log density of data and latent vector.

    Parameters
    ----------
    fixed : FixedEffects
    pieces : Pieces
    scale : ndarray, shape (p,)
        Of the fixed effects, as `FixedEffects.scale` gives it.
    lower : ndarray, shape (K, K)
        Lower Cholesky factor of the covariance of authority effects.
    """
    whole = pieces.cell_curvature.sum(axis=2)
    border = _border(fixed, pieces, whole)
    corner = _corner(fixed, pieces, border)
    if len(fixed.scale_of):
        by_outcome = fixed.by_outcome(scale)
        border = border * by_outcome[:, None, :]
        corner = corner * by_outcome[:, :, None] * by_outcome[:, None, :]
    wide_border, wide_corner, wide = _side_by_side(border, corner, whole)
    wide_corner[np.diag_indices_from(wide_corner)] += fixed.prior_sd**-2.0
    return Arrow(
        corner=wide_corner,
        border=lower.T @ wide_border,
        blocks=lower.T @ wide @ lower + np.eye(len(lower)),
    )


def _border(fixed: FixedEffects, pieces: Pieces, whole: Floats) -> Floats:
    """Between authority effects and fixed effects, (authorities, outcomes, 2, q)."""
    parts = [whole @ fixed.systematic[:, None]]
    if len(fixed.scale_of):
        parts.append(np.tensordot(pieces.cell_curvature, fixed.basis, axes=((2, 4), (0, 1))))
    if pieces.border.shape[-1]:
        parts.append(pieces.border.sum(axis=2))
    return np.concatenate(parts, axis=3) if len(parts) > 1 else parts[0]


def _corner(fixed: FixedEffects, pieces: Pieces, border: Floats) -> Floats:
    """Between fixed effects, (outcomes, q, q)."""
    level, contrasts, rows = fixed.level, fixed.contrasts, fixed.rows
    corner = np.zeros((fixed.outcomes, rows.stop, rows.stop))
    shared = np.tensordot(fixed.systematic, border, axes=((0, 1), (0, 2)))
    corner[:, level] = shared.transpose(1, 0, 2)
    if len(fixed.scale_of):
        bend = pieces.cell_curvature.sum(axis=0) @ fixed.basis
        corner[:, contrasts, contrasts] = np.einsum("kec,sked->scd", fixed.basis, bend)
        terms = pieces.border.sum(axis=0)
        corner[:, contrasts, rows] = np.einsum("kec,skem->scm", fixed.basis, terms)
    corner[:, rows, rows] = pieces.term_curvature
    for block in (level, contrasts):
        rest = slice(block.stop, rows.stop)
        corner[:, rest, block] = corner[:, block, rest].transpose(0, 2, 1)
    return corner


def _side_by_side(border: Floats, corner: Floats, whole: Floats) -> tuple[Floats, Floats, Floats]:
    """Border, (authorities, K, p), corner, (p, p), and blocks, (authorities, K, K)."""
    authorities, outcomes, effects, width = border.shape
    if outcomes == 1:
        return border[:, 0], corner[0], whole[:, 0]
    wide_border = np.zeros((authorities, outcomes, effects, outcomes, width))
    wide_corner = np.zeros((outcomes, width, outcomes, width))
    wide = np.zeros((authorities, outcomes, effects, outcomes, effects))
    for s in range(outcomes):
        wide_border[:, s, :, s] = border[:, s]
        wide_corner[s, :, s] = corner[s]
        wide[:, s, :, s] = whole[:, s]
    size, place = outcomes * effects, outcomes * width
    return (
        wide_border.reshape(authorities, size, place),
        wide_corner.reshape(place, place),
        wide.reshape(authorities, size, size),
    )
