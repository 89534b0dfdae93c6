"""Parameters of a prior pack in the model: the pack's distribution, and nothing else."""

from __future__ import annotations

import numpy as np
import pytensor
import pytest
from numpy.testing import assert_allclose

from bayesgrad.inference.laplace.partial import factor_of
from bayesgrad.model.arrays import model_arrays
from bayesgrad.model.graph import build_model
from bayesgrad.model.start import Start
from tests.model.forms import MODE
from tests.packs import pack_with, with_pack
from tests.small import drawn_design, spec_of


def model_of(pack, text="", *, outcomes=("referrals",), authorities=1):
    spec = with_pack(spec_of(text, outcomes=outcomes), pack)
    return build_model(spec, drawn_design(spec, authorities=authorities))


def values_at(model, z):
    """Value of each variable where the pack's coordinates are z."""
    always = ("intercept", "slope", "between", "interaction", "sd_intercept", "sd_slope")
    where_present = ("correlation", "effect_correlation", "overdispersion")
    names = [*always, *(name for name in where_present if name in model.named_vars)]
    evaluate = pytensor.function(
        [model["z_parameters"]],
        [model[name] for name in names],
        mode=MODE,
    )
    return dict(zip(names, evaluate(z), strict=True))


def expected_of(pack, z):
    """The pack's parameters at its coordinates, by variable, on their own scales."""
    found = pack.mean() + np.linalg.cholesky(pack.covariance()) @ z
    back = {"": lambda v: v, "log": np.exp, "atanh": np.tanh}
    return {
        block.variable: back[block.scale](found[block.place]).reshape(block.shape)
        for block in pack.blocks
    }


def test_parameters_are_the_packs_transformed_back():
    pack = pack_with()
    z = np.random.default_rng(4).normal(size=8)
    found = values_at(model_of(pack), z)
    for name, value in expected_of(pack, z).items():
        assert_allclose(found[name], value, rtol=1e-10, err_msg=name)


def test_partial_correlations_of_outcomes_make_the_correlations():
    outcomes = ("referrals", "plans")
    pack = pack_with(outcomes=outcomes, spread=0.3)
    z = np.random.default_rng(4).normal(size=len(pack.parameters.names))
    found = values_at(model_of(pack, outcomes=outcomes), z)
    expected = expected_of(pack, z)
    factor = factor_of(np.arctanh(expected.pop("partial_correlation")), 4)
    rows, columns = np.tril_indices(4, -1)
    whole = factor @ factor.T
    assert_allclose(found["effect_correlation"], whole[rows, columns], rtol=1e-10)
    assert_allclose(found["correlation"], whole[[1, 3], [0, 2]], rtol=1e-10)
    for name, value in expected.items():
        assert_allclose(found[name], value, rtol=1e-10, err_msg=name)


def test_no_default_prior_is_left():
    model = model_of(pack_with())
    assert {variable.name for variable in model.free_RVs} == {"z_parameters", "z"}


@pytest.mark.parametrize("parameterisation", ["partial", "centred", "non_centred"])
def test_one_authority_starts_at_draws_of_the_pack(parameterisation):
    text = f"[sampling]\nparameterisation = '{parameterisation}'\n"
    spec = with_pack(spec_of(text), pack_with())
    start = Start.of(spec, drawn_design(spec, authorities=1))
    shapes = {"z_parameters": (8,), "z": (1, 2, 1)}
    points = np.array([start.point(shapes, seed) for seed in range(400)])
    # The variance of 4,000 standard normal values has a standard error of 0.022.
    assert np.isfinite(points).all()
    assert points.var() == pytest.approx(1.0, abs=0.15)


def test_the_information_of_one_authority_is_finite():
    spec = with_pack(spec_of(), pack_with())
    arrays = model_arrays(spec, drawn_design(spec, authorities=1))
    assert all(np.isfinite(values).all() for values in arrays.values())
    factor = arrays["pack_factor"]
    assert_allclose(factor @ factor.T, spec.prior_pack.covariance(), rtol=1e-10)
