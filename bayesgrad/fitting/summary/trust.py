"""What a summary says of whether to trust the fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bayesgrad.data.listing import counted
from bayesgrad.estimands.predictive import PIT_CHECK, SMALLEST_PIT_P_VALUE, p_value_words
from bayesgrad.estimands.scores import AUTHORITY_SCORE
from bayesgrad.fitting.summary.remedies import remedies, runs_in_words, told_apart

if TYPE_CHECKING:
    import pandas as pd

    from bayesgrad.fitting.gradient_fit import GradientFit


def scores(fit: GradientFit) -> list[str]:
    """Total score of unseen authorities; nothing for a fit without, of an earlier version."""
    if "scores" not in fit.draws.children:
        return []
    table = fit.scores()
    row = table[(table["score"] == AUTHORITY_SCORE) & (table["authority"] == "")].iloc[0]
    doubt = f"; unreliable for {row['unreliable']}" if row["unreliable"] else ""
    return [
        f"leave-one-authority-out score (elpd): {row['elpd']:,.1f} over "
        f"{counted(int(row['terms']), 'authority', 'authorities')}{doubt}"
    ]


def misfit(fit: GradientFit) -> list[str]:
    """Predictive checks that look bad: of the model, not of the sampler."""
    if "predictive" not in fit.draws.children:
        return []
    checks = fit.predictive()
    bad = checks[(checks["check"] == PIT_CHECK) & (checks["prob"] < SMALLEST_PIT_P_VALUE)]
    return [
        f"the model does not describe the counts of {row['outcome']}: their PIT values are not "
        f"uniform ({p_value_words(row['prob'])}); see the table predictive"
        for _, row in bad.iterrows()
    ]


def diagnostics(fit: GradientFit) -> list[str]:
    """Whether the diagnostics passed, after what; if not, which failed and what to do."""
    done = runs_in_words(fit.provenance.get("runs", ()))
    if fit.passed:
        return ["diagnostics: passed", *(f"  {line}" for line in done)]
    checks = fit.diagnostics()
    failed = checks[~checks["passed"]]
    return [
        "DIAGNOSTICS FAILED: do not rely on this fit; ranks are withheld",
        *(f"  {_failure(row)}" for _, row in failed.iterrows()),
        *(f"  {line}" for line in done),
        *(f"  {line}" for line in _remedies(fit, failed["check"].tolist())),
    ]


def _remedies(fit: GradientFit, failed: list[str]) -> list[str]:
    return remedies(fit.provenance["engine"], failed, fit.provenance.get("runs", ()))


def _failure(row: pd.Series) -> str:
    value, threshold = told_apart(float(row["value"]), float(row["threshold"]))
    least = row["check"].startswith("min_")
    of = f" (of {row['quantity']})" if row["quantity"] else ""
    limit = f"no {'less' if least else 'more'} than {threshold}"
    return f"{row['check']} is {value}{of}; it should be {limit}"
