"""What the effects of England's 6,791 MSOAs cost: stroke admissions with and without them.

    python benchmarks/neighbourhoods.py [--data ../shared/data] [--part gradients|england ...]

gradients  milliseconds of a gradient, in turn, and effective draws per gradient of short runs, in
           the sampler's own coordinates and in those of the prior
england    seconds, memory and scores of the whole fits, in fresh processes
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from common import machine

if TYPE_CHECKING:
    from bayesgrad.inference.nuts import Sampler
    from bayesgrad.spec import ModelSpec

ROOT = Path(__file__).parents[1]
PARTS = ("gradients", "england")
WATCHED = ("slope", "interaction", "sd_intercept", "sd_slope", "sd_neighbourhood", "overdispersion")
ROUNDS, CALLS = 15, 100
SHORT = {"chains": 2, "tune": 300, "draws": 500}


def spec_of(*, neighbourhoods: bool) -> ModelSpec:
    """Shipped spec of stroke admissions, with its MSOAs or without."""
    from bayesgrad.spec import ModelSpec

    spec = ModelSpec.read(ROOT / "models" / "stroke_admissions.toml")
    column = "msoa11_code" if neighbourhoods else None
    columns = spec.columns.model_copy(update={"neighbourhood": column})
    return spec.model_copy(update={"columns": columns})


def table_of(data: Path) -> pd.DataFrame:
    """Counts of areas with the MSOAs of the lookup."""
    counts = pd.read_csv(data / "outcomes" / "stroke_admissions_lsoa11_2017_2019.csv")
    places = data / "geography" / "LSOA11_MSOA11_LAD19_UTLA19_RGN19_RUC_area.csv"
    lookup = pd.read_csv(places)[["lsoa11_code", "msoa11_code"]]
    return counts.drop(columns="msoa11_code").merge(lookup, on="lsoa11_code", validate="1:1")


def sampler_of(table: pd.DataFrame, *, neighbourhoods: bool, parameterisation: str) -> Sampler:
    """Compiled model of the spec."""
    from bayesgrad.data import prepare_table
    from bayesgrad.design import build_design
    from bayesgrad.fitting.run import with_sampling
    from bayesgrad.inference.nuts import Sampler

    spec = spec_of(neighbourhoods=neighbourhoods)
    spec = with_sampling(spec, {**SHORT, "parameterisation": parameterisation})
    return Sampler.compile(spec, build_design(spec, prepare_table(spec, table)))


def gradients(data: Path) -> None:
    """Time gradients in turn, so that what else the machine does falls on both alike."""
    table = table_of(data)
    samplers = {
        "without": sampler_of(table, neighbourhoods=False, parameterisation="partial"),
        "with": sampler_of(table, neighbourhoods=True, parameterisation="partial"),
        "with, coordinates of the prior": sampler_of(
            table, neighbourhoods=True, parameterisation="non_centred"
        ),
    }
    seconds: dict[str, list[float]] = {name: [] for name in samplers}
    for _ in range(ROUNDS):
        for name, sampler in samplers.items():
            point = np.zeros(sampler.compiled.size)
            began = time.perf_counter()
            for _ in range(CALLS):
                sampler.compiled.density(point)
            seconds[name].append((time.perf_counter() - began) / CALLS)
    for name, sampler in samplers.items():
        print(f"{name}: {1e3 * min(seconds[name]):.3f} ms per gradient", flush=True)
        print(json.dumps(efficiency(sampler)), flush=True)


def efficiency(sampler: Sampler) -> dict[str, float]:
    """Gradients per draw, and bulk effective draws per 1,000 gradients of what is watched."""
    from bayesgrad.inference.convergence import ess

    sampled = sampler.sample(sampler.spec.sampling, progress=False)
    statistics, posterior = sampled["sample_stats"], sampled["posterior"].to_dataset()
    steps = int(statistics["n_steps"].sum())
    found = ess(posterior, method="bulk")
    kept = [name for name in (*WATCHED, "authority_slope") if name in posterior]
    return {
        "gradients per draw": round(float(statistics["n_steps"].mean()), 1),
        "divergences": int(statistics["diverging"].sum()),
        **{name: round(1e3 * float(found[name].min()) / steps, 1) for name in kept},
    }


def fit_england() -> None:
    """Fit with or without MSOAs, and print what it took as JSON."""
    began, cpu = time.perf_counter(), time.process_time()
    import bayesgrad as bg
    from bayesgrad.inference.convergence import ess, r_hat

    data, neighbourhoods = Path(sys.argv[2]), sys.argv[3] == "True"
    fit = bg.fit(spec_of(neighbourhoods=neighbourhoods), table_of(data), progress=False)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    posterior = fit.draws["posterior"].to_dataset()
    kept = [name for name in WATCHED if name in posterior]
    bulk, ratio = ess(posterior, method="bulk"), r_hat(posterior)
    scores = fit.scores().query("authority == ''").set_index("score")["elpd"]
    print(
        json.dumps(
            {
                "neighbourhoods": neighbourhoods,
                "seconds": round(seconds, 1),
                "cpu_seconds": round(cpu, 1),
                "of which": fit.provenance["seconds"],
                "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2),
                "passed": fit.passed,
                "least ess": round(min(float(bulk[name].min()) for name in bulk), 0),
                "largest r-hat": round(max(float(ratio[name].max()) for name in ratio), 4),
                "scores": scores.round(1).to_dict(),
                **{
                    name: [round(float(of(posterior[name])), 4) for of in (np.mean, np.std)]
                    for name in kept
                },
            }
        )
    )


def england(data: Path) -> None:
    """Time whole fits in fresh processes, twice each; the first may compile."""
    for _ in range(2):
        for neighbourhoods in (False, True):
            run = subprocess.run(
                [sys.executable, __file__, "fit", str(data), str(neighbourhoods)],
                check=True,
                capture_output=True,
                text=True,
            )
            print(run.stdout.splitlines()[-1], flush=True)


def main() -> None:
    if len(sys.argv) == 4 and sys.argv[1] == "fit":
        fit_england()
        return
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--part", nargs="+", choices=PARTS, default=list(PARTS))
    options = parser.parse_args()
    print(machine(), flush=True)
    for part in options.part:
        {"gradients": gradients, "england": england}[part](options.data)


if __name__ == "__main__":
    main()
