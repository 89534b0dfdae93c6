"""Units, codings and centres are ways to write a table and a spec; the posterior is the same."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import bayesgrad as bg
from bayesgrad.errors import DataError
from tests.small import SPEC
from tests.tiers import quick

AUTHORITIES, AREAS = 8, 20
OUTCOME = '[[outcomes]]\ncolumn = "referrals"\n'
MODEL = """
[gradient]
unit = {unit}
centre = {centre}
curvature = "quadratic"
[authority]
moderation = "{moderation}"
[area]
covariates = ["urban"]
moderators = ["rural"]
[sampling]
engine = "{engine}"
draws = {draws}
chains = 2
"""
RURAL_EFFECT = 0.4


def table(*, high: float = 1.0, low: float = 0.0, scale: float = 1.0) -> pd.DataFrame:
    """Areas with two covariates of two values, `low` and `high`, and one of many."""
    rng, size = np.random.default_rng(6), AUTHORITIES * AREAS
    income = np.repeat(rng.uniform(0.06, 0.25, AUTHORITIES), AREAS) * np.exp(
        rng.normal(0, 0.45, size)
    )
    income = income.clip(0.02, 0.5).round(4)
    children = rng.integers(150, 501, size)
    rural, urban = rng.random((2, size)) < 0.4
    density = rng.normal(size=size)
    log_rate = np.log(0.05) + 0.48 * (income - 0.15) / 0.10 + RURAL_EFFECT * rural + 0.3 * density
    return pd.DataFrame(
        {
            "lsoa": [f"L{i:04d}" for i in range(size)],
            "la": np.repeat([f"A{j:02d}" for j in range(AUTHORITIES)], AREAS),
            "children": children,
            "income": income,
            "referrals": rng.poisson(children * np.exp(log_rate)),
            "rural": np.where(rural, high, low),
            "urban": np.where(urban, high, low),
            "density": density * scale,
        }
    )


def fitted(areas: pd.DataFrame, text: str) -> bg.GradientFit:
    return bg.fit(bg.ModelSpec.from_toml(SPEC + OUTCOME + text), areas, progress=False)


def parameters(fit: bg.GradientFit) -> pd.Series:
    return fit.parameters().set_index("parameter")["mean"]


def powers(moderation: str) -> dict[str, int]:
    """Powers of the unit that parameters are multiplied by."""
    interaction = "interaction[1]" if moderation == "spline" else "interaction"
    return {
        "slope": 1,
        interaction: 1 if moderation == "log" else 2,
        "curvature": 2,
        "sd_slope": 1,
        "gradient x rural": 1,
        "urban": 0,
        "overdispersion": 0,
    }


@pytest.mark.parametrize("moderation", quick(["linear", "spline"], "linear"))
def test_units_and_codings_and_centres_leave_the_posterior_as_it_is(moderation):
    text = MODEL.format(unit=0.1, centre='"national"', moderation=moderation, **LAPLACE)
    other = MODEL.format(unit=1.0, centre=1.0, moderation=moderation, **LAPLACE)
    one, two = fitted(table(), text), fitted(table(high=100.0), other)
    ours, theirs = parameters(one), parameters(two)
    for name, power in powers(moderation).items():
        per_value = 100.0 if name in ("urban", "gradient x rural") else 1.0
        assert_allclose(theirs[name] / 10.0**power * per_value, ours[name], rtol=1e-3, err_msg=name)
    # What is told at the centre moves with it.
    steps = (1.0 - float(one.draws["authorities"]["centre"][0])) / 0.1
    assert_allclose(theirs["intercept"], ours["intercept"] + steps * ours["slope"], rtol=1e-3)
    first = "[1]" if moderation == "spline" else ""
    between = ours[f"between{first}"] + steps * ours[f"interaction{first}"]
    assert_allclose(theirs[f"between{first}"] / 10.0, between, rtol=1e-3)
    rural = ours["rural"] + steps * ours["gradient x rural"]
    assert_allclose(theirs["rural"] * 100.0, rural, rtol=1e-3)
    levels = [fit.levels().set_index("authority")["rate_per_10000"] for fit in (one, two)]
    assert_allclose(levels[1], levels[0], rtol=1e-3)
    # The correlation is that of intercepts where the deprivation is 100%: with slopes, near 1.
    posterior = two.draws["posterior"]
    intercept, slope = posterior["authority_intercept"], posterior["authority_slope"]
    assert np.corrcoef(intercept.values.ravel(), slope.values.ravel())[0, 1] > 0.5
    assert theirs["correlation"] > ours["correlation"]


LAPLACE = {"engine": "laplace", "draws": 100}


@pytest.mark.full
def test_the_sampler_finds_the_same_in_another_unit_and_coding():
    settings = {"engine": "nuts", "draws": 1000, "moderation": "log"}
    ours, theirs = (
        fitted(table(high=high), MODEL.format(unit=unit, centre=centre, **settings)).parameters()
        for unit, centre, high in ((0.1, '"national"', 1.0), (0.01, 0.3, 0.01))
    )
    ours, theirs = (one.set_index("parameter") for one in (ours, theirs))
    for name, power in powers("log").items():
        factor = (0.01 if name in ("urban", "gradient x rural") else 1.0) * 10.0**power
        difference = theirs["mean"][name] * factor - ours["mean"][name]
        # Within 5 standard errors of two means of at least 400 effective draws.
        assert abs(difference) < 5 * np.sqrt(2 / 400) * ours["sd"][name], name


@pytest.mark.parametrize("scale", quick([1e-170, 1e95], 1e95))
def test_a_covariate_of_any_scale_has_its_effect(scale):
    text = '[area]\ncovariates = ["density"]\n[sampling]\nengine = "laplace"\ndraws = 50\n'
    found = parameters(fitted(table(scale=scale), text))["density"]
    # 0.3 by standard deviation; 160 areas with some 20 events each: a standard error of 0.03.
    assert abs(found - 0.3) < 0.12


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"rural": [0.0, 1e99]}, "too far apart"),
        ({"rural": [0.0, 1e-200]}, "too near one another"),
        ({"rural": [1e9, 1e9 + 1e-6, 1e9 + 2e-6]}, "does not vary"),
    ],
)
def test_columns_that_cannot_be_computed_with_are_refused(changed, words):
    areas = table()
    for name, values in changed.items():
        areas[name] = np.resize(values, len(areas))
    with pytest.raises(DataError, match=words):
        fitted(areas, '[area]\ncovariates = ["rural"]\n')
