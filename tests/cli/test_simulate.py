from __future__ import annotations

import io

import pandas as pd
import pytest

from bayesgrad.cli.simulate import ScenarioName
from bayesgrad.simulate import ONE_AUTHORITY, SCENARIOS, simulate_scenario
from tests.cli.test_app import two_lines

SIZE = ("--authorities", 10, "--areas", 200)


def test_scenarios_of_the_command_are_those_of_the_package():
    assert ScenarioName.__args__ == (*SCENARIOS, ONE_AUTHORITY)


@pytest.mark.parametrize("name", ["referrals", "stages", "plan-categories"])
def test_a_scenario_is_written(bayesgrad, tmp_path, name):
    out = tmp_path / name
    result = bayesgrad("simulate", "england", "--scenario", name, "--out", out, "--seed", 3, *SIZE)
    assert result.status == 0
    assert {f"written: {path}" for path in out.iterdir()} == set(result.out.splitlines())
    drawn = simulate_scenario(name, seed=3, authorities=10, areas=200)
    expected = pd.read_csv(io.StringIO(drawn.areas.to_csv(index=False)))
    written = pd.read_csv(out / "synthetic_england_areas.csv")
    pd.testing.assert_frame_equal(written, expected, check_exact=True)


def test_an_unknown_scenario_is_refused_with_the_list(bayesgrad, tmp_path):
    result = bayesgrad("simulate", "england", "--out", tmp_path, "--scenario", "wales")
    assert result.status == 2
    assert all(name in result.err for name in SCENARIOS)


def test_settings_of_referrals_are_refused_for_other_scenarios(bayesgrad, tmp_path):
    out = tmp_path / "out"
    options = ("--out", out, "--scenario", "sex", "--family", "poisson")
    result = bayesgrad("simulate", "england", *options)
    assert result.status == 2
    assert "of the scenario referrals, not of sex" in two_lines(result.err)[0]
    assert not out.exists()
