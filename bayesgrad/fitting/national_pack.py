"""From a national fit to a prior pack: its parameters, and what they refer to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from bayesgrad import __version__
from bayesgrad.errors import DiagnosticsError, FitError
from bayesgrad.estimands.diagnostics_table import failed_checks
from bayesgrad.estimands.layout import outcome_events
from bayesgrad.fitting.pack_parameters import pack_parameters
from bayesgrad.spec.model_spec import ModelSpec
from bayesgrad.spec.pack_layout import PackBlock, pack_blocks
from bayesgrad.spec.prior_pack import (
    PackColumn,
    PackModel,
    PackNation,
    PackOutcome,
    PackSource,
    PriorPack,
)

MINIMUM_AUTHORITIES = 30
"""Fewer would let the distribution of their deprivation tell of single ones, and are no nation."""
MINIMUM_EVENTS = 1000
"""Of each outcome in the whole nation."""
PROBABILITIES = (0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95)
"""At which the distribution of authority deprivation is told: its ends are single authorities."""
DECIMALS = 3
"""Of these quantiles."""
NOT_NATIONAL = {
    "alpha",
    "authority_intercept",
    "authority_slope",
    "correlation",
    "effect_correlation",
}
"""Variables of a posterior that are of authorities, or functions of others."""


def pack_of(
    spec: ModelSpec,
    draws: xr.DataTree,
    provenance: dict[str, Any],
    *,
    outcomes: Sequence[str] | None = None,
    despite_failed_diagnostics: bool = False,
) -> PriorPack:
    """Prior pack of a national fit; see `GradientFit.prior_pack`."""
    chosen = _chosen(spec, outcomes)
    _refuse_forms(spec)
    failed = failed_checks(draws)
    if failed and not despite_failed_diagnostics:
        raise DiagnosticsError(
            f"the prior pack is withheld: the fit failed its diagnostics ({', '.join(failed)})",
            "Fit again with more draws or a simpler model; --despite-failed-diagnostics (in Python "
            "despite_failed_diagnostics) gives the pack all the same.",
        )
    _refuse_small(draws, chosen)
    posterior = draws["posterior"].to_dataset()
    blocks = _blocks(spec, posterior, chosen)
    _refuse_other_variables(posterior, blocks)
    return PriorPack(
        source=PackSource(
            title=spec.title,
            bayesgrad=__version__,
            engine=provenance["engine"],
            draws=posterior.sizes["chain"] * posterior.sizes["draw"],
            diagnostics_passed=not failed,
        ),
        nation=_nation(draws, chosen),
        model=_model(spec, draws),
        outcomes=_outcomes(spec, draws, chosen),
        area_covariates=_columns(draws, "area_covariate", "covariate"),
        area_moderators=spec.area.moderators,
        authority_moderators=_columns(draws, "authority_moderator", "moderator"),
        parameters=pack_parameters(posterior, blocks, chosen),
    )


def _chosen(spec: ModelSpec, outcomes: Sequence[str] | None) -> list[str]:
    """Columns of the outcomes of the pack, in the order of the spec."""
    outcomes = [outcomes] if isinstance(outcomes, str) else outcomes
    own = [outcome.column for outcome in spec.outcomes]
    unknown = [name for name in outcomes or () if name not in own]
    if unknown or (outcomes is not None and not outcomes):
        raise FitError(
            f"the fit has no outcome {', '.join(unknown) or 'of none'}", f"It has {', '.join(own)}."
        )
    chosen = own if outcomes is None else [name for name in own if name in outcomes]
    for outcome in spec.outcomes:
        if outcome.column in chosen and outcome.out_of and outcome.out_of not in chosen:
            raise FitError(
                f"{outcome.column} is out of {outcome.out_of}, of which the pack would say nothing",
                f"Name {outcome.out_of}, too.",
            )
    return chosen


def _refuse_forms(spec: ModelSpec) -> None:
    """Refuse fits whose parameters a pack does not hold."""
    reasons = {
        "of strata": spec.strata_or_years is not None,
        "whose covariance is of low rank": spec.authority.covariance == "low_rank"
        and len(spec.outcomes) > 1,
        "of a prior pack itself": spec.prior_pack is not None,
    }
    for reason, holds in reasons.items():
        if holds:
            raise FitError(
                f"a prior pack holds national effects of authorities, and this is a fit {reason}",
                "Write the pack of a national fit without: one row per area, covariance "
                '"full", "by_outcome" or "diagonal", and no prior_pack.',
            )


def _refuse_small(draws: xr.DataTree, chosen: list[str]) -> None:
    """Refuse a fit that is not national, or whose numbers might tell of a few."""
    authorities = draws["authorities"].to_dataset()
    count = authorities.sizes["authority"]
    if count < MINIMUM_AUTHORITIES:
        raise FitError(
            f"the fit has {count} authorities; a prior pack is of {MINIMUM_AUTHORITIES} or more, "
            "so that it tells of no single one",
            "Write the pack of a fit of the nation.",
        )
    events = outcome_events(authorities)
    for outcome in chosen:
        total = int(events.sel(outcome=outcome))
        if total < MINIMUM_EVENTS:
            raise FitError(
                f"{outcome}: the fit has {total:,} events; a prior pack is of "
                f"{MINIMUM_EVENTS:,} or more, so that it tells of no single authority",
                "Leave the outcome out of the pack (`--outcome` names those to keep).",
            )


def _blocks(spec: ModelSpec, posterior: xr.Dataset, chosen: list[str]) -> tuple[PackBlock, ...]:
    dims = (
        "moderation_term",
        "authority_moderator",
        "area_covariate",
        "area_moderator",
        "curvature_term",
    )
    return pack_blocks(
        outcomes=[
            (one.column, spec.family_of(one)) for one in spec.outcomes if one.column in chosen
        ],
        covariance=spec.authority.covariance,
        terms={dim: _labels(posterior, dim) for dim in dims},
    )


def _labels(dataset: xr.Dataset, dim: str) -> tuple[str, ...]:
    return tuple(map(str, dataset[dim].values.tolist())) if dim in dataset.coords else ()


def _refuse_other_variables(posterior: xr.Dataset, blocks: tuple[PackBlock, ...]) -> None:
    """Refuse a model with parameters that a pack has no place for."""
    known = NOT_NATIONAL | {block.variable for block in blocks} | {"overdispersion"}
    other = sorted(str(name) for name in posterior.data_vars if name not in known)
    if other:
        raise FitError(
            f"a prior pack has no place for {', '.join(other)} of this fit",
            "Write the pack of a national fit without that part of the model.",
        )


def _model(spec: ModelSpec, draws: xr.DataTree) -> PackModel:
    reference, authorities = (draws[name].to_dataset() for name in ("reference", "authorities"))
    centred = spec.gradient.centre == "authority"
    gradient, authority = spec.gradient, spec.authority
    return PackModel(
        unit=gradient.unit,
        vintage=spec.columns.vintage,
        deprivation=spec.columns.deprivation,
        authority_deprivation=authority.deprivation,
        at_risk=spec.columns.at_risk,
        centre=gradient.centre,
        centre_value=None if centred else float(authorities["centre"].isel(authority=0)),
        moderation=authority.moderation,
        mean_authority_deprivation=float(reference["mean_authority_deprivation"]),
        moderation_terms=_labels(reference, "moderation_term"),
        moderation_knots=_stored(reference, "moderation_knots", needed=authority.moderation),
        moderation_scale=_stored(reference, "moderation_scale", needed=authority.moderation),
        curvature=gradient.curvature,
        curvature_terms=_labels(reference, "curvature_term"),
        curvature_knots=_stored(reference, "curvature_knots", needed=gradient.curvature),
        curvature_scale=_stored(reference, "curvature_scale", needed=gradient.curvature),
        # Low rank is refused before.
        covariance="full" if authority.covariance == "low_rank" else authority.covariance,
    )


def _stored(reference: xr.Dataset, name: str, *, needed: str) -> tuple[float, ...]:
    """Knots or scales of a spline, which fits of earlier versions did not keep."""
    if needed != "spline":
        return ()
    if name not in reference:
        raise _of_earlier_version(name)
    return tuple(map(float, reference[name].values))


def _of_earlier_version(name: str) -> FitError:
    return FitError(
        f"the fit file does not hold {name}: an earlier version wrote it", "Fit again, and save."
    )


def _outcomes(spec: ModelSpec, draws: xr.DataTree, chosen: list[str]) -> tuple[PackOutcome, ...]:
    events = outcome_events(draws["authorities"].to_dataset())
    return tuple(
        PackOutcome(
            column=outcome.column,
            family=spec.family_of(outcome),
            link=spec.link_of(outcome),
            out_of=outcome.out_of or "",
            events=int(events.sel(outcome=outcome.column)),
        )
        for outcome in spec.outcomes
        if outcome.column in chosen
    )


def _columns(draws: xr.DataTree, dim: str, kind: str) -> tuple[PackColumn, ...]:
    reference = draws["reference"].to_dataset()
    names = _labels(draws["posterior"].to_dataset(), dim) or _labels(reference, dim)
    if names and f"{kind}_centre" not in reference:
        raise _of_earlier_version(f"{kind}_centre")
    return tuple(
        PackColumn(
            name=name,
            centre=float(reference[f"{kind}_centre"].sel({dim: name})),
            scale=float(reference[f"{kind}_scale"].sel({dim: name})),
        )
        for name in names
    )


def _nation(draws: xr.DataTree, chosen: list[str]) -> PackNation:
    authorities = draws["authorities"].to_dataset()
    deprivation = authorities["deprivation"].values
    areas = authorities["areas"].sel(outcome=chosen).max(("outcome", "stratum"))
    quantiles = np.quantile(deprivation, PROBABILITIES).round(DECIMALS)
    return PackNation(
        authorities=len(deprivation),
        areas=int(areas.sum()),
        probabilities=PROBABILITIES,
        deprivation=tuple(map(float, quantiles)),
    )
