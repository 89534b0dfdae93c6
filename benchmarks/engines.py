"""The Laplace engine against long runs of NUTS, on data from plentiful to hardly any.

    python benchmarks/engines.py [--draws 5000] [--cases england,london] [--data ../shared/data]

Prints a table: for gradients, intercepts, hyperparameters and fixed effects, how far the posterior
means are apart and how the standard deviations compare, with the Monte Carlo errors of both.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from common import SPEC, machine
from numpy.typing import NDArray

from bayesgrad import ModelSpec, prepare_table, read_table
from bayesgrad.design import Design, build_design
from bayesgrad.errors import FitError
from bayesgrad.inference.laplace import LaplaceApproximation
from bayesgrad.inference.nuts import Sampler
from bayesgrad.simulate import EnglandSettings, simulate_england
from bayesgrad.spec.parts import Sampling

type Floats = NDArray[np.float64]

ROOT = Path(__file__).parents[1]

GROUPS = {
    "gradients": ("authority_slope",),
    "authority intercepts": ("authority_intercept",),
    "hyperparameters": ("sd_intercept", "sd_slope", "correlation", "overdispersion"),
    "fixed effects": ("intercept", "slope", "between", "interaction"),
}
"""Quantities that are compared together; the gradients and intercepts on the log scale."""

TARGET_ACCEPT = 0.9
"""Of NUTS: small steps, for a reference without divergences where effects are weak."""

CHAINS = 4
LAPLACE_DRAWS = 20_000

LONDON = """\
title = "Violence with injury in London"
[columns]
area = "lsoa11_code"
authority = "ltla19_code"
exposure = "pop_mid2019"
deprivation = "income_score"
vintage = "IoD2019"
[[outcomes]]
column = "major_violence_2019"
"""

type Inputs = tuple[ModelSpec, pd.DataFrame]


def synthetic(**settings: float | str) -> Inputs:
    """Spec and table of a synthetic England of seed 1; the settings are of `EnglandSettings`."""
    england = simulate_england(EnglandSettings(**settings), seed=1)  # type: ignore[arg-type]
    return ModelSpec.from_toml(SPEC.format(family=england.settings.family)), england.areas


def stroke(data: Path) -> Inputs:
    """Emergency stroke admissions in every area of England."""
    spec = ModelSpec.read(ROOT / "models" / "stroke_admissions.toml")
    return spec, read_table(data / "outcomes" / "stroke_admissions_lsoa11_2017_2019.csv")


def london(data: Path) -> Inputs:
    """Recorded violence in the areas of London, nested in its boroughs."""
    table = read_table(data / "outcomes" / "london_crime_lsoa11_2019_2021.csv")
    return ModelSpec.from_toml(LONDON), table


CASES: dict[str, tuple[str, Callable[[Path], Inputs]]] = {
    "england": ("England, negative binomial", lambda _: synthetic()),
    "poisson": ("England, Poisson", lambda _: synthetic(family="poisson")),
    "plans": ("England, 2 events an area", lambda _: synthetic(rate=2.0 / 364.0)),
    "stroke": ("stroke admissions, England", stroke),
    "london": ("violence, London", london),
    "hard": (
        "20 authorities of 25 areas, half an event each",
        lambda _: synthetic(authorities=20, areas=500, size_spread=0.0, rate=0.5 / 364.0),
    ),
}
"""Title and inputs of each case; the inputs are loaded from the folder of real data, or drawn."""


class Moments(NamedTuple):
    """Mean and standard deviation of each quantity, and their Monte Carlo standard errors."""

    mean: Floats
    sd: Floats
    mean_error: Floats
    sd_error: Floats


@dataclass(frozen=True)
class Difference:
    """Largest differences of a group of quantities, in posterior standard deviations of NUTS."""

    mean: float
    mean_error: float
    sd_low: float
    sd_high: float
    sd_error: float


def nuts_moments(posterior: xr.Dataset, name: str) -> Moments:
    """Moments of a variable, with errors from its effective sample sizes."""
    import arviz_stats as az

    chains = posterior[name]
    over = ("chain", "draw")
    values = (
        chains.mean(over),
        chains.std(over),
        az.mcse(chains, method="mean"),
        az.mcse(chains, method="sd"),
    )
    return Moments(*(np.ravel(value.values) for value in values))


def laplace_moments(posterior: xr.Dataset, name: str) -> Moments:
    """Moments of a variable, with errors that allow for draws sharing their hyperparameters.

    Draws of the same hyperparameters form a cluster, whose summed departures from the mean are
    independent of other clusters'. The error of a standard deviation is that of the variance,
    carried over.
    """
    flat = posterior[name].stack(sample=("chain", "draw")).transpose("sample", ...)
    draws = flat.values.reshape(flat.sizes["sample"], -1)
    shared = posterior["sd_intercept"].stack(sample=("chain", "draw")).values.ravel()
    cluster = np.unique(shared, return_inverse=True)[1]
    centred = draws - draws.mean(axis=0)
    variance = np.mean(centred**2, axis=0)
    sd = np.sqrt(variance)
    return Moments(
        draws.mean(axis=0),
        sd,
        _clustered_error(centred, cluster),
        _clustered_error(centred**2 - variance, cluster) / (2.0 * sd),
    )


def _clustered_error(centred: Floats, cluster: NDArray[np.int64]) -> Floats:
    """Standard error of the mean of each column, given departures from it."""
    sums = np.array([np.bincount(cluster, column) for column in centred.T])
    return np.sqrt((sums**2).sum(axis=1)) / len(centred)


def difference(nuts: xr.Dataset, laplace: xr.Dataset, names: tuple[str, ...]) -> Difference:
    """Compare the quantities of a group that the model has."""
    present = [name for name in names if name in nuts]
    reference = _joined([nuts_moments(nuts, name) for name in present])
    other = _joined([laplace_moments(laplace, name) for name in present])
    apart = np.abs(other.mean - reference.mean) / reference.sd
    apart_error = np.hypot(other.mean_error, reference.mean_error) / reference.sd
    ratio = other.sd / reference.sd
    errors = np.hypot(other.sd_error / other.sd, reference.sd_error / reference.sd)
    worst = int(apart.argmax())
    return Difference(
        mean=float(apart[worst]),
        mean_error=float(apart_error[worst]),
        sd_low=float(ratio.min()),
        sd_high=float(ratio.max()),
        sd_error=float(errors.max()),
    )


def _joined(parts: list[Moments]) -> Moments:
    return Moments(*(np.concatenate(values) for values in zip(*parts, strict=True)))


@dataclass(frozen=True)
class Result:
    """One case: its size, the quality of both runs and what they differ by."""

    title: str
    size: str
    nuts: str
    laplace: str
    differences: dict[str, Difference]


def compare(
    title: str, spec: ModelSpec, table: pd.DataFrame, settings: Sampling, *, laplace_draws: int
) -> Result:
    """Fit by both engines and compare their posteriors."""
    design = build_design(spec, prepare_table(spec, table))
    reference = Sampler.compile(spec, design).sample(settings, progress=False)
    nuts = reference["posterior"].to_dataset()
    size, quality = _size(design), _nuts_quality(reference)
    per_chain = laplace_draws // settings.chains
    try:
        approximation = LaplaceApproximation.find(spec, design)
        found = approximation.sample(settings.model_copy(update={"draws": per_chain}))
    except FitError as error:
        return Result(title, size, quality, f"refused: {str(error).splitlines()[0]}", {})
    laplace = found["posterior"].to_dataset()
    differences = {name: difference(nuts, laplace, names) for name, names in GROUPS.items()}
    statistics = found["sample_stats"].to_dataset()
    k_hat, ess = (float(statistics[name]) for name in ("k_hat", "importance_ess"))
    return Result(title, size, quality, f"k-hat {k_hat:.2f}, ESS {ess:,.0f}", differences)


def _size(design: Design) -> str:
    rows, events = len(design.rows.count), int(design.rows.count.sum())
    return f"{rows:,} areas, {events:,} events"


def _nuts_quality(draws: xr.DataTree) -> str:
    import arviz_stats as az

    ess = az.ess(draws["posterior"].to_dataset())
    smallest = min(float(value.min()) for value in ess.data_vars.values())
    diverging = int(draws["sample_stats"]["diverging"].sum())
    return f"ESS {smallest:,.0f}" + (f", {diverging} divergences" if diverging else "")


def report(results: list[Result]) -> str:
    """Markdown table of every case, a line for each group of quantities."""
    lines = [
        "| case | smallest ESS of NUTS | Laplace | quantities | largest difference of means, sd "
        "| ratios of sds, Laplace to NUTS |",
        "|---|---|---|---|---|---|",
    ]
    for result in results:
        head = f"| {result.title} ({result.size}) | {result.nuts} | {result.laplace}"
        if not result.differences:
            lines.append(f"{head} | | | |")
        for name, found in result.differences.items():
            lines.append(
                f"{head} | {name} | {found.mean:.3f} ± {found.mean_error:.3f} "
                f"| {found.sd_low:.3f} to {found.sd_high:.3f}, ± {found.sd_error:.3f} |"
            )
            head = "| | |"
    return "\n".join(lines)


def main() -> None:
    options = parsed()
    settings = Sampling(
        draws=options.draws,
        tune=options.tune,
        chains=CHAINS,
        seed=1,
        target_accept=TARGET_ACCEPT,
    )
    results = []
    for name in options.cases.split(","):
        title, load = CASES[name]
        if name in ("stroke", "london") and not options.data.is_dir():
            print(f"{title}: skipped, there is no folder of real data at --data")
            continue
        spec, table = load(options.data)
        results.append(compare(title, spec, table, settings, laplace_draws=options.laplace_draws))
    print(
        f"{machine()}; NUTS {CHAINS} x ({options.tune} + {options.draws}), "
        f"Laplace {options.laplace_draws:,} draws; ± one Monte Carlo standard error\n"
    )
    print(report(results))


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--draws", type=int, default=5000, help="of NUTS, per chain")
    parser.add_argument("--tune", type=int, default=1000)
    parser.add_argument("--laplace-draws", type=int, default=LAPLACE_DRAWS)
    parser.add_argument("--cases", default=",".join(CASES), help=f"of {', '.join(CASES)}")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    return parser.parse_args()


if __name__ == "__main__":
    main()
