import math

import numpy as np
import pytest

from bayesgrad.errors import SpecError
from bayesgrad.simulate import EnglandSettings, Truth


def gradients(settings, deprivations):
    truth = Truth(settings, intercept=0.0, mean_deprivation=0.137)
    return [round(truth.gradient_at(d), 2) for d in deprivations]


def test_log_moderation_reproduces_the_three_published_gradients():
    assert gradients(EnglandSettings(), [0.037, 0.137, 0.237]) == [2.33, 1.62, 1.39]


def test_linear_moderation_gives_the_closest_straight_line():
    linear = EnglandSettings(moderation="linear")
    assert gradients(linear, [0.037, 0.137, 0.237]) == [2.10, 1.62, 1.25]


def test_without_moderation_every_authority_has_the_same_expected_gradient():
    assert gradients(EnglandSettings(moderation="none"), [0.05, 0.137, 0.25]) == [1.62] * 3


@pytest.mark.parametrize("moderation", ["linear", "log"])
def test_between_is_a_rate_ratio_of_1_47_per_ten_points_at_the_mean(moderation):
    settings = EnglandSettings(moderation=moderation)
    truth = Truth(settings, intercept=0.0, mean_deprivation=0.137)
    step = 1e-6
    w = truth.moderator(np.array([0.137 - step, 0.137 + step]))
    per_ten_points = settings.true_between * (w[1] - w[0]) / (2 * step) * 0.10
    assert math.exp(per_ten_points) == pytest.approx(1.47, rel=1e-6)


def test_given_coefficients_take_the_place_of_the_published_ones():
    settings = EnglandSettings(interaction=0.0, between=0.1)
    assert (settings.true_interaction, settings.true_between) == (0.0, 0.1)


def test_numpy_numbers_are_accepted():
    settings = EnglandSettings(authorities=np.int64(20), areas=np.int64(500), rate=np.float64(0.1))
    assert settings.areas == 500


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("authorities", 1, "at least 2"),
        ("authorities", 2.5, "a whole number is needed"),
        ("authorities", True, "a number is needed"),
        ("areas", 303, "at least 304"),
        ("children", 0, "from 1"),
        ("children", "many", "a finite number is needed"),
        ("mean_deprivation", 13.7, "from 0.03 to 0.25"),
        ("sd_deprivation", 0.1, "to 0.0822"),
        ("within_sd", 0.2, "to 0.1096"),
        ("rate", 0.0, "from 1e-09"),
        ("rate", math.nan, "a finite number is needed"),
        ("slope", math.inf, "a finite number is needed"),
        ("slope", 5.0, "from -3 to 3"),
        ("slope", None, "a finite number is needed"),
        ("sd_intercept", -0.1, "from 0 to 2"),
        ("correlation", 1.2, "from -1 to 1"),
        ("alpha", 0.0, "from 0.001"),
        ("moderation", "spline", "none, linear, log"),
        ("moderation", None, "none, linear, log"),
        ("family", "binomial", "negative_binomial, poisson"),
    ],
)
def test_an_impossible_setting_is_refused_by_name(setting, value, words):
    with pytest.raises(SpecError) as refusal:
        EnglandSettings(**{setting: value})
    assert setting in refusal.value.what
    assert words in refusal.value.what
    assert refusal.value.do


def test_all_faults_are_listed_at_once():
    with pytest.raises(SpecError) as refusal:
        EnglandSettings(rate=2.0, alpha=-1.0, family="normal")
    assert all(name in refusal.value.what for name in ("rate", "alpha", "family"))


@pytest.mark.parametrize("effect", ["interaction", "between"])
def test_an_effect_that_no_moderation_excludes_is_refused(effect):
    with pytest.raises(SpecError, match=f"{effect} is given, but moderation"):
        EnglandSettings(moderation="none", **{effect: -0.2})
