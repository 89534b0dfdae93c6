r"""Arrow-shaped positive definite matrices: many small blocks, bordered by a few shared columns.

.. math:: H = \begin{pmatrix} D & C_1^T & \cdots & C_J^T \\ C_1 & A_1 & & \\
          \vdots & & \ddots & \\ C_J & & & A_J \end{pmatrix}, \qquad
          S = D - \sum_j C_j^T A_j^{-1} C_j .

With :math:`A_j = L_j L_j^T` and the Schur complement :math:`S` in hand, solving, the determinant
:math:`|H| = |S| \prod_j |A_j|` and drawing from :math:`N(0, H^{-1})` cost one pass over the blocks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_solve, solve_triangular

from bayesgrad.design.splines import Floats


@dataclass(frozen=True, eq=False)
class Arrow:
    """An arrow-shaped symmetric matrix.

    Attributes
    ----------
    corner : ndarray, shape (p, p)
        D.
    border : ndarray, shape (J, K, p)
        C_j.
    blocks : ndarray, shape (J, K, K)
        A_j.
    """

    corner: Floats
    border: Floats
    blocks: Floats

    def factor(self) -> ArrowFactor:
        """Factor the matrix.

        Raises
        ------
        numpy.linalg.LinAlgError
            If it is not positive definite.
        """
        lower = np.linalg.cholesky(self.blocks)
        # Of a small triangular matrix the inverse is as exact as solving, and faster in bulk.
        inverse_lower = np.linalg.inv(lower)
        half = inverse_lower @ self.border
        flat = half.reshape(-1, half.shape[-1])
        return ArrowFactor(
            inverse_lower=inverse_lower,
            gain=inverse_lower.transpose(0, 2, 1) @ half,
            schur_lower=np.linalg.cholesky(self.corner - flat.T @ flat),
        )


@dataclass(frozen=True, eq=False)
class ArrowFactor:
    """Factor of an arrow-shaped matrix H.

    Attributes
    ----------
    inverse_lower : ndarray, shape (J, K, K)
        Inverses of the L_j.
    gain : ndarray, shape (J, K, p)
        Inverse of A_j times C_j.
    schur_lower : ndarray, shape (p, p)
        Lower Cholesky factor of S.
    """

    inverse_lower: Floats
    gain: Floats
    schur_lower: Floats

    def log_determinant(self) -> float:
        """Log determinant of H."""
        blocks = np.log(np.diagonal(self.inverse_lower, axis1=1, axis2=2)).sum()
        return float(2.0 * (np.log(np.diagonal(self.schur_lower)).sum() - blocks))

    def solve(self, corner: Floats, blocks: Floats) -> tuple[Floats, Floats]:
        """Solve H z = (corner, blocks), of shapes (p,) and (J, K)."""
        reduced = corner - np.tensordot(blocks, self.gain, axes=2)
        shared = cho_solve((self.schur_lower, True), reduced)
        half = self.inverse_lower @ blocks[:, :, None]
        own = (self.inverse_lower.transpose(0, 2, 1) @ half)[:, :, 0]
        return shared, own - self.gain @ shared

    def colour(self, corner: Floats, blocks: Floats) -> tuple[Floats, Floats]:
        """Turn standard normal numbers into draws from N(0, H^-1).

        Parameters
        ----------
        corner : ndarray, shape (n, p)
        blocks : ndarray, shape (n, J, K)

        Returns
        -------
        tuple of ndarray
            Of the same shapes.
        """
        shared = solve_triangular(self.schur_lower, corner.T, lower=True, trans="T").T
        own = np.einsum("jlk,njl->njk", self.inverse_lower, blocks)
        return shared, own - np.einsum("jkp,np->njk", self.gain, shared)
