r"""Authority effects: the bivariate normal prior in the coordinates of the sampler's choice.

With :math:`\mu_j` the systematic part and :math:`C C' = \Sigma` the covariance of
:math:`\theta_j = (a_j, b_j)`:

centred
    :math:`a_j`, then :math:`b_j | a_j`: elementwise normal. Best where every authority has much
    data.
non-centred
    :math:`\theta_j = \mu_j + C z_j`, :math:`z_j` standard normal. Best where none has.
partial
    :math:`\theta_j = \mu_j + C w_j`, :math:`w_j = M_j^{-1} C' (h_j - H_j \mu_j) + L_j^{-T} z_j`,
    :math:`M_j = I + C' H_j C = L_j L_j'`, where :math:`H_j` and :math:`h_j` are the information of
    the authority's own rows (`bayesgrad.model.information`). It is a change of variables, exact
    whatever they are: :math:`\log p(z_j) = -w_j' w_j / 2 - \log 2 \pi - \log \det L_j`. As
    :math:`H_j` grows it tends to coordinates centred at the data, as it vanishes to the
    non-centred ones; so it suits every authority, whatever its size. (Its coordinates are flat to
    PyMC, so draw from the prior with one of the other two.)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pymc as pm
import pytensor.tensor as pt

from bayesgrad.model.operations import Coefficients, Covariance, Data, partial_effects
from bayesgrad.spec.vocabulary import Parameterisation

Tensor = Any
DIMS = ("authority", "outcome")


@dataclass(frozen=True)
class EffectsPrior:
    """Prior of the authority effects, symbolically.

    Attributes
    ----------
    coefficients : Coefficients
        Of the systematic parts of a_j and b_j.
    columns : tensor, shape (terms, authorities)
        Ones, the moderation basis and further moderators.
    sd_intercept, sd_slope, correlation : tensor, shape (outcomes,)
    """

    coefficients: Coefficients
    columns: Tensor
    sd_intercept: Tensor
    sd_slope: Tensor
    correlation: Tensor

    @property
    def sd_slope_given_intercept(self) -> Tensor:
        """Standard deviation of b_j given a_j."""
        return self.sd_slope * pt.sqrt(1.0 - self.correlation**2)

    @property
    def means(self) -> tuple[Tensor, Tensor]:
        """Systematic parts of a_j and b_j, each (authorities, outcomes)."""
        known = self.coefficients
        level = (known.intercept[:, None], known.between, known.moderator_level)
        gradient = (known.slope[:, None], known.interaction, known.moderator_gradient)
        of_level, of_gradient = (pt.concatenate(parts, axis=1) for parts in (level, gradient))
        return pt.dot(of_level, self.columns).T, pt.dot(of_gradient, self.columns).T


def authority_effects(
    prior: EffectsPrior, data: dict[str, Tensor], *, parameterisation: Parameterisation
) -> tuple[Tensor, Tensor]:
    """a_j and b_j as variables of the model in context, each (authorities, outcomes).

    Parameters
    ----------
    prior : EffectsPrior
    data : dict of tensors
        ``authority_information`` (outcomes, 2, 2, authorities) and ``authority_pull`` (outcomes,
        2, authorities) where the parameterisation is partial.
    parameterisation : {"partial", "centred", "non_centred"}
    """
    if parameterisation == "centred":
        return _centred(prior)
    if parameterisation == "non_centred":
        return _deterministic(*_non_centred(prior))
    return _deterministic(*_partial(prior, data))


def _deterministic(intercept: Tensor, slope: Tensor) -> tuple[Tensor, Tensor]:
    return (
        pm.Deterministic("authority_intercept", intercept, dims=DIMS),
        pm.Deterministic("authority_slope", slope, dims=DIMS),
    )


def _centred(prior: EffectsPrior) -> tuple[Tensor, Tensor]:
    level, gradient = prior.means
    intercept = pm.Normal("authority_intercept", level, prior.sd_intercept, dims=DIMS)
    given_level = prior.correlation * prior.sd_slope / prior.sd_intercept
    mean = gradient + given_level * (intercept - level)
    slope = pm.Normal("authority_slope", mean, prior.sd_slope_given_intercept, dims=DIMS)
    return intercept, slope


def _non_centred(prior: EffectsPrior) -> tuple[Tensor, Tensor]:
    level, gradient = prior.means
    first, second = pm.Normal("z_intercept", dims=DIMS), pm.Normal("z_slope", dims=DIMS)
    along = prior.correlation * prior.sd_slope
    slope = gradient + along * first + prior.sd_slope_given_intercept * second
    return level + prior.sd_intercept * first, slope


def _partial(prior: EffectsPrior, data: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Effects as functions of the coordinates z, which get their log density."""
    z = pm.Flat("z", dims=("outcome", "effect", "authority"))
    along = prior.correlation * prior.sd_slope
    covariance = Covariance(prior.sd_intercept, along, prior.sd_slope_given_intercept)
    information = Data(prior.columns, data["authority_information"], data["authority_pull"])
    effects = partial_effects(prior.coefficients, covariance, z, information)
    constant = math.log(2.0 * math.pi) * effects.intercept.size
    pm.Potential("authority_effects_prior", effects.density - constant)
    return effects.intercept, effects.slope
