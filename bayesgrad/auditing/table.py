"""The tables of an audit: quantities under every form, and how forms compare."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from bayesgrad.auditing.result import FittedForm, OutcomeAudit
from bayesgrad.auditing.weights import Floats
from bayesgrad.estimands.frame import from_rows
from bayesgrad.estimands.summaries import tails
from bayesgrad.inference.diagnostics import LARGEST_K_HAT
from bayesgrad.predictive.scoring import standard_error

FORM = ("outcome", "moderation", "level", "curvature", "moderators")

QUANTITY_COLUMNS = (
    *FORM,
    "quantity",
    "deprivation_shift",
    "mean",
    "sd",
    "lower",
    "upper",
    "prob_negative",
    "extrapolated",
    "weight",
)

SCORE_COLUMNS = (
    *FORM,
    "engine",
    "passed",
    "note",
    "log_evidence",
    "evidence_error",
    "elpd",
    "difference",
    "se",
    "unreliable",
    "prior",
    "weight",
    "weight_by_scores",
)


def audit_table(outcomes: Sequence[OutcomeAudit], *, level: float = 0.95) -> pd.DataFrame:
    """One row per outcome x form x quantity; a form that could not be fitted has none.

    `moderation`, `level`, `curvature` and `moderators` (joined by " + ") say which form.
    `quantity` is one of those of `bayesgrad.auditing.claims`; ``gradient``, a ratio per unit, at
    `deprivation_shift` of authority deprivation from its mean, with `extrapolated` where no
    authority is so affluent, or deprived; or ``slope_variance_explained``, a posterior mean alone.
    `prob_negative` is the posterior probability, under that form, that the quantity is below zero;
    where the form has no interaction it is 0. `weight` is the form's.
    """
    rows = []
    for one in outcomes:
        for fitted, weight in zip(one.forms, one.weights, strict=True):
            for row in _quantities(fitted, level=level):
                rows.append({**form_columns(one, fitted), **row, "weight": weight})
    return from_rows(rows, columns=QUANTITY_COLUMNS)


def form_columns(one: OutcomeAudit, fitted: FittedForm) -> dict[str, str]:
    """Columns that say which outcome and form a row is of."""
    form = fitted.form
    values = (one.outcome, form.moderation, form.level, form.curvature, " + ".join(form.moderators))
    return dict(zip(FORM, values, strict=True))


def _quantities(fitted: FittedForm, *, level: float) -> Iterator[dict[str, Any]]:
    found = fitted.quantities
    if found is None:
        return
    nothing = {"deprivation_shift": np.nan, "extrapolated": False}
    for name, draws in found.draws.items():
        below = float((draws < 0).mean())
        yield {**nothing, "quantity": name, **summary(draws, level=level), "prob_negative": below}
    for shift, draws in found.gradients.items():
        yield {
            "quantity": "gradient",
            "deprivation_shift": shift,
            **summary(draws, level=level),
            "prob_negative": np.nan,
            "extrapolated": found.extrapolated[shift],
        }
    yield {**nothing, "quantity": "slope_variance_explained", "mean": found.explained}


def summary(draws: Floats, *, level: float) -> dict[str, float]:
    """Mean, sd and equal-tailed interval of draws."""
    lower, upper = np.quantile(draws, tails(level))
    return {
        "mean": float(draws.mean()),
        "sd": float(draws.std(ddof=1)),
        "lower": float(lower),
        "upper": float(upper),
    }


def scores_table(outcomes: Sequence[OutcomeAudit]) -> pd.DataFrame:
    """One row per outcome x form, all of them, the likeliest first.

    `log_evidence` is the log marginal likelihood, with its Monte Carlo error; `elpd` the
    leave-one-authority-out score, `difference` that less the best form's, and `se` the standard
    error of the difference over authorities; `unreliable` the number of authorities whose score
    cannot be relied on. `weight` is what the verdict averages by: prior weight times evidence, or,
    where a form has none, the same as `weight_by_scores` (pseudo-BMA+). `note` says which checks
    failed, why a form could not be fitted, or why NUTS took the place of Laplace.
    """
    rows = []
    for one in outcomes:
        total = one.elpd.sum(axis=1)
        best = int(np.nanargmax(total)) if np.isfinite(total).any() else 0
        order = sorted(range(len(one.forms)), key=lambda k: (-np.nan_to_num(one.weights[k]), k))
        for k in order:
            fitted = one.forms[k]
            apart = one.elpd[k] - one.elpd[best]
            rows.append(
                {
                    **form_columns(one, fitted),
                    "engine": fitted.engine,
                    "passed": fitted.passed,
                    "note": _note(fitted),
                    "log_evidence": fitted.log_evidence,
                    "evidence_error": fitted.evidence_error,
                    "elpd": total[k],
                    "difference": apart.sum(),
                    "se": standard_error(apart),
                    "unreliable": _unreliable(fitted),
                    "prior": one.prior[k],
                    "weight": one.weights[k],
                    "weight_by_scores": one.weights_by_scores[k],
                }
            )
    return from_rows(rows, columns=SCORE_COLUMNS)


def _note(fitted: FittedForm) -> str:
    if fitted.reason:
        return f"not fitted: {fitted.reason}"
    parts = [f"failed: {fitted.failed}"] if fitted.failed else []
    if fitted.instead_of:
        parts.append(f"by NUTS, as Laplace was refused: {fitted.instead_of}")
    return "; ".join(parts)


def _unreliable(fitted: FittedForm) -> float:
    if fitted.scores is None:
        return float("nan")
    return float((~(fitted.scores["authority_k_hat"] <= LARGEST_K_HAT)).sum())
