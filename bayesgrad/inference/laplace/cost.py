"""What the nested Laplace engine takes of memory and time, before it runs."""

from __future__ import annotations

from typing import NamedTuple

from bayesgrad.design.design import Design
from bayesgrad.inference.laplace.hyperparameters import Hyperparameters
from bayesgrad.inference.laplace.latent import LatentModel
from bayesgrad.inference.laplace.parts import independent_parts
from bayesgrad.inference.laplace.sampling import proposals_for
from bayesgrad.spec.model_spec import ModelSpec

ROUNDS_HELD = 1.5
"""Proposals held at a time, in those of a round: one round, or the best and the next one."""


class Cost(NamedTuple):
    """What grows with the number of strata.

    Attributes
    ----------
    proposals_bytes : float
        Bytes of the proposals that are held at a time.
    border_cubed : float
        Third power of the number of fixed effects, to which the time of a pass over the
        proposals grows in proportion where they are many; summed over independent outcomes.
    """

    proposals_bytes: float
    border_cubed: float


def cost_of(spec: ModelSpec, design: Design) -> Cost:
    """Cost of the proposals, each of which holds its latent mode and the factor of its curvature.

    The factor has a block of every authority, (2 outcomes)² numbers, its border, 2 outcomes times
    the fixed effects (coefficients and contrasts of strata), and the square of these: with many
    strata it is most of what a fit takes.
    """
    memory, cubes = [0.0], 0.0
    for part in independent_parts(spec, design):
        latent, hyper = LatentModel.of(spec, part), Hyperparameters.of(spec, part)
        authorities, effects = latent.shape
        fixed = latent.fixed.prior_mean.size
        own = authorities * effects
        numbers = own * (effects + fixed) + fixed**2 + 4 * (own + fixed)
        memory.append(8.0 * numbers * 2 ** proposals_for(len(hyper.start())))
        cubes += float(fixed) ** 3
    return Cost(ROUNDS_HELD * max(memory), cubes)
