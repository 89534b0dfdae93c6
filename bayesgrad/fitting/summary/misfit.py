"""What a summary says of checks of fit that say the model is wrong: what is, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from bayesgrad.estimands import predictive as checks
from bayesgrad.estimands.predictive import misfits, p_value_words

if TYPE_CHECKING:
    from bayesgrad.fitting.gradient_fit import GradientFit

CLAIMED = 0.95
"""Probability of a sign from which moderation is taken as claimed."""

NO_REMEDY = "the package has no term for this yet"
BY_CHECK = {
    checks.AUTHORITIES_CHECK: (
        "more authorities lie outside their intervals than of a normal distribution of levels "
        "({observed:.0f} for {expected:.0f})",
        "look for errors in their exposures and counts, or for a moderator that tells them apart "
        "([authority] moderators)",
    ),
    "authority_levels": (
        "authorities' levels are not normally distributed",
        "look for errors in their exposures and counts; if they are right, for a moderator that "
        "tells groups of authorities apart ([authority] moderators)",
    ),
    "authority_gradients": (
        "authorities' gradients are not normally distributed",
        "look for errors in their counts and deprivation; if they are right, for a moderator that "
        "tells groups of authorities apart ([authority] moderators)",
    ),
    "dispersion_by_deprivation": (
        "counts vary {more} in deprived areas than the model says",
        f"{NO_REMEDY}: intervals are too narrow where counts vary more",
    ),
    "dispersion_by_exposure": (
        "counts vary {more} in areas of large exposure than the model says",
        f"{NO_REMEDY}: intervals are too narrow where counts vary more; look at the exposures",
    ),
    "dispersion_by_authority": (
        "counts vary more in some authorities than in others",
        "look for errors in their counts, such as counts of other areas; if they are right, "
        f"{NO_REMEDY}: intervals of authorities that vary more are too narrow",
    ),
    "rows_of_one_area": (
        "rows of one area are more alike than the model says (correlation of what is left "
        "{observed:.2f}): areas keep a difference of their own",
        f"{NO_REMEDY}: intervals are too narrow; compare a fit to counts summed over each area",
    ),
    "outcomes_of_one_area": (
        "outcomes of one area are more alike than the model says (correlation of what is left "
        "{observed:.2f})",
        f"{NO_REMEDY}: intervals of comparisons between outcomes are not right",
    ),
    "areas_beyond": (
        "{observed:.0f} counts are all but impossible under the model",
        "look for errors in counts and exposures of areas there; if they are right, fit without "
        "them and compare",
    ),
}
LOOK_FOR_AREAS = "look for areas that report nothing, or are counted twice, and at the other checks"


def misfit(fit: GradientFit) -> list[str]:
    """Checks of fit that found something, in words, and the claim that depends on it."""
    found = misfits(fit.draws)
    if found.empty:
        return []
    lines = ["THE MODEL DOES NOT DESCRIBE THE DATA in what follows; see the table predictive"]
    for _, row in found.iterrows():
        what, do = _words(fit, row)
        of = f"{row['outcome']}: " if len(fit.spec.outcomes) > 1 else ""
        where = f" ({row['where']})" if row["where"] else ""
        lines += [f"  {of}{what}{where}", f"    {do}"]
    return lines + _claims(fit, found)


def misfit_in_short(fit: GradientFit) -> str:
    """One line that names the checks, for the end of a run; empty where all is well."""
    names = list(dict.fromkeys(misfits(fit.draws)["check"]))
    return f"the model does not describe the data: {', '.join(names)}" if names else ""


def _words(fit: GradientFit, row: pd.Series) -> tuple[str, str]:
    """What is wrong, and what to do."""
    check, more = str(row["check"]), row["observed"] > row["expected"]
    if check in BY_CHECK:
        what, do = BY_CHECK[check]
        told = {"observed": row["observed"], "expected": row["expected"]}
        return what.format(more="more" if more else "less", **told), do
    if check == checks.DEPRIVATION_CHECK:
        return _of_deprivation(fit, row)
    outcome = next(one for one in fit.spec.outcomes if one.column == row["outcome"])
    wider = {"poisson": "negative_binomial", "binomial": "beta_binomial"}
    family = wider.get(fit.spec.family_of(outcome))
    if not more:
        do = f"{NO_REMEDY}: intervals may be too wide; look at the other checks first"
    else:
        do = f'fit with family = "{family}"' if family else LOOK_FOR_AREAS
    if check == checks.ZEROS_CHECK:
        share = f"{row['observed']:.1%} for {row['expected']:.1%}"
        number = "more" if more else "fewer"
        return f"{number} areas without events than the model says ({share})", do
    if check == checks.VARIANCE_CHECK:
        ratio = f"variance to mean {row['observed']:.3g} for {row['expected']:.3g}"
        return f"counts vary {'more' if more else 'less'} than the model says ({ratio})", do
    return (
        f"the model does not describe the counts of {row['outcome']}: their PIT values are not "
        f"uniform ({p_value_words(row['prob'])})",
        f'fit with family = "{family}"' if family else LOOK_FOR_AREAS,
    )


def _of_deprivation(fit: GradientFit, row: pd.Series) -> tuple[str, str]:
    curve = fit.spec.gradient.curvature
    shape = "a straight line" if curve == "none" else f"the common curve ({curve})"
    what = (
        f"{shape} does not describe how events change with deprivation: {row['observed']:.0f} of "
        f"20 twentieths lie outside, {row['expected']:.0f} expected"
    )
    if curve == "spline":
        return what, f"{NO_REMEDY}: look at the other checks, and at errors in deprivation"
    return what, 'fit with [gradient] curvature = "spline"'


def _claims(fit: GradientFit, found: pd.DataFrame) -> list[str]:
    """Lines on claims of moderation that a misfit in deprivation may have made."""
    bent = found.loc[found["check"] == checks.DEPRIVATION_CHECK, "outcome"]
    if bent.empty or fit.spec.authority.moderation == "none":
        return []
    rows = fit.interaction()
    rows = rows[(rows["moderator"] == "deprivation") & rows["outcome"].isin(bent)]
    chance = rows["prob_negative"]
    claimed = rows[(chance > CLAIMED) | (chance < 1.0 - CLAIMED)]
    several = len(fit.spec.outcomes) > 1
    of = {name: f" of {name}" if several else "" for name in dict.fromkeys(claimed["outcome"])}
    return [
        f"  the interaction with authority deprivation{words} may come from the wrong shape of the "
        "curve over deprivation: do not report it unless a fit with another [gradient] curvature, "
        "and bayesgrad audit, bear it out"
        for words in of.values()
    ]
