"""Population of a scenario: its geography, exposures by stratum, and moderators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

from bayesgrad.simulate.geography import Floats, Geography, Integers
from bayesgrad.simulate.scenario_settings import UNIT, ScenarioSettings, TrueStrata

CURVE_SHIFT = 0.05
"""Added to deprivation in the common curve, so that it is not steep without bound near 0."""


@dataclass(frozen=True, eq=False)
class Population:
    """What the outcomes of a scenario are drawn on; it is the same for every draw of them.

    Attributes
    ----------
    geography : Geography
    exposure : ndarray of int, shape (areas, strata)
        Children of each stratum.
    area_moderators : ndarray, shape (areas, moderators)
        As in the table.
    authority_moderators : ndarray, shape (authorities, moderators)
    """

    geography: Geography
    exposure: Integers
    area_moderators: Floats
    authority_moderators: Floats

    @property
    def x(self) -> Floats:
        """Deprivation from the authority's own mean, in units: (areas,)."""
        return self.geography.centred(UNIT)

    @property
    def w(self) -> Floats:
        """Moderator ln(D / Dbar), shape (authorities,)."""
        deprivation = self.geography.deprivation
        return np.log(deprivation / deprivation.mean())

    def moderator(self, form: Literal["log", "linear"]) -> Floats:
        """What moderates levels and gradients: w, or (D - Dbar) / unit; (authorities,)."""
        if form == "log":
            return self.w
        deprivation = self.geography.deprivation
        found: Floats = (deprivation - deprivation.mean()) / UNIT
        return found

    def curve(self, concavity: float) -> Floats:
        """Curve common to all areas, its value and slope 0 at Dbar; (areas,).

        Its slope per unit at deprivation d is `concavity` ln((d + s) / (Dbar + s)), with s
        `CURVE_SHIFT`.
        """
        mean = self.geography.deprivation.mean() + CURVE_SHIFT
        ratio = (self.geography.income_score + CURVE_SHIFT) / mean
        found: Floats = concavity * mean / UNIT * (ratio * np.log(ratio) - ratio + 1.0)
        return found

    @property
    def centred_area_moderators(self) -> Floats:
        """On the scale of the model: less their mean over areas."""
        return self.area_moderators - self.area_moderators.mean(axis=0)

    @property
    def standard_authority_moderators(self) -> Floats:
        """On the scale of the model: in standard deviations from their mean over authorities."""
        values = self.authority_moderators
        return (values - values.mean(axis=0)) / values.std(axis=0)


def draw_population(
    settings: ScenarioSettings, geography: Geography, *, seed: np.random.SeedSequence
) -> Population:
    """Draw the exposures of strata and the moderators on a geography."""
    rng = np.random.default_rng(seed)
    return Population(
        geography,
        _exposures(settings.strata, geography, rng),
        _area_moderators(settings, geography, rng),
        _authority_moderators(settings, geography, rng),
    )


def _exposures(
    strata: TrueStrata | None, geography: Geography, rng: np.random.Generator
) -> Integers:
    """Children of each area by stratum: divided among them, or the same for each."""
    children = geography.children[:, None]
    if strata is None or not strata.divided:
        return np.repeat(children, len(strata.strata) if strata else 1, axis=1)
    share, tilt, spread = (
        np.array([getattr(stratum, name) for stratum in strata.strata])
        for name in ("share", "tilt", "spread")
    )
    authorities = spread * rng.standard_normal((len(geography.sizes), len(share)))
    areas = 0.5 * spread * rng.standard_normal((len(children), len(share)))
    deprivation = np.log(geography.income_score / geography.deprivation.mean())
    log_odds = np.log(share) + tilt * deprivation[:, None]
    weight = np.exp(log_odds + authorities[geography.authority] + areas)
    divided: Integers = rng.multinomial(
        geography.children, weight / weight.sum(axis=1, keepdims=True)
    ).astype(np.int64)
    return divided


def _area_moderators(
    settings: ScenarioSettings, geography: Geography, rng: np.random.Generator
) -> Floats:
    """Columns of 0 and 1, commoner in some authorities than in others."""
    columns = [np.empty((len(geography.children), 0))]
    w = np.log(geography.deprivation / geography.deprivation.mean())
    log_size = np.log(geography.sizes)
    size = (log_size - log_size.mean()) / max(float(log_size.std()), 1e-9)
    for moderator in settings.area_moderators:
        log_odds = (moderator.by_deprivation * w + moderator.by_size * size)[geography.authority]
        share = moderator.share
        level = brentq(lambda a, b=log_odds, c=share: expit(a + b).mean() - c, -20, 20)
        chosen = rng.random(len(log_odds)) < expit(level + log_odds)
        columns.append(chosen[:, None].astype(np.float64))
    return np.hstack(columns)


def _authority_moderators(
    settings: ScenarioSettings, geography: Geography, rng: np.random.Generator
) -> Floats:
    """Normal columns, correlated with the log of authority deprivation, rounded as in a table."""
    columns = [np.empty((len(geography.sizes), 0))]
    log_deprivation = np.log(geography.deprivation)
    z = (log_deprivation - log_deprivation.mean()) / log_deprivation.std()
    for moderator in settings.authority_moderators:
        rho = moderator.correlation
        drawn = rho * z + np.sqrt(1 - rho**2) * rng.standard_normal(len(z))
        values = np.round(moderator.mean + moderator.sd * drawn, moderator.decimals)
        columns.append(values[:, None])
    return np.hstack(columns)
