"""Standing in the nation of a pack, on numbers that can be followed."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import norm

from bayesgrad.errors import FitError
from bayesgrad.estimands import table, tables_of
from bayesgrad.estimands.standing import prior_quantiles, prior_variance, share_below
from tests.fabricate import fabricated_draws, with_group
from tests.fabricated_nation import PLACES, nation_dataset


@pytest.fixture(scope="module")
def draws():
    tree = fabricated_draws(authorities=1)
    return with_group(tree, nation=nation_dataset(tree))


def test_prior_quantiles_are_normal_where_the_spread_is_known(draws):
    found = prior_quantiles(draws["nation"].to_dataset(), (0.025, 0.5, 0.975)).values.ravel()
    assert_allclose(found, norm(0.5, np.hypot(0.02, 0.09)).ppf([0.025, 0.5, 0.975]), rtol=1e-9)


def test_prior_quantiles_are_those_of_draws_where_it_is_not(draws):
    log_sd_variance, covariance = 0.16, 0.005
    by = ("authority", "outcome")
    nation = nation_dataset(
        draws,
        log_sd_variance=("outcome", [log_sd_variance]),
        line_log_sd_covariance=(by, [[covariance]]),
    )
    probabilities = (0.025, 0.25, 0.975)
    found = prior_quantiles(nation, probabilities).values.ravel()
    rng = np.random.default_rng(1)
    moments = [[0.0004, covariance], [covariance, log_sd_variance]]
    line, log_sd = rng.multivariate_normal([0.5, np.log(0.09)], moments, 1_000_000).T
    log_gradient = line + np.exp(log_sd) * rng.standard_normal(1_000_000)
    # The share of a million draws below a quantile has a standard error below 0.0005: five of
    # them are passed once in 1.7 million tests.
    shares = [(log_gradient < quantile).mean() for quantile in found]
    assert_allclose(shares, probabilities, atol=0.0025)
    assert prior_variance(nation).item() == pytest.approx(log_gradient.var(), rel=0.02)


def test_shares_below_are_normal_probabilities_in_every_draw(draws):
    posterior = draws["posterior"].to_dataset()
    authorities, nation = draws["authorities"].to_dataset(), draws["nation"].to_dataset()
    found = share_below(posterior, authorities, nation, outcome=0)
    one = posterior.isel(chain=1, draw=7, outcome=0, authority=0)
    own, mean = float(authorities["deprivation"][0]), float(authorities["deprivation"].mean())

    def at(deprivation):
        line = float(one["slope"] + one["interaction"][0] * np.log(deprivation / mean))
        return norm.cdf((float(one["authority_slope"]) - line) / float(one["sd_slope"]))

    picked = {
        name: values.isel(chain=1, draw=7, authority=0).item() for name, values in found.items()
    }
    assert picked["share_of_alike_below"] == pytest.approx(at(own))
    expected = np.mean([at(place) for place in PLACES])
    assert picked["share_of_nation_below"] == pytest.approx(expected)


def test_the_table_repeats_the_gradients_and_weighs_the_prior(draws):
    row = table(draws, "standing").iloc[0]
    other = table(draws, "gradients").iloc[0]
    assert list(row[["gradient", "lower", "upper", "reliability"]]) == list(
        other[["gradient", "lower", "upper", "reliability"]]
    )
    after = draws["posterior"]["authority_slope"].values.var(ddof=1)
    assert row["prior_share"] == pytest.approx(after / (0.02**2 + 0.09**2))
    assert row["prior_gradient"] == pytest.approx(np.exp(0.5))
    for share in ("share_of_nation_below", "share_of_alike_below"):
        assert 0 <= row[f"{share}_lower"] <= row[share] <= row[f"{share}_upper"] <= 1


def test_without_moderation_all_the_nation_is_alike():
    tree = fabricated_draws(authorities=1, moderation="none")
    row = table(with_group(tree, nation=nation_dataset(tree)), "standing").iloc[0]
    assert row["share_of_nation_below"] == pytest.approx(row["share_of_alike_below"])


def test_a_fit_without_a_pack_has_no_standing():
    tree = fabricated_draws()
    assert "standing" not in tables_of(tree)
    with pytest.raises(FitError, match="this fit has no prior pack"):
        table(tree, "standing")


def test_one_authority_is_compared_with_none(draws):
    assert not {"ranks", "pairs"} & set(tables_of(draws))
    assert "standing" in tables_of(draws)
    for name in ("ranks", "pairs"):
        with pytest.raises(FitError, match="this fit is of one authority, E09000001"):
            table(draws, name)


def test_several_authorities_are_compared_with_one_another():
    tree = fabricated_draws(authorities=3, outcomes=("referral", "plan"))
    whole = with_group(tree, nation=nation_dataset(tree))
    assert {"ranks", "pairs", "standing"} <= set(tables_of(whole))
    assert len(table(whole, "standing")) == 6


def test_the_whole_table_is_not_the_nation_of_a_pack(draws):
    assert list(table(draws, "inequality")["authority"]) == ["E09000001"]
    national = table(draws, "national").set_index("deprivation_shift")
    mean = float(draws["reference"]["mean_authority_deprivation"])
    assert list(national["extrapolated"]) == [
        not PLACES[0] <= mean + shift <= PLACES[-1] for shift in national.index
    ]


def test_a_wider_level_gives_wider_intervals(draws):
    narrow, wide = (table(draws, "standing", level=level).iloc[0] for level in (0.5, 0.95))
    for name in ("", "prior_", "share_of_nation_below_", "share_of_alike_below_"):
        assert wide[f"{name}lower"] < narrow[f"{name}lower"]
        assert wide[f"{name}upper"] > narrow[f"{name}upper"]


def test_conflict_is_the_normal_tail_of_the_own_estimate():
    """Conjugate normal draws: the own estimate, 0.1 (sd 0.12), against 0.5 (sd 0.0922)."""
    tree = fabricated_draws(authorities=1, draws=4000)
    prior, own = 0.02**2 + 0.09**2, 0.12**2
    variance = 1.0 / (1.0 / prior + 1.0 / own)
    values = np.random.default_rng(2).normal(size=(2, 4000, 1, 1))
    values = (values - values.mean()) / values.std(ddof=1) * np.sqrt(variance)
    posterior = tree["posterior"].to_dataset()
    posterior["authority_slope"][:] = variance * (0.5 / prior + 0.1 / own) + values
    whole = with_group(tree, posterior=posterior, nation=nation_dataset(tree))
    expected = 2 * norm.cdf(-0.4 / np.sqrt(prior + own))
    assert table(whole, "standing")["prior_conflict"][0] == pytest.approx(expected, rel=1e-6)
