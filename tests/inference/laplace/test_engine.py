from __future__ import annotations

import subprocess
import sys
from functools import cache

import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose

import bayesgrad as bg
from bayesgrad.errors import FitError
from bayesgrad.inference.diagnostics import laplace_checks
from bayesgrad.inference.laplace import LaplaceApproximation, sampling
from bayesgrad.inference.laplace.importance import Weights
from bayesgrad.model.arrays import DRAWN
from bayesgrad.spec.parts import Sampling
from tests.inference.laplace.cases import FULL, Case, case_of
from tests.inference.laplace.simulated import simulated_case
from tests.tiers import quick

SHORT = Sampling(engine="laplace", draws=100, chains=4, seed=5)


@pytest.fixture(scope="module")
def approximation(england_spec, england_design) -> LaplaceApproximation:
    return LaplaceApproximation.find(england_spec, england_design)


@pytest.fixture(scope="module")
def short(approximation) -> xr.DataTree:
    return approximation.sample(SHORT)


@pytest.fixture(scope="module")
def fit(england, england_spec) -> bg.GradientFit:
    return bg.fit(england_spec, england.areas, engine="laplace")


def test_the_same_seed_gives_the_same_draws(approximation, short):
    assert approximation.sample(SHORT).equals(short)


def test_another_seed_gives_other_draws(approximation, short):
    other = approximation.sample(SHORT.model_copy(update={"seed": 6}))
    assert not np.isin(other["posterior"]["slope"], short["posterior"]["slope"]).any()


def test_draws_are_laid_out_as_those_of_nuts(fit, england_fit):
    ours, theirs = (f.draws["posterior"].to_dataset() for f in (fit, england_fit))
    assert list(ours.data_vars) == list(theirs.data_vars)
    assert dict(ours.sizes) == dict(theirs.sizes)
    for name in ours.data_vars:
        assert ours[name].dims == theirs[name].dims
        assert ours[name].dtype == theirs[name].dtype
    for name in ours.coords:
        assert (ours[name].values == theirs[name].values).all()


FORMS = (
    "full",
    "Poisson",
    "independent",
    "odds",
    "strata, full",
    "levels of strata",
    "crossed strata",
    "two outcomes",
    "two outcomes in strata",
    "each outcome for itself",
    "all independent",
)


@cache
def drawn_with_few_proposals(form: str) -> tuple[Case, xr.DataTree]:
    """A case of the form and its draws, for what holds however few the proposals are."""
    case = simulated_case(form, authorities=12, areas=12)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sampling, "_refuse_unreliable", lambda weights: None)
        patch.setattr(sampling, "proposals_for", lambda hyperparameters: 6)
        drawn = LaplaceApproximation.find(case.spec, case.design).sample(SHORT)
    return case, drawn["posterior"]


@pytest.mark.parametrize("form", quick(FORMS, "two outcomes in strata"))
def test_a_model_has_the_variables_of_its_form(form):
    import pymc as pm

    from bayesgrad.model.graph import build_model

    case, drawn = drawn_with_few_proposals(form)
    model = build_model(case.spec, case.design)
    assert isinstance(model, pm.Model)
    assert list(drawn.data_vars) == [name for name in DRAWN if name in model.named_vars]
    for name, values in drawn.data_vars.items():
        assert values.dims == ("chain", "draw", *model.named_vars_to_dims[name])
        assert values.shape[2:] == tuple(
            len(model.coords[dim]) for dim in model.named_vars_to_dims[name]
        )
    for name, values in drawn.coords.items():
        if name not in ("chain", "draw"):
            assert tuple(values.values) == tuple(str(value) for value in model.coords[name])


def test_variables_of_one_draw_belong_together():
    _, drawn = drawn_with_few_proposals("two outcomes in strata")
    pairs = drawn["effect_correlation"]
    assert_allclose(drawn["correlation"].values, pairs.values[..., [0, 5]])
    for kind in ("intercept", "slope"):
        assert_allclose(drawn[f"stratum_{kind}"].sum("stratum"), 0.0, atol=1e-12)
    assert_allclose(drawn["alpha"], drawn["overdispersion"] ** -2.0)
    proposals = drawn["sd_slope"].values.reshape(-1, 2)
    assert len(np.unique(proposals[:, 0])) == len(np.unique(proposals, axis=0)) < 400


def test_chains_are_dealt_the_same_proposals(short):
    # Dealt at random, so that no chain holds one part of the hyperparameters: under chance the mean
    # of one chain of 100 is beyond 5 standard errors of the whole once in two million.
    values = np.log(short["posterior"]["sd_slope"].values[:, :, 0])
    error = values.std() / np.sqrt(values.shape[1])
    assert np.abs(values.mean(axis=1) - values.mean()).max() < 5.0 * error


def test_statistics_tell_the_proposal_of_each_draw(short):
    statistics = short["sample_stats"].to_dataset()
    assert statistics["proposal"].shape == (4, 100)
    sd = short["posterior"]["sd_slope"].values[:, :, 0]
    first = statistics["proposal"].values == statistics["proposal"].values[0, 0]
    assert len(np.unique(sd[first])) == 1
    assert (statistics["log_weight"].values < 0).all()


def test_it_agrees_with_nuts(fit, england, england_spec, england_fit):
    # NUTS has some 2,000 effective draws of the hyperparameters, and eight runs of Laplace 220 or
    # more each: a difference of 0.12 is over 3.6 standard errors of means, and 5 of standard
    # deviations.
    assert fit.passed
    again = [
        bg.fit(england_spec, england.areas, engine="laplace", seed=seed, progress=False)
        for seed in range(8)
    ]
    ours = xr.concat([one.draws["posterior"].to_dataset() for one in again], dim="run")
    theirs = england_fit.draws["posterior"].to_dataset()
    for name in theirs.data_vars:
        spread = theirs[name].std(("chain", "draw"))
        drawn = ours[name].stack(sample=("run", "chain", "draw"))
        gap = (drawn.mean("sample") - theirs[name].mean(("chain", "draw"))) / spread
        ratio = drawn.std("sample") / spread
        assert float(np.abs(gap).max()) < 0.12, name
        assert float(np.abs(ratio - 1.0).max()) < 0.12, name


def test_a_fit_says_its_engine_and_passes_its_own_checks(fit):
    assert fit.provenance["engine"] == "laplace"
    assert set(fit.provenance["seconds"]) == {"data", "mode", "sample", "summarise"}
    assert "draws by nested Laplace, seed" in str(fit)
    assert list(fit.diagnostics()["check"]) == [
        "k_hat",
        "min_importance_ess",
        "newton_failures",
        "max_mean_shift",
        "draws",
    ]
    assert not fit.ranks().empty


def test_a_fit_is_saved_and_read_again(fit, tmp_path):
    fit.save(tmp_path / "fit.nc")
    again = bg.load(tmp_path / "fit.nc")
    assert again.draws["posterior"].equals(fit.draws["posterior"])
    assert again.diagnostics().equals(fit.diagnostics())


def test_weights_that_cannot_be_relied_on_are_refused(monkeypatch, approximation):
    bad = Weights(np.full(512, -np.log(512.0)), 0.71, 512.0)
    monkeypatch.setattr(sampling, "smoothed_weights", lambda _: bad)
    with pytest.raises(FitError, match=r"k-hat of its importance weights is 0\.71") as caught:
        approximation.sample(SHORT)
    assert "nuts" in caught.value.do


@pytest.mark.parametrize(
    ("statistic", "value", "check"),
    [
        ("k_hat", 0.71, "k_hat"),
        ("k_hat", np.nan, "k_hat"),
        ("importance_ess", 99.0, "min_importance_ess"),
        ("newton_failures", 1, "newton_failures"),
        ("mean_shift", 0.31, "max_mean_shift"),
    ],
)
def test_each_check_fails_beyond_its_threshold(short, statistic, value, check):
    draws = short.copy()
    assert all(c.passed for c in laplace_checks(draws))
    draws["sample_stats"] = xr.DataTree(
        draws["sample_stats"].to_dataset().assign({statistic: value})
    )
    assert [c.name for c in laplace_checks(draws) if not c.passed] == [check]


def test_too_few_draws_for_an_interval_do_not_pass(short):
    few = short.isel(draw=slice(0, 9))
    failed = [c for c in laplace_checks(few) if not c.passed]
    assert [(c.name, c.value, c.threshold) for c in failed] == [("draws", 36, 40)]


@pytest.mark.full
def test_counts_too_few_to_be_normal_do_not_pass():
    case = case_of(FULL, authorities=10, areas=5, largest=2)
    try:
        drawn = LaplaceApproximation.find(case.spec, case.design).sample(SHORT)
    except FitError:
        return
    assert not all(check.passed for check in laplace_checks(drawn))


@pytest.mark.full
def test_no_engine_of_symbols_is_imported(england_folder):
    code = (
        "import sys, bayesgrad as bg\n"
        "bg.fit('synthetic_england.toml', 'synthetic_england_areas.csv', engine='laplace')\n"
        "print({'pymc', 'pytensor', 'nutpie'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=england_folder, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
