"""Which claims survive, averaged over forms, and what explains the interaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from bayesgrad.auditing.forms import MODERATED
from bayesgrad.auditing.result import FittedForm, OutcomeAudit
from bayesgrad.auditing.weights import Floats
from bayesgrad.estimands.frame import from_rows
from bayesgrad.estimands.summaries import tails

type Standing = Literal["survives", "does not survive", "cannot tell"]

SURVIVES = 0.95
"""Probability from which a claim survives."""
DOES_NOT = 0.20
"""Probability up to which a claim does not survive."""
EXPLAINS = 0.70
"""Probability from which one explanation is named."""
FEWEST_AUTHORITIES = 50
"""Authorities below which forms are not told apart: which one is likelier then turns on a handful
of authorities and on priors."""

CLAIMS = {"slope": "interaction", "level": "contextual", "slope per sd": "interaction_per_sd"}
"""Quantity that is below zero where the claim holds."""

CANNOT_TELL: Standing = "cannot tell"
CURVE, NOTHING = "a common curve", "no interaction"

COLUMNS = ("outcome", "kind", "name", "estimate", "lower", "upper", "probability", "verdict")


@dataclass(frozen=True)
class Claim:
    """One claim, averaged over forms.

    Attributes
    ----------
    name : str
        Key of `CLAIMS`.
    mean, lower, upper : float
        Of its quantity, over the mixture of all forms.
    probability : float
        That the quantity is below zero.
    standing : str
    """

    name: str
    mean: float
    lower: float
    upper: float
    probability: float
    standing: Standing


@dataclass(frozen=True)
class Verdict:
    """What the audit of one outcome says.

    Attributes
    ----------
    claims : tuple of Claim
    explanations : dict of str to float
        Probability of each explanation, the likeliest first.
    explanation : str
        The one that is named, or ``cannot tell``.
    left : dict of str to float
        Share of the interaction left beside a curve, each moderator, and all of them: the ratio of
        posterior means with and without.
    apparent : tuple of float
        The interaction without curve and moderators, and the probability that it is below zero.
    few : bool
        Whether authorities are too few to tell.
    """

    claims: tuple[Claim, ...]
    explanations: dict[str, float]
    explanation: str
    left: dict[str, float]
    apparent: tuple[float, float]
    few: bool


def verdict_of(one: OutcomeAudit, *, level: float = 0.95) -> Verdict:
    """Judge one outcome.

    A claim survives where its probability, averaged over forms by their weights, is at least
    `SURVIVES`, and does not at `DOES_NOT` or less. In a form without interaction the claim of the
    slope is false. An explanation is named where its probability is at least `EXPLAINS`; it is
    what carries most of the interaction, so the claim of the slope may be open beside it. Nothing
    but ``cannot tell`` is said with fewer than `FEWEST_AUTHORITIES` authorities, nor where no form
    has a weight.
    """
    few = one.authorities < FEWEST_AUTHORITIES or not one.weights.sum() > 0
    explanations = explanations_of(one)
    likeliest = next(iter(explanations), CANNOT_TELL)
    named = not few and explanations.get(likeliest, 0.0) >= EXPLAINS
    return Verdict(
        claims=tuple(_claim(one, name, few=few, level=level) for name in CLAIMS),
        explanations=explanations,
        explanation=likeliest if named else CANNOT_TELL,
        left=shares_left(one),
        apparent=_apparent(one),
        few=few,
    )


def _claim(one: OutcomeAudit, name: str, *, few: bool, level: float) -> Claim:
    fitted = [
        (form.quantities.draws[CLAIMS[name]], weight)
        for form, weight in zip(one.forms, one.weights, strict=True)
        if form.quantities is not None and weight > 0
    ]
    if not fitted:
        return Claim(name, np.nan, np.nan, np.nan, np.nan, CANNOT_TELL)
    draws = np.concatenate([values for values, _ in fitted])
    weight = np.concatenate([np.full(len(v), w / len(v)) for v, w in fitted])
    weight = weight / weight.sum()
    probability = float(weight[draws < 0].sum())
    lower, upper = weighted_quantiles(draws, weight, tails(level))
    standing: Standing = CANNOT_TELL
    if not few and probability >= SURVIVES:
        standing = "survives"
    elif not few and probability <= DOES_NOT:
        standing = "does not survive"
    return Claim(name, float(weight @ draws), lower, upper, probability, standing)


def weighted_quantiles(
    values: Floats, weight: Floats, probabilities: Sequence[float]
) -> tuple[float, ...]:
    """Smallest values at which the cumulative weight reaches each probability."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weight[order])
    places = np.searchsorted(reached, np.array(probabilities) * reached[-1])
    return tuple(float(values[order[min(place, len(order) - 1)]]) for place in places)


def explanations_of(one: OutcomeAudit) -> dict[str, float]:
    """Probability of each explanation, the likeliest first, ties by name."""
    apparent, below = _apparent(one)
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


def shares_left(one: OutcomeAudit) -> dict[str, float]:
    """Share of the interaction left beside a curve, each set of moderators, and all together.

    Under the likeliest form of moderation.
    """
    form_weights = {
        shape: sum(
            weight
            for fitted, weight in zip(one.forms, one.weights, strict=True)
            if fitted.form.moderation == shape
        )
        for shape in MODERATED
    }
    shape = max(MODERATED, key=lambda name: form_weights[name])
    means = {
        (fitted.form.curvature, fitted.form.moderators): float(
            fitted.quantities.draws["interaction"].mean()
        )
        for fitted in one.forms
        if fitted.form.moderation == shape and fitted.quantities is not None
    }
    base = means.get(("none", ()), np.nan)
    return {
        _beside(curvature, moderators): mean / base
        for (curvature, moderators), mean in means.items()
        if curvature != "none" or moderators
    }


def _beside(curvature: str, moderators: tuple[str, ...]) -> str:
    return " + ".join(([] if curvature == "none" else ["curve"]) + list(moderators))


def _apparent(one: OutcomeAudit) -> tuple[float, float]:
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


def verdict_table(outcomes: Sequence[OutcomeAudit], *, level: float = 0.95) -> pd.DataFrame:
    """Verdicts as a table: kinds ``claim``, ``explanation``, ``named`` and ``share left``.

    Of a claim, `estimate`, `lower` and `upper` are of its quantity and `probability` is that it
    is below zero, all averaged over forms; of an explanation, `probability`; of a share left,
    `estimate`. The row ``named`` has the explanation that the verdict names.
    """
    rows: list[dict[str, Any]] = []
    for one in outcomes:
        verdict = verdict_of(one, level=level)
        for claim in verdict.claims:
            rows.append(
                {
                    "outcome": one.outcome,
                    "kind": "claim",
                    "name": claim.name,
                    "estimate": claim.mean,
                    "lower": claim.lower,
                    "upper": claim.upper,
                    "probability": claim.probability,
                    "verdict": claim.standing,
                }
            )
        named = {"outcome": one.outcome, "kind": "named", "name": "explanation"}
        rows.append({**named, "verdict": verdict.explanation})
        for name, probability in verdict.explanations.items():
            of = {"outcome": one.outcome, "kind": "explanation", "name": name}
            rows.append({**of, "probability": probability, "verdict": ""})
        for name, share in verdict.left.items():
            of = {"outcome": one.outcome, "kind": "share left", "name": name}
            rows.append({**of, "estimate": share, "verdict": ""})
    return from_rows(rows, columns=COLUMNS)
