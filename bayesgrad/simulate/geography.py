"""Geography of a synthetic England: authorities, their areas, children and deprivation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, ndtri

from bayesgrad.simulate.settings import EnglandSettings

type Floats = NDArray[np.float64]
type Integers = NDArray[np.int64]

FEWEST_AREAS = 2
SMALLEST_SHARE = 0.2
LARGEST_SHARE = 4.2
"""Areas of the smallest and of the largest authority, relative to the mean: as in England."""

DEPRIVATION_SUPPORT = (0.25, 2.1)
"""Range of authority deprivation, relative to its mean: with it min, max, and ln match England."""

AREA_SUPPORT = (0.005, 0.64)
"""Range of deprivation of areas, about that of IoD2019."""

DECIMALS = 6
FEWEST_CHILDREN_SHARE = 0.08


@dataclass(frozen=True, eq=False)
class Geography:
    """Areas nested in authorities, sorted by authority.

    Attributes
    ----------
    authority : ndarray of int, shape (areas,)
        Position of the area's authority, from 0.
    children : ndarray of int, shape (areas,)
        Children at risk (the exposure).
    income_score : ndarray of float, shape (areas,)
        Deprivation of the area, a proportion above 0 and up to 1.
    """

    authority: Integers
    children: Integers
    income_score: Floats

    @property
    def sizes(self) -> Integers:
        """Areas per authority, shape (authorities,)."""
        return np.bincount(self.authority).astype(np.int64)

    def neighbourhoods(self, areas: int) -> Integers:
        """Larger neighbourhood of each area, of so many areas, nested in authorities; (areas,)."""
        first = np.cumsum(self.sizes) - self.sizes
        within = (np.arange(len(self.authority)) - first[self.authority]) // areas
        starts = np.diff(self.authority, prepend=-1).astype(bool)
        starts |= np.diff(within, prepend=-1).astype(bool)
        return np.cumsum(starts) - 1

    @property
    def deprivation(self) -> Floats:
        """D_j: mean income score of each authority, weighted by children; (authorities,)."""
        return _weighted_means(self.authority, self.children, self.income_score)

    def centred(self, unit: float) -> Floats:
        """x: deprivation from the authority's own mean, in units; shape (areas,)."""
        return (self.income_score - self.deprivation[self.authority]) / unit


def draw_geography(settings: EnglandSettings, *, seed: int | np.random.SeedSequence) -> Geography:
    r"""Draw authorities, areas, children and deprivation.

    Sizes and deprivations of authorities are stratified draws (one from each of as many equal
    slices of the distribution as there are authorities), since England has only one set of
    authorities and chance should not change its spread. Sizes are log-normal with a common
    floor; authority deprivation is a beta distribution stretched over 0.25 to 2.1 times its mean;
    deprivation within an authority is a beta distribution stretched over 0.005 to 0.64; children
    are log-normal, independent of deprivation.

    Lastly every income score is multiplied by one factor, so that the realised
    :math:`\bar D` (unweighted mean over authorities of the children-weighted means) equals
    `settings.mean_deprivation`, and rounded to 6 decimals. The factor is within about 1% of 1
    for England, and further from it where areas are few.

    Parameters
    ----------
    settings : EnglandSettings
    seed : int or SeedSequence
        The same settings and seed give the same geography.
    """
    rng = np.random.default_rng(seed)
    sizes = _sizes(settings, rng)
    authority = np.repeat(np.arange(settings.authorities, dtype=np.int64), sizes)
    children = _children(settings, rng)
    score = _income_scores(settings, authority, rng)
    realised = _weighted_means(authority, children, score).mean()
    score = np.round(score * (settings.mean_deprivation / realised), DECIMALS)
    return Geography(authority, children, np.minimum(score, 1.0))


def _sizes(settings: EnglandSettings, rng: np.random.Generator) -> Integers:
    """Areas per authority: at least 2 each, the rest in proportion, to the exact total."""
    share = np.exp(settings.size_spread * ndtri(_stratified(settings.authorities, rng)))
    share = SMALLEST_SHARE + (1 - SMALLEST_SHARE) * share / share.mean()
    share = np.minimum(share, LARGEST_SHARE)
    spare = settings.areas - FEWEST_AREAS * settings.authorities
    cumulative = np.round(spare * np.cumsum(share) / share.sum()).astype(np.int64)
    sizes: Integers = FEWEST_AREAS + np.diff(cumulative, prepend=0)
    return sizes


def _children(settings: EnglandSettings, rng: np.random.Generator) -> Integers:
    spread = settings.children_spread
    drawn = settings.children * np.exp(spread * rng.standard_normal(settings.areas) - spread**2 / 2)
    fewest = max(1.0, FEWEST_CHILDREN_SHARE * settings.children)
    return np.maximum(np.round(drawn), np.ceil(fewest)).astype(np.int64)


def _income_scores(
    settings: EnglandSettings, authority: Integers, rng: np.random.Generator
) -> Floats:
    mean = _authority_means(settings, rng)
    sd = settings.within_sd * (mean / settings.mean_deprivation) ** settings.within_power
    sd = sd * np.exp(settings.within_scatter * rng.standard_normal(settings.authorities))
    low, high = AREA_SUPPORT
    # A wider beta distribution would heap the areas at both ends.
    sd = np.minimum(sd, np.sqrt((mean - low) * (high - mean) / 2))
    above, below = _beta_shapes(mean, sd, low=low, high=high)
    return low + (high - low) * rng.beta(above[authority], below[authority])


def _authority_means(settings: EnglandSettings, rng: np.random.Generator) -> Floats:
    mean = settings.mean_deprivation
    low, high = (edge * mean for edge in DEPRIVATION_SUPPORT)
    above, below = _beta_shapes(
        np.array(mean), np.array(settings.sd_deprivation), low=low, high=high
    )
    means: Floats = low + (high - low) * betaincinv(
        above, below, _stratified(settings.authorities, rng)
    )
    return means


def _beta_shapes(mean: Floats, sd: Floats, *, low: float, high: float) -> tuple[Floats, Floats]:
    """Shapes of the beta distribution over low to high with the given mean and sd."""
    concentration = (mean - low) * (high - mean) / sd**2 - 1
    centre = (mean - low) / (high - low)
    return centre * concentration, (1 - centre) * concentration


def _stratified(count: int, rng: np.random.Generator) -> Floats:
    """One uniform draw from each of `count` equal slices of 0 to 1, in random order."""
    return (rng.permutation(count) + rng.random(count)) / count


def _weighted_means(authority: Integers, weight: Integers, value: Floats) -> Floats:
    return np.bincount(authority, weight * value) / np.bincount(authority, weight)
