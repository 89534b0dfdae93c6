"""Where the script of the study finds its figures in the tables of a fit."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bayesgrad.simulate import SCENARIOS, simulate_scenario

SCRIPT = Path(__file__).parents[1] / "scripts" / "reproduce_study.py"
SIZE = {"authorities": 20, "areas": 500}


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("reproduce_study", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class FabricatedFit:
    """Tables of a fit whose estimates are a little above the truth of a scenario."""

    passed = True

    def __init__(self, scenario, which=""):
        self.scenario, self.which = scenario, which

    def _rows(self, table):
        findings = self.scenario.settings.findings
        truths = self.scenario.findings["truth"]
        for finding, truth in zip(findings, truths, strict=True):
            if (finding.table, finding.fit) == (table, self.which):
                yield finding.place, float(np.log(truth) if finding.exponentiated else truth)

    def _table(self, table, point):
        rows = [
            {**place, point: truth + 0.01, "lower": truth - 0.02, "upper": truth + 0.03}
            for place, truth in self._rows(table)
        ]
        decoy = {column: -9.0 if isinstance(v, float) else "decoy" for column, v in rows[0].items()}
        return pd.DataFrame([decoy, *rows])

    def national(self):
        return self._table("national", "gradient")

    def strata(self):
        return self._table("strata", "gradient")

    def interaction(self):
        return self._table("interaction", "mean")

    def thresholds(self):
        return self._table("thresholds", "transition").assign(prob_rises=0.75)

    def contrasts(self):
        """Pairs the other way round from the findings."""
        swapped = self._table("contrasts", "ratio").rename(
            columns={"stratum_a": "stratum_b", "stratum_b": "stratum_a"}
        )
        ratio = 1 / swapped[["ratio", "lower", "upper"]]
        return swapped.assign(ratio=ratio["ratio"], lower=ratio["upper"], upper=ratio["lower"])

    def contextual(self):
        columns = {}
        for place, truth in self._rows("contextual"):
            for part, off in {"mean": 0.01, "lower": -0.02, "upper": 0.03}.items():
                name = (place["outcome"], f"{place['effect']}_{part}")
                columns[name] = truth + off
        table = pd.Series(columns).unstack(level=1)
        return table.rename_axis("outcome").reset_index()

    def gradients(self):
        authorities = self.scenario.authorities
        gradient = authorities["gradient"]
        off = np.where(np.arange(len(authorities)) % 4 == 0, 0.2, 0.0)
        return authorities[["authority", "outcome"]].assign(
            gradient=gradient, lower=gradient - 0.1 + off, upper=gradient + 0.1 + off
        )


@pytest.mark.parametrize("name", list(SCENARIOS))
def test_every_finding_is_found_in_the_tables_of_a_fit(script, name):
    scenario = simulate_scenario(name, seed=1, **SIZE)
    fits = {finding.fit for finding in scenario.settings.findings}
    compared = pd.concat(
        [script.compare(scenario, FabricatedFit(scenario, fit), which=fit) for fit in sorted(fits)]
    )
    assert list(compared["what"]) == list(scenario.findings["what"])
    np.testing.assert_allclose(compared["truth"], scenario.findings["truth"])
    certain = compared["inside"] == ""
    assert (compared.loc[~certain, "inside"] == "yes").all()
    assert (compared.loc[certain, "what"].str.startswith("probability")).all()
    on_log_scale = scenario.findings["exponentiated"].to_numpy()
    expected = np.where(on_log_scale, compared["truth"] * np.exp(0.01), compared["truth"] + 0.01)
    expected = np.where(certain, 0.75, expected)
    np.testing.assert_allclose(compared["estimate"].astype(float), expected)


def test_an_estimate_away_from_the_truth_is_outside(script):
    scenario = simulate_scenario("referrals", seed=1, **SIZE)
    fit = FabricatedFit(scenario)
    table = fit.national()
    fit.national = lambda: table.assign(upper=table["lower"] + 0.001)
    compared = script.compare(scenario, fit).set_index("what")
    assert compared.loc["gradient of referrals", "inside"] == "no"
    assert (compared["inside"] == "yes").sum() == len(compared) - 3


def test_a_row_that_is_not_there_is_an_error(script):
    scenario = simulate_scenario("ethnicity", seed=1, **SIZE)
    finding = scenario.settings.findings[0]
    table = FabricatedFit(scenario).strata().query("stratum != 'White'")
    with pytest.raises(LookupError, match="'stratum': 'White'"):
        script.estimate(finding, table)


def test_share_of_authorities_inside_their_intervals(script):
    scenario = simulate_scenario("thresholds", seed=1, **SIZE)
    table = script.authorities_inside(scenario, FabricatedFit(scenario))
    assert len(table) == 5
    np.testing.assert_allclose(table["estimate"], 0.75)
    assert table["what"].iloc[0].startswith("referrals: gradients of authorities (")


def test_a_scenario_that_cannot_be_fitted_does_not_stop_the_others(
    script, tmp_path, monkeypatch, capsys
):
    def fit(spec, table, **settings):
        if spec.strata is not None:
            raise script.bg.SpecError("cannot be fitted", "leave it out")
        scenario = simulate_scenario("rural", seed=1, **script.SMALL_ENGLAND)
        fabricated = FabricatedFit(scenario)
        fabricated.save = lambda path: path.write_text("fit")
        return fabricated

    monkeypatch.setattr(script.bg, "fit", fit)
    arguments = ["reproduce_study.py", "--small", "--out", str(tmp_path), "--only", "sex", "rural"]
    monkeypatch.setattr("sys.argv", arguments)
    assert script.main() == 1
    out, err = capsys.readouterr()
    assert "sex: not fitted: cannot be fitted" in err
    assert "Inside their 95% intervals: 3 of 3" in out
    table = pd.read_csv(tmp_path / "reproduced.csv")
    assert list(table["row"]) == sorted(table["row"])
    assert set(table["scenario"]) == {"rural"}
    assert (tmp_path / "rural" / "fit.nc").read_text() == "fit"
