"""Simulation-based calibration of both engines, and of the machinery that tests it."""

from __future__ import annotations

import os

import numpy as np
import pytest
from arviz_stats.ecdf_utils import get_pointwise_confidence_band, simulate_confidence_bands
from calibration import LEVEL, SAMPLING, WAYS, Fitted, Replicate, calibrate, rank_tests, report
from calibration_forms import (
    ETA,
    FORMS,
    World,
    draw_counts,
    draw_truth,
    lkj,
    predictor,
)
from calibration_quantities import log_likelihood
from calibration_structure import grid_covariance, neighbourhoods, touching_effects, walk
from scipy.stats import betabinom, kstest, nbinom
from uniformity import RankTest

from bayesgrad import ModelSpec, prepare_table
from bayesgrad.design import build_design
from bayesgrad.design.strata import walk_basis

REPLICATES = 500
REPLICATES_OF_FORMS = 100
LARGEST_REFUSED = 0.05
"""Share of replicates that Laplace may refuse, for the test to be one of Laplace."""


@pytest.fixture(scope="module")
def world():
    return World.draw(authorities=6, areas=120)


def conjugate_ranks(rng, *, replicates, width):
    """Ranks of a normal mean with a standard normal prior and one observation of sd 1."""
    truth = rng.standard_normal(replicates)
    centre = (truth + rng.standard_normal(replicates)) / 2.0
    draws = centre[:, None] + width * np.sqrt(0.5) * rng.standard_normal((replicates, 99))
    return (draws < truth[:, None]).sum(axis=1)


def test_ranks_of_a_conjugate_posterior_are_uniform_and_of_a_narrow_one_are_not():
    rng, test = np.random.default_rng(1), RankTest(500, 99)
    right = conjugate_ranks(rng, replicates=500, width=1.0)
    narrow = conjugate_ranks(rng, replicates=500, width=0.75)
    assert test.p_value(right) > LEVEL
    assert abs(test.mean_z(right)) < 3.0
    assert test.p_value(narrow) < LEVEL / 12
    assert test.spread(narrow) > 1.1


def test_p_values_are_exact():
    rng, test = np.random.default_rng(2), RankTest(60, 19)
    found = np.array([test.p_value(rng.integers(0, 20, 60)) for _ in range(1000)])
    for level in (0.05, 0.2, 0.5):
        # p-values of counts are discrete: at most the level, by some 0.02 at this size.
        assert level - 0.07 < np.mean(found <= level) < level + 0.04


def test_the_band_is_that_of_arviz_and_agrees_with_the_p_value():
    rng, test = np.random.default_rng(3), RankTest(100, 19)
    lower, upper = test.band(0.05)
    pointwise = simulate_confidence_bands(100, 1, test.points, 0.95, 2000, rng)
    theirs = get_pointwise_confidence_band(pointwise, 100, test.points)
    assert np.abs(np.array(theirs) - np.array([lower, upper])).max() <= 0.02
    for _ in range(200):
        ranks = rng.binomial(19, rng.beta(0.8, 0.8, 100))
        share = test.below(ranks) / 100
        outside = bool(np.any((share < lower) | (share > upper)))
        assert outside == (test.p_value(ranks) <= 0.05)


def test_truths_are_drawn_from_the_priors_of_the_spec(world):
    form = FORMS["strata"]
    spec = ModelSpec.from_toml(form.spec_text(SAMPLING))
    rng = np.random.default_rng(4)
    drawn = [draw_truth(form, world, rng) for _ in range(4000)]
    for name in form.locations:
        prior = spec.location_prior(name)
        values = np.concatenate([truth[name] for truth in drawn])
        assert prior.distribution == "Normal"
        assert abs(values.mean() - prior.mu) < 4 * prior.sigma / np.sqrt(4000)
        assert np.isclose(values.std(), prior.sigma, rtol=0.06)
    for name in form.scales:
        prior = spec.scale_prior(name)
        values = np.concatenate([truth[name] for truth in drawn])
        assert prior.distribution == "HalfNormal"
        assert np.isclose(np.sqrt(np.mean(values**2)), prior.sigma, rtol=0.06)
    assert spec.priors.correlation.eta == ETA


@pytest.mark.parametrize("size", [2, 3, 6])
def test_correlations_are_drawn_from_the_lkj_distribution(size):
    rng = np.random.default_rng(5)
    drawn = np.array([lkj(size, ETA, rng) for _ in range(2000)])
    shape = ETA + (size - 2) / 2
    for i, k in zip(*np.tril_indices(size, -1), strict=True):
        # Each is 2 Beta - 1; one in 10,000 false alarms in each of at most 15.
        assert kstest((drawn[:, i, k] + 1) / 2, "beta", (shape, shape)).pvalue > 1e-4


def hidden_by(form, count):
    return np.isin(count, np.arange(form.hidden[0], form.hidden[1] + 1) if form.hidden else ())


@pytest.mark.parametrize("name", FORMS)
def test_the_world_is_the_design_of_its_table(world, name):
    form, rng = FORMS[name], np.random.default_rng(5)
    truth = draw_truth(form, world, rng)
    count = draw_counts(form, world, truth, rng)
    spec = form.spec(world, SAMPLING)
    design = build_design(spec, prepare_table(spec, form.table(world, count)))
    assert design.strata == form.strata
    # Rows are in the order of cells, which have one area after another.
    cell = (
        world.authority[:, None, None] * len(form.outcomes) + np.arange(len(form.outcomes))[:, None]
    )
    cell = cell * len(form.strata) + np.arange(len(form.strata))
    order = np.argsort(cell.ravel(), kind="stable")
    hidden = hidden_by(form, count)
    # Within cells, suppressed rows stay where they are, with a count of 0.
    assert np.array_equal(design.rows.suppressed, hidden.ravel()[order])
    assert np.array_equal(design.rows.count, np.where(hidden, 0, count).ravel()[order])
    x = np.broadcast_to(form.x(world)[:, None, None], count.shape)
    assert np.allclose(design.rows.x, x.ravel()[order])
    assert np.allclose(design.authorities.moderation[:, 0], form.w(world))
    if form.nested:
        number = neighbourhoods(world.authority, form.nested)
        assert [f"N{n:05d}" for n in range(number.max() + 1)] == list(design.neighbourhoods)
        assert np.array_equal(design.rows.neighbourhood, number[order])
    if form.touching:
        given = design.neighbours.vectors * design.neighbours.values @ design.neighbours.vectors.T
        assert np.allclose(given, grid_covariance(len(world.sizes)))


def test_walks_have_the_covariance_of_the_model_where_a_year_is_missing():
    form, rng = FORMS["years"], np.random.default_rng(8)
    drawn = walk(rng.standard_normal((200_000, 4)) * form.gaps)
    basis = walk_basis([float(year) for year in form.strata])
    # Covariances of 200,000 walks have errors of at most 0.005.
    assert np.allclose(np.cov(drawn.T), basis @ basis.T, atol=0.025)


def test_effects_of_neighbours_have_the_covariance_of_the_model():
    rng, shares = np.random.default_rng(9), np.array([0.3, 0.9])
    correlation = np.array([[1.0, -0.4], [-0.4, 1.0]])
    drawn = np.array([touching_effects(correlation, shares, 12, rng) for _ in range(20_000)])
    covariance = grid_covariance(12)
    for e, share in enumerate(shares):
        expected = (1 - share) * np.eye(12) + share * covariance
        # Errors of 20,000 draws are at most 0.03; six of them.
        assert np.allclose(np.cov(drawn[:, :, e].T), expected, atol=0.18)


@pytest.mark.parametrize("name", FORMS)
def test_the_log_likelihood_is_that_of_the_family(world, name):
    form, rng = FORMS[name], np.random.default_rng(6)
    truth = draw_truth(form, world, rng)
    count = draw_counts(form, world, truth, rng)
    values = {name: np.concatenate([value, value + 0.01]) for name, value in truth.items()}
    exposure = form.exposure(world)[:, None, None]
    expected = []
    for draw in (0, 1):
        size = (values["overdispersion"][draw] ** -2.0)[:, None]
        eta = predictor(form, world, values, draw)
        if form.of_cases:
            share = 1 / (1 + np.exp(-eta))
            each = betabinom.logpmf(count, exposure, share * size, (1 - share) * size)
        else:
            family = nbinom(size, size / (size + exposure * np.exp(eta)))
            each = family.logpmf(count)
            if form.hidden:
                within = family.cdf(form.hidden[1]) - family.cdf(form.hidden[0] - 1)
                each = np.where(hidden_by(form, count), np.log(within), each)
        expected.append(each.sum())
    assert np.isclose(np.diff(log_likelihood(form, world, values, count))[0], np.diff(expected)[0])


def test_a_replicate_that_laplace_refuses_takes_the_ranks_of_nuts():
    refused = Replicate(0, {"laplace": Fitted(refused="no"), "nuts": Fitted({"slope": 3})})
    accepted = Replicate(1, {"laplace": Fitted({"slope": 4}, {"k_hat": 0.1})})
    mixed, alone = WAYS["laplace, or nuts where it refuses"], ("laplace",)
    assert [each.ranks(*mixed) for each in (refused, accepted)] == [{"slope": 3}, {"slope": 4}]
    assert [each.ranks(*alone) for each in (refused, accepted)] == [{}, {"slope": 4}]
    text = report([refused, accepted], ["laplace"])
    assert "refused 1 of 2 replicates (50.0%)" in text
    assert "laplace where it does not refuse: 1 of 2 replicates" in text


@pytest.mark.full
def test_replicates_depend_on_their_number_alone(world):
    settings = {"engines": ("laplace",), "workers": 1, "seed": 3}
    two = list(calibrate(FORMS["counts"], world, replicates=2, **settings))
    again = list(calibrate(FORMS["counts"], world, replicates=1, **settings))
    assert two[0].fits["laplace"].ranks == again[0].fits["laplace"].ranks
    assert two[0].fits["laplace"].ranks != two[1].fits["laplace"].ranks


@pytest.fixture(scope="module")
def replicates():
    settings = {"replicates": REPLICATES, "workers": os.cpu_count() or 1, "seed": 1}
    return list(calibrate(FORMS["counts"], World.draw(), **settings))


@pytest.mark.slow
@pytest.mark.parametrize("way", ["nuts", "laplace, or nuts where it refuses"])
def test_ranks_of_true_values_are_uniform(replicates, way):
    ranks = [each.ranks(*WAYS[way]) for each in replicates]
    assert all(ranks)
    tests = rank_tests(ranks)
    assert tests["p"].min() > LEVEL / len(tests), tests


@pytest.mark.slow
def test_laplace_refuses_few_replicates(replicates):
    refused = [bool(each.fits["laplace"].refused) for each in replicates]
    assert np.mean(refused) <= LARGEST_REFUSED


@pytest.mark.slow
@pytest.mark.parametrize("name", ["thresholds", "ordered", "years", "neighbourhoods", "spatial"])
def test_ranks_of_joint_and_ordered_forms_are_uniform(name):
    settings = {"replicates": REPLICATES_OF_FORMS, "workers": os.cpu_count() or 1, "seed": 2}
    found = calibrate(FORMS[name], World.draw(), engines=("nuts",), **settings)
    tests = rank_tests([each.ranks("nuts") for each in found])
    assert tests["p"].min() > LEVEL / len(tests), tests
