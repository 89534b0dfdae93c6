from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.export.test_folder import fit_of


@pytest.fixture(scope="module")
def national_file(tmp_path_factory) -> Path:
    """A saved fit of enough authorities, one of them with few events."""
    return fit_of({(0, 0): 4}).save(tmp_path_factory.mktemp("national") / "fit.nc")


def test_an_export_says_what_leaves_and_what_stays(bayesgrad, national_file, tmp_path):
    out = tmp_path / "out"
    words = ("--rules", "opensafely", "--tables", "gradients, national", "--interval", 0.8)
    result = bayesgrad("export", national_file, "--out", out, *words)
    assert result.status == 0
    assert f"export written to {out}" in result.out
    assert "bayesgrad-stays-inside" in result.out
    assert {path.name for path in (out / "tables").iterdir()} == {"gradients.csv", "national.csv"}
    about = json.loads((out / "fit.json").read_text(encoding="utf-8"))
    assert (about["interval"], about["rules"]["threshold"]) == (0.8, 8)
    assert "E09000001,Authority A0,referrals" in (out / "withheld.csv").read_text(encoding="utf-8")


def test_a_failed_fit_leaves_with_a_reason_alone(bayesgrad, failed_file, tmp_path):
    rules = tmp_path / "rules.toml"
    rules.write_text("[rules]\ndegrees_of_freedom = 5\n", encoding="utf-8")
    words = ("export", failed_file, "--out", tmp_path / "out", "--rules", rules)
    result = bayesgrad(*words)
    assert result.status == 3
    assert "nothing is exported: the fit failed its diagnostics (max_r_hat)" in result.err
    assert not (tmp_path / "out").exists()
    result = bayesgrad(*words, "--reason", "for a method paper", "--tables", "national")
    assert result.status == 0
    assert "warning: the fit failed its diagnostics" in result.err


def test_too_few_authorities_exit_2(bayesgrad, fit_file, tmp_path):
    result = bayesgrad("export", fit_file, "--out", tmp_path / "out", "--rules", "strict")
    assert result.status == 2
    assert "the fit is of 12 authorities; nothing leaves of fewer than 20" in result.err


def test_a_finding_of_the_attack_exits_2_and_names_the_culprit(bayesgrad, national_file, tmp_path):
    first, rules = tmp_path / "first", tmp_path / "rules.toml"
    rules.write_text("[rules]\nround = 7\n", encoding="utf-8")
    few = ("--tables", "gradients")
    assert bayesgrad("export", national_file, "--out", first, *few).status == 0
    second = ("--out", tmp_path / "second", "--rules", rules, "--previous", first, *few)
    result = bayesgrad("export", national_file, *second)
    assert result.status == 2
    assert "tables/gradients.csv, events_rounded7 of" in result.err
    assert not (tmp_path / "second").exists()
