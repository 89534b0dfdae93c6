"""Episodes and their durations: piecewise-constant hazards, followed until a last day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayesgrad.simulate.geography import Floats, Integers
from bayesgrad.simulate.scenario_settings import Durations

DAYS_PER_YEAR = 365.25


@dataclass(frozen=True, eq=False)
class Episodes:
    """Episodes one by one, sorted by area.

    Attributes
    ----------
    area : ndarray of int, shape (episodes,)
        Position of the area, from 0.
    opened : ndarray, shape (episodes,)
        Days before the last day.
    days : ndarray, shape (episodes,)
        Until it closed, or until the last day.
    closed : ndarray of bool, shape (episodes,)
        Whether it closed by the last day; else it is censored there.
    """

    area: Integers
    opened: Floats
    days: Floats
    closed: NDArray[np.bool_]

    def by_interval(self, breaks: tuple[float, ...], *, areas: int) -> tuple[Integers, Floats]:
        """Episodes closed, and years at risk, by area and interval: (areas, intervals) each."""
        lower, upper = _edges(breaks)
        closed = np.empty((areas, len(lower)), dtype=np.int64)
        years = np.empty((areas, len(lower)))
        for k, (start, end) in enumerate(zip(lower, upper, strict=True)):
            within = self.closed & (self.days >= start) & (self.days < end)
            closed[:, k] = np.bincount(self.area[within], minlength=areas)
            days = np.clip(self.days - start, 0.0, end - start)
            years[:, k] = np.bincount(self.area, days / DAYS_PER_YEAR, minlength=areas)
        return closed, years


def draw_episodes(
    number: Integers, hazard: Floats, durations: Durations, *, rng: np.random.Generator
) -> Episodes:
    """Draw when each episode opened, and how long it lasted.

    The cumulative hazard at closure is exponential with mean 1, so the duration is where the
    area's cumulative hazard, piecewise linear, reaches such a draw.

    Parameters
    ----------
    number : ndarray of int, shape (areas,)
        Episodes of each area.
    hazard : ndarray, shape (areas, intervals)
        Closures per year at risk.
    durations : Durations
    """
    area = np.repeat(np.arange(len(number), dtype=np.int64), number)
    opened = rng.uniform(0.0, durations.years * DAYS_PER_YEAR, len(area))
    left = rng.standard_exponential(len(area))
    days = np.zeros(len(area))
    for k, (start, end) in enumerate(zip(*_edges(durations.breaks), strict=True)):
        per_day = hazard[area, k] / DAYS_PER_YEAR
        lasts = np.minimum(left / per_day, end - start)
        days += lasts
        left = np.where(lasts < end - start, 0.0, left - lasts * per_day)
    closed = days <= opened
    return Episodes(area, opened, np.minimum(days, opened), closed)


def _edges(breaks: tuple[float, ...]) -> tuple[Floats, Floats]:
    return np.array([0.0, *breaks]), np.array([*breaks, np.inf])
