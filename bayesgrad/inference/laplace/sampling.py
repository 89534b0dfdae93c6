"""Draws of one part of the model: hyperparameters by importance, effects given these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bayesgrad.design.design import Integers
from bayesgrad.design.splines import Floats
from bayesgrad.errors import FitError
from bayesgrad.inference.diagnostics import LARGEST_K_HAT
from bayesgrad.inference.laplace.certainty import rows_near_certainty
from bayesgrad.inference.laplace.importance import (
    Evidence,
    Weights,
    evidence_of,
    propose,
    resample,
    smoothed_weights,
    weighted_moments,
)
from bayesgrad.inference.laplace.latent import Effects, Latent
from bayesgrad.inference.laplace.marginal import (
    USE_NUTS,
    Marginal,
    MarginalMode,
    MarginalPosterior,
)
from bayesgrad.inference.laplace.skewness import largest_shift, mean_shift

LOG2_PROPOSALS = 9
"""Log to the base 2 of the number of proposals of few hyperparameters."""
FEW = 5
"""Hyperparameters that are few; every `MORE` further ones, begun, double the proposals."""
MORE = 12
MOST_LOG2_PROPOSALS = 12
MAXIMUM_ROUNDS = 4
ENOUGH = 200.0
"""Importance sample size that needs no further round."""
FEWEST = 10.0
"""Importance sample size from which moments say where to propose next."""
GOOD_K_HAT = 0.5
"""Shape of the tail of the weights that needs no further round: their variance is finite."""
WIDENING = 0.5
"""Added to the covariance that a round found, as a share of it, for the tails that it may have
missed: of few hyperparameters. Of more it is less, for it costs in each of them."""
WORTH = 10.0
"""Importance sample size, for each hyperparameter, at which moments found count like the first."""


class PartSample(NamedTuple):
    """Draws of a part.

    Attributes
    ----------
    theta : ndarray, shape (n, dim)
    effects : Effects
        With leading shape (n,).
    proposal : ndarray of int64, shape (n,)
        Of which proposal each draw is.
    weights : Weights
        Of the proposals.
    newton_failures : int
    mean_shift : float
    evidence : Evidence
    """

    theta: Floats
    effects: Effects
    proposal: Integers
    weights: Weights
    newton_failures: int
    mean_shift: float
    evidence: Evidence


class Weighted(NamedTuple):
    """Proposals of a round, with their weights and the evidence that they give."""

    proposals: list[Marginal]
    weights: Weights
    evidence: Evidence

    @property
    def good(self) -> bool:
        """Whether no further round is needed."""
        return self.weights.effective_size >= ENOUGH and self.weights.k_hat <= GOOD_K_HAT

    def merit(self) -> tuple[float, float]:
        """Higher is better: first the tail of the weights, as far as that matters."""
        k_hat = float(np.nan_to_num(self.weights.k_hat, nan=np.inf))
        return -max(k_hat, GOOD_K_HAT), self.weights.effective_size


@dataclass(frozen=True, eq=False)
class PartApproximation:
    """Approximate posterior of outcomes that share a covariance.

    Attributes
    ----------
    posterior : MarginalPosterior
    mode : MarginalMode
    """

    posterior: MarginalPosterior
    mode: MarginalMode

    @classmethod
    def find(cls, posterior: MarginalPosterior) -> PartApproximation:
        """Find the mode.

        Raises
        ------
        FitError
            As of `MarginalPosterior.find_mode`, and where risks under the log link are near one.
        """
        mode = posterior.find_mode()
        near = rows_near_certainty(posterior.latent, mode.at.mode, mode.at.hyper)
        if near:
            raise FitError(
                "the Laplace approximation does not hold: under the log link the risk may be one "
                f"in {near:,} row{'' if near == 1 else 's'}",
                'Use link = "logit", or engine = "nuts".',
            )
        return cls(posterior, mode)

    def sample(self, size: int, *, seed: np.random.SeedSequence) -> PartSample:
        """Draw `size` times.

        Raises
        ------
        FitError
            If the importance weights cannot be relied on.
        """
        scramble, deal, colour = (np.random.default_rng(child) for child in seed.spawn(3))
        proposals, weights, evidence = self._weighted_proposals(scramble)
        counts = resample(weights.log, size=size, rng=deal)
        order = deal.permutation(size)
        effects = _draw_effects(self.posterior, proposals, counts, rng=colour)
        chosen = np.repeat(np.arange(len(proposals)), counts)[order]
        best = self.mode.at
        return PartSample(
            theta=np.array([proposal.theta for proposal in proposals])[chosen],
            effects=Effects(effects.fixed[order], effects.authority[order]),
            proposal=chosen,
            weights=weights,
            newton_failures=sum(not proposal.mode.converged for proposal in proposals),
            mean_shift=largest_shift(self.posterior.latent, best.mode, best.hyper),
            evidence=evidence,
        )

    def _weighted_proposals(self, rng: np.random.Generator) -> Weighted:
        """Propose around the mode, then, where the posterior is skewed, around what that finds."""
        location, covariance = self.mode.at.theta, self.mode.covariance
        log2_size = proposals_for(len(location))
        best: Weighted | None = None
        for _ in range(MAXIMUM_ROUNDS):
            points, log_density = propose(location, covariance, log2_size=log2_size, seed=rng)
            found = [self._at(point) for point in points]
            kept = np.array([proposal is not None for proposal in found])
            points, log_density = points[kept], log_density[kept]
            proposals = [proposal for proposal in found if proposal is not None]
            log_ratio = np.array([p.value for p in proposals]) - log_density
            weights = smoothed_weights(log_ratio)
            evidence = evidence_of(log_ratio, proposed=len(found))
            here = Weighted(proposals, weights, evidence)
            # Proposals are large: those of two rounds at most are held.
            if best is None or here.merit() > best.merit():
                best = here
            if here.good or weights.effective_size < FEWEST:
                break
            location, covariance = self._next(points, weights)
            if weights.effective_size < ENOUGH:
                log2_size = min(log2_size + 1, MOST_LOG2_PROPOSALS)
        assert best is not None
        _refuse_unreliable(best.weights)
        return best

    def _at(self, point: Floats) -> Marginal | None:
        """Marginal at a proposal; None so far out that its curvature cannot be factorised.

        There, a correlation is 1 but for rounding or a standard deviation without bound, and the
        posterior density is as good as 0: leaving it out is what a weight of 0 would do.
        """
        try:
            return self.posterior.at(point, start=self.mode.effects_near(point))
        except np.linalg.LinAlgError:
            return None

    def _next(self, points: Floats, weights: Weights) -> tuple[Floats, Floats]:
        """Where to propose next: moments found, and the first ones where these are of few."""
        mean, found = weighted_moments(points, weights)
        size = len(mean)
        share = weights.effective_size / (weights.effective_size + WORTH * size)
        widening = 1.0 + WIDENING * min(FEW / size, 1.0)
        location = share * mean + (1.0 - share) * self.mode.at.theta
        return location, widening * (share * found + (1.0 - share) * self.mode.covariance)


def proposals_for(hyperparameters: int) -> int:
    """Log to the base 2 of the number of proposals of so many hyperparameters."""
    more = -(-max(hyperparameters - FEW, 0) // MORE)
    return min(LOG2_PROPOSALS + more, MOST_LOG2_PROPOSALS)


def _refuse_unreliable(weights: Weights) -> None:
    if not weights.k_hat <= LARGEST_K_HAT:
        raise FitError(
            "the Laplace approximation cannot be relied on here: k-hat of its importance weights "
            f"is {weights.k_hat:.2f}, above {LARGEST_K_HAT}",
            USE_NUTS,
        )


def _draw_effects(
    posterior: MarginalPosterior,
    proposals: list[Marginal],
    counts: Integers,
    *,
    rng: np.random.Generator,
) -> Effects:
    """Draw the effects `counts` times from each proposal's normal approximation, in order."""
    drawn = []
    for proposal, count in zip(proposals, counts, strict=True):
        if not count:
            continue
        hyper, mode = proposal.hyper, proposal.mode.latent
        shift = mean_shift(posterior.latent, proposal.mode, hyper)
        centre = Latent(mode.fixed + shift.fixed, mode.standard + shift.standard)
        fixed, standard = proposal.mode.factor.colour(
            rng.standard_normal((count, *centre.fixed.shape)),
            rng.standard_normal((count, *centre.standard.shape)),
        )
        latent = Latent(centre.fixed + fixed, centre.standard + standard)
        drawn.append(posterior.latent.effects(latent, hyper))
    return Effects(*(np.concatenate(part) for part in zip(*drawn, strict=True)))
