"""Deprivation inside 0 to 1 that is no proportion of people in income deprivation.

In England 13% of people were in income deprivation in 2019 and 23% in 2025; in its most deprived
authority 25% and 41%, where 41% of areas had more than a half. One less the proportion, percentiles
and deciles over 10 lie beyond that, and a hundredth or a tenth of it far below.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayesgrad.data.listing import counted
from bayesgrad.data.measures import numbers
from bayesgrad.data.plausibility.evidence import Evidence
from bayesgrad.data.selection import authority_deprivation_column

HALF, HIGH = 0.5, 0.8
"""Proportions of people that few areas reach, and next to none."""
MANY = {HALF: 0.45, HIGH: 0.05}
"""Shares of areas above them, beyond those of any region."""
MANY_OF_ONE = {HALF: 0.8, HIGH: 0.2}
"""Likewise, beyond those of any authority: of children, the most deprived have most areas above a
half."""
FEW_AUTHORITIES = 3
"""Authorities that may all be among the most deprived."""
LOW, NOT_HIGH = 0.03, 0.1
"""Mean below that of any authority, and largest value, of a tenth or hundredth of a proportion."""
FEWEST, STEPS = 20, 20
"""Areas from which values at multiples of 1/`STEPS` alone are groups and not proportions."""
RATIO = 3.0
"""Authority deprivation beside the mean of the authority's areas, either way."""
FEWEST_AUTHORITIES, OPPOSITE = 6, -0.5
"""Authorities, and the correlation of their deprivation with that of their areas."""

_USE_RATE = (
    "Use the proportion of people in income deprivation: the Indices' column 'Income Score (rate)'"
)


def deprivation_scale(evidence: Evidence) -> tuple[str, ...]:
    """What the values of deprivation look like, if not like proportions of people."""
    selection = evidence.given.selection
    first = ~selection.keys["area"].duplicated().to_numpy()
    column = evidence.spec.columns.deprivation
    few = selection.keys["authority"].nunique() <= FEW_AUTHORITIES
    many = MANY_OF_ONE if few else MANY
    values = evidence.given.deprivation.to_numpy()[first]
    found = [*_scale(column, values, ("area", "areas"), many)]
    name = authority_deprivation_column(evidence.spec)
    if name is not None:
        codes = evidence.kept.selection.keys["authority"]
        own = numbers(evidence.kept.selection, name).groupby(codes).first()
        found += _scale(name, own.to_numpy(), ("authority", "authorities"), many)
        found += [] if found else _beside_areas(name, own, evidence)
    return tuple(found)


def _scale(
    column: str, values: NDArray[np.float64], what: tuple[str, str], many: dict[float, float]
) -> Iterator[str]:
    """Say what one column looks like, at most one thing."""
    # Values of 0 and 1 are told as stand-ins for missing ones.
    inner = values[(values > 0) & (values < 1)]
    high = int((inner > HALF).sum())
    too_many = any((inner > least).sum() >= share * len(inner) for least, share in many.items())
    groups = np.abs(values * STEPS - np.round(values * STEPS)) < 1e-9
    number = counted(len(values), *what)
    if len(values) >= FEWEST and groups.all():
        yield (
            f"column {column}: all values are multiples of {1 / STEPS:g}, as of deciles divided by "
            f"10 and other groups. {_USE_RATE}"
        )
    elif len(inner) and too_many:
        yield (
            f"column {column}: {high:,} of {number} are above {HALF:g}, up to {inner.max():.2f}: "
            "these look like percentiles, or proportions of people who are not in deprivation. "
            f"{_USE_RATE}"
        )
    elif values.mean() < LOW and values.max() < NOT_HIGH:
        yield (
            f"column {column}: its mean is {values.mean():.2g} and its largest value "
            f"{values.max():.2g}: these look like a tenth or a hundredth of a proportion, and a "
            f"step of the gradient is larger than all differences between areas. {_USE_RATE}"
        )


def _beside_areas(name: str, values: pd.Series, evidence: Evidence) -> Iterator[str]:
    """Say where authorities' deprivation is of another order than that of their areas."""
    kept = evidence.kept
    mean = kept.deprivation.groupby(kept.selection.keys["authority"]).mean()
    ratio = float(values.median() / mean.median()) if mean.median() > 0 else 1.0
    areas = evidence.spec.columns.deprivation
    if not 1 / RATIO <= ratio <= RATIO:
        yield (
            f"column {name}: its median is {values.median():.2g}, where the mean of {areas} in the "
            f"median authority is {mean.median():.2g}: the two look to be on different scales. "
            'Use one measure for both, or leave [authority] deprivation at "mean"'
        )
    elif len(values) >= FEWEST_AUTHORITIES and values.corr(mean) < OPPOSITE:
        yield (
            f"column {name}: it falls where the mean of {areas} over the authority's areas rises "
            f"(their correlation is {values.corr(mean):.2f}): one of the two may be turned round. "
            'Use one measure for both, or leave [authority] deprivation at "mean"'
        )
