import os

import numpy as np
import pandas as pd
import pytest

from bayesgrad.errors import DataError
from bayesgrad.simulate import EnglandSettings, simulate_england
from bayesgrad.spec import ModelSpec

SMALL = EnglandSettings(authorities=20, areas=500)
FILES = {
    "synthetic_england_areas.csv",
    "synthetic_england_truth_parameters.csv",
    "synthetic_england_truth_authorities.csv",
    "synthetic_england.toml",
    "README.txt",
}


@pytest.fixture
def england():
    return simulate_england(SMALL, seed=21)


def names_in(folder):
    return {path.name for path in folder.iterdir()}


def test_files_read_back_as_the_same_numbers(england, tmp_path):
    paths = england.write(tmp_path / "new" / "folder")
    folder = tmp_path / "new" / "folder"
    assert {path.name for path in paths} == names_in(folder) == FILES
    for name, table in (
        ("areas", england.areas),
        ("truth_parameters", england.truth),
        ("truth_authorities", england.authorities),
    ):
        path = folder / f"synthetic_england_{name}.csv"
        read = pd.read_csv(path, engine="pyarrow")
        pd.testing.assert_frame_equal(
            read[list(table.columns)], table, check_exact=True, check_dtype=False
        )


def test_the_same_seed_writes_the_same_bytes(england, tmp_path):
    england.write(tmp_path / "a")
    simulate_england(SMALL, seed=21).write(tmp_path / "b")
    for name in FILES:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_everything_is_labelled_synthetic(england, tmp_path):
    england.write(tmp_path)
    assert england.areas["authority"].str.fullmatch(r"S-A\d{3}").all()
    assert england.areas["area"].str.fullmatch(r"S-A\d{3}-\d{4}").all()
    assert england.areas["area"].is_unique
    assert england.areas["authority_name"].str.startswith("Synthetic authority ").all()
    for name in ("parameters", "authorities"):
        truth = pd.read_csv(tmp_path / f"synthetic_england_truth_{name}.csv")
        assert truth["synthetic"].all()
    assert (tmp_path / "README.txt").read_text().startswith("SYNTHETIC DATA.")


@pytest.mark.parametrize("moderation", ["log", "linear", "none"])
@pytest.mark.parametrize("family", ["negative_binomial", "poisson"])
def test_the_spec_is_accepted_and_describes_the_data(moderation, family, tmp_path):
    settings = EnglandSettings(
        authorities=20, areas=500, moderation=moderation, family=family, unit=0.05
    )
    england = simulate_england(settings, seed=1)
    england.write(tmp_path)
    spec = ModelSpec.read(tmp_path / "synthetic_england.toml")
    assert spec.columns.vintage == "Synthetic"
    assert "synthetic" in spec.title.lower()
    assert spec.gradient.unit == 0.05
    assert spec.gradient.centre == "authority"
    assert spec.authority.moderation == moderation
    assert spec.likelihood.family == family
    columns = spec.columns
    used = {columns.area, columns.authority, columns.authority_name, columns.exposure}
    used |= {columns.deprivation, spec.outcomes[0].column}
    assert used == set(england.areas.columns)


def test_readme_tells_the_seed_the_settings_and_the_truth(tmp_path):
    england = simulate_england(seed=5, geography_seed=6)
    england.write(tmp_path)
    text = (tmp_path / "README.txt").read_text(encoding="utf-8")
    assert "Seed: 5 (geography of seed 6)" in text
    assert "sd_slope = 0.08" in text
    assert "interaction = -0.2765" in text
    assert "0.037, 0.137, 0.237: 2.33, 1.62, 1.39" in text


def test_a_failed_write_leaves_the_old_files_whole_and_nothing_else(england, tmp_path, monkeypatch):
    england.write(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    calls = iter([None, None])

    def full_disk(descriptor):
        if next(calls, "full") == "full":
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(DataError, match="No space left on device"):
        simulate_england(SMALL, seed=22).write(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_folder_that_is_a_file_is_refused(england, tmp_path):
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(DataError, match="cannot write the synthetic data"):
        england.write(tmp_path / "taken")
    assert (tmp_path / "taken").read_text() == "mine"


def test_codes_keep_their_order_beyond_999_authorities():
    england = simulate_england(EnglandSettings(authorities=1_200, areas=2_400), seed=1)
    codes = england.authorities["authority"].to_numpy()
    assert (np.sort(codes) == codes).all()
    assert codes[0] == "S-A0001"


def test_files_of_an_earlier_simulation_are_replaced_and_a_users_are_not(england, tmp_path):
    england.write(tmp_path)
    stale = tmp_path / "synthetic_england_neighbours.csv"
    readme = tmp_path / "README.txt"
    readme.write_text(f"{readme.read_text()}\n{stale.name}  pairs", encoding="utf-8")
    stale.write_text("of an earlier scenario", encoding="utf-8")
    (tmp_path / "notes.csv").write_text("mine", encoding="utf-8")
    england.write(tmp_path)
    assert not stale.exists()
    assert (tmp_path / "notes.csv").read_text() == "mine"
    readme.write_text("mine", encoding="utf-8")
    with pytest.raises(DataError, match="it would be lost"):
        england.write(tmp_path)
    assert readme.read_text() == "mine"
