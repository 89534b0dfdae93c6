"""The verdict of an audit in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bayesgrad.auditing.result import OutcomeAudit
from bayesgrad.auditing.verdict import (
    CANNOT_TELL,
    CURVE,
    DOES_NOT,
    EXPLAINS,
    FEWEST_AUTHORITIES,
    NOTHING,
    SURVIVES,
    Claim,
    Verdict,
    verdict_of,
)

if TYPE_CHECKING:
    from bayesgrad.auditing.result import Audit

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
        f"A claim survives at a probability of {SURVIVES:g} or more and does not at {DOES_NOT:g} "
        "or less, averaged over all forms by their weights; an explanation is named at "
        f"{EXPLAINS:g} or more; with fewer than {FEWEST_AUTHORITIES} authorities the audit cannot "
        "tell. Before the data, that authority deprivation changes the gradient is as likely as "
        "not. Interactions are changes of the log gradient per +0.10 of authority deprivation, "
        "at its mean.",
    ]
    if spec.strata is not None:
        lines += ["", "Gradients are means over strata; forms change those of all strata alike."]
    return "\n".join(lines)


def _outcome(one: OutcomeAudit) -> list[str]:
    verdict = verdict_of(one)
    mean, below = verdict.apparent
    return [
        *_few(one),
        *(_claim(claim) for claim in verdict.claims),
        "",
        f"Without a curve and further moderators the interaction is {mean:.3f} "
        f"(P(below 0) = {below:.3f}). {_explanation(verdict)}",
        "",
        *(f"- {name}: {probability:.3f}" for name, probability in verdict.explanations.items()),
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


def _claim(claim: Claim) -> str:
    return (
        f"- **{claim.name}: {claim.standing}** ({CLAIM_WORDS[claim.name]}): probability "
        f"{claim.probability:.3f}; {claim.mean:.3f} ({claim.lower:.3f} to {claim.upper:.3f})"
    )


def _explanation(verdict: Verdict) -> str:
    named = verdict.explanation
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


def _left(verdict: Verdict) -> list[str]:
    if not verdict.left:
        return []
    shares = ", ".join(f"{100 * share:.0f}% beside {name}" for name, share in verdict.left.items())
    return ["", f"Of the interaction there is left: {shares}."]


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
