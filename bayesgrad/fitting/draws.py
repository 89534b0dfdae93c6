"""The draws of a fit, in the layout that every estimand, table and figure reads.

``posterior``
    (chain, draw, ...): the variables of the model; ``authority_intercept`` and
    ``authority_slope`` by authority, outcome and stratum.
``sample_stats``
    (chain, draw), or of the whole fit: what the engine says of itself.
``authorities``
    What is known of each authority: name, deprivation, centre, moderation basis, moderators,
    events, areas, exposure, and the range and spread of its areas' deprivation.
``reference``
    Values at which national quantities are evaluated: unit, mean authority deprivation, the
    moderation basis at shifts of it, reference neighbourhood deprivations, and curves to draw.
``inequality``, ``rates``
    Summaries over areas (`bayesgrad.areas`).
``predictive``, ``scores``
    Posterior predictive checks with the randomised PIT, and leave-one-out scores of areas and of
    authorities (`bayesgrad.predictive`).
``diagnostics``
    The checks of the fit.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from bayesgrad.areas import summarise_areas
from bayesgrad.design.design import Design
from bayesgrad.design.splines import Floats
from bayesgrad.inference.diagnostics import CHECKS, as_dataset
from bayesgrad.spec.model_spec import ModelSpec

SHIFTS = (-0.10, 0.0, 0.10)
"""Shifts of authority deprivation at which the national gradient is reported."""

CURVE_POINTS = 101


def assemble_draws(spec: ModelSpec, design: Design, sampled: xr.DataTree) -> xr.DataTree:
    """Add to sampled draws all that a fit keeps.

    Parameters
    ----------
    spec : ModelSpec
    design : Design
    sampled : DataTree
        Groups ``posterior`` and ``sample_stats``, from the engine of the spec.
    """
    # The kernels' compiler takes half a second to import, and a fit that is read needs none of it.
    from bayesgrad.predictive.checks import check_predictions

    posterior = _with_strata(sampled["posterior"].to_dataset(), design)
    tree = xr.DataTree.from_dict(
        {
            "posterior": posterior,
            "sample_stats": sampled["sample_stats"].to_dataset(),
            "authorities": _authorities(design),
            "reference": _reference(spec, design),
            **summarise_areas(design, posterior),
            **check_predictions(design, posterior, seed=spec.sampling.seed),
        }
    )
    checks = CHECKS[spec.sampling.fitting_engine](tree)
    tree["diagnostics"] = xr.DataTree(as_dataset(checks))
    return tree


def _with_strata(posterior: xr.Dataset, design: Design) -> xr.Dataset:
    """Give authority effects the dimension of strata that all strata of a model share."""
    effects = {}
    for name in ("authority_intercept", "authority_slope"):
        effect = posterior[name]
        if "stratum" not in effect.dims:
            effect = effect.expand_dims(stratum=list(design.strata), axis=-1)
        effects[name] = effect.transpose("chain", "draw", "authority", "outcome", "stratum")
    kept = posterior.assign(effects)
    return kept.assign_coords(
        {name: kept[name].astype(str) for name in kept.coords if kept[name].dtype == object}
    ).assign_attrs({})


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


def _deprivation_ranges(design: Design) -> tuple[Floats, Floats, Floats]:
    """Smallest, largest and exposure-weighted sd of area deprivation, by authority."""
    authority = design.cell_authority[design.rows.cell]
    deprivation, exposure = design.rows.deprivation, design.rows.exposure
    starts = np.searchsorted(authority, np.arange(len(design.authorities.codes)))
    total = np.bincount(authority, exposure)
    mean = np.bincount(authority, exposure * deprivation) / total
    variance = np.bincount(authority, exposure * (deprivation - mean[authority]) ** 2) / total
    return (
        np.minimum.reduceat(deprivation, starts),
        np.maximum.reduceat(deprivation, starts),
        np.sqrt(variance),
    )


def _reference(spec: ModelSpec, design: Design) -> xr.Dataset:
    basis, curve, rows = design.basis, design.curve, design.rows
    levels = {
        "p10": np.quantile(rows.deprivation, 0.10),
        "mean": np.average(rows.deprivation, weights=rows.exposure),
        "p90": np.quantile(rows.deprivation, 0.90),
    }
    at_levels = np.array(list(levels.values()))
    area_grid = np.linspace(0.0, rows.deprivation.max(), CURVE_POINTS)
    authority_grid = np.linspace(
        design.authorities.deprivation.min(), design.authorities.deprivation.max(), CURVE_POINTS
    )
    areas = design.cell_sum(np.ones_like(rows.x)).sum(axis=(0, 2))
    covariates = rows.covariates
    return xr.Dataset(
        {
            "outcome_label": ("outcome", [outcome.title for outcome in spec.outcomes]),
            "unit": ((), design.unit),
            "mean_authority_deprivation": ((), basis.mean),
            "centre_is_authority": ((), int(spec.gradient.centre == "authority")),
            "mean_exposure": (
                "outcome",
                design.cell_sum(rows.exposure).sum(axis=(0, 2)) / areas,
            ),
            "shift_basis": (("shift", "moderation_term"), basis.at(basis.mean + np.array(SHIFTS))),
            "moderation_derivative": ("moderation_term", basis.derivative()),
            "level_deprivation": ("level", at_levels),
            "level_curve": (("level", "curvature_term"), curve.at(at_levels)),
            "area_grid_curve": (("area_grid", "curvature_term"), curve.at(area_grid)),
            "authority_grid_basis": (
                ("authority_grid", "moderation_term"),
                basis.at(authority_grid),
            ),
            "covariate_centre": ("area_covariate", covariates.centre),
            "covariate_scale": ("area_covariate", covariates.scale),
        },
        coords={
            "outcome": list(design.outcomes),
            "shift": list(SHIFTS),
            "moderation_term": np.array(basis.terms, dtype=str),
            "level": list(levels),
            "curvature_term": np.array(curve.terms, dtype=str),
            "area_grid": area_grid,
            "authority_grid": authority_grid,
            "area_covariate": np.array(covariates.names, dtype=str),
        },
        attrs={
            "family": spec.likelihood.family,
            "moderation": spec.authority.moderation,
            "curvature": spec.gradient.curvature,
            "centre": str(spec.gradient.centre),
            "vintage": spec.columns.vintage,
            "title": spec.title,
        },
    )
