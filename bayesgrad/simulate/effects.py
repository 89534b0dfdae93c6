"""Authority effects of one or several outcomes, and how they are correlated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bayesgrad.simulate.geography import Floats


@dataclass(frozen=True, eq=False)
class AuthorityEffects:
    r"""Distribution of the authority effects of S outcomes: S intercepts and S slopes.

    With :math:`L_0 L_0'` and :math:`L_1 L_1'` the correlations of the intercepts and of the slopes
    of the outcomes, and :math:`z_0, z_1` independent standard normal,

    .. math:: u_0 = \sigma_0 \odot L_0 z_0, \quad
        u_1 = \sigma_1 \odot L_1 (\rho z_0 + \sqrt{1 - \rho^2} z_1),

    so that the correlation of all 2S of them is positive definite whenever each of the two is and
    :math:`|\rho| < 1`. The correlation of an outcome's own intercept and slope is
    :math:`\rho (L_0 L_1')_{ss}`, which is :math:`\rho` for the first outcome.

    Attributes
    ----------
    sd_intercept, sd_slope : ndarray, shape (outcomes,)
    rho : float
    neighbours_intercept, neighbours_slope : tuple of float, length outcomes - 1
        Correlations of successive outcomes; those of outcomes further apart are their products.
    """

    sd_intercept: Floats
    sd_slope: Floats
    rho: float
    neighbours_intercept: tuple[float, ...] = ()
    neighbours_slope: tuple[float, ...] = ()

    @cached_property
    def _factors(self) -> tuple[Floats, Floats]:
        return (
            np.linalg.cholesky(chain_correlation(self.neighbours_intercept)),
            np.linalg.cholesky(chain_correlation(self.neighbours_slope)),
        )

    @cached_property
    def correlation(self) -> Floats:
        """Correlations of all effects, (2, outcomes, 2, outcomes); 0 intercepts, 1 slopes."""
        intercepts, slopes = self._factors
        cross = self.rho * intercepts @ slopes.T
        blocks = [[intercepts @ intercepts.T, cross], [cross.T, slopes @ slopes.T]]
        count = len(self.sd_slope)
        whole: Floats = np.block(blocks).reshape(2, count, 2, count)
        return whole

    def variance(self, x: Floats, *, of: Sequence[int]) -> Floats:
        """Variance of the sum of ``u_0 + u_1 x`` over some outcomes, at each x."""
        chosen = np.array(of)
        sd = np.stack([self.sd_intercept, self.sd_slope])
        covariance = self.correlation * sd[:, :, None, None] * sd
        summed = covariance[:, chosen][:, :, :, chosen].sum(axis=(1, 3))
        found: Floats = summed[0, 0] + 2 * summed[0, 1] * x + (np.sqrt(summed[1, 1]) * x) ** 2
        return found

    def draw(self, authorities: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Draw u0 and u1, each of shape (outcomes, authorities)."""
        z0, z1 = rng.standard_normal((2, len(self.sd_slope), authorities))
        intercepts, slopes = self._factors
        u0 = self.sd_intercept[:, None] * (intercepts @ z0)
        mixed = self.rho * z0 + np.sqrt(1 - self.rho**2) * z1
        return u0, self.sd_slope[:, None] * (slopes @ mixed)


def chain_correlation(neighbours: Sequence[float]) -> Floats:
    """Correlation matrix of a chain: that of two links is the product of all between them.

    It is positive definite where every correlation of neighbours lies between -1 and 1.
    """
    count = len(neighbours) + 1
    matrix = np.eye(count)
    for i in range(count):
        for j in range(i + 1, count):
            matrix[i, j] = matrix[j, i] = np.prod(neighbours[i:j])
    return matrix
