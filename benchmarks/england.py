"""All of England by the textbook model, by NUTS and by Laplace, in one run: at what cost.

    python benchmarks/england.py [--draws 500] [--tune 300] [--chains 2]

Each way runs in a process of its own, from its start to its summaries. NUTS runs twice: the first
run may fill the disk caches of compiled code, the second is reported. The table gives ratios
against the textbook model of the same run; seconds are of this machine.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import machine

WAYS = ("textbook", "nuts", "laplace")


def main() -> None:
    options = parsed()
    if options.way:
        print(json.dumps(run(options.way, Path(options.folder), options)))
        return
    from bayesgrad.simulate import simulate_england

    with tempfile.TemporaryDirectory() as folder:
        simulate_england(seed=1).write(Path(folder))
        measure("nuts", folder, options)
        results = {way: measure(way, folder, options) for way in WAYS}
    report(results, options)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--tune", type=int, default=300)
    parser.add_argument("--chains", type=int, default=2)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    parser.add_argument("--started", type=float, help=argparse.SUPPRESS)
    return parser.parse_args()


def measure(way: str, folder: str, options: argparse.Namespace) -> dict[str, float]:
    """Run one way in a process of its own."""
    command = [sys.executable, __file__, "--way", way, "--folder", folder]
    for name in ("draws", "tune", "chains"):
        command += [f"--{name}", str(getattr(options, name))]
    command += ["--started", str(time.time())]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return json.loads(done.stdout.splitlines()[-1])


def run(way: str, folder: Path, options: argparse.Namespace) -> dict[str, float]:
    """Fit in this process and return what it cost and found."""
    import resource

    import numpy as np

    if way == "textbook":
        posterior, seconds, model = textbook(folder, options)
    else:
        posterior, seconds, model = ours(folder, options, engine=way)
    smallest = min_ess(posterior)
    result = {
        **seconds,
        "end_to_end_s": time.time() - options.started,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "min_ess": smallest,
    }
    slopes = slope_draws(posterior)
    return {
        **result,
        "ms_per_gradient": gradient_ms(model()),
        "slopes": slopes.mean(axis=0).tolist(),
        "sd_of_slopes": float(np.mean(slopes.std(axis=0))),
    }


def inputs(folder: Path):
    """Spec and design of the synthetic England in a folder."""
    from bayesgrad import ModelSpec, prepare_table, read_table
    from bayesgrad.design import build_design

    spec = ModelSpec.read(folder / "synthetic_england.toml")
    table = read_table(folder / "synthetic_england_areas.csv")
    return spec, build_design(spec, prepare_table(spec, table))


def textbook(folder: Path, options: argparse.Namespace):
    """Textbook model: compiled and sampled by nutpie with its defaults for draws to keep."""
    import nutpie
    from textbook import textbook_model

    spec, design = inputs(folder)
    model = textbook_model(spec, design)
    start = time.perf_counter()
    compiled = nutpie.compile_pymc_model(model)
    compiled_at = time.perf_counter()
    trace = nutpie.sample(
        compiled,
        draws=options.draws,
        tune=options.tune,
        chains=options.chains,
        cores=min(options.chains, os.cpu_count() or 1),
        seed=1,
        target_accept=spec.sampling.target_accept,
        progress_bar=False,
    )
    seconds = {"compile_s": compiled_at - start, "sample_s": time.perf_counter() - compiled_at}
    return trace["posterior"].to_dataset(), seconds, lambda: model


def ours(folder: Path, options: argparse.Namespace, *, engine: str):
    """Fit by one of our engines from the table's file to the fit file, as `bayesgrad fit` does."""
    import bayesgrad as bg
    from bayesgrad.model.graph import build_model

    fit = bg.fit(
        folder / "synthetic_england.toml",
        folder / "synthetic_england_areas.csv",
        draws=options.draws,
        tune=options.tune,
        chains=options.chains,
        seed=1,
        engine=engine,
        progress=False,
    )
    fit.save(folder / "fit.nc")
    laps = fit.provenance["seconds"]
    seconds = {"compile_s": laps.get("compile", laps.get("mode")), "sample_s": laps["sample"]}
    return fit.draws["posterior"].to_dataset(), seconds, lambda: build_model(*inputs(folder))


def slope_draws(posterior):
    """Draws of every authority's slope, (draws, authorities)."""
    if "effects" in posterior:
        values = posterior["effects"].sel(effect="slope")
    else:
        values = posterior["authority_slope"].isel(outcome=0, stratum=0)
    return values.stack(sample=("chain", "draw")).transpose("sample", "authority").values


def min_ess(posterior) -> float:
    """Smallest bulk effective sample size of the parameters that both ways have."""
    import arviz_stats as az

    names = ("intercept", "slope", "between", "interaction", "overdispersion", "effects")
    names += ("authority_intercept", "authority_slope")
    names += ("covariance_stds", "sd_intercept", "sd_slope")
    found = az.ess(posterior[[name for name in names if name in posterior]])
    return min(float(value.min()) for value in found.data_vars.values())


def gradient_ms(model) -> float:
    """Median milliseconds of one value and gradient of the log density."""
    import numpy as np
    from pymc.blocking import DictToArrayBijection

    function = model.logp_dlogp_function(ravel_inputs=True, mode="NUMBA")
    function.set_extra_values({})
    start = model.initial_point()
    point = DictToArrayBijection.map({v.name: start[v.name] for v in function._grad_vars})
    function(point)
    seconds = []
    for _ in range(200):
        begin = time.perf_counter()
        function(point)
        seconds.append(time.perf_counter() - begin)
    return 1e3 * float(np.median(seconds))


def report(results: dict[str, dict[str, float]], options: argparse.Namespace) -> None:
    """Print the table and what machine it is from."""
    print(f"{machine()}; {options.chains} chains of {options.tune} + {options.draws}\n")
    print(f"{'':28s}{'textbook':>10s}{'nuts':>10s}{'ratio':>8s}{'laplace':>10s}{'ratio':>8s}")
    rows = (
        ("ms per gradient", "ms_per_gradient"),
        ("compile (mode), s", "compile_s"),
        ("sampling, s", "sample_s"),
        ("end to end, s", "end_to_end_s"),
        ("peak memory, MB", "peak_mb"),
    )
    for label, name in rows:
        engines = WAYS[1:2] if name == "ms_per_gradient" else WAYS[1:]
        print(line(label, [results[way][name] for way in ("textbook", *engines)]))
    textbook, nuts = results["textbook"], results["nuts"]
    speed = [result["min_ess"] / result["sample_s"] for result in (textbook, nuts)]
    print(line("min ESS", [textbook["min_ess"], nuts["min_ess"]], more_is_better=True))
    print(line("min ESS per s of sampling", speed, more_is_better=True))
    for way in WAYS[1:]:
        pairs = zip(results[way]["slopes"], textbook["slopes"], strict=True)
        apart = max(abs(a - b) for a, b in pairs) / nuts["sd_of_slopes"]
        print(f"posterior means of the slopes by {way}: at most {apart:.2f} posterior sd apart")


def line(label: str, values: list[float], *, more_is_better: bool = False) -> str:
    """Row of the textbook's value, and each other's with its ratio to it."""
    text = f"{label:28s}{values[0]:10.2f}"
    for value in values[1:]:
        ratio = value / values[0] if more_is_better else values[0] / value
        text += f"{value:10.2f}{ratio:8.1f}"
    return text


if __name__ == "__main__":
    main()
