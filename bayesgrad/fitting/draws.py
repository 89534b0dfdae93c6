"""The draws of a fit, in the layout that every estimand, table and figure reads.

``posterior``
    (chain, draw, ...): the variables of the model. ``authority_intercept`` and
    ``authority_slope`` are by authority and outcome, means over strata; what strata add stands in
    variables of their own (`bayesgrad.areas.effects`).
``sample_stats``
    (chain, draw), or of the whole fit: what the engine says of itself.
``authorities``
    What is known of each authority: name, deprivation, centre, moderation basis, moderators,
    events (those published), areas, suppressed counts and exposure by outcome and stratum, and
    the range and spread of its areas'
    deprivation.
``reference``
    Values at which national quantities are evaluated: unit, mean authority deprivation, the
    moderation basis at shifts of it, reference neighbourhood deprivations, and curves to draw;
    and what outcomes and strata are: families, links, stages, prior variances of strata.
``inequality``, ``rates``
    Summaries over areas (`bayesgrad.areas`).
``predictive``, ``scores``
    Posterior predictive checks with the randomised PIT, and leave-one-out scores of areas and of
    authorities (`bayesgrad.predictive`).
``suppressed``
    What the fit implies for suppressed counts (`bayesgrad.predictive.suppressed`), where there are
    any.
``nation``
    Where the spec has a prior pack, what the pack says of authorities
    (`bayesgrad.fitting.nation`).
``diagnostics``
    The checks of the fit.

Draws of the effects of neighbourhoods are used for what is said of areas, and not kept.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayesgrad.areas import summarise_areas
from bayesgrad.design.design import Design
from bayesgrad.design.splines import Floats
from bayesgrad.estimands.correlations import PAIR
from bayesgrad.fitting.nation import nation_of
from bayesgrad.inference.diagnostics import CHECKS, as_dataset
from bayesgrad.model.pairs import effect_pairs
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
    from bayesgrad.predictive.suppressed import implied_counts

    posterior = _with_pairs(_plain(sampled["posterior"].to_dataset()), design)
    of_areas = _with_neighbourhoods(posterior, sampled)
    tree = xr.DataTree.from_dict(
        {
            "posterior": posterior,
            "sample_stats": sampled["sample_stats"].to_dataset(),
            **known_groups(spec, design),
            **summarise_areas(design, of_areas),
            **check_predictions(design, of_areas, seed=spec.sampling.seed),
        }
    )
    if design.rows.suppressed.any():
        implied = implied_counts(design, of_areas, seed=spec.sampling.seed)
        tree["suppressed"] = xr.DataTree(implied.totals)
        # Observed is what is published, and for the rest what the fit implies on average.
        rates = tree["rates"].to_dataset()
        observed = rates["observed"] + implied.by_band
        tree["rates"] = xr.DataTree(rates.assign(observed=observed))
    if spec.prior_pack is not None:
        tree["nation"] = xr.DataTree(nation_of(spec.prior_pack, design))
    checks = CHECKS[spec.sampling.fitting_engine](tree)
    tree["diagnostics"] = xr.DataTree(as_dataset(checks))
    return tree


def known_groups(spec: ModelSpec, design: Design) -> dict[str, xr.Dataset]:
    """Groups that do not depend on the draws: ``authorities`` and ``reference``."""
    return {"authorities": _authorities(design), "reference": _reference(spec, design)}


def _plain(posterior: xr.Dataset) -> xr.Dataset:
    """Without the engine's attributes, and names as strings of one type."""
    names = [name for name in posterior.coords if posterior[name].dtype == object]
    return posterior.assign_coords(
        {name: posterior[name].astype(str) for name in names}
    ).assign_attrs({})


def _with_neighbourhoods(posterior: xr.Dataset, sampled: xr.DataTree) -> xr.Dataset:
    """Draws for summaries over areas: those that have effects of neighbourhoods, where any do.

    They tell of few areas each, and are not kept.
    """
    if "neighbourhoods" not in sampled.children:
        return posterior
    carried = sampled["neighbourhoods"].to_dataset()
    places = {dim: carried[dim] for dim in ("chain", "draw")}
    joint = posterior.isel(places).drop_vars(list(places), errors="ignore")
    whole = joint.assign(neighbourhood_effect=carried["neighbourhood_effect"])
    return whole.rename(sample="draw").expand_dims("chain").transpose("chain", "draw", ...)


def _with_pairs(posterior: xr.Dataset, design: Design) -> xr.Dataset:
    """Say along pairs of effects which outcomes and effects they are of."""
    if "effect_pair" not in posterior.dims:
        return posterior
    columns = np.array(effect_pairs(design.outcomes), dtype=str).T
    return posterior.assign_coords(
        {name: ("effect_pair", values) for name, values in zip(PAIR, columns, strict=True)}
    )


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
    basis, curve, rows = design.basis, design.curve, design.rows
    levels = _reference_levels(design)
    at_levels = np.array(list(levels.values()))
    area_grid = np.linspace(0.0, rows.deprivation.max(), CURVE_POINTS)
    authority_grid = np.linspace(
        design.authorities.deprivation.min(), design.authorities.deprivation.max(), CURVE_POINTS
    )
    areas = design.cell_sum(np.ones_like(rows.x)).sum(axis=(0, 2))
    covariates = rows.covariates
    values = xr.Dataset(
        {
            "outcome_label": ("outcome", [outcome.title for outcome in spec.outcomes]),
            "family": ("outcome", [form.family for form in design.forms]),
            "link": ("outcome", [form.link for form in design.forms]),
            "out_of": ("outcome", [form.out_of for form in design.forms]),
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
            "moderator_centre": ("authority_moderator", design.authorities.moderators.centre),
            "moderator_scale": ("authority_moderator", design.authorities.moderators.scale),
            "moderation_knots": ("moderation_knot", basis.knots),
            "moderation_scale": ("moderation_bend", basis.scale),
            "curvature_knots": ("curvature_knot", curve.knots),
            "curvature_scale": ("curvature_bend", curve.scale),
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
            "authority_moderator": np.array(design.authorities.moderators.names, dtype=str),
        },
        attrs={
            "at_risk": spec.columns.at_risk,
            "moderation": spec.authority.moderation,
            "curvature": spec.gradient.curvature,
            "centre": str(spec.gradient.centre),
            "vintage": spec.columns.vintage,
            "title": spec.title,
        },
    )
    return values.merge(_strata(design)).assign_attrs(_strata_attributes(spec))


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
