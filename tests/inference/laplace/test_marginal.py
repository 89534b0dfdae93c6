from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import logsumexp

from bayesgrad.errors import FitError
from bayesgrad.inference.laplace import marginal
from bayesgrad.inference.laplace.latent import LOG_TWO_PI, Latent
from bayesgrad.inference.laplace.marginal import MarginalPosterior
from bayesgrad.inference.laplace.skewness import covariances, largest_shift, mean_shift
from tests.inference.laplace.cases import Case, case_of, form_of
from tests.tiers import quick

SIZE = 4000


def posterior_of(case: Case) -> MarginalPosterior:
    return MarginalPosterior(case.latent, case.hyper)


class Integral:
    """The latent vector integrated out by importance sampling from its normal approximation."""

    def __init__(self, case: Case) -> None:
        rng = np.random.default_rng(8)
        self.hyper = case.hyper.at(case.theta)
        self.at = posterior_of(case).at(case.theta, start=case.latent.start())
        centre, factor = self.at.mode.latent, self.at.mode.factor
        fixed = rng.standard_normal((SIZE, *centre.fixed.shape))
        own = rng.standard_normal((SIZE, *centre.standard.shape))
        change = Latent(*factor.colour(fixed, own))
        self.draws = Latent(centre.fixed + change.fixed, centre.standard + change.standard)
        squares = (fixed**2).sum(axis=1) + (own**2).sum(axis=(1, 2))
        log_density = 0.5 * (factor.log_determinant() - case.latent.size * LOG_TWO_PI - squares)
        values = [
            case.latent.evaluate(Latent(*pair), self.hyper).value
            for pair in zip(*self.draws, strict=True)
        ]
        self.log_ratio = np.array(values) - log_density
        self.weights = np.exp(self.log_ratio - logsumexp(self.log_ratio))

    @property
    def log_marginal(self) -> float:
        return float(logsumexp(self.log_ratio) - np.log(SIZE))


MARGINAL = ("default", "Poisson", "full", "odds", "strata", "two outcomes")


@pytest.mark.parametrize("form", quick(MARGINAL, "default", "odds"))
def test_the_marginal_is_that_of_integrating_the_latent_vector_out(form):
    case = form_of(form, authorities=5, areas=30)
    integral = Integral(case)
    found = integral.at.value - case.hyper.log_prior(case.theta)
    # Some 600 events an authority: the approximation is within a few hundredths, and the integral
    # by 4,000 draws is too.
    assert abs(found - integral.log_marginal) < 0.05


TIGHT = """
[priors]
between = { distribution = "Normal", mu = 0.0, sigma = 0.5 }
interaction = { distribution = "Normal", mu = 0.0, sigma = 0.5 }
overdispersion = { distribution = "HalfNormal", sigma = 0.5 }
"""


def test_the_shift_leads_from_the_mode_to_the_mean():
    case = case_of(TIGHT, authorities=4, areas=6, largest=3)
    integral = Integral(case)
    mode = integral.at.mode
    shift = mean_shift(case.latent, mode, integral.hyper)
    spread = np.sqrt(np.diagonal(covariances(case.latent, mode.factor, integral.hyper).fixed))
    mean = integral.weights @ integral.draws.fixed
    before = np.abs(mean - mode.latent.fixed) / spread
    after = np.abs(mean - mode.latent.fixed - shift.fixed) / spread
    assert before.max() > 0.1
    assert after.max() < 0.05
    assert largest_shift(case.latent, mode, integral.hyper) >= np.max(np.abs(shift.fixed) / spread)


def test_covariances_are_those_of_the_draws(case):
    at = posterior_of(case).at(case.theta, start=case.latent.start())
    hyper = case.hyper.at(case.theta)
    size = case.latent.size
    units = np.eye(size)
    fixed_size = len(case.latent.fixed.prior_mean)
    latent = Latent(
        *at.mode.factor.colour(
            units[:, :fixed_size], units[:, fixed_size:].reshape(size, *case.point.standard.shape)
        )
    )
    effects = case.latent.effects(latent, hyper)
    found = covariances(case.latent, at.mode.factor, hyper)
    assert_allclose(found.fixed, effects.fixed.T @ effects.fixed, atol=1e-10)
    for j in range(len(found.authority)):
        own = effects.authority[:, j]
        assert_allclose(found.authority[j], own.T @ own, atol=1e-10)
        assert_allclose(found.across[j], own.T @ effects.fixed, atol=1e-10)


def test_the_mode_is_a_maximum_with_the_curvature_found():
    case = case_of("", authorities=12, areas=30)
    posterior = posterior_of(case)
    mode = posterior.find_mode()
    root = np.linalg.cholesky(mode.covariance)
    for direction in root.T:
        drops = [
            mode.at.value
            - posterior.at(mode.at.theta + step * direction, start=mode.at.effects).value
            for step in (-0.5, 0.5)
        ]
        # Half a standard deviation away a normal log density is 1/8 lower.
        assert_allclose(np.mean(drops), 0.125, rtol=0.2)
        assert min(drops) > 0


def test_the_latent_mode_is_predicted_nearby():
    case = case_of(TIGHT, authorities=12, areas=30)
    posterior = posterior_of(case)
    mode = posterior.find_mode()
    theta = mode.at.theta + 0.1
    exact = posterior.at(theta, start=mode.at.effects).effects
    near = mode.effects_near(theta)
    for found, expected, from_ in zip(near, exact, mode.at.effects, strict=True):
        assert np.abs(found - expected).max() < 0.1 * np.abs(from_ - expected).max()


def search_ends_at(monkeypatch, posterior: MarginalPosterior, theta: np.ndarray) -> None:
    unit = np.sqrt(2.0 * posterior.latent.shape[0])
    place = (theta - posterior.hyper.start()) * unit
    monkeypatch.setattr(marginal._Search, "lowest", lambda self: place)


def assert_refused(monkeypatch, form: str, title: str, value: float, *, match: str) -> None:
    case = form_of(form)
    theta = case.hyper.start()
    theta[case.hyper.titles.index(title)] = value
    posterior = posterior_of(case)
    search_ends_at(monkeypatch, posterior, theta)
    with pytest.raises(FitError, match=match) as caught:
        posterior.find_mode()
    assert "nuts" in caught.value.do


@pytest.mark.parametrize(
    ("form", "title"),
    [
        ("default", "sd_intercept"),
        ("default", "overdispersion"),
        ("two outcomes", "sd_slope of plans"),
        ("strata", "sd_stratum_slope"),
    ],
)
def test_a_scale_that_runs_to_zero_is_refused(monkeypatch, form, title):
    assert_refused(monkeypatch, form, title, np.log(1e-5), match=f"{title} runs to zero")


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize(
    ("form", "title"),
    [
        ("default", "correlation of intercepts and slopes"),
        ("two outcomes", "partial correlation of referrals slope, plans intercept"),
    ],
)
def test_a_correlation_that_runs_to_one_is_refused(monkeypatch, form, title, sign):
    told = f"the {title} runs to {sign}"
    assert_refused(monkeypatch, form, title, 6.0 * sign, match=told)


def test_a_point_that_is_no_maximum_is_refused(monkeypatch):
    case = case_of("", authorities=12, areas=30)
    posterior = posterior_of(case)
    search_ends_at(monkeypatch, posterior, case.hyper.start() + np.array([3.0, 3.0, 0.0, 0.0]))
    monkeypatch.setattr(MarginalPosterior, "slope", lambda self, here: np.zeros(4))
    curvature = -np.eye(4)
    monkeypatch.setattr(MarginalPosterior, "_curvature", lambda self, here, step: (curvature, ()))
    with pytest.raises(FitError, match="no proper maximum in sd_intercept, sd_slope"):
        posterior.find_mode()


def test_a_search_that_ends_on_a_slope_is_refused(monkeypatch):
    posterior = posterior_of(case_of("", authorities=12, areas=30))
    start = posterior.hyper.start()
    search_ends_at(monkeypatch, posterior, start + np.array([1.0, 0.0, 0.0, 0.0]))
    with pytest.raises(FitError, match="found no maximum in sd_intercept, sd_slope"):
        posterior.find_mode()


@pytest.mark.parametrize("far", [3.0, -3.0])
@pytest.mark.parametrize("name", ["sd_intercept", "sd_slope", "overdispersion"])
def test_the_mode_does_not_depend_on_the_start(monkeypatch, name, far):
    case = case_of("", authorities=30, areas=60)
    expected = posterior_of(case).find_mode()
    start = case.hyper.start()
    start[case.hyper.titles.index(name)] += far
    monkeypatch.setattr(type(case.hyper), "start", lambda self: start)
    found = posterior_of(case).find_mode()
    error = np.sqrt(np.diagonal(expected.covariance))
    assert_allclose(found.at.theta / error, expected.at.theta / error, atol=0.05)
