import numpy as np
import pytest

from bayesgrad.errors import FitError
from bayesgrad.estimands import pairs
from bayesgrad.estimands.pairs import pairs_table, probability_steeper, told_apart
from tests.fabricate import fabricated_draws


def test_probability_by_hand_a_tie_counts_half() -> None:
    slopes = np.array([[1.0, 2.0, 3.0, 4.0], [1.0, 1.0, 5.0, 5.0]])
    np.testing.assert_array_equal(probability_steeper(slopes), [[0.5, 0.375], [0.625, 0.5]])


def test_told_apart_from_the_level_on_either_side() -> None:
    found = told_apart(np.array([0.95, 0.05, 0.94, 0.06, 0.5]), sure=0.95)
    assert found.tolist() == [True, True, False, False, False]


@pytest.mark.parametrize("ties", [False, True])
def test_probabilities_of_both_directions_add_to_one(ties: bool) -> None:
    slopes = np.random.default_rng(2).normal(size=(9, 101))
    steeper = probability_steeper(np.round(slopes) if ties else slopes)
    np.testing.assert_allclose(steeper + steeper.T, 1.0, rtol=1e-15)


def test_all_pairs_by_code() -> None:
    draws = fabricated_draws(authorities=6, outcomes=("referral", "plan"))
    table = pairs_table(draws)
    codes = [f"E0900000{i}" for i in range(1, 7)]
    wanted = [(a, b) for i, a in enumerate(codes) for b in codes[i + 1 :]]
    assert list(zip(table["authority_a"], table["authority_b"], strict=True)) == wanted * 2
    assert table["outcome"].tolist() == ["referral"] * 15 + ["plan"] * 15


def test_a_pair_is_compared_draw_by_draw() -> None:
    draws = fabricated_draws()
    slopes = draws["posterior"].to_dataset()["authority_slope"].isel(outcome=0)
    a = slopes.sel(authority="E09000007").values.ravel()
    b = slopes.sel(authority="E09000002").values.ravel()
    (row,) = pairs_table(draws, ["E09000007", "E09000002"], level=0.8).to_dict("records")
    assert (row["authority_a"], row["authority_b"]) == ("E09000007", "E09000002")
    assert row["prob_a_steeper"] == (a > b).mean()
    expected = np.quantile(np.exp(a - b), [0.5, 0.1, 0.9])
    assert [row["ratio"], row["lower"], row["upper"]] == pytest.approx(expected)


def test_the_other_direction_is_the_mirror_image() -> None:
    draws = fabricated_draws(draws=101, chains=1)
    (one,) = pairs_table(draws, ["E09000007", "E09000002"]).to_dict("records")
    (other,) = pairs_table(draws, ["E09000002", "E09000007"]).to_dict("records")
    assert one["prob_a_steeper"] + other["prob_a_steeper"] == pytest.approx(1)
    assert one["ratio"] * other["ratio"] == pytest.approx(1)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    draws = fabricated_draws(authorities=7, draws=30)
    whole = pairs_table(draws)
    monkeypatch.setattr(pairs, "BLOCK", 1)
    assert pairs_table(draws).equals(whole)


def test_unknown_authority_is_named_with_those_that_come_close() -> None:
    with pytest.raises(FitError, match="'Authority G7'") as caught:
        pairs_table(fabricated_draws(), ["E09000001", "Authority G7"])
    assert "E09000007 (Authority G6)" in caught.value.do
    with pytest.raises(FitError) as caught:
        pairs_table(fabricated_draws(), ["E09000001", "?"])
    assert "12 authorities, such as E09000001" in caught.value.do


@pytest.mark.parametrize("codes", [[], ["E09000001"], ["E09000001", "E09000001"]])
def test_one_authority_is_no_pair(codes: list[str]) -> None:
    with pytest.raises(FitError, match="to compare"):
        pairs_table(fabricated_draws(), codes)
