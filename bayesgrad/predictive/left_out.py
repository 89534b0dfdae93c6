r"""What a fit to the other rows says of each row's count, kept as five numbers a row.

Checks of residuals compare a count with what its own fit says. A row that the fit leans on is then
too near to what is fitted, the more so the fewer areas an authority has, and a right model looks
less dispersed than it is. So the draws are weighted by :math:`1 / p(y_i | \theta_s)`, which takes
the row out of the fit (Gelfand, Dey and Chang 1992), before they are compared with it.

A count is discrete, so its rank is not one number but the interval from :math:`F(y - 1)` to
:math:`F(y)`, over which everything here is averaged (Czado, Gneiting and Held 2009): no number is
drawn to break ties. Under the model, with u uniform over that interval,

.. math:: g_1 = E \sqrt{3} (2u - 1), \qquad g_2 = E \sqrt{5} (6 u^2 - 6 u + 1)

have mean 0, whatever the distribution of the count: :math:`g_1` above 0 says that the count is
high, :math:`g_2` above 0 that it is far from the middle, on either side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from bayesgrad.areas.rates import cell_effects
from bayesgrad.design.design import Design, Integers
from bayesgrad.design.splines import Floats
from bayesgrad.kernels.scores.left_out import left_out
from bayesgrad.predictive.predictor import (
    Block,
    family_numbers,
    row_bounds,
    row_cases,
    row_counts,
    sizes,
)

NARROWEST = 1e-9
"""Of an interval of ranks, so that no average is over nothing."""


@dataclass(frozen=True, eq=False)
class LeftOut:
    """Rows under the fit to the others; each attribute is an ndarray, shape (rows,).

    Attributes
    ----------
    lower, upper : ndarray
        F(y - 1) and F(y) of the row's count y.
    predictor, variance : ndarray
        Mean and variance of its linear predictor.
    shift : ndarray
        Mean of its authority's slope without the row, less that with it.
    """

    lower: Floats
    upper: Floats
    predictor: Floats
    variance: Floats
    shift: Floats

    @property
    def height(self) -> Floats:
        """How high each count is: g_1."""
        found: Floats = np.sqrt(3.0) * (self.lower + self.upper - 1.0)
        return found

    @property
    def spread(self) -> Floats:
        """How far from the middle each count is: g_2."""
        a, b = self.lower, self.upper
        found: Floats = np.sqrt(5.0) * (2.0 * (a * a + a * b + b * b) - 3.0 * (a + b) + 1.0)
        return found


class RowsLeftOut:
    """Fills `LeftOut` block by block."""

    def __init__(self, design: Design, sample: xr.Dataset, *, published: Integers) -> None:
        self._values = np.zeros((len(published), 5))
        self._families, self._cases = family_numbers(design), row_cases(design)
        self._count, self._bounds = row_counts(design), row_bounds(design)
        self._published = np.array(published)
        # One row says next to nothing of the dispersion of all.
        alpha = 1.0 / (1.0 / sizes(design, sample)).mean(axis=0)
        self._alpha = np.repeat(alpha[:, None], sample.sizes["sample"], axis=1)
        _, outcomes, strata = design.cells
        self._slopes = {
            (outcome, stratum): cell_effects(sample, outcome=outcome, stratum=stratum)[1]
            for outcome, stratum in np.ndindex(outcomes, strata)
        }
        self._stratum = design.rows.cell % strata

    def add(self, block: Block, replicate: Integers) -> None:
        """Summarise the rows of a block by their predictors and replicates, (rows, sample)."""
        rows, outcome = block.rows, block.outcome
        slopes = self._slopes[outcome, int(self._stratum[rows][0])]
        left_out(
            self._families[outcome],
            np.ascontiguousarray(block.predictor),
            self._alpha[outcome],
            self._count[rows],
            self._cases[rows],
            self._bounds,
            replicate,
            self._published[rows],
            np.ascontiguousarray(slopes[block.authority]),
            self._values[rows],
        )

    def result(self) -> LeftOut:
        """What was filled."""
        lower, upper, predictor, variance, shift = self._values.T
        return LeftOut(lower, np.maximum(upper, lower + NARROWEST), predictor, variance, shift)
