from __future__ import annotations

import re

import pytest

from bayesgrad.fitting.plan import describe_plan
from tests.small import drawn_design, spec_of


def plan(text: str = "", **settings) -> str:
    spec = spec_of(text)
    return describe_plan(spec, drawn_design(spec, **settings))


def priors_in(text: str) -> list[str]:
    section = text.partition("priors\n")[2].partition("\nsampling:")[0]
    return [line.split(":")[0].strip() for line in section.splitlines()]


def test_a_plan_says_what_would_be_fitted():
    text = plan(authorities=7)
    design = drawn_design(spec_of(), authorities=7)
    assert text.startswith("would fit: Referrals\n")
    assert f"{design.rows.count.sum():,} events, negative binomial" in text
    assert "gradient per +0.1 of income (IoD2019), authority centring, curvature none" in text
    assert "7 authorities: correlated intercepts and slopes, log moderation" in text
    assert "sampling: 4 chains of 300 + 1,500 draws, partial, seed 20190331" in text


def test_a_plan_names_the_columns_that_enter():
    text = plan(
        '[authority]\nmoderators = ["spend"]\n[area]\ncovariates = ["density"]\n'
        'moderators = ["rural"]'
    )
    assert "area covariates: density, rural" in text
    assert "of these, moderators of the gradient: rural" in text
    assert "authority moderators: spend" in text


def test_a_plan_prints_the_priors_as_they_are():
    text = plan('[priors]\nslope = { distribution = "StudentT", nu = 4.0, mu = 0.4, sigma = 0.3 }')
    assert "  slope: StudentT(4, 0.4, 0.3)\n" in text
    assert "  intercept: Normal(log crude rate, 1)\n" in text
    assert "  interaction: Normal(0, 0.5)\n" in text


ALWAYS = ["intercept", "slope", "sd_intercept", "sd_slope"]
BY_FORM = {
    "": ["between", "interaction", "correlation", "overdispersion (1/sqrt(alpha))"],
    '[authority]\nmoderation = "none"\ncovariance = "diagonal"\n[likelihood]\nfamily = "poisson"': [],
    '[authority]\nmoderators = ["spend"]': [
        *["between", "interaction", "correlation", "overdispersion (1/sqrt(alpha))"],
        *["covariates", "moderators"],
    ],
    '[area]\ncovariates = ["rural"]\n[gradient]\ncurvature = "quadratic"': [
        *["between", "interaction", "correlation", "overdispersion (1/sqrt(alpha))"],
        *["covariates", "curvature"],
    ],
}


@pytest.mark.parametrize(("text", "more"), BY_FORM.items())
def test_a_plan_lists_the_priors_of_the_parameters_that_the_model_has(text, more):
    assert sorted(priors_in(plan(text))) == sorted([*ALWAYS, *more])


def cost(text: str) -> tuple[int, int]:
    found = re.search(r"expect about (\d+) s .* and (\d+) MB", text)
    assert found is not None
    return int(found[1]), int(found[2])


def test_more_draws_and_more_rows_cost_more():
    one = cost(plan("[sampling]\ndraws = 100"))
    many = cost(plan("[sampling]\ndraws = 200000"))
    assert many[0] > one[0]
    assert many[1] > one[1]
