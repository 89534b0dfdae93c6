r"""Default priors, stated for what they imply: the same rates and gradients in every unit and form.

All are fixed in advance and never scaled to the outcome; the location of the intercept alone refers
to it, through the crude rate. Gradients are per 0.10 of deprivation, whatever the `unit` of a spec,
and their priors are rescaled to it. What authority deprivation does is stated as the difference
that it makes between authorities of deprivation 0.25 and 0.05 (the most and the least deprived of
England are near these), so that it is the same for every form of moderation:

=============  =====================================================================
the log rate   Normal(0, 2): rates differ by a factor of 50 at most, in 95 of 100
the log        Normal(0, 1), per 0.10: gradients differ by a factor of 7.1 at most
gradient
=============  =====================================================================

A linear change has w(0.25) - w(0.05) = 0.2 / unit, a logarithmic one ln 5. Bends of a spline, each
with a standard deviation of 1 over authorities, depart from a line by half as much for each of
these as a difference of 0.10 in authority deprivation makes.
"""

from __future__ import annotations

import math

from bayesgrad.spec.priors import LocationPrior, ScalePrior
from bayesgrad.spec.vocabulary import Curvature, Moderation

STATED_UNIT = 0.10
"""Of deprivation, that default priors of gradients are stated for."""
LEAST_DEPRIVED, MOST_DEPRIVED = 0.05, 0.25
"""Authority deprivations that default priors of `between` and `interaction` are stated for."""
BEND_SHARE = 0.5
"""Prior of the coefficient of a bend of a spline, as a share of that of a step of 0.10."""

PER_STATED_UNIT: dict[str, LocationPrior | ScalePrior] = {
    "slope": LocationPrior(mu=0.0, sigma=0.5),
    "between": LocationPrior(mu=0.0, sigma=1.0),
    "interaction": LocationPrior(mu=0.0, sigma=0.5),
    "moderators": LocationPrior(mu=0.0, sigma=0.25),
    "curvature": LocationPrior(mu=0.0, sigma=0.25),
    "sd_slope": ScalePrior(sigma=0.2),
    "sd_stratum_slope": ScalePrior(sigma=0.2),
    "sd_authority_stratum_slope": ScalePrior(sigma=0.1),
}
"""Default priors at a unit of 0.10: of `between` and `interaction` for linear moderation, of
`curvature` for a quadratic or a bend of a spline."""
OF_GRADIENTS = ("slope", "interaction", "moderators")
"""Coefficients that are gradients, or changes of gradients."""


def default_prior(
    name: str, *, unit: float, moderation: Moderation, curvature: Curvature
) -> LocationPrior | ScalePrior:
    """Default prior of the first term of a parameter of `PER_STATED_UNIT`, per `unit`.

    Parameters
    ----------
    name : str
        Key of `[priors]`.
    unit : float
        Unit of deprivation, a proportion.
    """
    factor = default_factor(name, unit=unit, moderation=moderation, curvature=curvature)
    return PER_STATED_UNIT[name].times(factor)


def default_factor(
    name: str, *, unit: float, moderation: Moderation, curvature: Curvature, bend: bool = False
) -> float:
    """Factor from a parameter's prior in `PER_STATED_UNIT` to the one per `unit`.

    Parameters
    ----------
    bend : bool
        Of the coefficient of a bend of a spline of authority deprivation.
    """
    steps = unit / STATED_UNIT
    if name == "curvature":
        return steps**2 if curvature == "quadratic" else 1.0
    per_gradient = steps if name in OF_GRADIENTS or name.startswith("sd_") else 1.0
    if name not in ("between", "interaction"):
        return per_gradient
    if bend:
        return BEND_SHARE * per_gradient
    if moderation == "log":
        span = (MOST_DEPRIVED - LEAST_DEPRIVED) / STATED_UNIT
        return per_gradient * span / math.log(MOST_DEPRIVED / LEAST_DEPRIVED)
    return per_gradient * steps
