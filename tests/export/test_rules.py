from __future__ import annotations

import json

import pytest

from bayesgrad.errors import SpecError
from bayesgrad.export import SHIPPED, Rules, read_rules


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_rules_name_every_key(name: str) -> None:
    assert set(read_rules(name).model_fields_set) == set(Rules.model_fields)


def test_the_default_rules_are_those_of_the_class() -> None:
    assert read_rules() == Rules()


def test_rules_go_out_and_come_back(tmp_path) -> None:
    rules = Rules(threshold=12, round=6)
    (tmp_path / "rules.json").write_text(json.dumps({"rules": rules.model_dump()}))
    assert read_rules(tmp_path / "rules.json") == rules


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[rules]\ntreshold = 5", "treshold is not a key of rules; did you mean threshold?"),
        ("[rules]\nthreshold = 5\nround = 10", "threshold = 5 is below round = 10"),
        ("[rules]\nround = 1", "round = 1: should be greater than or equal to 2"),
        ("[rules]\nauthorities_may_leave = 1", "authorities_may_leave = 1: should be a valid"),
        ("[rules]\nthreshold = '10'", "threshold = '10': should be a valid integer"),
        ('[rules]\ncomparisons = "all"', "comparisons = 'all'"),
        ("[rule]\nthreshold = 10", r"should hold one table, \[rules\]; it holds rule"),
        ("rules = 3", "rules should be a table of keys"),
        ("[rules", "cannot be read as rules"),
    ],
)
def test_what_is_not_a_rule_is_named(tmp_path, text: str, message: str) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SpecError, match=message) as caught:
        read_rules(path)
    assert caught.value.what.startswith(str(path))


def test_a_wrong_name_is_answered_with_the_right_one() -> None:
    with pytest.raises(SpecError, match="opensafly") as caught:
        read_rules("opensafly")
    assert caught.value.do.startswith("Did you mean opensafely?")
