"""The verdict of an audit in plain words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bayesgrad.auditing.explanations import CURVE, NOTHING, SURVIVES
from bayesgrad.auditing.mixture import Estimate
from bayesgrad.auditing.result import OutcomeAudit
from bayesgrad.auditing.verdict import (
    CANNOT_TELL,
    EXPLAINS,
    FEWEST_AUTHORITIES,
    STRONG,
    Claim,
    Verdict,
    verdict_of,
)

if TYPE_CHECKING:
    from bayesgrad.auditing.result import Audit

LARGEST_FACTOR = 1000
"""Bayes factor that is shown as a number."""

CLAIM_WORDS = {
    "slope": "more affluent authorities have steeper gradients",
    "level": "in equally deprived neighbourhoods, more affluent authorities intervene more",
    "slope per sd": (
        "more affluent authorities have steeper gradients per standard deviation of deprivation "
        "within them"
    ),
}


def in_words(audit: Audit) -> str:
    """Verdict of every outcome, how it was reached and by which thresholds, as Markdown."""
    spec = audit.spec
    lines = [
        f"# Audit: {spec.title}",
        "",
        f"{audit.rows.authorities:,} authorities, {audit.rows.areas:,} areas; deprivation: "
        f"{spec.columns.deprivation} ({spec.columns.vintage}); intervals hold 95%.",
    ]
    for one in audit.outcomes:
        lines += ["", f"## {one.title}", "", *_outcome(one)]
    lines += [
        "",
        "## How to read this",
        "",
        f"A claim survives at a probability of {SURVIVES:g} or more, averaged over all forms by "
        f"their weights, and a Bayes factor of {STRONG:g} or more for it; it does not survive at "
        f"a Bayes factor of {STRONG:g} or more against it; else the audit cannot tell. The Bayes "
        "factor is the odds of the claim with the data over its odds before them. An explanation "
        f"is named at {EXPLAINS:g} or more; with fewer than {FEWEST_AUTHORITIES} authorities the "
        "audit cannot tell. Before the data, that authority deprivation changes the gradient is "
        "as likely as not, and in either direction alike unless the priors say otherwise. "
        "Interactions are changes of the log gradient per +0.10 of authority deprivation, at its "
        "mean; the difference beside the claim of the slope is between authorities 0.05 more and "
        "0.05 less deprived than the mean.",
    ]
    if spec.strata is not None:
        lines += ["", "Gradients are means over strata; forms change those of all strata alike."]
    return "\n".join(lines)


def _outcome(one: OutcomeAudit) -> list[str]:
    verdict = verdict_of(one)
    mean, below = verdict.apparent
    return [
        *_few(one),
        *(_claim(claim, verdict, by=one.weighed_by) for claim in verdict.claims),
        "",
        f"Without a curve and further moderators the interaction is {mean:.3f} "
        f"(P(below 0) = {below:.3f}). {_explanation(verdict)}",
        *_explanations(verdict),
        *_left(verdict),
        *_fits(one),
    ]


def _few(one: OutcomeAudit) -> list[str]:
    if one.authorities >= FEWEST_AUTHORITIES:
        return []
    return [
        f"{one.authorities} authorities are too few to tell forms apart; probabilities are given "
        "for what they are worth.",
        "",
    ]


def _claim(claim: Claim, verdict: Verdict, *, by: str) -> str:
    start = f"- **{claim.name}: {claim.standing}** ({CLAIM_WORDS[claim.name]})"
    if math.isnan(claim.probability):
        return f"{start}: forms could not be weighed"
    line = (
        f"{start}: probability {claim.probability:.3f}{_before(claim, by=by)}; {_interval(claim)}"
    )
    if claim.name != "slope":
        return line
    return (
        f"{line}; as a difference over 0.10 of authority deprivation {_interval(verdict.contrast)}"
    )


def _before(claim: Claim, *, by: str) -> str:
    """Say what the claim's probability was before the data, and how far these moved it."""
    if math.isnan(claim.bayes_factor):
        return ""
    speaks_for = claim.bayes_factor >= 1
    size = claim.bayes_factor if speaks_for else 1 / max(claim.bayes_factor, 1e-300)
    shown = f"over {LARGEST_FACTOR:,}" if size > LARGEST_FACTOR else f"{size:.3g}"
    what = "Bayes factor" if by == "evidence" else "by scores a factor of its odds of"
    side = "for" if speaks_for else "against"
    return f" ({claim.prior:.2f} before the data; {what} {shown} {side} it)"


def _interval(found: Claim | Estimate) -> str:
    return f"{found.mean:.3f} ({found.lower:.3f} to {found.upper:.3f})"


def _explanation(verdict: Verdict) -> str:
    named = verdict.explanation
    if not verdict.explanations:
        return "What explains it: **cannot tell**, since forms could not be weighed."
    if verdict.apparent[1] < SURVIVES:
        return "No interaction is clear enough to be explained. Probabilities:"
    if named == CANNOT_TELL:
        return "What explains it: **cannot tell**. Probabilities:"
    words = {
        CURVE: "the gradient flattens with a neighbourhood's own deprivation, in all authorities",
        NOTHING: "gradients do not change with authority deprivation",
    }
    if named.startswith("the moderator"):
        words[named] = "it carries most of the interaction that is seen without it"
    because = f" ({words[named]})" if named in words else ""
    return f"What explains it: **{named}**{because}. Probabilities:"


def _explanations(verdict: Verdict) -> list[str]:
    listed = [f"- {name}: {chance:.3f}" for name, chance in verdict.explanations.items()]
    return ["", *listed] if listed else []


def _left(verdict: Verdict) -> list[str]:
    if not verdict.left:
        return []
    shares = ", ".join(f"{_share(share)} beside {name}" for name, share in verdict.left.items())
    return ["", f"Of the interaction there is left: {shares}."]


def _share(share: Estimate) -> str:
    mean, lower, upper = (f"{100 * end:.0f}%" for end in share[:3])
    return f"{mean} ({lower} to {upper})"


def _fits(one: OutcomeAudit) -> list[str]:
    """How forms were fitted and weighed, and every one that was not fitted or failed."""
    fitted = [form for form in one.forms if not form.reason]
    by = {engine: sum(f.engine == engine for f in fitted) for engine in ("laplace", "nuts")}
    engines = " and ".join(
        f"{count} by {'nested Laplace' if engine == 'laplace' else 'NUTS'}"
        for engine, count in by.items()
        if count
    )
    weighed = {
        "evidence": "their evidence (marginal likelihood)",
        "scores": "their leave-one-authority-out scores (pseudo-BMA+), since not every form has "
        "its evidence",
        "nothing": "nothing, so that no claim is judged: not every form has its evidence, and "
        "leave-one-authority-out scores were not computed",
    }[one.weighed_by]
    lines = ["", f"{len(fitted)} forms fitted, {engines}; weighed by {weighed}."]
    lines += [f"- not fitted: {f.form.title}: {f.reason}" for f in one.forms if f.reason]
    lines += [f"- DIAGNOSTICS FAILED: {f.form.title}: {f.failed}" for f in fitted if f.failed]
    lines += [
        f"- by NUTS, as Laplace was refused: {f.form.title}: {f.instead_of}"
        for f in fitted
        if f.instead_of
    ]
    return lines
