from __future__ import annotations

import numpy as np
import pytest

from bayesgrad.inference.laplace import LaplaceApproximation, sampling
from bayesgrad.inference.laplace.importance import Evidence, Weights
from bayesgrad.inference.laplace.sampling import Weighted, proposals_for
from tests.inference.laplace.cases import form_of


@pytest.mark.parametrize(
    ("hyperparameters", "log2_size"), [(3, 9), (5, 9), (6, 10), (17, 10), (18, 11), (60, 12)]
)
def test_more_hyperparameters_get_more_proposals(hyperparameters, log2_size):
    assert proposals_for(hyperparameters) == log2_size


def weighted(k_hat: float, size: float) -> Weighted:
    return Weighted([], Weights(np.zeros(1), k_hat, size), Evidence(0.0, 0.0))


def test_a_round_is_good_where_its_weights_are_even_and_its_tail_is_light():
    assert weighted(0.5, 200.0).good
    assert not weighted(0.51, 5000.0).good
    assert not weighted(-0.2, 199.0).good
    assert not weighted(np.nan, 500.0).good


def test_the_best_round_has_the_lighter_tail_and_then_the_more_even_weights():
    assert weighted(0.6, 50.0).merit() > weighted(0.65, 900.0).merit()
    assert weighted(0.9, 5.0).merit() > weighted(np.nan, 900.0).merit()
    assert weighted(0.4, 150.0).merit() > weighted(0.1, 120.0).merit()


def test_a_round_of_too_few_effective_proposals_is_followed_by_one_of_twice_as_many(monkeypatch):
    case = form_of("default", authorities=12, areas=30)
    approximation = LaplaceApproximation.find(case.spec, case.design)
    sizes = []

    def weighed(log_ratio: np.ndarray) -> Weights:
        sizes.append(len(log_ratio))
        return Weights(np.full(len(log_ratio), -np.log(len(log_ratio))), 0.1, 50.0)

    monkeypatch.setattr(sampling, "smoothed_weights", weighed)
    monkeypatch.setattr(sampling, "proposals_for", lambda hyperparameters: 4)
    approximation.parts[0].sample(10, seed=np.random.SeedSequence(1))
    assert sizes == [16, 32, 64, 128]
