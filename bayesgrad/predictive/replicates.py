"""Posterior predictive checks: what areas' counts would be if the model had drawn them.

Counts of an outcome that is out of another's are drawn given that outcome's observed events.

Where an outcome has suppressed counts, its replicates are suppressed by the same rule: of a count
within the bounds, observed or drawn, only that is kept. It stands as the middle of the bounds in
sums, so that what is compared is the same function of what would be published; and its PIT goes
from the lower bound to the upper one.

Besides, one pass takes each row out of the fit (`bayesgrad.predictive.left_out`) for the checks of
residuals, and events of authorities are drawn with effects drawn anew
(`bayesgrad.predictive.effect_checks`).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import expit

from bayesgrad.areas.bands import BANDS, Bands, deprivation_bands
from bayesgrad.areas.rates import affordable, thinned
from bayesgrad.design.design import Design, Integers, OutcomeForm
from bayesgrad.design.splines import Floats
from bayesgrad.kernels.families.cases import LARGEST_BETA_ALPHA
from bayesgrad.kernels.families.densities import LARGEST_LOG_SHARE
from bayesgrad.kernels.scores.pointwise import tally
from bayesgrad.kernels.scores.suppressed import suppress
from bayesgrad.predictive.bins import count_bins, joined_bins, with_one_bin
from bayesgrad.predictive.effect_checks import effect_checks, redrawn_totals
from bayesgrad.predictive.findings import findings_dataset
from bayesgrad.predictive.left_out import LeftOut, RowsLeftOut
from bayesgrad.predictive.pit import PIT_BINS, Pit, summarise_pit
from bayesgrad.predictive.predictor import BLOCK_ROWS, Block, blocks, sizes
from bayesgrad.predictive.residual_checks import residual_checks

REPLICATES = 200
"""Joint draws that have one replicate of every area each."""

FEWEST_REPLICATES = 100

LARGEST_MEAN = 1e15
"""A replicate of a larger mean, which only an absurd draw has, is drawn with this."""

SMALLEST_SHAPE = 1e-300
"""Of a beta distribution: what is below it is as good as 0."""

STATISTICS = ("share_of_zeros", "variance_to_mean")
"""None is the count of one area, which might have to stay where the data are."""

QUANTITIES = {
    "areas": "bin",
    "statistic": "statistic",
    "by_band": "band",
}
"""What is both observed and predicted, by outcome and by a dimension."""


class _Counts:
    """Draws counts in streams that do not depend on how many are asked for at a time."""

    def __init__(self, seed: np.random.SeedSequence) -> None:
        self._mixing, self._count = (
            np.random.Generator(np.random.SFC64(child)) for child in seed.spawn(2)
        )

    def draw(
        self, predictor: Floats, *, form: OutcomeForm, size: Floats, cases: Integers
    ) -> Integers:
        """Counts of rows at each draw, (rows, sample).

        Parameters
        ----------
        predictor : ndarray, shape (rows, sample)
        form : OutcomeForm
        size : ndarray, shape (sample,)
            Alpha of each draw, finite.
        cases : ndarray of int64, shape (rows,)
            Families of counts do not read them.
        """
        if form.of_cases:
            return self._count.binomial(cases[:, None], self._shares(predictor, form, size))
        mean = np.exp(predictor)
        if form.dispersed:
            mean *= self._mixing.standard_gamma(size, mean.shape) / size
        return self._count.poisson(np.minimum(mean, LARGEST_MEAN))

    def _shares(self, predictor: Floats, form: OutcomeForm, size: Floats) -> Floats:
        """Probabilities of an event, mixed where they vary between rows: (rows, sample)."""
        share: Floats
        if form.link == "logit":
            share, rest = expit(predictor), expit(-predictor)
        else:
            share = np.exp(np.minimum(predictor, LARGEST_LOG_SHARE))
            rest = 1.0 - share
        if not form.dispersed:
            return share
        size = np.minimum(size, LARGEST_BETA_ALPHA)
        of_events, of_others = (np.maximum(p * size, SMALLEST_SHAPE) for p in (share, rest))
        return self._mixing.beta(of_events, of_others)


class _Tallies:
    """What is kept of replicates, summed over areas; the outcome comes first."""

    def __init__(self, design: Design, *, sample: int, lowest: Integers) -> None:
        shape = (len(design.outcomes), sample)
        self._lowest = lowest
        self.areas = np.zeros((*shape, len(lowest)), dtype=np.int64)
        self.by_band = np.zeros((*shape, BANDS), dtype=np.int64)
        self._total, self._squares = np.zeros(shape), np.zeros(shape)

    def add(self, replicate: Integers, outcome: int, *, band: Integers) -> None:
        """Add replicates, (rows, sample), of the rows of a block."""
        tally(
            replicate,
            band,
            self._lowest,
            self.areas[outcome],
            self._total[outcome],
            self._squares[outcome],
            self.by_band[outcome],
        )

    @property
    def statistic(self) -> Floats:
        """Each of `STATISTICS`, shape (outcomes, sample, statistics)."""
        size = self.areas.sum(axis=-1)
        mean = self._total / size
        variance = (self._squares - size * mean**2) / np.maximum(size - 1, 1)
        ratio = np.divide(variance, mean, out=np.full_like(mean, np.nan), where=mean > 0)
        return np.stack([self.areas[..., 0] / size, ratio], axis=-1)


def posterior_predictive(
    design: Design,
    posterior: xr.Dataset,
    *,
    seed: np.random.SeedSequence,
    block_rows: int = BLOCK_ROWS,
) -> xr.Dataset:
    """Replicates of all areas under the joint posterior, summarised as they are drawn.

    Parameters
    ----------
    design : Design
    posterior : Dataset
        Dimensions chain, draw and those of the model.
    seed : SeedSequence
    block_rows : int
        Rows at a time; the result does not depend on it.

    Returns
    -------
    Dataset
        Each ``observed_`` quantity has a ``predicted_`` one with the dimension sample besides:
        areas (outcome, bin) by count, a bin being known by its lowest count and ending at
        ``bin_upper`` (outcome, bin); statistic (outcome, statistic); by_band, the events (outcome,
        band), a suppressed count as the middle of its bounds, with the band's mean deprivation in
        ``band_deprivation``. Bins and bands of few areas are joined to the next
        (`bayesgrad.predictive.bins`, `bayesgrad.areas.bands`); those that are joined to another are
        empty, and ``bin_upper`` or ``band_deprivation`` of such a one is NaN.
        ``observed_by_authority`` (outcome, authority) has ``redrawn_by_authority`` with the
        dimension redraw, of authorities whose effects are drawn anew. ``pit`` and ``pit_sd``
        (outcome, pit_bin): number of areas by their PIT, and its standard deviation under the
        model; ``pit_deviation`` and ``pit_p_value`` (outcome), ``pit_null`` (outcome, pit_draw):
        its uniformity. What `bayesgrad.predictive.findings` names: checks of residuals and of
        authorities' effects.
    """
    count, hidden = _as_published(design), suppressed_outcomes(design)
    draws = affordable(REPLICATES, rows=len(count), fewest=FEWEST_REPLICATES)
    sample = thinned(posterior, size=draws)
    lowest, band = _bins(design), deprivation_bands(design)
    alpha, cases = sizes(design, sample), design.rows.exposure.astype(np.int64)
    drawing, redrawing, ranking = (*seed.spawn(3),)
    draw = _Counts(drawing)
    predicted = _Tallies(design, sample=sample.sizes["sample"], lowest=lowest)
    observed = _Tallies(design, sample=1, lowest=lowest)
    rows_left_out = RowsLeftOut(design, sample, published=count)
    for block in blocks(design, sample, size=block_rows):
        rows, outcome = block.rows, block.outcome
        form, size = design.forms[outcome], alpha[:, outcome]
        replicate = draw.draw(block.predictor, form=form, size=size, cases=cases[rows])
        if hidden[outcome]:
            suppress(replicate, *design.bounds)
        predicted.add(replicate, outcome, band=band.of_rows[rows])
        observed.add(count[rows, None], outcome, band=band.of_rows[rows])
        rows_left_out.add(block, replicate)
    left_out = rows_left_out.result()
    pits = [
        summarise_pit(left_out.lower[own], left_out.upper[own], seed=ranking)
        for own in (design.row_outcome == s for s in range(len(design.outcomes)))
    ]
    redrawn = redrawn_totals(
        design, posterior, seed=redrawing.spawn(1)[0], published=_publishing(design, redrawing)
    )
    return (
        _dataset(design, lowest, band, predicted, observed)
        .assign(_authority_variables(design, count, redrawn))
        .assign(_pit_variables(pits))
        .assign(band_deprivation=(("outcome", "band"), _band_deprivation(design, band)))
        .merge(_findings(design, posterior, left_out, alpha))
        .assign_attrs(outcomes=len(design.outcomes))
    )


def _band_deprivation(design: Design, band: Bands) -> Floats:
    """Mean deprivation of the bands of each outcome, by exposure: (outcomes, bands).

    NaN where a band is empty or not kept.
    """
    outcomes = len(design.outcomes)
    index, exposure = design.row_outcome * BANDS + band.of_rows, design.rows.exposure
    size = outcomes * BANDS
    total = np.bincount(index, exposure, minlength=size)
    weighted = np.bincount(index, exposure * design.rows.deprivation, minlength=size)
    there = (total > 0) & np.repeat(band.kept, BANDS)
    found: Floats = np.divide(weighted, total, out=np.full(size, np.nan), where=there)
    return found.reshape(outcomes, BANDS)


def _publishing(
    design: Design, seed: np.random.SeedSequence
) -> dict[int, Callable[[Block, Floats], Integers]]:
    """How counts of the outcomes that have suppressed ones are drawn, by position."""
    draw, cases = _Counts(seed), design.rows.exposure.astype(np.int64)

    def published(block: Block, size: Floats) -> Integers:
        form = design.forms[block.outcome]
        counts = draw.draw(block.predictor, form=form, size=size, cases=cases[block.rows])
        suppress(counts, *design.bounds)
        return counts

    return {int(s): published for s in np.flatnonzero(suppressed_outcomes(design))}


def _findings(
    design: Design, posterior: xr.Dataset, left_out: LeftOut, alpha: Floats
) -> xr.Dataset:
    slopes = posterior["authority_slope"].transpose("chain", "draw", "authority", "outcome")
    sd = slopes.values.reshape(-1, *slopes.shape[2:]).std(axis=0)
    of_rows = residual_checks(design, left_out, slope_sd=sd, alpha=1.0 / (1.0 / alpha).mean(axis=0))
    of_effects = effect_checks(design, posterior)
    found = [[*rows, *effects] for rows, effects in zip(of_rows, of_effects, strict=True)]
    return findings_dataset(found)


def suppressed_outcomes(design: Design) -> NDArray[np.bool_]:
    """Which outcomes have suppressed counts: (outcomes,)."""
    return design.cell_sum(design.rows.suppressed).sum(axis=(0, 2)) > 0


def _as_published(design: Design) -> Integers:
    """Counts of rows, suppressed ones as the middle of their bounds."""
    return np.where(design.rows.suppressed, sum(design.bounds) // 2, design.rows.count)


def _bins(design: Design) -> Integers:
    lowest = count_bins(int(_as_published(design).max()))
    return with_one_bin(lowest, design.bounds) if suppressed_outcomes(design).any() else lowest


def _dataset(
    design: Design, lowest: Integers, band: Bands, predicted: _Tallies, observed: _Tallies
) -> xr.Dataset:
    groups = np.stack([joined_bins(areas) for areas in observed.areas[:, 0]])
    variables = {"bin_upper": xr.DataArray(_upper(lowest, groups), dims=("outcome", "bin"))}
    for name, dim in QUANTITIES.items():
        seen, drawn = (_kept(name, getattr(t, name), groups, band) for t in (observed, predicted))
        variables[f"observed_{name}"] = xr.DataArray(seen[:, 0], dims=("outcome", dim))
        variables[f"predicted_{name}"] = xr.DataArray(
            np.ascontiguousarray(np.swapaxes(drawn, 0, 1)), dims=("sample", "outcome", dim)
        )
    return xr.Dataset(
        variables,
        coords={
            "outcome": list(design.outcomes),
            "bin": lowest,
            "statistic": list(STATISTICS),
            "band": np.arange(1, BANDS + 1),
            "authority": list(design.authorities.codes),
            "pit_bin": np.arange(1, PIT_BINS + 1),
        },
    )


def _kept(name: str, values: Floats, groups: Integers, band: Bands) -> Floats:
    """What is kept of a quantity, (outcomes, sample, ...): nothing of a few areas."""
    if name == "by_band":
        return values * band.kept[:, None, None]
    if name != "areas":
        return values
    joined = np.zeros_like(values)
    for outcome, own in enumerate(groups):
        for k in np.flatnonzero(own >= 0):
            joined[outcome, :, own[k]] += values[outcome, :, k]
    return joined


def _upper(lowest: Integers, groups: Integers) -> Floats:
    """Largest count of each group of bins at its first, (outcomes, bins), and elsewhere NaN."""
    upper = np.full(groups.shape, np.nan)
    ends = np.append(lowest[1:] - 1.0, np.inf)
    for outcome, own in enumerate(groups):
        for k in np.flatnonzero(own >= 0):
            upper[outcome, own[k]] = ends[k]
    return upper


def _authority_variables(
    design: Design, count: Integers, redrawn: Floats
) -> dict[str, xr.DataArray]:
    authorities, outcomes, strata = design.cells
    events = np.bincount(design.rows.cell, count, minlength=authorities * outcomes * strata)
    observed = events.reshape(design.cells).sum(axis=2).T
    dims = ("outcome", "authority")
    return {
        "observed_by_authority": xr.DataArray(observed.astype(np.int64), dims=dims),
        "redrawn_by_authority": xr.DataArray(redrawn, dims=("redraw", *dims)),
    }


def _pit_variables(pits: list[Pit]) -> dict[str, xr.DataArray]:
    by_bin, by_draw = ("outcome", "pit_bin"), ("outcome", "pit_draw")
    return {
        "pit": xr.DataArray(np.stack([pit.histogram for pit in pits]), dims=by_bin),
        "pit_sd": xr.DataArray(np.stack([pit.sd for pit in pits]), dims=by_bin),
        "pit_null": xr.DataArray(np.stack([pit.null for pit in pits]), dims=by_draw),
        "pit_deviation": xr.DataArray([pit.deviation for pit in pits], dims="outcome"),
        "pit_p_value": xr.DataArray([pit.p_value for pit in pits], dims="outcome"),
    }
