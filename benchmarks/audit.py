"""Right verdicts of the audit in four worlds, and whether it says so where it cannot tell.

    python benchmarks/audit.py [--world NAME ...] [--replicates 20] [--workers 2]
    python benchmarks/audit.py --authorities 20            # few: it should say "cannot tell"
    python benchmarks/audit.py --full --replicates 1       # all areas of England, the whole engine

Each replicate draws a world anew, on a geography of its own, and audits it without scores, which
the verdict does not read. Unless `--full` is given, two things are done for speed. An authority has
a quarter of its areas, each with four times the events and a quarter of the overdispersion: what an
authority tells of its gradient, and the areas of the common curve, is then the same. And each form
is approximated at the mode of its hyperparameters: effects are drawn given these, and its evidence
is Laplace's approximation once more; `--whole` has the engine integrate over them.

A verdict is right where it names the world's explanation and does not misjudge the claim of the
slope, wrong where it names another or misjudges that, and else open.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from common import machine

if TYPE_CHECKING:
    import xarray as xr

    from bayesgrad.design import Design
    from bayesgrad.spec import ModelSpec

WORLDS = {
    "audit-log": ("log moderation", "survives"),
    "audit-linear": ("linear moderation", "survives"),
    "audit-curve": ("a common curve", "does not survive"),
    "audit-confounded": ("the moderator turnover", "does not survive"),
}
"""What explains the interaction in each world, and what becomes of the claim of the slope."""

ENGLAND = {"authorities": 152, "areas": 32_837}
FOLD = 4
DRAWS = 1000
FIRST_SEED = 100
OPEN = "cannot tell"


@dataclass(frozen=True)
class Judged:
    """Verdict of one replicate, and the probabilities behind it."""

    world: str
    seed: int
    named: str
    likeliest: str
    probability: float
    slope: str
    slope_probability: float
    level: str
    per_sd: str
    seconds: float

    @property
    def standing(self) -> str:
        """Whether the verdict is right, wrong or open."""
        explanation, slope = WORLDS[self.world]
        if self.named not in (explanation, OPEN) or self.slope not in (slope, OPEN):
            return "wrong"
        return "right" if self.named == explanation else "open"


def at_mode(spec: ModelSpec, design: Design) -> xr.DataTree:
    """Approximate a form at the mode of its hyperparameters, in place of integrating over them."""
    import xarray as xr

    from bayesgrad.inference.laplace import LaplaceApproximation
    from bayesgrad.inference.laplace.layout import PartDraws, posterior_dataset
    from bayesgrad.inference.laplace.sampling import _draw_effects

    (part,) = LaplaceApproximation.find(spec, design).parts
    best, shape = part.mode.at, (1, DRAWS)
    rng = np.random.default_rng(spec.sampling.seed)
    effects = _draw_effects(part.posterior, [best], np.array([DRAWS]), rng=rng)
    theta = np.tile(best.theta, (DRAWS, 1))
    draws = PartDraws(part.posterior, theta, effects)
    _, log_determinant = np.linalg.slogdet(part.mode.covariance)
    evidence = best.value + 0.5 * (len(best.theta) * np.log(2 * np.pi) + log_determinant)
    # Nothing was weighed, so the checks of weights have nothing to say.
    unweighed = {"k_hat": 0.0, "importance_ess": DRAWS, "newton_failures": 0, "mean_shift": 0.0}
    return xr.DataTree.from_dict(
        {
            "posterior": posterior_dataset(spec, design, (draws,), shape=shape),
            "sample_stats": xr.Dataset(
                {**unweighed, "log_evidence": evidence, "evidence_error": 0.0}
            ),
        }
    )


def replicate(world: str, seed: int, authorities: int, full: bool, whole: bool) -> Judged:
    """Draw and audit one world."""
    from bayesgrad.auditing import audit, running
    from bayesgrad.auditing.verdict import verdict_of
    from bayesgrad.simulate import SCENARIOS, simulate_scenario
    from bayesgrad.spec import ModelSpec

    if not (full or whole):
        running._sampled = at_mode
    settings, fold = SCENARIOS[world], 1 if full else FOLD
    (outcome,) = settings.outcomes
    folded = replace(outcome, rate=fold * outcome.rate, alpha=fold * (outcome.alpha or 0.0))
    areas = ENGLAND["areas"] * authorities // (fold * ENGLAND["authorities"])
    drawn = simulate_scenario(
        replace(settings, outcomes=(folded,)), seed=seed, authorities=authorities, areas=areas
    )
    spec = ModelSpec.from_toml(drawn.spec.replace('small_authorities = "drop"', ""))
    began = time.perf_counter()
    found = verdict_of(
        audit(spec, drawn.areas, engine="laplace", scores=False, progress=False).outcomes[0]
    )
    claims = {claim.name: claim for claim in found.claims}
    likeliest, probability = next(iter(found.explanations.items()))
    return Judged(
        world,
        seed,
        found.explanation,
        likeliest,
        round(probability, 4),
        claims["slope"].standing,
        round(claims["slope"].probability, 4),
        claims["level"].standing,
        claims["slope per sd"].standing,
        round(time.perf_counter() - began, 1),
    )


def summarise(found: Iterable[Judged]) -> pd.DataFrame:
    """Count right, open and wrong verdicts by world, and standings of the claims."""
    frame = pd.DataFrame([{**vars(one), "standing": one.standing} for one in found])
    rows = []
    for world, of_world in frame.groupby("world", sort=False):
        explanation, slope = WORLDS[str(world)]
        counts = of_world["standing"].value_counts()
        rows.append(
            {
                "world": world,
                **{name: int(counts.get(name, 0)) for name in ("right", "open", "wrong")},
                "likeliest_is_right": int((of_world["likeliest"] == explanation).sum()),
                "slope_right": int((of_world["slope"] == slope).sum()),
                "level_survives": int((of_world["level"] == "survives").sum()),
                "per_sd_does_not": int((of_world["per_sd"] == "does not survive").sum()),
                "replicates": len(of_world),
                "seconds_each": round(of_world["seconds"].mean(), 1),
            }
        )
    return pd.DataFrame(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--world", nargs="+", choices=WORLDS, default=list(WORLDS))
    parser.add_argument("--replicates", type=int, default=20)
    parser.add_argument("--authorities", type=int, default=ENGLAND["authorities"])
    parser.add_argument("--full", action="store_true", help="All areas of England.")
    parser.add_argument("--whole", action="store_true", help="The whole engine.")
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    print(machine(), flush=True)
    seeds = range(options.first_seed, options.first_seed + options.replicates)
    jobs = [(world, seed) for seed in seeds for world in options.world]
    found: list[Judged] = []
    with ProcessPoolExecutor(options.workers, mp_context=get_context("spawn")) as pool:
        futures = [
            pool.submit(replicate, world, seed, options.authorities, options.full, options.whole)
            for world, seed in jobs
        ]
        for future in futures:
            found.append(future.result())
            print(found[-1], found[-1].standing, flush=True)
    print(summarise(found).to_string(index=False))


if __name__ == "__main__":
    main()
