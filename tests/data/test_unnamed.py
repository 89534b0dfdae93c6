"""The account that is kept with a fit names no area and echoes no count of one."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from bayesgrad.data import prepare_table
from bayesgrad.data.unnamed import without_codes
from bayesgrad.spec import ModelSpec

AREAS = {"E01000001", "E01000002", "E01000003", "5", "7", "Barnsley 001A"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("missing in 3 rows (E01000001, E01000002 and 1 more)", "(areas not named and 1 more)"),
        ("far from the others: E01000003 (812), 'E01000001' (7)", "others: areas not named"),
        ("area Barnsley 001A: 12", "area areas not named"),
        (
            "missing in 5 rows of 17 (5, 7 and 2 more)",
            "in 5 rows of 17 (areas not named and 2 more",
        ),
        ("no rows are left of authority E09000007", "no rows are left of authority E09000007"),
        ("E010000011 is another code", "E010000011 is another code"),
    ],
)
def test_codes_of_areas_and_what_is_said_of_each_are_taken_out(text, expected):
    (found,) = without_codes([text], AREAS)
    assert expected in found
    assert not any(word in found for word in ("E01000001 ", "E01000003", "812", "001A", "12", "5,"))


def test_the_account_that_is_kept_has_numbers_alone():
    spec = ModelSpec.from_toml(
        """
        title = "T"
        [columns]
        area = "lsoa"
        authority = "la"
        exposure = "children"
        deprivation = "income"
        vintage = "IoD2019"
        [rows]
        missing_counts = "drop"
        minimum_areas = 2
        [[outcomes]]
        column = "referrals"
        [[outcomes]]
        column = "plans"
        """
    )
    rows = 40
    table = pd.DataFrame(
        {
            "lsoa": [f"E0100{k:04d}" for k in range(rows)],
            "la": [f"E090000{2 + k % 4:02d}" for k in range(rows)],
            "children": [0, *[300] * (rows - 1)],
            "income": [0.05 + 0.01 * (k % 17) for k in range(rows)],
            "referrals": [0, None, *[20 + k % 7 for k in range(rows - 2)]],
            "plans": [0, None, None, *[2 + k % 3 for k in range(rows - 3)]],
        }
    )
    analysis = prepare_table(spec, table)
    kept = json.dumps(analysis.report_without_areas.to_dict())
    told = str(analysis.report)
    assert "E01000000" in told
    assert "E01000002" in told
    assert not any(code in kept for code in table["lsoa"])
    dropped = {item.reason: item.rows for item in analysis.report_without_areas.dropped}
    assert dropped == {"missing count": 1, "exposure of zero": 1}
    assert "count missing in 1 row" in kept
