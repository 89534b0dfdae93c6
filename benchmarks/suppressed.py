"""Suppressed counts fitted as what is known of them, and what they are often taken for instead.

    python benchmarks/suppressed.py [--replicates 40] [--years 8 1] [--workers 2]

Each replicate draws the scenario `suppressed` anew on one geography: child protection plans of
eight years, of which about a quarter of the areas' counts are from 1 to 5 and hidden; or of one
year, with more than half. It is fitted four times by
the nested Laplace approximation: with the counts that are hidden (which no user has), with their
bounds, without these areas, and with a 3 in them. Reported are the error of authorities' log
gradients (posterior mean less truth) and how often their 95% intervals hold the truth, by third of
authority deprivation, and the same of national parameters. Monte Carlo errors are those of means
over replicates.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from common import machine

if TYPE_CHECKING:
    import xarray as xr

    from bayesgrad.simulate import Scenario
    from bayesgrad.spec import ModelSpec

TREATMENTS = ("all counts known", "bounds", "dropped", "a 3")
SIZE = {"authorities": 60, "areas": 3000}
GEOGRAPHY, FIRST_SEED = 1, 1000
THIRDS = ("affluent third", "middle third", "deprived third")
NATIONAL = ("intercept", "slope", "between", "interaction")
OUTCOME = "plan_starts"


def draw(seed: int, years: float) -> Scenario:
    """Draw a replicate of the scenario, with counts of some years, on the one geography."""
    from bayesgrad.simulate import SCENARIOS, simulate_scenario
    from bayesgrad.simulate.scenarios.suppression import PLANS

    plans = replace(PLANS, rate=years * PLANS.rate)
    settings = replace(SCENARIOS["suppressed"], outcomes=(plans,))
    return simulate_scenario(settings, seed=seed, geography_seed=GEOGRAPHY, **SIZE)


def table_of(scenario: Scenario, treatment: str) -> pd.DataFrame:
    """Analysis table with the suppressed counts as a treatment has them."""
    from bayesgrad.simulate.scenario_settings import SYMBOL

    table = scenario.areas
    hidden = table[OUTCOME] == SYMBOL
    known = pd.Series(scenario.draws.count.ravel())
    columns = {
        "all counts known": known,
        "bounds": table[OUTCOME],
        "dropped": known.astype("Int64").mask(hidden),
        "a 3": known.mask(hidden, 3),
    }
    return table.assign(**{OUTCOME: columns[treatment]})


def spec_of(scenario: Scenario, treatment: str) -> ModelSpec:
    """Spec of a treatment: all but one have no suppressed counts."""
    from bayesgrad.spec import ModelSpec

    spec = ModelSpec.from_toml(scenario.spec)
    sampling = spec.sampling.model_copy(update={"engine": "laplace", "chains": 2, "draws": 500})
    likelihood = spec.likelihood
    if treatment != "bounds":
        likelihood = likelihood.model_copy(update={"suppressed": None})
    return spec.model_copy(update={"sampling": sampling, "likelihood": likelihood})


def posterior_of(scenario: Scenario, treatment: str) -> xr.Dataset:
    """Posterior of a replicate under a treatment."""
    from bayesgrad.data import prepare_table
    from bayesgrad.design import build_design
    from bayesgrad.inference.laplace import LaplaceApproximation

    spec = spec_of(scenario, treatment)
    design = build_design(spec, prepare_table(spec, table_of(scenario, treatment)))
    found = LaplaceApproximation.find(spec, design).sample(spec.sampling)
    return found["posterior"].to_dataset()


def replicate(seed: int, years: float) -> list[dict[str, object]]:
    """Errors and coverage of one replicate, by treatment and quantity."""
    scenario = draw(seed, years)
    hidden = float((scenario.areas[OUTCOME] == "c").mean())
    known = scenario.authorities.set_index("authority")
    third = pd.qcut(known["deprivation"], 3, labels=list(THIRDS)).astype(str)
    rows: list[dict[str, object]] = []
    for treatment in TREATMENTS:
        posterior = posterior_of(scenario, treatment)
        errors = _errors(posterior["authority_slope"].isel(outcome=0), known["slope"].to_xarray())
        for name in THIRDS:
            # Without its suppressed areas an authority may have too few, and be left out.
            kept = errors["authority"].isin(third.index[third == name])
            own = errors.sel(authority=kept)
            rows.append(_row(seed, treatment, f"gradients, {name}", own, hidden))
        for name in NATIONAL:
            truth = scenario.parameter_values[name]
            rows.append(_row(seed, treatment, name, _errors(posterior[name], truth), hidden))
    return rows


def _errors(draws: xr.DataArray, truth: xr.DataArray) -> xr.Dataset:
    import xarray as xr

    lower, upper = (draws.quantile(q, ("chain", "draw"), skipna=False) for q in (0.025, 0.975))
    matched = truth.sel({dim: draws[dim].values for dim in truth.dims})
    inside = (lower.drop_vars("quantile") <= matched) & (matched <= upper.drop_vars("quantile"))
    return xr.Dataset({"error": draws.mean(("chain", "draw")) - matched, "inside": inside})


def _row(
    seed: int, treatment: str, quantity: str, errors: xr.Dataset, hidden: float
) -> dict[str, object]:
    return {
        "seed": seed,
        "treatment": treatment,
        "quantity": quantity,
        "error": float(errors["error"].mean()),
        "inside": float(errors["inside"].mean()),
        "hidden": hidden,
    }


def summarise(found: pd.DataFrame) -> pd.DataFrame:
    """Mean error and coverage, in percent, with their Monte Carlo errors."""
    grouped = found.groupby(["quantity", "treatment"], sort=False)
    size = np.sqrt(grouped["error"].size())
    return pd.DataFrame(
        {
            "error": grouped["error"].mean().round(4),
            "of_error": (grouped["error"].std() / size).round(4),
            "coverage": (100 * grouped["inside"].mean()).round(1),
            "of_coverage": (100 * grouped["inside"].std() / size).round(1),
        }
    ).reset_index()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replicates", type=int, default=40)
    parser.add_argument("--years", type=float, nargs="+", default=[8.0, 1.0])
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    print(machine(), flush=True)
    seeds = range(FIRST_SEED, FIRST_SEED + options.replicates)
    with ProcessPoolExecutor(options.workers, mp_context=get_context("spawn")) as pool:
        for years in options.years:
            each = pool.map(replicate, seeds, [years] * len(seeds))
            found = pd.DataFrame([row for rows in each for row in rows])
            print(f"{years:g} years: {100 * found['hidden'].mean():.1f}% of counts suppressed")
            print(summarise(found).to_string(index=False), flush=True)


if __name__ == "__main__":
    main()
