from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from bayesgrad.compat.code_on_disk import one_at_a_time
from bayesgrad.inference import compiled as module
from bayesgrad.inference.compiled import compile_model
from bayesgrad.inference.nuts import Sampler
from bayesgrad.model.arrays import DRAWN, model_arrays
from bayesgrad.model.graph import build_model
from tests.inference.joint import joint_design, joint_spec


@pytest.fixture(scope="module")
def model(england_spec, england_design):
    return build_model(england_spec, england_design)


@pytest.fixture(scope="module")
def joint_model():
    return build_model(joint_spec(), joint_design())


@pytest.fixture(scope="module")
def behind_a_lock(model):
    """The compiled model where PyTensor's private parts are not as this version knows them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "without_lock", lambda function, _: one_at_a_time(function))
        return compile_model(model, names=[name for name in DRAWN if name in model.named_vars])


def drawn_points(size: int, count: int = 3) -> np.ndarray:
    return np.random.default_rng(1).normal(0.0, 0.1, (count, size))


def assert_density_is_that_of_pymc(model, compiled) -> None:
    density = model.logp_dlogp_function(ravel_inputs=True, mode="FAST_COMPILE")
    density.set_extra_values({})
    for point in drawn_points(compiled.size):
        value, gradient = compiled.density(point)
        expected, expected_gradient = density(point)
        assert_allclose(value, float(expected), rtol=1e-10)
        assert_allclose(gradient, expected_gradient, rtol=1e-8, atol=1e-8)


def test_the_log_density_is_that_of_pymc(model, england_sampler):
    assert_density_is_that_of_pymc(model, england_sampler.compiled)


@pytest.mark.full
def test_so_is_that_of_several_outcomes_in_strata(joint_model, joint_sampler):
    assert_density_is_that_of_pymc(joint_model, joint_sampler.compiled)


def test_an_evaluation_leaves_its_point_as_it_was(joint_sampler):
    (point,) = drawn_points(joint_sampler.compiled.size, 1)
    before = point.copy()
    first, again = (joint_sampler.compiled.density(point) for _ in range(2))
    assert_array_equal(point, before)
    assert first[0] == again[0]
    assert_array_equal(first[1], again[1])


def test_the_free_variables_stand_one_after_another(model, england_sampler):
    compiled = england_sampler.compiled
    assert list(compiled.layout) == [variable.name for variable in model.free_RVs]
    ends = [block.place.stop for block in compiled.layout.values()]
    assert [block.place.start for block in compiled.layout.values()] == [0, *ends[:-1]]
    assert ends[-1] == compiled.size


def assert_expansion_is_that_of_pymc(model, compiled) -> None:
    points = drawn_points(compiled.size)
    expanded = compiled.expand(points)
    names = list(expanded)
    values = {v.name: v for v in model.unobserved_value_vars}
    one_by_one = model.compile_fn([values[name] for name in names], mode="FAST_COMPILE")
    value_names = [model.rvs_to_values[variable].name for variable in model.free_RVs]
    for k, point in enumerate(points):
        given = {
            value: point[block.place].reshape(block.shape)
            for value, block in zip(value_names, compiled.layout.values(), strict=True)
        }
        for name, expected in zip(names, one_by_one(given), strict=True):
            assert_allclose(expanded[name][k], expected, rtol=1e-12, err_msg=name)


def test_expanded_variables_are_those_of_pymc(model, england_sampler):
    assert_expansion_is_that_of_pymc(model, england_sampler.compiled)


@pytest.mark.full
def test_so_are_those_of_several_outcomes_in_strata(joint_model, joint_sampler):
    assert_expansion_is_that_of_pymc(joint_model, joint_sampler.compiled)


@pytest.mark.full
def test_behind_a_lock_the_density_is_the_same(behind_a_lock, england_sampler):
    for point in drawn_points(behind_a_lock.size):
        value, gradient = behind_a_lock.density(point)
        expected, expected_gradient = england_sampler.compiled.density(point)
        assert_allclose(value, expected, rtol=1e-12)
        assert_allclose(gradient, expected_gradient, rtol=1e-10, atol=1e-10)


@pytest.mark.ci
@pytest.mark.slow
def test_behind_a_lock_the_draws_have_the_same_posterior(
    behind_a_lock, england_sampler, england_spec
):
    locked = dataclasses.replace(england_sampler, compiled=behind_a_lock)
    ours, theirs = (
        sampler.sample(england_spec.sampling, progress=False)["posterior"].to_dataset()
        for sampler in (england_sampler, locked)
    )
    assert set(ours.data_vars) == set(theirs.data_vars)
    for name in ours.data_vars:
        assert ours[name].dims == theirs[name].dims
        mean = ours[name].mean(("chain", "draw")) - theirs[name].mean(("chain", "draw"))
        # Some 20 quantities, 400 effective draws or more each: 0.35 sd is 5 standard errors.
        assert float(abs(mean / ours[name].std(("chain", "draw"))).max()) < 0.35, name


def test_other_data_take_the_place_of_the_first(england_sampler, england_spec, england_design):
    doubled = dataclasses.replace(
        england_design,
        rows=dataclasses.replace(england_design.rows, exposure=2 * england_design.rows.exposure),
    )
    refitted = england_sampler.with_design(doubled).compiled
    wanted = model_arrays(england_spec, doubled)
    for name, array in refitted.arrays.items():
        assert_allclose(array, wanted[name])
    # Twice the exposure is an intercept that is lower by ln 2, but for the priors.
    fresh = Sampler.compile(england_spec, doubled).compiled
    point = drawn_points(fresh.size)[0]
    assert_allclose(refitted.density(point)[0], fresh.density(point)[0], rtol=1e-12)


@pytest.mark.full
def test_so_do_those_of_several_outcomes_in_strata(joint_sampler):
    other = joint_design(seed=2)
    refitted = joint_sampler.with_design(other).compiled
    wanted = model_arrays(joint_spec(), other)
    assert set(refitted.arrays) == set(wanted)
    for name, array in refitted.arrays.items():
        assert_allclose(array, wanted[name])
    fresh = build_model(joint_spec(), other)
    density = fresh.logp_dlogp_function(ravel_inputs=True, mode="FAST_COMPILE")
    density.set_extra_values({})
    point = drawn_points(refitted.size)[0]
    expected, expected_gradient = density(point)
    value, gradient = refitted.density(point)
    assert_allclose(value, float(expected), rtol=1e-10)
    assert_allclose(gradient, expected_gradient, rtol=1e-8, atol=1e-8)
    assert abs(value - joint_sampler.compiled.density(point)[0]) > 1.0
