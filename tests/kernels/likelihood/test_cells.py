from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from bayesgrad.kernels.likelihood.cells import fill_cells, sum_cells
from tests.kernels.calling import from_python

STRATA = np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]])
"""Two outcomes, three strata."""
fill, add_up = from_python(fill_cells), from_python(sum_cells)


def filled(groups: np.ndarray, strata: np.ndarray, cells: int) -> np.ndarray:
    values = np.full(cells, np.nan)
    fill(groups, strata, values)
    return values


def sums(cells: np.ndarray, groups: int, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    of_groups, of_strata = np.full(groups, np.nan), np.full(shape, np.nan)
    add_up(cells, of_groups, of_strata)
    return of_groups, of_strata


def test_effects_of_authorities_are_repeated_over_strata():
    groups = np.array([10.0, 20.0, 30.0, 40.0])  # Two authorities of two outcomes each.
    expected = [10.1, 10.2, 10.3, 20.4, 20.5, 20.6, 30.1, 30.2, 30.3, 40.4, 40.5, 40.6]
    assert_allclose(filled(groups, STRATA, 12), expected)


def test_effects_of_cells_are_added_one_by_one():
    groups = np.arange(12.0)
    assert_allclose(filled(groups, STRATA, 12), groups + np.tile(STRATA.ravel(), 2))


def test_without_strata_cells_are_groups():
    groups = np.arange(4.0)
    assert_allclose(filled(groups, np.zeros((2, 1)), 4), groups)
    of_groups, of_strata = sums(groups, 4, (2, 1))
    assert_allclose(of_groups, groups)
    assert_allclose(of_strata, [[2.0], [4.0]])


@pytest.mark.parametrize(("groups", "expected"), [(4, [3.0, 12.0, 21.0, 30.0]), (12, range(12))])
def test_sums_go_back_to_groups_and_strata(groups, expected):
    of_groups, of_strata = sums(np.arange(12.0), groups, (2, 3))
    assert_allclose(of_groups, list(expected))
    assert_allclose(of_strata, [[6.0, 8.0, 10.0], [12.0, 14.0, 16.0]])
