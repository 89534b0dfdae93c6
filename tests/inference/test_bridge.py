from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from bayesgrad.inference import bridge
from bayesgrad.inference.nuts import Sampler
from bayesgrad.model.arrays import model_arrays
from bayesgrad.model.graph import build_model


@pytest.fixture(scope="module")
def fallback(england_spec, england_design):
    """The sampler where the private parts of other libraries are not as this version knows them."""

    def changed(*_, **__):
        raise AttributeError("no such part")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bridge.DirectModel, "compile", changed)
        return Sampler.compile(england_spec, england_design)


def test_the_direct_route_is_taken_where_it_can_be(england_sampler):
    assert isinstance(england_sampler.compiled, bridge.DirectModel)


def test_the_fallback_has_the_same_posterior(fallback, england_sampler, england_spec):
    assert isinstance(fallback.compiled, bridge.WrappedModel)
    ours, theirs = (
        sampler.sample(england_spec.sampling, progress=False)["posterior"].to_dataset()
        for sampler in (england_sampler, fallback)
    )
    assert set(ours.data_vars) == set(theirs.data_vars)
    for name in ours.data_vars:
        assert ours[name].dims == theirs[name].dims
        mean = ours[name].mean(("chain", "draw")) - theirs[name].mean(("chain", "draw"))
        # Some 20 quantities, 400 effective draws or more each: 0.35 sd is 5 standard errors.
        assert float(abs(mean / ours[name].std(("chain", "draw"))).max()) < 0.35, name


def test_the_fallback_refits_other_data(fallback, england_spec, england_design):
    doubled = dataclasses.replace(
        england_design,
        rows=dataclasses.replace(england_design.rows, exposure=2 * england_design.rows.exposure),
    )
    shared = fallback.with_design(doubled).compiled.compiled.shared_data.values()
    wanted = model_arrays(england_spec, doubled)["row_log_exposure"]
    assert any(array.shape == wanted.shape and np.array_equal(array, wanted) for array in shared)


def test_the_log_density_is_that_of_pymc(england_spec, england_design, england_sampler):
    model = build_model(england_spec, england_design)
    density = model.logp_dlogp_function(ravel_inputs=True, mode="FAST_COMPILE")
    density.set_extra_values({})
    point = np.random.default_rng(1).normal(0.0, 0.1, england_sampler.compiled.size)
    value, gradient = england_sampler.compiled.density(point)
    expected, expected_gradient = density(point)
    assert np.isclose(float(value), float(expected), rtol=1e-10)
    np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-8, atol=1e-8)
