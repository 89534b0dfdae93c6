import numpy as np
import pytest

from bayesgrad.simulate.effects import AuthorityEffects, chain_correlation

Z_ONE_IN_A_MILLION = 4.9

PAIR = AuthorityEffects(np.array([0.3, 0.2]), np.array([0.08, 0.05]), -0.3, (0.8,), (0.6,))


def test_correlations_of_a_chain_are_products_of_those_of_neighbours():
    expected = [[1.0, 0.8, 0.4], [0.8, 1.0, 0.5], [0.4, 0.5, 1.0]]
    np.testing.assert_allclose(chain_correlation((0.8, 0.5)), expected)


def test_one_outcome_has_its_own_correlation_alone():
    effects = AuthorityEffects(np.array([0.3]), np.array([0.08]), -0.3)
    matrix = effects.correlation.reshape(2, 2)
    np.testing.assert_allclose(matrix, [[1.0, -0.3], [-0.3, 1.0]])


def test_correlations_of_two_outcomes_by_hand():
    # L0 = [[1, 0], [0.8, 0.6]], L1 = [[1, 0], [0.6, 0.8]]; L0 L1' = [[1, 0.6], [0.8, 0.96]]
    matrix = PAIR.correlation
    np.testing.assert_allclose(matrix[0, :, 0, :], [[1, 0.8], [0.8, 1]])
    np.testing.assert_allclose(matrix[1, :, 1, :], [[1, 0.6], [0.6, 1]])
    np.testing.assert_allclose(matrix[0, :, 1, :], [[-0.3, -0.18], [-0.24, -0.288]])


@pytest.mark.parametrize("near", [0.99, -0.99, 0.0])
def test_the_whole_correlation_is_positive_definite(near):
    effects = AuthorityEffects(np.ones(5), np.ones(5), near, (near,) * 4, (-near,) * 4)
    matrix = effects.correlation.reshape(10, 10)
    np.testing.assert_allclose(matrix, matrix.T)
    np.testing.assert_allclose(np.diag(matrix), 1.0)
    assert np.linalg.eigvalsh(matrix).min() > 0


def test_variance_of_a_sum_by_hand():
    # At x = 2: one outcome, 0.09 + 2 (2) (-0.3) (0.3) (0.08) + 4 (0.0064).
    np.testing.assert_allclose(PAIR.variance(np.array([2.0]), of=(0,)), 0.09 - 0.0288 + 0.0256)
    # At x = 0: both intercepts, 0.09 + 0.04 + 2 (0.8) (0.3) (0.2).
    np.testing.assert_allclose(PAIR.variance(np.array([0.0]), of=(0, 1)), 0.226)


def test_draws_have_the_correlations_that_are_stated():
    """Ten products beyond 4.9 of their standard errors: about 1 in 100,000."""
    count = 20_000
    u0, u1 = PAIR.draw(count, np.random.default_rng(1))
    z = np.concatenate([u0 / [[0.3], [0.2]], u1 / [[0.08], [0.05]]])
    expected = PAIR.correlation.reshape(4, 4)
    error = np.sqrt((1 + expected**2) / count)
    assert (np.abs(z @ z.T / count - expected) < Z_ONE_IN_A_MILLION * error).all()
