"""What callers of a leaf kernel give, as one line of JSON; run with a copy of the package.

python staleness.py FOLDER_OF_THE_PACKAGE
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from numba.core import event


class Counter(event.Listener):
    def __init__(self) -> None:
        self.compiled = 0

    def on_start(self, _event) -> None:
        self.compiled += 1

    def on_end(self, _event) -> None:
        pass


def main() -> None:
    sys.path[:0] = [sys.argv[1], str(Path(__file__).parents[2])]
    import bayesgrad

    if not Path(bayesgrad.__file__).is_relative_to(sys.argv[1]):
        raise RuntimeError(f"not the copy: {bayesgrad.__file__}")
    counter = Counter()
    with event.install_listener("numba:compile", counter):
        found = {"density": of_pytensor(), "score": of_scores()}
    print(json.dumps(found | {"compiled": counter.compiled}))


def of_pytensor() -> float:
    """The compiled log density of a PyMC model, near its start."""
    from bayesgrad.inference.nuts import Sampler
    from tests.small import drawn_design, spec_of

    spec = spec_of()
    sampler = Sampler.compile(spec, drawn_design(spec))
    return sampler.compiled.density(np.full(sampler.compiled.size, 0.1))[0]


def of_scores() -> float:
    """A score of one area."""
    from bayesgrad.kernels.families.numbers import FAMILIES
    from bayesgrad.kernels.scores.pointwise import leave_one_out

    one, draws = np.ones(1), np.linspace(0.5, 1.5, 20)
    elpd, lpd, effective = np.empty((3, 1))
    leave_one_out(
        FAMILIES["poisson", "log"],
        draws[None],
        np.ones(20),
        3.0 * one,
        one,
        one,
        np.zeros((1, 20)),
        np.zeros(1, dtype=np.int64),
        np.zeros(2, dtype=np.int64),
        elpd,
        lpd,
        effective,
    )
    return float(elpd[0])


main()
