import numpy as np
import pytest
from scipy.special import expit

from bayesgrad.errors import FitError
from bayesgrad.estimands.strata import strata_table
from tests.fabricate import fabricated_draws, with_group

STRATA = ("1", "2", "3")


def test_a_row_by_hand() -> None:
    draws = fabricated_draws(strata=STRATA, ordered=True, centre="national", draws=80)
    posterior, reference = draws["posterior"], draws["reference"]
    table = strata_table(draws, level=0.8)
    assert table["stratum"].tolist() == list(STRATA)
    row = table.iloc[2]
    deviation = posterior["stratum_slope"].values[:, :, 0, 2].ravel()
    slope = posterior["slope"].values.ravel() + deviation
    expected = np.quantile(np.exp(slope), [0.5, 0.1, 0.9])
    assert [row["gradient"], row["lower"], row["upper"]] == pytest.approx(expected)
    assert [row["log_mean"], row["log_sd"]] == pytest.approx([slope.mean(), slope.std(ddof=1)])
    assert row["prob_above_mean"] == (deviation > 0).mean()
    # A random walk of three steps less its mean: steps 0, 1, 2, less 1, have covariance B B'.
    variance = 1 / 9 + 4 / 9
    assert float(reference["stratum_variance"][0, 2]) == pytest.approx(variance)
    prior = (posterior["sd_stratum_slope"].values ** 2).mean() * variance
    assert row["reliability"] == pytest.approx(max(0, 1 - deviation.var(ddof=1) / prior))
    assert 0 < row["reliability"] < 1
    x = float(reference["mean_authority_deprivation"] - draws["authorities"]["centre"][0]) / 0.1
    level = posterior["intercept"].values.ravel()
    level = level + posterior["stratum_intercept"].values[:, :, 0, 2].ravel()
    rates = np.quantile(1e4 * np.exp(level + x * slope), [0.5, 0.1, 0.9])
    found = row[["rate_per_10000", "rate_lower", "rate_upper"]].astype(float)
    np.testing.assert_allclose(found, rates)
    assert row["events"] == int(draws["authorities"]["events"][:, 0, 2].sum())
    assert row["areas"] == int(draws["authorities"]["areas"][:, 0, 2].sum())


def test_components_of_crossed_strata_add_up() -> None:
    draws = fabricated_draws(strata=STRATA, draws=20)
    posterior = draws["posterior"].to_dataset().drop_dims("stratum_component")
    base = ("chain", "draw", "outcome")
    sd = np.broadcast_to([0.1, 0.3], (2, 20, 1, 2))
    posterior["sd_stratum_slope"] = ((*base, "stratum_component"), sd)
    reference = draws["reference"].to_dataset().drop_dims("stratum_component")
    variance = np.array([[0.5, 0.5, 0.5], [1.0, 2.0, 3.0]])
    reference["stratum_variance"] = (("stratum_component", "stratum"), variance)
    values = posterior["stratum_slope"].values[:, :, 0].reshape(-1, 3)
    own = values.var(axis=0, ddof=1)
    table = strata_table(with_group(draws, posterior=posterior, reference=reference))
    prior = 0.01 * variance[0] + 0.09 * variance[1]
    np.testing.assert_allclose(table["reliability"], 1 - own / prior)


def test_rates_of_cases_are_shares_of_them() -> None:
    draws = fabricated_draws(strata=STRATA, family="beta_binomial", draws=30)
    posterior = draws["posterior"]
    level = posterior["intercept"].values[..., 0] + posterior["stratum_intercept"].values[..., 0, 1]
    assert strata_table(draws)["rate_per_10000"][1] == pytest.approx(1e4 * np.median(expit(level)))


def test_common_gradients_are_the_same_in_all_strata() -> None:
    draws = fabricated_draws(strata=STRATA, common_gradients=True, outcomes=("a", "b"))
    table = strata_table(draws)
    assert table[["outcome", "stratum"]].to_numpy().tolist() == [
        [outcome, stratum] for outcome in "ab" for stratum in STRATA
    ]
    expected = np.median(np.exp(draws["posterior"]["slope"].values), axis=(0, 1))
    np.testing.assert_allclose(table["gradient"], np.repeat(expected, 3))
    assert table[["prob_above_mean", "reliability"]].isna().all(axis=None)
    assert table["rate_per_10000"].nunique() == 6


def test_without_strata_there_is_no_such_table() -> None:
    with pytest.raises(FitError, match="no strata"):
        strata_table(fabricated_draws())
