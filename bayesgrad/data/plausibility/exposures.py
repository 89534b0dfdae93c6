"""Exposures that are no numbers of people: in other units, rates, totals, or the counts again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayesgrad.data.listing import counted
from bayesgrad.data.measures import ExposureKind, exposure_kind
from bayesgrad.data.plausibility.evidence import Evidence

FEWEST = 20
"""Rows from which a pattern is no chance."""
MOST = 0.5
"""Share of rows that is most of them."""
NEARLY_ALL = 0.9
FEW_PEOPLE = 20.0
"""Median exposure below which fractions of people are numbers in other units."""
ALIKE = 0.8
"""Correlation of counts with exposures with fractions, from which these are rates."""
FEWEST_AREAS = 3
"""Areas of an authority from which one exposure for all of them is the authority's own."""

_PEOPLE = "Give the number of people at risk in each row"


@dataclass(frozen=True)
class _Exposed:
    """Counts and exposures of one outcome: rows that enter, and all that are given."""

    outcome: str
    column: str
    kind: ExposureKind
    count: NDArray[np.float64]
    exposure: NDArray[np.float64]
    authority: pd.Series
    given_count: NDArray[np.float64]
    given_exposure: NDArray[np.float64]


def odd_exposures(evidence: Evidence) -> tuple[str, ...]:
    """What is told of each outcome's exposures, at most one thing."""
    checks = (_the_counts, _above_exposure, _rates, _other_units, _constant, _of_authorities)
    found = []
    for exposed in _exposed(evidence):
        told = (words for check in checks for words in check(exposed))
        words = next(told, None)
        if words is not None:
            found.append(f"column {exposed.column}: {words}")
    return tuple(dict.fromkeys(found))


def _exposed(evidence: Evidence) -> Iterator[_Exposed]:
    kept, given = evidence.kept, evidence.given
    for outcome in evidence.spec.outcomes:
        if outcome.out_of is not None:
            continue
        name = outcome.column
        rows = kept.entering[name].to_numpy() & ~kept.suppressed[name].to_numpy()
        if rows.sum() < FEWEST:
            continue
        known = given.counts[name].notna().to_numpy() & ~given.suppressed[name].to_numpy()
        yield _Exposed(
            outcome=name,
            column=evidence.spec.exposure_of(outcome),
            kind=exposure_kind(evidence.spec, outcome),
            count=kept.counts[name].to_numpy()[rows],
            exposure=kept.exposures[name].to_numpy()[rows],
            authority=kept.selection.keys["authority"][rows],
            given_count=given.counts[name].to_numpy()[known],
            given_exposure=given.exposures[name].to_numpy()[known],
        )


def _the_counts(exposed: _Exposed) -> Iterator[str]:
    """Exposures that equal the counts."""
    events = exposed.count > 0
    same = (exposed.exposure == exposed.count)[events]
    # Of events out of cases, a share of nearly 1 is possible; all of many is not.
    needed = 1.0 if exposed.kind == "cases" else NEARLY_ALL
    if events.sum() >= FEWEST and same.mean() >= needed and exposed.count.max() > 1:
        yield (
            f"it equals {exposed.outcome} in {int(same.sum()):,} of {int(events.sum()):,} rows "
            "with events: the counts would be counted out of themselves. Name the column of those "
            "at risk"
        )


def _above_exposure(exposed: _Exposed) -> Iterator[str]:
    """More events than people in most rows that have any."""
    if exposed.kind != "people":
        return
    events = exposed.count > 0
    above = (exposed.count > exposed.exposure)[events]
    if events.sum() >= FEWEST and above.mean() > MOST:
        yield (
            f"{exposed.outcome} is above it in {int(above.sum()):,} of {int(events.sum()):,} rows "
            "with events: the exposure looks like thousands of people, a share or a rate. "
            f"{_PEOPLE}; if each can have several events, nothing is wrong"
        )


def _with_fractions(exposed: _Exposed) -> bool:
    return exposed.kind == "people" and bool((exposed.exposure % 1 > 0).mean() > MOST)


def _rates(exposed: _Exposed) -> Iterator[str]:
    """Exposures with fractions that follow the counts, or are 0 just where they are."""
    if not _with_fractions(exposed):
        return
    none = exposed.given_exposure == 0
    together = none.sum() >= FEWEST_AREAS and bool((none == (exposed.given_count == 0)).all())
    varies = exposed.count.std() > 0 and exposed.exposure.std() > 0
    if together or (varies and np.corrcoef(exposed.count, exposed.exposure)[0, 1] >= ALIKE):
        yield (
            f"it has fractions, and follows {exposed.outcome} as a rate of it would. {_PEOPLE}, "
            "not events per person"
        )


def _other_units(exposed: _Exposed) -> Iterator[str]:
    """Few people, with fractions that are whole numbers of hundredths or thousandths."""
    if not _with_fractions(exposed) or np.median(exposed.exposure) >= FEW_PEOPLE:
        return
    for digits in (2, 3):
        scaled = exposed.exposure * 10.0**digits
        finer = exposed.exposure * 10.0 ** (digits - 1)
        if _whole(scaled).all() and (~_whole(finer)).mean() > MOST:
            yield (
                f"its median is {np.median(exposed.exposure):g}, with {digits} decimals in most "
                f"rows: it looks like people divided by {10**digits:,}. {_PEOPLE}"
            )


def _whole(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.abs(values - np.round(values)) < 1e-6


def _constant(exposed: _Exposed) -> Iterator[str]:
    if exposed.kind == "people" and exposed.exposure.min() == exposed.exposure.max():
        yield (
            f"it is {exposed.exposure[0]:g} in all {len(exposed.exposure):,} rows: rates are then "
            f"counts, whatever the number of people. {_PEOPLE}"
        )


def _of_authorities(exposed: _Exposed) -> Iterator[str]:
    """One exposure in all rows of each authority."""
    if exposed.kind == "time":
        return
    each = (
        pd.Series(exposed.exposure).groupby(exposed.authority.to_numpy()).agg(["nunique", "size"])
    )
    if len(each) > 1 and (each["nunique"] == 1).all() and each["size"].min() >= FEWEST_AREAS:
        number = counted(len(each), "authority", "authorities")
        yield (
            f"it has one value in all rows of each of {number}, as the authority's own total "
            f"has. {_PEOPLE}"
        )
