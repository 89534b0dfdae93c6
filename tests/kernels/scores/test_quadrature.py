from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from bayesgrad.kernels.scores.quadrature import gauss_hermite


@pytest.mark.parametrize("nodes", [1, 3, 7])
def test_the_rule_has_the_moments_of_the_standard_normal_distribution(nodes):
    points, log_weights = gauss_hermite(nodes)
    for power, moment in ((0, 1.0), (2, 1.0), (4, 3.0), (6, 15.0), (8, 105.0)):
        if power < 2 * nodes:
            assert_allclose(np.exp(log_weights) @ points**power, moment)
