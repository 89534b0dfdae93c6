"""Counts drawn from the model, for what only holds of data that are like it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bayesgrad.design import Design
from bayesgrad.inference.laplace.latent import LatentModel
from tests.inference.laplace.cases import Case, form_of

ALPHA = 8.0
RATE = 0.06


def simulated_case(name: str, *, seed: int = 5, **settings: object) -> Case:
    """The case of a form, with counts from the model on its made-up areas."""
    case = form_of(name, **settings)
    design = with_counts(case.design, np.random.default_rng(seed))
    return case._replace(design=design, latent=LatentModel.of(case.spec, design))


def with_counts(design: Design, rng: np.random.Generator) -> Design:
    """The design with counts drawn anew."""
    authorities, outcomes, strata = design.cells
    sd = np.tile([0.3, 0.12], outcomes)
    correlation = np.full((2 * outcomes, 2 * outcomes), 0.3) + 0.7 * np.eye(2 * outcomes)
    effects = rng.multivariate_normal(
        np.tile([np.log(RATE), 0.4], outcomes), correlation * np.outer(sd, sd), authorities
    )
    deviations = rng.normal(size=(outcomes, strata, 2)) * ([0.4, 0.08] if strata > 1 else 0.0)
    deviations -= deviations.mean(axis=1, keepdims=True)
    of_cells = effects.reshape(authorities, outcomes, 1, 2) + deviations
    intercept, slope = of_cells.reshape(-1, 2)[design.rows.cell].T
    predictor = intercept + slope * design.rows.x
    count = np.zeros(len(predictor), dtype=np.int64)
    for s, form in enumerate(design.forms):
        own = design.row_outcome == s
        level, exposure = predictor[own], design.rows.exposure[own]
        if form.of_cases:
            p = 1.0 / (1.0 + np.exp(-level)) if form.link == "logit" else np.exp(level)
            count[own] = rng.binomial(exposure.astype(np.int64), p)
        else:
            mixing = rng.gamma(ALPHA, 1.0 / ALPHA, own.sum()) if form.dispersed else 1.0
            count[own] = rng.poisson(exposure * np.exp(level) * mixing)
    return replace(design, rows=replace(design.rows, count=count))
