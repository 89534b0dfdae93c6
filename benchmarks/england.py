"""All of England by peers and by both engines, in one run: at what cost.

    python benchmarks/england.py [--draws 1500] [--tune 200] [--chains 2] [--ways textbook,nuts,...]

Each way runs in a process of its own, from its start to its summaries or its fit file, with the
disk caches of compiled code warm; `first nuts` starts with none. The table gives ratios against
the textbook model of the same run; seconds are of this machine. `glmmTMB` and `lme4` run where
Rscript and the package are found.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from common import machine

WAYS = ("textbook", "bambi", "first nuts", "nuts", "laplace", "glmmTMB", "lme4")
R_WAYS = ("glmmTMB", "lme4")
R_SCRIPT = Path(__file__).with_name("england.R")


@dataclass(frozen=True)
class Cost:
    """What one way cost and found; None where it has no such thing."""

    end_to_end_s: float
    compile_s: float | None = None
    sample_s: float | None = None
    peak_mb: float | None = None
    ms_per_gradient: float | None = None
    min_ess_bulk: float | None = None
    min_ess_tail: float | None = None
    max_r_hat: float | None = None
    slopes: Sequence[float] = ()
    sd_of_slopes: float | None = None


def main() -> None:
    options = parsed()
    if options.way:
        print(json.dumps(asdict(run(options.way, Path(options.folder), options))))
        return
    from bayesgrad.simulate import simulate_england

    with tempfile.TemporaryDirectory() as folder:
        simulate_england(seed=1).write(Path(folder))
        write_rows(Path(folder))
        ways = [way for way in options.ways.split(",") if way in WAYS and found(way)]
        if "nuts" in ways:
            measure("nuts", folder, options)
        results = {way: measure(way, folder, options) for way in ways}
    print(f"{machine()}; {options.chains} chains of {options.tune} + {options.draws}\n")
    print(table(results))
    print(f"\n{apart(results)}")


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--draws", type=int, default=1500)
    parser.add_argument("--tune", type=int, default=200)
    parser.add_argument("--chains", type=int, default=2)
    parser.add_argument("--ways", default=",".join(WAYS), help="separated by commas")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    parser.add_argument("--started", type=float, help=argparse.SUPPRESS)
    return parser.parse_args()


def found(way: str) -> bool:
    """Whether a way can run here."""
    if way not in R_WAYS:
        return True
    rscript = shutil.which("Rscript")
    if rscript is None:
        print(f"{way}: no Rscript found", file=sys.stderr)
        return False
    test = f'quit(status = !requireNamespace("{way}", quietly = TRUE))'
    if subprocess.run([rscript, "-e", test], capture_output=True, check=False).returncode:
        print(f"{way}: the R package is not installed", file=sys.stderr)
        return False
    return True


def measure(way: str, folder: str, options: argparse.Namespace) -> Cost:
    """Run one way in a process of its own."""
    started = time.time()
    if way in R_WAYS:
        rows = str(Path(folder) / "rows.csv")
        subprocess.run(["Rscript", str(R_SCRIPT), way, rows], check=True, capture_output=True)
        return Cost(end_to_end_s=time.time() - started)
    command = [sys.executable, __file__, "--way", way, "--folder", folder]
    for name in ("draws", "tune", "chains"):
        command += [f"--{name}", str(getattr(options, name))]
    command += ["--started", str(started)]
    with tempfile.TemporaryDirectory() as cache:
        new = {"BAYESGRAD_CACHE_DIR": cache}
        environment = os.environ | (new if way == "first nuts" else {})
        done = subprocess.run(command, check=True, capture_output=True, env=environment)
    return Cost(**json.loads(done.stdout.splitlines()[-1]))


def run(way: str, folder: Path, options: argparse.Namespace) -> Cost:
    """Fit in this process and return what it cost and found."""
    import resource

    import numpy as np

    posterior, seconds, model = (
        ours(folder, options, engine=way.removeprefix("first "))
        if way in {"nuts", "first nuts", "laplace"}
        else peer(way, folder, options)
    )
    end_to_end = time.time() - options.started
    convergence = {} if way == "laplace" else convergence_of(posterior)
    if way in {"textbook", "bambi"}:
        # Ours checked convergence before they wrote the fit file.
        end_to_end = time.time() - options.started
    slopes = slope_draws(posterior)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Cost(
        end_to_end_s=end_to_end,
        **seconds,
        **convergence,
        peak_mb=peak,
        ms_per_gradient=None if way == "laplace" else gradient_ms(model()),
        slopes=slopes.mean(axis=0).tolist(),
        sd_of_slopes=float(np.mean(slopes.std(axis=0))),
    )


def inputs(folder: Path) -> tuple[Any, Any]:
    """Spec and design of the synthetic England in a folder."""
    from bayesgrad import ModelSpec, prepare_table, read_table
    from bayesgrad.design import build_design

    spec = ModelSpec.read(folder / "synthetic_england.toml")
    table = read_table(folder / "synthetic_england_areas.csv")
    return spec, build_design(spec, prepare_table(spec, table))


def write_rows(folder: Path) -> None:
    """Write what a formula needs, for R: count, log_exposure, x, w and authority."""
    import pandas as pd

    _, design = inputs(folder)
    rows = design.rows
    authority = design.cell_authority[rows.cell]
    pd.DataFrame(
        {
            "count": rows.count,
            "exposure": rows.exposure,
            "x": rows.x,
            "w": design.authorities.moderation[authority, 0],
            "authority": authority,
        }
    ).to_csv(folder / "rows.csv", index=False)


def peer(way: str, folder: Path, options: argparse.Namespace) -> tuple[Any, dict[str, float], Any]:
    """A PyMC model as its peer writes it, compiled and sampled by nutpie."""
    import nutpie

    spec, design = inputs(folder)
    if way == "textbook":
        from textbook import textbook_model

        model = textbook_model(spec, design)
    else:
        from bayesgrad.model.bambi_twin import bambi_twin

        authority = spec.authority.model_copy(update={"covariance": "diagonal"})
        model = bambi_twin(spec.model_copy(update={"authority": authority}), design).backend.model
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


def ours(
    folder: Path, options: argparse.Namespace, *, engine: str
) -> tuple[Any, dict[str, float], Callable[[], Any]]:
    """Fit by one of our engines from the table's file to the fit file, as `bayesgrad fit` does."""
    import bayesgrad as bg

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

    def model() -> Any:
        from bayesgrad.model.graph import build_model

        return build_model(*inputs(folder))

    laps = fit.provenance["seconds"]
    seconds = {"compile_s": laps.get("compile", laps.get("mode")), "sample_s": laps["sample"]}
    return fit.draws["posterior"].to_dataset(), seconds, model


def slope_draws(posterior: Any) -> Any:
    """Draws of every authority's slope, (draws, authorities)."""
    if "effects" in posterior:
        values = posterior["effects"].sel(effect="slope")
    elif "x|authority" in posterior:
        values = posterior["x|authority"] + posterior["x"]
        values = values.rename({values.dims[-1]: "authority"})
    else:
        values = posterior["authority_slope"].isel(outcome=0)
    return values.stack(sample=("chain", "draw")).transpose("sample", "authority").values


def convergence_of(posterior: Any) -> dict[str, float]:
    """Worst convergence statistics over everything that was drawn."""
    import arviz_stats as az

    varying = posterior[[name for name in posterior if float(posterior[name].std()) > 0.0]]
    return {
        "min_ess_bulk": extreme(az.ess(varying, method="bulk"), min),
        "min_ess_tail": extreme(az.ess(varying, method="tail"), min),
        "max_r_hat": extreme(az.rhat(varying), max),
    }


def extreme(values: Any, pick: Callable[..., float]) -> float:
    """Smallest or largest number in a dataset, those that are none left out."""
    import numpy as np

    flat = np.concatenate([variable.values.ravel() for variable in values.data_vars.values()])
    return float(pick(flat[np.isfinite(flat)]))


def gradient_ms(model: Any) -> float:
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


def ess_per_second(cost: Cost) -> float | None:
    """Smallest bulk effective sample size over seconds of sampling."""
    if cost.min_ess_bulk is None or not cost.sample_s:
        return None
    return cost.min_ess_bulk / cost.sample_s


COLUMNS: Mapping[str, Callable[[Cost], float | None]] = {
    "ms a gradient": lambda cost: cost.ms_per_gradient,
    "compile or mode, s": lambda cost: cost.compile_s,
    "sampling, s": lambda cost: cost.sample_s,
    "end to end, s": lambda cost: cost.end_to_end_s,
    "peak, MB": lambda cost: cost.peak_mb,
    "min ESS bulk": lambda cost: cost.min_ess_bulk,
    "min ESS tail": lambda cost: cost.min_ess_tail,
    "max R-hat": lambda cost: cost.max_r_hat,
    "ESS a s of sampling": ess_per_second,
}
RATIOS = {"ms a gradient": -1, "end to end, s": -1, "ESS a s of sampling": 1}
"""Columns that are followed by how many times better they are than the textbook's: the power."""


def table(results: Mapping[str, Cost]) -> str:
    """Markdown table of all ways."""
    heads = [part for name in COLUMNS for part in (name, *(["×"] if name in RATIOS else []))]
    lines = [f"|  | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    base = results.get("textbook")
    for way, cost in results.items():
        cells = []
        for name, value_of in COLUMNS.items():
            value = value_of(cost)
            cells.append(shown(value))
            if name in RATIOS:
                first = None if base is None else value_of(base)
                ratio = (value / first) ** RATIOS[name] if value and first else None
                cells.append("" if ratio is None else f"{ratio:.1f}")
        lines.append(f"| {way} | {' | '.join(cells)} |")
    return "\n".join(lines)


def shown(value: float | None) -> str:
    """A number with four digits or so."""
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.4g}"


def apart(results: Mapping[str, Cost]) -> str:
    """How far the posterior means of the slopes are apart."""
    base = results.get("textbook")
    if base is None or base.sd_of_slopes is None:
        return "no textbook model to compare with"
    lines = []
    for way, cost in results.items():
        if way != "textbook" and cost.slopes:
            pairs = zip(cost.slopes, base.slopes, strict=True)
            most = max(abs(a - b) for a, b in pairs) / base.sd_of_slopes
            lines.append(
                f"slopes by {way}: means at most {most:.2f} posterior sd from the textbook"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
