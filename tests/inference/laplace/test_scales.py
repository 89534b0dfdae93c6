from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from bayesgrad.inference.laplace.scales import log_density, log_density_slope
from bayesgrad.spec.priors import ScalePrior

SCALES = {
    "HalfNormal": (ScalePrior(sigma=0.5), stats.halfnorm(scale=0.5)),
    "HalfCauchy": (ScalePrior(distribution="HalfCauchy", beta=0.3), stats.halfcauchy(scale=0.3)),
    "Exponential": (ScalePrior(distribution="Exponential", lam=4.0), stats.expon(scale=0.25)),
}
STUDENT = ScalePrior(distribution="HalfStudentT", nu=3.0, sigma=0.4)
VALUES = np.array([1e-6, 0.2, 3.0])


@pytest.mark.parametrize(("prior", "expected"), SCALES.values(), ids=SCALES)
def test_densities_of_scales_are_those_of_scipy(prior, expected):
    assert_allclose(log_density(prior, np.log(VALUES)), expected.logpdf(VALUES), rtol=1e-12)


def test_the_half_student_t_is_twice_the_upper_half():
    expected = np.log(2.0) + stats.t(3.0, scale=0.4).logpdf(VALUES)
    assert_allclose(log_density(STUDENT, np.log(VALUES)), expected, rtol=1e-12)


@pytest.mark.parametrize("prior", [*(prior for prior, _ in SCALES.values()), STUDENT])
def test_slopes_are_those_of_finite_differences(prior):
    logs = np.log(VALUES)
    difference = (log_density(prior, logs + 1e-6) - log_density(prior, logs - 1e-6)) / 2e-6
    assert_allclose(log_density_slope(prior, logs), difference, rtol=1e-6, atol=1e-8)
