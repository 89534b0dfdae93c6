"""Child protection plans whose small counts are suppressed."""

from dataclasses import replace

from bayesgrad.simulate.findings import interaction, national
from bayesgrad.simulate.scenario_settings import ScenarioSettings
from bayesgrad.simulate.scenarios.places import ASSUMED_EFFECTS
from bayesgrad.simulate.scenarios.stages import COUNTED

YEARS = 8
"""That counts are added up over."""

PLANS = next(outcome for outcome in COUNTED if outcome.column == "plan_starts")

SUPPRESSED = ScenarioSettings(
    name="suppressed",
    about=f"Child protection plans of {YEARS} years, counts of 1 to 5 suppressed.",
    outcomes=(replace(PLANS, rate=YEARS * PLANS.rate),),
    findings=(
        national(2, "plan_starts", "gradient of child protection plans"),
        interaction(
            4,
            "plan_starts",
            "deprivation",
            "interaction: change of the log gradient with the log of authority deprivation",
            published="below 0",
        ),
    ),
    assumptions=(
        f"Counts are of {YEARS} years, some sixteen an area, so that about a quarter is from 1 to "
        "5 and suppressed; of one year, with two an area, most would be. Zeros are published.",
        ASSUMED_EFFECTS,
    ),
    suppressed=(1, 5),
)
