"""The text of a summary, shown as it is or inside HTML."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from bayesgrad.fitting.summary.fitted import what_was_fitted
from bayesgrad.fitting.summary.gradients import gradients_of_one, gradients_of_several
from bayesgrad.fitting.summary.misfit import misfit
from bayesgrad.fitting.summary.priors import priors_that_decide
from bayesgrad.fitting.summary.spread import neighbourhoods, neighbours, strata
from bayesgrad.fitting.summary.standing import standing_words
from bayesgrad.fitting.summary.trust import diagnostics, scores

if TYPE_CHECKING:
    from bayesgrad.fitting.gradient_fit import GradientFit


def summary_text(fit: GradientFit) -> str:
    """Summary of a fit in some 15 lines: what was fitted, what was found, whether to trust it."""
    if fit.spec.prior_pack is not None:
        findings = standing_words(fit.draws)
    elif len(fit.spec.outcomes) == 1:
        findings = gradients_of_one(fit)
    else:
        findings = gradients_of_several(fit)
    return "\n".join(
        [
            fit.spec.title,
            *_indented(what_was_fitted(fit)),
            "",
            *_indented(findings),
            *_indented(strata(fit)),
            *_indented(neighbourhoods(fit)),
            *_indented(neighbours(fit)),
            "",
            *_indented(scores(fit)),
            *_indented(misfit(fit)),
            *_indented(priors_that_decide(fit)),
            *_indented(diagnostics(fit)),
        ]
    )


def summary_html(fit: GradientFit) -> str:
    """The same text for a notebook, escaped."""
    return f"<pre>{html.escape(summary_text(fit))}</pre>"


def _indented(lines: list[str]) -> list[str]:
    return [f"  {line}" for line in lines]
