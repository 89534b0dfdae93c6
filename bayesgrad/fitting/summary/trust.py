"""What a summary says of whether to trust the fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bayesgrad.data.listing import counted
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
