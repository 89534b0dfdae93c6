from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from bayesgrad.export.attack.bounds import Constraint, narrowed


def by_trying(
    low: np.ndarray, high: np.ndarray, constraints: list[Constraint]
) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest of each count over all whole numbers that the constraints allow."""
    ranges = [range(int(a), int(b) + 1) for a, b in zip(low, high, strict=True)]
    allowed = [
        values
        for values in product(*ranges)
        if all(one.low <= sum(values[k] for k in one.cells) <= one.high for one in constraints)
    ]
    return np.min(allowed, axis=0), np.max(allowed, axis=0)


@pytest.mark.parametrize("seed", range(12))
def test_bounds_are_those_of_all_whole_numbers_that_fit(seed: int) -> None:
    rng = np.random.default_rng(seed)
    true = rng.integers(0, 6, 6)
    low, high = np.maximum(true - rng.integers(0, 4, 6), 0), true + rng.integers(0, 4, 6)
    # A two-way table of two by three, as authorities by strata are, and its whole.
    sums = [(0, 1, 2), (3, 4, 5), (0, 3), (1, 4), (2, 5), (0, 1, 2, 3, 4, 5), (4,)]
    constraints = [
        Constraint(cells, total - rng.integers(0, 3), total + rng.integers(0, 3), "")
        for cells in sums
        for total in [int(true[list(cells)].sum())]
        if rng.random() < 0.7
    ]
    found = narrowed(low.astype(float), high.astype(float), constraints)
    expected = by_trying(low, high, constraints)
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])


def test_a_difference_of_two_totals_is_found() -> None:
    nation = Constraint((0, 1, 2), 100.0, 100.0, "all")
    without = Constraint((0, 1), 93.0, 93.0, "all but one")
    low, high = narrowed(np.zeros(3), np.full(3, np.inf), [nation, without])
    assert (low[2], high[2]) == (7.0, 7.0)
    assert (low[0], high[0]) == (0.0, 93.0)


def test_counts_without_an_upper_end_stay_so() -> None:
    at_least = Constraint((0, 1), 10.0, np.inf, "threshold")
    low, high = narrowed(np.zeros(2), np.array([9.0, np.inf]), [at_least])
    assert low.tolist() == [0.0, 1.0]
    assert high.tolist() == [9.0, np.inf]
