import numpy as np
import pytest

from bayesgrad.errors import FitError
from bayesgrad.estimands.ranks import rank_draws
from bayesgrad.estimands.simultaneous import outward_interval, simultaneous_band


def share_inside(values, lower, upper) -> float:
    inside = (values >= lower[:, None]) & (values <= upper[:, None])
    return inside.all(axis=0).mean()


@pytest.mark.parametrize("level", [0.5, 0.8, 0.95, 0.99])
@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_at_least_the_stated_share_of_draws_lies_inside_jointly(
    level: float, tied: bool, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(15, 1)) + rng.normal(size=(15, 400))
    if tied:
        values = rank_draws(np.round(values, 1))
    lower, upper = simultaneous_band(values, level=level)
    assert share_inside(values, lower, upper) >= level
    pointwise = outward_interval(values, level=level)
    assert (lower <= pointwise[0]).all()
    assert (upper >= pointwise[1]).all()


def test_the_band_is_no_wider_than_it_need_be() -> None:
    values = np.random.default_rng(3).normal(size=(10, 500))
    lower, upper = simultaneous_band(values, level=0.9)
    ordered = np.sort(values, axis=1)
    k = int(np.flatnonzero(ordered[0] == upper[0])[0]) + 1
    np.testing.assert_array_equal(upper, ordered[:, k - 1])
    np.testing.assert_array_equal(lower, ordered[:, 500 - k])
    assert share_inside(values, ordered[:, 500 - k + 1], ordered[:, k - 2]) < 0.9


def test_one_quantity_by_hand() -> None:
    # Of 10 draws, k = 9 leaves out the least and the greatest: 8 of 10 inside.
    values = np.arange(10.0)[None]
    lower, upper = simultaneous_band(values, level=0.8)
    assert (lower[0], upper[0]) == (1.0, 8.0)


def test_a_constant_rank_does_not_widen_the_others() -> None:
    rng = np.random.default_rng(5)
    others = rank_draws(rng.normal(size=(8, 1)) + rng.normal(size=(8, 300)))
    alone = simultaneous_band(others + 1, level=0.9)
    with_first = simultaneous_band(np.vstack([np.ones(300), others + 1]), level=0.9)
    np.testing.assert_array_equal(with_first[0][1:], alone[0])
    np.testing.assert_array_equal(with_first[1][1:], alone[1])
    assert (with_first[0][0], with_first[1][0]) == (1, 1)


def test_a_percentage_is_refused() -> None:
    with pytest.raises(FitError, match="95"):
        simultaneous_band(np.zeros((2, 5)), level=95)
