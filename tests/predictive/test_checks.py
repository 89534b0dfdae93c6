"""Checks as part of a fit."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

import bayesgrad as bg
from bayesgrad.predictive.checks import check_predictions
from tests.predictive.cases import FORMS, drawn_posterior, model

GROUPS = ("predictive", "scores")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["plain", "full", "several"])
def test_every_form_of_model_is_checked_without_a_missing_number(name, form):
    design = model(name, form)
    posterior = drawn_posterior(design, draws=30, joint=name == "several")
    found = check_predictions(design, posterior, seed=1)
    assert tuple(found) == GROUPS
    for dataset in found.values():
        # Bins and bands may be joined to others; a size need not have a standard deviation; places
        # are words.
        without = ["bin_upper", "band_deprivation", "check_sd", "check_where"]
        for values in dataset.drop_vars(without, errors="ignore").data_vars.values():
            assert np.isfinite(values).all()
            assert len(design.rows.count) not in values.shape
    assert found["scores"].sizes["outcome"] == len(design.outcomes)


def test_the_seed_decides_the_checks():
    design = model("plain")
    posterior = drawn_posterior(design)
    first, again, other = (check_predictions(design, posterior, seed=k) for k in (1, 1, 2))
    for name in GROUPS:
        assert first[name].identical(again[name])
    assert not first["predictive"].identical(other["predictive"])
    assert first["scores"].identical(other["scores"])


def test_a_fit_carries_its_checks_through_its_file(england_fit, tmp_path):
    loaded = bg.load(england_fit.save(tmp_path / "fit.nc"))
    for name in GROUPS:
        before, after = england_fit.table(name), loaded.table(name)
        assert after.to_csv() == before.to_csv()
        assert loaded.draws[name].to_dataset().equals(england_fit.draws[name].to_dataset())
    assert bg.compare_scores(england_fit, loaded).difference == 0


def test_the_true_model_passes_its_checks(england_fit):
    found = england_fit.predictive(level=0.99).set_index("check")
    assert found.loc["pit_uniformity", "prob"] > 0.01
    assert not found["misfit"].any()
    statistics = found.loc[["share_of_zeros", "variance_to_mean", "pit_uniformity"]]
    assert statistics["observed"].between(statistics["lower"], statistics["upper"]).all()
    assert "DOES NOT DESCRIBE" not in str(england_fit)
    known = england_fit.draws["authorities"]
    observed = england_fit.draws["predictive"]["observed_by_authority"]
    assert_allclose(observed[0], known["events"].sum(("outcome", "stratum")))


@pytest.fixture(scope="module")
def laplace_fits(england, england_spec) -> dict[str, bg.GradientFit]:
    """Negative binomial as the truth, Poisson, and no moderation."""
    forms = {
        "truth": {},
        "poisson": {"likelihood": {"family": "poisson"}},
        "unmoderated": {"authority": {"moderation": "none"}},
    }
    return {
        name: bg.fit(
            bg.ModelSpec.model_validate(england_spec.model_dump() | changes),
            england.areas,
            engine="laplace",
        )
        for name, changes in forms.items()
    }


@pytest.mark.full
def test_a_poisson_fit_to_overdispersed_counts_is_told_apart(laplace_fits):
    poisson = laplace_fits["poisson"]
    assert float(poisson.draws["predictive"]["pit_p_value"][0]) < 1e-4
    assert "the model does not describe the counts of referrals" in str(poisson)
    found = bg.compare_scores(laplace_fits["truth"], poisson)
    assert found.difference > 100
    assert found.difference > 3 * found.se
    areas = [fit.scores()["elpd"][0] for fit in (laplace_fits["truth"], poisson)]
    assert areas[0] > areas[1] + 100


@pytest.mark.full
def test_moderation_that_is_there_improves_the_score(laplace_fits):
    found = bg.compare_scores(laplace_fits["truth"], laplace_fits["unmoderated"])
    assert found.difference > 0
    assert found.se < 20
