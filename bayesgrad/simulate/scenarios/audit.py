"""Four worlds for the audit of the cross-level interaction: what makes it is known in each.

In each of them affluent authorities look steeper, and a column of authorities, the turnover of
social workers, is there to be rejected, or found.
"""

from dataclasses import replace

from bayesgrad.simulate.findings import national
from bayesgrad.simulate.scenario_settings import (
    ENGLAND,
    AuthorityModerator,
    ScenarioSettings,
)
from bayesgrad.simulate.scenarios.places import ASSUMED_EFFECTS, PUBLISHED_INTERACTION, REFERRED

MATCHING_SLOPE = -0.2765 * 0.10 / ENGLAND.mean_deprivation
"""Of a straight line as steep at the mean authority deprivation as the published log moderation."""

BETWEEN_LINEAR = ENGLAND.true_between * 0.10 / ENGLAND.mean_deprivation

TURNOVER = AuthorityModerator(
    name="turnover", level=0.0, gradient=0.0, mean=0.16, sd=0.05, correlation=0.3, decimals=3
)

IRRELEVANT = (
    "Turnover of social workers is made up, correlated with authority deprivation (0.3 on its log "
    "scale), and changes nothing."
)

AT_MEAN = national(2, "referrals", "gradient of referrals", published="1.62")

SPREAD = (
    "The spread of authority gradients given their deprivation is 0.06: with the sampling error of "
    "an authority's own gradient, 0.05, that makes the 0.08 between gradients estimated one by one."
)

OUTCOME = replace(REFERRED, sd_slope=0.06)

AUDIT_LOG = ScenarioSettings(
    name="audit-log",
    about="For the audit: the gradient changes with the log of authority deprivation.",
    outcomes=(OUTCOME,),
    authority_moderators=(TURNOVER,),
    shipped="audit",
    findings=(AT_MEAN, PUBLISHED_INTERACTION),
    assumptions=(IRRELEVANT, SPREAD, ASSUMED_EFFECTS),
)

AUDIT_LINEAR = ScenarioSettings(
    name="audit-linear",
    about="For the audit: the gradient changes in a straight line with authority deprivation.",
    outcomes=(replace(OUTCOME, interaction=MATCHING_SLOPE, between=BETWEEN_LINEAR),),
    authority_moderators=(TURNOVER,),
    moderation="linear",
    shipped="audit",
    findings=(AT_MEAN,),
    assumptions=(
        "The change of the log gradient per unit is assumed: that of the published log moderation "
        "at the mean authority deprivation.",
        IRRELEVANT,
        SPREAD,
        ASSUMED_EFFECTS,
    ),
)

AUDIT_CURVE = ScenarioSettings(
    name="audit-curve",
    about=(
        "For the audit: authority deprivation does not change the gradient; a concave curve "
        "common to all areas does, and makes affluent authorities look steeper."
    ),
    outcomes=(replace(OUTCOME, interaction=0.0, curve=-0.36),),
    authority_moderators=(TURNOVER,),
    shipped="audit",
    findings=(AT_MEAN,),
    assumptions=(
        "The curve is assumed. Its gradient is 2.13 at a neighbourhood deprivation of 0.037, 1.62 "
        "at 0.137 and 1.39 at 0.237: about the published contrasts, but by the deprivation of the "
        "neighbourhood. A fit without curvature takes it for an interaction.",
        IRRELEVANT,
        SPREAD,
        ASSUMED_EFFECTS,
    ),
)

AUDIT_CONFOUNDED = ScenarioSettings(
    name="audit-confounded",
    about=(
        "For the audit: authority deprivation does not change the gradient; the turnover of "
        "social workers does, and is higher in deprived authorities."
    ),
    outcomes=(replace(OUTCOME, interaction=0.0, sd_slope=0.04),),
    authority_moderators=(replace(TURNOVER, gradient=-0.11, correlation=0.9),),
    shipped="audit",
    findings=(AT_MEAN,),
    assumptions=(
        "Turnover of social workers is made up, correlated with authority deprivation (0.9 on its "
        "log scale). What it does to the gradient (-0.11 per standard deviation) is assumed, so "
        "that a fit without it finds about the published interaction; so is the spread of "
        "gradients that turnover leaves (0.04), which is 0.06 where it is left out.",
        ASSUMED_EFFECTS,
    ),
)
