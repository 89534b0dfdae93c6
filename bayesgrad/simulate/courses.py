"""True courses of authorities over the strata in which they walk at random, such as years."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from bayesgrad.estimands.trends import authority_trend, national_trend, with_nation
from bayesgrad.simulate.draws import ScenarioDraws
from bayesgrad.simulate.labels import authority_codes
from bayesgrad.simulate.population import Population
from bayesgrad.simulate.scenario_settings import ScenarioSettings


def true_deviations(
    settings: ScenarioSettings, population: Population, draws: ScenarioDraws
) -> xr.Dataset:
    """Deviations of authorities' strata from the nation's; empty where authorities do not walk.

    Returns
    -------
    Dataset
        Under the names and dimensions (authority, outcome, stratum) of a fit's posterior, on the
        scale of the link.
    """
    strata = settings.strata
    if strata is None or not strata.walks:
        return xr.Dataset()
    dims = ("authority", "outcome", "stratum")
    return xr.Dataset(
        {
            "authority_stratum_intercept": (dims, draws.stratum_intercept),
            "authority_stratum_slope": (dims, draws.stratum_slope),
        },
        coords={
            "authority": authority_codes(len(population.geography.sizes)),
            "outcome": [outcome.column for outcome in settings.outcomes],
            "stratum": [stratum.name for stratum in strata.strata],
        },
    )


def true_trends(parameters: xr.Dataset, deviations: xr.Dataset) -> pd.DataFrame:
    """Change a year of the gradient and of the rate; without rows where there are no deviations.

    Parameters
    ----------
    parameters, deviations : Dataset
        Under the names and dimensions of a fit's posterior.

    Returns
    -------
    DataFrame
        Columns outcome, authority (empty for the nation), annual_ratio, annual_rate_ratio.
    """
    if not deviations:
        return pd.DataFrame()
    years = [int(year) for year in deviations["stratum"].values]
    truth = parameters.merge(deviations).drop_vars("stratum")
    columns = {"slope": "annual_ratio", "intercept": "annual_rate_ratio"}
    trends = xr.Dataset(
        {
            columns[effect]: np.exp(
                with_nation(
                    national_trend(truth, effect, years=years),
                    authority_trend(truth, effect, years=years),
                )
            )
            for effect in ("slope", "intercept")
        }
    )
    return trends.to_dataframe(dim_order=["outcome", "authority"]).reset_index()
