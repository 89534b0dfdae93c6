"""What a summary says of gradients, of the nation and of authorities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bayesgrad.errors import FitError
from bayesgrad.estimands import table
from bayesgrad.estimands.layout import outcome_title, ratio_of
from bayesgrad.estimands.strata_effects import mean_over_strata
from bayesgrad.fitting.summary.intervals import averaged, interval

if TYPE_CHECKING:
    from bayesgrad.fitting.gradient_fit import GradientFit


def gradients_of_one(fit: GradientFit) -> list[str]:
    """The national gradient, authorities, the interaction and the contextual effect."""
    return [*_national(fit), *_authorities(fit), *_interaction(fit), *_contextual(fit)]


def gradients_of_several(fit: GradientFit) -> list[str]:
    """One line for each outcome, and whether gradients rise from each to the next."""
    whole = mean_over_strata(fit.draws)
    national = table(whole, "national").query("deprivation_shift == 0")
    gradients = table(whole, "gradients").groupby("outcome")
    lowest, highest = gradients["gradient"].min(), gradients["gradient"].max()
    lines = [f"national gradients per +{fit.spec.gradient.unit:g} of deprivation{averaged(fit)}:"]
    for outcome in fit.spec.outcomes:
        name = outcome.column
        row = national[national["outcome"] == name].iloc[0]
        found = f"{ratio_of(fit.draws, name)} {row['gradient']:.2f} ({interval(row)})"
        stage = f" out of {outcome_title(fit.draws, outcome.out_of)}" if outcome.out_of else ""
        lines.append(
            f"  {outcome.title}{stage}: {found}; "
            f"authorities {lowest[name]:.2f} to {highest[name]:.2f} (medians)"
        )
    return [*lines, *_thresholds(fit), *_interactions(fit)]


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


def _national(fit: GradientFit) -> list[str]:
    national = table(mean_over_strata(fit.draws), "national").set_index("deprivation_shift")
    middle = national.loc[[0.0]].iloc[0]
    ratio = ratio_of(fit.draws, fit.spec.outcomes[0].column)
    kind = "" if ratio == "rate ratio" else f" ({ratio})"
    lines = [
        f"national gradient{kind} per +{fit.spec.gradient.unit:g} of deprivation"
        f"{averaged(fit)}: {middle['gradient']:.2f} ({interval(middle)})"
    ]
    if fit.spec.authority.moderation == "none":
        return lines
    for shift, row in national.drop(index=0.0).iterrows():
        beyond = ", beyond the authorities observed" if row["extrapolated"] else ""
        known = row.notna()["gradient"]
        value = f"{row['gradient']:.2f} ({interval(row)}{beyond})" if known else "not defined"
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
        f"({interval(row, digits=3)}), P(below 0) = {row['prob_negative']:.3f}"
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
        f"({interval(row, 'contextual', 3)}), P(below 0) = {row['prob_contextual_negative']:.3f}"
    ]
