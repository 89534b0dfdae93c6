"""Rows left out of the fit, against the same weights taken by NumPy; and checks of what is left."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from bayesgrad.areas.rates import thinned
from bayesgrad.predictive.effect_checks import effect_checks, redrawn_totals
from bayesgrad.predictive.left_out import LeftOut, RowsLeftOut
from bayesgrad.predictive.predictor import blocks
from bayesgrad.predictive.residual_checks import residual_checks
from tests.predictive.cases import drawn_posterior, log_density, model, predictors


def test_a_row_is_left_out_by_the_reciprocal_of_its_density():
    design = model("plain")
    posterior = drawn_posterior(design)
    sample = thinned(posterior)
    rng = np.random.default_rng(1)
    eta, size = predictors(design, posterior), sample.sizes["sample"]
    replicate = rng.poisson(np.exp(eta.T))
    rows = RowsLeftOut(design, sample, published=design.rows.count)
    for block in blocks(design, sample):
        rows.add(block, replicate[block.rows])
    found = rows.result()
    alpha = 1.0 / (1.0 / sample["alpha"].values).mean()
    log_p = log_density(design.forms[0], design.rows.count, None, eta, alpha)
    ratio = np.exp(-(log_p - log_p.min(axis=0)))
    weight = np.minimum(ratio, ratio.mean(axis=0) * np.sqrt(size))
    total, own = weight.sum(axis=0), weight.mean(axis=0)
    below = (weight * (design.rows.count > replicate.T)).sum(axis=0)
    upto = (weight * (design.rows.count >= replicate.T)).sum(axis=0)
    assert_allclose(found.lower, below / (total + own), rtol=1e-9, atol=1e-12)
    assert_allclose(found.upper, (upto + own) / (total + own), rtol=1e-9)
    mean = (weight * eta).sum(axis=0) / total
    assert_allclose(found.predictor, mean, rtol=1e-9)
    assert_allclose(found.variance, (weight * (eta - mean) ** 2).sum(axis=0) / total, rtol=1e-6)
    slope = sample["authority_slope"].isel(outcome=0).transpose("sample", "authority").values
    slope = slope[:, design.cell_authority[design.rows.cell]]
    shift = (weight * slope).sum(axis=0) / total - slope.mean(axis=0)
    assert_allclose(found.shift, shift, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize(("lower", "upper"), [(0.0, 1.0), (0.2, 0.7), (0.9, 1.0)])
def test_height_and_spread_are_means_over_the_interval(lower, upper):
    u = np.linspace(lower, upper, 200_001)
    nothing = np.zeros(1)
    one = LeftOut(np.array([lower]), np.array([upper]), nothing, nothing, nothing)
    assert_allclose(one.height, np.sqrt(3) * (2 * u - 1).mean(), atol=1e-4)
    assert_allclose(one.spread, np.sqrt(5) * (6 * u**2 - 6 * u + 1).mean(), atol=1e-4)


def uniform_rows(size: int, *, rng: np.random.Generator, values=None) -> LeftOut:
    values = rng.random(size) if values is None else values
    nothing = np.zeros(size)
    return LeftOut(values, values + 1e-9, np.full(size, 2.0), np.full(size, 0.01), nothing)


def large(name: str = "plain"):
    """A design of 40 areas in each of 30 authorities."""
    from tests.predictive.cases import formed
    from tests.small import drawn_design

    strata = ("boys", "girls") if name == "strata" else ("",)
    spec = formed("negative_binomial")
    return drawn_design(spec, strata=strata, authorities=30, areas=40, largest=30)


def found_in(design, rows: LeftOut) -> dict:
    design = replace(design, rows=replace(design.rows, count=design.rows.count * 0 + 7))
    shape = (30, len(design.outcomes))
    found = residual_checks(design, rows, slope_sd=np.full(shape, 0.1), alpha=np.array([5.0]))
    return {one.check: one for one in found[0]}


def test_ranks_of_a_right_model_are_found_to_be_right():
    # Four p-values below 0.001: once in 250 runs of other seeds.
    design = large()
    rows = uniform_rows(len(design.rows.count), rng=np.random.default_rng(4))
    found = found_in(design, rows)
    assert set(found) == {
        "dispersion_by_deprivation",
        "dispersion_by_exposure",
        "dispersion_by_authority",
        "areas_beyond",
    }
    assert min(one.p_value for one in found.values()) > 0.001


def test_exposures_that_are_all_the_same_are_not_compared():
    design, rng = large(), np.random.default_rng(4)
    exposure = np.full(len(design.rows.count), 100.0)
    design = replace(design, rows=replace(design.rows, exposure=exposure))
    found = found_in(design, uniform_rows(len(exposure), rng=rng))
    assert "dispersion_by_exposure" not in found
    assert "dispersion_by_deprivation" in found


def wider(values: np.ndarray, more: np.ndarray, times: float) -> np.ndarray:
    """Ranks further from the middle where there is more."""
    return np.clip(0.5 + (values - 0.5) * np.where(more, times, 1.0), 1e-6, 1 - 1e-6)


@pytest.mark.parametrize("kind", ["deprivation", "exposure", "authority"])
def test_ranks_that_are_too_far_out_somewhere_are_found(kind):
    design, rng = large(), np.random.default_rng(5)
    values = rng.random(len(design.rows.count))
    authority = design.cell_authority[design.rows.cell]
    more = {
        "deprivation": design.rows.deprivation > np.median(design.rows.deprivation),
        "exposure": design.rows.exposure > np.median(design.rows.exposure),
        "authority": authority == 3,
    }[kind]
    rows = uniform_rows(
        len(values), rng=rng, values=wider(values, more, 4.0 if kind == "authority" else 1.6)
    )
    one = found_in(design, rows)[f"dispersion_by_{kind}"]
    assert one.p_value < 1e-4
    if kind == "authority":
        assert one.where == design.authorities.codes[3]
    else:
        assert one.observed > 5 * one.sd


@pytest.mark.parametrize("alike", [0.0, 0.3])
def test_rows_of_one_area_are_compared(alike):
    from scipy.stats import norm

    design, rng = large("strata"), np.random.default_rng(6)
    size = len(design.rows.count)
    area = np.empty(size, dtype=np.int64)
    for cell in range(60):
        area[design.rows.cell == cell] = cell // 2 * 40 + np.arange(40)
    design = replace(design, rows=replace(design.rows, area=area))
    normal = np.sqrt(alike) * rng.normal(size=1200)[area] + np.sqrt(1 - alike) * rng.normal(
        size=size
    )
    one = found_in(design, uniform_rows(size, rng=rng, values=norm.cdf(normal)))
    one = one["rows_of_one_area"]
    assert (one.p_value < 1e-6) == (alike > 0)
    assert abs(one.observed - alike) < 4 * one.sd + 0.02


def test_a_count_out_of_reach_is_named_by_its_authority_and_the_gradient_that_rests_on_it():
    design, rng = large(), np.random.default_rng(7)
    rows = uniform_rows(len(design.rows.count), rng=rng)
    at = int(np.flatnonzero(design.cell_authority[design.rows.cell] == 8)[0])
    shift = np.zeros(len(rows.lower))
    shift[at] = 0.3
    count = np.full(len(shift), 7)
    count[at] = 400
    design = replace(design, rows=replace(design.rows, count=count))
    rows = replace(rows, shift=shift)
    found = residual_checks(design, rows, slope_sd=np.full((30, 1), 0.1), alpha=np.array([5.0]))
    one = next(one for one in found[0] if one.check == "areas_beyond")
    code = design.authorities.codes[8]
    assert one.observed == 1
    assert one.p_value < 1e-6
    assert one.where == f"{code}; the gradient of {code} rests on one such count"


@pytest.mark.parametrize("kind", ["normal", "two groups", "outlier"])
def test_effects_that_are_not_normal_are_found(kind):
    design, rng = large(), np.random.default_rng(8)
    posterior = drawn_posterior(design)
    effect = 0.3 * rng.normal(size=30)
    if kind == "two groups":
        effect = np.where(np.arange(30) % 2, 0.5, -0.5) + 0.1 * rng.normal(size=30)
    if kind == "outlier":
        effect[4] += 3.0
    posterior["authority_intercept"] = posterior["authority_intercept"] * 0 - 3.0
    posterior["authority_intercept"] += effect[:, None]
    for name in ("between", "interaction"):
        posterior[name] = posterior[name] * 0
    found = {one.check: one for one in effect_checks(design, posterior)[0]}
    one = found["authority_levels"]
    assert (one.p_value < 0.0005) == (kind != "normal")
    assert one.where == ("A04" if kind == "outlier" else "")


@pytest.mark.parametrize("form", ["negative_binomial", "beta-binomial", "binomial of log link"])
def test_totals_of_new_authorities_have_the_moments_of_their_distribution(form):
    design = model("plain", form)
    posterior = drawn_posterior(design, draws=50)
    for name in ("sd_intercept", "sd_slope"):
        posterior[name] = posterior[name] * 0 + 1e-9
    for name in ("between", "interaction"):
        if name in posterior:
            posterior[name] = posterior[name] * 0
    level = -4.5 if "log link" in form else -3.0
    posterior["intercept"] = posterior["intercept"] * 0 + level
    posterior["slope"] = posterior["slope"] * 0 + 0.4
    seed = np.random.SeedSequence(1)
    drawn = redrawn_totals(design, posterior, seed=seed, published={})[:, 0]
    eta = level + 0.4 * design.rows.x
    rate = 1 / (1 + np.exp(-eta)) if form == "beta-binomial" else np.exp(eta)
    authority = design.cell_authority[design.rows.cell]
    mean = np.bincount(authority, design.rows.exposure * rate)
    # The standard error of the mean of 100 draws, four of them.
    error = 4 * drawn.std(axis=0) / 10
    assert (np.abs(drawn.mean(axis=0) - mean) < error).all()
