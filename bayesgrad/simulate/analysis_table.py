"""Analysis table of a scenario: what a study would be given."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bayesgrad.simulate.draws import ScenarioDraws
from bayesgrad.simulate.geography import Integers
from bayesgrad.simulate.labels import area_codes, authority_codes, authority_names
from bayesgrad.simulate.population import Population
from bayesgrad.simulate.scenario_settings import SYMBOL, ScenarioSettings


def analysis_table(
    settings: ScenarioSettings, population: Population, draws: ScenarioDraws
) -> pd.DataFrame:
    """Table of a row per area, or per area and stratum.

    Columns: area, authority, authority_name; the larger neighbourhood and the stratum, where
    there are any; the exposure (children, cases or time_at_risk); income_score (a proportion);
    the authority's, where the spec names it; moderators; and one column of counts for each
    outcome.
    """
    geography = population.geography
    strata = len(settings.all_strata)
    area = np.repeat(np.arange(len(geography.authority)), strata)
    authority = geography.authority[area]
    codes, names = authority_codes(len(geography.sizes)), authority_names(len(geography.sizes))
    table = pd.DataFrame(
        {
            "area": pd.Series(area_codes(geography), dtype="str").take(area).array,
            "authority": pd.Series(codes, dtype="str").take(authority).array,
            "authority_name": pd.Series(names, dtype="str").take(authority).array,
        }
    )
    if settings.areas_per_neighbourhood:
        place = geography.neighbourhoods(settings.areas_per_neighbourhood)[area]
        table["neighbourhood"] = pd.Series(place).map("N{:05d}".format).to_numpy()
    if settings.strata is not None:
        labels = pd.Series([stratum.name for stratum in settings.all_strata], dtype="str")
        of_row = np.tile(np.arange(strata), len(geography.authority))
        table[settings.strata.column] = labels.take(of_row).array
    table[_exposure_column(settings)] = draws.exposure.ravel()
    table["income_score"] = geography.income_score[area]
    if settings.authority_deprivation:
        table[settings.authority_deprivation] = geography.deprivation[authority]
    for i, moderator in enumerate(settings.authority_moderators):
        table[moderator.name] = population.authority_moderators[authority, i]
    for i, area_moderator in enumerate(settings.area_moderators):
        values = population.area_moderators[area, i]
        table[area_moderator.name] = values.astype(np.int64)
    for outcome, count in zip(settings.outcomes, draws.count, strict=True):
        table[outcome.column] = _published(count.ravel(), suppressed=settings.suppressed)
    return table


def _published(count: Integers, *, suppressed: tuple[int, int] | None) -> pd.Series:
    """Counts as the table has them: within the bounds, if there are any, a symbol."""
    counts = pd.Series(count)
    if suppressed is None:
        return counts
    return counts.astype("str").mask(counts.between(*suppressed), SYMBOL)


def _exposure_column(settings: ScenarioSettings) -> str:
    if settings.durations is not None:
        return settings.durations.exposure
    return settings.cases.column if settings.cases is not None else "children"
