"""Thresholds of intervention: counted side by side, and as stages out of the one before."""

import math
from itertools import pairwise

from bayesgrad.simulate.findings import (
    Finding,
    contextual,
    interaction,
    national,
    rises_at_every_threshold,
    transition,
)
from bayesgrad.simulate.scenario_settings import (
    CHILDREN_PER_AREA,
    ScenarioSettings,
    TrueOutcome,
    between,
)
from bayesgrad.simulate.scenarios.places import ASSUMED_EFFECTS, REFERRED

TOTALS = {"referrals": 650_930, "section_47": 201_170, "plan_starts": 66_680}
"""England, year to 31 March 2019."""

COUNTED = (
    REFERRED,
    TrueOutcome(
        column="assessments",
        rate=19.6 / CHILDREN_PER_AREA,
        slope=math.log(1.66),
    ),
    TrueOutcome(
        column="section_47",
        rate=6.1 / CHILDREN_PER_AREA,
        slope=math.log(1.73),
        between=between(1.68),
        sd_intercept=0.34,
        alpha=6.0,
    ),
    TrueOutcome(
        column="plan_starts",
        rate=2.0 / CHILDREN_PER_AREA,
        slope=math.log(1.80),
        between=between(1.57),
        sd_intercept=0.32,
        alpha=4.0,
    ),
    TrueOutcome(
        column="care_starts",
        rate=0.97 / CHILDREN_PER_AREA,
        slope=math.log(1.85),
        between=between(1.85),
        sd_intercept=0.28,
        alpha=3.0,
    ),
)


def _of_thresholds() -> tuple[Finding, ...]:
    published = {"referrals": "1.62", "plan_starts": "1.80"}
    columns = [outcome.column for outcome in COUNTED]
    gradients = [
        national(2, name, f"gradient of {name}", published=published.get(name, ""))
        for name in columns
    ]
    rises = [transition(2, one, other) for one, other in pairwise(columns)]
    interactions = [
        interaction(
            6,
            name,
            "deprivation",
            f"interaction with authority deprivation: {name}",
            published="-0.2765" if name == "referrals" else "significant",
            status="published" if name == "referrals" else "published sign, assumed size",
        )
        for name in columns
    ]
    between_ratios = [
        contextual(5, name, "between", f"rate ratio between authorities: {name}", published=ratio)
        for name, ratio in {"section_47": "1.68", "plan_starts": "1.57"}.items()
    ]
    return (*gradients, *rises, rises_at_every_threshold(2), *interactions, *between_ratios)


THRESHOLDS = ScenarioSettings(
    name="thresholds",
    about="Five thresholds of intervention, counted in every area.",
    outcomes=COUNTED,
    findings=_of_thresholds(),
    neighbours_intercept=(0.8, 0.7, 0.7, 0.6),
    neighbours_slope=(0.6, 0.6, 0.6, 0.6),
    assumptions=(
        "The gradients of assessments (1.66), section 47 enquiries (1.73) and care starts (1.85) "
        "are assumed, so that they rise at every threshold from the published 1.62 to 1.80 and on. "
        "The interaction of referrals is assumed of all. The differences between authorities are "
        "published; those of assessments are assumed to be as of referrals, and those of care "
        "starts as of children looked after.",
        "The correlations of authority effects across thresholds are assumed: 0.6 to 0.8 between "
        "the intercepts of successive ones, 0.6 between their slopes, less between those further "
        "apart.",
        ASSUMED_EFFECTS,
    ),
)

STAGED = (
    REFERRED,
    TrueOutcome(
        column="section_47",
        out_of="referrals",
        rate=TOTALS["section_47"] / TOTALS["referrals"],
        slope=math.log(1.73 / 1.62),
        interaction=0.0,
        between=between(1.68 / 1.47),
        sd_intercept=0.15,
        sd_slope=0.02,
        family="beta_binomial",
        alpha=30.0,
    ),
    TrueOutcome(
        column="plan_starts",
        out_of="section_47",
        rate=TOTALS["plan_starts"] / TOTALS["section_47"],
        slope=math.log(1.80 / 1.73),
        interaction=0.0,
        between=between(1.57 / 1.68),
        sd_intercept=0.15,
        sd_slope=0.02,
        family="beta_binomial",
        alpha=30.0,
    ),
)

STAGES = ScenarioSettings(
    name="stages",
    about="Referrals, section 47 enquiries out of them, and plans out of those.",
    outcomes=STAGED,
    findings=(
        national(2, "referrals", "gradient of referrals", published="1.62"),
        transition(2, "referrals", "section_47"),
        transition(2, "section_47", "plan_starts"),
        rises_at_every_threshold(2),
    ),
    neighbours_intercept=(-0.2, -0.2),
    neighbours_slope=(-0.2, -0.2),
    assumptions=(
        "The gradients of the two transitions are assumed (1.73/1.62 and 1.80/1.73): their product "
        "with that of referrals is the published 1.80 of plans. They are assumed not to change "
        "with authority deprivation. Their spread between authorities, its correlations and their "
        "overdispersion are assumed, small enough for every chance to stay below 1.",
        ASSUMED_EFFECTS,
    ),
)
