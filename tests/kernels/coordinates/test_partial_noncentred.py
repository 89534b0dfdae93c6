from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from bayesgrad.kernels.coordinates.partial_noncentred import (
    contrasts_backward,
    contrasts_forward,
)


class Case(NamedTuple):
    sd: np.ndarray
    z: np.ndarray
    basis: np.ndarray
    information: np.ndarray
    pull: np.ndarray


def case_of(strength: float, sets: int = 3, size: int = 5, contrasts: int = 4) -> Case:
    rng = np.random.default_rng(1)
    return Case(
        sd=rng.uniform(0.05, 1.5, sets),
        z=rng.normal(size=(sets, contrasts)),
        basis=rng.normal(size=(sets, size, contrasts)),
        information=strength * rng.uniform(0.0, 1.0, (sets, contrasts)),
        pull=strength * rng.normal(size=(sets, contrasts)),
    )


def forward(case: Case) -> tuple[np.ndarray, float]:
    values = np.full(case.basis.shape[:2], np.nan)
    density = contrasts_forward(*case, values)
    return values, density


@pytest.mark.parametrize("strength", [0.0, 3.0, 1e4])
def test_values_are_those_of_matrices(strength):
    case = case_of(strength)
    values, density = forward(case)
    expected = 0.0
    for s, sd in enumerate(case.sd):
        whole = np.eye(4) + sd**2 * np.diag(case.information[s])
        root = np.linalg.cholesky(whole)
        w = sd * np.linalg.solve(whole, case.pull[s]) + np.linalg.solve(root.T, case.z[s])
        assert_allclose(values[s], sd * case.basis[s] @ w, rtol=1e-12)
        expected += -0.5 * w @ w - np.log(np.diag(root)).sum()
    assert_allclose(density, expected, rtol=1e-12)


def test_the_density_is_that_of_the_prior_after_a_change_of_variables():
    case = case_of(5.0, sets=1, size=4)
    values, density = forward(case)
    covariance = case.sd[0] ** 2 * case.basis[0] @ case.basis[0].T
    prior = stats.multivariate_normal.logpdf(values[0], cov=covariance)
    steps = [
        (forward(case._replace(z=case.z + step))[0] - forward(case._replace(z=case.z - step))[0])[0]
        for step in 0.5 * np.eye(4)
    ]
    jacobian = np.linalg.slogdet(np.array(steps))[1]
    assert_allclose(density - 2.0 * np.log(2.0 * np.pi), prior + jacobian, rtol=1e-9)


def test_without_information_the_coordinates_are_those_of_the_prior():
    case = case_of(0.0)
    values, density = forward(case)
    assert_allclose(values, np.einsum("s,skr,sr->sk", case.sd, case.basis, case.z), rtol=1e-12)
    assert_allclose(density, -0.5 * (case.z**2).sum(), rtol=1e-12)


@pytest.mark.parametrize("strength", [0.0, 3.0, 1e3])
def test_gradients_agree_with_finite_differences(strength):
    case = case_of(strength)
    d_values, d_density = np.random.default_rng(2).normal(size=case.basis.shape[:2]), 0.7
    d_sd, d_z, d_pull = (np.full_like(part, np.nan) for part in (case.sd, case.z, case.pull))
    contrasts_backward(*case, d_values, d_density, d_sd, d_z, d_pull)

    def total(changed: Case) -> float:
        values, density = forward(changed)
        return float((values * d_values).sum() + d_density * density)

    for found, name in ((d_sd, "sd"), (d_z, "z"), (d_pull, "pull")):
        array = getattr(case, name)
        for index in np.ndindex(array.shape):
            ends = []
            for sign in (1, -1):
                moved = array.copy()
                moved[index] += sign * 1e-6
                ends.append(total(case._replace(**{name: moved})))
            assert_allclose(found[index], (ends[0] - ends[1]) / 2e-6, rtol=1e-5, atol=1e-5)
