"""Scenarios of the synthetic England: one for each of the study's analyses, as declared truth."""

from bayesgrad.simulate.scenarios.cases import DURATION, FACTORS, PLAN_CATEGORIES, RE_REFERRAL
from bayesgrad.simulate.scenarios.children import AGE, ETHNICITY, SEX
from bayesgrad.simulate.scenarios.panels import YEARS
from bayesgrad.simulate.scenarios.places import MODERATORS, REFERRALS, RURAL, SPATIAL
from bayesgrad.simulate.scenarios.stages import STAGES, THRESHOLDS

SCENARIOS = {
    settings.name: settings
    for settings in (
        REFERRALS,
        THRESHOLDS,
        STAGES,
        AGE,
        SEX,
        ETHNICITY,
        FACTORS,
        PLAN_CATEGORIES,
        RE_REFERRAL,
        DURATION,
        RURAL,
        MODERATORS,
        YEARS,
        SPATIAL,
    )
}
"""Settings of each scenario by its name."""

__all__ = ["SCENARIOS"]
