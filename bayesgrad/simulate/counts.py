"""Counts of a family, given what is expected of them."""

from __future__ import annotations

import numpy as np

from bayesgrad.errors import SpecError
from bayesgrad.simulate.geography import Floats, Integers


def draw_rates(expected: Floats, *, alpha: float | None, rng: np.random.Generator) -> Integers:
    """Poisson counts, their means multiplied by gamma noise where `alpha` is given.

    With it they are negative binomial of variance ``mu + mu**2 / alpha``.
    """
    if alpha is not None:
        expected = expected * rng.gamma(alpha, 1 / alpha, expected.shape)
    return rng.poisson(expected).astype(np.int64)


def draw_cases(
    cases: Integers, chance: Floats, *, alpha: float | None, rng: np.random.Generator
) -> Integers:
    """Binomial counts out of cases, their chances beta distributed where `alpha` is given.

    Raises
    ------
    SpecError
        If a chance is 1 or more, as the log link of a stage may give.
    """
    if chance.max() >= 1:
        raise SpecError(
            f"the largest chance of an event is {chance.max():.2f}, above 1",
            "Take another seed, or smaller effects.",
        )
    if alpha is not None:
        chance = rng.beta(chance * alpha, (1 - chance) * alpha)
    return rng.binomial(cases, chance).astype(np.int64)
