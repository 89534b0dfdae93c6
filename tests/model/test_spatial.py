"""The prior that neighbours give authority effects, against multivariate normal ones of SciPy."""

from __future__ import annotations

from itertools import product

import numpy as np
import pymc as pm
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from bayesgrad.model.graph import build_model
from bayesgrad.spec.adjacency import Adjacency
from bayesgrad.spec.parts import Spatial
from tests.model.coordinates import in_coordinates
from tests.model.forms import (
    CENTRED,
    KINDS,
    MODE,
    NON_CENTRED,
    PARTIAL,
    correlations_of,
    density_of,
    drawn_parameters,
    effect_means,
    likelihood_of,
    point_of,
    prior_of_parameters,
    spec_named,
)
from tests.small import drawn_design
from tests.tiers import quick

# A00 to A03 are connected, A04 has no neighbour.
PAIRS = [("A00", "A01"), ("A01", "A02"), ("A00", "A02"), ("A02", "A03")]


def spatial_spec(form, more):
    adjacency = Adjacency.of(PAIRS, alone=["A04"])
    return spec_named(form, more).model_copy(update={"spatial": Spatial(adjacency=adjacency)})


def structured():
    """Covariance of structured effects of variance 1, written out from the pairs."""
    precision = np.zeros((4, 4))
    for one, other in PAIRS:
        i, k = int(one[1:]), int(other[1:])
        precision[[i, k], [k, i]] -= 1.0
        precision[[i, k], [i, k]] += 1.0
    inverse = np.linalg.pinv(precision)
    whole = np.eye(5)
    whole[:4, :4] = inverse / np.exp(np.log(np.diag(inverse)).mean()) + 0.25
    return whole


def root_of(matrix):
    values, vectors = np.linalg.eigh(matrix)
    return vectors @ np.diag(np.sqrt(values)) @ vectors.T


def covariance_of_all(spec, theta):
    """Covariance of the effects of all authorities, authorities within effects."""
    outcomes, (blocks, size, _) = len(spec.outcomes), correlations_of(spec, theta).shape
    correlation = np.zeros((2 * outcomes, 2 * outcomes))
    for b, own in enumerate(correlations_of(spec, theta)):
        correlation[b * size : (b + 1) * size, b * size : (b + 1) * size] = own
    # Roots of the structured covariances commute, since they have the same eigenvectors.
    sds = np.stack([theta[f"sd_{kind}"] for kind in KINDS], axis=1).ravel()
    shares = np.stack([theta[f"phi_{kind}"] for kind in KINDS], axis=1).ravel()
    roots = [
        sd * root_of((1 - phi) * np.eye(5) + phi * structured())
        for sd, phi in zip(sds, shares, strict=True)
    ]
    assert blocks * size == 2 * outcomes
    return np.block([[r * (a @ b) for b, r in zip(roots, row, strict=True)]
                     for a, row in zip(roots, correlation, strict=True)])  # fmt: skip


def drawn(form, more):
    spec = spatial_spec(form, more)
    design = drawn_design(spec)
    theta = drawn_parameters(spec, design)
    rng = np.random.default_rng(8)
    shares = {f"phi_{kind}": rng.uniform(0.2, 0.95, len(spec.outcomes)) for kind in KINDS}
    return spec, design, theta | shares


SPATIAL = ("full", "by outcome", "independent", "two outcomes", "low rank")


@pytest.mark.parametrize(
    ("form", "more"),
    quick(
        product(SPATIAL, (CENTRED, PARTIAL, NON_CENTRED)),
        ("full", CENTRED),
        ("by outcome", PARTIAL),
        ("low rank", NON_CENTRED),
    ),
)
def test_the_density_is_that_of_one_normal_distribution_of_all_effects(form, more):
    spec, design, theta = drawn(form, more)
    model = build_model(spec, design)
    found, jacobian = in_coordinates(spec, design, theta)
    assert {variable.name for variable in model.free_RVs} == set(found)
    by_effect = theta["authority_effects"].reshape(effect_means(design, theta).shape)
    left = (by_effect - effect_means(design, theta)).reshape(5, -1).T.ravel()
    of_effects = stats.multivariate_normal(cov=covariance_of_all(spec, theta)).logpdf(left)
    expected = prior_of_parameters(spec, design, theta) + likelihood_of(design, theta)
    # Single precision of some constants of priors.
    assert_allclose(density_of(model, found), expected + of_effects + jacobian, rtol=0, atol=1e-5)


def test_the_covariance_of_one_effect_is_that_of_the_convolution():
    spec, _, theta = drawn("independent", CENTRED)
    sd, phi = theta["sd_slope"][0], theta["phi_slope"][0]
    expected = sd**2 * ((1 - phi) * np.eye(5) + phi * structured())
    assert_allclose(covariance_of_all(spec, theta)[5:, 5:], expected, atol=1e-12)


def test_a_share_of_nothing_leaves_authorities_independent():
    spec, design, theta = drawn("two outcomes", PARTIAL)
    theta |= {f"phi_{kind}": np.full(2, 1e-12) for kind in KINDS}
    found, _ = in_coordinates(spec, design, theta)
    without = spec.model_copy(update={"spatial": None})
    plain = {name: values for name, values in found.items() if not name.startswith("phi_")}
    expected = density_of(build_model(without, drawn_design(without)), plain)
    assert_allclose(density_of(build_model(spec, design), found), expected, rtol=0, atol=1e-6)


@pytest.mark.full
def test_the_gradient_of_the_density_agrees_with_finite_differences():
    spec, design, theta = drawn("by outcome", PARTIAL)
    model = build_model(spec, design)
    point = point_of(model, in_coordinates(spec, design, theta)[0])
    density, slope = model.compile_logp(mode=MODE), model.compile_dlogp(mode=MODE)
    sizes = [point[variable.name].size for variable in model.continuous_value_vars]
    gradient, place = slope(point), 0
    for variable, size in zip(model.continuous_value_vars, sizes, strict=True):
        values = point[variable.name]
        step = np.zeros(size)
        step[size // 2] = 1e-5
        step = step.reshape(values.shape)
        ends = [density(point | {variable.name: values + sign * step}) for sign in (1, -1)]
        found = (ends[0] - ends[1]) / 2e-5
        assert_allclose(gradient[place + size // 2], found, rtol=1e-5, atol=1e-5)
        place += size


def test_the_density_is_that_of_plain_pymc():
    spec, design, theta = drawn("plain", CENTRED)
    model = build_model(spec, design)
    names = ["authority_effects", "neighbours_prior"]
    ours = sum(density_of(model, theta, name) for name in names)
    mean = effect_means(design, theta).reshape(5, -1).T.ravel()
    plain = pm.MvNormal.dist(mu=mean, cov=covariance_of_all(spec, theta))
    theirs = pm.logp(plain, theta["authority_effects"].T.ravel()).eval(mode=MODE)
    assert_allclose(ours, theirs, atol=1e-8)
