from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from bayesgrad.kernels.coordinates.partial_noncentred import (
    KnownContrasts,
    contrasts_backward,
    contrasts_forward,
)

OUTCOMES, AUTHORITIES, SIZE, CONTRASTS, STRATA = 2, 3, 5, 4, 6


class Case(NamedTuple):
    sd: np.ndarray
    z: np.ndarray
    national: np.ndarray
    known: KnownContrasts


def case_of(strength: float, *, authorities: int = AUTHORITIES, size: int = SIZE) -> Case:
    rng = np.random.default_rng(1)
    sets = OUTCOMES * authorities
    responds = authorities > 1
    response = rng.normal(size=(sets, CONTRASTS, STRATA)) if responds else np.zeros((0, 0, 0))
    return Case(
        sd=rng.uniform(0.05, 1.5, OUTCOMES),
        z=rng.normal(size=sets * CONTRASTS),
        national=rng.normal(size=(OUTCOMES, STRATA)) if responds else np.zeros((0, 0)),
        known=KnownContrasts(
            basis=rng.normal(size=(sets, size, CONTRASTS)),
            information=strength * rng.uniform(0.0, 1.0, (sets, CONTRASTS)),
            pull=strength * rng.normal(size=(sets, CONTRASTS)),
            response=strength * response,
            mode=rng.normal(size=(OUTCOMES, STRATA)) if responds else np.zeros((0, 0)),
        ),
    )


def pulls(case: Case) -> np.ndarray:
    """Pull of every set given the nation's strata."""
    if not len(case.known.response):
        return case.known.pull
    moved = np.repeat(case.national - case.known.mode, AUTHORITIES, axis=0)
    return case.known.pull - np.einsum("srk,sk->sr", case.known.response, moved)


def forward(case: Case) -> tuple[np.ndarray, float]:
    """Values by set, (sets, n), and the log density."""
    sets, size, _ = case.known.basis.shape
    values = np.full(sets * size, np.nan)
    density = contrasts_forward(*case, values)
    by_authority = values.reshape(-1, OUTCOMES, size)
    return by_authority.swapaxes(0, 1).reshape(sets, size), density


@pytest.mark.parametrize("authorities", [1, AUTHORITIES])
@pytest.mark.parametrize("strength", [0.0, 3.0, 1e4])
def test_values_are_those_of_matrices(strength, authorities):
    case = case_of(strength, authorities=authorities)
    values, density = forward(case)
    sd = np.repeat(case.sd, authorities)
    pull, expected = pulls(case), 0.0
    for s, z in enumerate(case.z.reshape(-1, CONTRASTS)):
        whole = np.eye(CONTRASTS) + sd[s] ** 2 * np.diag(case.known.information[s])
        root = np.linalg.cholesky(whole)
        w = sd[s] * np.linalg.solve(whole, pull[s]) + np.linalg.solve(root.T, z)
        assert_allclose(values[s], sd[s] * case.known.basis[s] @ w, rtol=1e-12)
        expected += stats.norm.logpdf(w).sum() - np.log(np.diag(root)).sum()
    assert_allclose(density, expected, rtol=1e-12)


def test_the_density_is_that_of_the_prior_after_a_change_of_variables():
    case = case_of(5.0, authorities=1, size=CONTRASTS)
    values, density = forward(case)
    prior = 0.0
    for sd, basis, v in zip(case.sd, case.known.basis, values, strict=True):
        prior += stats.multivariate_normal.logpdf(v, cov=sd**2 * basis @ basis.T)
    changes = [
        (forward(case._replace(z=case.z + step))[0] - forward(case._replace(z=case.z - step))[0])
        for step in 0.5 * np.eye(len(case.z))
    ]
    jacobian = np.linalg.slogdet(np.array(changes).reshape(len(case.z), -1))[1]
    assert_allclose(density, prior + jacobian, rtol=1e-9)


def test_without_information_the_coordinates_are_those_of_the_prior():
    case = case_of(0.0)
    values, density = forward(case)
    sd, z = np.repeat(case.sd, AUTHORITIES), case.z.reshape(-1, CONTRASTS)
    assert_allclose(values, np.einsum("s,skr,sr->sk", sd, case.known.basis, z), rtol=1e-12)
    assert_allclose(density, stats.norm.logpdf(case.z).sum(), rtol=1e-12)


@pytest.mark.parametrize("authorities", [1, AUTHORITIES])
@pytest.mark.parametrize("strength", [0.0, 3.0, 1e3])
def test_gradients_agree_with_finite_differences(strength, authorities):
    case = case_of(strength, authorities=authorities)
    sets, size, _ = case.known.basis.shape
    d_values, d_density = np.random.default_rng(2).normal(size=sets * size), 0.7
    filled = {name: np.full_like(getattr(case, name), np.nan) for name in ("sd", "z", "national")}
    contrasts_backward(*case, d_values, d_density, *filled.values())

    def total(changed: Case) -> float:
        values = np.empty(sets * size)
        density = contrasts_forward(*changed, values)
        return float((values * d_values).sum() + d_density * density)

    for name, found in filled.items():
        array = getattr(case, name)
        for index in np.ndindex(array.shape):
            ends = []
            for sign in (1, -1):
                moved = array.copy()
                moved[index] += sign * 1e-6
                ends.append(total(case._replace(**{name: moved})))
            expected = (ends[0] - ends[1]) / 2e-6
            assert_allclose(found[index], expected, rtol=1e-5, atol=1e-5)
