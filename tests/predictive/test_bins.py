from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from bayesgrad.predictive.bins import count_bins


def test_small_counts_have_a_bin_each_and_the_last_holds_what_was_not_observed():
    assert_array_equal(count_bins(3), np.arange(11))
    assert_array_equal(count_bins(9), np.arange(11))
    assert_array_equal(count_bins(10), [*range(11), 13])


@pytest.mark.parametrize("largest", [11, 25, 200, 10_000, 10**8, 10**15])
def test_there_are_few_bins_whatever_the_counts_and_they_widen(largest):
    lowest = count_bins(largest)
    assert len(lowest) <= 26
    assert lowest[-1] > largest >= lowest[-2]
    assert_array_equal(lowest[:10], np.arange(10))
    widths = np.diff(lowest)
    assert (widths >= 1).all()
    assert (np.diff(widths[10:]) > 0).all()


def test_the_bounds_do_not_tell_the_largest_count():
    assert_array_equal(count_bins(80), count_bins(90))
    assert len({int(count_bins(largest)[-1]) for largest in range(100, 700)}) < 10
