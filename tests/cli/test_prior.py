from __future__ import annotations

import pytest

from bayesgrad.fitting.gradient_fit import GradientFit
from bayesgrad.spec import PriorPack
from tests.cli.test_app import two_lines
from tests.fabricate import fabricated_draws
from tests.small import spec_of

PROVENANCE = {"engine": "nuts", "seed": 7, "table": {"of": "file x.csv"}}
OUTCOMES = ("referrals", "plans")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fits")

    def saved(name, **settings):
        draws = fabricated_draws(authorities=40, outcomes=OUTCOMES, by_outcome=True, **settings)
        spec = spec_of("[authority]\ncovariance = 'by_outcome'\n", outcomes=OUTCOMES)
        return GradientFit(spec, draws, PROVENANCE).save(folder / f"{name}.nc")

    return {"good": saved("good"), "failed": saved("failed", failed_checks=("max_r_hat",))}


def test_a_pack_is_written(bayesgrad, files, tmp_path):
    out = tmp_path / "prior.toml"
    result = bayesgrad("prior", files["good"], "--out", out)
    assert result.status == 0
    assert "16 national parameters of 40 authorities" in result.out
    assert [outcome.column for outcome in PriorPack.read(out).outcomes] == list(OUTCOMES)


def test_outcomes_are_chosen(bayesgrad, files, tmp_path):
    out = tmp_path / "prior.toml"
    assert bayesgrad("prior", files["good"], "--out", out, "--outcome", "plans").status == 0
    assert [outcome.column for outcome in PriorPack.read(out).outcomes] == ["plans"]
    wrong = bayesgrad("prior", files["good"], "--out", out, "--outcome", "care")
    assert wrong.status == 2
    assert "the fit has no outcome care" in two_lines(wrong.err)[0]


def test_a_failed_fit_gives_its_pack_only_if_insisted_upon(bayesgrad, files, tmp_path):
    out = tmp_path / "prior.toml"
    result = bayesgrad("prior", files["failed"], "--out", out)
    assert result.status == 3
    assert "--despite-failed-diagnostics" in result.err
    assert not out.exists()
    again = bayesgrad("prior", files["failed"], "--out", out, "--despite-failed-diagnostics")
    assert again.status == 0
    assert not PriorPack.read(out).source.diagnostics_passed


def test_a_folder_that_is_not_there_is_refused(bayesgrad, files, tmp_path):
    result = bayesgrad("prior", files["good"], "--out", tmp_path / "none" / "prior.toml")
    assert result.status == 2
    assert "does not exist" in result.err
