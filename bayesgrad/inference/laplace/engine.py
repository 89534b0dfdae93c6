"""The nested Laplace engine: from a spec and a design to draws like those of NUTS."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from bayesgrad.design.design import Design, Integers
from bayesgrad.errors import FitError
from bayesgrad.inference.diagnostics import LARGEST_K_HAT
from bayesgrad.inference.laplace.hyperparameters import Hyperparameters
from bayesgrad.inference.laplace.importance import (
    Weights,
    propose,
    resample,
    smoothed_weights,
    weighted_moments,
)
from bayesgrad.inference.laplace.latent import Effects, Latent, LatentModel
from bayesgrad.inference.laplace.layout import posterior_dataset
from bayesgrad.inference.laplace.marginal import (
    USE_NUTS,
    Marginal,
    MarginalMode,
    MarginalPosterior,
)
from bayesgrad.inference.laplace.skewness import largest_shift, mean_shift
from bayesgrad.spec.model_spec import ModelSpec, Sampling

LOG2_PROPOSALS = 9
"""Log to the base 2 of the number of proposals of the hyperparameters."""
MAXIMUM_ROUNDS = 4
ENOUGH = 0.4
"""Importance sample size, as a share of the proposals, that needs no further round."""
FEWEST = 10.0
"""Importance sample size from which moments say where to propose next."""
GOOD_K_HAT = 0.3
"""Shape of the tail of the weights that needs no further round."""
WIDENING = 1.5
"""Factor on the covariance that a round found, for the tails that it may have missed."""


@dataclass(frozen=True, eq=False)
class LaplaceApproximation:
    """The approximate posterior of a spec on a design, ready to be drawn from; immutable.

    Attributes
    ----------
    spec : ModelSpec
    design : Design
    posterior : MarginalPosterior
    mode : MarginalMode
    """

    spec: ModelSpec
    design: Design
    posterior: MarginalPosterior
    mode: MarginalMode

    @classmethod
    def find(cls, spec: ModelSpec, design: Design) -> LaplaceApproximation:
        """Find the mode of the hyperparameters and the curvature there.

        Raises
        ------
        FitError
            If there is no proper maximum inside the range of the hyperparameters.
        """
        posterior = MarginalPosterior(LatentModel.of(spec, design), Hyperparameters.of(spec))
        return cls(spec, design, posterior, posterior.find_mode())

    def sample(self, settings: Sampling) -> xr.DataTree:
        """Draw from the approximate posterior.

        Parameters
        ----------
        settings : Sampling
            Draws per chain, chains and seed. Draws are independent given the proposals, and
            dealt to the chains at random.

        Returns
        -------
        xarray.DataTree
            Group ``posterior``, as NUTS gives it; group ``sample_stats`` with ``log_weight`` and
            ``proposal`` by chain and draw, and the scalars ``k_hat``, ``importance_ess``,
            ``newton_failures`` and ``mean_shift`` (`bayesgrad.inference.laplace.skewness`).

        Raises
        ------
        FitError
            If the importance weights cannot be relied on.
        """
        scramble, deal, colour = (
            np.random.default_rng(child) for child in np.random.SeedSequence(settings.seed).spawn(3)
        )
        proposals, weights = self._weighted_proposals(scramble)
        size = settings.chains * settings.draws
        counts = resample(weights.log, size=size, rng=deal)
        order = deal.permutation(size)
        effects = _draw_effects(self.posterior, proposals, counts, rng=colour)
        chosen = np.repeat(np.arange(len(proposals)), counts)[order]
        shape = (settings.chains, settings.draws)
        posterior = posterior_dataset(
            self.spec,
            self.design,
            self.posterior,
            theta=np.array([proposal.theta for proposal in proposals])[chosen],
            effects=Effects(effects.fixed[order], effects.authority[order]),
            shape=shape,
        )
        failures = sum(not proposal.mode.converged for proposal in proposals)
        statistics = _statistics(
            weights, chosen.reshape(shape), failures=failures, shift=self._largest_shift()
        )
        return xr.DataTree.from_dict({"posterior": posterior, "sample_stats": statistics})

    def _weighted_proposals(self, rng: np.random.Generator) -> tuple[list[Marginal], Weights]:
        """Propose around the mode, then, where the posterior is skewed, around what that finds."""
        location, covariance = self.mode.at.theta, self.mode.covariance
        for last in (*(False,) * (MAXIMUM_ROUNDS - 1), True):
            points, log_density = propose(location, covariance, log2_size=LOG2_PROPOSALS, seed=rng)
            proposals = [
                self.posterior.at(point, start=self.mode.effects_near(point)) for point in points
            ]
            weights = smoothed_weights(np.array([p.value for p in proposals]) - log_density)
            enough = weights.effective_size >= ENOUGH * len(points)
            good = enough and weights.k_hat <= GOOD_K_HAT
            if last or good or weights.effective_size < FEWEST:
                break
            location, found = weighted_moments(points, weights)
            covariance = WIDENING * found
        _refuse_unreliable(weights)
        return proposals, weights

    def _largest_shift(self) -> float:
        best = self.mode.at
        hyper = self.posterior.hyper.at(best.theta)
        return largest_shift(self.posterior.latent, best.mode, hyper)


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
        hyper = posterior.hyper.at(proposal.theta)
        mode, shift = proposal.mode.latent, mean_shift(posterior.latent, proposal.mode, hyper)
        centre = Latent(mode.fixed + shift.fixed, mode.standard + shift.standard)
        fixed, standard = proposal.mode.factor.colour(
            rng.standard_normal((count, *centre.fixed.shape)),
            rng.standard_normal((count, *centre.standard.shape)),
        )
        latent = Latent(centre.fixed + fixed, centre.standard + standard)
        drawn.append(posterior.latent.effects(latent, hyper))
    return Effects(*(np.concatenate(part) for part in zip(*drawn, strict=True)))


def _statistics(weights: Weights, chosen: Integers, *, failures: int, shift: float) -> xr.Dataset:
    dims = ("chain", "draw")
    return xr.Dataset(
        {
            "log_weight": (dims, weights.log[chosen]),
            "proposal": (dims, chosen),
            "k_hat": weights.k_hat,
            "importance_ess": weights.effective_size,
            "newton_failures": failures,
            "mean_shift": shift,
        },
        coords={name: np.arange(size) for name, size in zip(dims, chosen.shape, strict=True)},
    )
