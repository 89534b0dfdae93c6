"""Scenarios of the synthetic England: one for each of the study's analyses, as declared truth."""

from bayesgrad.simulate.scenarios.audit import (
    AUDIT_CONFOUNDED,
    AUDIT_CURVE,
    AUDIT_LINEAR,
    AUDIT_LOG,
)
from bayesgrad.simulate.scenarios.cases import DURATION, FACTORS, PLAN_CATEGORIES, RE_REFERRAL
from bayesgrad.simulate.scenarios.children import AGE, ETHNICITY, SEX
from bayesgrad.simulate.scenarios.panels import YEARS
from bayesgrad.simulate.scenarios.places import (
    MODERATORS,
    NEIGHBOURHOODS,
    REFERRALS,
    RURAL,
    SPATIAL,
)
from bayesgrad.simulate.scenarios.stages import STAGES, THRESHOLDS
from bayesgrad.simulate.scenarios.suppression import SUPPRESSED

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
        NEIGHBOURHOODS,
        SUPPRESSED,
        AUDIT_LOG,
        AUDIT_LINEAR,
        AUDIT_CURVE,
        AUDIT_CONFOUNDED,
        YEARS,
        SPATIAL,
    )
}
"""Settings of each scenario by its name."""

__all__ = ["SCENARIOS"]
