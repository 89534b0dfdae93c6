from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from bayesgrad.auditing.claims import power_law, quantities_of
from bayesgrad.auditing.forms import Form
from bayesgrad.auditing.forms import spec_of as form_spec
from bayesgrad.design import build_design
from bayesgrad.fitting.known import known_groups
from tests.auditing.fabricated import WITH_TURNOVER
from tests.small import spec_of, table_of

MEANS = (0.05, 0.10, 0.15, 0.22, 0.30)
TURNOVER = (0.1, 0.3, 0.2, 0.5, 0.4)


def known_world(form: Form):
    """Five authorities of four areas whose spread is exactly 0.4 D^0.5 of their deprivation."""
    spec = form_spec(form, spec_of(WITH_TURNOVER))
    authority, deprivation = [], []
    for j, mean in enumerate(MEANS):
        authority += [f"A{j}"] * 4
        deprivation += list(mean + 0.1 * np.sqrt(mean) * np.array([-1.0, 1.0, -1.0, 1.0]))
    table = table_of(
        authority=authority,
        deprivation=deprivation,
        exposure=[300.0] * 20,
        count=[15] * 20,
        moderators={"turnover": TURNOVER} if form.moderators else {},
    )
    return spec, build_design(spec, table)


def posterior_of(design, *, interaction, turnover=None, chains=1, draws=3):
    size, terms = (chains, draws), list(design.basis.terms)
    rng = np.random.default_rng(1)
    found = {
        "slope": (("chain", "draw", "outcome"), 0.48 + 0.01 * rng.standard_normal((*size, 1))),
        "intercept": (("chain", "draw", "outcome"), np.full((*size, 1), -3.0)),
        "sd_slope": (("chain", "draw", "outcome"), np.full((*size, 1), 0.08)),
    }
    term = ("chain", "draw", "outcome", "moderation_term")
    for name, value in (("between", 0.5), ("interaction", interaction)):
        found[name] = (term, np.full((*size, 1, len(terms)), value))
    coords = {"outcome": ["referrals"], "moderation_term": terms}
    if turnover is not None:
        dims = ("chain", "draw", "outcome", "authority_moderator")
        found["authority_moderator_gradient"] = (dims, np.full((*size, 1, 1), turnover))
        coords["authority_moderator"] = ["turnover"]
    return xr.Dataset(found, coords=coords)


@pytest.mark.parametrize(("shape", "chains"), [("log", 1), ("linear", 2)])
def test_quantities_by_hand(shape, chains):
    form = Form(shape, shape, "none", ())
    spec, design = known_world(form)
    posterior = posterior_of(design, interaction=-0.25, chains=chains)
    found = quantities_of(form, spec, design, posterior, known_groups(spec, design))
    mean = np.mean(MEANS)
    rise = 0.1 / mean if shape == "log" else 1.0
    slope = posterior["slope"].values.ravel()
    np.testing.assert_allclose(found.draws["interaction"], -0.25 * rise)
    np.testing.assert_allclose(found.draws["contextual"], 0.5 * rise - slope)
    np.testing.assert_allclose(found.draws["between"], 0.5 * rise)

    def per_sd(deprivation):
        w = np.log(deprivation / mean) if shape == "log" else (deprivation - mean) / 0.1
        return (slope - 0.25 * w) * np.sqrt(deprivation)

    # Spread is 0.1 sqrt(D), which is sqrt(D) in units of 0.1.
    numerical = 0.1 * (per_sd(mean + 1e-5) - per_sd(mean - 1e-5)) / 2e-5
    np.testing.assert_allclose(found.draws["interaction_per_sd"], numerical, rtol=1e-6)
    assert found.spread.power == pytest.approx(0.5)
    assert found.extrapolated == {-0.1: False, 0.0: False, 0.1: False}
    grid, lines = found.curve
    assert lines.shape == (len(slope), len(grid))
    np.testing.assert_allclose(found.gradients[0.0], np.exp(slope))


@pytest.mark.parametrize("shape", ["log", "linear"])
def test_the_contrast_is_between_authorities_a_step_apart_in_the_range(shape):
    form = Form(shape, shape, "none", ())
    spec, design = known_world(form)
    posterior = posterior_of(design, interaction=-0.25)
    found = quantities_of(form, spec, design, posterior, known_groups(spec, design))
    mean = np.mean(MEANS)
    low, high = mean - 0.05, mean + 0.05
    step = np.log(high / low) if shape == "log" else 1.0
    np.testing.assert_allclose(found.draws["interaction_contrast"], -0.25 * step)


def test_the_contrast_of_a_narrow_range_stays_in_it():
    form = Form("log", "log", "none", ())
    spec, design = known_world(form)
    narrow = replace(design.authorities, deprivation=np.array([0.15, 0.155, 0.16, 0.17, 0.18]))
    narrow = replace(design, authorities=narrow)
    posterior = posterior_of(design, interaction=-0.25)
    found = quantities_of(form, spec, narrow, posterior, known_groups(spec, design))
    expected = -0.25 * np.log(0.18 / 0.15) / 0.03 * 0.10
    np.testing.assert_allclose(found.draws["interaction_contrast"], expected)


PRIORS = """
[priors]
slope = {{ mu = {slope}, sigma = 0.5 }}
interaction = {{ distribution = "{distribution}", mu = {interaction}, {scale} }}
"""


@pytest.mark.parametrize(
    ("slope", "interaction", "distribution", "scale", "below"),
    [
        (0.0, 0.0, "Normal", "sigma = 0.5", 0.5),
        (0.0, -0.5, "Normal", "sigma = 0.5", stats.norm.cdf(1)),
        (0.0, 0.5, "Laplace", "b = 0.5", stats.laplace.cdf(-1)),
        (0.4, -0.5, "StudentT", "nu = 3, sigma = 0.5", stats.t.cdf(1, 3)),
    ],
)
def test_claims_have_the_probability_of_their_priors_before_the_data(
    slope, interaction, distribution, scale, below
):
    text = PRIORS.format(
        slope=slope, interaction=interaction, distribution=distribution, scale=scale
    )
    for shape in ("log", "none"):
        form = Form(shape, "log", "none", ())
        base, design = known_world(form)
        spec = form_spec(form, spec_of(text))
        posterior = posterior_of(design, interaction=-0.25)
        found = quantities_of(form, spec, design, posterior, known_groups(base, design)).prior
        expected = below if form.moderated else 0.0
        assert found["interaction"] == pytest.approx(expected, abs=0.015)
        # Contextual: between . dW - slope, both normal, dW = 0.1 / 0.164.
        rise = 0.1 / np.mean(MEANS)
        between = spec.location_prior("between").sigma
        contextual = stats.norm.cdf(slope / np.hypot(between * rise, 0.5))
        assert found["contextual"] == pytest.approx(contextual, abs=0.015)


def test_a_form_without_moderation_has_no_interaction_but_a_level():
    form = Form("none", "log", "none", ())
    spec, design = known_world(form)
    posterior = posterior_of(design, interaction=1e-3)
    found = quantities_of(form, spec, design, posterior, known_groups(spec, design))
    assert (found.draws["interaction"] == 0.0).all()
    assert (found.draws["interaction_per_sd"] > 0.0).all()
    assert (found.draws["contextual"] != 0.0).all()
    assert found.explained == 0.0


def test_what_a_moderator_carries_is_its_regression_on_the_moderation():
    form = Form("none", "log", "none", ("turnover",))
    spec, design = known_world(form)
    posterior = posterior_of(design, interaction=0.0, turnover=-0.1)
    found = quantities_of(form, spec, design, posterior, known_groups(spec, design))
    standard = (np.array(TURNOVER) - np.mean(TURNOVER)) / np.std(TURNOVER)
    slope, _ = np.polyfit(np.log(MEANS), standard, 1)
    expected = -0.1 * slope * 0.1 / np.mean(MEANS)
    np.testing.assert_allclose(found.draws["carried turnover"], expected)


def test_a_spread_that_cannot_be_fitted_is_even():
    known = xr.Dataset(
        {
            "deprivation": ("authority", [0.1, 0.2]),
            "deprivation_sd": ("authority", [0.0, 0.08]),
        }
    )
    assert power_law(known, mean=0.15) == (0.04, 0.0)
