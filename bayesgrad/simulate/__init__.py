"""Synthetic England: data that look like England's, drawn from the model with a known truth."""

from bayesgrad.simulate.england import SyntheticEngland, simulate_england
from bayesgrad.simulate.geography import Geography, draw_geography
from bayesgrad.simulate.one_authority import ONE_AUTHORITY, write_one_authority
from bayesgrad.simulate.outcomes import Outcomes, Truth, draw_outcomes, true_parameters
from bayesgrad.simulate.scenario import Scenario, simulate_scenario
from bayesgrad.simulate.scenario_settings import ScenarioSettings
from bayesgrad.simulate.scenarios import SCENARIOS
from bayesgrad.simulate.settings import EnglandSettings

__all__ = [
    "ONE_AUTHORITY",
    "SCENARIOS",
    "EnglandSettings",
    "Geography",
    "Outcomes",
    "Scenario",
    "ScenarioSettings",
    "SyntheticEngland",
    "Truth",
    "draw_geography",
    "draw_outcomes",
    "simulate_england",
    "simulate_scenario",
    "true_parameters",
    "write_one_authority",
]
