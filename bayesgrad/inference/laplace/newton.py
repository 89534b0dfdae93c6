"""Mode of the latent vector given the hyperparameters, by Newton's method with step control."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bayesgrad.design.splines import Floats
from bayesgrad.inference.laplace.arrow import ArrowFactor
from bayesgrad.inference.laplace.hyperparameters import HyperValues
from bayesgrad.inference.laplace.latent import Evaluation, Latent, LatentModel

DECREMENT = 1e-8
"""Squared length of the next step, in posterior standard deviations, at which the mode is found."""
MAXIMUM_STEPS = 60
MAXIMUM_HALVINGS = 40


@dataclass(frozen=True, eq=False)
class LatentMode:
    """Mode of the latent vector, with the factor of its negative Hessian there.

    Attributes
    ----------
    latent : Latent
    value : float
        Log density of data and latent vector.
    factor : ArrowFactor
    converged : bool
    """

    latent: Latent
    value: float
    factor: ArrowFactor
    converged: bool


def find_mode(model: LatentModel, hyper: HyperValues, *, start: Latent) -> LatentMode:
    """Maximise the log density, which is strictly concave, over the latent vector.

    Parameters
    ----------
    model : LatentModel
    hyper : HyperValues
    start : Latent
        Any point; a near one saves passes over the rows. One so far away that its density is
        not a number is replaced by the prior mean.
    """
    latent, here = start, model.evaluate(start, hyper)
    if not np.isfinite(here.value):
        latent = Latent(model.fixed.prior_mean, np.zeros_like(start.standard))
        here = model.evaluate(latent, hyper)
    for _ in range(MAXIMUM_STEPS):
        factor = here.curvature.factor()
        step = Latent(*factor.solve(*here.gradient))
        decrement = _inner(step, here.gradient)
        if decrement < DECREMENT:
            return LatentMode(latent, here.value, factor, converged=True)
        found = _line_search(model, hyper, latent, step, here=here, decrement=decrement)
        if found is None:
            break
        latent, here = found
    return LatentMode(latent, here.value, here.curvature.factor(), converged=False)


def _line_search(
    model: LatentModel,
    hyper: HyperValues,
    latent: Latent,
    step: Latent,
    *,
    here: Evaluation,
    decrement: float,
) -> tuple[Latent, Evaluation] | None:
    """Halve a step until the log density rises by some of what its gradient promises."""
    rounding = 1e-12 * abs(here.value)
    share = 1.0
    for _ in range(MAXIMUM_HALVINGS):
        candidate = Latent(
            latent.fixed + share * step.fixed, latent.standard + share * step.standard
        )
        there = model.evaluate(candidate, hyper)
        if there.value >= here.value + 1e-4 * share * decrement - rounding:
            return candidate, there
        share *= 0.5
    return None


def _inner(one: Latent, other: Latent) -> float:
    fixed: Floats = one.fixed * other.fixed
    return float(fixed.sum() + np.vdot(one.standard, other.standard))
