r"""Laplace approximation of the hyperparameters' marginal posterior, its mode and curvature.

.. math:: \ln \tilde p(\theta | y) = \ln p(y, \hat z_\theta | \theta) + \tfrac{d}{2} \ln 2 \pi
          - \tfrac12 \ln |H_\theta| + \ln p(\theta),

with :math:`\hat z_\theta` the mode of the d latent values and :math:`H_\theta` the negative Hessian
there (Tierney and Kadane 1986; Rue, Martino and Chopin 2009). It is a density in :math:`\theta` up
to the constant :math:`p(y)`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, minimize

from bayesgrad.design.splines import Floats
from bayesgrad.errors import FitError
from bayesgrad.inference.laplace.gradient import marginal_slopes
from bayesgrad.inference.laplace.hyperparameters import Hyperparameters, HyperValues
from bayesgrad.inference.laplace.latent import LOG_TWO_PI, Effects, LatentModel
from bayesgrad.inference.laplace.newton import LatentMode, find_mode

FIRST_STEP = 1e-2
"""Step of the first look at the curvature, which gives the step of the second."""
CURVATURE_SHARE = 0.5
"""Step of the differences that measure the curvature, in standard deviations of theta."""
LARGEST_STEP = 0.5
WIDEST_SEARCH = 10.0
"""Distance of theta from the bulk of its prior at which the search for the mode ends."""
SEARCH_REACH = 2.0
"""Distance of theta that one search may go; the next one starts where it ended."""
MOST_SEARCHES = 10
STEEP, STILL_STEEP = 0.01, 0.1
"""Slope of the log density, in standard errors of theta, at which no further search is made, and at
which what was found is taken as no maximum."""
NEAR_ZERO = 1e-3
"""Share of its prior's scale below which a scale counts as zero."""
NEAR_ONE = 0.999
USE_NUTS = 'Use engine = "nuts".'


@dataclass(frozen=True, eq=False)
class Marginal:
    """Laplace approximation at one point of theta."""

    theta: Floats
    hyper: HyperValues
    value: float
    mode: LatentMode
    effects: Effects


@dataclass(frozen=True, eq=False)
class MarginalMode:
    """Mode of the approximate marginal posterior.

    Attributes
    ----------
    at : Marginal
    covariance : ndarray, shape (dim, dim)
        Inverse of the negative Hessian of the log density.
    tangent : tuple of Effects
        Derivative of the effects at the latent mode in each coordinate of theta.
    """

    at: Marginal
    covariance: Floats
    tangent: tuple[Effects, ...]

    def effects_near(self, theta: Floats) -> Effects:
        """Linear prediction of the effects at the latent mode of another theta."""
        fixed, authority = self.at.effects
        for change, tangent in zip(theta - self.at.theta, self.tangent, strict=True):
            fixed = fixed + change * tangent.fixed
            authority = authority + change * tangent.authority
        return Effects(fixed, authority)


@dataclass(frozen=True, eq=False)
class MarginalPosterior:
    """Approximate marginal posterior of the hyperparameters of a model."""

    latent: LatentModel
    hyper: Hyperparameters

    def at(self, theta: Floats, *, start: Effects) -> Marginal:
        """Evaluate the log density at theta, shape (dim,); the latent search starts at `start`."""
        hyper = self.hyper.at(theta)
        mode = find_mode(self.latent, hyper, start=self.latent.standardised(start, hyper))
        value = (
            mode.value
            + 0.5 * self.latent.size * LOG_TWO_PI
            - 0.5 * mode.factor.log_determinant()
            + self.hyper.log_prior(theta)
        )
        return Marginal(theta, hyper, value, mode, self.latent.effects(mode.latent, hyper))

    def slope(self, here: Marginal) -> Floats:
        """Gradient of the log density in theta, shape (dim,)."""
        slopes = marginal_slopes(self.latent, here.mode, here.hyper)
        return self.hyper.pulled_back(here.theta, slopes) + self.hyper.log_prior_slope(here.theta)

    def find_mode(self) -> MarginalMode:
        """Find the mode in theta and the curvature there.

        Raises
        ------
        FitError
            If the mode lies at the edge of theta, or its curvature is not that of a maximum.
        """
        start = self.hyper.start()
        search = _Search(self, self.at(start, start=self.latent.start()))
        here = self.at(search.theta(search.lowest()), start=search.latest.effects)
        self._refuse_edge(here)
        slope = np.abs(self.slope(here)).max() / search.unit
        if not slope <= STILL_STEEP:
            raise FitError(
                f"the Laplace approximation found no maximum in {', '.join(self.hyper.titles)}",
                USE_NUTS,
            )
        first = np.full(len(start), FIRST_STEP)
        spread = 1.0 / np.sqrt(np.maximum(np.diagonal(self._curvature(here, first)[0]), 1e-8))
        curvature, tangent = self._curvature(
            here, np.minimum(CURVATURE_SHARE * spread, LARGEST_STEP)
        )
        if np.linalg.eigvalsh(curvature).min() <= 0.0:
            raise FitError(
                "the Laplace approximation has no proper maximum in "
                f"{', '.join(self.hyper.titles)}",
                USE_NUTS,
            )
        return MarginalMode(here, np.linalg.inv(curvature), tangent)

    def _refuse_edge(self, here: Marginal) -> None:
        count, titles = self.hyper.scales, self.hyper.titles
        scales, correlations = np.exp(here.theta[:count]), np.tanh(here.theta[count:])
        least = NEAR_ZERO * self.hyper.prior_scales()
        for title, value, limit in zip(titles[:count], scales, least, strict=True):
            if value < limit:
                raise FitError(
                    f"the Laplace approximation does not hold: {title} runs to zero ({value:.2g})",
                    USE_NUTS,
                )
        for title, value in zip(titles[count:], correlations, strict=True):
            if abs(value) > NEAR_ONE:
                raise FitError(
                    f"the Laplace approximation does not hold: the {title} runs to "
                    f"{np.sign(value):.0f}",
                    USE_NUTS,
                )

    def _curvature(self, here: Marginal, step: Floats) -> tuple[Floats, tuple[Effects, ...]]:
        """Negative Hessian in theta by central differences, and derivatives of the effects."""
        rows, tangent = [], []
        for shift in np.diag(step):
            up = self.at(here.theta + shift, start=here.effects)
            down = self.at(here.theta - shift, start=here.effects)
            width = 2.0 * shift.sum()
            rows.append((self.slope(down) - self.slope(up)) / width)
            pairs = zip(up.effects, down.effects, strict=True)
            tangent.append(Effects(*((a - b) / width for a, b in pairs)))
        curvature = np.array(rows)
        return 0.5 * (curvature + curvature.T), tuple(tangent)


class _Search:
    """Objective of the search for the mode; each latent search starts where the last one ended.

    It is in steps of the standard error of the log of a standard deviation of so many authorities.
    """

    def __init__(self, posterior: MarginalPosterior, start: Marginal) -> None:
        self._posterior = posterior
        self._start = start
        self.latest = start
        self.unit = float(np.sqrt(2.0 * posterior.latent.shape[0]))

    def theta(self, place: Floats) -> Floats:
        """Hyperparameters at a place of the search."""
        return self._start.theta + place / self.unit

    def lowest(self) -> Floats:
        """Place where the objective is lowest, found by searches that start where one ended.

        A single one would leap from a steep start to where the density is flat, and stay there.
        """
        place = np.zeros(len(self._start.theta))
        widest, reach = WIDEST_SEARCH * self.unit, SEARCH_REACH * self.unit
        for _ in range(MOST_SEARCHES):
            bounds = Bounds(np.maximum(place - reach, -widest), np.minimum(place + reach, widest))
            found = minimize(
                self.fall,
                place,
                jac=True,
                method="L-BFGS-B",
                bounds=bounds,
                options={"ftol": 1e-12, "gtol": 0.1 * STEEP},
            )
            place = found.x
            if np.abs(found.jac).max() <= STEEP:
                break
        return place

    def fall(self, place: Floats) -> tuple[float, Floats]:
        """Fall of the log density below that at the start, and its gradient."""
        self.latest = self._posterior.at(self.theta(place), start=self.latest.effects)
        rise = self.latest.value - self._start.value
        return -rise, -self._posterior.slope(self.latest) / self.unit
