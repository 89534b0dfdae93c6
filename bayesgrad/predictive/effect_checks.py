r"""Whether authorities' effects are normal, and their events what those of new ones would be.

*Effects.* Effects of one joint draw, less their systematic part, are under the model a sample of
the normal distribution of that draw (Yuan and Johnson 2012). So the p-values of tests of normality
are uniform over data, in each draw: of Shapiro and Francia, which finds outlying authorities, and
of a low kurtosis, which two groups have. Their medians over draws vary less than that where effects
are not well known, and the check finds less. The smaller one counts, twice.

*Events.* Events of an authority whose effects are drawn anew, from the distribution of authorities
(the mixed predictive distribution of Marshall and Spiegelhalter 2003): its own counts have not
fitted them, so a share of authorities lies outside as the level says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import xarray as xr
from scipy.special import expit, ndtri

from bayesgrad.areas.rates import affordable, thinned
from bayesgrad.design.design import Design, Integers, OutcomeForm
from bayesgrad.design.splines import Floats
from bayesgrad.kernels.families.densities import LARGEST_LOG_SHARE
from bayesgrad.predictive.effects_prior import effects_distribution
from bayesgrad.predictive.findings import Finding, named
from bayesgrad.predictive.normality import low_kurtosis, shapiro_francia
from bayesgrad.predictive.predictor import Block, blocks, sizes

REDRAWS = 100
TESTED_DRAWS = 40
FEWEST_AUTHORITIES = 20
"""For a test of normality that finds anything, and whose kurtosis has its distribution."""
OUTLYING = 4.0
"""Robust standard deviations from which an authority is named."""
TO_SD = 1.4826
"""Median distance from the median of a normal distribution, times this, is its sd."""
LARGEST_LOG_MEAN = 30.0
CHECKS = ("authority_levels", "authority_gradients")


def effect_checks(design: Design, posterior: xr.Dataset) -> list[list[Finding]]:
    """Findings on the normality of authorities' effects, of each outcome."""
    authorities, outcomes, _ = design.cells
    if authorities < FEWEST_AUTHORITIES:
        return [[] for _ in range(outcomes)]
    sample = thinned(posterior, size=TESTED_DRAWS)
    left = _effects(sample) - effects_distribution(design, sample).mean
    return [list(_normality(design.authorities.codes, left[:, s])) for s in range(outcomes)]


def _effects(sample: xr.Dataset) -> Floats:
    """Intercepts and slopes, (authorities, outcomes, sample, 2)."""
    names = ("authority_intercept", "authority_slope")
    dims = ("authority", "outcome", "sample")
    return np.stack([sample[name].transpose(*dims).values for name in names], axis=-1)


def _normality(codes: tuple[str, ...], left: Floats) -> Iterator[Finding]:
    """Findings on the effects of one outcome, (authorities, sample, 2)."""
    for check, values in zip(CHECKS, np.moveaxis(left, -1, 0), strict=True):
        spread = np.ptp(values, axis=0)
        if not (spread > 0).all():
            continue
        shape = np.median(shapiro_francia(values))
        kurtosis = np.median(low_kurtosis(values))
        middle = values - np.median(values, axis=0)
        distance = np.median(middle / (TO_SD * np.median(np.abs(middle), axis=0)), axis=1)
        order = np.argsort(-np.abs(distance))
        apart = [codes[j] for j in order if abs(distance[j]) > OUTLYING]
        size = len(codes)
        expected = float(ndtri(1.0 - 0.28 / size))
        yield Finding(
            check,
            float(np.abs(distance).max()),
            expected,
            np.nan,
            min(1.0, 2.0 * float(min(shape, kurtosis))),
            named(apart),
        )


def redrawn_totals(
    design: Design,
    posterior: xr.Dataset,
    *,
    seed: np.random.SeedSequence,
    published: Mapping[int, Callable[[Block, Floats], Integers]],
) -> Floats:
    """Events of authorities with effects drawn anew, (sample, outcomes, authorities).

    They are gamma distributed with the mean and variance of the sum of an authority's counts.

    Parameters
    ----------
    published : mapping of int to callable
        Of outcomes with suppressed counts, by position: draws the counts of a block, (rows,
        sample), at the sizes of draws, as they would be published. Their sum is taken.
    """
    draws = affordable(REDRAWS, rows=len(design.rows.count), fewest=REDRAWS)
    sample = thinned(posterior, size=draws)
    rng = np.random.default_rng(seed)
    redrawn = _with_new_effects(design, sample, rng)
    alpha = sizes(design, sample)
    authorities, outcomes, _ = design.cells
    shape = (sample.sizes["sample"], outcomes, authorities)
    mean, variance, summed = np.zeros((3, *shape))
    exposure = design.rows.exposure
    for block in blocks(design, redrawn):
        place, size = (slice(None), block.outcome, block.authority), alpha[:, block.outcome]
        if block.outcome in published:
            summed[place] += published[block.outcome](block, size).sum(axis=0)
            continue
        of_rows = _moments(block, design.forms[block.outcome], size, exposure[block.rows])
        mean[place] += of_rows[0]
        variance[place] += of_rows[1]
    some = mean > 0
    ratio = np.divide(variance, mean, out=np.ones(shape), where=some)
    drawn = rng.standard_gamma(np.maximum(mean / ratio, 1e-12)) * ratio
    return np.where(some, drawn, summed)


def _with_new_effects(design: Design, sample: xr.Dataset, rng: np.random.Generator) -> xr.Dataset:
    effects = effects_distribution(design, sample)
    authorities, outcomes, _ = design.cells
    size = sample.sizes["sample"]
    values, vectors = np.linalg.eigh(effects.covariance)
    factor = vectors * np.sqrt(np.maximum(values, 0.0))[..., None, :]
    normal = rng.normal(size=(authorities, size, 2 * outcomes))
    moved = np.einsum("jsik,jsk->jsi", np.broadcast_to(factor, (authorities, *factor.shape[1:])),
                      normal)  # fmt: skip
    drawn = effects.mean + moved.reshape(authorities, size, outcomes, 2).swapaxes(1, 2)
    dims = ("authority", "outcome", "sample")
    return sample.assign(
        authority_intercept=(dims, drawn[..., 0]), authority_slope=(dims, drawn[..., 1])
    )


def _moments(block: Block, form: OutcomeForm, alpha: Floats, cases: Floats) -> tuple[Floats, ...]:
    """Mean and variance of the sum of a block's counts in each draw, (sample,) each."""
    if not form.of_cases:
        mean = np.exp(np.minimum(block.predictor, LARGEST_LOG_MEAN))
        total = mean.sum(axis=0)
        more = np.einsum("is,is->s", mean, mean) / alpha if form.dispersed else 0.0
        return total, total + more
    if form.link == "logit":
        share = expit(block.predictor)
    else:
        share = np.exp(np.minimum(block.predictor, LARGEST_LOG_SHARE))
    factor = 1.0 + (cases[:, None] - 1.0) / (alpha + 1.0) if form.dispersed else 1.0
    total = cases @ share
    return total, (cases[:, None] * share * (1.0 - share) * factor).sum(axis=0)
