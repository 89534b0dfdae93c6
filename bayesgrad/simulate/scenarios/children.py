"""Referrals of groups of children: year of age, sex, ethnicity."""

import math

import numpy as np

from bayesgrad.simulate.findings import contrast, stratum
from bayesgrad.simulate.scenario_settings import ScenarioSettings, TrueStrata, TrueStratum
from bayesgrad.simulate.scenarios.places import ASSUMED_EFFECTS, REFERRED

AGES = 18
STEEPEST, FLATTEST = 1.80, 1.45
RATES_BY_AGE = (
    *(2.0, 1.15, 1.05, 1.0, 1.0, 0.95, 0.95, 0.95, 0.95),
    *(0.95, 1.0, 1.05, 1.15, 1.25, 1.35, 1.4, 1.3, 1.0),
)

AGE = ScenarioSettings(
    name="age",
    about="Referrals by area and year of age.",
    outcomes=(REFERRED,),
    strata=TrueStrata(
        column="age",
        divided=True,
        ordered=True,
        strata=tuple(
            TrueStratum(
                name=str(age),
                ratio=ratio,
                gradient=math.exp(float(log_gradient)),
                share=1 / AGES,
                spread=0.12,
            )
            for age, (ratio, log_gradient) in enumerate(
                zip(
                    RATES_BY_AGE,
                    np.linspace(math.log(STEEPEST), math.log(FLATTEST), AGES),
                    strict=True,
                )
            )
        ),
    ),
    findings=(
        *(
            stratum(
                8,
                "referrals",
                str(age),
                published="steeper when younger",
                status="published sign, assumed size",
            )
            for age in (0, 6, 12, 17)
        ),
        contrast(
            8,
            "referrals",
            "0",
            "17",
            published="steeper when younger",
            status="published sign, assumed size",
        ),
    ),
    assumptions=(
        "The gradients by age fall evenly on the log scale from 1.80 to 1.45: published is that "
        "they fall, not how much. The rates by age, and the spread of the ages between areas, are "
        "assumed.",
        ASSUMED_EFFECTS,
    ),
)

SEX = ScenarioSettings(
    name="sex",
    about="Referrals by area and sex.",
    outcomes=(REFERRED,),
    strata=TrueStrata(
        column="sex",
        divided=True,
        strata=(
            TrueStratum(name="female", ratio=0.98, gradient=1.62, share=0.488),
            TrueStratum(name="male", ratio=1.02, gradient=1.62, share=0.512),
        ),
    ),
    findings=(
        contrast(7, "referrals", "female", "male", published="no difference"),
        stratum(7, "referrals", "female", published="1.62 of all children"),
        stratum(7, "referrals", "male", published="1.62 of all children"),
    ),
    assumptions=("The rates of girls and boys are assumed to be nearly equal.", ASSUMED_EFFECTS),
)

ETHNICITY = ScenarioSettings(
    name="ethnicity",
    about="Referrals by area and ethnicity.",
    outcomes=(REFERRED,),
    strata=TrueStrata(
        column="ethnicity",
        divided=True,
        strata=(
            TrueStratum(name="Asian", ratio=0.6, gradient=1.45, share=0.11, tilt=0.20, spread=1.0),
            TrueStratum(name="Black", ratio=1.2, gradient=1.27, share=0.05, tilt=0.35, spread=1.0),
            TrueStratum(name="Mixed", ratio=1.3, gradient=1.60, share=0.06, tilt=0.10, spread=0.5),
            TrueStratum(name="Other", ratio=0.9, gradient=1.50, share=0.02, tilt=0.30, spread=0.8),
            TrueStratum(name="White", ratio=1.0, gradient=1.91, share=0.76),
        ),
    ),
    findings=(
        stratum(9, "referrals", "White", published="1.91"),
        stratum(9, "referrals", "Black", published="1.27"),
        stratum(9, "referrals", "Asian"),
        stratum(9, "referrals", "Mixed"),
        stratum(9, "referrals", "Other"),
        contrast(9, "referrals", "Black", "White", published="White 1.91, Black 1.27"),
    ),
    assumptions=(
        "The gradients of Asian, Mixed and Other children, the rates of all, and the shares of "
        "children and how they vary with authority and deprivation are assumed.",
        ASSUMED_EFFECTS,
    ),
)
