"""Replicates in blocks against the same counts taken all at once."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit

from bayesgrad.areas.bands import deprivation_bands
from bayesgrad.areas.rates import thinned
from bayesgrad.design import build_design
from bayesgrad.predictive import replicates
from bayesgrad.predictive.replicates import REPLICATES, posterior_predictive
from tests.predictive.cases import (
    FORMS,
    alphas,
    drawn_posterior,
    formed,
    model,
    predictors,
    with_suppressed,
)
from tests.small import table_of


def seed(value: int = 1) -> np.random.SeedSequence:
    return np.random.SeedSequence(value)


@pytest.fixture(params=["plain", "full", "several", "cases"])
def design(request):
    if request.param == "cases":
        return model("several", "negative_binomial", "binomial", "beta-binomial of log link")
    return model(request.param)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["plain", "several"])
def test_the_result_does_not_depend_on_the_size_of_blocks(name, form):
    design = model(name, form)
    posterior = drawn_posterior(design)
    one, two, whole = (
        posterior_predictive(design, posterior, seed=seed(), block_rows=size)
        for size in (1, 3, 10_000)
    )
    for found in (one, two):
        # Products of matrices differ in their last digits; what is counted does not.
        apart = ["pit_null"]
        xr.testing.assert_allclose(
            found.drop_vars(apart), whole.drop_vars(apart), rtol=1e-9, atol=1e-9
        )
        # An interval of ranks is 1e-9 wide at least: a last digit of 1e-16 is 1e-7 of it.
        xr.testing.assert_allclose(found[apart], whole[apart], rtol=0.0, atol=1e-7)
        counted = [str(name) for name, values in whole.items() if values.dtype.kind == "i"]
        assert "predicted_areas" in counted
        assert found[counted].identical(whole[counted])


def test_the_seed_decides_the_replicates(design):
    posterior = drawn_posterior(design)
    first = posterior_predictive(design, posterior, seed=seed())
    assert first.identical(posterior_predictive(design, posterior, seed=seed()))
    assert not first.identical(posterior_predictive(design, posterior, seed=seed(2)))


def test_tallies_are_those_of_the_counts_themselves(design, monkeypatch):
    kept = []

    class Recorded(replicates._Counts):
        def draw(self, *given, **named):
            kept.append(super().draw(*given, **named))
            return kept[-1]

    monkeypatch.setattr(replicates, "_Counts", Recorded)
    found = posterior_predictive(design, drawn_posterior(design), seed=seed())
    drawn, count = np.concatenate(kept).T, design.rows.count
    bands, authority = deprivation_bands(design), design.cell_authority[design.rows.cell]
    band = bands.of_rows
    for s, outcome in enumerate(design.outcomes):
        rows = design.row_outcome == s
        one = found.sel(outcome=outcome)
        filled = one["bin_upper"].notnull().values
        edges = np.append(found["bin"].values[filled], np.inf)
        assert not one["observed_areas"].values[~filled].any()
        for prefix, counts in (("observed", count[None]), ("predicted", drawn)):
            own = counts[:, rows]
            expected = {
                "areas": [np.histogram(values, bins=edges)[0] for values in own],
                "by_band": [np.bincount(band[rows], values, 20) * bands.kept[s] for values in own],
                "statistic": np.stack(
                    [
                        (own == 0).mean(axis=1),
                        own.var(axis=1, ddof=1) / own.mean(axis=1),
                    ],
                    axis=1,
                ),
            }
            for name, values in expected.items():
                tallied = one[f"{prefix}_{name}"].values
                if name == "areas":
                    tallied = tallied[..., filled]
                assert_allclose(tallied.reshape(np.shape(values)), values, rtol=1e-12)
        assert_allclose(float(one["pit"].sum()), rows.sum())
        events = np.bincount(authority[rows], count[rows], 5)
        assert_array_equal(one["observed_by_authority"], events)


@pytest.mark.parametrize("form", FORMS)
def test_replicates_have_the_mean_and_variance_of_their_distribution(form):
    design = model("plain", form)
    posterior = drawn_posterior(design)
    predictor, size = predictors(design, posterior).T, alphas(design, thinned(posterior))[:, 0]
    cases = design.rows.exposure.astype(int)
    draw = replicates._Counts(seed())
    given = {"form": design.forms[0], "size": size, "cases": cases}
    counts = np.stack([draw.draw(predictor, **given) for _ in range(400)])
    mean, variance = moments(design.forms[0], predictor, size, cases[:, None])
    z = (counts.mean(axis=0) - mean) / np.sqrt(variance / 400)
    # The mean of 840 values of unit variance: wrong by this once in 16,000 times.
    assert abs(z.mean()) < 4 / np.sqrt(z.size)
    assert abs(z.std() - 1) < 0.1
    assert_allclose((counts.var(axis=0) / variance).mean(), 1.0, atol=0.05)


def moments(form, predictor, size, cases):
    """Mean and variance of counts at linear predictors."""
    if not form.of_cases:
        mean = np.exp(predictor)
        return mean, mean * (1 + mean / size) if form.dispersed else mean
    share = expit(predictor) if form.link == "logit" else np.exp(predictor)
    more = (cases - 1) / (size + 1) if form.dispersed else 0.0
    return cases * share, cases * share * (1 - share) * (1 + more)


@pytest.mark.parametrize("form", ["binomial of log link", "beta-binomial of log link"])
def test_an_impossible_probability_is_drawn_as_the_largest_possible(form):
    design = model("plain", form)
    given = {"form": design.forms[0], "size": np.array([5.0]), "cases": np.array([30])}
    found = replicates._Counts(seed()).draw(np.array([[0.5]]), **given)
    # Fewer than 29 of 30 have a probability below 1e-3.
    assert 29 <= found.item() <= 30


@pytest.mark.parametrize("alpha", [1e-9, 1e14])
def test_shares_are_drawn_at_either_end_of_overdispersion(alpha):
    design = model("plain", "beta-binomial")
    posterior = drawn_posterior(design)
    posterior["alpha"] = xr.full_like(posterior["alpha"], alpha)
    found = posterior_predictive(design, posterior, seed=seed())
    zeros = found["predicted_statistic"].sel(statistic="share_of_zeros").mean()
    # All or none of an area's cases, some 5 in 100; or near to none of no area's.
    assert 0.9 < zeros < 0.98 if alpha < 1 else zeros < 0.1


def test_a_poisson_of_infinite_size_is_drawn_as_such():
    design = model("plain")
    posterior = drawn_posterior(design)
    posterior["alpha"] = xr.full_like(posterior["alpha"], np.inf)
    found = posterior_predictive(design, posterior, seed=seed())
    assert np.isfinite(found["predicted_statistic"]).all()


def known_truth(form: str, *, mixed: bool, areas: int = 4000):
    """A design of counts of a known distribution, and draws that know it exactly.

    Counts, or shares of cases, vary between areas besides where they are `mixed`, which the form
    knows if it is overdispersed: of size 4.
    """
    rng = np.random.default_rng(5)
    authority = np.repeat(["A0", "A1"], areas // 2).tolist()
    exposure = rng.integers(200, 900, areas)
    deprivation = rng.uniform(0.02, 0.4, areas)
    table = {"authority": authority, "deprivation": deprivation, "exposure": exposure}
    # With a prior of its own the intercept is that of the centre, which the draws below know.
    text = '[gradient]\ncentre = 0.1\n[authority]\nmoderation = "none"\n'
    text += "[priors]\nintercept = { mu = -4.5, sigma = 1 }\n"
    rate = np.exp(-4.5 + 0.5 * (deprivation - 0.1) / 0.1)
    if form.startswith(("binomial", "beta-binomial")):
        share = rate / (1 + rate) if "log link" not in form else rate
        share = rng.beta(4 * share, 4 * (1 - share)) if mixed else share
        count = rng.binomial(exposure, share)
    else:
        count = rng.poisson(exposure * rate * (rng.gamma(4, 1 / 4, areas) if mixed else 1.0))
    design = build_design(formed(form, text=text), table_of(**table, count=count))
    posterior = drawn_posterior(design, draws=100)
    known = {"authority_intercept": -4.5, "authority_slope": 0.5, "alpha": 4.0}
    return design, posterior.assign(
        {
            name: xr.full_like(posterior[name], value)
            for name, value in known.items()
            if name in posterior
        }
    )


@pytest.mark.parametrize(
    ("form", "mixed"),
    [
        ("poisson", False),
        ("negative_binomial", True),
        ("binomial", False),
        ("binomial of log link", False),
        ("beta-binomial", True),
        ("beta-binomial of log link", True),
    ],
)
def test_pit_is_uniform_under_the_true_model(form, mixed):
    design, posterior = known_truth(form, mixed=mixed)
    right = posterior_predictive(design, posterior, seed=seed())
    # By chance once in 100 times; and each of two statistics once in 100.
    assert float(right["pit_p_value"][0]) > 0.01
    probability = (right["predicted_statistic"] >= right["observed_statistic"]).mean("sample")
    assert ((probability >= 0.005) & (probability <= 0.995)).all()


@pytest.mark.parametrize("form", ["poisson", "binomial", "binomial of log link"])
def test_pit_is_not_uniform_under_a_wrong_model(form):
    design, posterior = known_truth(form, mixed=True)
    wrong = posterior_predictive(design, posterior, seed=seed())
    assert float(wrong["pit_p_value"][0]) < 1e-6
    histogram = wrong["pit"].values[0]
    assert histogram[[0, -1]].min() > 1.3 * histogram[9:11].max()
    assert (
        (wrong["predicted_statistic"] < wrong["observed_statistic"])
        .sel(statistic="variance_to_mean")
        .all()
    )


def test_a_posterior_of_many_draws_is_thinned(design):
    posterior = drawn_posterior(design, draws=300)
    found = posterior_predictive(design, posterior, seed=seed())
    assert found.sizes["sample"] == REPLICATES
    assert_array_equal(found["band"], np.arange(1, 21))


def test_memory_does_not_grow_with_the_number_of_draws():
    from bayesgrad.predictive.checks import check_predictions

    design = model("full")
    peaks = []
    for draws in (300, 6000):
        posterior = drawn_posterior(design, draws=draws)
        check_predictions(design, posterior, seed=1)
        tracemalloc.start()
        check_predictions(design, posterior, seed=1)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 1_000_000


def test_replicates_are_suppressed_by_the_same_rule():
    design = with_suppressed(model("plain"), lower=2, upper=20)
    found = posterior_predictive(design, drawn_posterior(design), seed=seed())
    # One bin holds all that is hidden, and 11 stands for each in sums.
    lowest = found["bin"].values
    at = int(np.flatnonzero(lowest == 2)[0])
    assert lowest[at + 1] == 21
    rows = design.rows
    upper = found["bin_upper"].values[0]
    group = np.flatnonzero(np.isfinite(upper) & (lowest <= 2) & (upper >= 20))
    assert len(group) == 1, "what is hidden is in one group of bins"
    of_group = (rows.count <= upper[group[0]]) | rows.suppressed
    assert found["observed_areas"].values[0, group[0]] == of_group.sum()
    observed = found["observed_by_authority"].values[0]
    expected = np.where(rows.suppressed, 11, rows.count)
    assert_array_equal(observed, np.bincount(design.cell_authority[rows.cell], expected))
    size = found["predicted_areas"].sum("bin")
    assert (size == len(rows.count)).all()


def test_pit_values_are_uniform_where_counts_are_suppressed():
    # False alarm once in a thousand runs of other seeds: 0.001 is the p-value's own level.
    rng = np.random.default_rng(4)
    size = 2000
    exposure = np.full(size, 100.0)
    deprivation = rng.uniform(0.05, 0.4, size)
    count = rng.poisson(exposure * 0.05)
    hidden = (count >= 1) & (count <= 5)
    table = table_of(
        authority=np.repeat(["A", "B"], size // 2).tolist(),
        deprivation=deprivation,
        exposure=exposure,
        count=np.where(hidden, 0, count),
        suppressed=hidden,
    )
    text = '[likelihood]\nsuppressed = { symbol = "c", lower = 1, upper = 5 }\n'
    design = build_design(formed("poisson", text=text), table)
    posterior = drawn_posterior(design, draws=100) * 0.0
    posterior["authority_intercept"] += np.log(0.05)
    found = posterior_predictive(design, posterior, seed=seed())
    assert 0.5 < hidden.mean() < 0.7
    assert float(found["pit_p_value"][0]) > 0.001
    posterior["authority_intercept"] += 0.2
    assert float(posterior_predictive(design, posterior, seed=seed())["pit_p_value"][0]) < 1e-4
