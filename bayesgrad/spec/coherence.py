"""Faults of a spec whose keys are each allowed, but contradict one another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from bayesgrad.spec.pack_coherence import pack_faults
from bayesgrad.spec.roles import role_faults

if TYPE_CHECKING:
    from bayesgrad.spec.model_spec import ModelSpec
from bayesgrad.spec.parts import Outcome


def faults_of(spec: ModelSpec) -> list[str]:
    """Every contradiction in a spec, each with the key that it is at and what to do."""
    return [
        *_repeats(spec),
        *(fault for at in range(len(spec.outcomes)) for fault in _outcome(spec, at)),
        *_link(spec),
        *_rank(spec),
        *role_faults(spec),
        *_crossed(spec),
        *pack_faults(spec),
        *_years(spec),
    ]


def _repeats(spec: ModelSpec) -> Iterator[str]:
    strata = spec.strata
    crossed = strata.crossed_with if strata else None
    lists: dict[str, Sequence[str]] = {
        "outcomes": [outcome.column for outcome in spec.outcomes],
        "[area]": [*spec.area.covariates, *spec.area.moderators],
        "[authority] moderators": spec.authority.moderators,
        "[strata] order": strata.order if strata else (),
        "[strata] crossed_with.order": crossed.order if crossed else (),
    }
    for where, names in lists.items():
        repeated = sorted({name for name in names if list(names).count(name) > 1})
        if repeated:
            yield f"{where} names {', '.join(repeated)} more than once"


def _outcome(spec: ModelSpec, at: int) -> Iterator[str]:
    outcome = spec.outcomes[at]
    where = f"[[outcomes]] {at + 1}"
    if outcome.out_of is not None:
        yield from _stage(outcome, [one.column for one in spec.outcomes[:at]], where=where)
    elif spec.columns.at_risk == "time" and spec.is_of_cases(outcome):
        yield (
            f"{where} family is {spec.family_of(outcome)}, of events out of cases, but [columns] "
            f'at_risk = "time": use family = "poisson" for events in time at risk, or '
            f'at_risk = "people"'
        )
    if outcome.link == "logit" and not spec.is_of_cases(outcome):
        yield (
            f"{where} link = 'logit' is for events out of cases, and family is "
            f'{spec.family_of(outcome)}: use link = "log", or a binomial family'
        )


def _stage(outcome: Outcome, earlier: Sequence[str], *, where: str) -> Iterator[str]:
    if outcome.out_of not in earlier:
        remedy = f"name one of {', '.join(earlier)}" if earlier else "put that outcome before it"
        yield (
            f"{where} out_of = {outcome.out_of!r} is not an outcome that stands earlier in the "
            f"spec: {remedy}"
        )
    if outcome.exposure is not None:
        yield (
            f"{where} has both out_of = {outcome.out_of!r} and exposure = {outcome.exposure!r}: "
            "the events of the one are its cases; leave one of the keys out"
        )
    if outcome.family in ("poisson", "negative_binomial"):
        yield (
            f"{where} family = {outcome.family!r} is of counts at a rate, but "
            f"out_of = {outcome.out_of!r} makes it events out of cases: use 'binomial' or "
            "'beta_binomial', or leave family out"
        )


def _link(spec: ModelSpec) -> Iterator[str]:
    if spec.likelihood.link == "logit" and not any(map(spec.is_of_cases, spec.outcomes)):
        yield (
            "[likelihood] link = 'logit' is for events out of cases, and no outcome is of a "
            'binomial family: use link = "log", or a binomial family'
        )


def _rank(spec: ModelSpec) -> Iterator[str]:
    effects = 2 * len(spec.outcomes)
    # One outcome's intercept and slope have a single correlation, whatever the rank.
    if spec.authority.covariance != "low_rank" or effects == 2:
        return
    if spec.authority.rank >= effects:
        yield (
            f"[authority] rank = {spec.authority.rank}: the {effects} intercepts and slopes of "
            f"{len(spec.outcomes)} outcomes have at most {effects - 1} factors; give fewer, or "
            'covariance = "full"'
        )


def _crossed(spec: ModelSpec) -> Iterator[str]:
    if spec.strata is None:
        return
    crossed = spec.strata.crossed_with
    if crossed is not None and crossed.column == spec.strata.column:
        yield (
            f"[strata] crossed_with.column = {crossed.column!r} is the column that it is crossed "
            "with: name another, or leave crossed_with out"
        )


def _years(spec: ModelSpec) -> Iterator[str]:
    if spec.years is None:
        return
    column = spec.years.column
    if spec.strata is not None:
        yield (
            f"[years] column = {column!r} and [strata] column = {spec.strata.column!r}: a spec has "
            "years or strata, not both; fit each stratum's panel by itself, or leave one of the "
            "two out"
        )
