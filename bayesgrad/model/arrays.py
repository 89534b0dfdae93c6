"""What every engine reads of a design, and the names of what it gives: nothing symbolic."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln

from bayesgrad.design.design import Design
from bayesgrad.design.splines import Floats

DRAWN = (
    "intercept",
    "slope",
    "between",
    "interaction",
    "authority_moderator_level",
    "authority_moderator_gradient",
    "covariate",
    "gradient_moderator",
    "curvature",
    "sd_intercept",
    "sd_slope",
    "correlation",
    "overdispersion",
    "alpha",
    "authority_intercept",
    "authority_slope",
)
"""Variables whose draws are kept, where the model has them; none has a value per row."""

LARGEST_ALPHA = 1e8
"""Size from which the negative binomial is the Poisson to all the digits that matter: a larger one
is taken as this, for the error of rounding log(mean + alpha) - log(alpha) grows with it."""


def model_arrays(design: Design) -> dict[str, np.ndarray]:
    """Every array of a design that the model reads, under the names of its `pm.Data`."""
    arrays = likelihood_arrays(design)
    arrays["log_crude_rate"] = design.log_crude_rate()
    optional = {
        "moderation_basis": design.authorities.moderation,
        "authority_moderators": design.authorities.moderators.values,
        "row_covariates": design.rows.covariates.values,
        "row_gradient_moderators": design.rows.gradient_moderators,
        "row_curve": design.rows.curve,
    }
    return arrays | {name: values for name, values in optional.items() if values.shape[1]}


def coordinates(design: Design) -> dict[str, tuple[str, ...]]:
    """Names along each dimension of the model, empty dimensions left out."""
    coords = {
        "authority": design.authorities.codes,
        "outcome": design.outcomes,
        "moderation_term": design.basis.terms,
        "authority_moderator": design.authorities.moderators.names,
        "area_covariate": design.rows.covariates.names,
        "area_moderator": design.area_moderators,
        "curvature_term": design.curve.terms,
    }
    return {name: values for name, values in coords.items() if values}


def likelihood_arrays(design: Design) -> dict[str, np.ndarray]:
    """Arrays that the likelihood reads, under the names of their `pm.Data`.

    Returns
    -------
    dict
        ``row_cell``, ``row_outcome`` (rows,) int; ``row_count``, ``row_x``,
        ``row_log_exposure`` (rows,); ``cell_count``, ``cell_count_x`` (cells,);
        ``exceedance`` (outcomes, largest count): N_k; ``log_constant`` ().
    """
    rows = design.rows
    count = rows.count.astype(np.float64)
    log_exposure = np.log(rows.exposure)
    return {
        "row_cell": rows.cell,
        "row_outcome": design.row_outcome,
        "row_count": count,
        "row_x": rows.x,
        "row_log_exposure": log_exposure,
        "cell_count": design.cell_sum(count).ravel(),
        "cell_count_x": design.cell_sum(count * rows.x).ravel(),
        "exceedance": _exceedance(design),
        "log_constant": np.asarray(count @ log_exposure - gammaln(count + 1.0).sum()),
    }


def _exceedance(design: Design) -> Floats:
    """N_k, the number of rows of each outcome with a count above k: (outcomes, largest count)."""
    largest = int(design.rows.count.max())
    outcomes = len(design.outcomes)
    index = design.row_outcome * (largest + 1) + design.rows.count
    frequency = np.bincount(index, minlength=outcomes * (largest + 1))
    up_to = frequency.reshape(outcomes, largest + 1).cumsum(axis=1)
    return (up_to[:, -1:] - up_to[:, :-1]).astype(np.float64)
