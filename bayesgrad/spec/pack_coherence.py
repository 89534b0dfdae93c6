"""Contradictions between a spec and the prior pack that it names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from bayesgrad.spec.prior_pack import PriorPack

if TYPE_CHECKING:
    from bayesgrad.spec.model_spec import ModelSpec


def pack_faults(spec: ModelSpec) -> list[str]:
    """Every contradiction of a spec and its prior pack; none without a pack."""
    pack = spec.prior_pack
    if pack is None:
        return []
    if spec.strata_or_years is not None:
        key = "[strata]" if spec.strata else "[years]"
        return [f"{key} do not go with a prior_pack, which {_HOLDS}: leave {key} out"]
    if spec.spatial is not None:
        return [f"[spatial] does not go with a prior_pack, which {_HOLDS}: leave [spatial] out"]
    if spec.columns.neighbourhood is not None:
        key = "[columns] neighbourhood"
        return [f"{key} does not go with a prior_pack, which {_HOLDS}: leave {key} out"]
    if [one.column for one in spec.outcomes] != [one.column for one in pack.outcomes]:
        return [_outcomes(spec, pack)]
    return [*_priors(spec), *_model(spec, pack), *_forms(spec, pack), *_columns(spec, pack)]


_HOLDS = "holds the parameters of a fit without strata, years, neighbourhoods and [spatial]"


def _outcomes(spec: ModelSpec, pack: PriorPack) -> str:
    own = ", ".join(outcome.column for outcome in spec.outcomes)
    theirs = ", ".join(outcome.column for outcome in pack.outcomes)
    return (
        f"[[outcomes]] are {own}, but the prior_pack is of {theirs}: name the same in the same "
        "order, or write a pack of these outcomes with `bayesgrad prior --outcome`"
    )


def _priors(spec: ModelSpec) -> Iterator[str]:
    # A spec out of a fit file names every prior, so what counts is whether one differs.
    default = type(spec.priors)()
    changed = [name for name, prior in spec.priors if prior != getattr(default, name)]
    if changed:
        yield (
            f"[priors] {', '.join(changed)}: a spec with a prior_pack takes all its priors from "
            "the pack; leave [priors] out, or leave prior_pack out"
        )


def _model(spec: ModelSpec, pack: PriorPack) -> Iterator[str]:
    model = pack.model
    own_mean, pack_mean = (
        name == "mean" for name in (spec.authority.deprivation, model.authority_deprivation)
    )
    if own_mean != pack_mean:
        yield _differs(
            "[authority] deprivation",
            spec.authority.deprivation,
            model.authority_deprivation,
            remedy='both should be "mean", or both a column of the authority',
        )
    compared = (
        ("[columns] vintage", spec.columns.vintage, model.vintage),
        ("[columns] at_risk", spec.columns.at_risk, model.at_risk),
        ("[gradient] unit", spec.gradient.unit, model.unit),
        ("[gradient] centre", spec.gradient.centre, model.centre),
        ("[gradient] curvature", spec.gradient.curvature, model.curvature),
        ("[authority] moderation", spec.authority.moderation, model.moderation),
    )
    for key, own, theirs in compared:
        if own != theirs:
            yield _differs(key, own, theirs)
    several = len(spec.outcomes) > 1 or "diagonal" in (spec.authority.covariance, model.covariance)
    if several and spec.authority.covariance != model.covariance:
        yield _differs("[authority] covariance", spec.authority.covariance, model.covariance)


def _forms(spec: ModelSpec, pack: PriorPack) -> Iterator[str]:
    for at, (outcome, theirs) in enumerate(zip(spec.outcomes, pack.outcomes, strict=True)):
        where = f"[[outcomes]] {at + 1}"
        compared = (
            ("family", spec.family_of(outcome), theirs.family),
            ("link", spec.link_of(outcome), theirs.link),
            ("out_of", outcome.out_of or "", theirs.out_of),
        )
        for key, own, other in compared:
            if own != other:
                yield _differs(f"{where} {key}", own, other)


def _columns(spec: ModelSpec, pack: PriorPack) -> Iterator[str]:
    moderators = pack.area_moderators
    covariates = [one.name for one in pack.area_covariates if one.name not in moderators]
    compared: tuple[tuple[str, Sequence[str], Sequence[str]], ...] = (
        ("[area] covariates", spec.area.covariates, covariates),
        ("[area] moderators", spec.area.moderators, moderators),
        (
            "[authority] moderators",
            spec.authority.moderators,
            [one.name for one in pack.authority_moderators],
        ),
    )
    for key, own, theirs in compared:
        unknown = [name for name in own if name not in theirs]
        missing = [name for name in theirs if name not in own]
        if unknown:
            yield (
                f"{key} {', '.join(unknown)}: the prior_pack knows nothing of it (it has "
                f"{', '.join(theirs) or 'none'}); leave it out, or write a pack of a national fit "
                "that has it"
            )
        elif missing:
            yield (
                f"{key} lacks {', '.join(missing)}, which the prior_pack has: name it, or write a "
                "pack of a national fit without it"
            )
        elif list(own) != list(theirs):
            yield f"{key} are in another order than in the prior_pack: write {', '.join(theirs)}"


def _differs(key: str, own: object, theirs: object, *, remedy: str = "") -> str:
    remedy = remedy or "give the same, or write a pack of a national fit that has it"
    return f"{key} = {_value(own)}, but the prior_pack has {_value(theirs)}: {remedy}"


def _value(value: object) -> str:
    return repr(value) if isinstance(value, str) else f"{value}"
