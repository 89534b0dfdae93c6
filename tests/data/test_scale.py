from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bayesgrad.data.scale import refuse_other_scales
from bayesgrad.errors import DataError

RATES = np.array([0.007, 0.034, 0.086, 0.211, 0.117, 0.166, 0.051, 0.338, 0.492, 0.12])


def check(values, column="deprivation"):
    values = pd.Series(values, dtype="float64")
    codes = pd.Series([f"E0100{n:04d}" for n in range(len(values))])
    refuse_other_scales(codes, values, column=column, where=f"table: column {column}")


@pytest.mark.parametrize(
    ("values", "column", "scale", "remedy"),
    [
        (RATES * 100, "deprivation", "percentages", "Divide the column by 100"),
        (RATES * 100, "income_score", "percentages", "Divide the column by 100"),
        (np.arange(1, 32_845), "deprivation", "ranks", "Income Score (rate)"),
        (np.arange(1, 11), "deprivation", "deciles", "Income Score (rate)"),
        ([3, 7, 8], "deprivation", "deciles", "Income Score (rate)"),
        ([2, 3, 3], "imd_decile", "deciles", "Income Score (rate)"),
        (np.arange(1, 6), "deprivation", "quintiles", "Income Score (rate)"),
        (np.arange(1, 21), "deprivation", "vigintiles", "Income Score (rate)"),
        ([0, 12, 64, 33], "deprivation", "whole percentages", "Divide"),
        ([28.424, 18.298, 6.208, 92.735], "deprivation", "scores", "Income Score (rate)"),
        ([28.424, 18.298, 6.208, 92.735], "income_score", "scores", "Income Score (rate)"),
        ([28.424, 18.298, 6.208], "income_pct", "percentages", "Divide the column by 100"),
        ([28.4, 18.2, 6.2, 92.7], "imd_score", "scores", "Income Score (rate)"),
        ([-1.771, 0.5, -2.22, 1.4], "deprivation", "standardised scores", "Income Score (rate)"),
        ([1296.5, 175.2], "deprivation", "no proportions", "Income Score (rate)"),
    ],
)
def test_other_scales_are_named_with_the_remedy(values, column, scale, remedy):
    with pytest.raises(DataError) as caught:
        check(values, column)
    assert f"column {column} must lie between 0 and 1" in caught.value.what
    assert scale in caught.value.what
    assert "E0100" in caught.value.what
    assert remedy in caught.value.do


def test_a_few_values_outside_are_errors_and_no_scale():
    with pytest.raises(DataError) as caught:
        check([*RATES, 1.2, -0.1])
    assert "2 of 12 values do not: E01000010 (1.2), E01000011 (-0.1)" in caught.value.what
    assert "look like" not in caught.value.what


def test_proportions_pass():
    check([0.0, 0.5, 1.0])
