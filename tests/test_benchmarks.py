"""The benchmarks' arithmetic and reports, on settings that take no time."""

from __future__ import annotations

import argparse

import engines
import numpy as np
import one_authority
import pandas as pd
import pytest
import scale
import suppressed
import xarray as xr
from calibration_figure import save_figures
from common import SPEC, machine

from bayesgrad import ModelSpec


def test_the_shared_spec_is_one():
    assert ModelSpec.from_toml(SPEC.format(family="poisson")).likelihood.family == "poisson"
    assert "Python" in machine()


def posterior_of(rng, *, distinct, per_cluster):
    """Draws whose hyperparameter takes few values, each shared by a cluster of draws."""
    size = distinct * per_cluster
    shared = np.repeat(rng.standard_normal(distinct), per_cluster)
    values = shared + rng.standard_normal(size)
    return xr.Dataset(
        {
            "sd_intercept": (("chain", "draw"), shared.reshape(2, -1)),
            "slope": (("chain", "draw"), values.reshape(2, -1)),
        }
    )


def test_errors_of_laplace_allow_for_shared_hyperparameters():
    rng = np.random.default_rng(1)
    found = [
        engines.laplace_moments(posterior_of(rng, distinct=50, per_cluster=20), "slope")
        for _ in range(400)
    ]
    for value, error in (("mean", "mean_error"), ("sd", "sd_error")):
        spread = np.std([getattr(moments, value) for moments in found])
        stated = np.mean([getattr(moments, error) for moments in found])
        assert np.isclose(stated, spread, rtol=0.15), value


def test_differences_are_in_posterior_sds_of_nuts():
    rng = np.random.default_rng(2)
    shape = (("chain", "draw", "authority"), rng.standard_normal((4, 2000, 3)))
    hyper = (("chain", "draw"), rng.standard_normal((4, 2000)))
    nuts = xr.Dataset({"authority_slope": shape, "sd_intercept": hyper})
    laplace = nuts.assign(authority_slope=2.0 * nuts["authority_slope"] + 0.5)
    found = engines.difference(nuts, laplace, ("authority_slope",))
    assert np.isclose(found.mean, 0.5, atol=0.05)
    assert np.isclose([found.sd_low, found.sd_high], 2.0).all()
    same = engines.difference(nuts, nuts, ("authority_slope", "alpha"))
    assert same.mean == 0.0
    result = engines.Result("case", "3 areas", "ESS 9", "k-hat 0", {"gradients": same})
    refused = engines.Result("case", "3 areas", "ESS 9", "refused: no", {})
    lines = engines.report([result, refused]).splitlines()
    assert len({line.count("|") for line in lines}) == 1
    assert "0.000 ± 0.0" in lines[2]
    assert "1.000 to 1.000" in lines[2]


@pytest.mark.parametrize("name", ["plans", "hard"])
def test_synthetic_cases_have_their_events(name, tmp_path):
    _, load = engines.CASES[name]
    _, table = load(tmp_path)
    wanted = {"plans": 2.0, "hard": 0.5}[name]
    assert np.isclose(table["referrals"].mean(), wanted, rtol=0.15)


def test_the_slope_of_time_is_that_of_a_power():
    assert np.isclose(scale.log_slope([(10, 3.0), (100, 30.0), (1000, 300.0)]), 1.0)


def test_the_table_of_scale_has_every_size_and_its_ratios():
    plan = scale.all_series([30_000, 60_000], [50])
    found = {
        (size, engine): scale.Cost(7, size.areas / 1e4, 0.1 * (engine == "nuts"), 7.0, 5.0, 100.0)
        for series in plan
        for size in series.sizes
        for engine in scale.ENGINES
    }
    found[plan[1].sizes[0], "laplace"] = None
    text = scale.report(plan, scale.ENGINES, found)
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert len(lines) == 2 + 2 * 5
    assert len({line.count("|") for line in lines}) == 1
    assert "| areas | 60,000 | 152 | 7 | nuts | 6.00 | 2.00 |" in text
    assert "nuts: 1.00, from 30,000 to 60,000 areas" in text
    assert "no result" in text


@pytest.mark.full
def test_scale_fits_from_the_file(tmp_path):
    options = argparse.Namespace(draws=100, tune=50, chains=2, started=0.0)
    scale.write_data(scale.Size(areas=300, authorities=12), tmp_path)
    cost = scale.fit(tmp_path, "laplace", options)
    assert cost.events > 0
    assert cost.ms_per_gradient is None
    assert cost.sample_s > 0.0


def test_the_calibration_figure_is_written(tmp_path):
    ranks = pd.DataFrame(np.random.default_rng(3).integers(0, 20, (40, 2)), columns=["a", "b_c"])
    paths = save_figures(ranks, tmp_path / "figure", title="Ranks", draws=19, level=0.01)
    assert [path.suffix for path in paths] == [".svg", ".png"]
    assert "b c" in paths[0].read_text(encoding="utf-8")


def test_treatments_of_suppressed_counts_differ_in_these_alone():
    scenario = suppressed.draw(1, 8.0)
    count = scenario.draws.count.ravel()
    hidden = (count >= 1) & (count <= 5)
    tables = {name: suppressed.table_of(scenario, name) for name in suppressed.TREATMENTS}
    plans = {name: table["plan_starts"] for name, table in tables.items()}
    assert (plans["all counts known"] == count).all()
    assert ((plans["bounds"] == "c") == hidden).all()
    assert (plans["dropped"].isna() == hidden).all()
    assert (plans["a 3"] == np.where(hidden, 3, count)).all()
    for name in suppressed.TREATMENTS:
        bounded = suppressed.spec_of(scenario, name).likelihood.suppressed is not None
        assert bounded == (name == "bounds")


def test_errors_of_suppressed_counts_are_means_over_replicates():
    found = pd.DataFrame(
        {
            "quantity": "slope",
            "treatment": "bounds",
            "error": [0.1, 0.3],
            "inside": [1.0, 0.5],
        }
    )
    row = suppressed.summarise(found).iloc[0]
    assert (row["error"], row["of_error"], row["coverage"]) == (0.2, 0.1, 75.0)


def test_every_authority_is_left_out_once():
    codes = [f"A{j}" for j in range(152)]
    groups = one_authority.groups_of(codes, 19, seed=1)
    assert {len(group) for group in groups} == {8}
    assert sorted(code for group in groups for code in group) == sorted(codes)


def test_coverage_is_the_share_of_truths_inside():
    found = pd.DataFrame({"truth": [1.0, 2.0, 3.0, 4.0], "lower": 0.5, "upper": 3.5})
    share, error = one_authority.coverage(found)
    assert share == 0.75
    assert error == pytest.approx(np.sqrt(0.75 * 0.25 / 4))
