"""Durations and cases beside software of their own, on data without effects of authorities.

The standard deviations between authorities are held at nearly 0 by their priors, so that the model
is a piecewise-exponential regression, or a binomial one. Tolerances are in standard errors; those
of the posterior have a Monte Carlo error of 3% with 1,000 effective draws.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from bayesgrad.data import prepare_table
from bayesgrad.design import build_design
from bayesgrad.inference.nuts import Sampler
from bayesgrad.simulate import SCENARIOS, simulate_scenario
from bayesgrad.spec import ModelSpec

NO_EFFECTS = """
[priors]
slope = { distribution = "Normal", mu = 0.0, sigma = 5.0 }
sd_intercept = { distribution = "HalfNormal", sigma = 0.0005 }
sd_slope = { distribution = "HalfNormal", sigma = 0.0005 }
"""
SIZE = {"seed": 3, "authorities": 30, "areas": 2500}


def scenario_without_effects(name: str):
    settings = SCENARIOS[name]
    nothing = {"sd_intercept": 0.0, "sd_slope": 0.0, "between": 0.0, "interaction": 0.0}
    outcomes = tuple(replace(outcome, **nothing) for outcome in settings.outcomes)
    return simulate_scenario(replace(settings, outcomes=outcomes), **SIZE)


def posterior_of(text: str, table: pd.DataFrame) -> xr.Dataset:
    text = text.replace('moderation = "log"', 'moderation = "none"')
    spec = ModelSpec.from_toml(text + NO_EFFECTS)
    # Standard deviations held at nearly 0 need smaller steps than those that are estimated.
    settings = {"draws": 1000, "tune": 300, "chains": 2, "target_accept": 0.9}
    sampling = spec.sampling.model_copy(update=settings)
    design = build_design(spec, prepare_table(spec, table))
    found = Sampler.compile(spec, design).sample(sampling, progress=False)
    assert int(found["sample_stats"]["diverging"].sum()) == 0
    return found["posterior"].to_dataset()


def mean_and_sd(values: xr.DataArray) -> tuple[float, float]:
    return float(values.mean()), float(values.std())


def centred(table: pd.DataFrame, authority_deprivation: pd.Series) -> pd.Series:
    """Deprivation of areas from their authority's, in units of 0.10."""
    return (table["income_score"] - authority_deprivation) / 0.10


@pytest.mark.slow
def test_durations_agree_with_cox_regression():
    lifelines = pytest.importorskip("lifelines")
    scenario = scenario_without_effects("duration")
    areas = scenario.areas.drop_duplicates("area").set_index("area")
    x = centred(areas, areas["authority_income_score"])
    episodes = scenario.episodes
    frame = pd.DataFrame(
        {
            "x": episodes["area"].map(x).to_numpy(),
            "days": episodes["days"].to_numpy(),
            "closed": episodes["closed"].to_numpy(),
        }
    )
    cox = lifelines.CoxPHFitter().fit(frame, "days", "closed")
    coefficient, error = cox.params_["x"], cox.standard_errors_["x"]
    mean, sd = mean_and_sd(posterior_of(scenario.spec, scenario.areas)["slope"])
    # Cox leaves the hazard free at every moment; with thousands of closures they nearly agree.
    assert abs(mean - coefficient) < 0.15 * error
    assert sd == pytest.approx(error, rel=0.10)


@pytest.mark.slow
def test_intervals_of_durations_agree_with_poisson_regression():
    sm = pytest.importorskip("statsmodels.api")
    scenario = scenario_without_effects("duration")
    table = scenario.areas.query("time_at_risk > 0")
    x = centred(table, table["authority_income_score"])
    intervals = pd.get_dummies(table["interval"]).astype(float)
    glm = sm.GLM(
        table["closed"],
        intervals.assign(x=x),
        family=sm.families.Poisson(),
        offset=np.log(table["time_at_risk"]),
    ).fit()
    posterior = posterior_of(scenario.spec, scenario.areas)
    levels = posterior["intercept"] + posterior["stratum_intercept"]
    for interval in intervals:
        mean, sd = mean_and_sd(levels.sel(stratum=interval))
        assert abs(mean - glm.params[interval]) < 0.15 * glm.bse[interval]
        assert sd == pytest.approx(glm.bse[interval], rel=0.10)
    mean, sd = mean_and_sd(posterior["slope"])
    assert abs(mean - glm.params["x"]) < 0.12 * glm.bse["x"]
    assert sd == pytest.approx(glm.bse["x"], rel=0.10)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The Log link function does not respect the domain")
@pytest.mark.parametrize("link", ["logit", "log"])
def test_cases_agree_with_binomial_regression(link):
    sm = pytest.importorskip("statsmodels.api")
    scenario = scenario_without_effects("re-referral")
    text = scenario.spec.replace('family = "beta_binomial"', 'family = "binomial"')
    text = text.replace('link = "logit"', f'link = "{link}"')
    assert f'link = "{link}"' in text
    table = scenario.areas.query("referrals > 0")
    design = np.column_stack([np.ones(len(table)), centred(table, table["authority_income_score"])])
    events = table["re_referrals"].to_numpy()
    outcome = np.column_stack([events, table["referrals"].to_numpy() - events])
    families = {"logit": sm.families.links.Logit(), "log": sm.families.links.Log()}
    glm = sm.GLM(outcome, design, family=sm.families.Binomial(families[link])).fit()
    posterior = posterior_of(text, scenario.areas)
    for place, name in enumerate(("intercept", "slope")):
        mean, sd = mean_and_sd(posterior[name])
        assert abs(mean - glm.params[place]) < 0.12 * glm.bse[place]
        assert sd == pytest.approx(glm.bse[place], rel=0.10)
