r"""The joint model as an ordinary PyMC model.

For area i of authority j, outcome s and stratum k,

.. math::

    g(\mu_i) &= a_{jsk} + b_{jsk} x_i + C_i \delta_s + x_i m_i \gamma_s + f_s(d_i) \\
    a_{jsk} &= a_{js} + v_{sk}, \qquad b_{jsk} = b_{js} + t_{sk} \\
    a_{js} &= \mathrm{intercept}_s + \mathrm{between}_s \cdot W_j + M_j \kappa_s + u_{0js} \\
    b_{js} &= \mathrm{slope}_s + \mathrm{interaction}_s \cdot W_j + M_j \lambda_s + u_{1js}

where :math:`\mu_i` is the mean per unit of exposure, and g the link. The effects u of an authority,
of all outcomes, are multivariate normal (`bayesgrad.model.effects`, `bayesgrad.model.covariance`),
those of neighbours correlated where the spec says who they are (`bayesgrad.model.spatial`); the
deviations v and t of strata sum to zero (`bayesgrad.model.strata`). Where areas lie in larger
neighbourhoods, each adds an effect of its own (`bayesgrad.model.neighbourhoods`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from bayesgrad.design.design import Design
from bayesgrad.kernels.coordinates.layout import Fixed, Spread
from bayesgrad.kernels.likelihood.by_effects import Effects
from bayesgrad.model.arrays import coordinates, model_arrays
from bayesgrad.model.coefficient_priors import CoefficientPrior, level_priors, row_priors
from bayesgrad.model.correlation import correlation_factor
from bayesgrad.model.covariance import blocks_of
from bayesgrad.model.deviations import authority_stratum_effects, stratum_effects
from bayesgrad.model.effects import EffectsPrior, authority_effects
from bayesgrad.model.hyperpriors import Hyperpriors, hyperpriors_of
from bayesgrad.model.likelihood import as_data, log_likelihood
from bayesgrad.model.neighbourhood_effects import neighbourhood_effects
from bayesgrad.model.spatial import neighbours_prior
from bayesgrad.spec.model_spec import ModelSpec

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
    with pm.Model(coords=coordinates(spec, design)) as model:
        data = as_data(model_arrays(spec, design))
        hyperpriors = hyperpriors_of(spec, data)
        prior = EffectsPrior(
            _coefficients(spec, design, data, hyperpriors),
            _covariance(spec, design, hyperpriors),
            blocks_of(spec, len(design.forms)),
        )
        intercept, slope = authority_effects(
            prior, data, parameterisation=spec.sampling.parameterisation
        )
        if spec.spatial is not None:
            neighbours_prior(prior, data, (intercept, slope))
        of_strata = stratum_effects(spec, design, data)
        deviations = authority_stratum_effects(spec, design, data, of_strata)
        effects = Effects(
            _with_deviations(intercept, deviations.get("intercept")),
            _with_deviations(slope, deviations.get("slope")),
            *of_strata,
            coefficient=_row_coefficients(spec, design, data, hyperpriors),
            alpha=_dispersion(spec, design, hyperpriors),
            neighbourhood=neighbourhood_effects(spec, design, data, (intercept, slope)),
        )
        pm.Potential("log_likelihood", log_likelihood(data, effects))
    return model


def _with_deviations(effect: Tensor, deviation: Tensor | None) -> Tensor:
    return effect if deviation is None else effect[:, :, None] + deviation


def _covariance(spec: ModelSpec, design: Design, hyperpriors: Hyperpriors) -> Spread:
    def of_effect(name: str) -> Tensor:
        return hyperpriors.scale(name, spec.scale_prior(name), dims=("outcome",))

    return Spread(
        sd_intercept=of_effect("sd_intercept"),
        sd_slope=of_effect("sd_slope"),
        factor=correlation_factor(spec, design, hyperpriors),
    )


def _coefficients(
    spec: ModelSpec, design: Design, data: dict[str, Tensor], hyperpriors: Hyperpriors
) -> Fixed:
    """Coefficients of the systematic parts of authority effects."""
    found = {
        one.variable: _coefficient(one, data, hyperpriors) for one in level_priors(spec, design)
    }
    nothing = np.zeros((len(design.outcomes), 0))
    return Fixed(
        intercept=found["intercept"],
        slope=found["slope"],
        between=found.get("between", nothing),
        interaction=found.get("interaction", nothing),
        moderator_level=found.get("authority_moderator_level", nothing),
        moderator_gradient=found.get("authority_moderator_gradient", nothing),
    )


def _row_coefficients(
    spec: ModelSpec, design: Design, data: dict[str, Tensor], hyperpriors: Hyperpriors
) -> Tensor:
    """Coefficients of the row terms, (outcomes, row terms), in the order of `count_rows`."""
    coefficients = [_coefficient(one, data, hyperpriors) for one in row_priors(spec, design)]
    if not coefficients:
        return pt.zeros((len(design.outcomes), 0))
    return pt.concatenate(coefficients, axis=1)


def _coefficient(
    prior: CoefficientPrior, data: dict[str, Tensor], hyperpriors: Hyperpriors
) -> Tensor:
    dims = ("outcome", prior.dim) if prior.dim else ("outcome",)
    return hyperpriors.coefficient(prior, data, dims=dims)


def _dispersion(spec: ModelSpec, design: Design, hyperpriors: Hyperpriors) -> Tensor:
    """Size alpha of every outcome, through a prior on 1/sqrt(alpha); infinite where it has none."""
    dispersed = [s for s, form in enumerate(design.forms) if form.dispersed]
    infinite = np.full(len(design.forms), np.inf)
    if not dispersed:
        return infinite
    dims = ("outcome",) if len(dispersed) == len(design.forms) else ("dispersed_outcome",)
    overdispersion = hyperpriors.scale(
        "overdispersion", spec.scale_prior("overdispersion"), dims=dims
    )
    alpha = pm.Deterministic("alpha", overdispersion**-2.0, dims=dims)
    if len(dispersed) == len(design.forms):
        return alpha
    return pt.set_subtensor(pt.as_tensor_variable(infinite)[dispersed], alpha)
