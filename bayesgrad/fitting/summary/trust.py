"""What a summary says of whether to trust the fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bayesgrad.data.listing import counted
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
