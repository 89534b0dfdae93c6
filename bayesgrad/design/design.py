"""Design: everything that the model and the estimands need, as arrays and names."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayesgrad.design.curvature import CommonCurve
from bayesgrad.design.moderation import ModerationBasis
from bayesgrad.design.splines import Floats

Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Columns:
    """Named columns of one kind, standardised: a matrix of shape (n, columns).

    A column of two values is only centred, so that its coefficient is the contrast of the two;
    any other is centred and divided by its standard deviation.
    """

    names: tuple[str, ...]
    values: Floats
    centre: Floats
    scale: Floats


@dataclass(frozen=True, eq=False)
class Rows:
    """One row per area x outcome x stratum, sorted by cell.

    Attributes
    ----------
    cell : ndarray of int64, shape (rows,)
        Non-decreasing index of the row's authority x outcome x stratum.
    count : ndarray of int64, shape (rows,)
    exposure, deprivation, x : ndarray, shape (rows,)
        Children at risk; a proportion; distance from the centre in units.
    covariates : Columns
        Area covariates and area moderators, (rows, covariates).
    gradient_moderators : ndarray, shape (rows, area moderators)
        x times each standardised area moderator.
    curve : ndarray, shape (rows, curvature terms)
    """

    cell: Integers
    count: Integers
    exposure: Floats
    deprivation: Floats
    x: Floats
    covariates: Columns
    gradient_moderators: Floats
    curve: Floats


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
    """

    authorities: Authorities
    outcomes: tuple[str, ...]
    strata: tuple[str, ...]
    rows: Rows
    area_moderators: tuple[str, ...]
    basis: ModerationBasis
    curve: CommonCurve
    unit: float

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

    def cell_sum(self, values: Floats | Integers) -> Floats:
        """Sum a row quantity over each cell: (rows,) -> (authorities, outcomes, strata)."""
        size = int(np.prod(self.cells))
        return np.bincount(self.rows.cell, values, minlength=size).reshape(self.cells)

    def cell_starts(self) -> Integers:
        """First row of each cell, and the number of rows: shape (cells + 1,)."""
        return np.searchsorted(self.rows.cell, np.arange(int(np.prod(self.cells)) + 1))

    def log_crude_rate(self) -> Floats:
        """Log of total events over total exposure, by outcome: shape (outcomes,)."""
        events = self.cell_sum(self.rows.count).sum(axis=(0, 2))
        return np.log(events / self.cell_sum(self.rows.exposure).sum(axis=(0, 2)))
