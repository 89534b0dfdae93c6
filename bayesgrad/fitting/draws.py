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
``sensitivity``
    How much parameters depend on their priors (`bayesgrad.fitting.sensitivity`), without a pack.
``diagnostics``
    The checks of the fit.

Draws of the effects of neighbourhoods are used for what is said of areas, and not kept.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from bayesgrad.areas import summarise_areas
from bayesgrad.design.design import Design
from bayesgrad.estimands.correlations import PAIR
from bayesgrad.fitting.known import known_groups
from bayesgrad.fitting.nation import nation_of
from bayesgrad.fitting.recentred import recentred
from bayesgrad.fitting.sensitivity import sensitivity_of
from bayesgrad.inference.diagnostics import CHECKS, as_dataset
from bayesgrad.model.pairs import effect_pairs
from bayesgrad.spec.model_spec import ModelSpec


def assemble_draws(spec: ModelSpec, design: Design, sampled: xr.DataTree) -> xr.DataTree:
    """Add to sampled draws all that a fit keeps.

    Parameters
    ----------
    spec : ModelSpec
    design : Design
    sampled : DataTree
        Groups ``posterior`` and ``sample_stats``, from the engine of the spec, and ``diagnostics``
        where they were checked before.
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
    if spec.prior_pack is None:
        tree["sensitivity"] = xr.DataTree(sensitivity_of(spec, design, posterior))
    if spec.is_recentred:
        tree = recentred(spec, design, tree)
    if "diagnostics" in sampled.children and not spec.is_recentred:
        tree["diagnostics"] = xr.DataTree(sampled["diagnostics"].to_dataset())
    else:
        checks = CHECKS[spec.sampling.fitting_engine](tree)
        tree["diagnostics"] = xr.DataTree(as_dataset(checks))
    return tree


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
