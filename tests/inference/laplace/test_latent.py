from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import minimize

from bayesgrad.inference.laplace.latent import Latent
from bayesgrad.inference.laplace.newton import find_mode
from bayesgrad.model.strata import strata_kinds
from tests.inference.laplace.cases import FORMS, FULL, Case, case_of
from tests.inference.laplace.test_arrow import dense
from tests.tiers import quick

FEW = ("default", "splines", "strata, full", "two outcomes in strata")


def flat_of(latent: Latent) -> np.ndarray:
    return np.concatenate([latent.fixed, latent.standard.ravel()])


def latent_of(case: Case, flat: np.ndarray) -> Latent:
    size = len(case.latent.fixed.prior_mean)
    return Latent(flat[:size], flat[size:].reshape(case.latent.shape))


def named_values(case: Case) -> dict[str, np.ndarray]:
    """The point by the names of PyMC's variables of the non-centred model."""
    hyper, fixed = case.hyper, case.latent.fixed
    values = hyper.by_block(np.exp(case.theta))
    for name in values:
        if name.startswith("sd_stratum"):
            values[name] = values[name].reshape(fixed.outcomes, -1)
    if hyper.pairs:
        values["correlation_half"] = 0.5 * (1.0 + np.tanh(case.theta[hyper.scales :]))
    standard = case.point.standard.reshape(-1, fixed.outcomes, 2)
    values["z"] = standard.transpose(1, 2, 0)
    values |= {name: values for name, (_, values) in fixed.named(case.point.fixed).items()}
    contrasts = fixed.by_outcome(case.point.fixed)[:, fixed.contrasts]
    place = 0
    for kind in strata_kinds(case.spec):
        for c, component in enumerate(case.design.strata_components):
            size = component.basis.shape[1]
            values[f"z_stratum_{kind}_{c}"] = contrasts[:, place : place + size]
            place += size
    return values


def on_the_natural_scale(case: Case, log_prior: float) -> float:
    """Log density of hyperparameters, of partial correlations as (1 + r) / 2."""
    logs, artanh = np.split(case.theta, [case.hyper.scales])
    return log_prior - logs.sum() + 2.0 * np.log(np.cosh(artanh)).sum() + len(artanh) * np.log(2.0)


@pytest.mark.parametrize("case", quick(FORMS, *FEW), indirect=True)
def test_the_log_density_is_that_of_the_pymc_model(case):
    from bayesgrad.model.graph import build_model

    model = build_model(case.spec, case.design)
    values = named_values(case)
    point = {}
    for variable in model.free_RVs:
        transform, value = model.rvs_to_transforms[variable], values[variable.name]
        if transform is not None:
            forward = transform.forward(value, *variable.owner.inputs)
            (data,) = model.replace_rvs_by_values([forward]) or (forward,)
            value = data.eval(mode="FAST_COMPILE")
        point[model.rvs_to_values[variable].name] = value
    theirs = model.compile_logp(mode="FAST_COMPILE", jacobian=False)(point)
    ours = case.latent.evaluate(case.point, case.hyper.at(case.theta)).value
    ours += on_the_natural_scale(case, case.hyper.log_prior(case.theta))
    # Some constants of PyMC's priors are in single precision.
    assert_allclose(ours, float(theirs), rtol=1e-7)


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
    hyper = case.hyper.at(np.array([extreme, extreme, -1.0, 8.0]))
    assert find_mode(case.latent, hyper, start=case.point).converged
