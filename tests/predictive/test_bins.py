from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from bayesgrad.predictive.bins import bin_of_count, count_bins


def test_small_counts_have_a_bin_each_and_the_last_holds_what_was_not_observed():
    assert_array_equal(count_bins(3), [0, 1, 2, 3, 4])
    assert_array_equal(count_bins(0), [0, 1])
    assert_array_equal(count_bins(10), np.arange(12))


@pytest.mark.parametrize("largest", [11, 25, 200, 10_000, 10**8])
def test_there_are_few_bins_whatever_the_counts_and_they_widen(largest):
    lowest = count_bins(largest)
    assert len(lowest) <= 26
    assert lowest[-1] == largest + 1
    assert_array_equal(lowest[:10], np.arange(10))
    widths = np.diff(lowest)
    assert (widths >= 1).all()
    # Rounding alone may make a bin narrower than the one before.
    assert (np.diff(widths) >= -1).all()


@pytest.mark.parametrize("largest", [0, 4, 10, 300])
def test_every_count_is_in_the_bin_that_starts_at_or_below_it(largest):
    lowest = count_bins(largest)
    bins = bin_of_count(lowest)
    counts = np.arange(largest + 2)
    assert_array_equal(bins, np.searchsorted(lowest, counts, side="right") - 1)
