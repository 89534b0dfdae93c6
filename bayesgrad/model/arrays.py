"""What every engine reads of a design, and the names of what it gives: nothing symbolic."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import gammaln

from bayesgrad.design.design import Design, Integers
from bayesgrad.design.splines import Floats
from bayesgrad.kernels.families.numbers import FAMILIES
from bayesgrad.kernels.families.rising_factorial import SMALL_COUNTS
from bayesgrad.kernels.likelihood.rows import SUPPRESSED, CountRows
from bayesgrad.model.coefficient_priors import coefficient_priors
from bayesgrad.model.covariance import covariance_coordinates, in_blocks
from bayesgrad.model.neighbourhoods import neighbourhood_arrays, whole_information
from bayesgrad.model.strata import strata_arrays, strata_coordinates, strata_kinds
from bayesgrad.spec.model_spec import ModelSpec

COEFFICIENTS = (
    "intercept",
    "slope",
    "between",
    "interaction",
    "authority_moderator_level",
    "authority_moderator_gradient",
    "covariate",
    "gradient_moderator",
    "curvature",
)
"""Variables that are national coefficients."""
DRAWN = (
    *COEFFICIENTS,
    "sd_intercept",
    "sd_slope",
    "phi_intercept",
    "phi_slope",
    "correlation",
    "effect_correlation",
    "sd_stratum_intercept",
    "sd_stratum_slope",
    "sd_authority_stratum_intercept",
    "sd_authority_stratum_slope",
    "sd_neighbourhood",
    "overdispersion",
    "alpha",
    "authority_intercept",
    "authority_slope",
    "stratum_intercept",
    "stratum_slope",
    "authority_stratum_intercept",
    "authority_stratum_slope",
)
"""Variables whose draws are kept, where the model has them; none has a value per row."""


def model_arrays(spec: ModelSpec, design: Design) -> dict[str, np.ndarray]:
    """Every array of a design that the model reads, under the names of its `pm.Data`."""
    arrays = likelihood_arrays(design)
    arrays["crude_level"] = design.crude_level()
    arrays["authority_columns"] = design.authorities.columns.T
    arrays |= pack_arrays(spec)
    if spec.prior_pack is None:
        for prior in coefficient_priors(spec, design):
            arrays |= prior.data
    if design.neighbours is not None:
        arrays |= design.neighbours.arrays()
    if spec.sampling.parameterisation == "non_centred":
        arrays |= strata_arrays(spec, design, None) | neighbourhood_arrays(design, None)
        return arrays | in_blocks(spec, design, None)
    slopes = "slope" in strata_kinds(spec)
    information, of_neighbourhoods = whole_information(
        design, count_rows(design), stratum_slopes=slopes
    )
    arrays |= strata_arrays(spec, design, information)
    arrays |= neighbourhood_arrays(design, of_neighbourhoods)
    if spec.sampling.parameterisation == "partial":
        arrays |= in_blocks(spec, design, information)
    return arrays


def pack_arrays(spec: ModelSpec) -> dict[str, np.ndarray]:
    """Mean and Cholesky factor of a spec's prior pack, under the names of their `pm.Data`."""
    pack = spec.prior_pack
    if pack is None:
        return {}
    sd = np.sqrt(np.diag(pack.covariance()))
    correlation = pack.covariance() / np.outer(sd, sd)
    factor = sd[:, None] * np.linalg.cholesky(correlation)
    return {"pack_mean": pack.mean(), "pack_factor": np.ascontiguousarray(factor)}


def coordinates(spec: ModelSpec, design: Design) -> dict[str, tuple[Any, ...]]:
    """Names along each dimension of the model, empty dimensions left out."""
    dispersed = tuple(form.column for form in design.forms if form.dispersed)
    coords: dict[str, tuple[Any, ...]] = {
        "authority": design.authorities.codes,
        "outcome": design.outcomes,
        "dispersed_outcome": dispersed,
        "effect": ("intercept", "slope"),
        "moderation_term": design.basis.terms,
        "authority_moderator": design.authorities.moderators.names,
        "area_covariate": design.rows.covariates.names,
        "area_moderator": design.area_moderators,
        "curvature_term": design.curve.terms,
        "neighbourhood": design.neighbourhoods,
        **covariance_coordinates(spec, design),
        **strata_coordinates(spec, design),
        "parameter": spec.prior_pack.parameters.names if spec.prior_pack else (),
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
    """Part of the log likelihood that no parameter changes.

    Minus the sum of ln(count!), or the sum of the logs of binomial coefficients. Suppressed rows,
    which have a count of 0 here, have none.
    """
    count = design.rows.count
    total = gammaln(count + 1.0)
    cases = _cases(design)
    if len(cases):
        of_cases = _by_row(design, [form.of_cases for form in design.forms])
        rest = gammaln(cases - count + 1.0) - gammaln(cases + 1.0)
        total = total + np.where(of_cases, rest, 0.0)
    return float(-total.sum())


def count_rows(design: Design) -> CountRows:
    """Rows of a design as the kernels read them.

    The row terms are, in this order, the area covariates, the area moderators of the gradient and
    the common curve. The suppressed rows of a cell come last. Rows of a cell whose likelihood sums
    over cases are in order of their cases, which is quicker; others are in the order of the design.
    """
    rows, order = design.rows, _order(design)
    exceedance, large_count, large_frequency = _totals_in_common(design)
    terms = np.hstack([rows.covariates.values, rows.gradient_moderators, rows.curve])
    of_cases = _by_row(design, [form.of_cases for form in design.forms])
    cases, starts = _cases(design), design.cell_starts()
    neighbourhood = rows.neighbourhood[order] if design.neighbourhoods else rows.neighbourhood
    hidden = design.cell_sum(rows.suppressed).astype(np.int64).ravel()
    return CountRows(
        events=np.where(rows.suppressed, SUPPRESSED, rows.count)[order].astype(np.float64),
        x=np.require(rows.x[order], np.float64, ("C", "W")),
        offset=np.where(of_cases, 0.0, np.log(rows.exposure))[order],
        cases=cases[order] if len(cases) else cases,
        terms=np.ascontiguousarray(terms[order].T),
        start=starts.astype(np.int32),
        suppressed_start=(starts[1:] - hidden).astype(np.int32),
        bounds=np.array(design.bounds, dtype=np.int32),
        outcome=design.cell_outcome.astype(np.int32),
        family=np.array([FAMILIES[form.family, form.link] for form in design.forms], np.int32),
        exceedance=exceedance,
        large_count=large_count,
        large_frequency=large_frequency,
        neighbourhood=neighbourhood.astype(np.int32),
    )


def _by_row(design: Design, of_outcomes: list[bool]) -> np.ndarray:
    return np.array(of_outcomes)[design.row_outcome]


def _order(design: Design) -> Integers | slice:
    """Order of the rows within their cells."""
    summed = [form.family == "beta_binomial" for form in design.forms]
    rows = design.rows
    if not any(summed) and not rows.suppressed.any():
        return slice(None)
    cases = np.where(_by_row(design, summed), rows.exposure, 0.0)
    return np.lexsort((cases, rows.suppressed, rows.cell))


def _cases(design: Design) -> Floats:
    """Exposures of all rows where an outcome counts events out of cases, else none."""
    if not any(form.of_cases for form in design.forms):
        return np.empty(0)
    return design.rows.exposure.astype(np.float64)


def _totals_in_common(design: Design) -> tuple[Floats, Floats, Floats]:
    """Exceedance, large totals and their frequencies; see `CountRows`."""
    outcomes = len(design.forms)
    total = design.rows.count
    if any(form.family == "beta_binomial" for form in design.forms):
        of_cases = _by_row(design, [form.of_cases for form in design.forms])
        total = np.where(of_cases, design.rows.exposure.astype(np.int64), total)
    dispersed = _by_row(design, [form.dispersed for form in design.forms])
    distinct, place = np.unique(total, return_inverse=True)
    index = (design.row_outcome * len(distinct) + place)[dispersed]
    frequency = np.bincount(index, minlength=outcomes * len(distinct)).reshape(outcomes, -1)
    steps = np.arange(min(int(distinct[-1]), SMALL_COUNTS))
    exceedance = frequency @ (distinct[:, None] > steps)
    large = distinct > SMALL_COUNTS
    return (
        exceedance.astype(np.float64),
        distinct[large].astype(np.float64),
        np.ascontiguousarray(frequency[:, large], dtype=np.float64),
    )
