"""Replicates in blocks against the same counts taken all at once."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose, assert_array_equal

from bayesgrad.areas.bands import deprivation_bands
from bayesgrad.design import build_design
from bayesgrad.predictive import replicates
from bayesgrad.predictive.replicates import REPLICATES, posterior_predictive
from tests.predictive.cases import drawn_posterior, log_means, model
from tests.small import spec_of, table_of


def seed(value: int = 1) -> np.random.SeedSequence:
    return np.random.SeedSequence(value)


@pytest.fixture(params=["plain", "full", "several"])
def design(request):
    return model(request.param)[1]


@pytest.mark.parametrize("family", ["poisson", "negative_binomial"])
def test_the_result_does_not_depend_on_the_size_of_blocks(design, family):
    posterior = drawn_posterior(design, family=family)
    one, two, whole = (
        posterior_predictive(design, posterior, seed=seed(), block_rows=size)
        for size in (1, 3, 10_000)
    )
    assert one.identical(whole)
    assert two.identical(whole)


def test_the_seed_decides_the_replicates(design):
    posterior = drawn_posterior(design)
    first = posterior_predictive(design, posterior, seed=seed())
    assert first.identical(posterior_predictive(design, posterior, seed=seed()))
    assert not first.identical(posterior_predictive(design, posterior, seed=seed(2)))


def test_tallies_are_those_of_the_counts_themselves(design, monkeypatch):
    kept = []

    class Recorded(replicates._Counts):
        def draw(self, *given):
            kept.append(super().draw(*given))
            return kept[-1]

    monkeypatch.setattr(replicates, "_Counts", Recorded)
    found = posterior_predictive(design, drawn_posterior(design), seed=seed())
    drawn, count = np.concatenate(kept).T, design.rows.count
    band, authority = deprivation_bands(design), design.cell_authority[design.rows.cell]
    edges = np.append(found["bin"].values, np.inf)
    for s, outcome in enumerate(design.outcomes):
        rows = design.row_outcome == s
        one = found.sel(outcome=outcome)
        for prefix, counts in (("observed", count[None]), ("predicted", drawn)):
            own = counts[:, rows]
            expected = {
                "areas": [np.histogram(values, bins=edges)[0] for values in own],
                "by_band": [np.bincount(band[rows], values, 20) for values in own],
                "by_authority": [np.bincount(authority[rows], values, 5) for values in own],
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
                assert_allclose(tallied.reshape(np.shape(values)), values, rtol=1e-12)
        assert int(one["pit"].sum()) == rows.sum()


@pytest.mark.parametrize("family", ["poisson", "negative_binomial"])
def test_replicates_have_the_mean_and_variance_of_their_distribution(family):
    _, design = model("plain")
    posterior = drawn_posterior(design, family=family)
    log_mean = log_means(design, posterior).T
    draw = replicates._Counts(seed())
    rows, draws = log_mean.shape
    inverse = np.full(draws, 0.2 if family == "negative_binomial" else 0.0)
    counts = np.stack([draw.draw(log_mean, inverse) for _ in range(400)])
    mean = np.exp(log_mean)
    variance = mean * (1 + mean * inverse)
    z = (counts.mean(axis=0) - mean) / np.sqrt(variance / 400)
    assert abs(z.mean()) < 4 / np.sqrt(rows * draws)
    assert abs(z.std() - 1) < 0.1
    assert_allclose((counts.var(axis=0) / variance).mean(), 1.0, atol=0.05)


def test_a_poisson_of_infinite_size_is_drawn_as_such():
    _, design = model("plain")
    posterior = drawn_posterior(design)
    posterior["alpha"] = xr.full_like(posterior["alpha"], np.inf)
    found = posterior_predictive(design, posterior, seed=seed())
    assert np.isfinite(found["predicted_statistic"]).all()


def overdispersed(alpha: float | None, *, areas: int = 4000):
    """A design of counts of known means, and draws that know the means exactly."""
    rng = np.random.default_rng(5)
    authority = np.repeat(["A0", "A1"], areas // 2).tolist()
    exposure = rng.integers(200, 900, areas)
    deprivation = rng.uniform(0.02, 0.4, areas)
    table = {"authority": authority, "deprivation": deprivation, "exposure": exposure}
    spec = spec_of('[gradient]\ncentre = 0.1\n[authority]\nmoderation = "none"\n')
    x = build_design(spec, table_of(**table, count=np.ones(areas, dtype=int))).rows.x
    design_order = build_design(spec, table_of(**table, count=np.arange(areas))).rows.count
    mean = np.empty(areas)
    mean[design_order] = exposure[design_order] * np.exp(-4.5 + 0.5 * x)
    if alpha is not None:
        mean = mean * rng.gamma(alpha, 1 / alpha, areas)
    design = build_design(spec, table_of(**table, count=rng.poisson(mean)))
    posterior = drawn_posterior(design, family="poisson", draws=100)
    known = {"authority_intercept": -4.5, "authority_slope": 0.5}
    return design, posterior.assign(
        {name: xr.full_like(posterior[name], value) for name, value in known.items()}
    )


def test_pit_is_uniform_under_the_true_model_and_not_under_a_wrong_one():
    design, posterior = overdispersed(None)
    right = posterior_predictive(design, posterior, seed=seed())
    assert float(right["pit_p_value"][0]) > 0.01
    probability = (right["predicted_statistic"] >= right["observed_statistic"]).mean("sample")
    assert ((probability >= 0.005) & (probability <= 0.995)).all()

    design, posterior = overdispersed(4.0)
    wrong = posterior_predictive(design, posterior, seed=seed())
    assert float(wrong["pit_p_value"][0]) < 1e-6
    histogram = wrong["pit"].values[0]
    assert histogram[[0, -1]].min() > 1.3 * histogram[9:11].max()
    assert (
        (wrong["predicted_statistic"] < wrong["observed_statistic"])
        .sel(statistic="variance_to_mean")
        .all()
    )

    posterior["alpha"] = xr.full_like(posterior["intercept"], 4.0)
    mended = posterior_predictive(design, posterior, seed=seed())
    assert float(mended["pit_p_value"][0]) > 0.01


def test_a_posterior_of_many_draws_is_thinned(design):
    posterior = drawn_posterior(design, draws=300)
    found = posterior_predictive(design, posterior, seed=seed())
    assert found.sizes["sample"] == REPLICATES
    assert_array_equal(found["band"], np.arange(1, 21))


def test_memory_does_not_grow_with_the_number_of_draws():
    from bayesgrad.predictive.checks import check_predictions

    _, design = model("full")
    peaks = []
    for draws in (300, 6000):
        posterior = drawn_posterior(design, draws=draws)
        check_predictions(design, posterior, seed=1)
        tracemalloc.start()
        check_predictions(design, posterior, seed=1)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 1_000_000
