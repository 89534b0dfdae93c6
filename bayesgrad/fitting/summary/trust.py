"""What a summary says of whether to trust the fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bayesgrad.data.listing import counted
from bayesgrad.estimands.predictive import PIT_CHECK, SMALLEST_PIT_P_VALUE, p_value_words
from bayesgrad.estimands.scores import AUTHORITY_SCORE

if TYPE_CHECKING:
    from bayesgrad.fitting.gradient_fit import GradientFit

REMEDIES = {
    "nuts": "run longer (more draws), or with a higher [sampling] target_accept",
    "laplace": 'fit with [sampling] engine = "nuts"',
}


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
    """Whether the diagnostics passed; if not, which failed and what to do."""
    if fit.passed:
        return ["diagnostics: passed"]
    checks = fit.diagnostics()
    failed = checks[~checks["passed"]]
    return [
        "DIAGNOSTICS FAILED: do not rely on this fit; ranks are withheld",
        *(
            f"  {row['check']} is {row['value']:.4g}; it should be no "
            f"{'less' if row['check'].startswith('min_') else 'more'} than {row['threshold']:g}"
            for _, row in failed.iterrows()
        ),
        f"  {REMEDIES[fit.provenance['engine']]}",
    ]
