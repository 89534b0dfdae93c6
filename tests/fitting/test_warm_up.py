from __future__ import annotations

import os
import subprocess
import sys

import pytest

from bayesgrad.errors import FitError, SpecError
from bayesgrad.fitting import warm_up as module
from bayesgrad.fitting.warm_up import warm_forms, warm_up
from bayesgrad.kernels.announcing import EXPECT
from bayesgrad.kernels.cache import VARIABLE, Place
from bayesgrad.simulate import simulate_scenario
from bayesgrad.spec.shipped import shipped_specs
from tests.documents import ROOT

OF_OTHER_NAMES = {"audit", "stroke_admissions"}
"""Specs of forms that others have, too."""


def test_every_shipped_spec_has_a_form():
    forms = {name.replace("-", "_") for name in warm_forms()}
    assert set(shipped_specs()) - OF_OTHER_NAMES == forms


def test_a_form_that_does_not_ship_is_refused_with_those_that_do():
    with pytest.raises(SpecError, match="no form 'refferals'") as caught:
        list(warm_up(["refferals"]))
    assert "referrals" in caught.value.do


def test_it_is_refused_where_nothing_can_be_kept(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "place", lambda: Place(tmp_path, lasting=False, reason="full"))
    with pytest.raises(FitError, match="cannot be kept: full") as caught:
        list(warm_up(["referrals"]))
    assert VARIABLE in caught.value.do


@pytest.mark.full
def test_after_it_a_first_fit_compiles_nothing(tmp_path):
    environment = os.environ | {VARIABLE: str(tmp_path / "code")}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "bayesgrad", *arguments]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, cwd=ROOT
        )

    simulate_scenario("sex", seed=2, authorities=14, areas=300).write(tmp_path)
    files = [str(tmp_path / f"synthetic_england{end}") for end in (".toml", "_areas.csv")]
    fit = ["fit", *files, "--out", str(tmp_path / "fit.nc"), "--draws", "60", "--tune", "60"]
    cold = run(*fit)
    assert EXPECT in cold.stderr
    environment[VARIABLE] = str(tmp_path / "warm")
    warmed = run("warm-up", "sex")
    assert warmed.returncode == 0, warmed.stderr
    assert warmed.stdout.startswith("sex: ")
    assert str(tmp_path / "warm") in warmed.stdout
    warm = run(*fit)
    assert warm.returncode in (0, 3), warm.stderr
    assert EXPECT not in warm.stderr
