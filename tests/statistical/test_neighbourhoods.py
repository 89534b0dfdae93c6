"""Neighbourhoods against the same model in plain PyMC, their recovery, and public data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pymc as pm
import pytest

import bayesgrad as bg
from bayesgrad.data import prepare_table
from bayesgrad.design import Design, build_design
from bayesgrad.fitting.run import with_sampling
from bayesgrad.inference.convergence import ess
from bayesgrad.inference.nuts import Sampler
from bayesgrad.simulate import simulate_scenario
from bayesgrad.spec import ModelSpec

SHARED = ("intercept", "slope", "between", "interaction", "sd_intercept", "sd_slope")
COMPARED = (*SHARED, "sd_neighbourhood", "overdispersion")


def design_of(spec: ModelSpec, table: pd.DataFrame) -> Design:
    return build_design(spec, prepare_table(spec, table))


def plain_model(design: Design) -> pm.Model:
    """The same model as a textbook writes it: indexed effects, non-centred."""
    rows, place = design.rows, design.neighbourhood_authority
    w = design.authorities.moderation[:, 0]
    with pm.Model() as model:
        a = pm.Normal("intercept", float(design.crude_level()[0]), 1.0)
        b = pm.Normal("slope", 0.0, 0.5)
        between = pm.Normal("between", 0.0, 2.0 / np.log(5.0))
        interaction = pm.Normal("interaction", 0.0, 1.0 / np.log(5.0))
        sds = pm.HalfNormal("sd_intercept", 0.5), pm.HalfNormal("sd_slope", 0.2)
        rho = 2.0 * pm.Beta("half", 2.0, 2.0) - 1.0
        z = pm.Normal("z", shape=(2, len(w)))
        level = a + between * w + sds[0] * z[0]
        gradient = b + interaction * w + sds[1] * (rho * z[0] + pm.math.sqrt(1 - rho**2) * z[1])
        sd = pm.HalfNormal("sd_neighbourhood", 1.0)
        v = sd * pm.Normal("z_neighbourhood", shape=len(place))
        at = rows.neighbourhood
        eta = np.log(rows.exposure) + level[place[at]] + gradient[place[at]] * rows.x + v[at]
        overdispersion = pm.HalfNormal("overdispersion", 2.0)
        mean = pm.math.exp(eta)
        pm.NegativeBinomial("count", mu=mean, alpha=overdispersion**-2.0, observed=rows.count)
    return model


@pytest.mark.slow
def test_the_posterior_is_that_of_the_plain_model():
    """Means and sds within 5 Monte Carlo errors: 16 comparisons, about 1 in 100,000."""
    scenario = simulate_scenario("neighbourhoods", seed=4, authorities=15, areas=600)
    spec = with_sampling(ModelSpec.from_toml(scenario.spec), {"chains": 2, "draws": 4000})
    design = design_of(spec, scenario.areas)
    ours = Sampler.compile(spec, design).sample(spec.sampling, progress=False)["posterior"]
    with plain_model(design):
        theirs = pm.sample(
            4000,
            tune=1000,
            chains=2,
            nuts_sampler="nutpie",
            random_seed=5,
            progressbar=False,
            target_accept=0.9,
            compute_convergence_checks=False,
        )["posterior"]
    for name in COMPARED:
        found, known = ours[name], theirs[name]
        found = found.isel({dim: 0 for dim in found.dims if dim not in ("chain", "draw")})
        both = [values.to_dataset(name="x").reset_coords(drop=True) for values in (found, known)]
        size = [float(ess(values, method="bulk")["x"]) for values in both]
        sd = [float(values.std()) for values in (found, known)]
        error = np.hypot(sd[0] / np.sqrt(size[0]), sd[1] / np.sqrt(size[1]))
        assert abs(float(found.mean() - known.mean())) < 5 * error, name
        # Squares of deviations have fewer effective draws than their mean: half as many, and more
        # where the tail is long.
        of_sd = np.sqrt(1 / size[0] + 1 / size[1])
        assert abs(np.log(sd[0] / sd[1])) < max(5 * of_sd, 0.1), name


@pytest.mark.slow
def test_the_spread_of_neighbourhoods_is_recovered():
    """A posterior mean beyond 4 of its sds from the truth: about 1 in 16,000."""
    scenario = simulate_scenario("neighbourhoods", seed=6, authorities=60, areas=3000)
    spec = ModelSpec.from_toml(scenario.spec)
    fit = bg.fit(spec, scenario.areas, chains=2, draws=2000, progress=False)
    assert fit.passed
    found = fit.parameters().set_index("parameter")
    truth = scenario.truth.set_index("parameter")["value"]
    for name in ("sd_neighbourhood", "overdispersion", "sd_intercept", "sd_slope"):
        assert abs(found.loc[name, "mean"] - truth[name]) < 4 * found.loc[name, "sd"], name


@pytest.mark.ci
@pytest.mark.slow
def test_a_region_of_england_is_fitted_with_its_msoas(shared_data, models):
    counts = pd.read_csv(shared_data / "outcomes" / "stroke_admissions_lsoa11_2017_2019.csv")
    lookup = pd.read_csv(
        shared_data / "geography" / "LSOA11_MSOA11_LAD19_UTLA19_RGN19_RUC_area.csv"
    )
    table = counts.drop(columns="msoa11_code").merge(
        lookup[["lsoa11_code", "msoa11_code", "region19_code"]], on="lsoa11_code", validate="1:1"
    )
    region = table[table["region19_code"] == "E12000001"]
    spec = ModelSpec.read(models / "stroke_admissions.toml")
    columns = spec.columns.model_copy(update={"neighbourhood": "msoa11_code"})
    spec = spec.model_copy(update={"columns": columns})
    fit = bg.fit(spec, region, chains=2, draws=300, seed=1, progress=False)
    assert fit.rows.areas == 1657
    found = fit.parameters().set_index("parameter")["mean"]
    assert 0 < found["sd_neighbourhood"] < 0.3
    assert int(fit.draws["sample_stats"]["diverging"].sum()) == 0
    authority = fit.scores().query("score == 'leave_one_authority_out'")
    assert np.isfinite(authority["elpd"]).all()
