"""Correlations of authority effects as variables of the model (`bayesgrad.model.covariance`)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from bayesgrad.design.design import Design
from bayesgrad.model.covariance import free_loadings, is_joint, partial_shape
from bayesgrad.model.hyperpriors import Hyperpriors
from bayesgrad.model.operations import correlations_of_loadings, correlations_of_partial
from bayesgrad.model.priors import prior_variable
from bayesgrad.spec.model_spec import ModelSpec

Tensor = Any


def correlation_factor(spec: ModelSpec, design: Design, hyperpriors: Hyperpriors) -> Tensor:
    """Cholesky factors of blocks' correlations, (K (K + 1) / 2, blocks), packed by rows.

    The variables ``correlation`` (outcome), of an outcome's own intercept and slope, and, of joint
    outcomes, ``effect_correlation`` (effect_pair), are added to the model in context.
    """
    outcomes = len(design.forms)
    if spec.authority.covariance == "diagonal":
        identity = np.zeros((3, outcomes))
        identity[[0, 2]] = 1.0
        return identity
    if not is_joint(spec):
        eta = spec.priors.correlation.eta
        partial = hyperpriors.partial_correlations(eta, dims=("outcome",))
        factor, found = correlations_of_partial(partial[None, :], size=2)
        pm.Deterministic("correlation", found[0], dims=("outcome",))
        return factor
    if spec.authority.covariance == "full":
        shape = partial_shape(spec, 2 * outcomes)
        partial = hyperpriors.partial_correlations(shape, dims=("effect_pair",))
        factor, found = correlations_of_partial(partial[:, None], size=2 * outcomes)
    else:
        size, rank = 2 * outcomes, spec.authority.rank
        free = prior_variable("z_loadings", spec.priors.loadings, dims=("loading",))
        loadings = pt.set_subtensor(pt.zeros((size, rank))[free_loadings(size, rank)], free)
        factor, found = correlations_of_loadings(loadings, size)
    pm.Deterministic("effect_correlation", found[:, 0], dims=("effect_pair",))
    own = [i * (i - 1) // 2 + i - 1 for i in range(1, 2 * outcomes, 2)]
    pm.Deterministic("correlation", found[own, 0], dims=("outcome",))
    return factor
