"""Totals among the parts: a stratum that is the sum of others, an area that is its authority."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayesgrad.data.listing import counted, listed
from bayesgrad.data.plausibility.area_totals import AreaTotals, Floats
from bayesgrad.data.plausibility.evidence import Evidence

NAMES = frozenset(
    {
        "all",
        "total",
        "totals",
        "all children",
        "all ages",
        "all ethnicities",
        "all ethnic groups",
        "all sexes",
        "both",
        "both sexes",
        "boys and girls",
        "everyone",
        "persons",
        "all persons",
        "people",
        "all people",
        "overall",
        "grand total",
        "sum",
    }
)
"""Names of totals, in small letters."""
FEWEST_PLACES = 15
MATCHING = 0.95
FEWEST_PARTS = 10
FEWEST_SURE = 30
LARGE = 0.8


def total_strata(evidence: Evidence) -> tuple[str, ...]:
    """Warn of a stratum that is the sum of others in nearly every area, or has a total's name."""
    checked = evidence.kept
    strata, warnings = checked.selection.strata, []
    if evidence.spec.strata is None:
        return ()
    for column in strata:
        others = [name for name in strata if name != column]
        place = pd.MultiIndex.from_frame(
            pd.concat([checked.selection.keys[["area"]], strata[others]], axis=1)
        ).factorize()[0]
        level, names = strata[column].factorize(sort=True)
        labels = list(names)
        for label, parts in _sums(evidence, place, level, labels).items():
            warnings.append(
                f"stratum {label} of {column} is the sum of {listed(parts)}: their events and "
                "exposures enter twice. Take its rows out of the table."
            )
            labels = [other for other in labels if other != label]
        warnings += [
            f"stratum {label} of {column} has the name of a total, beside "
            f"{listed(other for other in labels if other != label)}: if it counts the same "
            "children as these, they enter twice; take its rows out of the table."
            for label in labels
            if label.strip().casefold() in NAMES
        ]
    return tuple(warnings)


def _sums(
    evidence: Evidence, place: NDArray[np.int64], level: NDArray[np.int64], labels: list[str]
) -> dict[str, list[str]]:
    """Each stratum that is a sum of two or more others, with these."""
    checked, shape = evidence.kept, (int(place.max()) + 1, len(labels))
    found: dict[str, list[str]] = {}
    if len(labels) < 3:
        return found
    for outcome in evidence.spec.outcomes:
        column = outcome.column
        hidden = checked.suppressed[column].to_numpy()
        values = [checked.exposures[column].fillna(0).to_numpy(np.float64)]
        if not hidden.any():
            values.append(checked.counts[column].fillna(0).to_numpy(np.float64))
        for one in values:
            table = np.bincount(place * shape[1] + level, one, minlength=shape[0] * shape[1])
            for total, parts in _sums_of(table.reshape(shape)).items():
                found.setdefault(labels[total], [labels[part] for part in parts])
    return found


def _sums_of(table: Floats) -> dict[int, list[int]]:
    """Columns of a table (places, strata) that are sums of two or more others in nearly all rows.

    Regressed on the others, a sum has coefficients of 1 for its parts and 0 for the rest; each part
    would be the sum less the other parts, which is no sum.
    """
    gram, found = table.T @ table, {}
    for total in range(table.shape[1]):
        others = [
            at
            for at in range(table.shape[1])
            if at != total and gram[at, at] > 0 and at not in found
        ]
        if len(others) < 2 or gram[total, total] <= 0:
            continue
        coefficients = np.linalg.lstsq(
            gram[np.ix_(others, others)], gram[others, total], rcond=1e-12
        )[0]
        whole = np.round(coefficients)
        parts = [at for at, one in zip(others, whole, strict=True) if one == 1]
        if len(parts) < 2 or np.abs(coefficients - whole).max() > 0.1 or not set(whole) <= {0, 1}:
            continue
        present = (table[:, total] > 0) | (table[:, parts].sum(axis=1) > 0)
        several = (table[:, parts] > 0).sum(axis=1) >= 2
        close = np.abs(table[:, total] - table[:, parts].sum(axis=1)) <= 1e-6 * table[:, total]
        enough = present.sum() >= FEWEST_PLACES and (several & close).sum() >= 5
        if enough and close[present].mean() >= MATCHING:
            found[total] = parts
    return found


def total_areas(evidence: Evidence) -> tuple[str, ...]:
    """Warn of areas as large as all others of their authority, or of the table, together."""
    totals = evidence.totals[0]
    outcomes = {outcome.column: outcome for outcome in evidence.spec.outcomes}
    cases = evidence.spec.is_of_cases(outcomes[totals.outcome])
    own, nation = _totals_of(totals, cases=cases)
    warnings = []
    for areas, whose in ((own, "their authority"), (nation, "all authorities")):
        if areas.any():
            where = sorted({totals.codes[at] for at in totals.authority[areas]})
            one = int(areas.sum()) == 1
            warnings.append(
                f"{counted(int(areas.sum()), 'area has', 'areas have')} the exposure of all other "
                f"areas of {whose} together ({'in authority' if one else 'in authorities'} "
                f"{listed(where)}): {'a total is' if one else 'totals are'} among the areas, and "
                "their events enter twice. Take these rows out of the table."
            )
    return tuple(warnings)


def _totals_of(totals: AreaTotals, *, cases: bool) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Areas that are their authority, and areas that are the nation.

    People are spread over areas evenly enough for 10 areas to tell, cases are not: there the total
    is of 30 areas or more, or exact in cases and events.
    """
    exposure, events, at = totals.exposure, totals.events, totals.authority
    rest = totals.by_authority(exposure)[at] - exposure
    rest_events = totals.by_authority(events)[at] - events
    others = totals.areas[at] - 1
    same = np.abs(exposure - rest) <= 1e-9 * exposure
    exact = same & (events == rest_events) & (others >= 3) & (events >= 10)
    nearly = np.abs(exposure / np.maximum(rest, 1e-12) - 1) < 0.005
    near = nearly & (others >= FEWEST_PARTS) & (not cases)
    large = (exposure > LARGE * rest) & (others >= FEWEST_SURE)
    own = (exact | near | large) & (exposure > 0)
    whole = exposure[~own].sum()
    nation = (exposure > LARGE * (whole - np.where(own, 0, exposure))) & (
        len(exposure) > FEWEST_SURE
    )
    return own & ~nation, nation
