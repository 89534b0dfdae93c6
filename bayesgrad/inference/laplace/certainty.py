"""Risks so near one, under the log link, that effects are not nearly normal.

There the log likelihood ends: a normal approximation reaches into what is impossible, and where all
cases of a row are events the mode may lie at the very end.
"""

from __future__ import annotations

import numpy as np

from bayesgrad.inference.laplace.hyperparameters import HyperValues
from bayesgrad.inference.laplace.latent import LatentModel
from bayesgrad.inference.laplace.newton import LatentMode
from bayesgrad.inference.laplace.skewness import third_order
from bayesgrad.kernels.families.numbers import FAMILIES

STANDARD_ERRORS = 3.0
"""Of a row's linear predictor, within which its risk may not be one."""


def rows_near_certainty(model: LatentModel, mode: LatentMode, hyper: HyperValues) -> int:
    """Number of rows under the log link whose risk may be one, at a latent mode."""
    rows = model.likelihood.rows
    of_risks = rows.family[rows.outcome] == FAMILIES["binomial", "log"]
    if not of_risks.any():
        return 0
    cell = np.repeat(np.arange(len(rows.outcome)), np.diff(rows.start))
    kept = of_risks[cell]
    cell = cell[kept]
    reads = np.vstack([np.ones_like(rows.x), rows.x, rows.terms])[:, kept]
    effects, coefficients = model.read(model.effects(mode.latent, hyper))
    values = np.hstack([effects.reshape(-1, 2)[cell], coefficients[rows.outcome[cell]]])
    covariance = third_order(model, mode, hyper).of_cells[cell]
    variance = np.einsum("in,nij,jn->n", reads, covariance, reads)
    reached = (values.T * reads).sum(axis=0) + STANDARD_ERRORS * np.sqrt(variance)
    return int((reached >= 0.0).sum())
