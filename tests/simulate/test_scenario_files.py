import numpy as np
import pandas as pd
import pytest

from bayesgrad.errors import DataError
from bayesgrad.simulate import SCENARIOS, simulate_scenario
from bayesgrad.spec import ModelSpec

SIZE = {"authorities": 20, "areas": 500}


@pytest.fixture(scope="module", params=list(SCENARIOS))
def scenario(request):
    return simulate_scenario(request.param, seed=7, **SIZE)


def test_files_read_back_as_the_same_numbers(scenario, tmp_path):
    paths = scenario.write(tmp_path / "new")
    tables = {
        "areas": scenario.areas,
        "truth_parameters": scenario.truth,
        "truth_authorities": scenario.authorities,
        "findings": scenario.findings,
    }
    if scenario.settings.strata is not None:
        tables["truth_strata"] = scenario.strata
    if len(scenario.trends):
        tables["truth_trends"] = scenario.trends
    if scenario.settings.spatial is not None:
        tables["neighbours"] = scenario.neighbours
    files = {f"synthetic_england_{name}.csv" for name in tables}
    files |= {"synthetic_england.toml", "README.txt"}
    assert {path.name for path in paths} == {p.name for p in (tmp_path / "new").iterdir()} == files
    for name, table in tables.items():
        read = pd.read_csv(
            tmp_path / "new" / f"synthetic_england_{name}.csv",
            dtype={
                column: "str" for column in table if pd.api.types.is_string_dtype(table[column])
            },
            keep_default_na=False,
            engine="pyarrow",
        )
        if name not in ("areas", "neighbours"):
            assert read["synthetic"].all()
        pd.testing.assert_frame_equal(
            read[list(table.columns)], table, check_exact=True, check_dtype=False
        )
    assert ModelSpec.read(tmp_path / "new" / "synthetic_england.toml") == scenario.model


def test_the_same_seed_writes_the_same_bytes(scenario, tmp_path):
    scenario.write(tmp_path / "a")
    simulate_scenario(scenario.settings.name, seed=7, **SIZE).write(tmp_path / "b")
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_readme_tells_what_is_published_and_what_is_assumed(scenario, tmp_path):
    scenario.write(tmp_path)
    text = (tmp_path / "README.txt").read_text(encoding="utf-8")
    assert text.startswith("SYNTHETIC DATA.")
    assert f"Scenario {scenario.settings.name}:" in text
    assert "Seed: 7; 20 authorities, 500 areas" in text
    for name in (path.name for path in tmp_path.iterdir() if path.name != "README.txt"):
        assert name in text
    published, assumed = text.split("\nAssumed\n")
    for assumption in scenario.settings.assumptions:
        assert assumption in assumed
    findings = scenario.findings
    for finding in findings.itertuples():
        shown = f"  {finding.what}: {finding.published}; here {finding.truth:.4g}"
        assert (shown in published) == (finding.status != "assumed")


def test_readme_names_the_seed_of_another_geography(tmp_path):
    simulate_scenario("sex", seed=1, geography_seed=2, **SIZE).write(tmp_path)
    assert "Seed: 1 (geography of seed 2)" in (tmp_path / "README.txt").read_text(encoding="utf-8")


def test_children_and_moderators_are_written_as_whole_numbers(tmp_path):
    simulate_scenario("rural", seed=1, **SIZE).write(tmp_path)
    read = pd.read_csv(tmp_path / "synthetic_england_areas.csv")
    assert read["children"].dtype == read["rural"].dtype == np.int64


def test_a_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(DataError, match="cannot write the synthetic data"):
        simulate_scenario("sex", seed=1, **SIZE).write(tmp_path / "taken")
