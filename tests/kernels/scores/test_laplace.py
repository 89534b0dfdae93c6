"""Laplace's approximation against quadrature, importance sampling and matrices written out."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose
from scipy.optimize import minimize
from scipy.special import logsumexp
from scipy.stats import multivariate_normal, multivariate_t

from bayesgrad.areas.rates import thinned
from bayesgrad.design import build_design
from bayesgrad.kernels.scores import factored_prior
from bayesgrad.kernels.scores.authority_rows import Quadratic
from bayesgrad.kernels.scores.factored_prior import solve, times_prior
from bayesgrad.predictive.effects_prior import effects_distribution, joint_covariance
from bayesgrad.predictive.integrated import integrated_likelihood
from tests.kernels.calling import from_python
from tests.predictive.cases import (
    EFFECTS,
    FORMS,
    alphas,
    drawn_posterior,
    formed,
    log_density,
    model,
    shared_parts,
)
from tests.small import drawn_design, drawn_table

eliminate = from_python(factored_prior.eliminate)


def importance(log_p, size: int, *, draws: int = 10_000) -> float:
    """Log of the integral of exp(log_p) by importance sampling about its mode."""
    start = minimize(lambda at: -log_p(at[None])[0], np.zeros(size), method="Nelder-Mead").x
    mode = minimize(lambda at: -log_p(at[None])[0], start, method="BFGS").x
    proposal = multivariate_t(mode, 1.2 * np.linalg.inv(-hessian(log_p, mode)), df=9, seed=1)
    at = proposal.rvs(draws)
    weight = log_p(at) - proposal.logpdf(at)
    share = np.exp(weight - logsumexp(weight))
    assert 1 / (share**2).sum() > 0.4 * draws, "the proposal does not suit"
    return float(logsumexp(weight) - np.log(draws))


def hessian(log_p, at: np.ndarray, step: float = 1e-3) -> np.ndarray:
    """By central differences."""
    size = len(at)
    moves = step * np.eye(size)
    signs = ((1, 1), (1, -1), (-1, 1), (-1, -1))
    pairs = list(np.ndindex(size, size))
    points = [at + a * moves[i] + b * moves[k] for i, k in pairs for a, b in signs]
    values = log_p(np.array(points)).reshape(size, size, 4)
    return values @ np.array([1, -1, -1, 1]) / (4 * step**2)


def by_importance(design, posterior: xr.Dataset, authority: int) -> float:
    """Integrated likelihood of one authority at the only draw; strata are two at most."""
    sample = thinned(posterior)
    outcomes, rows = len(design.forms), design.cell_authority[design.rows.cell] == authority
    outcome, stratum = design.row_outcome[rows], (design.rows.cell % len(design.strata))[rows]
    x, count, cases = design.rows.x[rows], design.rows.count[rows], design.rows.exposure[rows]
    offset, alpha = shared_parts(design, sample)[0, rows], alphas(design, sample)[0]
    if len(design.strata) > 1:
        of_strata = [sample[f"stratum_{effect}"].values[0, outcome, stratum] for effect in EFFECTS]
        offset = offset + of_strata[0] + of_strata[1] * x
    mean = effects_distribution(design, sample).mean[authority, :, 0].ravel()
    prior = multivariate_normal(mean, joint_covariance(sample)[0])
    names = [f"sd_authority_stratum_{effect}" for effect in EFFECTS]
    sd = [(k, sample[name].values[0]) for k, name in enumerate(names) if name in sample]

    def log_p(at: np.ndarray) -> np.ndarray:
        effects, w = at[:, : 2 * outcomes], at[:, 2 * outcomes :]
        of_rows = [effects[:, k::2][:, outcome] for k in range(2)]
        for place, (k, spread) in enumerate(sd):
            # Two strata: v and -v with v ~ N(0, sd^2 / 2), as of two deviations less their mean.
            own = w[:, place * outcomes : (place + 1) * outcomes] * spread / np.sqrt(2.0)
            of_rows[k] = of_rows[k] + np.where(stratum == 0, 1.0, -1.0) * own[:, outcome]
        predictor = offset + of_rows[0] + of_rows[1] * x
        total = prior.logpdf(effects) - 0.5 * (w**2).sum(axis=1)
        total -= 0.5 * w.shape[1] * np.log(2 * np.pi)
        for s, form in enumerate(design.forms):
            own = outcome == s
            found = log_density(form, count[own], cases[own], predictor[:, own], alpha[s])
            total += found.sum(axis=1)
        return total

    start = np.concatenate([mean, np.zeros(outcomes * len(sd))])
    return importance(lambda at: log_p(at + start), len(start))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("largest", "tolerance"), [(3, 0.05), (40, 0.02)])
def test_of_one_outcome_it_is_what_quadrature_gives(form, largest, tolerance):
    design = build_design(formed(form), drawn_table(areas=6, largest=largest))
    posterior = drawn_posterior(design, chains=1, draws=4, joint=True)
    laplace = integrated_likelihood(design, thinned(posterior))
    exact = integrated_likelihood(design, thinned(posterior.drop_vars("effect_correlation")))
    assert_allclose(laplace, exact, rtol=0, atol=tolerance)


@pytest.mark.parametrize(
    "forms",
    [
        ("negative_binomial", "poisson"),
        ("negative_binomial", "beta-binomial of log link"),
        ("beta-binomial", "binomial"),
    ],
)
def test_of_two_outcomes_it_is_what_importance_sampling_gives(forms):
    spec = formed(*forms)
    outcomes = tuple(outcome.column for outcome in spec.outcomes)
    table = drawn_table(outcomes=outcomes, authorities=2, areas=3, largest=12)
    design = build_design(spec, table)
    posterior = drawn_posterior(design, chains=1, draws=1, joint=True)
    found = integrated_likelihood(design, thinned(posterior))[:, 0]
    # Sampling has a standard error of some 0.01.
    for authority in (0, 1):
        exact = by_importance(design, posterior, authority)
        assert_allclose(found[authority], exact, rtol=0, atol=0.03)


@pytest.mark.parametrize("deviations", [("intercept",), ("intercept", "slope")])
@pytest.mark.parametrize("form", ["poisson", "beta-binomial"])
def test_deviations_of_an_authoritys_strata_are_integrated_out(form, deviations):
    spec, strata = formed(form, "negative_binomial"), ("boys", "girls")
    design = drawn_design(spec, strata=strata, authorities=2, areas=3)
    posterior = drawn_posterior(design, chains=1, draws=1, joint=True, deviations=deviations)
    for name in ("sd_authority_stratum_intercept", "sd_authority_stratum_slope"):
        if name in posterior:
            posterior[name] = posterior[name] * 5
    found = integrated_likelihood(design, thinned(posterior))[:, 0]
    for authority in (0, 1):
        exact = by_importance(design, posterior, authority)
        assert_allclose(found[authority], exact, rtol=0, atol=0.03)


def test_deviations_that_vanish_change_nothing():
    design = model("several", "negative_binomial")
    posterior = drawn_posterior(design, joint=True, deviations=EFFECTS)
    names = [name for name in posterior if "authority_stratum" in name]
    none = posterior.assign({name: 0 * posterior[name] for name in names})
    with_none = integrated_likelihood(design, thinned(none))
    without = integrated_likelihood(design, thinned(posterior.drop_vars(names)))
    assert_allclose(with_none, without, rtol=0, atol=5e-4)


def test_outcomes_without_correlation_are_a_product():
    design = model("plain", "negative_binomial", "beta-binomial")
    posterior = drawn_posterior(design, joint=True)
    between = [i * (i - 1) // 2 + k for i in range(4) for k in range(i) if i // 2 != k // 2]
    posterior["effect_correlation"].values[..., between] = 0.0
    joint = integrated_likelihood(design, thinned(posterior))
    product = integrated_likelihood(design, thinned(posterior.drop_vars("effect_correlation")))
    assert_allclose(joint, product, rtol=0, atol=0.01)


@pytest.mark.parametrize("factors", [1, 3])
def test_the_system_is_solved_as_with_matrices_written_out(factors):
    rng = np.random.default_rng(1)
    outcome = np.array([0, 0, 1, 1, 1])
    root = rng.normal(size=(5, 2, 2))
    hessian = root @ np.swapaxes(root, 1, 2)
    packed = np.ascontiguousarray(hessian[:, [0, 0, 1], [0, 1, 1]])
    own = rng.uniform(0.1, 0.5, 4)
    factor = rng.normal(size=(4 * factors, 4 * factors))
    # What strata share may be less than nothing, though the whole is a covariance.
    shared = factor @ factor.T - 0.1 * np.diag(np.tile(own, factors))
    load = np.ones((5, 1)) if factors == 1 else rng.normal(size=(5, factors))
    target = rng.normal(size=(5, 2))

    place = 2 * outcome[:, None] + np.arange(2)
    choose = np.zeros((10, factors, 4))
    choose[np.arange(10), :, place.ravel()] = np.repeat(load, 2, axis=0)
    choose = choose.reshape(10, -1)
    whole = np.diag(own[place.ravel()]) + choose @ shared @ choose.T
    of_rows = np.zeros((10, 10))
    for c in range(5):
        of_rows[2 * c : 2 * c + 2, 2 * c : 2 * c + 2] = hessian[c]
    system = np.eye(10) + of_rows @ whole

    z, pushed = np.empty((5, 2)), np.empty((5, 2))
    log_det = solve(Quadratic(target, packed), outcome, load, shared, own, z)
    assert_allclose(z.ravel(), np.linalg.solve(system, target.ravel()), rtol=1e-9)
    assert_allclose(log_det, np.linalg.slogdet(system)[1], rtol=1e-12)
    times_prior(z, outcome, load, shared, own, pushed)
    assert_allclose(pushed.ravel(), whole @ z.ravel(), rtol=1e-12)


def test_elimination_takes_the_largest_pivot():
    matrix, vector = np.array([[0.0, 2.0], [-3.0, 1.0]]), np.array([4.0, 5.0])
    assert_allclose(eliminate(matrix, vector), np.log(6.0))
    assert_allclose(vector, [-1.0, 2.0])
