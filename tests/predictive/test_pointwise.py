from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose
from scipy.special import logsumexp
from scipy.stats import nbinom

from bayesgrad.design import build_design
from bayesgrad.predictive.pointwise import leave_one_area_out
from tests.predictive.cases import (
    FORMS,
    drawn_posterior,
    formed,
    log_densities,
    model,
    with_suppressed,
)
from tests.small import table_of


def by_hand(design, posterior):
    """Elpd, lpd and effective draws of every row, with full arrays of draws by rows."""
    log_p = log_densities(design, posterior)
    size = len(log_p)
    ratio = np.exp(log_p.min(axis=0) - log_p)
    weight = np.minimum(ratio, ratio.mean(axis=0) * np.sqrt(size))
    return (
        np.log((weight * np.exp(log_p)).sum(axis=0) / weight.sum(axis=0)),
        logsumexp(log_p, axis=0) - np.log(size),
        weight.sum(axis=0) ** 2 / (weight**2).sum(axis=0),
    )


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["plain", "full", "several"])
def test_scores_are_those_of_weights_computed_the_long_way(name, form):
    design = model(name, form)
    deviations = ("intercept", "slope") if name == "several" else ()
    posterior = drawn_posterior(design, draws=150, deviations=deviations)
    found = leave_one_area_out(design, posterior)
    elpd, lpd, effective = by_hand(design, posterior)
    for s, outcome in enumerate(design.outcomes):
        rows = design.row_outcome == s
        own = found.sel(outcome=outcome)
        assert_allclose(own["area_elpd"], elpd[rows].sum(), rtol=1e-9)
        assert_allclose(own["area_p_loo"], (lpd - elpd)[rows].sum(), rtol=1e-7)
        assert_allclose(own["area_se"], np.sqrt(rows.sum() * elpd[rows].var(ddof=1)), rtol=1e-8)
        assert int(own["area_terms"]) == rows.sum()
        assert int(own["area_unreliable"]) == (effective[rows] < 100).sum()


@pytest.mark.parametrize("form", ["poisson", "negative_binomial"])
@pytest.mark.parametrize("name", ["full", "several"])
def test_suppressed_counts_are_scored_by_the_probability_of_their_bounds(name, form):
    design = with_suppressed(model(name, form))
    posterior = drawn_posterior(design, draws=150)
    found = leave_one_area_out(design, posterior)
    elpd, lpd, _ = by_hand(design, posterior)
    for s, outcome in enumerate(design.outcomes):
        rows = design.row_outcome == s
        assert design.rows.suppressed[rows].any()
        own = found.sel(outcome=outcome)
        assert_allclose(own["area_elpd"], elpd[rows].sum(), rtol=1e-9)
        assert_allclose(own["area_p_loo"], (lpd - elpd)[rows].sum(), rtol=1e-7)


def test_the_score_does_not_depend_on_the_size_of_blocks():
    design = model("several", "negative_binomial", "beta-binomial of log link", "poisson")
    posterior = drawn_posterior(design)
    one, whole = (leave_one_area_out(design, posterior, block_rows=size) for size in (1, 10_000))
    xr.testing.assert_allclose(one, whole, rtol=1e-12)


@pytest.mark.parametrize("alpha", [1e-3, 1e8, 1e14, np.inf])
@pytest.mark.parametrize("form", ["negative_binomial", "beta-binomial"])
def test_no_digits_are_lost_at_either_end_of_overdispersion(form, alpha):
    design = model("plain", form)
    posterior = drawn_posterior(design, draws=4)
    posterior["alpha"] = xr.full_like(posterior["alpha"], alpha)
    found = float(leave_one_area_out(design, posterior)["area_elpd"][0])
    if alpha > 1e6:
        limit = leave_one_area_out(design, posterior.drop_vars("alpha"))
        assert_allclose(found, float(limit["area_elpd"][0]), rtol=1e-4 if alpha < 1e10 else 1e-9)
    else:
        assert_allclose(found, by_hand(design, posterior)[0].sum(), rtol=1e-9)


def test_it_is_the_exact_score_where_the_posterior_is_known():
    # Counts with one common rate, Gamma(a, b) before and after: y_i given the others is negative
    # binomial. Authority slopes of 0 leave the rate alone.
    rng = np.random.default_rng(2)
    areas, shape, rate = 30, 2.0, 20.0
    exposure, count = rng.integers(50, 200, areas), rng.poisson(9, areas)
    table = table_of(
        authority=["A0"] * 15 + ["A1"] * 15,
        deprivation=rng.uniform(0, 0.4, areas),
        exposure=exposure,
        count=count,
    )
    design = build_design(formed("poisson", text='[authority]\nmoderation = "none"\n'), table)
    posterior = drawn_posterior(design, chains=1, draws=500)
    drawn = np.log(rng.gamma(shape + count.sum(), 1 / (rate + exposure.sum()), 500))
    level = xr.DataArray(drawn[None], dims=("chain", "draw"))
    posterior = posterior.assign(
        authority_intercept=xr.zeros_like(posterior["authority_intercept"]) + level,
        authority_slope=xr.zeros_like(posterior["authority_slope"]),
    )
    rest = shape + count.sum() - count, rate + exposure.sum() - exposure
    exact = nbinom.logpmf(count, rest[0], rest[1] / (rest[1] + exposure))
    found = leave_one_area_out(design, posterior)
    assert_allclose(float(found["area_elpd"][0]), exact.sum(), atol=0.1)
    assert 0.5 < float(found["area_p_loo"][0]) < 3.0
    assert int(found["area_unreliable"][0]) == 0


def test_scores_of_the_same_counts_under_different_families_can_be_compared():
    # Of y ~ Poisson, each an event of a later stage with probability p: those that are and those
    # that are not are independent Poisson counts. So two thresholds, the later out of the earlier,
    # and the two kinds of children have the same probability.
    rng = np.random.default_rng(7)
    areas, level, share = 40, -3.0, -0.7
    people = rng.integers(20, 200, areas)
    first = rng.poisson(people * np.exp(level))
    second = rng.binomial(first, np.exp(share))
    place = {
        "authority": np.repeat(["A0", "A1"], areas // 2),
        "deprivation": rng.uniform(0.0, 0.4, areas),
    }
    reached = first > 0

    def score(forms, rows, levels) -> float:
        spec = formed(*forms, text='[authority]\nmoderation = "none"\n')
        columns = {name: [values[kept] for _, _, kept in rows] for name, values in place.items()}
        columns |= {
            "outcome": [
                np.full(kept.sum(), outcome.column)
                for outcome, (_, _, kept) in zip(spec.outcomes, rows, strict=True)
            ],
            "count": [count[kept] for count, _, kept in rows],
            "exposure": [exposure[kept] for _, exposure, kept in rows],
        }
        table = {name: np.concatenate(values) for name, values in columns.items()}
        order = np.lexsort((table["outcome"] == spec.outcomes[1].column, table["authority"]))
        design = build_design(spec, table_of(**{name: v[order] for name, v in table.items()}))
        posterior = drawn_posterior(design, chains=1, draws=3)
        posterior["authority_intercept"].values[:] = levels
        posterior["authority_slope"].values[:] = 0.0
        return float(leave_one_area_out(design, posterior)["area_elpd"].sum())

    everywhere = np.ones(areas, dtype=bool)
    sequential = score(
        ("poisson", "binomial of log link"),
        [(first, people, everywhere), (second, first, reached)],
        [level, share],
    )
    apart = score(
        ("poisson", "poisson"),
        [(second, people, everywhere), (first - second, people, everywhere)],
        [level + share, level + np.log(1 - np.exp(share))],
    )
    assert_allclose(sequential, apart, rtol=1e-12)
