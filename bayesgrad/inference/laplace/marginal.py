r"""Laplace approximation of the hyperparameters' marginal posterior, its mode and curvature.

.. math:: \ln \tilde p(\theta | y) = \ln p(y, \hat z_\theta | \theta) + \tfrac{d}{2} \ln 2 \pi
          - \tfrac12 \ln |H_\theta| + \ln p(\theta),

with :math:`\hat z_\theta` the mode of the d latent values and :math:`H_\theta` the negative Hessian
there (Tierney and Kadane 1986; Rue, Martino and Chopin 2009). It is a density in :math:`\theta` up
to the constant :math:`p(y)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.optimize import minimize

from bayesgrad.design.splines import Floats
from bayesgrad.errors import FitError
from bayesgrad.inference.laplace.hyperparameters import Hyperparameters, prior_scale
from bayesgrad.inference.laplace.latent import LOG_TWO_PI, Effects, LatentModel
from bayesgrad.inference.laplace.newton import LatentMode, find_mode

GRADIENT_STEP = 1e-3
"""Step of the differences that guide the search for the mode."""
FIRST_STEP = 1e-2
"""Step of the first look at the curvature, which gives the step of the second."""
CURVATURE_SHARE = 0.5
"""Step of the differences that measure the curvature, in standard deviations of theta."""
LARGEST_STEP = 0.5
WIDEST_SEARCH = 10.0
"""Distance of theta from the bulk of its prior at which the search for the mode ends."""
NEAR_ZERO = 1e-3
"""Share of its prior's scale below which a scale counts as zero."""
NEAR_ONE = 0.999
USE_NUTS = 'Use engine = "nuts".'


@dataclass(frozen=True, eq=False)
class Marginal:
    """Laplace approximation at one point of theta."""

    theta: Floats
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
        return Marginal(theta, value, mode, self.latent.effects(mode.latent, hyper))

    def find_mode(self) -> MarginalMode:
        """Find the mode in theta and the curvature there.

        Raises
        ------
        FitError
            If the mode lies at the edge of theta, or its curvature is not that of a maximum.
        """
        start = self.hyper.start()
        here = self.at(start, start=self.latent.start())
        search = _Search(self, here)
        bounds = list(zip(start - WIDEST_SEARCH, start + WIDEST_SEARCH, strict=True))
        found = minimize(search.value, start, jac=search.gradient, method="L-BFGS-B", bounds=bounds)
        here = self.at(found.x, start=search.latest.effects)
        self._refuse_edge(here)
        first = np.full(len(start), FIRST_STEP)
        spread = 1.0 / np.sqrt(np.maximum(np.diagonal(self._curvature(here, first)[0]), 1e-8))
        curvature, tangent = self._curvature(
            here, np.minimum(CURVATURE_SHARE * spread, LARGEST_STEP)
        )
        if np.linalg.eigvalsh(curvature).min() <= 0.0:
            raise FitError(
                f"the Laplace approximation has no proper maximum in {', '.join(self.hyper.names)}",
                USE_NUTS,
            )
        return MarginalMode(here, np.linalg.inv(curvature), tangent)

    def _refuse_edge(self, here: Marginal) -> None:
        values = self.hyper.at(here.theta)
        named = dict(zip(self.hyper.scales, values.sd.tolist(), strict=True))
        priors = dict(self.hyper.scales)
        if self.hyper.overdispersion is not None and values.overdispersion is not None:
            named["overdispersion"] = values.overdispersion
            priors["overdispersion"] = self.hyper.overdispersion
        for name, value in named.items():
            if value < NEAR_ZERO * prior_scale(priors[name]):
                raise FitError(
                    f"the Laplace approximation does not hold: {name} runs to zero ({value:.2g})",
                    USE_NUTS,
                )
        if abs(values.correlation) > NEAR_ONE:
            raise FitError(
                "the Laplace approximation does not hold: the correlation of intercepts and "
                f"slopes runs to {np.sign(values.correlation):.0f}",
                USE_NUTS,
            )

    def _curvature(self, here: Marginal, step: Floats) -> tuple[Floats, tuple[Effects, ...]]:
        """Negative Hessian in theta by central differences, and derivatives of the effects."""
        size = len(step)
        shifts = np.diag(step)
        start = here.effects
        up = [self.at(here.theta + shift, start=start) for shift in shifts]
        down = [self.at(here.theta - shift, start=start) for shift in shifts]
        curvature = np.empty((size, size))
        for i in range(size):
            curvature[i, i] = (2.0 * here.value - up[i].value - down[i].value) / step[i] ** 2
        for i, j in combinations(range(size), 2):
            both = self.at(here.theta + shifts[i] + shifts[j], start=start).value
            neither = self.at(here.theta - shifts[i] - shifts[j], start=start).value
            alone = up[i].value + down[i].value + up[j].value + down[j].value
            mixed = (both + neither + 2.0 * here.value - alone) / (2.0 * step[i] * step[j])
            curvature[i, j] = curvature[j, i] = -mixed
        tangent = tuple(
            Effects(*((a - b) / (2.0 * h) for a, b in zip(u.effects, d.effects, strict=True)))
            for u, d, h in zip(up, down, step, strict=True)
        )
        return curvature, tangent


class _Search:
    """Objective of the search for the mode; each latent search starts where the last one ended."""

    def __init__(self, posterior: MarginalPosterior, start: Marginal) -> None:
        self._posterior = posterior
        self.latest = start

    def value(self, theta: Floats) -> float:
        self.latest = self._posterior.at(theta, start=self.latest.effects)
        return -self.latest.value

    def gradient(self, theta: Floats) -> Floats:
        start = self.latest.effects
        return np.array(
            [
                self._posterior.at(theta - shift, start=start).value
                - self._posterior.at(theta + shift, start=start).value
                for shift in np.diag(np.full(len(theta), GRADIENT_STEP))
            ]
        ) / (2.0 * GRADIENT_STEP)
