"""Scenario: a synthetic England of one of the study's analyses, as tables with their truth."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from bayesgrad.errors import SpecError
from bayesgrad.simulate.analysis_table import analysis_table
from bayesgrad.simulate.courses import true_deviations, true_trends
from bayesgrad.simulate.draws import ScenarioDraws, draw_scenario
from bayesgrad.simulate.findings import TrueWorld
from bayesgrad.simulate.geography import draw_geography
from bayesgrad.simulate.labels import area_codes, authority_codes, authority_names
from bayesgrad.simulate.neighbours import grid_adjacency
from bayesgrad.simulate.parameters import ScenarioParameters, fix_parameters
from bayesgrad.simulate.population import Population, draw_population
from bayesgrad.simulate.scenario_settings import UNIT, ScenarioSettings
from bayesgrad.simulate.scenarios import SCENARIOS
from bayesgrad.simulate.seeds import streams
from bayesgrad.simulate.settings import EnglandSettings
from bayesgrad.simulate.truth import true_dataset, truth_table
from bayesgrad.spec.adjacency import Adjacency
from bayesgrad.spec.faults import validate_spec
from bayesgrad.spec.model_spec import ModelSpec


@dataclass(frozen=True, eq=False)
class Scenario:
    """Synthetic data of a scenario with their truth.

    Attributes
    ----------
    settings : ScenarioSettings
    seed : int
    geography_seed : int or None
    population : Population
    parameters : ScenarioParameters
    draws : ScenarioDraws
    """

    settings: ScenarioSettings
    seed: int
    geography_seed: int | None
    population: Population
    parameters: ScenarioParameters
    draws: ScenarioDraws

    @cached_property
    def areas(self) -> pd.DataFrame:
        """Analysis table: see `bayesgrad.simulate.analysis_table.analysis_table`."""
        return analysis_table(self.settings, self.population, self.draws)

    @cached_property
    def parameter_values(self) -> xr.Dataset:
        """True parameters under the names and dimensions of a fit's posterior."""
        return true_dataset(self.settings, self.parameters)

    @cached_property
    def truth(self) -> pd.DataFrame:
        """True parameters; columns parameter (as in the `parameters` table) and value."""
        return truth_table(self.parameter_values)

    @cached_property
    def authorities(self) -> pd.DataFrame:
        """Truth of each authority and outcome, means over strata.

        Columns: authority, authority_name, areas, deprivation (D_j, a proportion), outcome,
        intercept (a_j), slope (b_j, log gradient), gradient (exp b_j, a ratio per unit).
        """
        geography, outcomes = self.population.geography, self.settings.outcomes
        count = len(geography.sizes)
        authority = np.repeat(np.arange(count), len(outcomes))
        slope = self.draws.slope.ravel()
        return pd.DataFrame(
            {
                "authority": np.asarray(authority_codes(count))[authority],
                "authority_name": np.asarray(authority_names(count))[authority],
                "areas": geography.sizes[authority],
                "deprivation": geography.deprivation[authority],
                "outcome": [outcome.column for outcome in outcomes] * count,
                "intercept": self.draws.intercept.ravel(),
                "slope": slope,
                "gradient": np.exp(slope),
            }
        )

    @cached_property
    def strata(self) -> pd.DataFrame:
        """Truth of each outcome and stratum; without rows where there are no strata.

        Columns: outcome, stratum, gradient (a ratio per unit, at mean authority deprivation) and
        level (on the scale of the link, in the average area of an authority of mean deprivation).
        """
        parameters, strata = self.parameters, self.settings.all_strata
        slope = parameters.slope[:, None] + parameters.stratum_slope
        level = parameters.intercept[:, None] + parameters.stratum_intercept
        table = pd.DataFrame(
            {
                "outcome": np.repeat([o.column for o in self.settings.outcomes], len(strata)),
                "stratum": [stratum.name for stratum in strata] * len(self.settings.outcomes),
                "gradient": np.exp(slope.ravel()),
                "level": level.ravel(),
            }
        )
        return table if self.settings.strata is not None else table.iloc[:0]

    @cached_property
    def deviation_values(self) -> xr.Dataset:
        """True deviations of authorities' strata; empty where authorities do not walk.

        Under the names and dimensions of a fit's posterior.
        """
        return true_deviations(self.settings, self.population, self.draws)

    @cached_property
    def trends(self) -> pd.DataFrame:
        """Truth of the table of trends; without rows where authorities do not walk.

        Columns: outcome, authority (empty for the nation), annual_ratio, annual_rate_ratio.
        """
        return true_trends(self.parameter_values, self.deviation_values)

    @cached_property
    def findings(self) -> pd.DataFrame:
        """Figures of the study, their truth in this world, and where a fit has them.

        Columns: row (of the study's findings), what, published, truth, status (published,
        published sign, assumed size, or assumed), table, key (columns that pick a row of that
        table), exponentiated (whether the table holds its log), fit.
        """
        deprivation = self.population.geography.deprivation
        world = TrueWorld(
            parameters=self.parameter_values,
            mean_deprivation=float(deprivation.mean()),
            unit=UNIT,
            out_of={o.column: o.out_of for o in self.settings.outcomes if o.out_of},
            omitted=self._omitted(),
        )
        return pd.DataFrame(
            {
                "row": finding.row,
                "what": finding.what,
                "published": finding.published,
                "truth": world.of(finding),
                "status": finding.status,
                "table": finding.table,
                "key": "; ".join(f"{column}={value}" for column, value in finding.key),
                "exponentiated": finding.exponentiated,
                "fit": finding.fit,
            }
            for finding in self.settings.findings
        )

    def _omitted(self) -> float:
        """What the interaction gains where the further moderators of authorities are left out."""
        moderators = self.settings.authority_moderators
        if not moderators:
            return 0.0
        w = self.population.w - self.population.w.mean()
        slopes = w @ self.population.standard_authority_moderators / (w @ w)
        return float(slopes @ [moderator.gradient for moderator in moderators])

    @cached_property
    def episodes(self) -> pd.DataFrame | None:
        """Episodes one by one, where the scenario has durations.

        Columns: area, opened (days before the last day), days (to closure or the last day),
        closed (0 or 1).
        """
        episodes = self.draws.episodes
        if episodes is None:
            return None
        codes = pd.Series(area_codes(self.population.geography), dtype="str")
        return pd.DataFrame(
            {
                "area": codes.take(episodes.area).array,
                "opened": episodes.opened,
                "days": episodes.days,
                "closed": episodes.closed.astype(np.int64),
            }
        )

    @cached_property
    def neighbours(self) -> pd.DataFrame:
        """Pairs of neighbours, each once; without rows where neighbours are not alike.

        Columns: authority, neighbour.
        """
        adjacency = self._adjacency
        pairs = adjacency.pairs if adjacency is not None else ()
        return pd.DataFrame(list(pairs), columns=["authority", "neighbour"])

    @property
    def _adjacency(self) -> Adjacency | None:
        if self.settings.spatial is None:
            return None
        return grid_adjacency(len(self.population.geography.sizes))

    @cached_property
    def model(self) -> ModelSpec:
        """The spec, read; with the pairs themselves where it names a file of neighbours."""
        content = tomllib.loads(self.spec)
        if self._adjacency is not None:
            content["spatial"]["adjacency"] = self._adjacency
        return validate_spec(content, source=f"scenario {self.settings.name}")

    @cached_property
    def spec(self) -> str:
        """Model spec (TOML) that fits the table: the shipped one, marked as synthetic."""
        from bayesgrad.simulate.scenario_writing import synthetic_spec

        return synthetic_spec(self.settings.spec_name)

    def write(self, folder: str | Path) -> tuple[Path, ...]:
        """Write the data, their truth, the findings, a model spec and a README to a folder.

        The files are `synthetic_england_areas.csv`, `..._truth_parameters.csv`,
        `..._truth_authorities.csv`, `..._truth_strata.csv` where there are strata,
        `..._truth_trends.csv` where these are years, `..._neighbours.csv` where these are alike,
        `..._findings.csv`, `synthetic_england.toml` and `README.txt`; older ones of these names
        are replaced, all or none.

        Raises
        ------
        DataError
            If the folder cannot be made or written to.
        """
        from bayesgrad.simulate.scenario_writing import write_scenario

        return write_scenario(self, Path(folder))


def simulate_scenario(
    scenario: str | ScenarioSettings,
    *,
    seed: int,
    geography_seed: int | None = None,
    authorities: int = 152,
    areas: int = 32_837,
) -> Scenario:
    """Draw a synthetic England for one of the study's analyses.

    Parameters
    ----------
    scenario : str or ScenarioSettings
        Name of one of `bayesgrad.simulate.SCENARIOS`, or settings: such as one of theirs with
        other truths, by `dataclasses.replace`.
    seed : int
        Not negative. The same arguments give the same data.
    geography_seed : int, optional
        Take the geography, exposures and moderators of this seed instead of those of `seed`.
    authorities, areas : int

    Raises
    ------
    SpecError
        If there is no such scenario (the message lists them), or a size or seed is impossible.
    """
    settings = _settings_of(scenario)
    england = EnglandSettings(authorities=authorities, areas=areas)
    fixed, drawn, attributes, cases = streams("seed", seed)
    if geography_seed is not None:
        fixed, _, attributes, _ = streams("geography_seed", geography_seed)
    population = draw_population(settings, draw_geography(england, seed=fixed), seed=attributes)
    parameters = fix_parameters(settings, population)
    draws = draw_scenario(settings, population, parameters, seed=drawn, cases_seed=cases)
    return Scenario(settings, seed, geography_seed, population, parameters, draws)


def _settings_of(scenario: str | ScenarioSettings) -> ScenarioSettings:
    if isinstance(scenario, ScenarioSettings):
        return scenario
    if scenario not in SCENARIOS:
        raise SpecError(f"there is no scenario {scenario!r}", f"There are: {', '.join(SCENARIOS)}.")
    return SCENARIOS[scenario]
