"""Time and memory of a panel: ten years of 152 authorities, up to 1.52 million rows.

    python benchmarks/years.py [--areas 1000,15200,152000] [--draws 1000] [--tune 200]

Each fit runs in a process of its own, from a parquet file, after a short one that fills the disk
cache of compiled code. Seconds of the processor are of both chains and all threads together.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import machine

AREAS = (1_000, 15_200, 152_000)
AUTHORITIES = 152


def write_data(areas: int, folder: Path) -> None:
    """Draw the scenario of years; write its table and spec, which keeps all authorities."""
    from bayesgrad.simulate import simulate_scenario

    scenario = simulate_scenario("years", seed=1, authorities=AUTHORITIES, areas=areas)
    scenario.areas.to_parquet(folder / "areas.parquet", index=False)
    spec = scenario.spec.replace('small_authorities = "drop"', 'small_authorities = "keep"')
    (folder / "spec.toml").write_text(spec, encoding="utf-8")


def fit(folder: Path, options: argparse.Namespace) -> dict[str, object]:
    """Fit in this process, from the file."""
    import resource

    import bayesgrad as bg

    fitted = bg.fit(
        folder / "spec.toml",
        folder / "areas.parquet",
        draws=options.draws,
        tune=options.tune,
        chains=2,
        seed=1,
        progress=False,
    )
    checks = fitted.diagnostics().set_index("check")
    trend = fitted.trends().iloc[0]
    return {
        "rows": fitted.rows.rows_kept,
        **{f"{name}_s": seconds for name, seconds in fitted.provenance["seconds"].items()},
        "end_to_end_s": round(time.time() - options.started, 1),
        "processor_s": round(time.process_time(), 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "gradients_a_draw": round(float(fitted.draws["sample_stats"]["n_steps"].mean()), 1),
        "failed": ", ".join(checks.index[~checks["passed"]]),
        "min_ess_bulk": round(float(checks.loc["min_ess_bulk", "value"])),
        "national_trend": f"{trend['annual_ratio']:.4f} ({trend['lower']:.4f} to "
        f"{trend['upper']:.4f})",
    }


def measure(areas: int, options: argparse.Namespace) -> dict[str, object]:
    """Fit in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        write_data(areas, Path(folder))
        command = [sys.executable, __file__, "--folder", folder, "--started", str(time.time())]
        command += ["--draws", str(options.draws), "--tune", str(options.tune)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--areas", type=_sizes, default=AREAS, help="separated by commas")
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--tune", type=int, default=200)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    parser.add_argument("--started", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.folder:
        print(json.dumps(fit(Path(options.folder), options)))
        return
    short = argparse.Namespace(draws=4, tune=50)
    measure(AUTHORITIES * 2, short)
    print(f"{machine()}; 2 x ({options.tune} + {options.draws}) draws")
    for areas in options.areas:
        print(json.dumps({"areas": areas} | measure(areas, options)), flush=True)


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(int(word) for word in text.split(","))


if __name__ == "__main__":
    main()
