from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose
from scipy.special import gammaln

from bayesgrad.predictive.counts import count_terms

COUNT = np.array([3, 0, 7, 3, 120])


def test_terms_are_those_of_gamma_functions():
    alpha = np.array([0.02, 3.0, 400.0])
    found = count_terms(COUNT, 1 / alpha)
    y = COUNT[:, None]
    rising = gammaln(y + alpha) - gammaln(alpha) - y * np.log(alpha)
    assert_allclose(found.rising[found.value], rising, rtol=1e-10, atol=1e-12)
    assert_allclose(found.log_factorial[found.value], gammaln(COUNT + 1))
    part = slice(1, 4)
    expected = (rising - gammaln(y + 1))[part].sum(axis=0)
    assert_allclose(found.total(part), expected, rtol=1e-10)


def test_the_poisson_has_factorials_alone():
    assert (count_terms(COUNT, np.zeros(2)).rising == 0).all()
