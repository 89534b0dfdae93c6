from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from bayesgrad.inference.laplace.marginal import MarginalPosterior
from tests.inference.laplace.cases import FORMS, form_of

STEP = 1e-3


@pytest.mark.parametrize("form", FORMS)
def test_the_gradient_in_the_hyperparameters_is_that_of_finite_differences(form):
    case = form_of(form)
    posterior = MarginalPosterior(case.latent, case.hyper)
    here = posterior.at(case.theta, start=case.latent.start())
    differences = []
    for shift in STEP * np.eye(len(case.theta)):
        up, down = (posterior.at(case.theta + s, start=here.effects) for s in (shift, -shift))
        differences.append((up.value - down.value) / (2.0 * STEP))
    # Third derivatives of the log density leave some 1e-6 of its slopes, which are up to 100.
    assert_allclose(posterior.slope(here), differences, rtol=1e-4, atol=1e-3)
