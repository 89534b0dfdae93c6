from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from itertools import product

import numpy as np
import pymc as pm
import pytest
from numpy.testing import assert_allclose

from bayesgrad.model.graph import build_model
from tests.model.coordinates import in_coordinates
from tests.model.forms import (
    CENTRED,
    FORMS,
    KINDS,
    MODE,
    NON_CENTRED,
    PARTIAL,
    centred_spec,
    density_of,
    deviations_of,
    drawn_parameters,
    joint_density,
    point_of,
    spec_named,
)
from tests.small import drawn_design, spec_of
from tests.tiers import quick


def assert_close(found: float, expected: float) -> None:
    """Equal but for the single precision in which some constants of priors are computed."""
    assert_allclose(found, expected, rtol=0, atol=2e-7 * max(1.0, abs(expected) ** 0.5))


ALSO_QUICK = ("full", "low rank", "common deviations", "years", "neighbourhoods", "dispersed risk")


@pytest.mark.parametrize("form", quick(FORMS, "plain", "stages in strata", *ALSO_QUICK))
def test_the_joint_density_is_that_of_scipy(form):
    spec = spec_named(form)
    design = drawn_design(spec)
    model = build_model(spec, design)
    theta = drawn_parameters(spec, design)
    assert {variable.name for variable in model.free_RVs} == set(theta)
    found, jacobian = in_coordinates(spec, design, theta)
    assert_close(density_of(model, found), joint_density(spec, design, theta) + jacobian)


COVARIANCES = ("full", "two independent", "by outcome", "low rank", "two outcomes")
NESTED = ("neighbourhoods", "neighbourhoods in strata")
STRATIFIED = ("crossed strata", "common deviations", "years", "stages in strata")


@pytest.mark.parametrize(
    ("form", "more"),
    quick(
        product([*COVARIANCES, *STRATIFIED, *NESTED], [NON_CENTRED, PARTIAL]),
        ("two outcomes", NON_CENTRED),
        ("low rank", PARTIAL),
        ("stages in strata", PARTIAL),
        ("years", NON_CENTRED),
        ("neighbourhoods", PARTIAL),
    ),
)
def test_other_coordinates_imply_the_same_density_and_effects(form, more):
    spec = spec_named(form, more)
    design = drawn_design(spec)
    model = build_model(spec, design)
    theta = drawn_parameters(spec, design)
    found, jacobian = in_coordinates(spec, design, theta)
    assert {variable.name for variable in model.free_RVs} == set(found)
    assert_close(density_of(model, found), joint_density(spec, design, theta) + jacobian)

    authorities, outcomes, _ = design.cells
    by_effect = theta["authority_effects"].reshape(authorities, outcomes, 2)
    expected = {f"authority_{kind}": by_effect[:, :, k] for k, kind in enumerate(KINDS)}
    for kind in KINDS:
        deviations = deviations_of(design, theta, kind)
        expected[f"stratum_{kind}"] = deviations["nation"]
        expected[f"authority_stratum_{kind}"] = deviations["authority"]
    if design.neighbourhoods:
        sd = theta["sd_neighbourhood"][:, None]
        expected["neighbourhood_effect"] = sd * theta["z_neighbourhood"]
    names = [name for name in expected if name in model.named_vars]
    evaluate = model.compile_fn(
        model.replace_rvs_by_values([model[name] for name in names]),
        inputs=model.value_vars,
        mode=MODE,
        on_unused_input="ignore",
    )
    for name, values in zip(names, evaluate(point_of(model, found)), strict=True):
        assert_allclose(values, expected[name], rtol=1e-8, atol=1e-10, err_msg=name)


def test_a_design_with_strata_that_the_spec_does_not_name_repeats_the_effects_over_them():
    spec = centred_spec()
    design = drawn_design(spec, strata=("boys", "girls"))
    theta = drawn_parameters(spec, design)
    assert_close(density_of(build_model(spec, design), theta), joint_density(spec, design, theta))


GRADIENTS = [
    ("two outcomes", CENTRED),
    ("low rank", CENTRED),
    ("crossed strata", NON_CENTRED),
    *((form, PARTIAL) for form in ("full", "by outcome", "low rank", *STRATIFIED, *NESTED)),
]


@pytest.mark.parametrize(
    ("form", "more"),
    quick(GRADIENTS, ("full", PARTIAL), ("years", PARTIAL), ("neighbourhoods", PARTIAL)),
)
def test_the_gradient_of_the_density_agrees_with_finite_differences(form, more):
    spec = spec_named(form, more)
    design = drawn_design(spec, authorities=3, areas=4)
    model = build_model(spec, design)
    theta, _ = in_coordinates(spec, design, drawn_parameters(spec, design))
    point = point_of(model, theta)
    density, slope = model.compile_logp(mode=MODE), model.compile_dlogp(mode=MODE)
    rng, gradient, place = np.random.default_rng(2), slope(point), 0
    for variable in model.continuous_value_vars:
        values = point[variable.name]
        for flat in rng.choice(values.size, min(values.size, 8), replace=False):
            step = np.zeros(values.size)
            step[flat] = 1e-5
            ends = [
                density(point | {variable.name: values + sign * step.reshape(values.shape)})
                for sign in (1, -1)
            ]
            difference = (ends[0] - ends[1]) / 2e-5
            found = gradient[place + flat]
            assert_allclose(found, difference, rtol=1e-5, atol=1e-4, err_msg=variable.name)
        place += values.size
    assert place == len(gradient)


def test_alpha_is_the_inverse_square_of_the_overdispersion():
    spec = centred_spec()
    design = drawn_design(spec)
    model = build_model(spec, design)
    alpha = model["alpha"].eval({model["overdispersion"]: np.array([0.25])}, mode=MODE)
    assert_allclose(alpha, [16.0])


def test_the_unit_only_rescales_the_coefficients():
    # Per 0.05 of deprivation every coefficient of a gradient is half of that per 0.10; its prior
    # is scaled likewise, so the densities differ by the Jacobian of that change alone.
    priors = """
[priors]
slope = {{ distribution = "Normal", mu = 0.0, sigma = {0} }}
interaction = {{ distribution = "Normal", mu = 0.0, sigma = {0} }}
sd_slope = {{ distribution = "HalfNormal", sigma = {1} }}
"""
    tenth = centred_spec("[gradient]\nunit = 0.10" + priors.format(0.5, 0.2))
    twentieth = centred_spec("[gradient]\nunit = 0.05" + priors.format(0.25, 0.1))
    design = drawn_design(tenth)
    theta = drawn_parameters(tenth, design)
    halved = ("slope", "interaction", "sd_slope")
    small = theta | {name: theta[name] / 2 for name in halved}
    small["authority_effects"] = theta["authority_effects"] * [1.0, 0.5]
    numbers = sum(theta[name].size for name in halved) + len(theta["authority_effects"])
    found = density_of(build_model(twentieth, drawn_design(twentieth)), small)
    assert_close(found, density_of(build_model(tenth, design), theta) + numbers * np.log(2))


def scaled(design, factor: float):
    return replace(design, rows=replace(design.rows, exposure=factor * design.rows.exposure))


@pytest.mark.parametrize("form", ["plain", "strata"])
def test_scaling_the_exposure_only_moves_the_intercepts(form):
    spec = spec_named(form, NON_CENTRED)
    design = drawn_design(spec)
    theta, _ = in_coordinates(spec, design, drawn_parameters(spec, design))
    moved = theta | {"intercept": theta["intercept"] - np.log(7.0)}
    found = density_of(build_model(spec, scaled(design, 7.0)), moved)
    assert_close(found, density_of(build_model(spec, design), theta))


@pytest.mark.parametrize("form", ["risk", "dispersed risk"])
def test_risks_of_one_or_more_have_no_density(form):
    spec = spec_named(form)
    design = drawn_design(spec)
    theta = drawn_parameters(spec, design)
    assert np.isfinite(density_of(build_model(spec, design), theta))
    effects = theta["authority_effects"].copy()
    effects[2, 0] = 0.5
    impossible = theta | {"authority_effects": effects}
    assert density_of(build_model(spec, design), impossible) == -np.inf


@pytest.mark.full
def test_pymc_itself_samples_the_model():
    spec = spec_named("two independent", PARTIAL)
    with build_model(spec, drawn_design(spec, authorities=4, areas=6)):
        trace = pm.sample(
            5,
            tune=5,
            chains=1,
            random_seed=1,
            progressbar=False,
            nuts_sampler="pymc",
            nuts={"max_treedepth": 3},
            compile_kwargs={"mode": MODE},
            compute_convergence_checks=False,
        )
    assert trace["posterior"]["authority_slope"].shape == (1, 5, 4, 2)
    assert np.isfinite(trace["posterior"]["authority_slope"]).all()


@pytest.mark.full
def test_the_model_can_pass_to_another_process(tmp_path):
    cloudpickle = pytest.importorskip("cloudpickle")
    spec = spec_of(NON_CENTRED)
    model = build_model(spec, drawn_design(spec))
    (tmp_path / "model").write_bytes(cloudpickle.dumps(model))
    program = (
        "import cloudpickle, sys\n"
        "model = cloudpickle.load(open(sys.argv[1], 'rb'))\n"
        "print(model.compile_logp()(model.initial_point()))\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "model")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert_allclose(float(done.stdout), model.compile_logp()(model.initial_point()), rtol=1e-12)
