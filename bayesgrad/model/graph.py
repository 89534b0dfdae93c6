r"""The joint model as an ordinary PyMC model.

.. math::

    \log \mu_i &= \log E_i + a_{j} + b_{j} x_i + C_i \delta + x_i m_i \gamma + f(d_i) \\
    a_j &= \mathrm{intercept} + \mathrm{between} \cdot W_j + M_j \kappa + u_{0j} \\
    b_j &= \mathrm{slope} + \mathrm{interaction} \cdot W_j + M_j \lambda + u_{1j}

with :math:`(u_{0j}, u_{1j})` bivariate normal (`bayesgrad.model.effects`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from bayesgrad.design.design import Design
from bayesgrad.model.arrays import coordinates, model_arrays
from bayesgrad.model.effects import EffectsPrior, authority_effects
from bayesgrad.model.likelihood import CellEffects, as_data, log_likelihood
from bayesgrad.model.operations import Coefficients
from bayesgrad.model.priors import correlation_variable, intercept_variable, prior_variable
from bayesgrad.spec.model_spec import ModelSpec
from bayesgrad.spec.priors import LocationPrior

Tensor = Any


def build_model(spec: ModelSpec, design: Design) -> pm.Model:
    """PyMC model of a spec on a design.

    The arrays are `pm.Data` named as by `model_arrays`; the variables are those of
    `bayesgrad.model.arrays.DRAWN`, on the log-rate scale per unit of deprivation, and a potential
    ``log_likelihood``.

    Parameters
    ----------
    spec : ModelSpec
    design : Design
        Built from the same spec.

    Returns
    -------
    pymc.Model
    """
    with pm.Model(coords=coordinates(design)) as model:
        data = as_data(model_arrays(spec, design))
        prior = _effects_prior(spec, design, data)
        intercept, slope = authority_effects(
            prior, data, parameterisation=spec.sampling.parameterisation
        )
        effects = CellEffects(
            intercept=_per_cell(intercept, design),
            slope=_per_cell(slope, design),
            coefficient=_row_coefficients(spec, design),
        )
        alpha = _dispersion(spec)
        likelihood = log_likelihood(spec.likelihood.family, data, effects, alpha)
        pm.Potential("log_likelihood", likelihood)
    return model


def _effects_prior(spec: ModelSpec, design: Design, data: dict[str, Tensor]) -> EffectsPrior:
    """Prior of the authority effects around their systematic parts."""
    priors = spec.priors
    crude = data["crude_level"]

    def of_terms(name: str, prior: LocationPrior, dim: str, names: tuple[str, ...]) -> Tensor:
        if not names:
            return np.zeros((len(design.outcomes), 0))
        return prior_variable(name, prior, dims=("outcome", dim))

    moderation = ("moderation_term", design.basis.terms)
    moderators = ("authority_moderator", design.authorities.moderators.names)
    interaction = priors.interaction_for(spec.authority.moderation)
    coefficients = Coefficients(
        intercept=intercept_variable("intercept", priors.intercept, crude=crude, dims=("outcome",)),
        slope=prior_variable("slope", priors.slope, dims=("outcome",)),
        between=of_terms("between", priors.between, *moderation),
        interaction=of_terms("interaction", interaction, *moderation),
        moderator_level=of_terms("authority_moderator_level", priors.covariates, *moderators),
        moderator_gradient=of_terms("authority_moderator_gradient", priors.moderators, *moderators),
    )
    correlation: Tensor = pt.zeros(1)
    if spec.authority.covariance != "diagonal":
        correlation = correlation_variable("correlation", priors.correlation, dims=("outcome",))
    return EffectsPrior(
        coefficients,
        data["authority_columns"],
        sd_intercept=prior_variable("sd_intercept", priors.sd_intercept, dims=("outcome",)),
        sd_slope=prior_variable("sd_slope", priors.sd_slope, dims=("outcome",)),
        correlation=correlation,
    )


def _per_cell(effect: Tensor, design: Design) -> Tensor:
    """Spread an effect of (authorities, outcomes) over the strata of each, in order of cells."""
    strata = design.cells[2]
    return effect if strata == 1 else pt.repeat(effect.ravel(), strata)


def _row_coefficients(spec: ModelSpec, design: Design) -> Tensor:
    """Coefficients of the row terms, (outcomes, row terms), in the order of `count_rows`."""
    blocks = (
        (design.rows.covariates.names, "covariate", "area_covariate", spec.priors.covariates),
        (design.area_moderators, "gradient_moderator", "area_moderator", spec.priors.moderators),
        (design.curve.terms, "curvature", "curvature_term", spec.priors.curvature),
    )
    coefficients = [
        prior_variable(name, prior, dims=("outcome", dim))
        for names, name, dim, prior in blocks
        if names
    ]
    if not coefficients:
        return pt.zeros((len(design.outcomes), 0))
    return pt.concatenate(coefficients, axis=1)


def _dispersion(spec: ModelSpec) -> Tensor | None:
    """Size alpha of each outcome, through a prior on 1/sqrt(alpha); None for Poisson."""
    if spec.likelihood.family == "poisson":
        return None
    dims = ("outcome",)
    overdispersion = prior_variable("overdispersion", spec.priors.overdispersion, dims=dims)
    return pm.Deterministic("alpha", overdispersion**-2.0, dims=dims)
