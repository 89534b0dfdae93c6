"""Fits of tables with suppressed counts, end to end, by the engine that takes seconds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import bayesgrad as bg
from bayesgrad.simulate import SCENARIOS, simulate_scenario
from bayesgrad.simulate.scenario_settings import SYMBOL
from bayesgrad.spec.parts import Suppressed

SIZE = {"authorities": 30, "areas": 1500}


@pytest.fixture(scope="module")
def scenario():
    return simulate_scenario("suppressed", seed=3, **SIZE)


@pytest.fixture(scope="module")
def fitted(scenario):
    spec = bg.ModelSpec.from_toml(scenario.spec)
    return bg.fit(spec, scenario.areas, engine="laplace", draws=500, chains=2, progress=False)


def test_the_scenario_hides_counts_of_one_to_five_and_no_other(scenario):
    count = scenario.draws.count.ravel()
    hidden = scenario.areas["plan_starts"] == SYMBOL
    assert (hidden == ((count >= 1) & (count <= 5))).all()
    assert (scenario.areas["plan_starts"][~hidden].astype(int) == count[~hidden]).all()
    # About a quarter of England's areas; this is a smaller one.
    assert 0.15 < hidden.mean() < 0.35
    assert SCENARIOS["suppressed"].suppressed == (1, 5)


@pytest.mark.full
def test_the_implied_total_holds_the_true_one(scenario, fitted):
    count = scenario.draws.count.ravel()
    hidden = (count >= 1) & (count <= 5)
    table = fitted.table("suppressed", level=0.999)
    national = table.iloc[0]
    assert national["cells"] == hidden.sum()
    assert (national["least"], national["most"]) == (hidden.sum(), 5 * hidden.sum())
    # Outside a 99.9% interval: one seed in a thousand.
    assert national["lower"] <= count[hidden].sum() <= national["upper"]
    own = table.iloc[1:]
    assert own["cells"].sum() == national["cells"]
    truth = pd.Series(count[hidden]).groupby(scenario.areas["authority"][hidden].values).sum()
    inside = own["lower"].values <= truth[own["authority"]].values
    inside &= truth[own["authority"]].values <= own["upper"].values
    # Of some thirty, three outside by chance: once in ten million.
    assert (~inside).sum() < 3


@pytest.mark.full
def test_events_are_those_published_with_the_suppressed_beside(scenario, fitted):
    count = scenario.draws.count.ravel()
    hidden = (count >= 1) & (count <= 5)
    gradients = fitted.gradients()
    assert gradients["events"].sum() == count[~hidden].sum()
    assert gradients["suppressed"].sum() == hidden.sum()
    text = str(fitted)
    assert f"{hidden.sum():,} counts of Child protection plan are suppressed" in text
    assert any("counts suppressed (c: 1 to 5)" in note for note in fitted.rows.notes)


@pytest.mark.full
def test_observed_rates_by_band_hold_what_is_implied(scenario, fitted):
    rates, count = fitted.draws["rates"], scenario.draws.count.ravel()
    # Of the whole, the implied part is uncertain by less than a tenth.
    assert float(rates["observed"].sum()) == pytest.approx(count.sum(), rel=0.02)


@pytest.mark.full
def test_the_model_describes_counts_drawn_from_it(fitted):
    checks = fitted.predictive().set_index("check")
    # The level of the check itself: one seed in a thousand.
    assert checks.loc["pit_uniformity", "prob"] > 0.001


@pytest.mark.full
def test_a_fit_is_the_same_when_it_is_read_again(fitted, tmp_path):
    read = bg.load(fitted.save(tmp_path / "fit.nc"))
    pd.testing.assert_frame_equal(read.table("suppressed"), fitted.table("suppressed"))
    assert str(read) == str(fitted)


@pytest.mark.ci
@pytest.mark.slow
def test_known_gradients_are_recovered_where_dropping_the_areas_is_biased(scenario, fitted):
    known = scenario.authorities.set_index("authority")["slope"]
    count = pd.Series(scenario.draws.count.ravel())
    hidden = count.between(1, 5)
    spec = fitted.spec.model_copy(
        update={"likelihood": fitted.spec.likelihood.model_copy(update={"suppressed": None})}
    )
    dropped = scenario.areas.assign(plan_starts=count.astype("Int64").mask(hidden))
    other = bg.fit(spec, dropped, engine="laplace", draws=500, chains=2, progress=False)

    def errors(fit):
        table = fit.gradients().set_index("authority")
        return (table["log_mean"] - known.reindex(table.index)).mean()

    # The mean over authorities has a standard error of 0.02 or so; the bias is some 0.1.
    assert abs(errors(fitted)) < 0.08
    assert errors(other) < errors(fitted) - 0.04


@pytest.mark.full
def test_strata_and_several_outcomes_may_have_suppressed_counts():
    base = simulate_scenario("sex", seed=1, authorities=15, areas=400)
    table, rng = base.areas, np.random.default_rng(1)
    plans = rng.poisson(table["referrals"] * 0.2)
    table = table.assign(plans=pd.Series(plans).astype(str).mask((plans >= 1) & (plans <= 3), "c"))
    text = base.spec.replace("[gradient]", '[[outcomes]]\ncolumn = "plans"\n\n[gradient]')
    spec = bg.ModelSpec.from_toml(text)
    hiding = Suppressed(symbol="c", lower=1, upper=3)
    likelihood = spec.likelihood.model_copy(update={"suppressed": hiding})
    spec = spec.model_copy(update={"likelihood": likelihood})
    fit = bg.fit(spec, table, engine="laplace", draws=250, chains=2, progress=False)
    found = fit.table("suppressed")
    assert set(found["outcome"]) == {"plans"}
    assert set(found["stratum"]) == {"", *fit.strata()["stratum"]}
    hidden = (plans >= 1) & (plans <= 3)
    assert found.iloc[0]["cells"] == hidden.sum() == found.iloc[1:]["cells"].sum()
    assert found.iloc[0]["implied"] == pytest.approx(plans[hidden].sum(), rel=0.05)
