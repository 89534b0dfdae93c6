"""The first fit of a form of model on a machine, and the second: what compiling costs.

    python benchmarks/first_fit.py [--forms referrals,thresholds,...] [--areas N] [--engine nuts]

Each fit is a process of its own, `bayesgrad fit` with the shipped spec of a scenario of the
synthetic England, from file to file: the first with an empty folder for compiled
code, the others with what it left. The figures are processor time of the process and its children,
since that hardly depends on what else the machine is doing; ratios are of the same run.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from common import machine

FORMS = ("referrals", "thresholds", "stages", "age", "years", "neighbourhoods", "spatial")
OPTIONS = ("draws", "tune", "chains")


@dataclass(frozen=True)
class Costs:
    """Processor seconds of the first fit and, the least of several, of later ones."""

    first: float
    later: float


def main() -> None:
    options = parsed()
    print(f"{machine()}; processor seconds\n")
    print("| form | first fit | later fits | ratio |\n|---|---|---|---|")
    for form in options.forms.split(","):
        costs = measure(form, options)
        ratio = costs.first / costs.later
        print(f"| {form} | {costs.first:.1f} | {costs.later:.1f} | {ratio:.2f} |", flush=True)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--forms", default=",".join(FORMS), help="scenarios, separated by commas")
    parser.add_argument("--areas", type=int, default=32_837)
    parser.add_argument("--engine", choices=("nuts", "laplace"), default="nuts")
    parser.add_argument("--later", type=int, default=1, help="fits after the first")
    for name in OPTIONS:
        parser.add_argument(f"--{name}", type=int, help="by default what the spec says")
    return parser.parse_args()


def measure(form: str, options: argparse.Namespace) -> Costs:
    """Simulate a form's world and fit it, first with nothing compiled."""
    from bayesgrad.simulate import simulate_scenario

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        simulate_scenario(form, seed=1, areas=options.areas).write(folder)
        command = [sys.executable, "-m", "bayesgrad", "fit"]
        command += [
            str(folder / f"synthetic_england{suffix}") for suffix in (".toml", "_areas.csv")
        ]
        command += ["--out", str(folder / "fit.nc"), "--engine", options.engine]
        for option in OPTIONS:
            if getattr(options, option) is not None:
                command += [f"--{option}", str(getattr(options, option))]
        seconds = [processor_seconds(command, folder / "code") for _ in range(1 + options.later)]
    return Costs(seconds[0], min(seconds[1:]))


def processor_seconds(command: list[str], code: Path) -> float:
    """Processor time of a command whose compiled code is kept in a folder."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = os.environ | {"BAYESGRAD_CACHE_DIR": str(code)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 3):
        raise RuntimeError(f"{' '.join(command)}\n{done.stderr}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
