r"""Hyperparameters on an unconstrained scale, with their priors and Jacobians.

.. math:: \theta = (\ln \sigma_1, \ldots, \ln \sigma_K,\ \mathrm{artanh}\,\rho,\ \ln \omega),
          \qquad \alpha = \omega^{-2},

the correlation where the effects are correlated, the overdispersion :math:`\omega` where the counts
are negative binomial. The priors are those of `bayesgrad.model.graph`, densities of
:math:`\sigma`, :math:`\rho` and :math:`\omega`, and so each gains the log of the derivative of its
quantity.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betaln, gammaln

from bayesgrad.design.splines import Floats
from bayesgrad.spec.model_spec import ModelSpec
from bayesgrad.spec.priors import CorrelationPrior, ScalePrior


@dataclass(frozen=True, eq=False)
class HyperValues:
    """Hyperparameters on their own scales, and the covariance of the authority effects.

    Attributes
    ----------
    sd : ndarray, shape (K,)
    correlation : float
        0 where the effects are independent.
    overdispersion : float or None
        1/sqrt(alpha); None for Poisson.
    lower : ndarray, shape (K, K)
        Lower Cholesky factor of the covariance of the effects.
    """

    sd: Floats
    correlation: float
    overdispersion: float | None
    lower: Floats

    @property
    def alpha(self) -> float | None:
        """Negative-binomial size, or None."""
        return None if self.overdispersion is None else self.overdispersion**-2.0


@dataclass(frozen=True, eq=False)
class Hyperparameters:
    """The hyperparameters of a model: their names, order and priors.

    Attributes
    ----------
    scales : dict of str to ScalePrior
        The standard deviations, in the order of the effects.
    correlation : CorrelationPrior or None
    overdispersion : ScalePrior or None
    """

    scales: dict[str, ScalePrior]
    correlation: CorrelationPrior | None
    overdispersion: ScalePrior | None

    @classmethod
    def of(cls, spec: ModelSpec) -> Hyperparameters:
        """Hyperparameters of a spec."""
        priors = spec.priors
        overdispersed = spec.likelihood.family == "negative_binomial"
        return cls(
            scales={"sd_intercept": priors.sd_intercept, "sd_slope": priors.sd_slope},
            correlation=None if spec.authority.covariance == "diagonal" else priors.correlation,
            overdispersion=priors.overdispersion if overdispersed else None,
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Names in the order of theta."""
        correlation = ("correlation",) if self.correlation else ()
        overdispersion = ("overdispersion",) if self.overdispersion else ()
        return (*self.scales, *correlation, *overdispersion)

    def start(self) -> Floats:
        """A point in the bulk of the prior: every scale at half its prior's, no correlation."""
        half = [np.log(0.5 * prior_scale(prior)) for prior in self._scale_priors()]
        if self.correlation:
            half.insert(len(self.scales), 0.0)
        return np.array(half)

    def _scale_priors(self) -> tuple[ScalePrior, ...]:
        return (*self.scales.values(), *((self.overdispersion,) if self.overdispersion else ()))

    def at(self, theta: Floats) -> HyperValues:
        """Hyperparameters at a point of the unconstrained scale, shape (names,)."""
        count = len(self.scales)
        sd = np.exp(theta[:count])
        artanh = float(theta[count]) if self.correlation else 0.0
        lower = np.diag(sd)
        if artanh:
            # sqrt(1 - rho^2) = 1 / cosh does not vanish where rho rounds to 1.
            lower[1, :2] = sd[1] * np.array([np.tanh(artanh), 1.0 / np.cosh(artanh)])
        return HyperValues(
            sd=sd,
            correlation=float(np.tanh(artanh)),
            overdispersion=float(np.exp(theta[-1])) if self.overdispersion else None,
            lower=lower,
        )

    def log_prior(self, theta: Floats) -> float:
        """Log prior density of theta, Jacobians included."""
        count = len(self.scales)
        logs = [*theta[:count], *(theta[-1:] if self.overdispersion else ())]
        total = sum(
            scale_log_density(prior, log) + log
            for prior, log in zip(self._scale_priors(), logs, strict=True)
        )
        if self.correlation and self.correlation.eta is not None:
            eta, log_rest = self.correlation.eta, _log_one_less_square(float(theta[count]))
            # rho = 2 B - 1: B (1 - B) = (1 - rho^2) / 4, dB = d rho / 2.
            total += (eta - 1.0) * (log_rest - np.log(4.0)) - betaln(eta, eta) - np.log(2.0)
            total += log_rest
        return float(total)


def scale_log_density(prior: ScalePrior, log_value: float) -> float:
    """Log density of a scale at exp(`log_value`), with all its constants."""
    value = np.exp(log_value)
    parameter = prior_scale(prior)
    scaled = value / parameter
    match prior.distribution:
        case "HalfNormal":
            shape = 0.5 * np.log(2.0 / np.pi) - 0.5 * scaled**2
        case "HalfCauchy":
            shape = np.log(2.0 / np.pi) - np.log1p(scaled**2)
        case "Exponential":
            shape = -scaled
        case "HalfStudentT":
            nu = prior.parameters()["nu"]
            shape = np.log(2.0) + gammaln((nu + 1) / 2) - gammaln(nu / 2)
            shape -= 0.5 * np.log(nu * np.pi) + (nu + 1) / 2 * np.log1p(scaled**2 / nu)
    return float(shape - np.log(parameter))


def prior_scale(prior: ScalePrior) -> float:
    """Scale parameter of a prior, in the units of what it is a prior of."""
    parameters = prior.parameters()
    match prior.distribution:
        case "HalfCauchy":
            return parameters["beta"]
        case "Exponential":
            return 1.0 / parameters["lam"]
    return parameters["sigma"]


def _log_one_less_square(artanh: float) -> float:
    """log(1 - rho^2) = -2 log cosh(artanh rho), without overflow or cancellation."""
    size = abs(artanh)
    return float(2.0 * (np.log(2.0) - size - np.log1p(np.exp(-2.0 * size))))
