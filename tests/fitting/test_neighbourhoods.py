"""A small fit with neighbourhoods, from table to tables."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

import bayesgrad as bg
from bayesgrad.data import prepare_table
from bayesgrad.design import build_design
from bayesgrad.errors import SpecError
from bayesgrad.fitting.plan import describe_plan
from bayesgrad.simulate import simulate_scenario
from bayesgrad.spec import ModelSpec

SMALL = {"chains": 2, "tune": 100, "draws": 100, "seed": 1, "progress": False}


@pytest.fixture(scope="module")
def scenario():
    return simulate_scenario("neighbourhoods", seed=1, authorities=12, areas=360)


@pytest.fixture(scope="module")
def fitted(scenario):
    spec = ModelSpec.from_toml(scenario.spec)
    return bg.fit(spec, scenario.areas, store_data=True, **SMALL)


@pytest.mark.full
def test_ranks_are_tested_and_those_of_a_right_model_pass(fitted):
    pit = fitted.predictive().set_index("check").loc["pit_uniformity"]
    assert pit["lower"] < pit["observed"] < pit["upper"]
    assert pit["prob"] > 0.001
    assert "not uniform" not in repr(fitted)


@pytest.mark.full
def test_no_effect_of_a_neighbourhood_is_among_the_draws(fitted):
    posterior = fitted.draws["posterior"].to_dataset()
    assert posterior["sd_neighbourhood"].dims == ("chain", "draw", "outcome")
    for name, node in fitted.draws.children.items():
        has = "neighbourhood" in node.to_dataset().dims
        assert has == (name == "neighbourhoods"), name


@pytest.mark.full
def test_effects_are_summarised_where_data_are_stored(fitted, scenario):
    found = fitted.draws["neighbourhoods"].to_dataset()
    assert set(found["neighbourhood"].values) == set(scenario.areas["neighbourhood"])
    assert np.isfinite(found["mean"]).all()
    assert (found["sd"] > 0).all()
    spec = ModelSpec.from_toml(scenario.spec)
    plain = bg.fit(spec, scenario.areas, **SMALL)
    assert "neighbourhoods" not in plain.draws.children
    assert "areas" not in plain.draws.children


@pytest.mark.full
def test_a_fit_is_saved_and_loaded(fitted, tmp_path):
    again = bg.load(fitted.save(tmp_path / "fit.nc"))
    assert again.spec == fitted.spec
    assert again.heterogeneity().equals(fitted.heterogeneity())


@pytest.mark.full
def test_tables_and_summary_have_the_level(fitted):
    parameters = fitted.parameters().set_index("parameter")
    sd = fitted.draws["posterior"]["sd_neighbourhood"]
    assert_allclose(parameters.loc["sd_neighbourhood", "mean"], float(sd.mean()))
    (row,) = fitted.heterogeneity().to_dict("records")
    median = float(np.exp(0.9538726 * sd).median())
    assert_allclose(row["neighbourhood_rate_ratio"], median, rtol=1e-6)
    assert 0 < row["neighbourhood_vpc"] < 1 - row["vpc"]
    assert "neighbourhoods (neighbourhood) of an authority: median rate ratio" in repr(fitted)


@pytest.mark.full
def test_fitted_events_and_rates_add_up_to_those_observed(fitted, scenario):
    """The mean over the posterior is within 2% of the total: its sd is about 1.3% of it."""
    rates = fitted.draws["rates"].to_dataset()
    assert_allclose(rates["fitted"].mean("sample").sum(), rates["observed"].sum(), rtol=0.02)
    assert np.isfinite(fitted.scores().query("score == 'leave_one_authority_out'")["elpd"]).all()


def test_a_plan_names_them(scenario):
    spec = ModelSpec.from_toml(scenario.spec)
    text = describe_plan(spec, build_design(spec, prepare_table(spec, scenario.areas)))
    count = scenario.areas["neighbourhood"].nunique()
    assert f"  {count} neighbourhoods of neighbourhood in authorities" in text
    assert "  sd_neighbourhood: HalfNormal(1); rates of two neighbourhoods" in text


def test_the_laplace_engine_refuses_them(scenario):
    spec = ModelSpec.from_toml(scenario.spec)
    with pytest.raises(SpecError, match="Laplace engine does not have effects of neighbourhoods"):
        bg.fit(spec, scenario.areas, engine="laplace")
