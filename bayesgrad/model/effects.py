r"""Authority effects: their multivariate normal prior in the coordinates of the sampler's choice.

With :math:`\mu_j` the systematic part and :math:`C C' = \Sigma` the covariance of
:math:`\theta_j`, the intercepts and slopes of an authority that share a covariance
(`bayesgrad.model.covariance`):

centred
    :math:`\theta_j` itself. Best where every authority has much data.
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

from dataclasses import dataclass
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from bayesgrad.kernels.coordinates.layout import Fixed, Spread
from bayesgrad.kernels.coordinates.standardised import Known
from bayesgrad.model import operations
from bayesgrad.spec.vocabulary import Parameterisation

Tensor = Any
DIMS = ("authority", "outcome")


@dataclass(frozen=True)
class EffectsPrior:
    """Prior of the authority effects, symbolically.

    Attributes
    ----------
    coefficients : Fixed of tensors
        Of the systematic parts of a_j and b_j.
    covariance : Spread of tensors
    blocks : tuple of int
        Number of blocks that share a covariance, and effects in each.
    """

    coefficients: Fixed
    covariance: Spread
    blocks: tuple[int, int]


def authority_effects(
    prior: EffectsPrior, data: dict[str, Tensor], *, parameterisation: Parameterisation
) -> tuple[Tensor, Tensor]:
    """a_j and b_j as variables of the model in context, each (authorities, outcomes).

    Parameters
    ----------
    prior : EffectsPrior
    data : dict of tensors
        ``authority_columns`` (terms, authorities) and, unless the parameterisation is centred,
        ``authority_information`` (blocks, K, K, authorities) and ``authority_pull`` (blocks, K,
        authorities).
    parameterisation : {"partial", "centred", "non_centred"}
    """
    if parameterisation == "centred":
        intercept, slope = _centred(prior, data["authority_columns"])
    else:
        intercept, slope = _in_coordinates(prior, data, informed=parameterisation == "partial")
    return (
        pm.Deterministic("authority_intercept", intercept, dims=DIMS),
        pm.Deterministic("authority_slope", slope, dims=DIMS),
    )


def _in_coordinates(
    prior: EffectsPrior, data: dict[str, Tensor], *, informed: bool
) -> tuple[Tensor, Tensor]:
    """Effects as functions of the coordinates z; uninformed, z are those of the prior."""
    dims = ("outcome", "effect", "authority")
    z = pm.Flat("z", dims=dims) if informed else pm.Normal("z", dims=dims)
    known = Known(data["authority_columns"], data["authority_information"], data["authority_pull"])
    effects = operations.authority_effects(prior.coefficients, prior.covariance, z, known)
    if informed:
        pm.Potential("authority_effects_prior", effects.density)
    return effects.intercept, effects.slope


def _centred(prior: EffectsPrior, columns: Tensor) -> tuple[Tensor, Tensor]:
    """Effects as variables, (authorities, outcomes x effects), of a multivariate normal."""
    mean, (sd, factor) = systematic_part(prior, columns), spread(prior)
    effects = pm.MvNormal(
        "authority_effects", mean, chol=sd[:, None] * factor, dims=("authority", "outcome_effect")
    )
    return effects[:, 0::2], effects[:, 1::2]


def systematic_part(prior: EffectsPrior, columns: Tensor) -> Tensor:
    """Means of effects, (authorities, outcomes x effects), those of an outcome side by side."""
    known = prior.coefficients
    level = (known.intercept[:, None], known.between, known.moderator_level)
    gradient = (known.slope[:, None], known.interaction, known.moderator_gradient)
    means = [pt.dot(pt.concatenate(parts, axis=1), columns) for parts in (level, gradient)]
    return pt.stack(means, axis=1).reshape((-1, columns.shape[1])).T


def spread(prior: EffectsPrior) -> tuple[Tensor, Tensor]:
    """Standard deviations of effects, (K,), and the factor of their correlations, (K, K)."""
    covariance, (blocks, size) = prior.covariance, prior.blocks
    sd = pt.stack([covariance.sd_intercept, covariance.sd_slope], axis=1).ravel()
    rows, columns = np.tril_indices(size)
    whole = pt.zeros((blocks * size, blocks * size))
    for b in range(blocks):
        place = (b * size + rows, b * size + columns)
        whole = pt.set_subtensor(whole[place], pt.as_tensor_variable(covariance.factor)[:, b])
    return sd, whole
