"""Referrals in several years."""

from bayesgrad.simulate.findings import stratum
from bayesgrad.simulate.scenario_settings import ScenarioSettings, TrueStrata, TrueStratum
from bayesgrad.simulate.scenarios.places import ASSUMED_EFFECTS, REFERRED

COURSE = {
    2014: (0.92, 1.56),
    2015: (0.95, 1.57),
    2016: (0.98, 1.59),
    2017: (1.01, 1.60),
    2018: (1.03, 1.61),
    2019: (1.04, 1.62),
    2020: (0.91, 1.60),
    2021: (1.04, 1.66),
    2022: (1.07, 1.68),
    2023: (1.05, 1.71),
}
"""Rate relative to other years, and gradient, of each year."""

YEARS = ScenarioSettings(
    name="years",
    about="Referrals by area in ten years.",
    outcomes=(REFERRED,),
    strata=TrueStrata(
        column="year",
        divided=False,
        ordered=True,
        step_intercept=0.05,
        step_slope=0.015,
        strata=tuple(
            TrueStratum(name=str(year), ratio=ratio, gradient=gradient)
            for year, (ratio, gradient) in COURSE.items()
        ),
    ),
    findings=tuple(stratum(2, "referrals", str(year)) for year in (2014, 2019, 2020, 2023)),
    assumptions=(
        "No trend of the gradient is published: the rates and gradients by year, and by how much "
        "an authority's course departs from the nation's, are made up.",
        "The children of an area are the same in every year.",
        ASSUMED_EFFECTS,
    ),
)
