"""The model as a PyMC textbook writes it: the same priors and posterior, row by row."""

from __future__ import annotations

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from bayesgrad.design import Design
from bayesgrad.spec import ModelSpec


def textbook_model(spec: ModelSpec, design: Design) -> pm.Model:
    """Negative binomial with indexed, correlated authority effects and LKJ Cholesky covariance."""
    rows = design.rows
    authority = design.cell_authority[rows.cell]
    basis = design.authorities.moderation[:, 0]
    coords = {"authority": design.authorities.codes, "effect": ["intercept", "slope"]}
    with pm.Model(coords=coords) as model:
        crude = float(design.crude_level()[0])
        intercept = pm.Normal("intercept", crude, spec.priors.intercept.sigma)
        slope = pm.Normal("slope", 0.0, spec.location_prior("slope").sigma)
        between = pm.Normal("between", 0.0, spec.location_prior("between").sigma)
        interaction = pm.Normal("interaction", 0.0, spec.location_prior("interaction").sigma)
        spread = np.array([spec.scale_prior(name).sigma for name in ("sd_intercept", "sd_slope")])
        cholesky, _, _ = pm.LKJCholeskyCov(
            "covariance", n=2, eta=spec.priors.correlation.eta, sd_dist=pm.HalfNormal.dist(spread)
        )
        means = pt.stack([intercept + between * basis, slope + interaction * basis], axis=1)
        effects = pm.MvNormal("effects", mu=means, chol=cholesky, dims=("authority", "effect"))
        overdispersion = pm.HalfNormal("overdispersion", spec.priors.overdispersion.sigma)
        linear = np.log(rows.exposure) + effects[authority, 0] + effects[authority, 1] * rows.x
        pm.NegativeBinomial(
            "count", mu=pt.exp(linear), alpha=overdispersion**-2.0, observed=rows.count
        )
    return model
