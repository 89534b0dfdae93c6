"""The scenario of one authority: a nation without it, and the authority by itself."""

from __future__ import annotations

import pandas as pd
import pytest

from bayesgrad.errors import SpecError
from bayesgrad.simulate import simulate_scenario, write_one_authority
from bayesgrad.simulate.one_authority import smallest_authority
from bayesgrad.spec import ModelSpec
from tests.packs import pack_with


@pytest.fixture(scope="module")
def nation():
    return simulate_scenario("referrals", seed=7, authorities=20, areas=500)


@pytest.fixture(scope="module")
def folder(nation, tmp_path_factory):
    out = tmp_path_factory.mktemp("one")
    paths = write_one_authority(nation, out)
    assert set(paths) == set(out.iterdir())
    return out


def test_the_smallest_authority_is_left_out_and_written_by_itself(nation, folder):
    others = pd.read_csv(folder / "synthetic_england_areas.csv")
    own = pd.read_csv(folder / "synthetic_england_one_authority_areas.csv")
    code = smallest_authority(nation)
    assert set(own["authority"]) == {code}
    assert len(own) == nation.areas["authority"].value_counts().min()
    assert set(others["authority"]) == set(nation.areas["authority"]) - {code}
    assert len(own) + len(others) == 500
    assert list(own) == list(others)


def test_the_truth_is_that_of_all(nation, folder):
    truth = pd.read_csv(folder / "synthetic_england_truth_authorities.csv")
    assert smallest_authority(nation) in set(truth["authority"])


def test_the_spec_names_the_pack_that_is_to_be_written_beside_it(folder):
    path = folder / "synthetic_england_one_authority.toml"
    with pytest.raises(SpecError, match="there is no such prior pack"):
        ModelSpec.read(path)
    pack_with(vintage="Synthetic", deprivation="income_score").write(folder / "prior.toml")
    spec, national = ModelSpec.read(path), ModelSpec.read(folder / "synthetic_england.toml")
    assert "simulated, not real data" in spec.title
    for part in ("columns", "outcomes", "gradient", "authority", "area", "likelihood"):
        assert getattr(spec, part) == getattr(national, part)


def test_the_readme_says_which_authority_it_is(nation, folder):
    text = (folder / "README.txt").read_text(encoding="utf-8")
    assert text.startswith("SYNTHETIC DATA.")
    assert f"One authority, {smallest_authority(nation)}, the smallest" in text
