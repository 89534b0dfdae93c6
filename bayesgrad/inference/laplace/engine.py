"""The nested Laplace engine: from a spec and a design to draws like those of NUTS."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from bayesgrad.design.design import Design, Integers
from bayesgrad.inference.laplace.hyperparameters import Hyperparameters
from bayesgrad.inference.laplace.latent import LatentModel
from bayesgrad.inference.laplace.layout import PartDraws, posterior_dataset
from bayesgrad.inference.laplace.marginal import MarginalPosterior
from bayesgrad.inference.laplace.parts import independent_parts
from bayesgrad.inference.laplace.sampling import PartApproximation, PartSample
from bayesgrad.spec.model_spec import ModelSpec
from bayesgrad.spec.parts import Sampling


@dataclass(frozen=True, eq=False)
class LaplaceApproximation:
    """The approximate posterior of a spec on a design, ready to be drawn from; immutable.

    Attributes
    ----------
    spec : ModelSpec
    design : Design
    parts : tuple of PartApproximation
        One, or one for each outcome where outcomes are independent.
    """

    spec: ModelSpec
    design: Design
    parts: tuple[PartApproximation, ...]

    @classmethod
    def find(cls, spec: ModelSpec, design: Design) -> LaplaceApproximation:
        """Find the mode of the hyperparameters and the curvature there.

        Raises
        ------
        FitError
            If there is no proper maximum inside the range of the hyperparameters.
        """
        parts = []
        for part in independent_parts(spec, design):
            latent, hyper = LatentModel.of(spec, part), Hyperparameters.of(spec, part)
            parts.append(PartApproximation.find(MarginalPosterior(latent, hyper)))
        return cls(spec, design, tuple(parts))

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
            ``newton_failures`` and ``mean_shift`` (`bayesgrad.inference.laplace.skewness`). Of
            independent outcomes, a proposal is one of each; the scalars are the worst of any. And
            ``log_evidence``, the log marginal likelihood of all of them, with all its constants,
            and its Monte Carlo error ``evidence_error``.

        Raises
        ------
        FitError
            If the importance weights cannot be relied on.
        """
        shape = (settings.chains, settings.draws)
        seeds = np.random.SeedSequence(settings.seed).spawn(len(self.parts))
        found = [
            part.sample(shape[0] * shape[1], seed=seed)
            for part, seed in zip(self.parts, seeds, strict=True)
        ]
        posterior = posterior_dataset(
            self.spec,
            self.design,
            tuple(
                PartDraws(part.posterior, sample.theta, sample.effects)
                for part, sample in zip(self.parts, found, strict=True)
            ),
            shape=shape,
        )
        return xr.DataTree.from_dict(
            {"posterior": posterior, "sample_stats": _statistics(found, shape)}
        )


def _statistics(parts: list[PartSample], shape: tuple[int, int]) -> xr.Dataset:
    dims = ("chain", "draw")
    weight = sum(part.weights.log[part.proposal] for part in parts)
    return xr.Dataset(
        {
            "log_weight": (dims, np.reshape(weight, shape)),
            "proposal": (dims, _combined([part.proposal for part in parts]).reshape(shape)),
            "k_hat": max(part.weights.k_hat for part in parts),
            "importance_ess": min(part.weights.effective_size for part in parts),
            "newton_failures": sum(part.newton_failures for part in parts),
            "mean_shift": max(part.mean_shift for part in parts),
            "log_evidence": sum(part.evidence.log for part in parts),
            "evidence_error": float(np.sqrt(sum(part.evidence.error**2 for part in parts))),
        },
        coords={name: np.arange(size) for name, size in zip(dims, shape, strict=True)},
    )


def _combined(proposals: list[Integers]) -> Integers:
    """Proposals of all parts as one number, (n,)."""
    if len(proposals) == 1:
        return proposals[0]
    _, place = np.unique(np.stack(proposals, axis=1), axis=0, return_inverse=True)
    return place.ravel().astype(np.int64)
