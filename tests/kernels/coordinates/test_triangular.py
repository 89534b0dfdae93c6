from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from bayesgrad.kernels.coordinates import triangular
from tests.kernels.calling import from_python

add, cholesky_backward = from_python(triangular.add), from_python(triangular.cholesky_backward)
solve_lower, solve_upper = from_python(triangular.solve_lower), from_python(triangular.solve_upper)
unpacked = from_python(triangular.unpacked)

COUNT = 6


def drawn_lower(size: int) -> np.ndarray:
    """Matrices (size, size, COUNT)."""
    rng = np.random.default_rng(size)
    lower = np.tril(rng.normal(size=(COUNT, size, size))) + 3.0 * np.eye(size)
    return np.ascontiguousarray(np.moveaxis(lower, 0, 2))


def test_entries_stand_by_rows():
    entries = np.column_stack([np.zeros(6), np.arange(1.0, 7.0)])
    assert_allclose(unpacked(entries, 1, 3), [[1, 0, 0], [2, 3, 0], [4, 5, 6]])


def test_multiples_are_added_to_as_many_as_are_counted():
    out = np.ones(3)
    add(out, 2.0, np.array([1.0, 2.0, 3.0]), 2)
    assert_allclose(out, [3.0, 5.0, 1.0])


@pytest.mark.parametrize("size", [1, 2, 5])
def test_systems_are_solved_for_as_many_as_are_counted(size):
    lower, vectors = drawn_lower(size), np.random.default_rng(1).normal(size=(size, COUNT))
    down, up = vectors.copy(), vectors.copy()
    solve_lower(lower, down, COUNT - 1)
    solve_upper(lower, up, COUNT - 1)
    for j in range(COUNT - 1):
        assert_allclose(lower[:, :, j] @ down[:, j], vectors[:, j], rtol=1e-10)
        assert_allclose(lower[:, :, j].T @ up[:, j], vectors[:, j], rtol=1e-10)
    assert_allclose(down[:, -1], vectors[:, -1])
    assert_allclose(up[:, -1], vectors[:, -1])


@pytest.mark.parametrize("size", [1, 2, 5])
def test_the_way_back_of_cholesky_agrees_with_finite_differences(size):
    lower = drawn_lower(size)
    rng = np.random.default_rng(2)
    d_lower = np.tril(np.moveaxis(rng.normal(size=lower.shape), 2, 0))
    d_matrix = np.full_like(lower, np.nan)
    cholesky_backward(lower, np.ascontiguousarray(np.moveaxis(d_lower, 0, 2)), d_matrix, COUNT)
    for j in range(COUNT):
        matrix = lower[:, :, j] @ lower[:, :, j].T
        direction = rng.normal(size=(size, size))
        direction = direction + direction.T
        ends = [
            (np.linalg.cholesky(matrix + step * direction) * d_lower[j]).sum()
            for step in (1e-6, -1e-6)
        ]
        found = (d_matrix[:, :, j] * direction).sum()
        assert_allclose(found, (ends[0] - ends[1]) / 2e-6, rtol=1e-6, atol=1e-8)
