"""Referrals alone, and with moderators of areas and of authorities."""

import math
from dataclasses import replace

from bayesgrad.simulate.findings import contextual, interaction, national
from bayesgrad.simulate.scenario_settings import (
    ENGLAND,
    AreaModerator,
    AuthorityModerator,
    ScenarioSettings,
    TrueOutcome,
    TrueSpatial,
)

ASSUMED_EFFECTS = (
    "The spread of authority gradients, the correlation of an authority's intercept and slope, "
    "and the overdispersion of counts are not published."
)

REFERRED = TrueOutcome(column="referrals", rate=ENGLAND.rate)

PUBLISHED_INTERACTION = interaction(
    4,
    "referrals",
    "deprivation",
    "interaction: change of the log gradient with the log of authority deprivation",
    published="-0.2765",
    status="published",
)

REFERRALS = ScenarioSettings(
    name="referrals",
    about="Referrals by area.",
    outcomes=(REFERRED,),
    findings=(
        national(2, "referrals", "gradient of referrals", published="1.62"),
        national(
            4, "referrals", "gradient, authority 0.10 less deprived", shift=-0.1, published="2.33"
        ),
        national(
            4, "referrals", "gradient, authority 0.10 more deprived", shift=0.1, published="1.39"
        ),
        PUBLISHED_INTERACTION,
        contextual(
            5, "referrals", "between", "rate ratio between authorities, per unit", published="1.47"
        ),
        contextual(
            5,
            "referrals",
            "contextual",
            "rate ratio of authorities in equally deprived areas, per unit",
            published="0.906",
        ),
    ),
    assumptions=(ASSUMED_EFFECTS,),
)

RURAL = ScenarioSettings(
    name="rural",
    about="Referrals by area, steeper in rural areas.",
    outcomes=(REFERRED,),
    area_moderators=(
        AreaModerator(
            name="rural",
            level=-0.05,
            gradient=math.log(1.10),
            share=0.17,
            by_deprivation=-2.0,
            by_size=1.0,
        ),
    ),
    findings=(
        interaction(
            13,
            "referrals",
            "rural",
            "log of the gradient of rural areas over that of others",
            published="steeper",
        ),
        national(2, "referrals", "gradient of referrals", published="1.62"),
        PUBLISHED_INTERACTION,
    ),
    assumptions=(
        "How much steeper the gradient is in rural areas (a ratio of 1.10), and their rate (5% "
        "less), are assumed. Rural areas are 17% of all (of England's, by the classification of "
        "2011), commoner in larger and less deprived authorities by assumption.",
        ASSUMED_EFFECTS,
    ),
)

MODERATORS = ScenarioSettings(
    name="moderators",
    about="Referrals by area, with the spending and the turnover of authorities.",
    outcomes=(REFERRED,),
    authority_moderators=(
        AuthorityModerator(
            name="spending",
            level=0.03,
            gradient=-0.02,
            mean=820.0,
            sd=190.0,
            correlation=0.6,
            decimals=0,
        ),
        AuthorityModerator(
            name="turnover",
            level=0.02,
            gradient=0.015,
            mean=0.16,
            sd=0.05,
            correlation=0.3,
            decimals=3,
        ),
    ),
    findings=(
        interaction(
            14,
            "referrals",
            "spending",
            "change of the log gradient per sd of spending",
            published="small",
        ),
        interaction(
            14,
            "referrals",
            "turnover",
            "change of the log gradient per sd of turnover",
            published="small",
        ),
        interaction(
            15,
            "referrals",
            "deprivation",
            "interaction with authority deprivation, beside the moderators",
            published="-0.2765",
            status="published",
        ),
        interaction(
            15,
            "referrals",
            "deprivation",
            "the same without the moderators",
            published="not confounded",
            fit="without moderators",
        ),
    ),
    assumptions=(
        "Spending (per child) and turnover of social workers are made up: their means, spreads, "
        "effects, and correlations with authority deprivation (0.6 and 0.3 on its log scale).",
        ASSUMED_EFFECTS,
    ),
)

NEIGHBOURHOODS = ScenarioSettings(
    name="neighbourhoods",
    about="Referrals by area, with larger neighbourhoods between areas and authorities.",
    outcomes=(replace(REFERRED, sd_neighbourhood=0.15),),
    areas_per_neighbourhood=5,
    findings=(
        national(2, "referrals", "gradient of referrals", published="1.62"),
        PUBLISHED_INTERACTION,
    ),
    assumptions=(
        "Neighbourhoods of five areas, as many as an MSOA of England has, differ by a standard "
        "deviation of 0.15 on the log scale: not published, and assumed. They have areas of all "
        "levels of deprivation.",
        ASSUMED_EFFECTS,
    ),
)

SPATIAL = ScenarioSettings(
    name="spatial",
    about="Referrals by area, in authorities whose neighbours are alike.",
    outcomes=(REFERRED,),
    spatial=TrueSpatial(phi_intercept=0.6, phi_slope=0.6),
    findings=(
        national(2, "referrals", "gradient of referrals", published="1.62"),
        PUBLISHED_INTERACTION,
    ),
    assumptions=(
        "Who is whose neighbour is made up: authorities lie row by row on a square grid. The share "
        "of the variance of levels, and of gradients, that neighbours have in common (0.6 each) is "
        "assumed. Deprivation of authorities does not follow the grid.",
        ASSUMED_EFFECTS,
    ),
)
