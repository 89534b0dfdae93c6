"""The bases of moderation and of the common curve, and the spline that both use."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from bayesgrad.design.curvature import CommonCurve
from bayesgrad.design.moderation import ModerationBasis
from bayesgrad.design.splines import bend, knots_of
from bayesgrad.errors import DataError

DEPRIVATION = np.array([0.05, 0.08, 0.11, 0.12, 0.15, 0.18, 0.19, 0.25])
MEAN = 0.14125
FORMS = ("none", "linear", "log", "spline")


def basis_of(form: str, unit: float = 0.1) -> ModerationBasis:
    return ModerationBasis.of(form, DEPRIVATION, unit=unit)


def curve_of(form: str, at: float = 0.14) -> CommonCurve:
    areas = np.random.default_rng(1).uniform(0.01, 0.6, 200)
    return CommonCurve.of(form, areas, at=at, unit=0.1)


def test_linear_and_log_moderation_by_hand():
    at = np.array([0.24125, 2 * MEAN])
    assert_allclose(basis_of("linear").at(at), [[1.0], [1.4125]])
    assert_allclose(basis_of("log").at(at)[1], [np.log(2)])
    assert basis_of("none").at(at).shape == (2, 0)


@pytest.mark.parametrize("form", FORMS)
def test_moderation_is_zero_at_the_mean_authority(form):
    basis = basis_of(form)
    assert basis.mean == pytest.approx(MEAN, rel=1e-15)
    values = basis.at(np.array([basis.mean]))
    assert values.shape == (1, len(basis.terms))
    assert_allclose(values, 0.0, atol=1e-14)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("unit", [0.1, 0.05])
def test_derivative_of_moderation_agrees_with_finite_differences(form, unit):
    basis = basis_of(form, unit)
    step = 1e-6
    around = basis.at(np.array([basis.mean - step, basis.mean + step]))
    assert_allclose(basis.derivative(), unit * (around[1] - around[0]) / (2 * step), atol=1e-8)


def test_terms_name_the_columns():
    assert basis_of("none").terms == ()
    assert basis_of("log").terms == ("log",)
    assert basis_of("linear").terms == ("linear",)
    assert basis_of("spline").terms == ("linear", "spline 1", "spline 2")
    assert curve_of("none").terms == ()
    assert curve_of("quadratic").terms == ("quadratic",)
    assert curve_of("spline").terms == ("spline 1", "spline 2")


def test_log_moderation_is_undefined_at_zero_and_below():
    values = basis_of("log").at(np.array([-0.02, 0.0, 0.1]))
    assert np.isnan(values[:2]).all()
    assert np.isfinite(values[2]).all()


def test_log_moderation_of_an_authority_without_deprivation_is_refused():
    with pytest.raises(DataError, match="log moderation needs authority deprivation above 0"):
        ModerationBasis.of("log", np.array([0.0, 0.1]), unit=0.1)


def test_bends_of_moderation_have_a_standard_deviation_of_1_over_authorities():
    assert_allclose(basis_of("spline").at(DEPRIVATION)[:, 1:].std(axis=0), 1.0)


def test_bends_of_the_curve_have_a_standard_deviation_of_1_over_areas():
    areas = np.random.default_rng(1).uniform(0.01, 0.6, 200)
    assert_allclose(curve_of("spline").at(areas).std(axis=0), 1.0)


@pytest.mark.parametrize("form", ["quadratic", "spline"])
def test_the_curve_has_value_and_slope_0_at_the_mean(form):
    curve = curve_of(form)
    step = 1e-5
    before, at, after = curve.at(np.array([0.14 - step, 0.14, 0.14 + step]))
    assert_allclose(at, 0.0, atol=1e-14)
    assert_allclose((after - before) / (2 * step), 0.0, atol=1e-5)
    assert np.abs(curve.at(np.array([0.4]))).min() > 0.1


def test_the_quadratic_curve_is_in_units():
    assert_allclose(curve_of("quadratic").at(np.array([0.34, 0.04])), [[4.0], [1.0]])


def test_a_spline_is_linear_beyond_its_outer_knots():
    knots = np.array([0.1, 0.2, 0.3, 0.4])
    for outside in (np.linspace(-0.3, 0.1, 9), np.linspace(0.4, 0.9, 9)):
        columns = bend(outside, knots, at=0.25)
        assert_allclose(np.diff(columns, n=2, axis=0), 0.0, atol=1e-13)
    assert np.abs(np.diff(bend(np.linspace(0.1, 0.4, 9), knots, at=0.25), n=2, axis=0)).max() > 1e-4


def test_a_spline_of_three_knots_agrees_with_the_formula_of_its_one_column():
    knots, values = np.array([0.0, 1.0, 3.0]), np.array([-1.0, 0.5, 2.0, 4.0])

    def cube(v):
        return np.maximum(v, 0.0) ** 3

    def column(v):
        return (cube(v) - cube(v - 3)) / 3 - (cube(v - 1) - cube(v - 3)) / 2

    assert_allclose(bend(values, knots, at=-5.0)[:, 0], column(values))
    slope = 3 * 2.0**2 / 3 - 3 * 1.0**2 / 2
    expected = column(values) - column(np.array(2.0)) - slope * (values - 2.0)
    assert_allclose(bend(values, knots, at=2.0)[:, 0], expected)


def test_the_second_derivative_of_a_spline_is_continuous_at_its_knots():
    knots, step = np.array([0.1, 0.2, 0.3, 0.4]), 1e-4
    for knot in knots:
        near = knot + step * np.array([-2, -1, 0, 1, 2])
        second = np.diff(bend(near, knots, at=0.25), n=2, axis=0) / step**2
        assert np.ptp(second, axis=0).max() < 0.1  # the second derivative itself reaches 6


def test_knots_lie_at_quantiles_and_repeated_ones_are_merged():
    assert_allclose(knots_of(np.linspace(0, 1, 101)), [0.05, 0.35, 0.65, 0.95])
    assert_allclose(knots_of(np.array([0.0] * 50 + [1.0] * 50)), [0.0, 1.0])


def test_too_few_distinct_values_for_a_spline_are_refused():
    with pytest.raises(DataError, match=r"at least 4 distinct values.* 100 authorities have 2"):
        ModerationBasis.of("spline", np.repeat([0.1, 0.2], 50), unit=0.1)
    with pytest.raises(DataError, match=r"at least 4 distinct values.* the 3 authorities have 2"):
        ModerationBasis.of("spline", np.array([0.1, 0.1, 0.2]), unit=0.1)
    with pytest.raises(DataError, match=r"at least 4 distinct values.* the areas have 1"):
        CommonCurve.of("spline", np.full(9, 0.1), at=0.1, unit=0.1)
