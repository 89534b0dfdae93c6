"""A fit in words: one text, shown as it is or inside HTML."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import pandas as pd

from bayesgrad.estimands.predictive import PIT_CHECK, SMALLEST_PIT_P_VALUE, p_value_words
from bayesgrad.estimands.scores import AUTHORITY_SCORE

if TYPE_CHECKING:
    from bayesgrad.fitting.gradient_fit import GradientFit

ENGINES = {"nuts": "NUTS", "laplace": "nested Laplace"}
REMEDIES = {
    "nuts": "run longer (more draws), or with a higher [sampling] target_accept",
    "laplace": 'fit with [sampling] engine = "nuts"',
}


def summary_text(fit: GradientFit) -> str:
    """Summary of a fit in some 15 lines: what was fitted, what was found, whether to trust it."""
    return "\n".join(
        [
            fit.spec.title,
            *_indented(_what(fit)),
            "",
            *_indented(_national(fit)),
            *_indented(_authorities(fit)),
            *_indented(_interaction(fit)),
            *_indented(_contextual(fit)),
            "",
            *_indented(_scores(fit)),
            *_indented(_misfit(fit)),
            *_indented(_diagnostics(fit)),
        ]
    )


def summary_html(fit: GradientFit) -> str:
    """The same text for a notebook, escaped."""
    return f"<pre>{html.escape(summary_text(fit))}</pre>"


def _indented(lines: list[str]) -> list[str]:
    return [f"  {line}" for line in lines]


def _interval(row: pd.Series, prefix: str = "", digits: int = 2) -> str:
    name = f"{prefix}_" if prefix else ""
    return f"{row[f'{name}lower']:.{digits}f} to {row[f'{name}upper']:.{digits}f}"


def _what(fit: GradientFit) -> list[str]:
    authorities = fit.draws["authorities"]
    posterior = fit.draws["posterior"]
    outcome = fit.spec.outcomes[0]
    family = fit.spec.likelihood.family.replace("_", " ")
    return [
        f"{outcome.title}: {int(authorities['events'].sum()):,} events in "
        f"{int(authorities['areas'].sum()):,} areas of "
        f"{posterior.sizes['authority']:,} authorities",
        f"{family}, {fit.spec.authority.moderation} moderation, "
        f"{fit.spec.gradient.centre} centring; deprivation: {fit.spec.columns.deprivation} "
        f"({fit.spec.columns.vintage})",
        f"{posterior.sizes['chain']} chains of {posterior.sizes['draw']:,} draws by "
        f"{ENGINES[fit.provenance['engine']]}, seed {fit.provenance['seed']}; intervals hold 95%",
    ]


def _national(fit: GradientFit) -> list[str]:
    national = fit.national().set_index("deprivation_shift")
    middle = national.loc[[0.0]].iloc[0]
    lines = [
        f"national gradient per +{fit.spec.gradient.unit:g} of deprivation: "
        f"{middle['gradient']:.2f} ({_interval(middle)})"
    ]
    if fit.spec.authority.moderation == "none":
        return lines
    for shift, row in national.drop(index=0.0).iterrows():
        beyond = ", beyond the authorities observed" if row["extrapolated"] else ""
        known = row.notna()["gradient"]
        value = f"{row['gradient']:.2f} ({_interval(row)}{beyond})" if known else "not defined"
        side = "less" if float(str(shift)) < 0 else "more"
        lines.append(f"  in an authority {abs(float(str(shift))):.2f} {side} deprived: {value}")
    return lines


def _authorities(fit: GradientFit) -> list[str]:
    gradients = fit.gradients()
    lowest, highest = gradients["gradient"].min(), gradients["gradient"].max()
    return [
        f"authorities' gradients: {lowest:.2f} to {highest:.2f} (medians); median reliability "
        f"{gradients['reliability'].median():.2f}"
    ]


def _interaction(fit: GradientFit) -> list[str]:
    return [
        f"interaction with {row['moderator']} ({row['form']}): {row['mean']:.3f} "
        f"({_interval(row, digits=3)}), P(below 0) = {row['prob_negative']:.3f}"
        for _, row in fit.interaction().iterrows()
    ]


def _contextual(fit: GradientFit) -> list[str]:
    if fit.spec.authority.moderation == "none":
        return []
    row = fit.contextual().iloc[0]
    return [
        f"contextual effect (between less within, log scale): {row['contextual_mean']:.3f} "
        f"({_interval(row, 'contextual', 3)}), P(below 0) = {row['prob_contextual_negative']:.3f}"
    ]


def _scores(fit: GradientFit) -> list[str]:
    """Total score of unseen authorities; nothing for a fit without, of an earlier version."""
    if "scores" not in fit.draws.children:
        return []
    scores = fit.scores()
    row = scores[(scores["score"] == AUTHORITY_SCORE) & (scores["authority"] == "")].iloc[0]
    doubt = f"; unreliable for {row['unreliable']}" if row["unreliable"] else ""
    return [
        f"leave-one-authority-out score (elpd): {row['elpd']:,.1f} over {row['terms']} "
        f"authorities{doubt}"
    ]


def _misfit(fit: GradientFit) -> list[str]:
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


def _diagnostics(fit: GradientFit) -> list[str]:
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
