from __future__ import annotations

import pandas as pd
import pytest

from bayesgrad.data import read_deprivation
from bayesgrad.errors import DataError

PLACES = {
    "LSOA code (2011)": ["E01000001", "E01000002"],
    "LSOA name (2011)": ["City of London 001A", "City of London 001B"],
    "Local Authority District code (2019)": ["E09000001"] * 2,
    "Local Authority District name (2019)": ["City of London"] * 2,
}
INCOME = "Income Score (rate)"
RANK = "Income Rank (where 1 is most deprived)"


def file7(folder, columns, *, header_tail=""):
    path = folder / "file7.csv"
    frame = pd.DataFrame({**PLACES, **columns}).rename(columns=lambda name: name + header_tail)
    frame.to_csv(path, index=False, encoding="utf-8-sig")
    return path


def refused(path, **options):
    with pytest.raises(DataError) as caught:
        read_deprivation(path, **options)
    return caught.value


def test_file_7_is_recognised_with_a_byte_order_mark_and_trailing_blanks(tmp_path):
    path = file7(
        tmp_path, {INCOME: [0.007, 0.034], RANK: ["32831.00", "29901.00"]}, header_tail=" "
    )
    result = read_deprivation(path)
    assert result.to_dict("list") == {
        "lsoa11_code": ["E01000001", "E01000002"],
        "lad_code": ["E09000001", "E09000001"],
        "lad_name": ["City of London", "City of London"],
        "income_score": [0.007, 0.034],
        "vintage": ["IoD2019", "IoD2019"],
    }
    assert result.attrs == {"vintage": "IoD2019"}


def test_ranks_only_and_denominators_only_are_refused_by_name(tmp_path):
    ranks = refused(file7(tmp_path, {RANK: [1, 2]}))
    assert f"no column {INCOME}: only ranks and deciles (like File 3)" in ranks.what
    assert "File 7" in ranks.do
    people = refused(file7(tmp_path, {"Total population: mid 2015": [1296, 1156]}))
    assert "only population denominators (like File 6)" in people.what


def test_other_files_and_measures_are_refused(tmp_path):
    (tmp_path / "other.csv").write_text("code,score\nE01,0.2\n")
    assert "no file of a known release" in refused(tmp_path / "other.csv").what
    path = file7(tmp_path, {INCOME: [0.1, 0.2]})
    assert "its rates are Income Score (rate)" in refused(path, measure="idaci_score").what
    error = refused(path, measure="idaci")
    assert "no measure 'idaci'; did you mean idaci_score?" in error.what


def test_repeated_areas_missing_values_and_other_scales_are_refused(tmp_path):
    path = file7(tmp_path, {INCOME: [0.1, 0.2], "LSOA code (2011)": ["E01000001"] * 2})
    assert "1 area is listed more than once: E01000001" in refused(path).what
    path = file7(tmp_path, {INCOME: [0.1, None]})
    assert f"column {INCOME} is missing in 1 row: E01000002" in refused(path).what
    path = file7(tmp_path, {INCOME: [10.1, 20.2]})
    assert "percentages" in refused(path).what
    path = file7(tmp_path, {INCOME: ["low", "high"]})
    assert f"column {INCOME} holds text, such as 'low'" in refused(path).what


@pytest.mark.parametrize(
    ("name", "vintage", "area", "rows", "mean"),
    [
        ("IoD2019_File7_reconstructed.csv", "IoD2019", "lsoa11_code", 32_844, 0.13),
        ("IoD2025_File7_reconstructed.csv", "IoD2025", "lsoa21_code", 33_755, 0.229),
    ],
)
def test_real_files(shared_data, name, vintage, area, rows, mean):
    result = read_deprivation(shared_data / "deprivation" / name)
    assert result.shape == (rows, 5)
    assert list(result.columns[:1]) == [area]
    assert set(result["vintage"]) == {vintage}
    assert result["income_score"].mean() == pytest.approx(mean, abs=0.005)


def test_real_idaci_scores(shared_data):
    path = shared_data / "deprivation" / "IoD2019_File7_reconstructed.csv"
    assert read_deprivation(path, measure="idaci_score")["idaci_score"].between(0, 1).all()
    path = shared_data / "deprivation" / "IoD2025_File7_reconstructed.csv"
    assert "IDACI" in refused(path, measure="idaci_score").what


def test_real_files_without_scores_are_refused(shared_data):
    folder = shared_data / "deprivation"
    ranks = "File_3_-_IoD2019_Supplementary_Indices_-_IDACI_and_IDAOPI.csv"
    assert "like File 3" in refused(folder / ranks).what
    assert "like File 6" in refused(folder / "File_6_-_IoD2019_Population_Denominators.csv").what
    (workbook,) = folder.glob("File_10*.xlsx")
    assert ".xlsx is not a kind that is read" in refused(workbook).what
