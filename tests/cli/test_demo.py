from __future__ import annotations

import pytest

import bayesgrad as package
from bayesgrad import simulate
from bayesgrad.estimands import tables_of


@pytest.mark.full
@pytest.mark.usefixtures("compiled")
def test_the_demo_goes_the_whole_path(bayesgrad, england, monkeypatch, tmp_path):
    monkeypatch.setattr(simulate, "simulate_england", lambda *, seed: england)
    result = bayesgrad("demo", "--out", tmp_path)
    assert result.status == 0
    assert "Fitting 600 areas jointly" in result.out
    assert "authority gradients inside their 95% intervals: " in result.out
    assert "gradient in an authority of deprivation 0.137: " in result.out
    fit = package.load(tmp_path / "fit.nc")
    assert fit.passed
    written = {path.stem for path in (tmp_path / "tables").glob("*.csv")}
    assert written == set(tables_of(fit.draws)) - {"pairs"}
    figures = {path.name for path in (tmp_path / "figures").iterdir()}
    assert {"fitted_lines.svg", "interaction.png", "caterpillar.svg"} <= figures
    # What it wrote itself is replaced.
    assert bayesgrad("demo", "--out", tmp_path).status == 0
    assert {path.name for path in (tmp_path / "figures").iterdir()} == figures


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_out_of_range_is_refused_before_anything_is_written(bayesgrad, tmp_path, seed):
    result = bayesgrad("demo", "--out", tmp_path, "--seed", seed)
    assert (result.status, result.out) == (2, "")
    assert "--seed" in result.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["fit.nc", "figures/interaction.svg"])
def test_a_file_of_the_user_is_not_replaced(bayesgrad, tmp_path, name):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("mine", encoding="utf-8")
    before = sorted(tmp_path.rglob("*"))
    result = bayesgrad("demo", "--out", tmp_path)
    assert (result.status, result.out) == (2, "")
    assert f"{path}: is there already" in result.err
    assert path.read_text(encoding="utf-8") == "mine"
    assert sorted(tmp_path.rglob("*")) == before
