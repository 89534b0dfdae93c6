"""A fit in words: one text, shown as it is or inside HTML."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bayesgrad.data.listing import counted
from bayesgrad.errors import FitError
from bayesgrad.estimands import table
from bayesgrad.estimands.layout import outcome_title, ratio_of
from bayesgrad.estimands.predictive import PIT_CHECK, SMALLEST_PIT_P_VALUE, p_value_words
from bayesgrad.estimands.scores import AUTHORITY_SCORE
from bayesgrad.estimands.strata_effects import (
    MEAN_OVER_STRATA,
    has_strata,
    mean_over_strata,
    strata_names,
)
from bayesgrad.estimands.suppressed import has_suppressed
from bayesgrad.fitting.standing_words import standing_words
from bayesgrad.fitting.summary_years import years_in_words

if TYPE_CHECKING:
    from bayesgrad.fitting.gradient_fit import GradientFit

BEYOND = 0.95
"""Probability from which a contrast of strata is surely beyond the region of equivalence."""

ENGINES = {"nuts": "NUTS", "laplace": "nested Laplace"}
REMEDIES = {
    "nuts": "run longer (more draws), or with a higher [sampling] target_accept",
    "laplace": 'fit with [sampling] engine = "nuts"',
}


def summary_text(fit: GradientFit) -> str:
    """Summary of a fit in some 15 lines: what was fitted, what was found, whether to trust it."""
    if fit.spec.prior_pack is not None:
        findings = standing_words(fit.draws)
    else:
        findings = _one_outcome(fit) if len(fit.spec.outcomes) == 1 else _several_outcomes(fit)
    return "\n".join(
        [
            fit.spec.title,
            *_indented(_what(fit)),
            "",
            *_indented(findings),
            *_indented(_strata(fit)),
            *_indented(_neighbourhoods(fit)),
            *_indented(_spatial(fit)),
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
    spec, posterior = fit.spec, fit.draws["posterior"]
    if len(spec.outcomes) == 1:
        families = spec.family_of(spec.outcomes[0]).replace("_", " ")
    else:
        families = f"{len(spec.outcomes)} outcomes"
    return [
        *_counts(fit),
        f"{families}, {spec.authority.moderation} moderation, {spec.gradient.centre} centring; "
        f"deprivation: {spec.columns.deprivation} ({spec.columns.vintage})",
        f"{posterior.sizes['chain']} chains of {posterior.sizes['draw']:,} draws by "
        f"{ENGINES[fit.provenance['engine']]}, seed {fit.provenance['seed']}; intervals hold 95%",
    ]


def _counts(fit: GradientFit) -> list[str]:
    """Events and areas of each outcome, with its family where there are several."""
    authorities = fit.draws["authorities"].to_dataset()
    strata = strata_names(authorities)
    kind = "years" if fit.spec.years is not None else "strata"
    of_strata = f" in {len(strata)} {kind}" if has_strata(authorities) else ""
    count = counted(authorities.sizes["authority"], "authority", "authorities")
    places = f" of {count}{of_strata}"
    # An area counts once, however many strata it has rows in.
    areas = authorities["areas"].max("stratum").sum("authority").values
    events = authorities["events"].sum(("authority", "stratum")).values
    several = len(fit.spec.outcomes) > 1
    lines = []
    for s, outcome in enumerate(fit.spec.outcomes):
        family = f" ({fit.spec.family_of(outcome).replace('_', ' ')})" if several else ""
        where = f"{int(areas[s]):,} areas{places}"
        lines.append(f"{outcome.title}{family}: {int(events[s]):,} events in {where}")
    return [*lines, *_suppressed(fit)]


def _suppressed(fit: GradientFit) -> list[str]:
    """Suppressed counts of each outcome: how many, where most, and what the fit implies."""
    if not has_suppressed(fit.draws):
        return []
    counts, areas = fit.table("suppressed"), fit.draws["authorities"]["areas"].sum("stratum")
    lines = []
    for outcome in fit.spec.outcomes:
        own = counts[counts["outcome"] == outcome.column]
        if own.empty:
            continue
        total = own.iloc[0]
        cells = own.iloc[1:].groupby("authority")["cells"].sum()
        of = areas.sel(outcome=outcome.column).to_series()
        most = str((cells / of).idxmax())
        lines.append(
            f"{total['cells']:,} counts of {outcome.title} are suppressed, in {len(cells):,} "
            f"authorities (most in {most}, {cells[most]:,} of {int(of[most]):,}): between "
            f"{total['least']:,} and {total['most']:,} events; implied {total['implied']:,.0f} "
            f"({total['lower']:,.0f} to {total['upper']:,.0f})"
        )
    return lines


def _one_outcome(fit: GradientFit) -> list[str]:
    return [*_national(fit), *_authorities(fit), *_interaction(fit), *_contextual(fit)]


def _several_outcomes(fit: GradientFit) -> list[str]:
    """One line for each outcome, and whether gradients rise from each to the next."""
    whole = mean_over_strata(fit.draws)
    national = table(whole, "national").query("deprivation_shift == 0")
    gradients = table(whole, "gradients").groupby("outcome")
    lowest, highest = gradients["gradient"].min(), gradients["gradient"].max()
    lines = [f"national gradients per +{fit.spec.gradient.unit:g} of deprivation{_averaged(fit)}:"]
    for outcome in fit.spec.outcomes:
        name = outcome.column
        row = national[national["outcome"] == name].iloc[0]
        found = f"{ratio_of(fit.draws, name)} {row['gradient']:.2f} ({_interval(row)})"
        stage = f" out of {outcome_title(fit.draws, outcome.out_of)}" if outcome.out_of else ""
        lines.append(
            f"  {outcome.title}{stage}: {found}; "
            f"authorities {lowest[name]:.2f} to {highest[name]:.2f} (medians)"
        )
    return [*lines, *_thresholds(fit), *_interactions(fit)]


def _averaged(fit: GradientFit) -> str:
    if fit.spec.years is not None:
        return ", mean over years"
    strata = has_strata(fit.draws["authorities"].to_dataset())
    return f", {MEAN_OVER_STRATA}" if strata else ""


def _thresholds(fit: GradientFit) -> list[str]:
    try:
        rows = fit.thresholds()
    except FitError:
        # Gradients that are not ratios of one kind do not rise or fall from one to another.
        return []
    chance = rows["prob_rises"].iloc[-1]
    return [f"P(the gradient rises at every threshold) = {chance:.3f}"]


def _interactions(fit: GradientFit) -> list[str]:
    """Probabilities that the coefficient of authority deprivation is negative, by outcome."""
    rows = fit.interaction()
    rows = rows[(rows["moderator"] == "deprivation") & rows["form"].isin(["log", "linear"])]
    chances = [f"{row['outcome']} {row['prob_negative']:.3f}" for row in rows.to_dict("records")]
    return [f"P(interaction with deprivation below 0): {', '.join(chances)}"] if chances else []


def _spatial(fit: GradientFit) -> list[str]:
    """How much of the spread of authorities their neighbours share, by outcome."""
    if fit.spec.spatial is None:
        return []
    rows = fit.parameters().set_index("parameter")
    lines = []
    for outcome in fit.spec.outcomes:
        several = len(fit.spec.outcomes) > 1
        suffix, of_outcome = (
            (f"[{outcome.column}]", f" of {outcome.title}") if several else ("", "")
        )
        shares = [
            f"of {what} {row['mean']:.2f} ({_interval(row)})"
            for kind, what in (("slope", "gradients"), ("intercept", "levels"))
            for row in [rows.loc[[f"phi_{kind}{suffix}"]].iloc[0]]
        ]
        lines.append(
            f"share of the variance that neighbours share{of_outcome}: {', '.join(shares)}"
        )
    return lines


def _strata(fit: GradientFit) -> list[str]:
    """The largest contrast of each outcome, and how many are beyond the region; or the years."""
    if fit.spec.years is not None:
        return years_in_words(fit)
    if "stratum_slope" not in fit.draws["posterior"]:
        return []
    contrasts = fit.contrasts()
    lines = []
    for outcome in fit.spec.outcomes:
        rows = contrasts[contrasts["outcome"] == outcome.column]
        row = rows.loc[np.log(rows["ratio"]).abs().idxmax()]
        beyond = int((rows["prob_beyond"] >= BEYOND).sum())
        of_outcome = f" ({outcome.title})" if len(fit.spec.outcomes) > 1 else ""
        region = f"{row['region_lower']:.2f} to {row['region_upper']:.2f}"
        lines.append(
            f"strata{of_outcome}: largest contrast {_steeper_over_other(row)}; "
            f"{beyond} of {len(rows)} pairs surely beyond {region}"
        )
    return lines


def _neighbourhoods(fit: GradientFit) -> list[str]:
    """How much the neighbourhoods of an authority differ."""
    column = fit.spec.columns.neighbourhood
    if column is None:
        return []
    several = len(fit.spec.outcomes) > 1
    lines = []
    for _, row in fit.heterogeneity().iterrows():
        of_outcome = f" in {row['outcome']}" if several else ""
        ratio = _interval(row, "neighbourhood_rate_ratio")
        lines.append(
            f"neighbourhoods ({column}) of an authority{of_outcome}: median rate ratio "
            f"{row['neighbourhood_rate_ratio']:.2f} ({ratio}), "
            f"{row['neighbourhood_vpc']:.0%} of the variance of counts"
        )
    return lines


def _steeper_over_other(row: pd.Series) -> str:
    """Words for a contrast, the steeper stratum first."""
    names, ratios = (row["stratum_a"], row["stratum_b"]), (row["ratio"], row["lower"], row["upper"])
    if ratios[0] < 1:
        names, ratios = names[::-1], (1 / ratios[0], 1 / ratios[2], 1 / ratios[1])
    ratio, lower, upper = ratios
    return f"{names[0]} over {names[1]} {ratio:.2f} ({lower:.2f} to {upper:.2f})"


def _national(fit: GradientFit) -> list[str]:
    national = table(mean_over_strata(fit.draws), "national").set_index("deprivation_shift")
    middle = national.loc[[0.0]].iloc[0]
    ratio = ratio_of(fit.draws, fit.spec.outcomes[0].column)
    kind = "" if ratio == "rate ratio" else f" ({ratio})"
    lines = [
        f"national gradient{kind} per +{fit.spec.gradient.unit:g} of deprivation"
        f"{_averaged(fit)}: {middle['gradient']:.2f} ({_interval(middle)})"
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
    gradients = table(mean_over_strata(fit.draws), "gradients")
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
    logit = fit.spec.link_of(fit.spec.outcomes[0]) == "logit"
    scale = "log-odds" if logit else "log"
    return [
        f"contextual effect (between less within, {scale} scale): {row['contextual_mean']:.3f} "
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
        f"leave-one-authority-out score (elpd): {row['elpd']:,.1f} over "
        f"{counted(int(row['terms']), 'authority', 'authorities')}{doubt}"
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
