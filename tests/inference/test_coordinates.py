from __future__ import annotations

from dataclasses import dataclass

import arviz_stats as az
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import approx_fprime

from bayesgrad.inference import nuts
from bayesgrad.inference.compiled import Block
from bayesgrad.inference.coordinates import Coordinates, uncoupled
from bayesgrad.inference.diagnostics import CHECKS
from bayesgrad.inference.nuts import Sampler
from bayesgrad.spec.parts import Sampling
from tests.inference.laplace.simulated import simulated_case

LAYOUT = {"slope": Block(0, (1,)), "sd_slope": Block(1, (1,)), "z": Block(2, (3,))} | {
    "curvature": Block(5, (1, 2))
}
COEFFICIENTS, Z = [0, 5, 6], [2, 3, 4]
MEAN = np.array([0.5, -1.0, 0.2, 0.0, -0.3, 2.0, -0.8])


@dataclass(frozen=True)
class Normal:
    """Log density of a normal distribution, and how often it was asked for."""

    precision: np.ndarray
    cubic: float = 0.0

    @property
    def size(self) -> int:
        return len(self.precision)

    def density(self, point: np.ndarray) -> tuple[float, np.ndarray]:
        away = point - MEAN
        value = -0.5 * away @ self.precision @ away - self.cubic * (away**4).sum() / 4.0
        return float(value), -self.precision @ away - self.cubic * away**3


def tied(*, correlation: float = 0.99, coupling: float = 3.0) -> np.ndarray:
    """Precision in which coefficients go together, and z follows them."""
    together = np.linalg.inv(np.full((3, 3), correlation) + (1.0 - correlation) * np.eye(3))
    m = coupling * np.random.default_rng(1).normal(size=(3, 3))
    precision = np.eye(7)
    precision[np.ix_(COEFFICIENTS, COEFFICIENTS)] = together + m.T @ m
    precision[np.ix_(Z, COEFFICIENTS)] = m
    precision[np.ix_(COEFFICIENTS, Z)] = m.T
    return precision


@pytest.fixture
def coordinates() -> Coordinates:
    found = uncoupled(Normal(tied(), cubic=0.1), LAYOUT, MEAN + 0.1)
    assert found is not None
    return found


def test_what_is_normal_becomes_standard_normal():
    found = uncoupled(Normal(tied()), LAYOUT, np.zeros(7))
    change = found.parameters(np.eye(7)) - found.parameters(np.zeros(7))
    assert_allclose(change @ tied() @ change.T, np.eye(7), atol=1e-6)
    assert_allclose(found.centre, MEAN[COEFFICIENTS], atol=1e-6)


def test_points_go_there_and_back(coordinates):
    points = np.random.default_rng(2).normal(size=(4, 5, 7))
    there = coordinates.of_parameters(points)
    assert_allclose(coordinates.parameters(there), points, atol=1e-12)
    assert_allclose(coordinates.of_parameters(points[2, 3]), there[2, 3], atol=1e-12)


def test_other_parameters_stay_as_they_are(coordinates):
    points = np.random.default_rng(2).normal(size=(4, 7))
    assert_allclose(coordinates.parameters(points)[:, 1], points[:, 1], atol=0)


def test_the_density_is_that_of_the_parameters(coordinates):
    point = np.random.default_rng(3).normal(size=7)
    value, gradient = coordinates.density(point)
    assert value == coordinates.model.density(coordinates.parameters(point))[0]
    numeric = approx_fprime(point, lambda at: coordinates.density(at)[0], 1e-7)
    assert_allclose(gradient, numeric, rtol=1e-4, atol=1e-4)


def test_what_it_is_given_is_not_changed(coordinates):
    point = np.arange(7.0)
    coordinates.density(point)
    coordinates.parameters(point)
    coordinates.of_parameters(point)
    assert_allclose(point, np.arange(7.0), atol=0)


@pytest.mark.parametrize(
    ("correlation", "coupling", "changed"),
    [(0.0, 0.0, False), (0.5, 0.1, False), (0.95, 0.0, True), (0.0, 3.0, True)],
)
def test_coordinates_change_where_it_pays(correlation, coupling, changed):
    model = Normal(tied(correlation=correlation, coupling=coupling))
    assert (uncoupled(model, LAYOUT, np.zeros(7)) is not None) == changed


def test_what_has_no_mode_is_left_as_it_is():
    saddle = tied()
    saddle[np.ix_(COEFFICIENTS, COEFFICIENTS)] -= 30.0 * np.eye(3)
    assert uncoupled(Normal(saddle), LAYOUT, np.zeros(7)) is None


def test_what_is_no_number_is_left_as_it_is():
    assert uncoupled(Normal(np.full((7, 7), np.nan)), LAYOUT, np.zeros(7)) is None


def test_from_an_impossible_point_nothing_is_changed():
    class Bounded(Normal):
        def density(self, point):
            value, gradient = super().density(point)
            return (value if point[0] < 1.0 else -np.inf), gradient

    model = Bounded(tied())
    assert uncoupled(model, LAYOUT, np.zeros(7)) is not None
    assert uncoupled(model, LAYOUT, np.full(7, 1.5)) is None


def test_without_coefficients_there_is_nothing_to_change():
    assert uncoupled(Normal(np.eye(7)), {"z_parameters": Block(0, (7,))}, np.zeros(7)) is None


@pytest.mark.ci
@pytest.mark.slow
def test_terms_of_splines_mix_as_all_else(monkeypatch):
    settings = Sampling(draws=1500, tune=300, chains=2, seed=4)
    case = simulated_case("splines", authorities=40, areas=40)
    spec = case.spec.model_copy(update={"sampling": settings})
    sampler = Sampler.compile(spec, case.design)
    tree = sampler.sample(settings, progress=False)
    assert all(check.passed for check in CHECKS["nuts"](tree))
    apart = tree["posterior"].to_dataset()[["slope", "interaction", "curvature"]]
    assert all(float(worth.min()) > 1000 for worth in az.ess(apart).values())

    monkeypatch.setattr(nuts, "uncoupled", lambda *_: None)
    longer = settings.model_copy(update={"draws": 6000})
    together = sampler.sample(longer, progress=False)["posterior"].to_dataset()
    for name, values in apart.items():
        theirs = together[name]
        spread = theirs.std(("chain", "draw"))
        worth = np.minimum(az.ess(theirs), az.ess(values))
        assert (
            np.abs(values.mean(("chain", "draw")) - theirs.mean(("chain", "draw"))) / spread
            < 5.0 * np.sqrt(2.0 / worth)
        ).all(), name
