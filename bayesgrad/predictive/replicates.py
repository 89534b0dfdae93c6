"""Posterior predictive checks: what areas' counts would be if the model had drawn them.

Counts of an outcome that is out of another's are drawn given that outcome's observed events.

Where an outcome has suppressed counts, its replicates are suppressed by the same rule: of a count
within the bounds, observed or drawn, only that is kept. It stands as the middle of the bounds in
sums, so that what is compared is the same function of what would be published; and its PIT value is
uniform over the bounds.
"""

from __future__ import annotations

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
from bayesgrad.predictive.pit import PIT_BINS, Pit, randomised_pit, summarise_pit
from bayesgrad.predictive.predictor import BLOCK_ROWS, Block, blocks, sizes

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
    "by_authority": "authority",
}
"""What is both observed and predicted, by outcome and by a dimension."""


class _Counts:
    """Draws counts in streams that do not depend on how many are asked for at a time."""

    def __init__(self, seed: np.random.SeedSequence) -> None:
        self._mixing, self._count, self._uniform = (
            np.random.Generator(np.random.SFC64(child)) for child in seed.spawn(3)
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

    def uniform(self, size: int) -> Floats:
        return self._uniform.random(size)


class _Tallies:
    """What is kept of replicates, summed over areas; the outcome comes first."""

    def __init__(self, design: Design, *, sample: int, lowest: Integers) -> None:
        authorities, outcomes, _ = design.cells
        shape = (outcomes, sample)
        self._lowest = lowest
        self.areas = np.zeros((*shape, len(lowest)), dtype=np.int64)
        self.by_band = np.zeros((*shape, BANDS), dtype=np.int64)
        self.by_authority = np.zeros((*shape, authorities), dtype=np.int64)
        self._total, self._squares = np.zeros(shape), np.zeros(shape)

    def add(
        self, replicate: Integers, block: Block, *, observed: Integers, band: Integers
    ) -> tuple[Integers, Integers]:
        """Add replicates, (rows, sample), of the rows of a block.

        Returns the number of replicates below what was observed and equal to it, each (rows,).
        """
        below, equal = np.empty_like(observed), np.empty_like(observed)
        outcome = block.outcome
        self.by_authority[outcome, :, block.authority] += replicate.sum(axis=0)
        tally(
            replicate,
            observed,
            band,
            self._lowest,
            self.areas[outcome],
            self._total[outcome],
            self._squares[outcome],
            self.by_band[outcome],
            below,
            equal,
        )
        return below, equal

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
        ``bin_upper`` (outcome, bin); statistic (outcome, statistic); by_band and by_authority, the
        events (outcome, band or authority), a suppressed count as the middle of its bounds. Bins
        and bands of few areas are joined to the next (`bayesgrad.predictive.bins`,
        `bayesgrad.areas.bands`); those that are joined to another are empty, and ``bin_upper`` of
        such a bin is NaN. ``pit``
        (outcome, pit_bin): number of areas by their randomised PIT; ``pit_deviation`` and
        ``pit_p_value`` (outcome): its uniformity.
    """
    count, hidden = _as_published(design), suppressed_outcomes(design)
    draws = affordable(REPLICATES, rows=len(count), fewest=FEWEST_REPLICATES)
    sample = thinned(posterior, size=draws)
    size = sample.sizes["sample"]
    lowest, band = _bins(design), deprivation_bands(design)
    alpha, cases = sizes(design, sample), design.rows.exposure.astype(np.int64)
    draw = _Counts(seed)
    predicted = _Tallies(design, sample=size, lowest=lowest)
    observed = _Tallies(design, sample=1, lowest=lowest)
    below, equal = np.empty_like(count), np.empty_like(count)
    for block in blocks(design, sample, size=block_rows):
        rows = block.rows
        here = {"observed": count[rows], "band": band.of_rows[rows]}
        form, of_draws = design.forms[block.outcome], alpha[:, block.outcome]
        replicate = draw.draw(block.predictor, form=form, size=of_draws, cases=cases[rows])
        if hidden[block.outcome]:
            suppress(replicate, *design.bounds)
        below[rows], equal[rows] = predicted.add(replicate, block, **here)
        observed.add(count[rows, None], block, **here)
    values = randomised_pit(below, equal, replicates=size, uniform=draw.uniform(len(count)))
    # A neighbourhood's effect leans on the count of each of its few areas: not a fair test.
    tested = not design.neighbourhoods
    pits = [
        summarise_pit(values[design.row_outcome == s], tested=tested)
        for s in range(len(design.outcomes))
    ]
    return _dataset(design, lowest, band, predicted, observed).assign(_pit_variables(pits))


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


def _pit_variables(pits: list[Pit]) -> dict[str, xr.DataArray]:
    return {
        "pit": xr.DataArray(np.stack([pit.histogram for pit in pits]), dims=("outcome", "pit_bin")),
        "pit_deviation": xr.DataArray([pit.deviation for pit in pits], dims="outcome"),
        "pit_p_value": xr.DataArray([pit.p_value for pit in pits], dims="outcome"),
    }
