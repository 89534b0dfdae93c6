"""Settings of a scenario: its outcomes, strata and moderators with their truth, as data."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from bayesgrad.simulate.findings import Finding
from bayesgrad.simulate.settings import PUBLISHED_INTERACTION, PUBLISHED_SLOPE, EnglandSettings
from bayesgrad.spec.vocabulary import Family, Link

ENGLAND = EnglandSettings()
CHILDREN_PER_AREA = ENGLAND.children
UNIT = ENGLAND.unit
SYMBOL = "c"
"""Stands for a suppressed count."""


def between(ratio: float) -> float:
    """Between effect, per unit of the log moderator, of a rate ratio per unit of deprivation.

    The two agree in slope at the mean authority deprivation.
    """
    return math.log(ratio) * ENGLAND.mean_deprivation / UNIT


@dataclass(frozen=True, kw_only=True)
class TrueOutcome:
    """Truth of one outcome; the defaults are those of referrals.

    Attributes
    ----------
    column : str
    rate : float
        Expected events per unit of exposure (children, or events of the stage before), over all
        areas; over strata too, where there are any. NaN for durations: their hazards are the
        ratios of the strata.
    slope : float
        Log gradient in an authority of mean deprivation; without meaning where the strata have
        slopes of their own.
    interaction, between : float
        Change of the log gradient, and of the level, per unit of ln(D / Dbar), or per unit of
        deprivation where the scenario's moderation is linear.
    curve : float
        Change of the log gradient with the area's own deprivation, the same in all authorities,
        per unit of ln((d + 0.05) / (Dbar + 0.05)): below 0 for a concave curve.
    sd_intercept, sd_slope : float
    sd_neighbourhood : float
        Of the effects of larger neighbourhoods; without meaning where there are none.
    family, link : str
    alpha : float or None
        Overdispersion of the negative binomial, or size of the beta-binomial.
    out_of : str
        Outcome of the stage before, whose events are this one's cases.
    """

    column: str
    rate: float
    slope: float = PUBLISHED_SLOPE
    interaction: float = PUBLISHED_INTERACTION["log"]
    between: float = ENGLAND.true_between
    sd_intercept: float = ENGLAND.sd_intercept
    sd_slope: float = ENGLAND.sd_slope
    curve: float = 0.0
    family: Family = "negative_binomial"
    link: Link = "log"
    alpha: float | None = ENGLAND.alpha
    out_of: str = ""
    sd_neighbourhood: float = 0.0


@dataclass(frozen=True, kw_only=True)
class TrueStratum:
    """Truth of one stratum.

    Attributes
    ----------
    name : str
    ratio : float
        Rate relative to other strata; in intervals of time, the hazard per year.
    gradient : float or None
        None for that of the outcome.
    share : float
        Share of the children, where strata divide them.
    tilt : float
        Change of the log of the share per unit of the log of the area's deprivation.
    spread : float
        Sd of the log of the share between authorities; half of it between areas.
    """

    name: str
    ratio: float = 1.0
    gradient: float | None = None
    share: float = 1.0
    tilt: float = 0.0
    spread: float = 0.0


@dataclass(frozen=True, kw_only=True)
class TrueStrata:
    """Strata of the children (`divided`), or of cases that share the area's exposure.

    Attributes
    ----------
    step_intercept, step_slope : float
        Sd of the steps by which each authority walks away from the nation's strata, from one to the
        next: of its levels, and of its log gradients. Rates are those without these walks.
    """

    column: str
    strata: tuple[TrueStratum, ...]
    divided: bool
    ordered: bool = False
    step_intercept: float = 0.0
    step_slope: float = 0.0

    @property
    def walks(self) -> bool:
        """Whether authorities deviate from the nation's strata by walks of their own."""
        return max(self.step_intercept, self.step_slope) > 0


@dataclass(frozen=True, kw_only=True)
class TrueSpatial:
    """Neighbours that are alike, on a grid of authorities.

    Attributes
    ----------
    phi_intercept, phi_slope : float
        Structured share of the variance of intercepts and of slopes, the same for every outcome.
        Rates are those with independent authorities.
    """

    phi_intercept: float
    phi_slope: float


@dataclass(frozen=True, kw_only=True)
class AuthorityModerator:
    """A column of authorities, and what it does per standard deviation.

    Attributes
    ----------
    name : str
    level, gradient : float
        Change of the log rate, and of the log gradient.
    mean, sd : float
        Of the column.
    correlation : float
        With the log of authority deprivation.
    decimals : int
    """

    name: str
    level: float
    gradient: float
    mean: float
    sd: float
    correlation: float
    decimals: int


@dataclass(frozen=True, kw_only=True)
class AreaModerator:
    """A column of areas, 0 or 1, and how an area with 1 differs.

    Attributes
    ----------
    name : str
    level, gradient : float
        Difference of the log rate, and of the log gradient.
    share : float
        Share of areas that have it.
    by_deprivation, by_size : float
        Change of its log odds per unit of ln(D / Dbar), and per sd of the log of the number of
        areas of the authority.
    """

    name: str
    level: float
    gradient: float
    share: float
    by_deprivation: float
    by_size: float


@dataclass(frozen=True, kw_only=True)
class Durations:
    """Episodes opened evenly over some years, followed until they close or the last day.

    Attributes
    ----------
    years : float
    breaks : tuple of float
        Days since opening at which the hazard changes, between one interval and the next.
    exposure : str
        Column of the time at risk, in years.
    """

    years: float
    breaks: tuple[float, ...]
    exposure: str


@dataclass(frozen=True, kw_only=True)
class ScenarioSettings:
    """A scenario, whole.

    Attributes
    ----------
    name : str
        That of the shipped spec too, with underscores for hyphens, unless `shipped` names it.
    about : str
        One sentence for the README.
    outcomes : tuple of TrueOutcome
        Those of the spec, in order.
    findings : tuple of Finding
    assumptions : tuple of str
        What no publication gives, for the README.
    cases : TrueOutcome or None
        Drawn first; its events are the cases, or the episodes, of the outcome.
    rho, neighbours_intercept, neighbours_slope
        See `AuthorityEffects`.
    authority_deprivation : str
        Column of the authorities' deprivation, where exposure is not of children, so that the
        mean over areas weighted by exposure would not be theirs.
    areas_per_neighbourhood : int
        Size of the larger neighbourhoods, the last of an authority smaller; 0 where there are none.
    suppressed : tuple of int or None
        Smallest and largest count that the table hides behind `SYMBOL`.
    moderation : {"log", "linear"}
        How levels and gradients change with authority deprivation.
    shipped : str
        Name of the shipped spec, where it is not that of the scenario.
    spatial : TrueSpatial or None
    """

    name: str
    about: str
    outcomes: tuple[TrueOutcome, ...]
    findings: tuple[Finding, ...]
    assumptions: tuple[str, ...]
    cases: TrueOutcome | None = None
    strata: TrueStrata | None = None
    authority_moderators: tuple[AuthorityModerator, ...] = ()
    area_moderators: tuple[AreaModerator, ...] = ()
    durations: Durations | None = None
    rho: float = ENGLAND.correlation
    neighbours_intercept: tuple[float, ...] = ()
    neighbours_slope: tuple[float, ...] = ()
    authority_deprivation: str = ""
    areas_per_neighbourhood: int = 0
    suppressed: tuple[int, int] | None = None
    moderation: Literal["log", "linear"] = "log"
    shipped: str = ""

    @property
    def spec_name(self) -> str:
        """Name of the shipped spec that fits it."""
        return self.shipped or self.name.replace("-", "_")

    spatial: TrueSpatial | None = None

    @property
    def all_strata(self) -> tuple[TrueStratum, ...]:
        """The strata; one without a name where there are none."""
        return self.strata.strata if self.strata else (TrueStratum(name=""),)

    @property
    def pooled(self) -> bool:
        """Whether strata have gradients of their own."""
        return any(stratum.gradient is not None for stratum in self.all_strata)
