import json

import numpy as np
import pandas as pd
import pytest

from bayesgrad.plots.parts import inline, log_scale, round_numbers


@pytest.mark.parametrize(
    ("lowest", "highest", "expected"),
    [
        (0.99, 2.6, [1, 1.2, 1.5, 2, 2.5]),
        (0.78, 2.7, [0.8, 1, 1.2, 1.5, 2, 2.5]),
        (90, 4000, [100, 200, 500, 1000, 2000]),
        (1.05, 1.35, [1.1, 1.2, 1.3]),
        (0.987, 1.43, [1, 1.1, 1.2, 1.3, 1.4]),
        (0.9, 12, [1, 2, 5, 10]),
    ],
)
def test_ticks_are_round_numbers_within_the_axis(lowest, highest, expected) -> None:
    assert round_numbers(lowest, highest) == expected


def test_a_scale_holds_all_values_and_skips_missing_ones() -> None:
    lowest, highest = log_scale([1.4, np.nan, 2.0], include=1).domain
    assert 0.9 < lowest < 1
    assert 2 < highest < 2.1


def test_a_scale_of_one_value_has_room() -> None:
    lowest, highest = log_scale([1.0]).domain
    assert lowest < 1 < highest


def test_inline_data_are_plain_json() -> None:
    table = pd.DataFrame({"a": [1.5, np.nan], "n": np.array([1, 2]), "t": ["x", "</script>"]})
    values = inline(table).to_dict()["values"]
    assert json.loads(json.dumps(values, allow_nan=False)) == [
        {"a": 1.5, "n": 1, "t": "x"},
        {"a": None, "n": 2, "t": "</script>"},
    ]
