"""Effects of an authority given those of the others, against normal distributions in full."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.testing import assert_allclose

from bayesgrad.areas.rates import thinned
from bayesgrad.design.neighbours import neighbours_of
from bayesgrad.predictive.effects_prior import effects_distribution, joint_covariance
from bayesgrad.predictive.neighbours import given_others
from tests.predictive.cases import drawn_posterior, model

CODES = ("a", "b", "c", "d", "i")
NEIGHBOURS = neighbours_of(CODES, [("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")])


def whole_covariance(covariance, share):
    """Of all effects, effects within authorities."""
    size = len(share)
    roots = [NEIGHBOURS.root(phi) for phi in share]
    whole = np.empty((5, size, 5, size))
    for i, k in np.ndindex(size, size):
        whole[:, i, :, k] = covariance[i, k] * roots[i] @ roots[k]
    return whole.reshape(5 * size, 5 * size)


def conditional(whole, effects, j, size):
    own, rest = (
        np.arange(size) + j * size,
        np.delete(np.arange(len(whole)), np.s_[j * size : (j + 1) * size]),
    )
    weights = np.linalg.solve(whole[np.ix_(rest, rest)], whole[np.ix_(rest, own)]).T
    return weights @ effects[rest], whole[np.ix_(own, own)] - weights @ whole[np.ix_(rest, own)]


def test_effects_given_those_of_the_others_are_normal_as_they_should_be():
    rng = np.random.default_rng(2)
    draws, size = 3, 4
    effects, root = rng.normal(size=(5, draws, size)), rng.normal(size=(draws, size, size))
    covariance, share = root @ root.swapaxes(1, 2), rng.uniform(0.1, 0.9, (draws, size))
    mean, found = given_others(NEIGHBOURS, effects, covariance, share)
    for d in range(draws):
        whole = whole_covariance(covariance[d], share[d])
        for j in range(5):
            expected = conditional(whole, effects[:, d].ravel(), j, size)
            assert_allclose(mean[j, d], expected[0], atol=1e-10)
            assert_allclose(found[j, d], expected[1], atol=1e-10)


def test_an_authority_alone_is_independent_of_the_others():
    rng = np.random.default_rng(2)
    covariance, share = np.diag([0.3, 0.1])[None], rng.uniform(0.1, 0.9, (1, 2))
    mean, found = given_others(NEIGHBOURS, rng.normal(size=(5, 1, 2)), covariance, share)
    assert_allclose(mean[4], 0.0, atol=1e-12)
    assert_allclose(found[4], covariance)


def test_distributions_of_effects_are_those_given_the_others_in_each_draw():
    design = model("several")
    posterior = drawn_posterior(design, chains=1, draws=2)
    share = np.array([[[0.3, 0.6], [0.8, 0.1]]])
    shared = posterior.assign(
        {f"phi_{kind}": (("chain", "draw", "outcome"), share) for kind in ("intercept", "slope")}
    )
    independent = effects_distribution(design, thinned(posterior))
    assert len(independent.covariance) == 1
    found = effects_distribution(replace(design, neighbours=NEIGHBOURS), thinned(shared))
    sample = thinned(shared)
    covariance = joint_covariance(sample)
    for d in range(2):
        values = [
            sample[f"authority_{kind}"].transpose("sample", "authority", "outcome").values[d]
            for kind in ("intercept", "slope")
        ]
        left = np.stack(values, axis=-1) - independent.mean[:, :, d]
        whole = whole_covariance(covariance[d], np.repeat(share[0, d], 2))
        for j in range(5):
            mean, own = conditional(whole, left.ravel(), j, 4)
            expected = independent.mean[j, :, d].ravel() + mean
            assert_allclose(found.mean[j, :, d].ravel(), expected, atol=1e-10)
            assert_allclose(found.of_outcome(j, 1)[d], own[2:, 2:], atol=1e-10)
