"""Arrays of rows and draws that the integrals over an authority's effects read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from bayesgrad.areas.effects import EFFECTS
from bayesgrad.design.design import Design, Integers
from bayesgrad.design.splines import Floats
from bayesgrad.kernels.scores.authority_rows import AuthorityRows
from bayesgrad.kernels.scores.effects_derivatives import WORKSPACE
from bayesgrad.kernels.scores.neighbourhood_integral import Segments, cell_derivatives
from bayesgrad.kernels.scores.quadrature import gauss_hermite
from bayesgrad.predictive.predictor import (
    RowParts,
    family_numbers,
    row_bounds,
    row_cases,
    row_counts,
    row_parts,
    sizes,
)

NEIGHBOURHOOD_NODES = 3
"""Nodes of the rule for each neighbourhood's effect, which its prior confines."""

LARGEST_OFFSETS = 2**18
"""Numbers in an array of rows by draws: one authority's draws are taken a few at a time."""


@dataclass(frozen=True, eq=False)
class Integrand:
    """Likelihood of rows for given effects of their authorities, in each draw.

    Attributes
    ----------
    count, cases, x : ndarray, shape (rows,)
    stratum : ndarray of int64, shape (rows,)
    family : list of int
        Number of each outcome's family and link.
    size : ndarray, shape (sample, outcomes)
        Alpha.
    parts : RowParts
    strata : list of ndarray or None
        Deviations of intercepts and of slopes, (sample, outcomes, strata).
    sd : ndarray, shape (sample, outcomes)
        Of the effects of neighbourhoods; 0 without any.
    segment : ndarray of int64, shape (segments + 1,) or (0,)
        First row of each authority, outcome and neighbourhood, in the order of these arrays.
    bounds : ndarray of int64, shape (2,)
        Smallest and largest count that is suppressed.
    """

    count: Floats
    cases: Floats
    x: Floats
    stratum: Integers
    family: list[int]
    size: Floats
    parts: RowParts
    strata: list[Floats | None]
    sd: Floats
    segment: Integers
    bounds: Integers

    def offset(self, rows: slice, outcome: int, draws: slice) -> Floats:
        """Linear predictors without effects of the authority, (draws, rows) or (1, rows)."""
        total = self.parts.at(rows, outcome=outcome, draws=draws)
        of_effects = (np.ones(rows.stop - rows.start), self.x[rows])
        for values, column in zip(self.strata, of_effects, strict=True):
            if values is not None:
                total = total + values[draws, outcome][:, self.stratum[rows]] * column
        return np.ascontiguousarray(total)

    def segments(self, bounds: Integers) -> Segments:
        """Segments of the cells with these bounds, rows counted from the first."""
        first = np.searchsorted(self.segment, bounds)
        own = self.segment[first[0] : first[-1] + 1] - bounds[0]
        rule = gauss_hermite(NEIGHBOURHOOD_NODES)
        return Segments(own, first - first[0], np.zeros(max(len(own) - 1, 0)), *rule)

    def authority_rows(
        self, bounds: Integers, *, outcome: Integers, family: Integers, load: Floats
    ) -> AuthorityRows:
        """Rows of the cells with these bounds; the rest as of `AuthorityRows`."""
        every = slice(int(bounds[0]), int(bounds[-1]))
        return AuthorityRows(
            self.count[every],
            self.cases[every],
            self.x[every],
            bounds - bounds[0],
            outcome,
            family,
            self.segments(bounds),
            self.bounds,
            load,
        )

    def quadratic(
        self, rows: slice, outcome: int, offset: Floats, centre: Floats
    ) -> tuple[Floats, Floats]:
        """Quadratic of the likelihood in two effects at the mean of draws: h (2,), H (3,)."""
        _, *gradient, h00, h01, h11 = cell_derivatives(
            self.family[outcome],
            offset.mean(axis=0),
            self.count[rows],
            self.cases[rows],
            self.x[rows],
            0,
            0,
            rows.stop - rows.start,
            1.0 / float(np.mean(1.0 / self.size[:, outcome])),
            float(self.sd[:, outcome].mean()),
            float(centre[0]),
            float(centre[1]),
            self.segments(np.array([rows.start, rows.stop])),
            self.bounds,
            np.empty(WORKSPACE),
        )
        curvature = np.array([h00, h01, h11])
        return gradient + curvature[[[0, 1], [1, 2]]] @ centre, curvature


def integrand_of(design: Design, sample: xr.Dataset) -> Integrand:
    """Arrays for thinned draws, the rows of a cell in the order of their neighbourhoods."""
    names = [f"stratum_{effect}" for effect in EFFECTS]
    order, segment = _by_neighbourhood(design)
    sd = sample.get("sd_neighbourhood", xr.zeros_like(sample["sd_intercept"]))
    return Integrand(
        count=row_counts(design)[order],
        cases=row_cases(design)[order],
        x=np.require(design.rows.x[order], np.float64, ("C", "W")),
        stratum=(design.rows.cell % design.cells[2])[order],
        family=family_numbers(design),
        size=sizes(design, sample),
        parts=row_parts(design, sample).of(order),
        sd=np.ascontiguousarray(sd.transpose("sample", "outcome").values),
        segment=segment,
        strata=[
            sample[name].transpose("sample", "outcome", "stratum").values
            if name in sample
            else None
            for name in names
        ],
        bounds=row_bounds(design),
    )


def _by_neighbourhood(design: Design) -> tuple[Integers | slice, Integers]:
    """Order of rows by authority, outcome and neighbourhood, and the first row of each of these."""
    if not design.neighbourhoods:
        return slice(None), np.empty(0, dtype=np.int64)
    of_authority = design.rows.cell // design.cells[2]
    key = of_authority * len(design.neighbourhoods) + design.rows.neighbourhood
    order = np.argsort(key, kind="stable")
    first = np.flatnonzero(np.diff(key[order], prepend=-1))
    return order, np.append(first, len(key))


def first_rows(design: Design, *, apart: bool) -> Integers:
    """First row of each cell, or of the cells of all strata together, and the number of rows."""
    return design.cell_starts()[:: 1 if apart else design.cells[2]]


def centres_of(sample: xr.Dataset) -> Floats:
    """Posterior means of authorities' effects, (authorities, outcomes, strata or 1, 2)."""
    found = []
    for effect in EFFECTS:
        mean = sample[f"authority_{effect}"].mean("sample")
        own = sample.get(f"authority_stratum_{effect}")
        if own is not None:
            mean = mean + own.mean("sample")
        values = mean.transpose("authority", "outcome", ...).values
        found.append(values if values.ndim == 3 else values[..., None])
    return np.stack(np.broadcast_arrays(*found), axis=-1)


def chunks(draws: int, rows: int) -> list[slice]:
    """Draws to take at a time, for so many rows."""
    size = max(1, LARGEST_OFFSETS // max(rows, 1))
    return [slice(first, min(first + size, draws)) for first in range(0, draws, size)]
