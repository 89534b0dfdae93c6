from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from bayesgrad.model.graph import build_model
from bayesgrad.spec import ModelSpec
from bayesgrad.spec.priors import PARAMETERS, Priors
from tests.model.forms import (
    CENTRED,
    FULL,
    densities_of,
    density_of,
    drawn_parameters,
    with_neighbourhoods,
)
from tests.small import drawn_design, spec_of

TWO = ("referrals", "plans")
DEVIATIONS = '[strata]\ncolumn = "age"\nauthority_deviations = true\n'
LOW_RANK = '[authority]\ncovariance = "low_rank"\n'

LOCATION = {
    "Normal": ({"mu": 0.3, "sigma": 0.2}, stats.norm(0.3, 0.2)),
    "StudentT": ({"nu": 4.0, "mu": 0.3, "sigma": 0.2}, stats.t(4, 0.3, 0.2)),
    "Laplace": ({"mu": 0.3, "b": 0.2}, stats.laplace(0.3, 0.2)),
}
HALF_T = stats.t(3, 0, 0.4)
SCALE = {
    "HalfNormal": ({"sigma": 0.4}, stats.halfnorm(scale=0.4).logpdf),
    "HalfStudentT": ({"nu": 3.0, "sigma": 0.4}, lambda v: HALF_T.logpdf(v) + np.log(2)),
    "HalfCauchy": ({"beta": 0.4}, stats.halfcauchy(scale=0.4).logpdf),
    "Exponential": ({"lam": 3.0}, stats.expon(scale=1 / 3).logpdf),
}
LOCATION_USES = {
    "slope": (FULL, ["slope"]),
    "between": (FULL, ["between"]),
    "interaction": (FULL, ["interaction"]),
    "covariates": (FULL, ["covariate", "authority_moderator_level"]),
    "moderators": (FULL, ["gradient_moderator", "authority_moderator_gradient"]),
    "curvature": (FULL, ["curvature"]),
    "intercept": (FULL, ["intercept"]),
    "loadings": (LOW_RANK, ["z_loadings"]),
}
SCALE_USES = (
    "sd_intercept",
    "sd_slope",
    "overdispersion",
    "sd_stratum_intercept",
    "sd_stratum_slope",
    "sd_authority_stratum_intercept",
    "sd_authority_stratum_slope",
    "sd_neighbourhood",
)


def assert_close(found: float, expected: float) -> None:
    """Equal but for the single precision in which some constants of priors are computed."""
    assert_allclose(found, expected, rtol=0, atol=2e-7 * max(1.0, abs(expected) ** 0.5))


def with_priors(text: str, names: Iterable[str], distribution: str, parameters: dict) -> ModelSpec:
    """A spec of two outcomes with one prior for all names."""
    given = ", ".join(f"{key} = {value}" for key, value in parameters.items())
    prior = f'{{ distribution = "{distribution}", {given} }}'
    priors = "\n[priors]\n" + "".join(f"{name} = {prior}\n" for name in names)
    return spec_of(text + priors + CENTRED, outcomes=TWO)


def test_every_distribution_of_the_grammar_is_tested_here():
    assert {*LOCATION, *SCALE, "LKJ"} == set(PARAMETERS)


def test_every_prior_of_the_grammar_is_tested_here():
    assert {*LOCATION_USES, *SCALE_USES, "correlation"} == set(Priors.model_fields)


@pytest.mark.parametrize("distribution", LOCATION)
@pytest.mark.parametrize("text", [FULL, LOW_RANK])
def test_priors_of_coefficients_are_those_that_the_spec_names(text, distribution):
    parameters, known = LOCATION[distribution]
    uses = {name: variables for name, (of, variables) in LOCATION_USES.items() if of == text}
    spec = with_priors(text, uses, distribution, parameters)
    design = drawn_design(spec)
    model, theta = build_model(spec, design), drawn_parameters(spec, design)
    found = densities_of(model, theta, chain.from_iterable(uses.values()))
    for variable, density in found.items():
        assert_close(density, known.logpdf(theta[variable]).sum())


@pytest.mark.parametrize("distribution", SCALE)
def test_priors_of_scales_are_those_that_the_spec_names(distribution):
    parameters, log_density = SCALE[distribution]
    spec = with_neighbourhoods(with_priors(DEVIATIONS, SCALE_USES, distribution, parameters))
    design = drawn_design(spec)
    model, theta = build_model(spec, design), drawn_parameters(spec, design)
    for name, density in densities_of(model, theta, SCALE_USES).items():
        assert_close(density, log_density(theta[name]).sum())


def test_each_prior_is_that_of_its_own_name():
    scales = {name: 0.1 + 0.1 * k for k, name in enumerate(SCALE_USES)}
    locations = {name: 0.1 + 0.1 * k for k, name in enumerate(LOCATION_USES)}
    lines = [
        *(f'{name} = {{ distribution = "HalfNormal", sigma = {s} }}' for name, s in scales.items()),
        *(
            f'{name} = {{ distribution = "Normal", mu = 0.3, sigma = {s} }}'
            for name, s in locations.items()
        ),
    ]
    for text in (FULL + DEVIATIONS, LOW_RANK):
        spec = spec_of(text + "[priors]\n" + "\n".join(lines) + CENTRED, outcomes=TWO)
        spec = with_neighbourhoods(spec)
        design = drawn_design(spec)
        model, theta = build_model(spec, design), drawn_parameters(spec, design)
        known = {name: stats.halfnorm(scale=s) for name, s in scales.items()}
        for name, (_, variables) in LOCATION_USES.items():
            known |= dict.fromkeys(variables, stats.norm(0.3, locations[name]))
        for name, density in densities_of(model, theta, sorted(set(known) & set(theta))).items():
            assert_close(density, known[name].logpdf(theta[name]).sum())


@pytest.mark.parametrize("distribution", ["StudentT", "Laplace"])
def test_an_intercept_without_a_location_is_centred_at_the_crude_rate(distribution):
    parameters, _ = LOCATION[distribution]
    spread = {key: value for key, value in parameters.items() if key != "mu"}
    spec = with_priors("", ["intercept"], distribution, spread)
    design = drawn_design(spec)
    theta = drawn_parameters(spec, design)
    scale = {"StudentT": stats.t(4, 0, 0.2), "Laplace": stats.laplace(0, 0.2)}[distribution]
    found = density_of(build_model(spec, design), theta, "intercept")
    assert_close(found, scale.logpdf(theta["intercept"] - design.crude_level()).sum())


@pytest.mark.parametrize("link", ["logit", "log"])
def test_the_intercept_of_events_out_of_cases_is_centred_on_the_scale_of_its_link(link):
    spec = spec_of(f'[likelihood]\nfamily = "binomial"\nlink = "{link}"\n' + CENTRED)
    design = drawn_design(spec)
    theta = drawn_parameters(spec, design)
    share = design.rows.count.sum() / design.rows.exposure.sum()
    crude = np.log(share) if link == "log" else np.log(share / (1.0 - share))
    found = density_of(build_model(spec, design), theta, "intercept")
    assert_close(found, stats.norm(crude, 1.0).logpdf(theta["intercept"]).sum())


@pytest.mark.parametrize("covariance", ["full", "by_outcome"])
def test_the_prior_of_the_correlation_takes_its_eta(covariance):
    text = f'[authority]\ncovariance = "{covariance}"\n'
    spec = with_priors(text, ["correlation"], "LKJ", {"eta": 5.0})
    design = drawn_design(spec)
    theta = drawn_parameters(spec, design)
    found = density_of(build_model(spec, design), theta, "correlation_half")
    # Of four effects, given those before: one less half for each.
    shape = np.array([6.0, 6.0, 5.5, 6.0, 5.5, 5.0]) if covariance == "full" else 5.0
    assert_close(found, stats.beta(shape, shape).logpdf(theta["correlation_half"]).sum())
