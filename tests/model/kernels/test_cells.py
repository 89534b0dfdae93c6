from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose

from bayesgrad.model.kernels.cells import of_cells, of_groups, of_strata

STRATA = np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]])
"""Two outcomes, three strata."""


def test_effects_of_authorities_are_repeated_over_strata():
    groups = np.array([10.0, 20.0, 30.0, 40.0])  # Two authorities of two outcomes each.
    expected = [10.1, 10.2, 10.3, 20.4, 20.5, 20.6, 30.1, 30.2, 30.3, 40.4, 40.5, 40.6]
    assert_allclose(of_cells(groups, STRATA, 12), expected)


def test_effects_of_cells_are_added_one_by_one():
    groups = np.arange(12.0)
    assert_allclose(of_cells(groups, STRATA, 12), groups + np.tile(STRATA.ravel(), 2))


def test_without_strata_cells_are_groups():
    groups = np.arange(4.0)
    assert_allclose(of_cells(groups, np.zeros((2, 1)), 4), groups)
    assert_allclose(of_groups(groups, 4), groups)
    assert_allclose(of_strata(groups, 2, 1), [[2.0], [4.0]])


def test_sums_go_back_to_groups_and_strata():
    cells = np.arange(12.0)
    assert_allclose(of_groups(cells, 4), [3.0, 12.0, 21.0, 30.0])
    assert_allclose(of_groups(cells, 12), cells)
    assert_allclose(of_strata(cells, 2, 3), [[6.0, 8.0, 10.0], [12.0, 14.0, 16.0]])
