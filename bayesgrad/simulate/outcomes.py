"""Outcomes of a synthetic England: true parameters, authority effects and counts."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from bayesgrad.simulate.counts import draw_rates
from bayesgrad.simulate.effects import AuthorityEffects
from bayesgrad.simulate.geography import Floats, Geography, Integers
from bayesgrad.simulate.settings import EnglandSettings


@dataclass(frozen=True)
class Truth:
    """True parameters of one outcome on one geography.

    Attributes
    ----------
    settings : EnglandSettings
    intercept : float
        Log rate per child in the average area of an authority of mean deprivation.
    mean_deprivation : float
        Dbar: unweighted mean over authorities of their realised deprivation.
    """

    settings: EnglandSettings
    intercept: float
    mean_deprivation: float

    def moderator(self, deprivation: Floats) -> Floats:
        """w: 0 at Dbar; ln(D / Dbar) for log, (D - Dbar) / unit for linear, else 0."""
        match self.settings.moderation:
            case "log":
                return np.log(deprivation / self.mean_deprivation)
            case "linear":
                return (deprivation - self.mean_deprivation) / self.settings.unit
            case "none":
                return np.zeros_like(deprivation)

    def gradient_at(self, deprivation: float) -> float:
        """Rate ratio per unit in a typical authority of the given deprivation."""
        w = self.moderator(np.array([deprivation]))
        return math.exp(self.settings.slope + self.settings.true_interaction * float(w[0]))

    def parameters(self) -> dict[str, float]:
        """Values by the names of the `parameters` table; those not in the model are left out."""
        settings = self.settings
        values = {"intercept": self.intercept, "slope": settings.slope}
        if settings.moderation != "none":
            values["between"] = settings.true_between
            values["interaction"] = settings.true_interaction
        values["sd_intercept"] = settings.sd_intercept
        values["sd_slope"] = settings.sd_slope
        values["correlation"] = settings.correlation
        if settings.family == "negative_binomial":
            values["overdispersion"] = 1 / math.sqrt(settings.alpha)
            values["alpha"] = settings.alpha
        return values


@dataclass(frozen=True, eq=False)
class Outcomes:
    """One draw of an outcome on a geography.

    Attributes
    ----------
    truth : Truth
    intercept, slope : ndarray of float, shape (authorities,)
        a_j and b_j: log rate in the authority's average area, log gradient.
    expected : ndarray of float, shape (areas,)
        mu: expected count, given the authority's effects.
    count : ndarray of int, shape (areas,)
    """

    truth: Truth
    intercept: Floats
    slope: Floats
    expected: Floats
    count: Integers


def true_parameters(geography: Geography, settings: EnglandSettings) -> Truth:
    r"""Fix the intercept so that the expected rate over all areas is `settings.rate`.

    The expectation is over the authority effects, so the intercept depends on the geography but
    is the same for every draw of outcomes on it. With :math:`v_i = \sigma_0^2 + 2 \rho \sigma_0
    \sigma_1 x_i + \sigma_1^2 x_i^2` the variance of the effects at area i,

    .. math:: \mathrm{intercept} = \ln \frac{\mathrm{rate} \sum_i E_i}
        {\sum_i E_i \exp(\mathrm{between}\, w_j + (\mathrm{slope} + \mathrm{interaction}\, w_j)
        x_i + v_i / 2)}
    """
    truth = Truth(settings, 0.0, float(geography.deprivation.mean()))
    w = truth.moderator(geography.deprivation)
    x = geography.centred(settings.unit)
    variance = _effects(settings).variance(x, of=(0,))
    slope = (settings.slope + settings.true_interaction * w)[geography.authority]
    log_ratio = (settings.true_between * w)[geography.authority] + slope * x + variance / 2
    intercept = intercept_for(settings.rate, log_ratio, weights=geography.children)
    return Truth(settings, intercept, truth.mean_deprivation)


def draw_outcomes(
    geography: Geography, settings: EnglandSettings, *, seed: int | np.random.SeedSequence
) -> Outcomes:
    r"""Draw authority effects and counts from the model.

    .. math::
        \ln \mu_i &= \ln E_i + a_j + b_j (d_i - D_j) / \mathrm{unit} \\
        a_j &= \mathrm{intercept} + \mathrm{between}\, w_j + u_{0j}, \quad
        b_j = \mathrm{slope} + \mathrm{interaction}\, w_j + u_{1j}

    with :math:`(u_{0j}, u_{1j})` bivariate normal, and :math:`y_i` Poisson, or negative binomial
    with variance :math:`\mu + \mu^2 / \alpha`.

    Parameters
    ----------
    geography : Geography
    settings : EnglandSettings
        Those of the outcome; they may differ from those of the geography.
    seed : int or SeedSequence
        A replicate is another seed on the same geography.
    """
    rng = np.random.default_rng(seed)
    truth = true_parameters(geography, settings)
    w = truth.moderator(geography.deprivation)
    u0, u1 = _effects(settings).draw(len(w), rng)
    intercept = truth.intercept + settings.true_between * w + u0[0]
    slope = settings.slope + settings.true_interaction * w + u1[0]
    at = geography.authority
    log_rate = intercept[at] + slope[at] * geography.centred(settings.unit)
    expected = np.exp(np.log(geography.children) + log_rate)
    alpha = settings.alpha if settings.family == "negative_binomial" else None
    counts = draw_rates(expected, alpha=alpha, rng=rng)
    return Outcomes(truth, intercept, slope, expected, counts)


def _effects(settings: EnglandSettings) -> AuthorityEffects:
    return AuthorityEffects(
        np.array([settings.sd_intercept]), np.array([settings.sd_slope]), settings.correlation
    )


def intercept_for(rate: float, log_ratio: Floats, *, weights: Floats | Integers) -> float:
    """Intercept that gives a mean rate: ln rate - ln of the weighted mean of exp(log_ratio)."""
    # Taking out the largest keeps the exponentials finite.
    top = log_ratio.max()
    mean_ratio = np.average(np.exp(log_ratio - top), weights=weights)
    return math.log(rate) - float(top) - math.log(mean_ratio)
