from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from bayesgrad.spec import ModelSpec, Priors
from bayesgrad.spec.default_priors import PER_STATED_UNIT
from bayesgrad.spec.priors import LocationPrior
from bayesgrad.spec.vocabulary import (
    Centre,
    Covariance,
    Curvature,
    Engine,
    Family,
    Moderation,
    words,
)

MINIMAL = """
title = "Referrals"
[columns]
area = "lsoa11_code"
authority = "utla19_code"
exposure = "children"
deprivation = "income_score"
vintage = "IoD2019"
[[outcomes]]
column = "referrals"
"""

COMPLETE = """
title = "Stages of intervention, by age"
[columns]
area = "lsoa11_code"
authority = "utla19_code"
authority_name = "utla19_name"
exposure = "children"
at_risk = "people"
deprivation = "income_score"
vintage = "IoD2019"
[[outcomes]]
column = "referrals"
label = "Referral"
[[outcomes]]
column = "plans"
exposure = "children_0_17"
[[outcomes]]
column = "removals"
out_of = "plans"
family = "binomial"
link = "logit"
[gradient]
unit = 0.05
centre = 0.13
curvature = "spline"
[authority]
deprivation = "utla_income"
moderation = "spline"
moderators = ["spending", "turnover"]
covariance = "low_rank"
rank = 3
[area]
covariates = ["density"]
moderators = ["rural"]
[strata]
column = "age"
ordered = true
order = ["young", "old"]
crossed_with = { column = "region", ordered = true, order = ["North", "South"] }
gradients = "common"
authority_deviations = true
equivalence = 1.1
[likelihood]
family = "beta_binomial"
link = "log"
suppressed = { symbol = "c", lower = 1, upper = 5 }
[rows]
missing_counts = "refuse"
small_authorities = "keep"
minimum_areas = 5
exclude_authorities = ["E09000001", "E06000053"]
[priors]
intercept = { distribution = "StudentT", nu = 4, sigma = 2 }
slope = { distribution = "Normal", mu = 0.4, sigma = 0.3 }
interaction = { distribution = "Laplace", mu = 0, b = 0.2 }
sd_slope = { distribution = "Exponential", lam = 5 }
correlation = { distribution = "LKJ", eta = 1 }
overdispersion = { distribution = "HalfStudentT", nu = 4, sigma = 1 }
[sampling]
engine = "laplace"
draws = 2000
tune = 200
chains = 2
seed = 1
target_accept = 0.9
parameterisation = "non_centred"
"""


@pytest.mark.parametrize("text", [MINIMAL, COMPLETE], ids=["minimal", "complete"])
def test_a_spec_survives_json(text):
    spec = ModelSpec.from_toml(text)
    assert ModelSpec.model_validate_json(spec.model_dump_json()) == spec


def test_complete_grammar_is_read():
    spec = ModelSpec.from_toml(COMPLETE)
    assert [outcome.title for outcome in spec.outcomes] == ["Referral", "plans", "removals"]
    assert [spec.exposure_of(outcome) for outcome in spec.outcomes] == [
        *("children", "children_0_17", "plans"),
    ]
    assert [spec.family_of(outcome) for outcome in spec.outcomes] == [
        *("beta_binomial", "beta_binomial", "binomial"),
    ]
    assert [spec.link_of(outcome) for outcome in spec.outcomes] == ["log", "log", "logit"]
    assert spec.gradient.centre == 0.13
    assert spec.authority.moderators == ("spending", "turnover")
    assert spec.strata is not None
    assert spec.strata.ordered
    assert spec.strata.crossed_with is not None
    assert spec.strata.crossed_with.order == ("North", "South")
    assert spec.likelihood.suppressed is not None
    assert spec.likelihood.suppressed.upper == 5
    assert spec.rows.exclude_authorities == ("E09000001", "E06000053")
    assert str(spec.priors.intercept) == "StudentT(log crude rate, 4, 2)"
    assert str(spec.location_prior("interaction")) == "Laplace(0, 0.2)"


@pytest.mark.parametrize(
    ("key", "vocabulary"),
    [
        ("likelihood.family", Family),
        ("gradient.curvature", Curvature),
        ("gradient.centre", Centre),
        ("authority.moderation", Moderation),
        ("authority.covariance", Covariance),
        ("sampling.engine", Engine),
    ],
)
def test_every_word_is_read(key, vocabulary):
    part, name = key.split(".")
    for word in words(vocabulary):
        spec = ModelSpec.from_toml(f'{MINIMAL}[{part}]\n{name} = "{word}"\n')
        assert getattr(getattr(spec, part), name) == word


def test_a_spec_is_frozen():
    spec = ModelSpec.from_toml(MINIMAL)
    with pytest.raises(ValidationError, match="frozen"):
        spec.title = "Other"
    assert hash(spec) == hash(ModelSpec.from_toml(MINIMAL))


def defaults(text: str = "") -> dict[str, str]:
    spec = ModelSpec.from_toml(MINIMAL + text)
    return {
        name: str(
            spec.location_prior(name)
            if isinstance(getattr(spec.priors, name) or PER_STATED_UNIT.get(name), LocationPrior)
            else spec.scale_prior(name)
        )
        for name in Priors.model_fields
        if name != "correlation"
    }


def test_default_priors_are_those_of_the_model():
    assert defaults('[authority]\nmoderation = "linear"\n') == {
        "intercept": "Normal(log crude rate, 1)",
        "slope": "Normal(0, 0.5)",
        "between": "Normal(0, 1)",
        "interaction": "Normal(0, 0.5)",
        "covariates": "Normal(0, 0.5)",
        "moderators": "Normal(0, 0.25)",
        "curvature": "Normal(0, 0.25)",
        "sd_intercept": "HalfNormal(0.5)",
        "sd_slope": "HalfNormal(0.2)",
        "sd_stratum_intercept": "HalfNormal(1)",
        "sd_stratum_slope": "HalfNormal(0.2)",
        "sd_authority_stratum_intercept": "HalfNormal(0.3)",
        "sd_authority_stratum_slope": "HalfNormal(0.1)",
        "loadings": "Normal(0, 1)",
        "overdispersion": "HalfNormal(2)",
        "sd_neighbourhood": "HalfNormal(1)",
    }
    assert str(ModelSpec.from_toml(MINIMAL).priors.correlation) == "LKJ(2)"


def test_default_priors_imply_the_same_for_every_moderation():
    # Over authority deprivations from 0.05 to 0.25: two steps of 0.10, or ln 5.
    for key, sd in (("between", 2.0), ("interaction", 1.0)):
        for moderation, span in (("linear", 2.0), ("log", np.log(5.0)), ("spline", 2.0)):
            text = f'[authority]\nmoderation = "{moderation}"\n'
            found = ModelSpec.from_toml(MINIMAL + text).location_prior(key)
            assert found.sigma == pytest.approx(sd / span)


@pytest.mark.parametrize(
    ("moderation", "powers"), [("linear", (1, 2)), ("log", (0, 1)), ("spline", (1, 2))]
)
def test_default_priors_of_gradients_are_per_unit(moderation, powers):
    text = f'[authority]\nmoderation = "{moderation}"\n[gradient]\ncurvature = "quadratic"\nunit = '
    one, ten = (ModelSpec.from_toml(f"{MINIMAL}{text}{unit}\n") for unit in (0.1, 1.0))
    expected = {"slope": 1, "moderators": 1, "curvature": 2, "covariates": 0, "intercept": 0}
    expected |= dict(zip(("between", "interaction"), powers, strict=True))
    for key, power in expected.items():
        ratio = ten.location_prior(key).sigma / one.location_prior(key).sigma
        assert ratio == pytest.approx(10.0**power), key
    for key in ("sd_slope", "sd_stratum_slope", "sd_authority_stratum_slope"):
        assert ten.scale_prior(key).sigma == pytest.approx(10 * one.scale_prior(key).sigma)
    given = "[priors]\nslope = { mu = 0.4, sigma = 0.3 }\n"
    assert str(ModelSpec.from_toml(f"{MINIMAL}{text}1.0\n{given}").location_prior("slope")) == (
        "Normal(0.4, 0.3)"
    )


@pytest.mark.parametrize(
    ("text", "families", "links"),
    [
        ("", ["negative_binomial", "beta_binomial"], ["log", "log"]),
        ('[likelihood]\nfamily = "poisson"', ["poisson", "binomial"], ["log", "log"]),
        ('[likelihood]\nfamily = "binomial"', ["binomial"] * 2, ["logit", "log"]),
        ('[likelihood]\nfamily = "beta_binomial"', ["beta_binomial"] * 2, ["logit", "log"]),
        ('[likelihood]\nlink = "logit"', ["negative_binomial", "beta_binomial"], ["log", "logit"]),
        (
            '[likelihood]\nfamily = "binomial"\nlink = "log"',
            ["binomial", "binomial"],
            ["log", "log"],
        ),
    ],
)
def test_family_and_link_of_outcomes_that_name_none(text, families, links):
    stage = '[[outcomes]]\ncolumn = "plans"\nout_of = "referrals"\n'
    spec = ModelSpec.from_toml(MINIMAL + stage + text)
    assert [spec.family_of(outcome) for outcome in spec.outcomes] == families
    assert [spec.link_of(outcome) for outcome in spec.outcomes] == links
    assert [spec.is_of_cases(outcome) for outcome in spec.outcomes] == [
        family.endswith("binomial") and family != "negative_binomial" for family in families
    ]
