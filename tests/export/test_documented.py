"""The page of the export against the package: every key of the rules, and every table."""

from __future__ import annotations

import re

from bayesgrad.estimands import TABLES
from bayesgrad.export import SHIPPED, Rules, read_rules
from bayesgrad.export.classes import EXTRA
from tests.documents import ROOT, read

PAGE = read(ROOT / "docs" / "export.md")


def test_every_key_of_the_rules_is_told_with_its_values() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", PAGE, flags=re.MULTILINE))
    for key in Rules.model_fields:
        cells = [cell.strip('`" ').replace(",", "") for cell in rows[key].split(" | ")]
        values = [str(getattr(read_rules(name), key)) for name in SHIPPED]
        assert [cell.lower() for cell in cells[:3]] == [value.lower() for value in values], key


def test_every_table_is_told() -> None:
    told = set(re.findall(r"`(\w+)`", PAGE))
    assert {*TABLES, *EXTRA} - told == {"pairs"}
