from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import minimize

from bayesgrad.inference.laplace.latent import Latent
from bayesgrad.inference.laplace.newton import find_mode
from tests.inference.laplace.cases import FULL, Case, case_of
from tests.inference.laplace.test_arrow import dense


def flat_of(latent: Latent) -> np.ndarray:
    return np.concatenate([latent.fixed, latent.standard.ravel()])


def latent_of(case: Case, flat: np.ndarray) -> Latent:
    size = len(case.latent.prior_mean)
    return Latent(flat[:size], flat[size:].reshape(-1, 2))


def named_values(case: Case) -> dict[str, np.ndarray]:
    """The point by the names that PyMC gives the values of the non-centred model."""
    hyper = case.hyper.at(case.theta)
    values = {
        "sd_intercept_log__": np.log(hyper.sd[:1]),
        "sd_slope_log__": np.log(hyper.sd[1:]),
        "z_intercept": case.point.standard[:, :1],
        "z_slope": case.point.standard[:, 1:],
    }
    if hyper.overdispersion is not None:
        values["overdispersion_log__"] = np.log([hyper.overdispersion])
    if case.hyper.correlation is not None:
        half = 0.5 * (1.0 + hyper.correlation)
        values["correlation_half_logodds__"] = np.log([half / (1.0 - half)])
    place = 0
    for block in case.latent.blocks:
        coefficients = case.point.fixed[place : place + block.size]
        place += block.size
        values[block.name] = coefficients if block.dim is None else coefficients[None, :]
    return values


def test_the_log_density_is_that_of_the_pymc_model(case):
    import pymc as pm

    from bayesgrad.model.graph import build_model

    model = build_model(case.spec, case.design)
    with pm.Model():
        theirs = model.compile_logp(mode="FAST_COMPILE")(named_values(case))
    hyper = case.hyper.at(case.theta)
    ours = case.latent.evaluate(case.point, hyper).value + case.hyper.log_prior(case.theta)
    if case.hyper.correlation is not None:
        ours += np.log(0.5)  # the log odds of (1 + rho) / 2 are 2 artanh(rho)
    assert_allclose(ours, float(theirs), rtol=1e-9)


def test_gradient_and_curvature_are_those_of_finite_differences(case):
    hyper = case.hyper.at(case.theta)

    def evaluation(flat):
        return case.latent.evaluate(latent_of(case, flat), hyper)

    flat = flat_of(case.point)
    here = evaluation(flat)
    shifts = 1e-5 * np.eye(len(flat))
    ends = [(evaluation(flat + shift), evaluation(flat - shift)) for shift in shifts]
    slopes = [(up.value - down.value) / 2e-5 for up, down in ends]
    bends = [(flat_of(up.gradient) - flat_of(down.gradient)) / 2e-5 for up, down in ends]
    assert_allclose(flat_of(here.gradient), slopes, atol=2e-3, rtol=1e-5)
    assert_allclose(dense(here.curvature), -np.array(bends), atol=1e-3, rtol=1e-5)


def test_effects_and_latent_vector_are_each_other(case):
    hyper = case.hyper.at(case.theta)
    back = case.latent.standardised(case.latent.effects(case.point, hyper), hyper)
    assert_allclose(flat_of(back), flat_of(case.point), rtol=1e-9, atol=1e-11)


def test_the_mode_is_that_of_a_general_optimiser(case):
    hyper = case.hyper.at(case.theta)

    def objective(flat):
        here = case.latent.evaluate(latent_of(case, flat), hyper)
        return -here.value, -flat_of(here.gradient)

    expected = minimize(
        objective, flat_of(case.point), jac=True, method="BFGS", options={"gtol": 1e-6}
    )
    found = find_mode(case.latent, hyper, start=case.point)
    assert found.converged
    assert_allclose(flat_of(found.latent), expected.x, atol=2e-4)
    assert found.value >= -expected.fun - 1e-8


@pytest.mark.parametrize("away", [-30.0, 30.0, 1000.0])
def test_the_mode_is_found_from_far_away(away):
    case = case_of(FULL)
    hyper = case.hyper.at(case.theta)
    near = find_mode(case.latent, hyper, start=case.point)
    far = find_mode(case.latent, hyper, start=latent_of(case, flat_of(case.point) + away))
    assert far.converged
    assert_allclose(flat_of(far.latent), flat_of(near.latent), atol=1e-4)


@pytest.mark.parametrize("extreme", [-14.0, 4.0])
def test_the_mode_is_found_where_effects_hardly_vary_or_vary_wildly(extreme):
    case = case_of("")
    hyper = case.hyper.at(np.array([extreme, extreme, 8.0, -1.0]))
    assert find_mode(case.latent, hyper, start=case.point).converged
