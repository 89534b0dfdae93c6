"""Tests of normality beside those of SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from bayesgrad.predictive.normality import low_kurtosis, shapiro_francia


@pytest.mark.parametrize("size", [20, 60, 152, 400])
def test_low_kurtosis_is_that_of_scipy(size):
    values = np.random.default_rng(size).normal(size=(size, 50))
    values[:, ::2] += np.sign(values[:, ::2])
    expected = stats.kurtosistest(values, axis=0, alternative="less").pvalue
    assert_allclose(low_kurtosis(values), expected, rtol=1e-9)


@pytest.mark.parametrize("size", [20, 60, 152])
def test_shapiro_francia_is_uniform_where_values_are_normal(size):
    """The band is of 20,000 samples at five standard errors: one run in two million fails."""
    p_values = shapiro_francia(np.random.default_rng(size).normal(size=(size, 20_000)))
    for level in (0.001, 0.01, 0.1, 0.5):
        error = np.sqrt(level * (1 - level) / 20_000)
        # Royston's approximation itself errs by some tenth of a level.
        assert abs((p_values < level).mean() - level) < 5 * error + 0.1 * level


def test_long_tails_and_one_outlier_are_found_as_by_shapiro_and_wilk():
    rng = np.random.default_rng(1)
    normal = rng.normal(size=(152, 200))
    tailed = rng.standard_t(3, size=(152, 200))
    for values in (normal, tailed, np.vstack([normal, np.full(200, 6.0)])):
        theirs = [stats.shapiro(one).pvalue for one in values.T]
        ours = shapiro_francia(values)
        assert np.corrcoef(stats.rankdata(ours), stats.rankdata(theirs))[0, 1] > 0.75
        assert (ours < 0.01).mean() >= (np.array(theirs) < 0.01).mean() - 0.02
