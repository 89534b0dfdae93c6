"""What is implied for suppressed counts, against their distribution given their bounds."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from bayesgrad.areas.bands import deprivation_bands
from bayesgrad.areas.rates import thinned
from bayesgrad.kernels.scores.suppressed import draw_within, suppress
from bayesgrad.predictive.suppressed import implied_counts
from tests.predictive.cases import alphas, drawn_posterior, model, predictors, with_suppressed


def conditional(mean, alpha, bounds):
    """Probabilities of each count within the bounds."""
    counts = np.arange(bounds[0], bounds[1] + 1)
    if np.isinf(alpha):
        terms = stats.poisson.logpmf(counts, mean)
    else:
        terms = stats.nbinom.logpmf(counts, alpha, alpha / (alpha + mean))
    weights = np.exp(terms - terms.max())
    return counts, weights / weights.sum()


@pytest.mark.parametrize("alpha", [0.3, 4.0, np.inf])
@pytest.mark.parametrize("mean", [1e-6, 0.4, 3.0, 50.0, 1e5])
@pytest.mark.parametrize("bounds", [(1, 5), (0, 10), (4, 4)])
def test_counts_are_drawn_from_within_their_bounds(bounds, mean, alpha):
    size = 20_000
    uniform = (np.arange(size) + 0.5) / size
    out = np.empty((1, size), dtype=np.int64)
    sizes = np.full(size, min(alpha, 1e300))
    predictor = np.full((1, size), np.log(mean))
    draw_within(predictor, sizes, np.array(bounds), uniform[None], out)
    counts, chance = conditional(mean, alpha, bounds)
    found = np.array([(out == k).mean() for k in counts])
    # Evenly spaced numbers give each count its share to within one of them.
    assert_allclose(found, chance, rtol=0, atol=1.5 / size)


def test_only_counts_within_the_bounds_are_hidden():
    counts = np.arange(8).reshape(2, 4)
    suppress(counts, 1, 4)
    assert_array_equal(counts, [[0, 2, 2, 2], [2, 5, 6, 7]])


@pytest.mark.parametrize("name", ["full", "several"])
def test_totals_are_those_of_the_conditional_distributions(name):
    design = with_suppressed(model(name))
    # One draw, many times over: means then have the error of chance alone.
    one = drawn_posterior(design, chains=1, draws=1)
    posterior = xr.concat([one] * 800, dim="draw").transpose("chain", "draw", ...)
    found = implied_counts(design, posterior, seed=1)
    joint = thinned(one)
    eta, alpha = predictors(design, one)[0], alphas(design, joint)[0]
    mean, variance = np.zeros(len(eta)), np.zeros(len(eta))
    for i in np.flatnonzero(design.rows.suppressed):
        s = design.row_outcome[i]
        size = alpha[s] if design.forms[s].dispersed else np.inf
        counts, chance = conditional(np.exp(eta[i]), size, design.bounds)
        mean[i] = counts @ chance
        variance[i] = counts**2 @ chance - mean[i] ** 2
    hidden = design.cell_sum(design.rows.suppressed).ravel()
    kept = hidden > 0
    totals = found.totals
    assert_array_equal(totals["rows"], hidden[kept])
    expected, spread = (design.cell_sum(part).ravel()[kept] for part in (mean, variance))
    # Beyond 5 standard errors in any of some twenty cells: once in 80,000.
    assert (np.abs(totals["total"].mean("sample") - expected) < 5 * np.sqrt(spread / 800)).all()
    bands, kept = deprivation_bands(design)
    error = np.sqrt(variance.sum() / 800)
    for s in range(len(design.outcomes)):
        own = design.row_outcome == s
        by_band = np.bincount(bands[own], mean[own], minlength=found.by_band.shape[1])
        assert_allclose(found.by_band[s], by_band * kept[s], atol=5 * error)
    assert totals.attrs == {"lower": 1, "upper": 15}


def test_cells_are_named_by_authority_outcome_and_stratum():
    design = with_suppressed(model("several"))
    found = implied_counts(design, drawn_posterior(design), seed=1).totals
    hidden = design.cell_sum(design.rows.suppressed)
    for cell in found["cell"].values:
        here = found.isel(cell=cell)
        place = (
            design.authorities.codes.index(str(here["authority"].item())),
            design.outcomes.index(str(here["outcome"].item())),
            design.strata.index(str(here["stratum"].item())),
        )
        assert int(here["rows"]) == hidden[place] > 0
        least, most = (int(here["rows"]) * bound for bound in design.bounds)
        assert ((here["total"] >= least) & (here["total"] <= most)).all()


def test_the_seed_and_no_block_decides_the_totals():
    design = with_suppressed(model("plain"))
    posterior = drawn_posterior(design)
    one = implied_counts(design, posterior, seed=1)
    assert one.totals.identical(implied_counts(design, posterior, seed=1, block_rows=1).totals)
    assert not one.totals.identical(implied_counts(design, posterior, seed=2).totals)


def test_no_array_of_areas_by_draws_is_kept():
    design = with_suppressed(model("plain"), lower=0, upper=50)
    posterior = drawn_posterior(design, chains=1, draws=1000)
    implied_counts(design, posterior, seed=1)
    tracemalloc.start()
    implied_counts(design, posterior, seed=1, block_rows=2)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    cells = int(np.prod(design.cells))
    # A few arrays of cells by draws, and of a block of two rows by draws.
    assert peak < 8 * 1000 * (6 * cells + 30) + 200_000
