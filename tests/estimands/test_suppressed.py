from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from bayesgrad.errors import FitError
from bayesgrad.estimands import table, tables_of
from bayesgrad.estimands.strata_effects import mean_over_strata
from bayesgrad.fitting.gradient_fit import GradientFit
from tests.fabricate import fabricated_draws, with_group
from tests.small import spec_of

PLACE = ["authority", "name", "outcome", "stratum"]
COLUMNS = [*PLACE, "cells", "least", "most", "implied", "lower", "upper"]


def draws_of(*, outcomes=("referrals",), strata=("",)):
    """Made-up draws with four cells of suppressed counts, whose totals are easy to follow."""
    draws = fabricated_draws(outcomes=outcomes, strata=strata, authorities=4)
    codes = sorted(draws["authorities"]["authority"].values.tolist())
    cells = [
        (codes[1], outcomes[-1], strata[-1], 4),
        (codes[0], outcomes[0], strata[-1], 2),
        (codes[0], outcomes[0], strata[0], 3),
        (codes[2], outcomes[0], strata[0], 5),
    ]
    authority, outcome, stratum, rows = (list(column) for column in zip(*cells, strict=True))
    total = np.arange(101)[:, None] + np.array([100, 200, 300, 400])
    hidden = xr.Dataset(
        {"total": (("sample", "cell"), total), "rows": ("cell", rows)},
        coords={
            "authority": ("cell", authority),
            "outcome": ("cell", outcome),
            "stratum": ("cell", stratum),
        },
        attrs={"lower": 1, "upper": 5},
    )
    known = draws["authorities"].to_dataset()
    counts = xr.zeros_like(known["events"])
    for a, o, k, n in cells:
        counts.loc[{"authority": a, "outcome": o, "stratum": k}] += n
    return with_group(draws, suppressed=hidden, authorities=known.assign(suppressed=counts))


def test_rows_are_national_first_and_then_by_outcome_stratum_and_authority():
    found = table(draws_of(outcomes=("a", "b"), strata=("x", "y")), "suppressed")
    assert found.columns.tolist() == COLUMNS
    codes = found["authority"].tolist()
    assert codes[:2] == ["", ""]
    places = list(zip(found["outcome"], found["stratum"], strict=True))
    assert places == [("a", ""), ("b", ""), ("a", "x"), ("a", "x"), ("a", "y"), ("b", "y")]
    assert codes[2:4] == sorted(codes[2:4])
    assert found["name"].tolist()[:2] == ["", ""]
    assert (found["name"][2:] != "").all()


def test_bounds_and_implied_totals_by_hand():
    found = table(draws_of(outcomes=("a", "b")), "suppressed", level=0.9).set_index(
        ["authority", "outcome"]
    )
    national = found.loc[[("", "a")]].iloc[0]
    assert national[["cells", "least", "most"]].tolist() == [10, 10, 50]
    # Three cells of 200, 300 and 400, each with 0 to 100 more: 900 + 3 x 50 at the median.
    assert national[["implied", "lower", "upper"]].tolist() == pytest.approx([1050, 915, 1185])
    own = found[found["cells"] == 4].loc[(slice(None), "b"), :].iloc[-1]
    assert own[["least", "most", "implied", "lower", "upper"]].tolist() == pytest.approx(
        [4, 20, 150, 105, 195]
    )


def test_it_is_listed_only_where_counts_are_suppressed():
    assert "suppressed" in tables_of(draws_of())
    assert "suppressed" not in tables_of(fabricated_draws())
    with pytest.raises(FitError, match="no group 'suppressed'"):
        table(fabricated_draws(), "suppressed")
    with pytest.raises(FitError, match="strictly between 0 and 1"):
        table(draws_of(), "suppressed", level=95)


def test_their_number_stands_beside_published_events():
    draws = draws_of(strata=("x", "y"))
    gradients = table(draws, "gradients")
    assert gradients.columns[11:14].tolist() == ["events", "areas", "suppressed"]
    assert gradients["suppressed"].sum() == 14
    strata = table(draws, "strata").set_index("stratum")
    assert strata["suppressed"].to_dict() == {"x": 8, "y": 6}
    assert table(mean_over_strata(draws), "gradients")["suppressed"].sum() == 14
    assert "suppressed" not in table(fabricated_draws(), "gradients")


def test_a_summary_says_how_many_where_and_what_is_implied():
    fit = GradientFit(spec_of(), draws_of(), {"engine": "nuts", "seed": 7})
    total = fit.table("suppressed").iloc[0]
    text = str(fit)
    assert "14 counts of referrals are suppressed, in 3 authorities (most in " in text
    implied = f"{total['implied']:,.0f} ({total['lower']:,.0f} to {total['upper']:,.0f})"
    assert f"between 14 and 70 events; implied {implied}" in text
