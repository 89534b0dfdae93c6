"""Time and memory of both engines against the number of areas, of authorities and of events.

    python benchmarks/scale.py [--areas 10000,...,1000000] [--authorities 50,...,3000]

Each fit runs in a process of its own, from a parquet file. Before the first fit of a number of
authorities by NUTS, a short one of few areas fills the disk cache of compiled code.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from common import SPEC, machine

ENGINES = ("nuts", "laplace")

AREAS = (10_000, 30_000, 100_000, 300_000, 1_000_000)
AUTHORITIES = (50, 152, 500, 1_000, 3_000)
USUAL_AREAS, USUAL_AUTHORITIES = 100_000, 152
"""How many areas while authorities or events vary, and how many authorities otherwise."""

MANY_CHILDREN = 100
"""Factor on the exposure of every area, and so on its events."""

SLOPE_FROM = 30_000
"""Fewest areas of the points that the slope of time against areas is taken from."""


@dataclass(frozen=True)
class Size:
    """Size of a synthetic England; `children` multiplies the exposure of every area."""

    areas: int = USUAL_AREAS
    authorities: int = USUAL_AUTHORITIES
    children: int = 1


@dataclass(frozen=True)
class Cost:
    """What one fit cost: seconds, milliseconds and megabytes.

    Sampling is what follows compiling by NUTS, and all of the engine's work by Laplace: finding
    the mode too.
    """

    events: int
    sample_s: float
    ms_per_gradient: float | None
    gradients_per_draw: float | None
    end_to_end_s: float
    peak_mb: float


@dataclass(frozen=True)
class Series:
    """Sizes that differ in one respect; ratios are to the first."""

    title: str
    sizes: tuple[Size, ...]


def all_series(
    areas: Iterable[int], authorities: Iterable[int], *, usual_areas: int = USUAL_AREAS
) -> tuple[Series, ...]:
    """Return the sizes to run: areas, authorities, and events are varied in turn."""
    rows = tuple(Size(areas=value) for value in areas)
    groups = tuple(Size(areas=usual_areas, authorities=value) for value in authorities)
    events = tuple(Size(areas=usual_areas, children=factor) for factor in (1, MANY_CHILDREN))
    return (Series("areas", rows), Series("authorities", groups), Series("events", events))


def write_data(size: Size, folder: Path) -> None:
    """Draw a synthetic England of a size; write its table and spec."""
    from bayesgrad.simulate import EnglandSettings, simulate_england

    usual = EnglandSettings()
    settings = EnglandSettings(
        areas=size.areas, authorities=size.authorities, children=usual.children * size.children
    )
    simulate_england(settings, seed=1).areas.to_parquet(folder / "areas.parquet", index=False)
    (folder / "spec.toml").write_text(SPEC.format(family=settings.family), encoding="utf-8")


def fit(folder: Path, engine: str, options: argparse.Namespace) -> Cost:
    """Fit in this process, from the file; the gradient is timed after memory and time are taken."""
    import resource

    import bayesgrad as bg

    fitted = bg.fit(
        folder / "spec.toml",
        folder / "areas.parquet",
        engine=engine,
        draws=options.draws,
        tune=options.tune,
        chains=options.chains,
        seed=1,
        progress=False,
    )
    end = time.time()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    laps = fitted.provenance["seconds"]
    by_nuts = engine == "nuts"
    return Cost(
        events=int(fitted.draws["authorities"]["events"].sum()),
        sample_s=laps["sample"] + laps.get("mode", 0.0),
        ms_per_gradient=gradient(folder) if by_nuts else None,
        gradients_per_draw=float(fitted.draws["sample_stats"]["n_steps"].mean())
        if by_nuts
        else None,
        end_to_end_s=end - options.started,
        peak_mb=peak,
    )


def gradient(folder: Path) -> float:
    """Milliseconds of one value and gradient of the log density."""
    from england import gradient_ms

    from bayesgrad import ModelSpec, prepare_table, read_table
    from bayesgrad.design import build_design
    from bayesgrad.model.graph import build_model

    spec = ModelSpec.read(folder / "spec.toml")
    table = prepare_table(spec, read_table(folder / "areas.parquet"))
    return gradient_ms(build_model(spec, build_design(spec, table)))


def measure(size: Size, engine: str, options: argparse.Namespace) -> Cost | None:
    """Fit in a process of its own; None, and a line on standard error, where that fails."""
    with tempfile.TemporaryDirectory() as folder:
        write_data(size, Path(folder))
        command = [sys.executable, __file__, "--engine", engine, "--folder", folder]
        for name in ("draws", "tune", "chains"):
            command += [f"--{name}", str(getattr(options, name))]
        command += ["--started", str(time.time())]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        print(f"{engine} at {size}: {_last_line(done.stderr)}", file=sys.stderr)
        return None
    return Cost(**json.loads(_last_line(done.stdout)))


def _last_line(text: str) -> str:
    return (text.splitlines() or ["no output"])[-1]


def run(
    plan: Sequence[Series], engines: Sequence[str], options: argparse.Namespace
) -> dict[tuple[Size, str], Cost | None]:
    """Measure every size once by every engine."""
    sizes = list(dict.fromkeys(size for series in plan for size in series.sizes))
    found: dict[tuple[Size, str], Cost | None] = {}
    warm: set[int] = set()
    for size in sizes:
        for engine in engines:
            if engine == "nuts" and size.authorities not in warm:
                warm_up(size.authorities, options)
                warm.add(size.authorities)
            found[size, engine] = measure(size, engine, options)
    return found


def warm_up(authorities: int, options: argparse.Namespace) -> None:
    """Compile the model of this many authorities, into the disk cache."""
    short = argparse.Namespace(**vars(options) | {"draws": 4, "tune": 50, "chains": 1})
    measure(Size(areas=10 * authorities, authorities=authorities), "nuts", short)


def report(
    plan: Sequence[Series], engines: Sequence[str], found: dict[tuple[Size, str], Cost | None]
) -> str:
    """Markdown table of every size and engine, and the slopes of time against areas."""
    lines = [
        "| varied | areas | authorities | events | engine | sampling, s | ratio | ms a gradient "
        "| ratio | gradients a draw | end to end, s | peak, MB | ratio |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for series in plan:
        for engine in engines:
            first = None
            for size in series.sizes:
                cost = found[size, engine]
                first = first or cost
                lines.append(_line(series, size, engine, cost, first))
    slopes = [_slope_line(series, engine, found) for series in plan[:1] for engine in engines]
    return "\n".join([*lines, "", *slopes])


def _line(series: Series, size: Size, engine: str, cost: Cost | None, first: Cost | None) -> str:
    head = f"| {series.title} | {size.areas:,} | {size.authorities:,} "
    if cost is None or first is None:
        return f"{head}| | {engine} | no result | | | | | | | |"
    values = [_and_ratio(cost.sample_s, first.sample_s, ".2f")]
    if cost.ms_per_gradient and first.ms_per_gradient:
        values.append(_and_ratio(cost.ms_per_gradient, first.ms_per_gradient, ".3f"))
        values.append(f"{cost.gradients_per_draw:.1f}")
    else:
        values.append("| |")
    values += [f"{cost.end_to_end_s:.1f}", _and_ratio(cost.peak_mb, first.peak_mb, ",.0f")]
    return f"{head}| {cost.events:,} | {engine} | {' | '.join(values)} |"


def _and_ratio(value: float, first: float, form: str) -> str:
    return f"{value:{form}} | {value / first:.2f}"


def _slope_line(series: Series, engine: str, found: dict[tuple[Size, str], Cost | None]) -> str:
    points = [
        (size.areas, cost.sample_s)
        for size in series.sizes
        if size.areas >= SLOPE_FROM and (cost := found[size, engine])
    ]
    if len({areas for areas, _ in points}) < 2:
        return f"Slope of log sampling time on log areas, {engine}: too few sizes.  "
    return (
        f"Slope of log sampling time on log areas, {engine}: {log_slope(points):.2f}, "
        f"from {points[0][0]:,} to {points[-1][0]:,} areas.  "
    )


def log_slope(points: Sequence[tuple[float, float]]) -> float:
    """Least-squares slope of the log of the second on the log of the first."""
    import numpy as np

    x, y = np.log(np.array(points)).T
    return float(np.polyfit(x, y, 1)[0])


def main() -> None:
    options = parsed()
    if options.folder:
        print(json.dumps(vars(fit(Path(options.folder), options.engine, options))))
        return
    engines = (options.engine,) if options.engine else ENGINES
    plan = all_series(options.areas, options.authorities, usual_areas=options.usual_areas)
    plan = tuple(series for series in plan if series.title in options.vary)
    found = run(plan, engines, options)
    print(
        f"{machine()}; NUTS {options.chains} x ({options.tune} + {options.draws}), Laplace "
        f"{options.chains * options.draws:,} draws; ratios to the first size of the same series\n"
    )
    print(report(plan, engines, found))


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--areas", type=_sizes, default=AREAS, help="separated by commas")
    parser.add_argument("--authorities", type=_sizes, default=AUTHORITIES)
    parser.add_argument("--usual-areas", type=int, default=USUAL_AREAS, help="for the other series")
    parser.add_argument("--vary", type=_words, default=("areas", "authorities", "events"))
    parser.add_argument("--engine", choices=ENGINES)
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--tune", type=int, default=300)
    parser.add_argument("--chains", type=int, default=2)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    parser.add_argument("--started", type=float, help=argparse.SUPPRESS)
    return parser.parse_args()


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(int(word) for word in text.split(","))


if __name__ == "__main__":
    main()
