from __future__ import annotations

import numpy as np
import pytest

from bayesgrad.inference.laplace.importance import Weights
from bayesgrad.inference.laplace.sampling import Weighted, proposals_for


@pytest.mark.parametrize(
    ("hyperparameters", "log2_size"), [(3, 9), (5, 9), (6, 10), (17, 10), (18, 11), (60, 12)]
)
def test_more_hyperparameters_get_more_proposals(hyperparameters, log2_size):
    assert proposals_for(hyperparameters) == log2_size


def weighted(k_hat: float, size: float) -> Weighted:
    return Weighted([], Weights(np.zeros(1), k_hat, size))


def test_a_round_is_good_where_its_weights_are_even_and_its_tail_is_light():
    assert weighted(0.5, 200.0).good
    assert not weighted(0.51, 5000.0).good
    assert not weighted(-0.2, 199.0).good
    assert not weighted(np.nan, 500.0).good


def test_the_best_round_has_the_lighter_tail_and_then_the_more_even_weights():
    assert weighted(0.6, 50.0).merit() > weighted(0.65, 900.0).merit()
    assert weighted(0.9, 5.0).merit() > weighted(np.nan, 900.0).merit()
    assert weighted(0.4, 150.0).merit() > weighted(0.1, 120.0).merit()
