"""EnglandSettings: the size, the deprivation and the truth of a synthetic England."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from bayesgrad.errors import SpecError

TrueModeration = Literal["none", "linear", "log"]
TrueFamily = Literal["negative_binomial", "poisson"]

PUBLISHED_SLOPE = 0.4824
"""Log of the published gradient of referrals, 1.62, at the mean authority deprivation."""

PUBLISHED_INTERACTION = {"log": -0.2765, "linear": -0.26}
"""log: the published 2.33, 1.62, 1.39; linear: the closest straight line, 2.10, 1.62, 1.25."""

PUBLISHED_BETWEEN_RATIO = 1.47
"""Rate ratio of referrals per +0.10 of authority deprivation, 2018-19."""

LARGEST_COEFFICIENT = 3.0


@dataclass(frozen=True, kw_only=True)
class EnglandSettings:
    r"""Settings of a synthetic England; the defaults are England's referrals in 2018-19.

    Coefficients are on the log-rate scale, per `unit` of deprivation, and are **not** rescaled
    when `unit` is changed. `sd_slope`, `correlation` and `alpha` are not published for areas:
    their defaults are assumptions. The published ends of the rate curve (100 events per 10,000
    children where under 1% are deprived, 1,350 where 64% are) are not matched: with the national
    mean rate and the published gradients a log-linear curve gives about twice both.

    Attributes
    ----------
    authorities, areas : int
        How many; every authority has at least 2 areas.
    size_spread : float
        Spread (sd of the log, before a common floor) of areas per authority; 0 for equal sizes.
    children, children_spread : float
        Mean children per area, and the sd of their log.
    mean_deprivation, sd_deprivation : float
        Mean and sd, over authorities, of authority deprivation (a proportion).
    within_sd, within_power, within_scatter : float
        The sd of deprivation between areas of authority j is
        ``within_sd * (D_j / mean_deprivation)**within_power``, times a log-normal scatter of
        sd `within_scatter` on the log scale.
    unit : float
        Unit of deprivation of all the coefficients (a proportion).
    moderation : {"log", "linear", "none"}
        Form of `w_j`. With "none" there is neither a between effect nor an interaction; for a
        world without interaction but with a between effect, use "log" and ``interaction=0``.
    family : {"negative_binomial", "poisson"}
    rate : float
        Expected events per child, over all areas; it fixes the intercept.
    slope : float
        Log gradient in an authority of mean deprivation.
    interaction, between : float or None
        Change of the log gradient, and of the log rate, per unit of `w_j`. None takes the
        published values: see `true_interaction` and `true_between`.
    sd_intercept, sd_slope, correlation : float
        Of the authorities' intercepts and slopes, given their deprivation.
    alpha : float
        Overdispersion: Var = mu + mu^2 / alpha. Unused by the Poisson family.

    Raises
    ------
    SpecError
        If a setting is of the wrong type, or impossible; all faults are listed at once.
    """

    authorities: int = 152
    areas: int = 32_837
    size_spread: float = 0.8
    children: float = 364.0
    children_spread: float = 0.35
    mean_deprivation: float = 0.137
    sd_deprivation: float = 0.046
    within_sd: float = 0.083
    within_power: float = 0.72
    within_scatter: float = 0.20
    unit: float = 0.10
    moderation: TrueModeration = "log"
    family: TrueFamily = "negative_binomial"
    rate: float = 19.8 / 364
    slope: float = PUBLISHED_SLOPE
    interaction: float | None = None
    between: float | None = None
    sd_intercept: float = 0.30
    sd_slope: float = 0.08
    correlation: float = -0.3
    alpha: float = 8.0

    def __post_init__(self) -> None:
        faults = [*_wrong_types(self)]
        faults = faults or [*_wrong_words(self), *_wrong_numbers(self)]
        if faults:
            raise SpecError(
                "\n".join(f"EnglandSettings: {fault}" for fault in faults),
                "Change the settings that are named.",
            )

    @property
    def true_interaction(self) -> float:
        """The interaction as given, or the published one for this form of moderation."""
        if self.moderation == "none":
            return 0.0
        if self.interaction is not None:
            return self.interaction
        return PUBLISHED_INTERACTION[self.moderation]

    @property
    def true_between(self) -> float:
        """The between effect as given, or ln 1.47 per unit (for log, its slope at the mean)."""
        if self.moderation == "none":
            return 0.0
        if self.between is not None:
            return self.between
        per_unit = math.log(PUBLISHED_BETWEEN_RATIO)
        if self.moderation == "log":
            return per_unit * self.mean_deprivation / self.unit
        return per_unit


def _wrong_types(settings: EnglandSettings) -> Iterator[str]:
    for name, annotation in EnglandSettings.__annotations__.items():
        value = getattr(settings, name)
        if isinstance(value, bool):
            yield f"{name} = {value!r}: a number is needed"
        elif annotation == "int" and not isinstance(value, numbers.Integral):
            yield f"{name} = {value!r}: a whole number is needed"
        elif annotation.startswith("float"):
            left_out = value is None and annotation.endswith("None")
            if not left_out and not (isinstance(value, numbers.Real) and math.isfinite(value)):
                yield f"{name} = {value!r}: a finite number is needed"


def _wrong_words(settings: EnglandSettings) -> Iterator[str]:
    for name, allowed in (("moderation", TrueModeration), ("family", TrueFamily)):
        value, words = getattr(settings, name), allowed.__args__  # type: ignore[attr-defined]
        if value not in words:
            yield f"{name} = {value!r} is not allowed; use one of {', '.join(words)}"
    if settings.moderation == "none":
        for name in ("interaction", "between"):
            if getattr(settings, name) is not None:
                yield f'{name} is given, but moderation = "none" has no such effect'


def _wrong_numbers(settings: EnglandSettings) -> Iterator[str]:
    mean = settings.mean_deprivation
    # Wider ones would heap authorities, or areas, at the ends of the range of deprivation.
    widest_between, widest_within = 0.6 * mean, 0.8 * mean
    ranges: dict[str, tuple[float, float]] = {
        "authorities": (2, math.inf),
        "areas": (2 * settings.authorities, math.inf),
        "size_spread": (0, 1.5),
        "children": (1, 1e6),
        "children_spread": (0, 1.5),
        "mean_deprivation": (0.03, 0.25),
        "sd_deprivation": (0.001, widest_between),
        "within_sd": (0.001, widest_within),
        "within_power": (-2, 2),
        "within_scatter": (0, 1),
        "unit": (0.001, 1),
        "rate": (1e-9, 1),
        "slope": (-LARGEST_COEFFICIENT, LARGEST_COEFFICIENT),
        "interaction": (-LARGEST_COEFFICIENT, LARGEST_COEFFICIENT),
        "between": (-LARGEST_COEFFICIENT, LARGEST_COEFFICIENT),
        "sd_intercept": (0, 2),
        "sd_slope": (0, 2),
        "correlation": (-1, 1),
        "alpha": (1e-3, 1e9),
    }
    for name, (low, high) in ranges.items():
        value = getattr(settings, name)
        if value is not None and not low <= value <= high:
            bound = f"at least {low:g}" if high == math.inf else f"from {low:g} to {high:.4g}"
            yield f"{name} = {value!r}: must be {bound}"
