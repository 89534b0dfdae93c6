from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from bayesgrad.inference.laplace.arrow import Arrow


def drawn_arrow(*, blocks: int, effects: int, shared: int) -> Arrow:
    rng = np.random.default_rng(4)
    roots = rng.normal(size=(blocks, effects, effects + 2))
    border = 0.4 * rng.normal(size=(blocks, effects, shared))
    return Arrow(
        corner=30.0 * np.eye(shared) + blocks * np.ones((shared, shared)),
        border=border,
        blocks=roots @ roots.transpose(0, 2, 1) + np.eye(effects),
    )


def dense(arrow: Arrow) -> np.ndarray:
    count, effects, shared = arrow.border.shape
    whole = np.zeros((shared + count * effects,) * 2)
    whole[:shared, :shared] = arrow.corner
    for j in range(count):
        own = slice(shared + j * effects, shared + (j + 1) * effects)
        whole[own, own] = arrow.blocks[j]
        whole[own, :shared] = arrow.border[j]
        whole[:shared, own] = arrow.border[j].T
    return whole


@pytest.fixture(params=[(4, 2, 3), (7, 5, 2), (1, 1, 1)])
def arrow(request) -> Arrow:
    blocks, effects, shared = request.param
    return drawn_arrow(blocks=blocks, effects=effects, shared=shared)


def test_solving_and_the_determinant_are_those_of_the_dense_matrix(arrow):
    count, effects, shared = arrow.border.shape
    right = np.random.default_rng(1).normal(size=shared + count * effects)
    factor = arrow.factor()
    found = factor.solve(right[:shared], right[shared:].reshape(count, effects))
    assert_allclose(
        np.concatenate([found[0], found[1].ravel()]),
        np.linalg.solve(dense(arrow), right),
        rtol=1e-10,
        atol=1e-12,
    )
    assert_allclose(factor.log_determinant(), np.linalg.slogdet(dense(arrow))[1], rtol=1e-12)


def test_coloured_numbers_have_the_inverse_as_covariance(arrow):
    # The map of standard normal numbers is linear: its matrix times its transpose is the
    # covariance, with no draw needed.
    count, effects, shared = arrow.border.shape
    size = shared + count * effects
    units = np.eye(size)
    fixed, own = arrow.factor().colour(
        units[:, :shared], units[:, shared:].reshape(size, count, effects)
    )
    root = np.hstack([fixed, own.reshape(size, -1)])
    assert_allclose(root.T @ root, np.linalg.inv(dense(arrow)), rtol=1e-9, atol=1e-12)


def test_a_matrix_that_is_not_positive_definite_has_no_factor(arrow):
    with pytest.raises(np.linalg.LinAlgError):
        Arrow(arrow.corner - 1000.0, arrow.border, arrow.blocks).factor()
