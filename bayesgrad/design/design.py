"""Design: everything that the model and the estimands need, as arrays and names."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bayesgrad.design.curvature import CommonCurve
from bayesgrad.design.moderation import ModerationBasis
from bayesgrad.design.neighbours import Neighbours
from bayesgrad.design.splines import Floats
from bayesgrad.design.strata import StrataComponent
from bayesgrad.design.suppression import crude_rate
from bayesgrad.spec.parts import CASE_FAMILIES, DISPERSED_FAMILIES
from bayesgrad.spec.vocabulary import Family, Link

Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Columns:
    """Named columns of one kind, standardised: a matrix of shape (n, columns).

    A column of two values is only centred, so that its coefficient is per unit as it is coded, the
    contrast of the two for 0 and 1; any other is centred and divided by its standard deviation.
    """

    names: tuple[str, ...]
    values: Floats
    centre: Floats
    scale: Floats

    @property
    def step(self) -> Floats:
        """What priors of coefficients refer to, (columns,): the distance of two values, else 1."""
        found = np.ones(len(self.names))
        for at, column in enumerate(self.values.T):
            first = column[0]
            other = column[column != first]
            if len(other) and (other == other[0]).all():
                # Centring rounds; 0 and 1 stay 1 apart.
                found[at] = float(f"{abs(other[0] - first):.12g}")
        return found


@dataclass(frozen=True)
class OutcomeForm:
    """How one outcome is distributed.

    Attributes
    ----------
    column : str
        Its name.
    family : {"poisson", "negative_binomial", "binomial", "beta_binomial"}
    link : {"log", "logit"}
    out_of : str
        The outcome whose events are its cases; empty where there is none.
    """

    column: str
    family: Family
    link: Link
    out_of: str

    @property
    def of_cases(self) -> bool:
        """Whether it counts events out of cases."""
        return self.family in CASE_FAMILIES

    @property
    def dispersed(self) -> bool:
        """Whether it has a parameter of overdispersion."""
        return self.family in DISPERSED_FAMILIES


@dataclass(frozen=True, eq=False)
class Rows:
    """One row per area x outcome x stratum, sorted by cell.

    Attributes
    ----------
    cell : ndarray of int64, shape (rows,)
        Non-decreasing index of the row's authority x outcome x stratum.
    count : ndarray of int64, shape (rows,)
        As published; 0 where suppressed.
    exposure, deprivation, x : ndarray, shape (rows,)
        Children, cases or time at risk; a proportion; distance from the centre in units.
    covariates : Columns
        Area covariates and area moderators, (rows, covariates).
    gradient_moderators : ndarray, shape (rows, area moderators)
        x times each standardised area moderator.
    curve : ndarray, shape (rows, curvature terms)
    suppressed : ndarray of bool, shape (rows,)
        Whether the count is known only to lie within the design's bounds.
    neighbourhood : ndarray of int64, shape (rows,) or (0,)
        Index of the larger neighbourhood of each row; empty where there are none.
    area : ndarray of int64, shape (rows,)
        Number of the row's area, the same in all its strata and outcomes.
    """

    cell: Integers
    count: Integers
    exposure: Floats
    deprivation: Floats
    x: Floats
    covariates: Columns
    gradient_moderators: Floats
    curve: Floats
    suppressed: NDArray[np.bool_]
    neighbourhood: Integers = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    area: Integers = field(default_factory=lambda: np.empty(0, dtype=np.int64))


@dataclass(frozen=True, eq=False)
class Authorities:
    """One entry per authority, sorted by code.

    Attributes
    ----------
    codes, names : tuple of str
    deprivation : ndarray, shape (authorities,)
        D_j, a proportion.
    centre : ndarray, shape (authorities,)
        c_j, the deprivation at which x is 0.
    moderation : ndarray, shape (authorities, moderation terms)
        W(D_j).
    moderators : Columns
        Further authority moderators, (authorities, moderators).
    """

    codes: tuple[str, ...]
    names: tuple[str, ...]
    deprivation: Floats
    centre: Floats
    moderation: Floats
    moderators: Columns

    @property
    def columns(self) -> Floats:
        """Ones, the moderation basis and the moderators, (authorities, terms)."""
        ones = np.ones((len(self.codes), 1))
        return np.hstack([ones, self.moderation, self.moderators.values])


@dataclass(frozen=True, eq=False)
class Design:
    """A model spec applied to a table: arrays and names, nothing statistical, nothing tabular.

    A *cell* is one authority x outcome x stratum: the rows that share one intercept and one slope.
    Cells are numbered in that order, the stratum running fastest, so several outcomes or strata
    are more rows and more cells of the same arrays. No matrix has an authority per column.

    Attributes
    ----------
    strata : tuple of str
        One empty string where there are none.
    strata_components : tuple of StrataComponent
        Parts of the deviations of strata; empty where there are none.
    neighbourhoods : tuple of str
        Codes of larger neighbourhoods, those of an authority together; empty where there are none.
    bounds : tuple of int
        Smallest and largest count that is suppressed; without meaning where no row is.
    deviation_basis : ndarray, shape (strata, strata - 1), or None
        Of an authority's own deviations of strata, as a component has; None where it has none.
    neighbours : Neighbours or None
        What neighbours share; None where the spec names none.
    """

    authorities: Authorities
    forms: tuple[OutcomeForm, ...]
    strata: tuple[str, ...]
    strata_components: tuple[StrataComponent, ...]
    rows: Rows
    area_moderators: tuple[str, ...]
    basis: ModerationBasis
    curve: CommonCurve
    unit: float
    neighbourhoods: tuple[str, ...] = ()
    bounds: tuple[int, int] = (0, 0)
    deviation_basis: Floats | None = None
    neighbours: Neighbours | None = None

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Names of the outcomes."""
        return tuple(form.column for form in self.forms)

    @property
    def risks(self) -> NDArray[np.bool_]:
        """Which outcomes have probabilities with a log link, bounded by 1: (outcomes,)."""
        return np.array([form.of_cases and form.link == "log" for form in self.forms])

    @property
    def cells(self) -> tuple[int, int, int]:
        """Number of authorities, outcomes and strata."""
        return len(self.authorities.codes), len(self.outcomes), len(self.strata)

    @property
    def cell_authority(self) -> Integers:
        """Authority of each cell, shape (cells,)."""
        authorities, outcomes, strata = self.cells
        return np.repeat(np.arange(authorities), outcomes * strata)

    @property
    def cell_outcome(self) -> Integers:
        """Outcome of each cell, shape (cells,)."""
        authorities, outcomes, strata = self.cells
        return np.tile(np.repeat(np.arange(outcomes), strata), authorities)

    @property
    def row_outcome(self) -> Integers:
        """Outcome of each row, shape (rows,)."""
        return self.cell_outcome[self.rows.cell]

    @property
    def neighbourhood_authority(self) -> Integers:
        """Authority of each neighbourhood, shape (neighbourhoods,)."""
        found = np.zeros(len(self.neighbourhoods), dtype=np.int64)
        if self.neighbourhoods:
            found[self.rows.neighbourhood] = self.cell_authority[self.rows.cell]
        return found

    def cell_sum(self, values: Floats | Integers | NDArray[np.bool_]) -> Floats:
        """Sum a row quantity over each cell: (rows,) -> (authorities, outcomes, strata)."""
        size = int(np.prod(self.cells))
        return np.bincount(self.rows.cell, values, minlength=size).reshape(self.cells)

    def cell_starts(self) -> Integers:
        """First row of each cell, and the number of rows: shape (cells + 1,)."""
        return np.searchsorted(self.rows.cell, np.arange(int(np.prod(self.cells)) + 1))

    def crude_level(self) -> Floats:
        """Crude rate on the scale of each outcome's link: (outcomes,).

        Total events over total exposure, or what it is most likely to be where counts are
        suppressed (`bayesgrad.design.suppression`).
        """
        events = self.cell_sum(self.rows.count).sum(axis=(0, 2))
        exposure = self.cell_sum(self.rows.exposure).sum(axis=(0, 2))
        rate = np.array([self._crude_rate(s, events[s], exposure[s]) for s in range(len(events))])
        logit = np.array([form.link == "logit" for form in self.forms])
        # As if half an event and half a case more, out of cases that all have events.
        share = np.minimum(rate, 1.0 - 0.5 / np.maximum(events, 1.0))
        return np.where(logit, np.log(share / (1.0 - share)), np.log(rate))

    def _crude_rate(self, outcome: int, events: float, exposure: float) -> float:
        hidden = self.rows.suppressed & (self.row_outcome == outcome)
        return crude_rate(
            events, exposure, suppressed=self.rows.exposure[hidden], bounds=self.bounds
        )
