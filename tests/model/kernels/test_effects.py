from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from numpy.testing import assert_allclose

from bayesgrad.model.kernels import Systematic, effects_backward, effects_forward

BLOCKS, TERMS = 2, 3
SHAPES = [(5, 2), (130, 2), (300, 1), (140, 4)]
"""Numbers of authorities, fewer and more than are worked on at a time, and of effects."""


class Case(NamedTuple):
    factor: np.ndarray
    systematic: Systematic
    z: np.ndarray
    information: np.ndarray
    pull: np.ndarray


def case_of(authorities: int, size: int, strength: float = 3.0) -> Case:
    rng = np.random.default_rng(1)
    lower = np.tril(rng.normal(0.0, 0.2, (BLOCKS, size, size))) + 0.3 * np.eye(size)
    root = strength * rng.normal(size=(BLOCKS, authorities, size, size))
    rows = np.tril_indices(size)
    return Case(
        factor=np.ascontiguousarray(lower[:, rows[0], rows[1]].T),
        systematic=Systematic(
            rng.normal(size=(BLOCKS, size, TERMS)), rng.normal(size=(TERMS, authorities))
        ),
        z=rng.normal(size=(BLOCKS, size, authorities)),
        information=np.ascontiguousarray((root @ root.transpose(0, 1, 3, 2)).transpose(0, 2, 3, 1)),
        pull=strength * rng.normal(size=(BLOCKS, size, authorities)),
    )


def lower_of(case: Case, block: int) -> np.ndarray:
    size = case.z.shape[1]
    matrix = np.zeros((size, size))
    matrix[np.tril_indices(size)] = case.factor[:, block]
    return matrix


def by_the_book(case: Case) -> tuple[np.ndarray, float]:
    """The same with matrices, one authority at a time."""
    effects, density = np.empty_like(case.z), 0.0
    blocks, size, authorities = case.z.shape
    for b, j in np.ndindex(blocks, authorities):
        c, h = lower_of(case, b), case.information[b, :, :, j]
        mean = case.systematic.coefficient[b] @ case.systematic.columns[:, j]
        lower = np.linalg.cholesky(np.eye(size) + c.T @ h @ c)
        t = c.T @ (case.pull[b, :, j] - h @ mean)
        w = np.linalg.solve(lower.T, np.linalg.solve(lower, t) + case.z[b, :, j])
        effects[b, :, j] = mean + c @ w
        density += -0.5 * w @ w - np.log(np.diag(lower)).sum()
    return effects, density


def forward(case: Case) -> tuple[np.ndarray, float]:
    effects = np.empty_like(case.z)
    density = effects_forward(*case, effects)
    return effects, density


@pytest.mark.parametrize(("authorities", "size"), SHAPES)
@pytest.mark.parametrize("strength", [0.0, 3.0, 1e3])
def test_effects_are_those_of_matrices(authorities, size, strength):
    case = case_of(authorities, size, strength)
    effects, density = forward(case)
    expected, expected_density = by_the_book(case)
    assert_allclose(effects, expected, rtol=1e-8, atol=1e-8)
    assert_allclose(density, expected_density, rtol=1e-9)


def test_without_information_the_coordinates_are_the_non_centred_ones():
    case = case_of(7, 2, strength=0.0)
    effects, density = forward(case)
    for b in range(BLOCKS):
        mean = case.systematic.coefficient[b] @ case.systematic.columns
        assert_allclose(effects[b], mean + lower_of(case, b) @ case.z[b], rtol=1e-12)
    assert_allclose(density, -0.5 * (case.z**2).sum(), rtol=1e-12)


@pytest.mark.parametrize(("authorities", "size"), SHAPES)
def test_gradients_agree_with_finite_differences(authorities, size):
    case = case_of(authorities, size)
    rng = np.random.default_rng(2)
    d_effects, d_density = rng.normal(size=case.z.shape), 0.7
    d_factor, d_z = np.empty_like(case.factor), np.empty_like(case.z)
    d_coefficient = np.empty_like(case.systematic.coefficient)
    effects_backward(*case, d_effects, d_density, d_factor, d_coefficient, d_z)

    def total(changed: Case) -> float:
        effects, density = forward(changed)
        return float((effects * d_effects).sum() + d_density * density)

    def difference(with_array, array: np.ndarray, index: tuple[int, ...]) -> float:
        ends = []
        for sign in (1, -1):
            moved = array.copy()
            moved[index] += sign * 1e-6
            ends.append(total(with_array(moved)))
        return (ends[0] - ends[1]) / 2e-6

    for found, array, with_array in (
        (d_factor, case.factor, lambda a: case._replace(factor=a)),
        (d_z, case.z, lambda a: case._replace(z=a)),
        (
            d_coefficient,
            case.systematic.coefficient,
            lambda a: case._replace(systematic=case.systematic._replace(coefficient=a)),
        ),
    ):
        for flat in rng.choice(array.size, min(array.size, 12), replace=False):
            index = np.unravel_index(flat, array.shape)
            expected = difference(with_array, array, index)
            assert_allclose(found[index], expected, rtol=1e-5, atol=1e-4)
