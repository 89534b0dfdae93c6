"""Counts and exposures that were rounded, and small counts that were written as another number."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, pdtr

from bayesgrad.data.listing import counted
from bayesgrad.data.measures import exposure_kind
from bayesgrad.data.plausibility.evidence import Evidence
from bayesgrad.data.plausibility.outcome_rows import OutcomeRows, outcome_rows

FEWEST = 20
"""Numbers above 0 that are all multiples of 2 once in a million tables by chance."""
HEAPED, HEAPED_FEWEST, HEAPED_FROM = 0.6, 30, 10
"""Share of counts of `HEAPED_FROM` or more, at least so many, at multiples of 5 or 10."""
SURPRISE = 6.0
"""Standard deviations of a share by chance."""
STEPS = (1000, 500, 200, 100, 50, 20, 10, 5)
"""To which exposures are rounded."""
ROUNDED_SHARE, ROUNDING_ERROR = 0.95, 0.02
"""Exposures at multiples of a step, and the step over the median, from which that matters."""
EXPECTED_ABSENT = 25.0
"""Counts expected of values of which there are none: under strong overdispersion, some four."""
FEWEST_STANDING_IN = 20
"""Counts of the number that seems to stand for others."""


def rounded_counts(evidence: Evidence) -> tuple[str, ...]:
    """Counts that are all, or mostly, multiples of one number."""
    found = []
    for rows in outcome_rows(evidence):
        count = rows.count[rows.count > 0]
        if len(count) < FEWEST:
            continue
        step = int(np.gcd.reduce(count))
        if step > 1:
            what = f"all {len(count):,} counts above 0 are multiples of {step}"
            found.append(_rounded(rows.column, what))
        elif (heaped := _heaped(count)) is not None:
            found.append(_rounded(rows.column, heaped))
    return tuple(found)


def _rounded(column: str, what: str) -> str:
    return (
        f"column {column}: {what}, as of rounded counts. The model takes counts as exact, and the "
        "rounding for differences between areas. Use counts as they were recorded, or counts with "
        "the small ones suppressed and [likelihood] suppressed"
    )


def _heaped(count: NDArray[np.int64]) -> str | None:
    large = count[count >= HEAPED_FROM]
    if len(large) < HEAPED_FEWEST:
        return None
    for step in (10, 5):
        chance = 1 / step
        limit = chance + SURPRISE * np.sqrt(chance * (1 - chance) / len(large))
        multiples = int((large % step == 0).sum())
        if multiples >= max(HEAPED, limit) * len(large) and _above_neighbours(count, step):
            return (
                f"{multiples:,} of {len(large):,} counts of {HEAPED_FROM} or more are multiples of "
                f"{step}"
            )
    return None


def _above_neighbours(count: NDArray[np.int64], step: int) -> bool:
    """Whether multiples are more frequent than the numbers beside them, as in a tail they are not.

    Of counts that hardly go beyond 10, most of 10 or more are 10.
    """
    beside = np.isin(count % step, (1, step - 1)) & (count >= HEAPED_FROM - 1)
    multiples = int((count[count >= HEAPED_FROM] % step == 0).sum())
    number = multiples + int(beside.sum())
    limit = 1 / 3 + SURPRISE * np.sqrt(2 / 9 / number)
    return bool(multiples >= limit * number)


def small_counts_replaced(evidence: Evidence) -> tuple[str, ...]:
    """Small counts of which there are none, though the model expects many.

    What is expected is Poisson, or binomial, at the rate of each tenth of deprivation and stratum.
    """
    return tuple(warning for rows in outcome_rows(evidence) for warning in _replaced(rows))


def _replaced(rows: OutcomeRows) -> Iterator[str]:
    # Suppressed counts are small counts that are told.
    if rows.suppressed or not len(rows.count):
        return
    present = np.unique(rows.count[rows.count > 0])
    # Of rounded counts, the same is told in other words.
    if len(present) < 2 or (rows.count > 0).sum() < FEWEST or np.gcd.reduce(present) > 1:
        return
    first, second = int(present[0]), int(present[1])
    zeros, standing_in = int((rows.count == 0).sum()), int((rows.count == first).sum())
    below, between = _expected(rows, 1, first - 1), _expected(rows, first + 1, second - 1)
    if between >= EXPECTED_ABSENT and standing_in >= FEWEST_STANDING_IN:
        absent = f"1 to {second - 1} but {first}"
        beside = f"{standing_in:,} of {first}"
        yield _absent(rows.column, absent, below + between, beside, str(first))
    elif below >= EXPECTED_ABSENT and zeros:
        absent = "1" if first == 2 else f"1 to {first - 1}"
        yield _absent(rows.column, absent, below, f"{zeros:,} of 0", "0")


def _absent(column: str, values: str, expected: float, beside: str, written: str) -> str:
    return (
        f"column {column}: no count of {values}, beside {beside}, where about "
        f"{_two_digits(expected):,} are expected: small counts seem to be written as {written}. "
        "Write the symbol of suppressed counts in their place, and its bounds in [likelihood] "
        "suppressed"
    )


def _two_digits(value: float) -> int:
    return int(float(f"{value:.2g}"))


def _expected(rows: OutcomeRows, lowest: int, highest: int) -> float:
    """Number of counts from lowest to highest that the rates of groups imply."""
    if rows.of_cases:
        share = np.clip(rows.rate, 0.0, 1.0)
        cases = np.floor(rows.exposure).astype(np.int64)
        upto = [
            np.where(cases > at, bdtr(np.minimum(at, cases), cases, share), 1.0)
            for at in (highest, lowest - 1)
        ]
    else:
        upto = [pdtr(at, rows.rate * rows.exposure) for at in (highest, lowest - 1)]
    return float((upto[0] - upto[1]).sum())


def rounded_exposures(evidence: Evidence) -> tuple[str, ...]:
    """Exposures at multiples of a step that is not small beside them."""
    found, seen = [], set()
    for outcome in evidence.spec.outcomes:
        column = evidence.spec.exposure_of(outcome)
        kind = exposure_kind(evidence.spec, outcome)
        if outcome.out_of is not None or kind == "time" or column in seen:
            continue
        seen.add(column)
        exposure = evidence.kept.exposures[outcome.column].to_numpy()
        exposure = exposure[exposure > 0]
        if len(exposure) < FEWEST or len(np.unique(exposure)) < 3:
            continue
        step = _step(exposure)
        if step:
            multiples = counted(int((exposure % step == 0).sum()), "exposure")
            found.append(
                f"column {column}: {multiples} of {len(exposure):,} are multiples of {step}, and "
                f"the median is {np.median(exposure):g}: rounding so coarse moves rates by up to "
                f"{50 * step / np.median(exposure):.0f}%. Use the numbers before they were rounded"
            )
    return tuple(found)


def _step(exposure: NDArray[np.float64]) -> int:
    """Largest step that most exposures are multiples of, if it matters; else 0."""
    for step in STEPS:
        if step <= ROUNDING_ERROR * np.median(exposure):
            break
        if (exposure % step == 0).mean() >= ROUNDED_SHARE:
            return step
    return 0
