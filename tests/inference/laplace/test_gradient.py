from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from bayesgrad.inference.laplace.latent import LatentModel
from bayesgrad.inference.laplace.marginal import MarginalPosterior
from tests.inference.laplace.cases import FORMS, form_of
from tests.predictive.cases import with_suppressed

STEP = 1e-3


@pytest.mark.parametrize("form", FORMS)
def test_the_gradient_in_the_hyperparameters_is_that_of_finite_differences(form):
    case = form_of(form)
    assert_slopes(case, case.latent)


@pytest.mark.parametrize("form", ["full", "Poisson, full", "two outcomes"])
def test_it_is_where_counts_are_suppressed(form):
    case = form_of(form)
    design = with_suppressed(case.design, lower=1, upper=15)
    assert design.rows.suppressed.any()
    assert_slopes(case, LatentModel.of(case.spec, design))


def assert_slopes(case, latent):
    posterior = MarginalPosterior(latent, case.hyper)
    here = posterior.at(case.theta, start=latent.start())
    differences = []
    for shift in STEP * np.eye(len(case.theta)):
        up, down = (posterior.at(case.theta + s, start=here.effects) for s in (shift, -shift))
        differences.append((up.value - down.value) / (2.0 * STEP))
    # Third derivatives of the log density leave some 1e-6 of its slopes, which are up to 100.
    assert_allclose(posterior.slope(here), differences, rtol=1e-4, atol=1e-3)
