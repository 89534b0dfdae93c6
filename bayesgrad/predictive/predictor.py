"""Linear predictors of rows under thinned draws, a block of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayesgrad.areas.rates import cell_effects, neighbourhood_effects, row_columns
from bayesgrad.design.design import Design, Integers
from bayesgrad.design.splines import Floats
from bayesgrad.kernels.families.numbers import FAMILIES
from bayesgrad.kernels.families.rising_factorial import LARGEST_ALPHA
from bayesgrad.kernels.likelihood.rows import SUPPRESSED

BLOCK_ROWS = 128
"""Rows at a time: few enough for an array of theirs by draws to stay in a processor's cache."""

ALL = slice(None)


class Block(NamedTuple):
    """Some rows of one cell, with their linear predictors, (rows, sample).

    These are the log of the expected count, or for events out of cases the logit or log of the
    probability of an event.
    """

    authority: int
    outcome: int
    rows: slice | Integers
    predictor: Floats


@dataclass(frozen=True, eq=False)
class RowParts:
    """What rows have in their linear predictors besides intercepts and slopes.

    Attributes
    ----------
    offset : ndarray, shape (rows,)
        Log exposure; 0 for events out of cases.
    effects : tuple of pairs of ndarray
        Coefficients, (sample, outcomes, columns), and the columns of rows, (rows, columns).
    """

    offset: Floats
    effects: tuple[tuple[Floats, Floats], ...]

    def at(self, rows: slice | Integers, *, outcome: int, draws: slice = ALL) -> Floats:
        """Sum of the parts of rows of one outcome, (draws, rows); (1, rows) if draws are alike."""
        total: Floats = self.offset[None, rows]
        for coefficients, columns in self.effects:
            total = total + coefficients[draws, outcome] @ columns[rows].T
        return total

    def of(self, rows: Integers | slice) -> RowParts:
        """Parts of some rows, or of all in another order."""
        effects = tuple((values, columns[rows]) for values, columns in self.effects)
        return RowParts(self.offset[rows], effects)


def row_parts(design: Design, sample: xr.Dataset) -> RowParts:
    """Parts of the linear predictors of all rows under thinned draws."""
    of_cases = np.array([form.of_cases for form in design.forms])[design.row_outcome]
    exposure = np.where(of_cases, 1.0, design.rows.exposure)
    effects = tuple(
        (sample[name].transpose("sample", "outcome", ...).values, columns)
        for name, columns in row_columns(design).items()
        if name in sample
    )
    return RowParts(np.log(exposure), effects)


def blocks(
    design: Design,
    sample: xr.Dataset,
    *,
    size: int = BLOCK_ROWS,
    only: NDArray[np.bool_] | None = None,
) -> Iterator[Block]:
    """Go through all rows in the order of the design, none of them in two cells' block.

    Parameters
    ----------
    design : Design
    sample : Dataset
        From `bayesgrad.areas.rates.thinned`.
    size : int
        Rows of a block, at most.
    only : ndarray of bool, shape (rows,), optional
        Go through these rows alone.
    """
    starts, parts = design.cell_starts(), row_parts(design, sample)
    _, outcomes, strata = design.cells
    neighbourhoods = neighbourhood_effects(sample)
    effects = {
        (outcome, stratum): cell_effects(sample, outcome=outcome, stratum=stratum)
        for outcome, stratum in np.ndindex(outcomes, strata)
    }
    for cell, (authority, outcome, stratum) in enumerate(np.ndindex(*design.cells)):
        intercept, slope = (effect[authority] for effect in effects[outcome, stratum])
        for first in range(starts[cell], starts[cell + 1], size):
            rows: slice | Integers = slice(first, min(first + size, int(starts[cell + 1])))
            if only is not None:
                rows = first + np.flatnonzero(only[rows])
                if not len(rows):
                    continue
            predictor = intercept + design.rows.x[rows, None] * slope
            predictor += parts.at(rows, outcome=outcome).T
            if neighbourhoods is not None:
                predictor += neighbourhoods[:, outcome][:, design.rows.neighbourhood[rows]].T
            yield Block(authority, outcome, rows, predictor)


def sizes(design: Design, sample: xr.Dataset) -> Floats:
    """Size alpha of each draw and outcome, (sample, outcomes); `LARGEST_ALPHA` at most.

    Without overdispersion it is that.
    """
    found = np.full((sample.sizes["sample"], len(design.forms)), LARGEST_ALPHA)
    if "alpha" in sample:
        dispersed = np.array([form.dispersed for form in design.forms])
        alpha = sample["alpha"].transpose("sample", ...).values
        found[:, dispersed] = np.minimum(alpha, LARGEST_ALPHA)
    return found


def family_numbers(design: Design) -> list[int]:
    """Number by which the kernels know the family and link of each outcome."""
    return [FAMILIES[form.family, form.link] for form in design.forms]


def row_cases(design: Design) -> Floats:
    """Cases of each row, (rows,); families of counts do not read theirs."""
    return design.rows.exposure.astype(np.float64)


def row_counts(design: Design) -> Floats:
    """Count of each row as the kernels read it, (rows,): `SUPPRESSED` where it is."""
    return np.where(design.rows.suppressed, SUPPRESSED, design.rows.count.astype(np.float64))


def row_bounds(design: Design) -> Integers:
    """Smallest and largest count that is suppressed, as the kernels read them."""
    return np.array(design.bounds, dtype=np.int64)
