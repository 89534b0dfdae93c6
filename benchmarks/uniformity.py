"""Test of uniform ranks by their empirical distribution function, at all its points at once.

Säilynoja, Bürkner and Vehtari (2022). Under uniformity the number of ranks below k is binomial at
each k, and a Markov chain over k, so the chance that the whole function stays inside a band is
computed without simulation, and so is the p-value.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, gammaln

type Floats = NDArray[np.float64]
type Integers = NDArray[np.int64]

BISECTIONS = 30


@dataclass(frozen=True)
class RankTest:
    """Test that ranks, each a whole number from 0 to `draws`, are uniform.

    Attributes
    ----------
    ranks : int
        How many ranks are tested together (replicates).
    draws : int
        Posterior draws that each true value is ranked among.
    """

    ranks: int
    draws: int

    @cached_property
    def points(self) -> Floats:
        """Probabilities of a rank below 1, 2, ..., `draws`, shape (draws,)."""
        return np.arange(1, self.draws + 1) / (self.draws + 1)

    @cached_property
    def _tail(self) -> Floats:
        """Smaller tail probability of each number of ranks at each point: (draws, ranks + 1)."""
        below = bdtr(np.arange(self.ranks + 1), self.ranks, self.points[:, None])
        # By symmetry; to the last digit, so that neither side counts as further out.
        return np.minimum(below, below[::-1, ::-1])

    def below(self, ranks: Integers) -> Integers:
        """Number of ranks below 1, 2, ..., `draws`."""
        return np.searchsorted(np.sort(ranks), np.arange(1, self.draws + 1), side="left")

    def p_value(self, ranks: Integers) -> float:
        """Chance that uniform ranks stray as far as these from what is expected, at any point."""
        smallest = self._tail[np.arange(self.draws), self.below(ranks)].min()
        return 1.0 - self._stays(self._tail > smallest)

    def band(self, level: float) -> tuple[Floats, Floats]:
        """Lower and upper end of the band that uniform ranks leave with probability `level`.

        Returns
        -------
        tuple of ndarray, each of shape (draws,)
            Shares of the ranks below each point.
        """
        low, high = np.log(0.25 * level / self.draws), np.log(level)
        for _ in range(BISECTIONS):
            middle = 0.5 * (low + high)
            leaves = 1.0 - self._stays(self._tail > np.exp(middle))
            low, high = (middle, high) if leaves <= level else (low, middle)
        inside = self._tail > np.exp(low)
        upper = self.ranks - inside[:, ::-1].argmax(axis=1)
        return inside.argmax(axis=1) / self.ranks, upper / self.ranks

    def _stays(self, inside: NDArray[np.bool_]) -> float:
        """Chance that the number of ranks is inside at every point, shape (draws, ranks + 1)."""
        counts, chance = np.zeros(1, dtype=np.int64), np.ones(1)
        reached = 0.0
        for point, allowed in zip(self.points, inside, strict=True):
            following = np.flatnonzero(allowed)
            step = (point - reached) / (1.0 - reached)
            chance = chance @ _binomial(following - counts[:, None], self.ranks - counts, step)
            counts, reached = following, point
        return float(chance.sum())

    def mean_z(self, ranks: Integers) -> float:
        """Mean rank as a z-score: positive where true values lie high in their posteriors."""
        variance = self.draws * (self.draws + 2) / 12
        return float((np.mean(ranks) - self.draws / 2) / np.sqrt(variance / self.ranks))

    def spread(self, ranks: Integers) -> float:
        """Spread of ranks over that of uniform ones: above 1 where posteriors are too narrow."""
        variance = np.mean((ranks - self.draws / 2) ** 2)
        return float(np.sqrt(variance / (self.draws * (self.draws + 2) / 12)))


def _binomial(successes: Integers, trials: Integers, chance: float) -> Floats:
    """Binomial probabilities, (trials, successes of each); 0 outside the range."""
    tried = np.broadcast_to(trials[:, None], successes.shape)
    possible = (successes >= 0) & (successes <= tried)
    hits = np.where(possible, successes, 0)
    log = gammaln(tried + 1) - gammaln(hits + 1) - gammaln(tried - hits + 1)
    log += hits * np.log(chance) + (tried - hits) * np.log1p(-chance)
    return np.where(possible, np.exp(log), 0.0)
