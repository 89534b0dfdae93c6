"""Faults of a spec whose keys are each allowed, but contradict one another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from bayesgrad.spec.pack_coherence import pack_faults

if TYPE_CHECKING:
    from bayesgrad.spec.model_spec import ModelSpec
from bayesgrad.spec.parts import Outcome, Strata


def faults_of(spec: ModelSpec) -> list[str]:
    """Every contradiction in a spec, each with the key that it is at and what to do."""
    return [
        *_repeats(spec),
        *(fault for at in range(len(spec.outcomes)) for fault in _outcome(spec, at)),
        *_link(spec),
        *_rank(spec),
        *_strata(spec),
        *_neighbourhood(spec),
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


def _strata(spec: ModelSpec) -> Iterator[str]:
    if spec.strata is None:
        return
    for key, column in _columns(spec.strata):
        yield from _other_column(spec, column, where=f"[strata] {key}", what="which stratum")
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
    yield from _other_column(spec, column, where="[years] column", what="which year")
    if spec.strata is not None:
        yield (
            f"[years] column = {column!r} and [strata] column = {spec.strata.column!r}: a spec has "
            "years or strata, not both; fit each stratum's panel by itself, or leave one of the "
            "two out"
        )


def _other_column(spec: ModelSpec, column: str, *, where: str, what: str) -> Iterator[str]:
    """Say that a column already holds something else."""
    places = {
        spec.columns.area: "areas",
        spec.columns.authority: "authorities",
        **{outcome.column: "an outcome" for outcome in spec.outcomes},
    }
    if column in places:
        yield (
            f"{where} = {column!r} is the column of {places[column]}: name the column that says "
            f"{what} a row is"
        )


def _columns(strata: Strata) -> Iterator[tuple[str, str]]:
    yield "column", strata.column
    if strata.crossed_with is not None:
        yield "crossed_with.column", strata.crossed_with.column


def _neighbourhood(spec: ModelSpec) -> Iterator[str]:
    column = spec.columns.neighbourhood
    if column is None:
        return
    places = {spec.columns.area: "areas", spec.columns.authority: "authorities"}
    places |= dict(_columns_of_strata(spec.strata))
    places |= {outcome.column: "an outcome" for outcome in spec.outcomes}
    if column in places:
        yield (
            f"[columns] neighbourhood = {column!r} is the column of {places[column]}: name the "
            "column of the larger neighbourhoods that areas lie in and authorities consist of"
        )


def _columns_of_strata(strata: Strata | None) -> Iterator[tuple[str, str]]:
    if strata is not None:
        for _, column in _columns(strata):
            yield column, "strata"
