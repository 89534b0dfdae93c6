"""What every engine reads of a design, and the names of what it gives: nothing symbolic."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln

from bayesgrad.design.design import Design
from bayesgrad.design.splines import Floats
from bayesgrad.model.information import authority_information
from bayesgrad.spec.model_spec import ModelSpec

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

LARGEST_ALPHA = 1e300
"""A larger size of the negative binomial, infinity too, is taken as this: the Poisson all the same.
"""


def model_arrays(spec: ModelSpec, design: Design) -> dict[str, np.ndarray]:
    """Every array of a design that the model reads, under the names of its `pm.Data`."""
    arrays = likelihood_arrays(design)
    arrays["log_crude_rate"] = design.log_crude_rate()
    if spec.sampling.parameterisation == "partial":
        information = authority_information(design, family=spec.likelihood.family)
        arrays["authority_curvature"] = information.curvature
        arrays["authority_pull"] = information.pull
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
        ``row_count``, ``row_x``, ``row_log_exposure`` (rows,); ``row_outcome`` (rows,) int;
        ``cell_start`` (cells + 1,) and ``cell_outcome`` (cells,) int; ``exceedance`` (outcomes,
        largest count): N_k; ``log_constant`` (): minus the sum of ln(count!).
    """
    rows = design.rows
    count = rows.count.astype(np.float64)
    return {
        "row_count": count,
        "row_x": rows.x,
        "row_log_exposure": np.log(rows.exposure),
        "row_outcome": design.row_outcome,
        "cell_start": design.cell_starts(),
        "cell_outcome": design.cell_outcome,
        "exceedance": _exceedance(design),
        "log_constant": np.asarray(-gammaln(count + 1.0).sum()),
    }


def _exceedance(design: Design) -> Floats:
    """N_k, the number of rows of each outcome with a count above k: (outcomes, largest count)."""
    largest = int(design.rows.count.max())
    outcomes = len(design.outcomes)
    index = design.row_outcome * (largest + 1) + design.rows.count
    frequency = np.bincount(index, minlength=outcomes * (largest + 1))
    up_to = frequency.reshape(outcomes, largest + 1).cumsum(axis=1)
    return (up_to[:, -1:] - up_to[:, :-1]).astype(np.float64)
