import dataclasses

import numpy as np
import pytest
from numpy.polynomial.hermite_e import hermegauss

from bayesgrad.simulate import (
    EnglandSettings,
    draw_geography,
    draw_outcomes,
    simulate_england,
    true_parameters,
)

SMALL = EnglandSettings(authorities=20, areas=500)
FORMS = ["log", "linear", "none"]


def values(england):
    return dict(zip(england.truth["parameter"], england.truth["value"], strict=True))


@pytest.mark.parametrize(
    ("authorities", "areas"), [(152, 32_837), (40, 2_400), (20, 500), (150, 300), (2, 4), (3, 50)]
)
def test_areas_add_up_and_every_authority_has_two(authorities, areas):
    england = simulate_england(EnglandSettings(authorities=authorities, areas=areas), seed=4)
    sizes = england.areas.groupby("authority").size()
    assert len(england.areas) == areas
    assert len(sizes) == authorities
    assert sizes.min() >= 2
    assert (sizes.to_numpy() == england.authorities["areas"].to_numpy()).all()


def test_sizes_without_spread_are_equal():
    geography = draw_geography(dataclasses.replace(SMALL, size_spread=0.0), seed=1)
    assert (geography.sizes == 25).all()


def test_authority_deprivation_is_the_children_weighted_mean_of_its_areas():
    england = simulate_england(SMALL, seed=1)
    expected = [
        np.average(areas["income_score"], weights=areas["children"])
        for _, areas in england.areas.groupby("authority")
    ]
    np.testing.assert_allclose(england.authorities["deprivation"], expected, rtol=1e-12)


@pytest.mark.parametrize("mean", [0.137, 0.229])
def test_mean_authority_deprivation_is_the_setting(mean):
    settings = dataclasses.replace(SMALL, mean_deprivation=mean)
    realised = simulate_england(settings, seed=2).authorities["deprivation"].mean()
    assert realised == pytest.approx(mean, abs=1e-6)


@pytest.mark.parametrize("moderation", FORMS)
def test_without_spread_authorities_lie_on_the_formula(moderation):
    settings = dataclasses.replace(SMALL, moderation=moderation, sd_intercept=0.0, sd_slope=0.0)
    england = simulate_england(settings, seed=3)
    table, truth = england.authorities, values(england)
    deprivation = table["deprivation"].to_numpy()
    mean = deprivation.mean()
    w = {
        "log": np.log(deprivation / mean),
        "linear": (deprivation - mean) / 0.10,
        "none": np.zeros(20),
    }[moderation]
    intercept = truth["intercept"] + truth.get("between", 0.0) * w
    slope = truth["slope"] + truth.get("interaction", 0.0) * w
    np.testing.assert_allclose(table["intercept"], intercept, rtol=1e-10)
    np.testing.assert_allclose(table["slope"], slope, rtol=1e-10)


def test_expected_counts_follow_from_the_tables():
    england = simulate_england(SMALL, seed=5)
    rows = england.areas.merge(england.authorities, on="authority", validate="many_to_one")
    x = (rows["income_score"] - rows["deprivation"]) / 0.10
    expected = rows["children"] * np.exp(rows["intercept"] + rows["slope"] * x)
    np.testing.assert_allclose(england.outcomes.expected, expected, rtol=1e-10)
    np.testing.assert_allclose(england.authorities["gradient"], np.exp(rows["slope"].unique()))


@pytest.mark.parametrize("moderation", FORMS)
def test_intercept_gives_the_wanted_rate_when_authority_effects_are_integrated_out(moderation):
    settings = dataclasses.replace(SMALL, moderation=moderation, sd_slope=0.2, rate=0.03)
    geography = draw_geography(settings, seed=6)
    truth = true_parameters(geography, settings)
    w = truth.moderator(geography.deprivation)[geography.authority]
    x = (geography.income_score - geography.deprivation[geography.authority]) / 0.10
    node, weight = hermegauss(24)
    weight = weight / weight.sum()
    covariance = np.array([[0.30**2, -0.3 * 0.30 * 0.2], [-0.3 * 0.30 * 0.2, 0.2**2]])
    root = np.linalg.cholesky(covariance)
    total = 0.0
    for z0, p0 in zip(node, weight, strict=True):
        for z1, p1 in zip(node, weight, strict=True):
            u0, u1 = root @ [z0, z1]
            level = truth.intercept + settings.true_between * w + u0
            slope = settings.slope + settings.true_interaction * w + u1
            total += p0 * p1 * np.sum(geography.children * np.exp(level + slope * x))
    assert total / geography.children.sum() == pytest.approx(0.03, rel=1e-8)


@pytest.mark.parametrize(
    ("moderation", "family", "names"),
    [
        ("log", "negative_binomial", "between interaction overdispersion alpha"),
        ("linear", "poisson", "between interaction"),
        ("none", "negative_binomial", "overdispersion alpha"),
    ],
)
def test_truth_has_the_parameters_of_the_model_and_no_others(moderation, family, names):
    settings = dataclasses.replace(SMALL, moderation=moderation, family=family)
    truth = values(simulate_england(settings, seed=7))
    common = {"intercept", "slope", "sd_intercept", "sd_slope", "correlation"}
    assert set(truth) == common | set(names.split())
    if family == "negative_binomial":
        assert truth["overdispersion"] == pytest.approx(truth["alpha"] ** -0.5)


def test_gradient_at_is_that_of_a_typical_authority_of_the_realised_geography():
    england = simulate_england(seed=1)
    at = england.outcomes.truth.gradient_at
    assert [round(at(d), 2) for d in (0.037, 0.137, 0.237)] == [2.33, 1.62, 1.39]


def test_deprivation_is_a_proportion_and_children_are_positive():
    for seed in range(20):
        geography = draw_geography(EnglandSettings(authorities=2, areas=4), seed=seed)
        assert geography.income_score.min() > 0
        assert geography.income_score.max() <= 1
        assert geography.children.min() >= 1


def test_the_widest_spreads_that_are_allowed_give_finite_numbers():
    wild = dataclasses.replace(SMALL, unit=0.001, slope=3.0, sd_slope=2.0, sd_intercept=2.0)
    outcomes = draw_outcomes(draw_geography(wild, seed=1), wild, seed=1)
    assert np.isfinite(outcomes.truth.intercept)
    assert np.isfinite(outcomes.expected).all()
    assert outcomes.count.min() >= 0
