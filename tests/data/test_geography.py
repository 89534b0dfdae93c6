from __future__ import annotations

import pandas as pd
import pytest

from bayesgrad.data import join_by_code, read_deprivation, read_table
from bayesgrad.data.authority_codes import CODE_CHANGES, code_kind, code_style, explain_code
from bayesgrad.errors import DataError

LEFT = pd.DataFrame({"area": ["E01000003", "E01000001", "E01000002"], "n": [3, 1, 2]})
RIGHT = pd.DataFrame(
    {"code": ["E01000001", "E01000002", "E01000003", "E01000009"], "la": list("abcd")}
)


def test_rows_keep_their_order_and_every_code_is_accounted_for():
    joined, account = join_by_code(LEFT, RIGHT, left_on="area", right_on="code", what="areas")
    assert joined.to_dict("list") == {**LEFT.to_dict("list"), "la": ["c", "a", "b"]}
    assert (account.rows, account.matched) == (3, 3)
    assert account.unmatched_right == ("E01000009",)
    assert str(account) == "areas: 3 rows in; 3 matched\nunmatched, right: 1 code (E01000009)"


def test_unmatched_rows_are_refused_unless_allowed():
    right = RIGHT.iloc[1:]
    with pytest.raises(DataError) as caught:
        join_by_code(LEFT, right, left_on="area", right_on="code", what="areas")
    assert "areas: 1 row of 3 without a partner: column area has 1 code" in caught.value.what
    assert "E01000001" in caught.value.what
    joined, account = join_by_code(
        LEFT, right, left_on="area", right_on="code", allow_unmatched=True
    )
    assert joined["la"].isna().tolist() == [False, True, False]
    assert account.unmatched_left == ("E01000001",)
    assert account.rows == account.matched + 1


def test_codes_listed_twice_on_the_right_are_refused():
    right = pd.concat([RIGHT, RIGHT.iloc[:1]])
    with pytest.raises(DataError, match="column code lists 1 code more than once: E01000001"):
        join_by_code(LEFT, right, left_on="area", right_on="code")


def test_names_blanks_and_overwriting_are_refused():
    names = pd.DataFrame({"name": ["Dorset"], "n": [1]})
    with pytest.raises(DataError, match="column name holds names, not codes: Dorset"):
        join_by_code(names, names.rename(columns={"n": "m"}), on="name")
    with pytest.raises(DataError, match="column area is blank in 1 row: row 1"):
        join_by_code(LEFT.assign(area=[None, "E01", "E02"]), RIGHT, left_on="area", right_on="code")
    with pytest.raises(DataError, match="both tables have n"):
        join_by_code(LEFT, RIGHT.assign(n=0), left_on="area", right_on="code")
    with pytest.raises(DataError, match="no column to join by"):
        join_by_code(LEFT, RIGHT)
    with pytest.raises(DataError, match="right table: there is no column area"):
        join_by_code(LEFT, RIGHT, on="area")


def test_changed_codes_match_only_where_asked_and_only_for_the_same_area():
    left = pd.DataFrame({"la": ["E06000048", "E06000060", "E10000009"]})
    right = pd.DataFrame({"la": ["E06000057", "E10000002", "E06000059"], "n": [1, 2, 3]})
    with pytest.raises(DataError) as caught:
        join_by_code(left, right, on="la")
    assert "E06000048 (Northumberland) gave way to E06000057 on 1 April 2013" in caught.value.do
    joined, account = join_by_code(left, right, on="la", recode=True, allow_unmatched=True)
    assert joined["n"].tolist()[:2] == [1, 2]
    assert account.recoded == (("E06000048", "E06000057"), ("E06000060", "E10000002"))
    assert account.unmatched_left == ("E10000009",)
    assert "E06000048 as E06000057" in str(account)


def test_a_change_of_boundary_is_explained():
    assert explain_code("E10000009") == (
        "E10000009 (Dorset) gave way to E06000059 on 1 April 2019 with other boundaries"
    )
    assert "E06000061 and E06000062" in explain_code("E10000021")
    assert explain_code("E09000007") == ""


def test_code_changes_are_consistent():
    retired = [change.retired for change in CODE_CHANGES]
    assert len(set(retired)) == len(retired)
    for change in CODE_CHANGES:
        assert not change.same_area or len(change.current) == 1
        assert len({code_style(code) for code in (change.retired, *change.current)}) == 1
        assert code_style(change.retired) in ("ONS", "three-digit")


@pytest.mark.parametrize(
    ("code", "style", "kind"),
    [
        ("E09000007", "ONS", "London borough"),
        ("E10000030", "ONS", "county"),
        ("E01000001", "ONS", "LSOA"),
        ("W06000001", "ONS", None),
        ("202", "three-digit", None),
        ("E0900000", "other", None),
    ],
)
def test_styles_and_kinds_of_code(code, style, kind):
    assert (code_style(code), code_kind(code)) == (style, kind)


def test_real_areas_to_upper_tier_authorities(shared_data):
    deprivation = read_deprivation(shared_data / "deprivation" / "IoD2019_File7_reconstructed.csv")
    tiers = read_table(shared_data / "geography" / "lookup_ltla19_utla19.csv")
    english = tiers[tiers["ltla19_code"].str.startswith("E")].drop_duplicates("ltla19_code")
    joined, account = join_by_code(
        deprivation, english, left_on="lad_code", right_on="ltla19_code", what="districts"
    )
    assert (account.rows, account.matched) == (32_844, 32_844)
    lookup = read_table(
        shared_data / "geography" / "LSOA11_MSOA11_LAD19_UTLA19_RGN19_RUC_area.csv",
        columns=["lsoa11_code", "utla19_code"],
    )
    joined, account = join_by_code(
        joined, lookup.rename(columns={"utla19_code": "published"}), on="lsoa11_code"
    )
    assert account.matched == 32_844
    assert joined["utla19_code"].nunique() == 151
    assert (joined["utla19_code"] == joined["published"]).all()


def test_real_statistics_with_codes_of_two_dates_are_not_joined_silently(shared_data):
    referrals = read_table(
        shared_data
        / "la_statistics"
        / "c1_children_in_need_referrals_and_rereferrals_2013_to_2022.csv"
    )
    authorities = referrals[
        (referrals["time_period"] == 2019) & (referrals["geographic_level"] == "Local authority")
    ]
    lookup = read_table(shared_data / "geography" / "lookup_ltla19_utla19.csv")
    upper = lookup[["utla19_code", "utla19_name"]].drop_duplicates("utla19_code")
    names = {"left_on": "new_la_code", "right_on": "utla19_code"}
    with pytest.raises(DataError) as caught:
        join_by_code(authorities, upper, what="referrals", **names)
    assert "4 codes" in caught.value.what
    assert "E06000060" in caught.value.what
    _, account = join_by_code(authorities, upper, recode=True, allow_unmatched=True, **names)
    assert account.recoded == (("E06000060", "E10000002"),)
    assert account.unmatched_left == ("E06000028", "E06000029", "E10000009")


def test_a_code_that_is_there_matches_itself_before_its_other_code():
    left = pd.DataFrame({"la": ["E06000057", "E06000048"]})
    right = left.assign(n=[1, 2])
    joined, account = join_by_code(left, right, on="la", recode=True)
    assert joined["n"].tolist() == [1, 2]
    assert account.recoded == ()
