import sys
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.testing import assert_array_equal

from bayesgrad.kernels.norefcount import without_refcount


class Pair(NamedTuple):
    table: np.ndarray
    line: np.ndarray


@njit
def added(pair, amounts):
    pair = without_refcount(pair)
    for i in range(len(pair.table)):
        row = pair.table[i]
        row += amounts[i] * pair.line
    return pair.table.sum()


def test_a_tuple_without_reference_counts_is_read_and_written_in_place():
    pair = Pair(np.zeros((2, 3)), np.array([1.0, 2.0, 3.0]))
    assert added(pair, np.array([1.0, 10.0])) == 66.0
    assert_array_equal(pair.table, [[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]])


def test_the_owners_references_are_as_they_were():
    pair = Pair(np.zeros((2, 3)), np.ones(3))
    added(pair, np.ones(2))
    before = [sys.getrefcount(part) for part in pair]
    for _ in range(10):
        added(pair, np.ones(2))
    assert [sys.getrefcount(part) for part in pair] == before
