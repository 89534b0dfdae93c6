import numpy as np
import pytest

from bayesgrad.errors import DiagnosticsError
from bayesgrad.estimands.pairs import probability_steeper
from bayesgrad.estimands.ranks import rank_draws, ranks_table, tiers
from tests.fabricate import fabricated_draws, with_group


def test_steepest_is_first_and_ties_share_their_rank() -> None:
    slopes = np.array([[0.1, 0.5], [0.3, 0.5], [0.2, 0.9], [0.0, 0.1]])
    np.testing.assert_array_equal(rank_draws(slopes), [[3, 2.5], [1, 2.5], [2, 1], [4, 4]])


@pytest.mark.parametrize("seed", range(3))
def test_ranks_are_a_permutation_in_every_draw(seed: int) -> None:
    slopes = np.random.default_rng(seed).normal(size=(17, 60))
    ranks = rank_draws(slopes)
    np.testing.assert_array_equal(np.sort(ranks, axis=0), np.tile(np.arange(1, 18), (60, 1)).T)
    expected = 1 + (probability_steeper(slopes).sum(axis=0) - 0.5)
    np.testing.assert_allclose(ranks.mean(axis=1), expected)


def test_expected_ranks_and_deciles_add_up() -> None:
    table = ranks_table(fabricated_draws(authorities=24, outcomes=("referral", "plan")))
    for _, one in table.groupby("outcome"):
        assert one["expected_rank"].sum() == pytest.approx(24 * 25 / 2)
        # round(24 / 10) = 2 authorities in the top decile of every draw.
        assert one["prob_top_decile"].sum() == pytest.approx(2)
        assert one["prob_bottom_decile"].sum() == pytest.approx(2)
        assert one["expected_rank"].is_monotonic_increasing


def test_bounds_are_ranks_and_nested() -> None:
    table = ranks_table(fabricated_draws(authorities=20), level=0.9)
    bounds = table[["simultaneous_lower", "lower", "upper", "simultaneous_upper"]].to_numpy()
    np.testing.assert_array_equal(bounds, np.round(bounds))
    assert (np.diff(bounds, axis=1) >= 0).all()
    assert (table["lower"] <= table["expected_rank"]).all()


def test_tiers_by_hand() -> None:
    # A and B, and B and C, cannot be told apart; A and C can, so C opens the second tier.
    steeper = np.array([[0.5, 0.8, 0.96], [0.2, 0.5, 0.8], [0.04, 0.2, 0.5]])
    assert tiers(steeper, order=np.array([0, 1, 2]), sure=0.95).tolist() == [1, 1, 2]
    assert tiers(steeper, order=np.array([0, 1, 2]), sure=0.97).tolist() == [1, 1, 1]
    assert tiers(steeper, order=np.array([0, 1, 2]), sure=0.8).tolist() == [1, 2, 3]


@pytest.mark.parametrize("seed", range(4))
def test_no_pair_of_a_tier_can_be_told_apart_and_each_new_tier_is_needed(seed: int) -> None:
    draws = fabricated_draws(seed=seed, authorities=30)
    table = ranks_table(draws, sure=0.9)
    slopes = (
        draws["posterior"]
        .to_dataset()["authority_slope"]
        .sel(authority=table["authority"].tolist())
    )
    steeper = probability_steeper(
        slopes.transpose("authority", "chain", "draw", ...).values.reshape(30, -1)
    )
    surely = np.maximum(steeper, 1 - steeper)
    tier = table["tier"].to_numpy()
    assert tier[0] == 1
    assert set(np.diff(tier)) == {0, 1}
    same = tier[:, None] == tier[None, :]
    assert (surely[same] < 0.9).all()
    for first in np.flatnonzero(np.diff(tier)) + 1:
        assert (surely[first, tier == tier[first] - 1] >= 0.9).any()


def test_tiers_do_not_move_with_the_level_of_intervals() -> None:
    draws = fabricated_draws(seed=2, authorities=30)
    at = {level: ranks_table(draws, level=level)["tier"].tolist() for level in (0.5, 0.95, 0.99)}
    assert at[0.5] == at[0.95] == at[0.99]
    assert max(ranks_table(draws, sure=0.6)["tier"]) > max(at[0.95])


def test_equal_expected_ranks_are_ordered_by_code() -> None:
    draws = fabricated_draws(authorities=3, chains=1, draws=4)
    posterior = draws["posterior"].to_dataset()
    posterior["authority_slope"] = posterior["authority_slope"] * 0 + 0.5
    table = ranks_table(with_group(draws, posterior=posterior))
    assert table["authority"].tolist() == ["E09000001", "E09000002", "E09000003"]
    assert table["expected_rank"].tolist() == [2.0, 2.0, 2.0]
    assert table["tier"].tolist() == [1, 1, 1]


def test_failed_diagnostics_withhold_ranks_unless_insisted_upon() -> None:
    draws = fabricated_draws(failed_checks=["max_r_hat", "divergences"])
    with pytest.raises(DiagnosticsError, match="divergences, max_r_hat") as caught:
        ranks_table(draws)
    assert "(in Python despite_failed_diagnostics)" in caught.value.do
    insisted = ranks_table(draws, despite_failed_diagnostics=True)
    assert insisted.equals(ranks_table(fabricated_draws()))


def test_others_that_cannot_be_told_apart_are_counted() -> None:
    draws = fabricated_draws(authorities=8)
    slopes = draws["posterior"]["authority_slope"].isel(outcome=0)
    flat = slopes.stack(sample=("chain", "draw")).transpose("authority", "sample").values
    steeper = (flat[:, None] > flat[None]).mean(axis=2)
    unclear = (np.maximum(steeper, 1 - steeper) < 0.9).sum(axis=1)
    rows = ranks_table(draws, sure=0.9).set_index("authority")["not_told_apart"]
    assert rows.sort_index().tolist() == unclear.tolist()
    assert 0 < unclear.sum() < 56
