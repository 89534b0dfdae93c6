from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose

from bayesgrad.kernels.families import elementary
from tests.kernels.calling import from_python

exp, log, log1p = (from_python(f) for f in (elementary.exp, elementary.log, elementary.log1p))

LAST_PLACES = 4 * np.finfo(float).eps


def test_exp_is_that_of_numpy_to_the_last_places():
    x = np.concatenate([np.random.default_rng(1).uniform(-700, 700, 5000), [0.0, 1.0, -1e-300]])
    assert_allclose([exp(value) for value in x], np.exp(x), rtol=LAST_PLACES)


def test_exp_at_its_ends():
    assert exp(np.inf) == np.inf
    assert exp(800.0) == np.inf
    assert 0.0 < exp(-np.inf) < 1e-300
    assert np.isnan(exp(np.nan))


def test_log1p_is_that_of_numpy_to_the_last_places():
    u = np.concatenate([10.0 ** np.random.default_rng(1).uniform(-300, 300, 5000), [0.0, 1.0]])
    assert_allclose([log1p(value) for value in u], np.log1p(u), rtol=LAST_PLACES)


def test_log_is_that_of_numpy_to_the_last_places():
    x = np.concatenate([10.0 ** np.random.default_rng(2).uniform(-300, 300, 5000), [1.0, 2.0]])
    # Beside 1 the logarithm is small, and what is added to it is rounded to the size of ln 2.
    found = [log(value) for value in x]
    assert_allclose(found, np.log(x), rtol=LAST_PLACES, atol=LAST_PLACES)
