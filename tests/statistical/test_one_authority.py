"""Authorities fitted alone, each with a pack that it has no part in: are their truths covered?"""

from __future__ import annotations

import one_authority
import pandas as pd
import pytest

from bayesgrad.simulate import EnglandSettings, simulate_england

LEAST = 50
"""Of 60 intervals that hold 95%, fewer than 50 hold the truth once in 5,800 times."""


@pytest.mark.slow
def test_true_gradients_of_authorities_left_out_are_covered():
    england = simulate_england(EnglandSettings(authorities=60, areas=3000), seed=11)
    truth = england.authorities.set_index("authority")["gradient"]
    groups = one_authority.groups_of(list(truth.index), 3, seed=1)
    found = pd.DataFrame(one_authority.left_out(england.areas, groups))
    found["truth"] = found["code"].map(truth)
    assert len(found) == 60
    for prefix in ("", "prior_"):
        share, _ = one_authority.coverage(found, prefix)
        assert share * 60 >= LEAST
    assert found["divergences"].sum() == 0
    assert found["max_r_hat"].max() < 1.02
    assert (found["prior_share"].between(0, 1)).all()
    # What the counts say narrows what the pack says.
    narrower = found["upper"] / found["lower"] < found["prior_upper"] / found["prior_lower"]
    assert narrower.mean() > 0.9


@pytest.mark.slow
@pytest.mark.parametrize("name", one_authority.RATES)
def test_a_pack_at_least_halves_the_interval_of_23_real_areas(shared_data, name):
    rate = one_authority.RATES[name]
    found = one_authority.smallest(shared_data, range(1, 4), rate=rate)
    assert (found["areas"] == 23).all()
    assert (found["pack"] < 0.5 * found["default priors"]).all()
    assert (found["pack"] < 0.5 * found["regression"]).all()
    # What the areas cannot say is the nation's.
    assert (found["prior_share"] > 0.5).all()
