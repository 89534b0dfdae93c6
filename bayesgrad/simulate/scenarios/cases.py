"""What follows a referral: assessed factors, categories of plan, re-referral, duration."""

import math

from bayesgrad.simulate.findings import Finding, contextual, contrast, interaction, stratum
from bayesgrad.simulate.scenario_settings import (
    CHILDREN_PER_AREA,
    ENGLAND,
    Durations,
    ScenarioSettings,
    TrueOutcome,
    TrueStrata,
    TrueStratum,
    between,
)
from bayesgrad.simulate.scenarios.places import ASSUMED_EFFECTS, REFERRED

CHILDREN = ENGLAND.areas * CHILDREN_PER_AREA

FACTOR_COUNTS = {
    "domestic abuse": (159_970, 1.66),
    "mental health of a parent": (135_330, 1.62),
    "emotional abuse": (105_070, 1.64),
    "neglect": (89_730, 1.84),
    "drug misuse of a parent": (64_620, 1.78),
    "physical disability": (23_580, 1.47),
    "self-harm": (22_470, 1.50),
    "child sexual exploitation": (18_720, 1.58),
    "trafficking": (2_490, 1.60),
    "faith-linked abuse": (1_950, 1.70),
}
"""Assessments that found each factor (England, 2018-19), and its gradient."""

CATEGORY_COUNTS = {
    "emotional": (18_460, 1.72),
    "multiple": (2_070, 1.80),
    "neglect": (25_330, 1.98),
    "physical": (4_170, 1.70),
    "sexual": (2_230, 1.62),
}
"""Plans of 31 March 2019 by initial category (England), and their gradients."""


def _strata(column: str, counts: dict[str, tuple[int, float]]) -> TrueStrata:
    """Strata that share the area's children, in proportion to their counts, in order of name."""
    strata = (
        TrueStratum(name=name, ratio=float(count), gradient=gradient)
        for name, (count, gradient) in sorted(counts.items())
    )
    return TrueStrata(column=column, divided=False, strata=tuple(strata))


def _gradients(
    outcome: str, counts: dict[str, tuple[int, float]], published: dict[str, str]
) -> tuple[Finding, ...]:
    order = [*published, *(name for name in counts if name not in published)]
    return tuple(stratum(10, outcome, name, published=published.get(name, "")) for name in order)


FACTORS = ScenarioSettings(
    name="factors",
    about="Assessments by area and assessed factor.",
    outcomes=(
        TrueOutcome(
            column="assessments",
            rate=sum(count for count, _ in FACTOR_COUNTS.values())
            / (len(FACTOR_COUNTS) * CHILDREN),
            alpha=6.0,
        ),
    ),
    strata=_strata("factor", FACTOR_COUNTS),
    findings=(
        *_gradients(
            "assessments", FACTOR_COUNTS, {"neglect": "1.84", "physical disability": "1.47"}
        ),
        contrast(
            10,
            "assessments",
            "neglect",
            "physical disability",
            published="neglect 1.84, physical disability 1.47",
        ),
    ),
    assumptions=(
        "The gradients of all factors but neglect and physical disability are assumed. How many "
        "assessments found each factor is England's of 2018-19. Factors of an area are drawn "
        "independently, given its authority.",
        ASSUMED_EFFECTS,
    ),
)

PLAN_CATEGORIES = ScenarioSettings(
    name="plan-categories",
    about="Child protection plans by area and category.",
    outcomes=(
        TrueOutcome(
            column="plan_starts",
            rate=66_680 / (len(CATEGORY_COUNTS) * CHILDREN),
            between=between(1.57),
            alpha=3.0,
        ),
    ),
    strata=_strata("category", CATEGORY_COUNTS),
    findings=(
        *_gradients("plan_starts", CATEGORY_COUNTS, {"neglect": "1.98", "sexual": "1.62"}),
        contrast(
            10, "plan_starts", "neglect", "sexual", published="neglect 1.98, sexual abuse 1.62"
        ),
    ),
    assumptions=(
        "The gradients of plans for emotional and physical abuse and of several categories are "
        "assumed. The plans that start are shared out as those of 31 March 2019 were.",
        ASSUMED_EFFECTS,
    ),
)

RE_REFERRAL = ScenarioSettings(
    name="re-referral",
    about="Re-referrals out of referrals.",
    outcomes=(
        TrueOutcome(
            column="re_referrals",
            rate=147_150 / 650_930,
            slope=math.log(1.08),
            interaction=-0.10,
            between=between(1.05),
            sd_intercept=0.30,
            sd_slope=0.05,
            family="beta_binomial",
            link="logit",
            alpha=15.0,
        ),
    ),
    cases=REFERRED,
    authority_deprivation="authority_income_score",
    findings=(
        Finding(
            row=11,
            what="odds ratio of re-referral per unit of deprivation",
            table="national",
            key=(("outcome", "re_referrals"), ("deprivation_shift", 0.0)),
            published="higher in deprived areas",
            status="published sign, assumed size",
        ),
        interaction(
            11,
            "re_referrals",
            "deprivation",
            "change of the log odds ratio with the log of authority deprivation",
            published="of affluent authorities",
        ),
    ),
    assumptions=(
        "That re-referral is higher in deprived areas of affluent authorities is published, its "
        "size (an odds ratio of 1.08, an interaction of -0.10) assumed, as are the differences "
        "between authorities and the overdispersion. The rate of 22.6% is England's of 2018-19.",
    ),
)

DURATION = ScenarioSettings(
    name="duration",
    about="Time from the opening of an episode to its closure.",
    outcomes=(
        TrueOutcome(
            column="closed",
            rate=math.nan,
            slope=math.log(0.95),
            interaction=0.0,
            between=between(1.15),
            sd_intercept=0.20,
            sd_slope=0.04,
            family="poisson",
            alpha=None,
        ),
    ),
    cases=TrueOutcome(column="episodes", rate=12 / CHILDREN_PER_AREA),
    durations=Durations(years=4.0, breaks=(90.0, 180.0, 365.0, 730.0), exposure="time_at_risk"),
    strata=TrueStrata(
        column="interval",
        divided=False,
        ordered=True,
        strata=(
            TrueStratum(name="0-90", ratio=2.2),
            TrueStratum(name="90-180", ratio=1.6),
            TrueStratum(name="180-365", ratio=1.2),
            TrueStratum(name="365-730", ratio=0.9),
            TrueStratum(name="730+", ratio=0.6),
        ),
    ),
    authority_deprivation="authority_income_score",
    findings=(
        contextual(
            12,
            "closed",
            "within",
            "hazard ratio of closure per unit of deprivation",
            published="longer in deprived areas",
            status="published sign, assumed size",
        ),
        contextual(
            12,
            "closed",
            "between",
            "hazard ratio between authorities, per unit",
            published="longer in affluent authorities",
            status="published sign, assumed size",
        ),
    ),
    assumptions=(
        "That episodes last longer in deprived areas and in affluent authorities is published, "
        "the size (hazard ratios of 0.95 and 1.15) assumed, as are the hazards of the intervals "
        "and the spread between authorities. Episodes open evenly over four years, about 12 an "
        "area, and are followed to the last day.",
    ),
)
