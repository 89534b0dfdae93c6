"""Recovery of the truth in every scenario: how often 95% intervals hold what data were drawn with.

    python benchmarks/recovery.py [--scenario NAME ...] [--replicates 100] [--workers 2] [--england]

Each replicate draws authority effects and counts anew on one geography, and is fitted by NUTS with
the scenario's shipped spec. Coverage is averaged over the quantities of a kind and then over
replicates; its Monte Carlo error is that of the mean over replicates, since the quantities of one
replicate depend on one another. Standard deviations between strata have no truth to cover: the
strata are given, not drawn.
"""

from __future__ import annotations

import argparse
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from multiprocessing import get_context
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from common import machine
from numpy.typing import NDArray

if TYPE_CHECKING:
    import xarray as xr

    from bayesgrad.design import Design
    from bayesgrad.inference.nuts import Sampler
    from bayesgrad.simulate import Scenario

LEVEL = 0.95
SIZE = {"authorities": 60, "areas": 3000}
GEOGRAPHY = 1
FIRST_SEED = 1000
SAMPLING = {"chains": 2, "tune": 300, "draws": 700}

KINDS = {
    "coefficients": (
        "intercept",
        "slope",
        "between",
        "interaction",
        "covariate",
        "gradient_moderator",
        "authority_moderator_level",
        "authority_moderator_gradient",
    ),
    "spread": (
        "sd_intercept",
        "sd_slope",
        "effect_correlation",
        "correlation",
        "overdispersion",
        "sd_neighbourhood",
    ),
    "neighbours": ("phi_intercept", "phi_slope"),
    "strata": ("stratum_intercept", "stratum_slope"),
    "authorities": ("authority_intercept", "authority_slope"),
    "steps": ("sd_authority_stratum_intercept", "sd_authority_stratum_slope"),
    "authorities' strata": ("authority_stratum_intercept", "authority_stratum_slope"),
    "national trends": ("national_trend_intercept", "national_trend_slope"),
    "authorities' trends": ("authority_trend_intercept", "authority_trend_slope"),
}
"""Variables of the posterior by kind of quantity."""


@dataclass(frozen=True)
class Recovered:
    """What one replicate found: by kind, the share of true values inside; and divergences."""

    inside: dict[str, float]
    divergences: int


def spec_of(scenario: Scenario):  # type: ignore[no-untyped-def]
    """Spec of a scenario with the sampling of this benchmark."""
    from bayesgrad.fitting.run import with_sampling

    return with_sampling(scenario.model, SAMPLING)


def draw(name: str, seed: int, *, england: bool) -> Scenario:
    """Draw a replicate of a scenario on the one geography, of `SIZE` or of all England."""
    from bayesgrad.simulate import simulate_scenario

    size = {} if england else SIZE
    return simulate_scenario(name, seed=seed, geography_seed=GEOGRAPHY, **size)


def design_of(scenario: Scenario) -> Design:
    """Design of a scenario's spec on its table."""
    from bayesgrad.data import prepare_table
    from bayesgrad.design import build_design

    spec = spec_of(scenario)
    return build_design(spec, prepare_table(spec, scenario.areas))


@cache
def sampler_of(name: str, *, england: bool) -> Sampler:
    """Compiled model of a scenario, refitted to each replicate."""
    from bayesgrad.inference.nuts import Sampler

    scenario = draw(name, FIRST_SEED, england=england)
    return Sampler.compile(spec_of(scenario), design_of(scenario))


def true_values(scenario: Scenario) -> xr.Dataset:
    """True parameters and authority effects, under the names and dimensions of the posterior."""
    known = scenario.authorities.set_index(["authority", "outcome"]).to_xarray()
    effects = known[["intercept", "slope"]].rename(
        intercept="authority_intercept", slope="authority_slope"
    )
    truth = scenario.parameter_values.merge(effects, join="outer")
    return with_trends(truth.merge(scenario.deviation_values, join="outer"))


def with_trends(values: xr.Dataset) -> xr.Dataset:
    """Add the trends over years, of a panel, to parameters or their draws."""
    from bayesgrad.estimands.trends import authority_trend, national_trend

    if "authority_stratum_slope" not in values:
        return values
    years = [int(year) for year in values["stratum"].values]
    found = {
        f"{of}_trend_{effect}": trend(values, effect, years=years)
        for of, trend in (("national", national_trend), ("authority", authority_trend))
        for effect in ("intercept", "slope")
    }
    return values.assign(found)


def replicate(name: str, seed: int, *, england: bool = False) -> Recovered:
    """Draw, fit and compare one replicate."""
    scenario = draw(name, seed, england=england)
    sampler = sampler_of(name, england=england).with_design(design_of(scenario))
    settings = sampler.spec.sampling.model_copy(update={"seed": seed})
    fit = sampler.sample(settings, cores=1, progress=False)
    posterior, truth = with_trends(fit["posterior"].to_dataset()), true_values(scenario)
    tails = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    inside = {}
    for kind, variables in KINDS.items():
        found = [
            covered(posterior[variable].quantile(tails, ("chain", "draw")), truth[variable])
            for variable in variables
            if variable in posterior and variable in truth
        ]
        if found:
            inside[kind] = float(np.concatenate(found).mean())
    return Recovered(inside, int(fit["sample_stats"]["diverging"].sum()))


def covered(interval: xr.DataArray, truth: xr.DataArray) -> NDArray[np.bool_]:
    """Whether each true value is inside, flattened; values are matched by their labels."""
    aligned = truth.sel({dim: interval[dim].values for dim in truth.dims})
    lower, upper = interval.transpose("quantile", *truth.dims).values
    inside = (lower <= aligned.values) & (aligned.values <= upper)
    return np.atleast_1d(inside).ravel()


def summarise(name: str, found: list[Recovered]) -> list[dict[str, object]]:
    """Coverage of each kind of a scenario with its Monte Carlo error, in percent."""
    rows = []
    for kind in KINDS:
        shares = np.array([one.inside[kind] for one in found if kind in one.inside])
        if not len(shares):
            continue
        rows.append(
            {
                "scenario": name,
                "quantities": kind,
                "coverage": round(100 * shares.mean(), 1),
                "error": round(100 * shares.std(ddof=1) / np.sqrt(len(shares)), 1),
                "replicates": len(shares),
                "with_divergences": sum(one.divergences > 0 for one in found),
            }
        )
    return rows


def main() -> None:
    from bayesgrad.simulate import SCENARIOS

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    # Worlds for the audit are not all of the form that their shared spec fits.
    own = [name for name, settings in SCENARIOS.items() if not settings.shipped]
    parser.add_argument("--scenario", nargs="+", choices=SCENARIOS, default=own)
    parser.add_argument("--replicates", type=int, default=100)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--england", action="store_true", help="at the full size")
    options = parser.parse_args()
    print(machine(), flush=True)
    seeds = range(FIRST_SEED, FIRST_SEED + options.replicates)
    rows: list[dict[str, object]] = []
    with ProcessPoolExecutor(options.workers, mp_context=get_context("spawn")) as pool:
        for name in options.scenario:
            began = time.perf_counter()
            found = list(pool.map(partial(replicate, name, england=options.england), seeds))
            rows += summarise(name, found)
            print(f"{name}: {time.perf_counter() - began:.0f} s", flush=True)
    print(pd.DataFrame(rows).to_string(index=False))


if __name__ == "__main__":
    main()
