"""All that is said of right tables and right fits: before sampling, in summaries, by diagnostics.

    python benchmarks/false_alarms.py                       # 200 tables; some forty minutes
    python benchmarks/false_alarms.py --tables 40 --workers 2 --seed 1

Tables are drawn from the shipped scenarios, and fitted by the default engine with the scenario's
own spec as it ships: all of England; a small England of 20 authorities and 500 areas; and 60
authorities of 3,000 areas in age groups, in years, and with suppressed counts. Nothing is wrong
with any of them, so that each warning of the table, each check of fit, each line about a prior and
each failed diagnostic is a false alarm.
"""

from __future__ import annotations

import argparse
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

from common import machine

MIDDLE = {"authorities": 60, "areas": 3000}
SHAPES: dict[str, tuple[str, dict[str, int]]] = {
    "small": ("referrals", {"authorities": 20, "areas": 500}),
    "national": ("referrals", {}),
    "strata": ("age", MIDDLE),
    "years": ("years", MIDDLE),
    "suppressed": ("suppressed", MIDDLE),
}
"""Scenario and size of each shape of table."""


@dataclass(frozen=True)
class Told:
    """What was said of one right table and its fit; `repeated` runs are no alarm."""

    shape: str
    seed: int
    warnings: tuple[str, ...]
    misfit: tuple[str, ...]
    priors: tuple[str, ...]
    failed: tuple[str, ...]
    repeated: bool

    @property
    def alarms(self) -> tuple[str, ...]:
        """Everything that says that something is wrong, diagnostics apart."""
        return self.warnings + self.misfit + self.priors


def told(shape: str, seed: int) -> Told:
    """Draw a table of a shape, fit it, and collect what is said."""
    from threadpoolctl import threadpool_limits

    import bayesgrad as bg
    from bayesgrad.fitting.summary.priors import priors_that_decide
    from bayesgrad.simulate import simulate_scenario

    name, size = SHAPES[shape]
    scenario = simulate_scenario(name, seed=seed, **size)
    spec = scenario.model.with_({"sampling.seed": seed})
    with threadpool_limits(limits=1):
        fit = bg.fit(spec, scenario.areas, progress=False)
    checks, predictive = fit.diagnostics(), fit.predictive()
    return Told(
        shape=shape,
        seed=seed,
        warnings=fit.rows.warnings,
        misfit=tuple(predictive.loc[predictive["misfit"], "check"]),
        priors=tuple(priors_that_decide(fit)),
        failed=tuple(
            f"{row['check']} {row['value']:.4g} ({row['threshold']:.4g}) {row['quantity']}"
            for _, row in checks[~checks["passed"]].iterrows()
        ),
        repeated=len(fit.provenance.get("runs", ())) > 1,
    )


def summed(found: list[Told]) -> str:
    """A table by shape in Markdown."""
    lines = [
        "| tables | drawn | any alarm | warnings | checks of fit | priors | diagnostics failed | "
        "run again or continued |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for shape in [*SHAPES, "all"]:
        own = [one for one in found if shape in (one.shape, "all")]
        numbers = [
            sum(bool(part) for part in parts)
            for parts in zip(
                *((o.alarms, o.warnings, o.misfit, o.priors, o.failed, o.repeated) for o in own),
                strict=True,
            )
        ]
        lines.append(f"| {shape} | {len(own)} | " + " | ".join(map(str, numbers)) + " |")
    return "\n".join(lines)


def main() -> None:
    """Fit all tables, print each alarm as it comes, and the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--tables", type=int, default=200)
    parser.add_argument("--shapes", nargs="*", default=list(SHAPES), choices=list(SHAPES))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    shapes = [asked.shapes[k % len(asked.shapes)] for k in range(asked.tables)]
    seeds = [asked.seed + k for k in range(asked.tables)]
    found = []
    with ProcessPoolExecutor(asked.workers, mp_context=get_context("spawn")) as pool:
        for one in pool.map(told, shapes, seeds):
            found.append(one)
            for words in one.alarms + one.failed:
                print(f"{one.shape}, seed {one.seed}: {words}", flush=True)
            if len(found) % 20 == 0:
                print(f"{len(found)} tables", flush=True)
    print(machine())
    print(Counter(words.split(":")[0] for one in found for words in one.alarms).most_common(10))
    print(summed(found))


if __name__ == "__main__":
    main()
