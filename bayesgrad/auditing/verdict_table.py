"""Verdicts as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from bayesgrad.auditing.mixture import Estimate
from bayesgrad.auditing.result import OutcomeAudit
from bayesgrad.auditing.verdict import verdict_of
from bayesgrad.estimands.frame import from_rows

COLUMNS = (
    "outcome",
    "kind",
    "name",
    "estimate",
    "lower",
    "upper",
    "probability",
    "prior",
    "bayes_factor",
    "verdict",
)


def verdict_table(outcomes: Sequence[OutcomeAudit], *, level: float = 0.95) -> pd.DataFrame:
    """Make a table of verdicts, with kinds of rows.

    They are ``claim``, ``contrast``, ``named``, ``explanation`` and ``share left``.

    Of a claim, `estimate`, `lower` and `upper` are of its quantity and `probability` is that it
    is below zero, all averaged over forms, `prior` the same before the data and `bayes_factor` the
    odds of the one over those of the other; of the contrast the same without the last two; of an
    explanation, `probability`; of a share left, `estimate`, `lower` and `upper`. The row ``named``
    has the explanation that the verdict names.
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
                    "prior": claim.prior,
                    "bayes_factor": claim.bayes_factor,
                    "verdict": claim.standing,
                }
            )
        rows.append(
            {
                "outcome": one.outcome,
                "kind": "contrast",
                "name": "interaction_contrast",
                **_columns(verdict.contrast),
                "probability": verdict.contrast.below,
                "verdict": "",
            }
        )
        named = {"outcome": one.outcome, "kind": "named", "name": "explanation"}
        rows.append({**named, "verdict": verdict.explanation})
        for name, probability in verdict.explanations.items():
            of = {"outcome": one.outcome, "kind": "explanation", "name": name}
            rows.append({**of, "probability": probability, "verdict": ""})
        for name, share in verdict.left.items():
            of = {"outcome": one.outcome, "kind": "share left", "name": name}
            rows.append({**of, **_columns(share), "verdict": ""})
    return from_rows(rows, columns=COLUMNS)


def _columns(estimate: Estimate) -> dict[str, float]:
    return {"estimate": estimate.mean, "lower": estimate.lower, "upper": estimate.upper}
