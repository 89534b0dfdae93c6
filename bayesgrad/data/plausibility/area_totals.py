"""Area totals: events and exposure of one outcome in each area, over all its strata."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayesgrad.data.checked import Checked
from bayesgrad.spec.model_spec import ModelSpec

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

LEAST_RATE = 0.01
"""Of a stratum, as a share of the mean rate: one without events keeps its exposure in part."""


@dataclass(frozen=True)
class AreaTotals:
    """Areas in the order of their codes, with what one outcome counts in them.

    Attributes
    ----------
    outcome : str
        Column of the outcome.
    codes : tuple of str
        Authorities, sorted.
    authority : ndarray of int, (areas,)
        Number of each area's authority.
    deprivation, events, exposure : ndarray of float, (areas,)
        A suppressed count is taken as the middle of its bounds. Exposures of strata are weighted
        by the strata's rates over the mean rate, so that areas of other strata compare.
    hidden : ndarray of bool, (areas,)
        Areas with a suppressed count.
    """

    outcome: str
    codes: tuple[str, ...]
    authority: Integers
    deprivation: Floats
    events: Floats
    exposure: Floats
    hidden: NDArray[np.bool_]

    def by_authority(self, values: Floats) -> Floats:
        """Sum values of areas over each authority."""
        return np.bincount(self.authority, values, minlength=len(self.codes))

    @property
    def areas(self) -> Integers:
        """Number of areas of each authority."""
        return np.bincount(self.authority, minlength=len(self.codes))

    def of(self, areas: NDArray[np.bool_]) -> AreaTotals:
        """Keep the areas where `areas` holds; authorities stay."""
        return AreaTotals(
            self.outcome,
            self.codes,
            self.authority[areas],
            self.deprivation[areas],
            self.events[areas],
            self.exposure[areas],
            self.hidden[areas],
        )


def area_totals(spec: ModelSpec, checked: Checked) -> tuple[AreaTotals, ...]:
    """Totals of every outcome of a spec that has rows, over the rows that enter."""
    keys = checked.selection.keys
    area, areas = pd.factorize(keys["area"], sort=True)
    authority, codes = pd.factorize(keys["authority"], sort=True)
    stratum = pd.factorize(keys["stratum"])[0]
    deprivation = checked.deprivation.to_numpy(np.float64)
    bounds = spec.likelihood.suppressed
    middle = 0.0 if bounds is None else (bounds.lower + bounds.upper) / 2
    found = []
    for outcome in spec.outcomes:
        column = outcome.column
        entering = checked.entering[column].to_numpy()
        hidden = checked.suppressed[column].to_numpy()
        count = np.where(hidden, middle, checked.counts[column].to_numpy(np.float64))
        exposure = checked.exposures[column].to_numpy(np.float64)
        own = area[entering]
        if not len(own):
            continue
        exposure = exposure * _relative_rates(stratum, count, exposure, entering)
        present = np.unique(own)
        of_area = np.zeros(len(areas), np.int64)
        of_area[area] = authority
        level = np.zeros(len(areas))
        level[area] = deprivation
        found.append(
            AreaTotals(
                column,
                tuple(codes),
                of_area[present],
                level[present],
                np.bincount(own, count[entering], minlength=len(areas))[present],
                np.bincount(own, exposure[entering], minlength=len(areas))[present],
                np.bincount(own, hidden[entering], minlength=len(areas))[present] > 0,
            )
        )
    return tuple(found)


def _relative_rates(
    stratum: Integers, count: Floats, exposure: Floats, entering: NDArray[np.bool_]
) -> Floats:
    """Crude rate of each row's stratum over that of all rows, at least `LEAST_RATE`."""
    at, events, base = stratum[entering], count[entering], exposure[entering]
    if not events.sum() > 0:
        return np.ones(len(stratum))
    size = int(stratum.max()) + 1
    own = np.bincount(at, events, minlength=size)
    expected = np.bincount(at, base, minlength=size) * events.sum() / base.sum()
    ratio = np.where(expected > 0, own / np.where(expected > 0, expected, 1.0), 1.0)
    return np.asarray(np.maximum(ratio, LEAST_RATE)[stratum], np.float64)
