import numpy as np
from scipy import stats

from bayesgrad.simulate import simulate_scenario
from bayesgrad.simulate.episodes import DAYS_PER_YEAR, Episodes, draw_episodes
from bayesgrad.simulate.scenario_settings import Durations

BREAKS = (90.0, 180.0)


def test_closures_and_years_at_risk_by_hand():
    episodes = Episodes(
        area=np.array([0, 0, 2, 2]),
        opened=np.array([500.0, 100.0, 90.0, 400.0]),
        days=np.array([30.0, 100.0, 90.0, 200.0]),
        closed=np.array([True, False, True, True]),
    )
    closed, years = episodes.by_interval(BREAKS, areas=3)
    # A closure on day 90 belongs to the interval that begins there.
    np.testing.assert_array_equal(closed, [[1, 0, 0], [0, 0, 0], [0, 1, 1]])
    days = [[120, 10, 0], [0, 0, 0], [180, 90, 20]]
    np.testing.assert_allclose(years * DAYS_PER_YEAR, days)


def test_durations_follow_their_hazards():
    """Kolmogorov-Smirnov at one in a million: cumulative hazards at closure are exponential."""
    hazard = np.array([[3.0, 1.0, 0.5]])
    # Followed for so long that every episode closes.
    durations = Durations(years=1e6, breaks=BREAKS, exposure="years")
    drawn = draw_episodes(np.array([50_000]), hazard, durations, rng=np.random.default_rng(2))
    closed_early = drawn.days[drawn.opened > 1e5]
    assert len(closed_early) > 49_000
    spent = np.diff(np.minimum(closed_early[:, None], [0.0, *BREAKS, np.inf]), axis=1)
    cumulative = (spent * hazard / DAYS_PER_YEAR).sum(axis=1)
    assert stats.kstest(cumulative, "expon").pvalue > 1e-6
    assert stats.kstest(cumulative * 1.03, "expon").pvalue < 1e-6


def test_episodes_are_censored_at_the_last_day():
    durations = Durations(years=1.0, breaks=BREAKS, exposure="years")
    hazard = np.full((1, 3), 1.0)
    drawn = draw_episodes(np.array([5_000]), hazard, durations, rng=np.random.default_rng(3))
    assert drawn.opened.max() <= DAYS_PER_YEAR
    assert (drawn.days <= drawn.opened).all()
    np.testing.assert_array_equal(drawn.days == drawn.opened, ~drawn.closed)
    assert 0.2 < drawn.closed.mean() < 0.8


def test_a_scenario_offers_the_episodes_that_its_table_adds_up():
    scenario = simulate_scenario("duration", seed=4, authorities=20, areas=400)
    episodes, areas = scenario.episodes, scenario.areas
    closed = areas.groupby("area")["closed"].sum()
    years = areas.groupby("area")["time_at_risk"].sum()
    of_area = episodes.groupby("area").agg(closed=("closed", "sum"), days=("days", "sum"))
    np.testing.assert_array_equal(of_area["closed"], closed[of_area.index])
    np.testing.assert_allclose(of_area["days"] / DAYS_PER_YEAR, years[of_area.index])
    assert closed.sum() == episodes["closed"].sum()


def test_other_scenarios_have_no_episodes():
    assert simulate_scenario("sex", seed=1, authorities=5, areas=60).episodes is None


def test_time_at_risk_reaches_the_last_interval_where_an_episode_does():
    scenario = simulate_scenario("duration", seed=4, authorities=20, areas=400)
    longest = scenario.episodes.groupby("area")["days"].max()
    rows = scenario.areas[scenario.areas["interval"] == "730+"].set_index("area")["time_at_risk"]
    np.testing.assert_array_equal(rows[longest.index] > 0, longest > 730)
