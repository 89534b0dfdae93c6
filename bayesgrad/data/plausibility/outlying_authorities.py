"""Authorities that contradict the rest: rates or deprivation of another order, another relation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtri

from bayesgrad.data.listing import counted, listed
from bayesgrad.data.plausibility.area_totals import AreaTotals, Floats
from bayesgrad.data.plausibility.evidence import Evidence
from bayesgrad.data.plausibility.own_regressions import (
    FEWEST_AREAS,
    Booleans,
    OwnRegressions,
    own_regressions,
)

FALSE_ALARM = 1e-3
"""Probability that a clean table has any authority that is named, for one outcome."""
OPPOSITE = 3e-4
"""The same for slopes of the other sign: their errors are not quite normal."""
FEWEST_AUTHORITIES = 8
FEWEST_IN_GROUP = 3
MOST_HIDDEN = 0.05
"""Share of areas with suppressed counts, above which likelihoods of counts are not compared."""
FAR = np.log(5.0)
"""Ratio of the rates of two groups of authorities that are called far apart."""
FAR_WITH_EXPOSURE = np.log(4.0)
"""The same where exposures an area lie as far apart, the other way round."""
SEPARATION = 5.0
"""Distance of the groups' means over the spread within them; halves of one normal have 2.7."""
SEPARATION_WITH_EXPOSURE = 3.6
DISTANCE = 4.7
"""Spreads from the median log likelihood ratio of authorities of its size, for one that differs."""
LEAST_FOR_DISTANCE = 6.0
LEAST = 10.0
"""Log likelihood ratio, at least, for one that is named without such a distance."""


def outlying_authorities(evidence: Evidence) -> tuple[str, ...]:
    """Name authorities whose rates, deprivation or regression contradict those of the others."""
    warnings = list(_reversed_scale(evidence.totals[0]))
    of_time = evidence.spec.columns.at_risk == "time"
    for totals, fit in zip(evidence.totals, evidence.expected, strict=True):
        usable = totals.of(~fit.improbable)
        apart = _levels_apart(usable)
        warnings += apart
        # Overdispersion that two orders of rates make says nothing of regressions.
        if not apart and len(totals.codes) >= FEWEST_AUTHORITIES and totals.events.sum() > 0:
            regressions = own_regressions(fit)
            if len(regressions.codes) >= FEWEST_AUTHORITIES:
                opposite = _opposite(regressions)
                warnings += _told_opposite(totals.outcome, regressions, opposite)
                # Time at risk is an outcome itself: it is long where events are late.
                if totals.hidden.mean() <= MOST_HIDDEN and not of_time:
                    warnings += _told_unrelated(totals.outcome, regressions, opposite)
    return tuple(warnings)


def _reversed_scale(totals: AreaTotals) -> tuple[str, ...]:
    """Authorities where most people are deprived, among others where few are."""
    base = np.maximum(totals.by_authority(totals.exposure), 1e-12)
    mean = totals.by_authority(totals.exposure * totals.deprivation) / base
    median = float(np.median(mean))
    odd = (mean > 0.5) & (mean > 2.5 * median) & (totals.areas >= FEWEST_AREAS)
    if not odd.any() or len(mean) < FEWEST_AUTHORITIES:
        return ()
    return (
        f"mean deprivation is above 0.5 in {_named(totals.codes, odd)}, and {median:.2f} in the "
        "median authority: is it counted the other way round there, as 1 - d, or on another "
        "scale? Give all authorities deprivation from one column of one release.",
    )


def _levels_apart(totals: AreaTotals) -> tuple[str, ...]:
    """Two groups of authorities, with crude rates of another order."""
    events, base = totals.by_authority(totals.events), totals.by_authority(totals.exposure)
    enough = (totals.areas > 0) & (base > 0)
    if enough.sum() < FEWEST_AUTHORITIES or events.sum() < 10 * len(events):
        return ()
    rate = np.log((events + 0.5)[enough] / base[enough])
    size = np.log(base[enough] / totals.areas[enough])
    low, apart, separation = _split(rate)
    larger = float(np.mean(size[low]) - np.mean(size[~low])) if apart > 0 else 0.0
    with_exposure = abs(larger - apart) < np.log(2.0)
    plainly = apart > FAR and separation > SEPARATION
    joined = apart > FAR_WITH_EXPOSURE and separation > SEPARATION_WITH_EXPOSURE and with_exposure
    if not (plainly or joined):
        return ()
    fewer_low = low.sum() * 2 <= len(low)
    group = np.zeros(len(totals.codes), np.bool_)
    group[np.flatnonzero(enough)] = low if fewer_low else ~low
    times = f"some {np.exp(apart):.0f} times {'below' if fewer_low else 'above'} those of the rest"
    exposures = (
        f", and their exposures an area some {np.exp(larger):.0f} times "
        f"{'above' if fewer_low else 'below'}"
        if with_exposure
        else ""
    )
    return (
        f"{totals.outcome}: crude rates of {_named(totals.codes, group)} are {times}{exposures}: "
        "are their counts and exposures of the same people, in the same unit and for as long a "
        "time? Give all authorities the same.",
    )


def _split(values: Floats) -> tuple[Booleans, float, float]:
    """Best split in two groups: who is in the lower, distance of means, and over the spread."""
    order = np.sort(values)
    fewest = max(FEWEST_IN_GROUP, len(order) // 20)
    best = (np.zeros(len(values), np.bool_), 0.0, 0.0)
    for size in range(fewest, len(order) - fewest + 1):
        low, high = order[:size], order[size:]
        spread = max(float(np.sqrt((low.var() + high.var()) / 2)), 0.05)
        apart = float(high.mean() - low.mean())
        if apart / spread > best[2]:
            best = (values <= low[-1], apart, apart / spread)
    return best


def _opposite(found: OwnRegressions) -> Booleans:
    """Authorities whose own slope is clearly of the other sign than the usual one.

    Either one that lies beyond what the most distant of all would, or several that each lie where
    few would.
    """
    sign = 1.0 if found.usual > 0 else -1.0
    distance = np.nan_to_num(
        sign * (found.usual - found.slope) / np.hypot(found.spread, found.error), nan=-np.inf
    )
    clear = sign * found.slope + 2 * np.nan_to_num(found.error) < 0
    one = -float(ndtri(OPPOSITE / 2 / len(distance)))
    two = -float(ndtri(np.sqrt(OPPOSITE) / 2 / len(distance)))
    three = -float(ndtri(np.cbrt(OPPOSITE) / 2 / len(distance)))
    far = np.sort(np.where(clear, distance, -np.inf))[::-1]
    if far[0] > one or far[1] > two or far[2] > three:
        return np.asarray(clear & (distance > three))
    return np.zeros(len(distance), np.bool_)


def _told_opposite(outcome: str, found: OwnRegressions, opposite: Booleans) -> tuple[str, ...]:
    if not opposite.any():
        return ()
    way = "falls" if found.usual > 0 else "rises"
    return (
        f"{outcome}: within {_named(found.codes, opposite)} the rate {way} with deprivation, "
        f"against the other authorities by more than chance and their differences give "
        f"(gradient {np.exp(found.usual):.2f} in the median authority): is deprivation reversed "
        "there, or are counts beside other areas' codes? Check these authorities' rows at their "
        "source.",
    )


def _told_unrelated(outcome: str, found: OwnRegressions, opposite: Booleans) -> tuple[str, ...]:
    """Authorities whose counts are as if dealt out among their areas at random.

    The likelihood ratio of such counts against the regression exceeds k with a probability of at
    most 1 / k where the regression holds. An authority that differs from all others in it, given
    its number of areas, is named with less.
    """
    areas = found.areas.astype(np.float64)
    usual = float(np.median(found.unrelated / areas))
    distance = (found.unrelated - usual * areas) / np.sqrt(areas)
    spread = 1.4826 * float(np.median(np.abs(distance)))
    alone = distance > DISTANCE * max(spread, 1e-6)
    scrambled = found.unrelated > max(LEAST, np.log(len(areas) / FALSE_ALARM))
    scrambled |= (found.unrelated > LEAST_FOR_DISTANCE) & alone
    scrambled &= ~opposite & np.isfinite(found.slope)
    if not scrambled.any():
        return ()
    return (
        f"{outcome}: counts in {_named(found.codes, scrambled)} have nothing to do with exposure "
        "and deprivation of their areas, as they have in the other authorities: do they stand "
        "beside other areas' codes? Join these authorities' counts by code again.",
    )


def _named(codes: Sequence[str], chosen: Booleans) -> str:
    """`3 authorities (E09000002, E09000003, E09000004)`."""
    names = [code for code, one in zip(codes, chosen, strict=True) if one]
    return f"{counted(len(names), 'authority', 'authorities')} ({listed(names)})"
