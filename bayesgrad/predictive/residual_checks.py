r"""Whether what is left of the counts is as spread, and as independent, as the model says.

With :math:`g_1` and :math:`g_2` of rows (`bayesgrad.predictive.left_out`), whose means are 0 under
the model:

- *dispersion by deprivation, by size*: :math:`\sum_i c_i g_{2i}`, c the centred rank of the row's
  deprivation or exposure;
- *dispersion by authority*: sums of :math:`g_2` over the rows of each, both all together
  (chi-squared) and the largest;
- *rows of one area*: the sum of products of :math:`g_1` over pairs of its rows in one outcome, and
  *outcomes of one area*, over pairs of different outcomes;
- *areas beyond*: counts that are all but impossible, and whether one moves its authority's slope.

Variances of :math:`g_2` are those among rows of like expected count. Sums are over areas, and no
value of one is kept.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.special import chdtrc, ndtr

from bayesgrad.design.design import Design, Integers
from bayesgrad.design.splines import Floats
from bayesgrad.estimands.misfit import FALSE_ALARM
from bayesgrad.predictive.findings import Finding, named
from bayesgrad.predictive.left_out import LeftOut
from bayesgrad.predictive.tail_areas import tail_probability

LIKE_COUNTS = 10
"""Groups of rows by their expected count, in which the spread has one variance."""
FEWEST_ROWS = 5
"""Of an authority whose dispersion is looked at."""
FEWEST_PAIRS = 30
OUTLYING = 4.0
"""Standard errors from which an authority's dispersion is named."""
MOVING = 1.0
"""Standard deviations by which one row moves its authority's slope, from which that is told."""


def residual_checks(
    design: Design, rows: LeftOut, *, slope_sd: Floats, alpha: Floats
) -> list[list[Finding]]:
    """Findings of each outcome.

    Parameters
    ----------
    design : Design
    rows : LeftOut
    slope_sd : ndarray, shape (authorities, outcomes)
        Posterior standard deviation of each authority's slope.
    alpha : ndarray, shape (outcomes,)
        Posterior harmonic mean.
    """
    outcome, height = design.row_outcome, _standardised(rows.height, design.row_outcome)
    found: list[list[Finding]] = []
    for s in range(len(design.outcomes)):
        own = np.flatnonzero(outcome == s)
        found.append(
            [
                *_dispersion(design, rows, own),
                *_alike_in_outcome(design.rows.area, height, own),
                *_alike_across(design.rows.area, height, outcome, s),
                *_beyond(design, rows, own, slope_sd=slope_sd[:, s], alpha=float(alpha[s])),
            ]
        )
    return found


def _standardised(values: Floats, outcome: Integers) -> Floats:
    """Values with a mean square of 1 in each outcome."""
    square = np.bincount(outcome, values**2) / np.maximum(np.bincount(outcome), 1)
    found: Floats = values / np.sqrt(np.maximum(square, 1e-12))[outcome]
    return found


def _dispersion(design: Design, rows: LeftOut, own: Integers) -> Iterator[Finding]:
    spread = rows.spread[own]
    variance = _variance(spread, rows.predictor[own])
    for check, values in (
        ("dispersion_by_deprivation", design.rows.deprivation[own]),
        ("dispersion_by_exposure", design.rows.exposure[own]),
    ):
        rank = pd.Series(values).rank().to_numpy() / len(values)
        upper, lower = rank > 2 / 3, rank <= 1 / 3
        # Values that are nearly all the same have no ends to compare.
        if not (upper.any() and lower.any()):
            continue
        weight = rank - rank.mean()
        scale = float(weight**2 @ variance)
        if scale <= 0.0:
            continue
        z = float(weight @ spread) / np.sqrt(scale)
        difference = float(spread[upper].mean() - spread[lower].mean())
        sd = np.sqrt(sum(variance[end].sum() / end.sum() ** 2 for end in (upper, lower)))
        yield Finding(check, difference, 0.0, float(sd), 2.0 * float(ndtr(-abs(z))))
    authority = design.cell_authority[design.rows.cell[own]]
    yield from _by_authority(design.authorities.codes, authority, spread, variance)


def _variance(spread: Floats, predictor: Floats) -> Floats:
    """Mean square of the spread among rows of like expected count, (rows,)."""
    order = np.argsort(predictor, kind="stable")
    group = np.empty(len(order), dtype=np.int64)
    group[order] = np.arange(len(order)) * LIKE_COUNTS // len(order)
    found: Floats = (np.bincount(group, spread**2) / np.bincount(group))[group]
    return found


def _by_authority(
    codes: tuple[str, ...], authority: Integers, spread: Floats, variance: Floats
) -> Iterator[Finding]:
    size = np.bincount(authority, minlength=len(codes))
    scale = np.sqrt(np.bincount(authority, variance, minlength=len(codes)))
    seen = np.flatnonzero((size >= FEWEST_ROWS) & (scale > 0))
    if len(seen) < 2:
        return
    z = (np.bincount(authority, spread, minlength=len(codes)) / np.maximum(scale, 1e-12))[seen]
    together = float(chdtrc(len(seen), (z**2).sum()))
    largest = min(1.0, 2.0 * len(seen) * float(ndtr(-np.abs(z).max())))
    order = np.argsort(-np.abs(z))
    apart = [codes[seen[k]] for k in order if abs(z[k]) > OUTLYING]
    yield Finding(
        "dispersion_by_authority",
        float(np.sqrt((z**2).mean())),
        1.0,
        float(np.sqrt(0.5 / len(seen))),
        min(1.0, 2.0 * min(together, largest)),
        named(apart),
    )


def _alike_in_outcome(area: Integers, height: Floats, own: Integers) -> Iterator[Finding]:
    size = np.bincount(area[own])
    if int((size > 1).sum()) < FEWEST_PAIRS:
        return
    value = height[own]
    total, square = np.bincount(area[own], value), np.bincount(area[own], value**2)
    pairs = 0.5 * (total**2 - square)
    among = 0.5 * float((np.maximum(size - 1, 0) * square).sum())
    yield _correlation("rows_of_one_area", pairs, among)


def _alike_across(area: Integers, height: Floats, outcome: Integers, own: int) -> Iterator[Finding]:
    here, other = outcome == own, outcome != own
    size = int(area.max(initial=-1)) + 1
    if not other.any() or size == 0:
        return

    def summed(rows: Floats, values: Floats) -> Floats:
        return np.bincount(area[rows], values[rows], minlength=size)

    ones = np.ones_like(height)
    pairs = summed(here, height) * summed(other, height)
    both = summed(here, ones) * summed(other, ones)
    if int((both > 0).sum()) >= FEWEST_PAIRS:
        yield _correlation("outcomes_of_one_area", pairs, float(both.sum()))


def _correlation(check: str, pairs: Floats, among: float) -> Finding:
    """Correlation from the sums of products of each area, which are independent between areas."""
    sd = float(np.sqrt((pairs**2).sum()))
    z = float(pairs.sum()) / sd if sd > 0 else 0.0
    return Finding(check, float(pairs.sum()) / among, 0.0, sd / among, float(ndtr(-z)))


def _beyond(
    design: Design, rows: LeftOut, own: Integers, *, slope_sd: Floats, alpha: float
) -> Iterator[Finding]:
    tail = tail_probability(design, rows, own, alpha=alpha)
    smallest = min(1.0, float(tail.min(initial=1.0)) * len(own))
    impossible = own[tail * len(own) < FALSE_ALARM]
    authority = design.cell_authority[design.rows.cell[impossible]]
    number = np.bincount(authority, minlength=len(design.authorities.codes))
    order = np.argsort(-number, kind="stable")[: int((number > 0).sum())]
    where = named([design.authorities.codes[j] for j in order])
    moved = np.abs(rows.shift[impossible]) / np.maximum(slope_sd[authority], 1e-12)
    carried = sorted({design.authorities.codes[j] for j in authority[moved > MOVING]})
    if carried:
        where += f"; the gradient of {named(carried)} rests on one such count"
    yield Finding("areas_beyond", float(len(impossible)), 0.0, np.nan, smallest, where)
