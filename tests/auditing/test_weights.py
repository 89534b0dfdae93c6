import numpy as np
import pytest

from bayesgrad.auditing.weights import evidence_weights, score_weights


def test_evidence_weights_are_bayes_s_rule():
    found = evidence_weights(np.log([1.0, 3.0, 6.0]) - 1000.0, [0.5, 0.25, 0.25])
    np.testing.assert_allclose(found, np.array([2.0, 3.0, 6.0]) / 11.0)


def test_a_form_without_evidence_has_no_weight():
    found = evidence_weights(np.array([0.0, np.nan]), [0.5, 0.5])
    np.testing.assert_array_equal(found, [1.0, 0.0])


def test_equal_scores_leave_the_prior():
    elpd = np.tile(np.linspace(-90.0, -110.0, 30), (3, 1))
    np.testing.assert_allclose(score_weights(elpd, [0.2, 0.3, 0.5], seed=1), [0.2, 0.3, 0.5])


def test_the_bootstrap_tempers_what_scores_say():
    rng = np.random.default_rng(1)
    apart = rng.normal(0.05, 0.5, 100)
    elpd = np.stack([apart, np.zeros(100)])
    found = score_weights(elpd, [0.5, 0.5], seed=2)
    plain = 1.0 / (1.0 + np.exp(-apart.sum()))
    assert found.sum() == pytest.approx(1.0)
    assert 0.5 < found[0] < plain


def test_a_form_without_scores_has_no_weight():
    elpd = np.array([[-1.0, -2.0], [np.nan, np.nan]])
    np.testing.assert_array_equal(score_weights(elpd, [0.5, 0.5], seed=1), [1.0, 0.0])
    np.testing.assert_array_equal(score_weights(elpd[1:], [1.0], seed=1), [np.nan])
