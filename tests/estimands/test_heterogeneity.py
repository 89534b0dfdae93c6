import numpy as np
import pytest
import xarray as xr
from scipy.special import expit
from scipy.stats import norm

from bayesgrad.estimands.heterogeneity import (
    MEDIAN_DIFFERENCE,
    heterogeneity,
    heterogeneity_table,
    median_ratio,
)
from tests.fabricate import fabricated_draws, with_group


def measures_of(draws: xr.DataTree) -> xr.Dataset:
    groups = (draws[name].to_dataset() for name in ("posterior", "authorities", "reference"))
    return heterogeneity(*groups).isel(chain=0, draw=0, outcome=0)


def test_median_difference_of_two_normal_values() -> None:
    assert pytest.approx(0.9538726, abs=1e-7) == MEDIAN_DIFFERENCE
    assert float(median_ratio(xr.DataArray(0.33))) == pytest.approx(np.exp(0.9538726 * 0.33))


@pytest.mark.parametrize("family", ["poisson", "negative_binomial"])
@pytest.mark.parametrize("centre", ["authority", 0.05])
@pytest.mark.parametrize("correlated", [True, False])
def test_partition_is_that_of_simulated_counts(
    family: str, centre: str | float, correlated: bool
) -> None:
    """Two million areas, each in its own authority.

    The share between is estimated as the covariance of two areas of one authority over the
    variance; its Monte Carlo standard error is below 0.002, so a tolerance of 0.01 fails by
    chance in fewer than 1 run in 10^5.
    """
    draws = fabricated_draws(family=family, centre=centre, correlated=correlated)
    measures = measures_of(draws)
    here = draws["posterior"].to_dataset().isel(chain=0, draw=0, outcome=0)
    reference = draws["reference"].to_dataset()
    rng = np.random.default_rng(11)
    size = 1_000_000
    rho = float(here["correlation"]) if correlated else 0.0
    z = rng.normal(size=(2, size))
    u0 = float(here["sd_intercept"]) * z[0]
    u1 = float(here["sd_slope"]) * (rho * z[0] + np.sqrt(1 - rho**2) * z[1])
    x = (
        0.0
        if centre == "authority"
        else (float(reference["mean_authority_deprivation"]) - centre) / 0.1
    )
    mu = float(reference["mean_exposure"][0]) * np.exp(
        float(here["intercept"]) + u0 + (float(here["slope"]) + u1) * x
    )
    counts = []
    for _ in range(2):
        frailty = 1.0
        if family == "negative_binomial":
            alpha = float(here["alpha"])
            frailty = rng.gamma(alpha, 1 / alpha, size)
        counts.append(rng.poisson(mu * frailty))
    between = np.cov(counts[0], counts[1])[0, 1]
    total = (counts[0].var() + counts[1].var()) / 2
    assert float(measures["vpc"]) == pytest.approx(between / total, abs=0.01)
    assert float(measures["vpc_reference"]) == pytest.approx(counts[0].mean(), rel=0.01)
    ratios = np.abs(np.log(mu[: size // 2] / mu[size // 2 :]))
    assert float(measures["median_rate_ratio"]) == pytest.approx(
        np.exp(np.median(ratios)), rel=0.01
    )


def test_table_gives_medians_and_intervals() -> None:
    draws = fabricated_draws()
    sd = draws["posterior"].to_dataset()["sd_slope"].values.ravel()
    row = heterogeneity_table(draws, level=0.8).iloc[0]
    expected = np.quantile(np.exp(MEDIAN_DIFFERENCE * sd), [0.5, 0.1, 0.9])
    names = ["", "_lower", "_upper"]
    found = [row[f"median_gradient_ratio{part}"] for part in names]
    assert found == pytest.approx(expected)


def test_overdispersion_lowers_the_share_between_authorities() -> None:
    poisson = heterogeneity_table(fabricated_draws(family="poisson"))["vpc"][0]
    assert heterogeneity_table(fabricated_draws())["vpc"][0] < 0.8 * poisson


def test_log_odds_have_the_variance_of_the_logistic_distribution() -> None:
    measures = measures_of(fabricated_draws(family="beta_binomial"))
    sd = float(fabricated_draws(family="beta_binomial")["posterior"]["sd_intercept"][0, 0, 0])
    assert float(measures["vpc"]) == pytest.approx(sd**2 / (sd**2 + np.pi**2 / 3))


def test_the_expected_count_of_cases_is_over_authorities() -> None:
    """Its integral by quadrature against a sum over a fine grid of the normal distribution."""
    draws = fabricated_draws(family="binomial")
    measures = measures_of(draws)
    here = draws["posterior"].to_dataset().isel(chain=0, draw=0, outcome=0)
    z = norm.ppf((np.arange(100_000) + 0.5) / 100_000)
    share = expit(float(here["intercept"]) + float(here["sd_intercept"]) * z).mean()
    cases = float(draws["reference"]["mean_exposure"][0])
    assert float(measures["vpc_reference"]) == pytest.approx(cases * share, rel=1e-6)


@pytest.mark.parametrize("family", ["binomial", "beta_binomial"])
def test_partition_of_cases_on_a_log_link_is_that_of_simulated_events(family: str) -> None:
    """As for counts: one million authorities of 40 cases, a Monte Carlo error below 0.002."""
    draws = fabricated_draws(family=family, link="log")
    reference = draws["reference"].to_dataset()
    reference["mean_exposure"] = reference["mean_exposure"] * 0 + 40
    measures = measures_of(with_group(draws, reference=reference))
    here = draws["posterior"].to_dataset().isel(chain=0, draw=0, outcome=0)
    rng = np.random.default_rng(12)
    size = 1_000_000
    log_share = float(here["intercept"]) + float(here["sd_intercept"]) * rng.normal(size=size)
    share = np.exp(log_share)
    counts = []
    for _ in range(2):
        own = share
        if family == "beta_binomial":
            alpha = float(here["alpha"])
            own = rng.beta(share * alpha, (1 - share) * alpha)
        counts.append(rng.binomial(40, own))
    between = np.cov(counts[0], counts[1])[0, 1]
    total = (counts[0].var() + counts[1].var()) / 2
    assert float(measures["vpc"]) == pytest.approx(between / total, abs=0.01)
    assert float(measures["vpc_reference"]) == pytest.approx(counts[0].mean(), rel=0.01)


def test_each_outcome_is_partitioned_by_its_own_family() -> None:
    families = ("poisson", "negative_binomial", "binomial", "beta_binomial")
    draws = fabricated_draws(outcomes=tuple("abcd"), family=families)
    together = heterogeneity_table(draws).set_index("outcome")
    posterior = draws["posterior"].to_dataset()
    m, s2 = (
        measures.values[..., 1].ravel()
        for measures in (
            heterogeneity(
                posterior, draws["authorities"].to_dataset(), draws["reference"].to_dataset()
            )["vpc_reference"].transpose(..., "outcome"),
            posterior["sd_intercept"] ** 2,
        )
    )
    alpha = posterior["alpha"].sel(dispersed_outcome="b").values.ravel()
    between = m**2 * (np.exp(s2) - 1)
    share = between / (between + m + m**2 * np.exp(s2) / alpha)
    assert together.loc["b", "vpc"] == pytest.approx(np.median(share))
    assert together.loc["a", "vpc"] > together.loc["b", "vpc"]


def test_variance_explained_is_that_of_the_definition() -> None:
    draws = fabricated_draws(moderation="log", authority_moderators=["spending"])
    flat = draws["posterior"].to_dataset().isel(outcome=0).stack(sample=("chain", "draw"))
    known = draws["authorities"].to_dataset()
    row = heterogeneity_table(draws).iloc[0]
    for name, basis, moderator, sd in (
        ("intercept_variance_explained", "between", "authority_moderator_level", "sd_intercept"),
        ("gradient_variance_explained", "interaction", "authority_moderator_gradient", "sd_slope"),
    ):
        explained = known["moderation_basis"].values @ flat[basis].values
        explained = explained + known["moderator"].values @ flat[moderator].values
        share = explained.var(axis=0) / (explained.var(axis=0) + flat[sd].values ** 2)
        found = [row[name], row[f"{name}_lower"], row[f"{name}_upper"]]
        assert found == pytest.approx(np.quantile(share, [0.5, 0.025, 0.975]))


def test_without_moderators_no_variance_is_explained() -> None:
    row = heterogeneity_table(fabricated_draws(moderation="none")).iloc[0]
    assert row["intercept_variance_explained"] == row["gradient_variance_explained_upper"] == 0.0
