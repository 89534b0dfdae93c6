"""Estimands of a model with larger neighbourhoods, from its draws, by hand."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose
from scipy.integrate import quad
from scipy.special import expit
from scipy.stats import norm

from bayesgrad.estimands.heterogeneity import CHANGES, MEASURES, heterogeneity, heterogeneity_table
from bayesgrad.estimands.layout import group, mean_rate
from bayesgrad.estimands.levels import levels_table
from bayesgrad.estimands.parameters import named_parameters
from tests.fabricate import fabricated_draws

SD = 0.4


def draws_with(**settings):
    draws = fabricated_draws(**settings)
    posterior = group(draws, "posterior")
    draws["posterior"] = xr.DataTree(
        posterior.assign(sd_neighbourhood=xr.full_like(posterior["sd_intercept"], SD))
    )
    return draws


def test_shares_of_the_variance_are_those_of_three_levels():
    draws = draws_with()
    posterior, authorities, reference = (
        group(draws, name) for name in ("posterior", "authorities", "reference")
    )
    found = heterogeneity(posterior, authorities, reference).isel(outcome=0)
    s2 = posterior["sd_intercept"].isel(outcome=0) ** 2
    m, whole = found["vpc_reference"], np.exp(s2 + SD**2)
    alpha = posterior["alpha"].isel(outcome=0)
    upper = m**2 * (np.exp(s2) - 1)
    middle = m**2 * np.exp(s2) * (np.exp(SD**2) - 1)
    lowest = m + m**2 * whole / alpha
    total = upper + middle + lowest
    assert_allclose(found["vpc"], upper / total, rtol=1e-9)
    assert_allclose(found["neighbourhood_vpc"], middle / total, rtol=1e-9)
    assert_allclose(found["neighbourhood_rate_ratio"], np.exp(2**0.5 * norm.ppf(0.75) * SD))


def test_without_neighbourhoods_there_is_no_measure_of_them():
    draws = fabricated_draws()
    found = heterogeneity(
        *(group(draws, name) for name in ("posterior", "authorities", "reference"))
    )
    assert set(found.data_vars) == {*MEASURES, *CHANGES}
    assert found["vpc"].notnull().all()
    columns = heterogeneity_table(draws).columns
    assert not any(name.startswith("neighbourhood") for name in columns)


def test_rates_are_means_over_neighbourhoods():
    plain, nested = levels_table(fabricated_draws()), levels_table(draws_with())
    ratio = nested["rate_per_10000"] / plain["rate_per_10000"]
    assert_allclose(ratio, np.exp(SD**2 / 2), rtol=1e-12)


@pytest.mark.parametrize("at", [-3.0, 0.5])
def test_shares_of_cases_are_means_over_neighbourhoods_too(at):
    posterior = group(draws_with(), "posterior")
    predictor = xr.full_like(posterior["intercept"].isel(outcome=0), at)
    found = mean_rate(predictor, posterior, outcome=0, link="logit")
    expected, _ = quad(lambda v: expit(at + v) * norm.pdf(v, scale=SD), -5, 5)
    assert_allclose(found, expected, rtol=1e-8)


def test_the_standard_deviation_is_among_the_parameters():
    found = named_parameters(group(draws_with(), "posterior"))
    assert_allclose(found["sd_neighbourhood"], SD)
