"""What is known of a fit before any draw: its authorities, and where national quantities stand.

The groups ``authorities`` and ``reference`` of `bayesgrad.fitting.draws`.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayesgrad.design.design import Design
from bayesgrad.design.splines import Floats
from bayesgrad.spec.model_spec import ModelSpec

SHIFTS = (-0.10, 0.0, 0.10)
"""Shifts of authority deprivation at which the national gradient is reported."""

CURVE_POINTS = 101


def known_groups(spec: ModelSpec, design: Design) -> dict[str, xr.Dataset]:
    """Groups that do not depend on the draws: ``authorities`` and ``reference``."""
    return {"authorities": _authorities(design), "reference": _reference(spec, design)}


def _authorities(design: Design) -> xr.Dataset:
    authorities, rows = design.authorities, design.rows
    cells = ("authority", "outcome", "stratum")
    lowest, highest, spread = _deprivation_ranges(design)
    return xr.Dataset(
        {
            "name": ("authority", list(authorities.names)),
            "deprivation": ("authority", authorities.deprivation),
            "centre": ("authority", authorities.centre),
            "moderation_basis": (("authority", "moderation_term"), authorities.moderation),
            "moderator": (("authority", "authority_moderator"), authorities.moderators.values),
            "events": (cells, design.cell_sum(rows.count).astype(np.int64)),
            "areas": (cells, design.cell_sum(np.ones_like(rows.x)).astype(np.int64)),
            "suppressed": (cells, design.cell_sum(rows.suppressed).astype(np.int64)),
            "exposure": (cells, design.cell_sum(rows.exposure)),
            "deprivation_min": ("authority", lowest),
            "deprivation_max": ("authority", highest),
            "deprivation_sd": ("authority", spread),
        },
        coords={
            "authority": list(authorities.codes),
            "outcome": list(design.outcomes),
            "stratum": list(design.strata),
            "moderation_term": np.array(design.basis.terms, dtype=str),
            "authority_moderator": np.array(authorities.moderators.names, dtype=str),
        },
    )


def _at_risk(design: Design) -> NDArray[np.bool_]:
    """Which rows tell who lives where: not those whose exposure is an earlier stage's events.

    So an area weighs by its children (or cases, or time) alone, not by how many came further.
    """
    first = np.array([not form.out_of for form in design.forms])
    return first[design.row_outcome]


def _deprivation_ranges(design: Design) -> tuple[Floats, Floats, Floats]:
    """Smallest, largest and exposure-weighted sd of area deprivation, by authority."""
    kept = _at_risk(design)
    authority = design.cell_authority[design.rows.cell[kept]]
    deprivation, exposure = design.rows.deprivation[kept], design.rows.exposure[kept]
    starts = np.searchsorted(authority, np.arange(len(design.authorities.codes)))
    total = np.bincount(authority, exposure)
    mean = np.bincount(authority, exposure * deprivation) / total
    variance = np.bincount(authority, exposure * (deprivation - mean[authority]) ** 2) / total
    return (
        np.minimum.reduceat(deprivation, starts),
        np.maximum.reduceat(deprivation, starts),
        np.sqrt(variance),
    )


def _reference_levels(design: Design) -> dict[str, float]:
    """Deprivation of the reference neighbourhoods, by name."""
    kept = _at_risk(design)
    deprivation = design.rows.deprivation[kept]
    return {
        "p10": float(np.quantile(deprivation, 0.10)),
        "mean": float(np.average(deprivation, weights=design.rows.exposure[kept])),
        "p90": float(np.quantile(deprivation, 0.90)),
    }


def _reference(spec: ModelSpec, design: Design) -> xr.Dataset:
    parts = (_of_outcomes(spec, design), _grids(design), _scales(design), _strata(design))
    return xr.merge(parts).assign_attrs(
        {
            "at_risk": spec.columns.at_risk,
            "moderation": spec.authority.moderation,
            "curvature": spec.gradient.curvature,
            "centre": str(spec.gradient.centre),
            "vintage": spec.columns.vintage,
            "title": spec.title,
            **_strata_attributes(spec),
        }
    )


def _of_outcomes(spec: ModelSpec, design: Design) -> xr.Dataset:
    """What the outcomes are, and what their gradients are per and at."""
    areas = design.cell_sum(np.ones_like(design.rows.x)).sum(axis=(0, 2))
    exposure = design.cell_sum(design.rows.exposure).sum(axis=(0, 2))
    return xr.Dataset(
        {
            "outcome_label": ("outcome", [outcome.title for outcome in spec.outcomes]),
            "family": ("outcome", [form.family for form in design.forms]),
            "link": ("outcome", [form.link for form in design.forms]),
            "out_of": ("outcome", [form.out_of for form in design.forms]),
            "unit": ((), design.unit),
            "mean_authority_deprivation": ((), design.basis.mean),
            "centre_is_authority": ((), int(spec.gradient.centre == "authority")),
            "mean_exposure": ("outcome", exposure / areas),
        },
        coords={"outcome": list(design.outcomes)},
    )


def _grids(design: Design) -> xr.Dataset:
    """Bases of moderation and of the curve at reference levels, at shifts and over grids."""
    basis, curve = design.basis, design.curve
    levels = _reference_levels(design)
    at_levels = np.array(list(levels.values()))
    of_authorities = design.authorities.deprivation
    area_grid = np.linspace(0.0, design.rows.deprivation.max(), CURVE_POINTS)
    authority_grid = np.linspace(of_authorities.min(), of_authorities.max(), CURVE_POINTS)
    shifted, on_grid = basis.at(basis.mean + np.array(SHIFTS)), basis.at(authority_grid)
    return xr.Dataset(
        {
            "shift_basis": (("shift", "moderation_term"), shifted),
            "moderation_derivative": ("moderation_term", basis.derivative()),
            "level_deprivation": ("level", at_levels),
            "level_curve": (("level", "curvature_term"), curve.at(at_levels)),
            "area_grid_curve": (("area_grid", "curvature_term"), curve.at(area_grid)),
            "authority_grid_basis": (("authority_grid", "moderation_term"), on_grid),
        },
        coords={
            "shift": list(SHIFTS),
            "moderation_term": np.array(basis.terms, dtype=str),
            "level": list(levels),
            "curvature_term": np.array(curve.terms, dtype=str),
            "area_grid": area_grid,
            "authority_grid": authority_grid,
        },
    )


def _scales(design: Design) -> xr.Dataset:
    """How columns are standardised, and where the splines have their knots."""
    covariates, moderators = design.rows.covariates, design.authorities.moderators
    return xr.Dataset(
        {
            "covariate_centre": ("area_covariate", covariates.centre),
            "covariate_scale": ("area_covariate", covariates.scale),
            "moderator_centre": ("authority_moderator", moderators.centre),
            "moderator_scale": ("authority_moderator", moderators.scale),
            "moderation_knots": ("moderation_knot", design.basis.knots),
            "moderation_scale": ("moderation_bend", design.basis.scale),
            "curvature_knots": ("curvature_knot", design.curve.knots),
            "curvature_scale": ("curvature_bend", design.curve.scale),
        },
        coords={
            "area_covariate": np.array(covariates.names, dtype=str),
            "authority_moderator": np.array(moderators.names, dtype=str),
        },
    )


def _strata(design: Design) -> xr.Dataset:
    """Prior variance of a stratum's deviation, by component, at a standard deviation of 1.

    And that of an authority's own deviation, where it has any.
    """
    components = design.strata_components
    if not components:
        return xr.Dataset()
    variance = np.array([component.variance for component in components])
    variables = {"stratum_variance": xr.DataArray(variance, dims=("stratum_component", "stratum"))}
    if design.deviation_basis is not None:
        own = (design.deviation_basis**2).sum(axis=1)
        variables["authority_stratum_variance"] = xr.DataArray(own, dims="stratum")
    return xr.Dataset(
        variables,
        coords={
            "stratum_component": [component.name for component in components],
            "stratum": list(design.strata),
        },
    )


def _strata_attributes(spec: ModelSpec) -> dict[str, str | int | float]:
    strata = spec.strata_or_years
    if strata is None:
        return {}
    crossed = strata.crossed_with
    return {
        "strata_column": f"{strata.column} x {crossed.column}" if crossed else strata.column,
        # The combinations of two columns have no one order.
        "strata_ordered": int(strata.ordered and crossed is None),
        "equivalence": strata.equivalence,
        "years": int(spec.years is not None),
    }
