"""Independent streams of random numbers from one seed."""

from __future__ import annotations

import operator

import numpy as np

from bayesgrad.errors import SpecError


def streams(name: str, seed: int) -> list[np.random.SeedSequence]:
    """Streams of the geography, the outcomes, the population's attributes and the cases.

    Raises
    ------
    SpecError
        If the seed is not a whole number of at least 0; the message calls it `name`.
    """
    try:
        valid = not isinstance(seed, bool) and operator.index(seed) >= 0
    except TypeError:
        valid = False
    if not valid:
        raise SpecError(f"{name} = {seed!r} is not a seed", "Give a whole number, 0 or more.")
    return np.random.SeedSequence(seed).spawn(4)
