"""Which claims survive, averaged over forms, and what explains the interaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from bayesgrad.auditing.explanations import (
    SURVIVES,
    apparent_interaction,
    explanations_of,
    shares_left,
)
from bayesgrad.auditing.mixture import Estimate, bayes_factor, mixture
from bayesgrad.auditing.result import OutcomeAudit

type Standing = Literal["survives", "does not survive", "cannot tell"]

STRONG = 10.0
"""Bayes factor for a claim from which it survives, and against it from which it does not."""
EXPLAINS = 0.70
"""Probability from which one explanation is named."""
FEWEST_AUTHORITIES = 50
"""Authorities below which forms are not told apart: which one is likelier then turns on a handful
of authorities and on priors."""

CLAIMS = {"slope": "interaction", "level": "contextual", "slope per sd": "interaction_per_sd"}
"""Quantity that is below zero where the claim holds."""

CANNOT_TELL: Standing = "cannot tell"


@dataclass(frozen=True)
class Claim:
    """One claim, averaged over forms.

    Attributes
    ----------
    name : str
        Key of `CLAIMS`.
    mean, lower, upper : float
        Of its quantity, over the mixture of all forms.
    probability, prior : float
        That the quantity is below zero, with the data and before them.
    bayes_factor : float
        Odds with the data over odds before them: above 1 the data speak for the claim.
    standing : str
    """

    name: str
    mean: float
    lower: float
    upper: float
    probability: float
    prior: float
    bayes_factor: float
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
    contrast : Estimate
        Of ``interaction_contrast``, over the mixture of all forms.
    left : dict of str to Estimate
        Share of the interaction left beside a curve, each moderator, and all of them: the
        interaction with these over its posterior mean without. Empty where without them there is
        none that is clear.
    apparent : tuple of float
        The interaction without curve and moderators, and the probability that it is below zero.
    few : bool
        Whether authorities are too few to tell.
    """

    claims: tuple[Claim, ...]
    explanations: dict[str, float]
    explanation: str
    contrast: Estimate
    left: dict[str, Estimate]
    apparent: tuple[float, float]
    few: bool


def verdict_of(one: OutcomeAudit, *, level: float = 0.95) -> Verdict:
    """Judge one outcome.

    A claim survives where its probability, averaged over forms by their weights, is at least
    `SURVIVES` and its Bayes factor at least `STRONG`; it does not where the Bayes factor against it
    is at least `STRONG`; else it cannot be told. In a form without interaction the claim of the
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
        contrast=mixture(one, "interaction_contrast", level=level),
        left=shares_left(one, level=level),
        apparent=apparent_interaction(one),
        few=few,
    )


def _claim(one: OutcomeAudit, name: str, *, few: bool, level: float) -> Claim:
    quantity = CLAIMS[name]
    found = mixture(one, quantity, level=level)
    weighed = [
        (form.quantities.prior[quantity], weight)
        for form, weight in zip(one.forms, one.prior, strict=True)
        if form.quantities is not None
    ]
    total = sum(weight for _, weight in weighed)
    prior = sum(chance * weight for chance, weight in weighed) / total if total else np.nan
    factor = bayes_factor(found.below, prior)
    standing: Standing = CANNOT_TELL
    if not few and found.below >= SURVIVES and factor >= STRONG:
        standing = "survives"
    elif not few and factor <= 1 / STRONG:
        standing = "does not survive"
    return Claim(name, found.mean, found.lower, found.upper, found.below, prior, factor, standing)
