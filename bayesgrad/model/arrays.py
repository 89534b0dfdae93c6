"""What every engine reads of a design, and the names of what it gives: nothing symbolic."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln

from bayesgrad.design.design import Design
from bayesgrad.design.splines import Floats
from bayesgrad.model.information import authority_information
from bayesgrad.model.kernels import SMALL_COUNTS, CountRows
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


def model_arrays(spec: ModelSpec, design: Design) -> dict[str, np.ndarray]:
    """Every array of a design that the model reads, under the names of its `pm.Data`."""
    arrays = likelihood_arrays(design)
    arrays["crude_level"] = design.crude_level()
    arrays["authority_columns"] = design.authorities.columns.T
    if spec.sampling.parameterisation == "partial":
        information = authority_information(
            design, count_rows(design), family=spec.likelihood.family
        )
        arrays["authority_information"] = information.curvature
        arrays["authority_pull"] = information.pull
    return arrays


def coordinates(design: Design) -> dict[str, tuple[str, ...]]:
    """Names along each dimension of the model, empty dimensions left out."""
    coords = {
        "authority": design.authorities.codes,
        "outcome": design.outcomes,
        "effect": ("intercept", "slope"),
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
        Every field of `CountRows` as ``rows_`` and its name, and ``log_constant`` ().
    """
    rows = count_rows(design)._asdict()
    arrays = {f"rows_{field}": values for field, values in rows.items()}
    return arrays | {"log_constant": np.asarray(log_constant(design))}


def log_constant(design: Design) -> float:
    """Part of the log likelihood that no parameter changes: minus the sum of ln(count!)."""
    return float(-gammaln(design.rows.count + 1.0).sum())


def count_rows(design: Design) -> CountRows:
    """Rows of a design as the kernels read them.

    The row terms are, in this order, the area covariates, the area moderators of the gradient and
    the common curve.
    """
    rows = design.rows
    exceedance, large_count, large_frequency = _counts_in_common(design)
    terms = np.hstack([rows.covariates.values, rows.gradient_moderators, rows.curve])
    return CountRows(
        events=rows.count.astype(np.float64),
        x=np.ascontiguousarray(rows.x),
        log_exposure=np.log(rows.exposure),
        terms=np.ascontiguousarray(terms.T),
        start=design.cell_starts(),
        outcome=design.cell_outcome,
        exceedance=exceedance,
        large_count=large_count,
        large_frequency=large_frequency,
    )


def _counts_in_common(design: Design) -> tuple[Floats, Floats, Floats]:
    """Exceedance, large counts and their frequencies; see `CountRows`."""
    outcomes = len(design.outcomes)
    distinct, place = np.unique(design.rows.count, return_inverse=True)
    index = design.row_outcome * len(distinct) + place
    frequency = np.bincount(index, minlength=outcomes * len(distinct)).reshape(outcomes, -1)
    steps = np.arange(min(int(distinct[-1]), SMALL_COUNTS))
    exceedance = frequency @ (distinct[:, None] > steps)
    large = distinct > SMALL_COUNTS
    return (
        exceedance.astype(np.float64),
        distinct[large].astype(np.float64),
        np.ascontiguousarray(frequency[:, large], dtype=np.float64),
    )
