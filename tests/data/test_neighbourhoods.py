from __future__ import annotations

import pandas as pd
import pytest

from bayesgrad.data import prepare_table
from bayesgrad.design import build_design
from bayesgrad.errors import DataError
from bayesgrad.spec import ModelSpec

SPEC = """
title = "Referrals"
[columns]
area = "lsoa"
authority = "la"
exposure = "children"
deprivation = "income"
vintage = "IoD2019"
neighbourhood = "msoa"
[[outcomes]]
column = "referrals"
"""


def table(**columns: object) -> pd.DataFrame:
    size = 12
    return pd.DataFrame(
        {
            "lsoa": [f"E0100{k:04d}" for k in range(size)],
            "la": ["E06000001"] * 6 + ["E06000002"] * 6,
            "msoa": [f"E0200000{k // 2}" for k in range(size)],
            "children": range(100, 100 + size),
            "income": [0.05 + 0.02 * (k * 5 % 11) for k in range(size)],
            "referrals": [k % 5 for k in range(size)],
        }
    ).assign(**columns)


def prepared(frame: pd.DataFrame, text: str = ""):
    return prepare_table(ModelSpec.from_toml(SPEC + text), frame)


def test_rows_have_their_neighbourhood_and_the_design_its_index_by_authority():
    frame = table().iloc[::-1]
    spec = ModelSpec.from_toml(SPEC)
    analysis = prepare_table(spec, frame)
    assert analysis.rows["neighbourhood"].tolist() == table()["msoa"].tolist()
    assert analysis.report.notes == ()
    design = build_design(spec, analysis)
    assert design.neighbourhoods == tuple(f"E0200000{m}" for m in range(6))
    assert design.rows.neighbourhood.tolist() == [k // 2 for k in range(12)]
    assert design.neighbourhood_authority.tolist() == [0, 0, 0, 1, 1, 1]


def test_codes_are_in_the_order_of_authorities_before_their_own():
    codes = [f"M{(5 - k // 2):02d}" for k in range(12)]
    spec = ModelSpec.from_toml(SPEC)
    design = build_design(spec, prepare_table(spec, table(msoa=codes)))
    assert design.neighbourhoods == ("M03", "M04", "M05", "M00", "M01", "M02")
    assert design.neighbourhood_authority.tolist() == [0, 0, 0, 1, 1, 1]


def test_a_table_without_them_has_no_column():
    spec = ModelSpec.from_toml(SPEC.replace('neighbourhood = "msoa"', ""))
    analysis = prepare_table(spec, table())
    assert "neighbourhood" not in analysis.rows
    design = build_design(spec, analysis)
    assert design.neighbourhoods == ()
    assert len(design.rows.neighbourhood) == len(design.neighbourhood_authority) == 0


def test_a_neighbourhood_in_two_authorities_is_refused_with_its_areas():
    codes = table()["msoa"].replace("E02000003", "E02000000")
    with pytest.raises(DataError) as caught:
        prepared(table(msoa=codes))
    assert "column msoa: 1 neighbourhood lies in more than one authority" in str(caught.value)
    assert "E02000000 (2 areas in E06000001, 2 areas in E06000002)" in str(caught.value)
    assert "one date" in str(caught.value)


def test_an_area_in_two_neighbourhoods_is_refused():
    ages = '[strata]\ncolumn = "age"\n'
    frame = pd.concat([table(age="young"), table(age="old")], ignore_index=True)
    frame.loc[12, "msoa"] = "E02000001"
    with pytest.raises(DataError, match="1 area lies in more than one neighbourhood") as caught:
        prepared(frame, ages)
    assert "E01000000 (in E02000000 and E02000001)" in str(caught.value)


@pytest.mark.parametrize("blank", [None, "  "])
def test_a_blank_code_is_refused(blank):
    codes = table()["msoa"].astype(object)
    codes[3] = blank
    with pytest.raises(DataError, match="column msoa is blank in 1 row: row 4"):
        prepared(table(msoa=codes))


def test_one_area_in_each_is_refused_beside_overdispersion_alone():
    codes = [f"M{k:02d}" for k in range(12)]
    with pytest.raises(DataError, match="one area in every neighbourhood, and referrals is over"):
        prepared(table(msoa=codes))
    found = prepared(table(msoa=codes), '[likelihood]\nfamily = "poisson"')
    assert found.report.notes == (
        "msoa has one area in every neighbourhood: their effects are those of areas",
    )


def test_few_shared_neighbourhoods_are_told():
    codes = ["M00", "M00", *(f"M{k:02d}" for k in range(1, 11))]
    (note,) = prepared(table(msoa=codes)).report.notes
    assert note.startswith("only 1 of 11 neighbourhoods of msoa has two areas or more")


def test_authorities_of_a_single_neighbourhood_are_told():
    codes = ["M00"] * 6 + [f"M{1 + k // 2:02d}" for k in range(6)]
    (note,) = prepared(table(msoa=codes)).report.notes
    assert note == (
        "1 authority is a single neighbourhood of msoa, whose effect cannot be told from the "
        "authority's (E06000001)"
    )
