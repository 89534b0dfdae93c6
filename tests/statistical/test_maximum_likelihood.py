"""Posteriors beside maximum-likelihood fits of the same formula by lme4 and glmmTMB."""

from __future__ import annotations

import pandas as pd
import pytest

import bayesgrad as bg
from tests.statistical.reference import (
    LONDON,
    MMMEC,
    MMMEC_EXTRA,
    OURS,
    STROKE,
    mmmec_table,
    spec_of,
)

# A posterior mean is not a maximum-likelihood estimate: with some 30 authorities or more the priors
# move it by much less than half a standard error. The nine nations of `mmmec` lean on the priors of
# the standard deviations, so there only intercept, slope and alpha are held to that.


def reference(shared_data, name):
    fits = pd.read_csv(shared_data / "reference" / "reference_fits.csv")
    fit = fits[(fits["fit"] == name) & fits["param"].isin(OURS)]
    return fit.assign(parameter=fit["param"].map(OURS)).set_index("parameter")


def assert_agrees(fit, expected):
    assert fit.passed
    ours = fit.parameters().set_index("parameter")
    for name, row in expected.iterrows():
        if pd.notna(row["se"]):
            assert abs(ours.loc[name, "mean"] - row["estimate"]) < 0.5 * row["se"], name
        else:
            assert ours.loc[name, "lower"] < row["estimate"] < ours.loc[name, "upper"], name


@pytest.mark.ci
@pytest.mark.slow
@pytest.mark.parametrize("family", ["poisson", "negative_binomial"])
def test_london_violence(shared_data, family):
    name = {"poisson": "poisson", "negative_binomial": "nbinom2"}[family]
    table = shared_data / "outcomes" / "london_crime_lsoa11_2019_2021.csv"
    fit = bg.fit(spec_of(LONDON, family=family), table, seed=1, progress=False)
    assert_agrees(fit, reference(shared_data, f"london_violence2019_{name}"))


@pytest.mark.ci
@pytest.mark.slow
@pytest.mark.parametrize(
    ("family", "name"),
    [("poisson", "mmmec_poisson_slope"), ("negative_binomial", "mmmec_nb2_slope")],
)
def test_melanoma_deaths_of_nine_nations(shared_data, family, name):
    table = mmmec_table(shared_data)
    spec = spec_of(MMMEC, family=family, extra=MMMEC_EXTRA)
    fit = bg.fit(spec, table, seed=1, progress=False)
    assert_agrees(fit, reference(shared_data, name))


@pytest.mark.slow
def test_stroke_admissions_of_england(shared_data):
    table = shared_data / "outcomes" / "stroke_admissions_lsoa11_2017_2019.csv"
    spec = spec_of(STROKE, family="negative_binomial")
    fit = bg.fit(spec, table, seed=1, progress=False)
    assert_agrees(fit, reference(shared_data, "stroke_lsoa_utla_nbinom2"))
    assert fit.rows.rows_kept == 32_843
