"""What carries the interaction: moderation, a common curve, or a further moderator."""

from __future__ import annotations

import numpy as np

from bayesgrad.auditing.forms import MODERATED
from bayesgrad.auditing.mixture import Estimate
from bayesgrad.auditing.result import FittedForm, OutcomeAudit
from bayesgrad.auditing.weights import Floats
from bayesgrad.estimands.pairs import told_apart
from bayesgrad.estimands.summaries import tails

SURVIVES = 0.95
"""Probability from which a claim survives, if its Bayes factor says so too, and from which an
interaction is clear enough to be explained."""
CURVE, NOTHING = "a common curve", "no interaction"


def explanations_of(one: OutcomeAudit) -> dict[str, float]:
    """Probability of each explanation, the likeliest first, ties by name; empty without weights."""
    if not one.weights.sum() > 0:
        return {}
    apparent, below = apparent_interaction(one)
    found: dict[str, float] = {}
    for fitted, weight in zip(one.forms, one.weights, strict=True):
        if fitted.quantities is None:
            continue
        name = explanation_of(fitted, apparent=apparent if below >= SURVIVES else np.nan)
        found[name] = found.get(name, 0.0) + float(weight)
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def explanation_of(fitted: FittedForm, *, apparent: float) -> str:
    """Say what carries the largest part of the apparent interaction if this form is true.

    The parts are the form's own interaction, what each of its further moderators adds to the
    interaction of a form without them, and the rest, all over the apparent interaction. The rest is
    the common curve's, where the form has one; without a curve and without moderation it is a part
    that nothing explains.

    Parameters
    ----------
    fitted : FittedForm
    apparent : float
        Interaction without curve and moderators; NaN where there is none clearly below zero, so
        that there are no parts of it.
    """
    form = fitted.form
    other = form.moderation == "spline"
    shape = "moderation of another shape" if other else f"{form.moderation} moderation"
    if not np.isfinite(apparent) or fitted.quantities is None:
        return shape if form.moderated else NOTHING
    draws = fitted.quantities.draws
    parts = {
        f"the moderator {name}": float(draws[f"carried {name}"].mean()) / apparent
        for name in form.moderators
        if f"carried {name}" in draws
    }
    if form.moderated:
        parts[shape] = float(draws["interaction"].mean()) / apparent
    rest = 1.0 - sum(parts.values())
    if form.curvature != "none":
        parts[CURVE] = rest
    elif not form.moderated:
        parts[NOTHING] = rest
    return max(parts, key=lambda name: parts[name])


def shares_left(one: OutcomeAudit, *, level: float = 0.95) -> dict[str, Estimate]:
    """Share of the interaction left beside a curve, each set of moderators, and all together.

    Under the likeliest form of moderation: draws of the interaction with these over its posterior
    mean without. Empty where without them there is no clear interaction to have a share of.
    """
    weights = np.nan_to_num(one.weights)
    of_shape = {
        shape: sum(
            float(weight)
            for fitted, weight in zip(one.forms, weights, strict=True)
            if fitted.form.moderation == shape
        )
        for shape in MODERATED
    }
    shape = max(MODERATED, key=lambda name: of_shape[name])
    draws = {
        (fitted.form.curvature, fitted.form.moderators): fitted.quantities.draws["interaction"]
        for fitted in one.forms
        if fitted.form.moderation == shape and fitted.quantities is not None
    }
    base = draws.get(("none", ()))
    if base is None or not told_apart((base < 0).mean(), sure=SURVIVES):
        return {}
    return {
        _beside(curvature, moderators): _estimate(values / base.mean(), level=level)
        for (curvature, moderators), values in draws.items()
        if curvature != "none" or moderators
    }


def _estimate(draws: Floats, *, level: float) -> Estimate:
    lower, upper = np.quantile(draws, tails(level))
    return Estimate(float(draws.mean()), float(lower), float(upper), float((draws < 0).mean()))


def _beside(curvature: str, moderators: tuple[str, ...]) -> str:
    return " + ".join(([] if curvature == "none" else ["curve"]) + list(moderators))


def apparent_interaction(one: OutcomeAudit) -> tuple[float, float]:
    """Interaction without curve and moderators, and the probability that it is below zero."""
    base = _reference(one)
    if base is None or base.quantities is None:
        return np.nan, np.nan
    draws = base.quantities.draws["interaction"]
    return float(draws.mean()), float((draws < 0).mean())


def _reference(one: OutcomeAudit) -> FittedForm | None:
    """Log moderation without curve and moderators, or the first form of moderation fitted."""
    plain = {
        fitted.form.moderation: fitted
        for fitted in one.forms
        if fitted.form.curvature == "none"
        and not fitted.form.moderators
        and fitted.quantities is not None
    }
    return next((plain[shape] for shape in MODERATED if shape in plain), None)
