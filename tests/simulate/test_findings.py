import re

import numpy as np
import pandas as pd
import pytest

from bayesgrad.errors import SpecError
from bayesgrad.simulate import SCENARIOS, simulate_scenario
from bayesgrad.simulate.findings import EVERY_THRESHOLD, Finding, TrueWorld

SIZE = {"authorities": 30, "areas": 1_500}


@pytest.fixture(scope="module")
def findings():
    return {name: simulate_scenario(name, seed=1, **SIZE).findings for name in SCENARIOS}


def truth_of(findings, scenario, key):
    table = findings[scenario]
    return table.loc[table["key"] == key, "truth"].item()


@pytest.mark.parametrize("name", list(SCENARIOS))
def test_every_published_number_is_the_truth_to_its_digits(findings, name):
    for finding in findings[name].itertuples():
        if re.fullmatch(r"-?\d+\.\d+", finding.published):
            # The interaction that reproduces three published figures gives them to 0.005.
            assert finding.truth == pytest.approx(float(finding.published), abs=0.0051)
            assert finding.status == "published"


@pytest.mark.parametrize("name", list(SCENARIOS))
def test_what_has_no_published_figure_is_said_to_be_assumed(findings, name):
    table = findings[name]
    assert ((table["published"] == "") == (table["status"] == "assumed")).all()
    assert not table.duplicated(["table", "key", "fit"]).any()
    assert np.isfinite(table["truth"]).all()


def test_truths_by_hand(findings):
    ratio = truth_of(findings, "ethnicity", "outcome=referrals; stratum_a=Black; stratum_b=White")
    assert ratio == pytest.approx(1.27 / 1.91)
    step = truth_of(findings, "thresholds", "from_outcome=section_47; to_outcome=plan_starts")
    assert step == pytest.approx(1.80 / 1.73)
    assert truth_of(findings, "thresholds", f"from_outcome={EVERY_THRESHOLD}") == 1.0
    contextual = truth_of(findings, "referrals", "outcome=referrals; effect=contextual")
    assert contextual == pytest.approx(1.47 / np.exp(0.4824))
    affluent = truth_of(findings, "referrals", "outcome=referrals; deprivation_shift=-0.1")
    assert affluent == pytest.approx(np.exp(0.4824 - 0.2765 * np.log(0.037 / 0.137)), rel=1e-4)
    hazard = truth_of(findings, "duration", "outcome=closed; effect=between")
    assert hazard == pytest.approx(1.15)
    stages = findings["stages"]
    # The gradient of referrals, then the two transitions.
    assert stages["truth"].iloc[:3].prod() == pytest.approx(1.80, rel=1e-4)
    step = truth_of(findings, "stages", "from_outcome=section_47; to_outcome=plan_starts")
    assert step == pytest.approx(1.80 / 1.73)


def test_an_interaction_without_the_moderators_gains_what_they_carried():
    scenario = simulate_scenario("moderators", seed=1, **SIZE)
    beside, without = scenario.findings.query("row == 15")["truth"]
    design = np.column_stack([np.ones(SIZE["authorities"]), scenario.population.w])
    carried = scenario.population.standard_authority_moderators @ [-0.02, 0.015]
    gained = np.linalg.lstsq(design, carried)[0][1]
    assert without - beside == pytest.approx(gained)
    assert gained != pytest.approx(0.0, abs=1e-4)


def test_a_table_without_known_truth_is_refused():
    finding = Finding(row=1, what="the rate curve", table="levels", key=())
    world = TrueWorld(simulate_scenario("sex", seed=1, **SIZE).parameter_values, 0.137, 0.10)
    with pytest.raises(SpecError, match=r"the rate curve: no truth .* 'levels'"):
        world.of(finding)


PUBLISHED_TARGETS = {
    "T1": ("referrals", "outcome=referrals; deprivation_shift=0.0"),
    "T2": ("referrals", "outcome=referrals; deprivation_shift=-0.1"),
    "T3": ("referrals", "outcome=referrals; deprivation_shift=0.1"),
    "T4": ("thresholds", "outcome=plan_starts; deprivation_shift=0.0"),
    "T9": ("ethnicity", "outcome=referrals; stratum=White"),
    "T10": ("ethnicity", "outcome=referrals; stratum=Black"),
    "T11": ("factors", "outcome=assessments; stratum=neglect"),
    "T12": ("factors", "outcome=assessments; stratum=physical disability"),
    "T13": ("plan-categories", "outcome=plan_starts; stratum=neglect"),
    "T14": ("plan-categories", "outcome=plan_starts; stratum=sexual"),
    "T20": ("referrals", "outcome=referrals; effect=between"),
    "T21": ("thresholds", "outcome=section_47; effect=between"),
    "T22": ("thresholds", "outcome=plan_starts; effect=between"),
    "T24": ("referrals", "outcome=referrals; effect=contextual"),
}


def test_findings_name_the_published_targets(findings, shared_data):
    targets = pd.read_csv(shared_data / "reference" / "published_targets.csv").set_index("id")
    for target, (scenario, key) in PUBLISHED_TARGETS.items():
        table = findings[scenario].set_index("key")
        value = str(targets.loc[target, "value"]).split(" (")[0]
        assert float(table.loc[key, "published"]) == float(value), target
