"""Five thresholds of intervention in one fit, on a synthetic England.

    python benchmarks/thresholds.py [--repeats 3] [--part england|separate|rises ...]

england   seconds, memory and effective draws of the whole fit, in fresh processes
separate  the joint posterior against five fits of one outcome each, where the truth has no
          correlation between thresholds, and where it has
rises     P(rises at every threshold) over replicates: where gradients rise, and where two are equal
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from common import machine
from recovery import GEOGRAPHY, SAMPLING, SIZE

if TYPE_CHECKING:
    import xarray as xr

    from bayesgrad.simulate import Scenario, ScenarioSettings

PARTS = ("england", "separate", "rises")
REPLICATES = 100
EQUAL = ("assessments", "section_47")
"""Neighbouring thresholds that have one gradient in the world where not all rise."""
RISE = 0.1
"""Of the log gradient at each threshold where all clearly rise."""
GROUPS = {
    "gradients of authorities": ("authority_slope",),
    "national gradients": ("slope", "interaction"),
    "standard deviations": ("sd_intercept", "sd_slope"),
    "correlations": ("effect_correlation", "correlation"),
}


def uncorrelated() -> ScenarioSettings:
    """The scenario with independent authority effects."""
    from bayesgrad.simulate import SCENARIOS

    settings = SCENARIOS["thresholds"]
    none = (0.0,) * (len(settings.outcomes) - 1)
    return replace(settings, rho=0.0, neighbours_intercept=none, neighbours_slope=none)


def clearly_rising(*, equal: bool) -> ScenarioSettings:
    """The scenario with gradients that rise by a tenth at every threshold, or at all but one."""
    from bayesgrad.simulate import SCENARIOS

    settings = SCENARIOS["thresholds"]
    outcomes, slope = [], settings.outcomes[0].slope
    for one in settings.outcomes:
        outcomes.append(replace(one, slope=slope))
        slope += 0.0 if equal and one.column == EQUAL[0] else RISE
    return replace(settings, outcomes=tuple(outcomes))


def sample(scenario: Scenario, *, outcomes: tuple[str, ...] | None = None, **sampling: Any) -> Any:
    """Draws of a scenario's spec, of some of its outcomes, without checks and summaries."""
    from bayesgrad.data import prepare_table
    from bayesgrad.design import build_design
    from bayesgrad.fitting.run import with_sampling
    from bayesgrad.inference.nuts import Sampler
    from bayesgrad.spec import ModelSpec

    spec = with_sampling(ModelSpec.from_toml(scenario.spec), sampling)
    if outcomes is not None:
        kept = tuple(one for one in spec.outcomes if one.column in outcomes)
        spec = spec.model_copy(update={"outcomes": kept})
    design = build_design(spec, prepare_table(spec, scenario.areas))
    return Sampler.compile(spec, design).sample(spec.sampling, progress=False)


def fit_england() -> None:
    """Fit the shipped spec to the scenario, and print what it took as JSON."""
    began = time.perf_counter()
    import bayesgrad as bg
    from bayesgrad.inference.convergence import ess, r_hat

    folder = Path(sys.argv[2])
    fit = bg.fit(folder / "synthetic_england.toml", folder / "synthetic_england_areas.csv")
    fit.save(folder / "fit.nc")
    seconds = time.perf_counter() - began
    posterior = fit.draws["posterior"].to_dataset()
    bulk, tail, ratio = (
        ess(posterior, method="bulk"),
        ess(posterior, method="tail"),
        r_hat(posterior),
    )
    found = {
        group: [
            min(float(bulk[name].min()) for name in names),
            min(float(tail[name].min()) for name in names),
            max(float(ratio[name].max()) for name in names),
        ]
        for group, names in GROUPS.items()
    }
    print(
        json.dumps(
            {
                "seconds": seconds,
                "of which": fit.provenance["seconds"],
                "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
                "divergences": int(fit.draws["sample_stats"]["diverging"].sum()),
                "passed": fit.passed,
                "ess and r-hat": found,
            }
        )
    )


def england(repeats: int, folder: Path) -> None:
    """Time whole fits in fresh processes; the first may compile."""
    from bayesgrad.simulate import simulate_scenario

    simulate_scenario("thresholds", seed=1).write(folder)
    for _ in range(repeats + 1):
        run = subprocess.run(
            [sys.executable, __file__, "fit", str(folder)],
            check=True,
            capture_output=True,
            text=True,
        )
        print(run.stdout.splitlines()[-1], flush=True)


def separate() -> None:
    """Compare the joint fit with one fit for each threshold."""
    from bayesgrad.simulate import SCENARIOS, simulate_scenario

    rows = []
    worlds = {"none": uncorrelated(), "as assumed": SCENARIOS["thresholds"]}
    for correlation, settings in worlds.items():
        scenario = simulate_scenario(settings, seed=1)
        sampling = {"chains": 2, "tune": 300, "draws": 1500}
        joint = sample(scenario, **sampling)["posterior"].to_dataset()
        for outcome in joint["outcome"].values.tolist():
            alone = sample(scenario, outcomes=(outcome,), **sampling)["posterior"].to_dataset()
            true = scenario.authorities.query("outcome == @outcome").set_index("authority")["slope"]
            rows.append(
                {"correlation": correlation, "outcome": outcome}
                | against(joint.sel(outcome=outcome), alone.isel(outcome=0), true)
            )
    print(pd.DataFrame(rows).round(3).to_string(index=False))


def against(joint: xr.Dataset, alone: xr.Dataset, true: pd.Series) -> dict[str, float]:
    """Ratios of posterior sds, differences of means in sds, and errors of authority gradients."""
    dims = ("chain", "draw")
    found = {}
    for name in ("slope", "interaction", "sd_slope"):
        found[f"{name}: sd ratio"] = float((joint[name].std(dims) / alone[name].std(dims)).mean())
    slopes = [one["authority_slope"] for one in (joint, alone)]
    means, sds = [one.mean(dims) for one in slopes], [one.std(dims) for one in slopes]
    found["authorities: sd ratio"] = float((sds[0] / sds[1]).median())
    found["authorities: mean |difference| / sd"] = float((abs(means[0] - means[1]) / sds[1]).mean())
    errors = [mean.to_series() - true.loc[mean["authority"].values] for mean in means]
    found["authorities: rms error ratio"] = float(
        np.sqrt((errors[0] ** 2).mean() / (errors[1] ** 2).mean())
    )
    return found


def chance_of_rising(seed: int, *, equal: bool) -> tuple[float, float]:
    """P(rises at every threshold), and P(rises from the first of `EQUAL` to the second)."""
    from bayesgrad.simulate import simulate_scenario

    settings = clearly_rising(equal=equal)
    scenario = simulate_scenario(settings, seed=seed, geography_seed=GEOGRAPHY, **SIZE)
    slope = sample(scenario, **SAMPLING)["posterior"]["slope"]
    rises = slope.diff("outcome") > 0
    return float(rises.all("outcome").mean()), float(rises.sel(outcome=EQUAL[1]).mean())


def rises(replicates: int, workers: int) -> None:
    """Distribution of the chances over replicates; at equal gradients that of a step is uniform."""
    rows = []
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for equal in (False, True):
            jobs = [pool.submit(chance_of_rising, 2000 + k, equal=equal) for k in range(replicates)]
            every, step = np.array([job.result() for job in jobs]).T
            for what, chances in (("every", every), ("step", step)):
                quantiles = np.quantile(chances, [0.05, 0.25, 0.5, 0.75, 0.95]).round(3)
                world = "two gradients equal" if equal else "all clearly rise"
                rows.append([world, what, chances.mean().round(3), *quantiles])
    columns = ["world", "chance", "mean", "5%", "25%", "50%", "75%", "95%"]
    print(pd.DataFrame(rows, columns=columns).to_string(index=False))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--replicates", type=int, default=REPLICATES)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--part", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--out", type=Path, default=Path("thresholds-benchmark"))
    options = parser.parse_args()
    print(machine(), flush=True)
    if "england" in options.part:
        england(options.repeats, options.out)
    if "separate" in options.part:
        separate()
    if "rises" in options.part:
        rises(options.replicates, options.workers)


if __name__ == "__main__":
    if sys.argv[1:2] == ["fit"]:
        fit_england()
    else:
        main()
