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

from bayesgrad.spec.vocabulary import Parameterisation

Tensor = Any
DIMS = ("authority", "outcome")


@dataclass(frozen=True)
class EffectsPrior:
    """Prior of the authority effects, symbolically.

    Attributes
    ----------
    level, gradient : tensor, shape (authorities or 1, outcomes)
        Systematic parts of a_j and b_j.
    sd_intercept, sd_slope, correlation : tensor, shape (outcomes,)
    """

    level: Tensor
    gradient: Tensor
    sd_intercept: Tensor
    sd_slope: Tensor
    correlation: Tensor

    @property
    def sd_slope_given_intercept(self) -> Tensor:
        """Standard deviation of b_j given a_j."""
        return self.sd_slope * pt.sqrt(1.0 - self.correlation**2)


def authority_effects(
    prior: EffectsPrior, data: dict[str, Tensor], *, parameterisation: Parameterisation
) -> tuple[Tensor, Tensor]:
    """a_j and b_j as variables of the model in context, each (authorities, outcomes).

    Parameters
    ----------
    prior : EffectsPrior
    data : dict of tensors
        ``authority_curvature`` (3, authorities, outcomes) and ``authority_pull`` (2, ...) where
        the parameterisation is partial.
    parameterisation : {"partial", "centred", "non_centred"}
    """
    if parameterisation == "centred":
        return _centred(prior)
    if parameterisation == "non_centred":
        w = pm.Normal("z_intercept", dims=DIMS), pm.Normal("z_slope", dims=DIMS)
    else:
        w = _partial(prior, data["authority_curvature"], data["authority_pull"])
    along = prior.correlation * prior.sd_slope
    intercept = prior.level + prior.sd_intercept * w[0]
    slope = prior.gradient + along * w[0] + prior.sd_slope_given_intercept * w[1]
    return (
        pm.Deterministic("authority_intercept", intercept, dims=DIMS),
        pm.Deterministic("authority_slope", slope, dims=DIMS),
    )


def _centred(prior: EffectsPrior) -> tuple[Tensor, Tensor]:
    intercept = pm.Normal("authority_intercept", prior.level, prior.sd_intercept, dims=DIMS)
    given_level = prior.correlation * prior.sd_slope / prior.sd_intercept
    mean = prior.gradient + given_level * (intercept - prior.level)
    slope = pm.Normal("authority_slope", mean, prior.sd_slope_given_intercept, dims=DIMS)
    return intercept, slope


def _partial(prior: EffectsPrior, curvature: Tensor, pull: Tensor) -> tuple[Tensor, Tensor]:
    """Standardised effects w_j, as functions of the coordinates z_j, with their log density."""
    c00, c10 = prior.sd_intercept, prior.correlation * prior.sd_slope
    c11 = prior.sd_slope_given_intercept
    h00, h01, h11 = curvature[0], curvature[1], curvature[2]
    # L, the Cholesky factor of M = I + C' H C
    l00 = pt.sqrt(1.0 + c00 * (h00 * c00 + h01 * c10) + c10 * (h01 * c00 + h11 * c10))
    l10 = c11 * (c00 * h01 + c10 * h11) / l00
    l11 = pt.sqrt(1.0 + c11**2 * h11 - l10**2)
    # C' (h - H mu)
    from_level = pull[0] - h00 * prior.level - h01 * prior.gradient
    from_gradient = pull[1] - h01 * prior.level - h11 * prior.gradient
    t0, t1 = c00 * from_level + c10 * from_gradient, c11 * from_gradient
    # w = L^-T (L^-1 t + z)
    v0 = t0 / l00
    v1 = (t1 - l10 * v0) / l11
    w1 = (v1 + pm.Flat("z_slope", dims=DIMS)) / l11
    w0 = (v0 + pm.Flat("z_intercept", dims=DIMS) - l10 * w1) / l00
    density = -0.5 * (w0**2 + w1**2) - math.log(2.0 * math.pi) - pt.log(l00) - pt.log(l11)
    pm.Potential("authority_effects_prior", density.sum())
    return w0, w1
