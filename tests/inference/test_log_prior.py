"""Log priors of draws, and quantiles of priors, against those of the model's graph and SciPy."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose
from scipy import stats

from bayesgrad.areas.rates import thinned
from bayesgrad.inference.log_prior import Known, known_parameters, log_prior_of_correlations
from bayesgrad.model.prior_quantiles import location_interval, scale_quantile, share_below
from bayesgrad.spec.priors import LocationPrior, ScalePrior
from tests.fabricate import fabricated_draws
from tests.small import drawn_design, spec_of

LOCATIONS = [
    (LocationPrior(mu=0.3, sigma=0.2), stats.norm(0.3, 0.2)),
    (LocationPrior(distribution="StudentT", nu=4, mu=0.3, sigma=0.2), stats.t(4, 0.3, 0.2)),
    (LocationPrior(distribution="Laplace", mu=0.3, b=0.2), stats.laplace(0.3, 0.2)),
]
SCALES = [
    (ScalePrior(sigma=0.4), stats.halfnorm(scale=0.4)),
    (ScalePrior(distribution="HalfCauchy", beta=0.4), stats.halfcauchy(scale=0.4)),
    (ScalePrior(distribution="Exponential", lam=2.5), stats.expon(scale=0.4)),
]
VALUES = np.array([0.05, 0.31, 1.2])


def named(value):
    return value.dist.name if hasattr(value, "dist") else str(value)


@pytest.mark.parametrize(("prior", "known"), [*LOCATIONS, *SCALES], ids=named)
def test_densities_and_shares_are_those_of_scipy(prior, known):
    one = Known("any", (0,), "any", prior)
    assert_allclose(np.diff(one.log_density(VALUES)), np.diff(known.logpdf(VALUES)))
    assert_allclose([share_below(prior, v) for v in VALUES], known.cdf(VALUES))
    if isinstance(prior, LocationPrior):
        assert_allclose(location_interval(prior, 0.9), known.ppf([0.05, 0.95]))
    else:
        assert_allclose(scale_quantile(prior, 0.9), known.ppf(0.9))


def test_a_half_student_t_is_half_of_one():
    prior = ScalePrior(distribution="HalfStudentT", nu=3, sigma=0.4)
    whole = stats.t(3, scale=0.4)
    assert_allclose([share_below(prior, v) for v in VALUES], 2 * whole.cdf(VALUES) - 1)
    assert_allclose(scale_quantile(prior, 0.9), whole.ppf(0.95))


def test_every_parameter_stands_beside_its_own_prior_per_unit():
    text = '[gradient]\nunit = 1.0\n[authority]\nmoderation = "linear"\n'
    spec = spec_of(text, outcomes=("referrals", "plans"))
    design = drawn_design(spec)
    draws = fabricated_draws(outcomes=("referrals", "plans"), moderation="linear", draws=5)
    sample = thinned(draws["posterior"].to_dataset())
    found = {(one.variable, one.place): one for one in known_parameters(spec, design, sample)}
    assert {name for name, _ in found} == {
        *("intercept", "slope", "between", "interaction", "sd_intercept", "sd_slope"),
        "overdispersion",
    }
    assert found["interaction", (1, 0)].prior.sigma == pytest.approx(0.5 * 10**2)
    assert found["intercept", (1,)].middle == design.crude_level()[1]
    slope = found["slope", (1,)]
    assert slope.prior.sigma == pytest.approx(5.0)
    expected = sample["slope"].sel(outcome="plans").values
    assert np.array_equal(slope.values(sample), expected)


def test_the_prior_of_a_correlation_is_a_power_of_its_determinant():
    spec = spec_of("[priors]\ncorrelation = { eta = 3.0 }\n")
    sample = thinned(fabricated_draws(outcomes=("referrals",), draws=5)["posterior"].to_dataset())
    found = log_prior_of_correlations(spec, sample)
    assert_allclose(found, 2.0 * np.log(1.0 - sample["correlation"].values[:, 0] ** 2))


def test_the_prior_of_correlations_of_outcomes_is_a_power_of_their_determinant():
    names = ("referrals", "plans")
    spec = spec_of("[priors]\ncorrelation = { eta = 3.0 }\n", outcomes=names)
    matrix = np.corrcoef(np.random.default_rng(2).normal(size=(4, 9)))
    sample = xr.Dataset(
        {
            "effect_correlation": (("sample", "effect_pair"), matrix[np.tril_indices(4, -1)][None]),
            "correlation": (("sample", "outcome"), matrix[[1, 3], [0, 2]][None]),
        }
    )
    found = log_prior_of_correlations(spec, sample)
    assert_allclose(found, [2.0 * np.log(np.linalg.det(matrix))])
