from __future__ import annotations

from dataclasses import replace

import numpy as np
import pymc as pm
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from bayesgrad.design import Design
from bayesgrad.model.arrays import DRAWN, coordinates, count_rows, model_arrays
from bayesgrad.model.graph import build_model
from bayesgrad.model.information import authority_information
from bayesgrad.spec import ModelSpec
from bayesgrad.spec.priors import PARAMETERS, Priors
from tests.small import drawn_design, spec_of

MODE = "FAST_COMPILE"

FULL = """
[gradient]
curvature = "spline"
[authority]
moderation = "log"
moderators = ["spend", "turnover"]
[area]
covariates = ["density"]
moderators = ["rural"]
"""
FORMS = {
    "plain": "",
    "full": FULL,
    "poisson": '[likelihood]\nfamily = "poisson"',
    "independent": '[authority]\ncovariance = "diagonal"',
    "none": '[authority]\nmoderation = "none"',
    "spline": '[authority]\nmoderation = "spline"',
    "quadratic": '[gradient]\ncurvature = "quadratic"\ncentre = "national"',
    "two outcomes": FULL,
}
CENTRED = '\n[sampling]\nparameterisation = "centred"\n'
PARTIAL = '\n[sampling]\nparameterisation = "partial"\n'
NON_CENTRED = '\n[sampling]\nparameterisation = "non_centred"\n'


def assert_close(found: float, expected: float) -> None:
    """Equal but for the single precision in which some constants of priors are computed."""
    assert_allclose(found, expected, rtol=0, atol=2e-7 * max(1.0, abs(expected) ** 0.5))


def spec_named(form: str, more: str = CENTRED) -> ModelSpec:
    outcomes = ("referrals", "plans") if form == "two outcomes" else ("referrals",)
    return spec_of(FORMS[form] + more, outcomes=outcomes)


def centred_spec(text: str = "") -> ModelSpec:
    return spec_of(text + CENTRED)


def drawn_parameters(spec: ModelSpec, design: Design, seed: int = 1) -> dict[str, np.ndarray]:
    """Parameters by name, on their natural scale, that the model of a spec may take."""
    rng = np.random.default_rng(seed)
    authorities, outcomes, _ = design.cells
    widths = {
        "between": len(design.basis.terms),
        "interaction": len(design.basis.terms),
        "authority_moderator_level": len(design.authorities.moderators.names),
        "authority_moderator_gradient": len(design.authorities.moderators.names),
        "covariate": len(design.rows.covariates.names),
        "gradient_moderator": len(design.area_moderators),
        "curvature": len(design.curve.terms),
    }
    effects = {name: rng.normal(0, 0.1, (outcomes, n)) for name, n in widths.items() if n}
    theta = {
        "intercept": rng.normal(-3, 0.3, outcomes),
        "slope": rng.normal(0.4, 0.1, outcomes),
        **effects,
        "sd_intercept": rng.uniform(0.1, 0.6, outcomes),
        "sd_slope": rng.uniform(0.05, 0.3, outcomes),
        "authority_intercept": rng.normal(-3, 0.3, (authorities, outcomes)),
        "authority_slope": rng.normal(0.4, 0.2, (authorities, outcomes)),
    }
    if spec.authority.covariance != "diagonal":
        theta["correlation_half"] = rng.uniform(0.15, 0.85, outcomes)
    if spec.likelihood.family == "negative_binomial":
        theta["overdispersion"] = rng.uniform(0.2, 0.8, outcomes)
    return theta


def point_of(model: pm.Model, theta: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """A point in the model's unconstrained values from parameters on their natural scale."""
    point = {}
    for variable in model.free_RVs:
        transform = model.rvs_to_transforms[variable]
        value = theta[variable.name]
        if transform is not None:
            value = transform.forward(value, *variable.owner.inputs).eval(mode=MODE)
        point[model.rvs_to_values[variable].name] = value
    return point


def density_of(model: pm.Model, theta: dict[str, np.ndarray], *names: str) -> float:
    """Log density of variables (all by default) with respect to their natural scale."""
    chosen = [model[name] for name in names] or None
    return float(model.compile_logp(chosen, jacobian=False, mode=MODE)(point_of(model, theta)))


def authority_means(design: Design, theta: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Means of a_j and b_j, (authorities, outcomes)."""
    basis, moderators = design.authorities.moderation, design.authorities.moderators.values
    level = np.tile(theta["intercept"], (len(basis), 1))
    gradient = np.tile(theta["slope"], (len(basis), 1))
    if "between" in theta:
        level = level + basis @ theta["between"].T
        gradient = gradient + basis @ theta["interaction"].T
    if "authority_moderator_level" in theta:
        level = level + moderators @ theta["authority_moderator_level"].T
        gradient = gradient + moderators @ theta["authority_moderator_gradient"].T
    return level, gradient


def prior_of_effects(design: Design, theta: dict[str, np.ndarray]) -> float:
    """Bivariate normal log density of all authority effects, from scipy."""
    level, gradient = authority_means(design, theta)
    total = 0.0
    for s in range(len(design.outcomes)):
        sd = np.array([theta["sd_intercept"][s], theta["sd_slope"][s]])
        rho = 2 * theta["correlation_half"][s] - 1 if "correlation_half" in theta else 0.0
        covariance = np.outer(sd, sd) * np.array([[1, rho], [rho, 1]])
        effects = np.column_stack(
            [theta["authority_intercept"][:, s], theta["authority_slope"][:, s]]
        )
        means = np.column_stack([level[:, s], gradient[:, s]])
        total += stats.multivariate_normal.logpdf(effects - means, cov=covariance).sum()
    return float(total)


def prior_of_parameters(spec: ModelSpec, design: Design, theta: dict[str, np.ndarray]) -> float:
    """Default priors of everything but the authority effects, written out once more."""
    crude = design.crude_level()
    interaction_sd = 0.5 if spec.authority.moderation == "log" else 0.25
    known = {
        "intercept": stats.norm(crude, 1.0),
        "slope": stats.norm(0, 0.5),
        "between": stats.norm(0, 0.5),
        "interaction": stats.norm(0, interaction_sd),
        "authority_moderator_level": stats.norm(0, 0.5),
        "authority_moderator_gradient": stats.norm(0, 0.25),
        "covariate": stats.norm(0, 0.5),
        "gradient_moderator": stats.norm(0, 0.25),
        "curvature": stats.norm(0, 0.25),
        "sd_intercept": stats.halfnorm(scale=0.5),
        "sd_slope": stats.halfnorm(scale=0.2),
        "correlation_half": stats.beta(2, 2),
        "overdispersion": stats.halfnorm(scale=0.5),
    }
    return float(sum(known[name].logpdf(theta[name]).sum() for name in theta if name in known))


def likelihood_of(design: Design, theta: dict[str, np.ndarray]) -> float:
    """Log likelihood row by row, from scipy."""
    rows, outcome = design.rows, design.row_outcome
    authority = design.cell_authority[rows.cell]
    eta = theta["authority_intercept"][authority, outcome]
    eta = eta + theta["authority_slope"][authority, outcome] * rows.x
    blocks = {
        "covariate": rows.covariates.values,
        "gradient_moderator": rows.gradient_moderators,
        "curvature": rows.curve,
    }
    for name, columns in blocks.items():
        if name in theta:
            eta = eta + (columns * theta[name][outcome]).sum(axis=1)
    mean = rows.exposure * np.exp(eta)
    if "overdispersion" not in theta:
        return float(stats.poisson.logpmf(rows.count, mean).sum())
    alpha = theta["overdispersion"][outcome] ** -2.0
    return float(stats.nbinom.logpmf(rows.count, alpha, alpha / (alpha + mean)).sum())


@pytest.mark.parametrize("form", FORMS)
def test_the_joint_density_is_that_of_scipy(form):
    spec = spec_named(form)
    design = drawn_design(spec)
    model = build_model(spec, design)
    theta = drawn_parameters(spec, design)
    expected = (
        prior_of_parameters(spec, design, theta)
        + prior_of_effects(design, theta)
        + likelihood_of(design, theta)
    )
    assert {variable.name for variable in model.free_RVs} == set(theta)
    assert_close(density_of(model, theta), expected)


def test_the_joint_density_of_a_design_with_strata_repeats_the_effects_over_them():
    spec = centred_spec()
    design = drawn_design(spec, strata=("boys", "girls"))
    theta = drawn_parameters(spec, design)
    expected = (
        prior_of_parameters(spec, design, theta)
        + prior_of_effects(design, theta)
        + likelihood_of(design, theta)
    )
    assert_close(density_of(build_model(spec, design), theta), expected)


@pytest.mark.parametrize("form", ["plain", "full", "independent", "two outcomes"])
def test_centred_and_non_centred_forms_imply_the_same_density(form):
    centred, other = spec_named(form), spec_named(form, NON_CENTRED)
    design = drawn_design(centred)
    theta = drawn_parameters(centred, design)
    rho = 2 * theta["correlation_half"] - 1 if "correlation_half" in theta else 0.0
    level, gradient = authority_means(design, theta)
    z_intercept = (theta["authority_intercept"] - level) / theta["sd_intercept"]
    residual = theta["authority_slope"] - gradient - rho * theta["sd_slope"] * z_intercept
    scale = theta["sd_slope"] * np.sqrt(1 - rho**2)
    standard = theta | {"z_intercept": z_intercept, "z_slope": residual / scale}
    jacobian = len(level) * np.sum(np.log(theta["sd_intercept"]) + np.log(scale))
    assert_close(
        density_of(build_model(other, design), standard),
        density_of(build_model(centred, design), theta) + jacobian,
    )


def coordinates_of(theta, design, information) -> tuple[dict[str, np.ndarray], float]:
    """Partial coordinates of the authority effects, and log |d effects / d coordinates|."""
    level, gradient = authority_means(design, theta)
    authorities, outcomes = level.shape
    z = np.empty((outcomes, 2, authorities))
    jacobian = 0.0
    for j, s in np.ndindex(*level.shape):
        sd = np.array([theta["sd_intercept"][s], theta["sd_slope"][s]])
        rho = 2 * theta["correlation_half"][s] - 1 if "correlation_half" in theta else 0.0
        root = np.linalg.cholesky(np.outer(sd, sd) * np.array([[1, rho], [rho, 1]]))
        curvature = information.curvature[s, :, :, j]
        factor = np.linalg.cholesky(np.eye(2) + root.T @ curvature @ root)
        mean = np.array([level[j, s], gradient[j, s]])
        effects = np.array([theta["authority_intercept"][j, s], theta["authority_slope"][j, s]])
        target = root.T @ (information.pull[s, :, j] - curvature @ mean)
        w = np.linalg.solve(root, effects - mean)
        z[s, :, j] = factor.T @ w - np.linalg.solve(factor, target)
        jacobian += np.log(np.diag(root)).sum() - np.log(np.diag(factor)).sum()
    return {"z": z}, jacobian


@pytest.mark.parametrize("form", ["plain", "full", "poisson", "independent", "two outcomes"])
def test_the_partial_form_implies_the_same_density(form):
    centred, partial = spec_named(form), spec_named(form, PARTIAL)
    design = drawn_design(centred)
    theta = drawn_parameters(centred, design)
    information = authority_information(
        design, count_rows(design), family=partial.likelihood.family
    )
    standard, jacobian = coordinates_of(theta, design, information)
    model = build_model(partial, design)
    assert_close(
        density_of(model, theta | standard),
        density_of(build_model(centred, design), theta) + jacobian,
    )
    outputs = model.replace_rvs_by_values([model["authority_intercept"], model["authority_slope"]])
    evaluate = model.compile_fn(
        outputs, inputs=model.value_vars, mode=MODE, on_unused_input="ignore"
    )
    effects = evaluate(point_of(model, theta | standard))
    assert_allclose(effects[0], theta["authority_intercept"], rtol=1e-9)
    assert_allclose(effects[1], theta["authority_slope"], rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("more", [CENTRED, NON_CENTRED, PARTIAL])
@pytest.mark.parametrize("form", ["full", "poisson", "two outcomes"])
def test_the_gradient_of_the_density_agrees_with_finite_differences(form, more):
    spec = spec_named(form, more)
    design = drawn_design(spec, authorities=4, areas=4)
    model = build_model(spec, design)
    theta = drawn_parameters(spec, design)
    rng = np.random.default_rng(2)
    for name in ("z_intercept", "z_slope"):
        theta[name] = rng.normal(size=theta["authority_slope"].shape)
    theta["z"] = rng.normal(size=(theta["authority_slope"].shape[1], 2, 4))
    point = point_of(model, theta)
    density, slope = model.compile_logp(mode=MODE), model.compile_dlogp(mode=MODE)
    step, differences = 1e-5, []
    for variable in model.continuous_value_vars:
        for index in np.ndindex(point[variable.name].shape):
            ends = []
            for sign in (1, -1):
                moved = point[variable.name].copy()
                moved[index] += sign * step
                ends.append(density(point | {variable.name: moved}))
            differences.append((ends[0] - ends[1]) / (2 * step))
    assert_allclose(slope(point), differences, rtol=1e-5, atol=1e-4)


def test_the_prior_of_the_correlation_is_the_lkj_density_in_two_dimensions():
    spec = centred_spec()
    design = drawn_design(spec)
    model = build_model(spec, design)
    theta = drawn_parameters(spec, design)
    for rho in (-0.9, -0.2, 0.0, 0.7):
        half = np.array([(1 + rho) / 2])
        of_half = density_of(model, theta | {"correlation_half": half}, "correlation_half")
        lkj = 0.75 * (1 - rho**2)  # LKJ(2): proportional to the determinant; 3/4 makes it 1
        assert_close(of_half - np.log(2), np.log(lkj))


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


def test_every_distribution_of_the_grammar_is_tested_here():
    assert {*LOCATION, *SCALE, "LKJ"} == set(PARAMETERS)


def with_prior(text: str, *, name: str, distribution: str, parameters: dict) -> ModelSpec:
    given = ", ".join(f"{key} = {value}" for key, value in parameters.items())
    return centred_spec(
        f'{text}\n[priors]\n{name} = {{ distribution = "{distribution}", {given} }}\n'
    )


LOCATION_USES = {
    "slope": ["slope"],
    "between": ["between"],
    "interaction": ["interaction"],
    "covariates": ["covariate", "authority_moderator_level"],
    "moderators": ["gradient_moderator", "authority_moderator_gradient"],
    "curvature": ["curvature"],
    "intercept": ["intercept"],
}
SCALE_USES = ("sd_intercept", "sd_slope", "overdispersion")


def test_every_prior_of_the_grammar_is_tested_here():
    assert {*LOCATION_USES, *SCALE_USES, "correlation"} == set(Priors.model_fields)


@pytest.mark.parametrize("distribution", LOCATION)
@pytest.mark.parametrize("name", LOCATION_USES)
def test_priors_of_coefficients_are_those_that_the_spec_names(name, distribution):
    parameters, known = LOCATION[distribution]
    spec = with_prior(FULL, name=name, distribution=distribution, parameters=parameters)
    design = drawn_design(spec)
    model, theta = build_model(spec, design), drawn_parameters(spec, design)
    for variable in LOCATION_USES[name]:
        found = density_of(model, theta, variable)
        assert_close(found, known.logpdf(theta[variable]).sum())


@pytest.mark.parametrize("distribution", SCALE)
@pytest.mark.parametrize("name", SCALE_USES)
def test_priors_of_scales_are_those_that_the_spec_names(name, distribution):
    parameters, log_density = SCALE[distribution]
    spec = with_prior("", name=name, distribution=distribution, parameters=parameters)
    design = drawn_design(spec)
    theta = drawn_parameters(spec, design)
    found = density_of(build_model(spec, design), theta, name)
    assert_close(found, log_density(theta[name]).sum())


@pytest.mark.parametrize("distribution", ["StudentT", "Laplace"])
def test_an_intercept_without_a_location_is_centred_at_the_crude_rate(distribution):
    parameters, _ = LOCATION[distribution]
    spread = {key: value for key, value in parameters.items() if key != "mu"}
    spec = with_prior("", name="intercept", distribution=distribution, parameters=spread)
    design = drawn_design(spec)
    theta = drawn_parameters(spec, design)
    scale = {"StudentT": stats.t(4, 0, 0.2), "Laplace": stats.laplace(0, 0.2)}[distribution]
    found = density_of(build_model(spec, design), theta, "intercept")
    assert_close(found, scale.logpdf(theta["intercept"] - design.crude_level()).sum())


def test_the_prior_of_the_correlation_takes_its_eta():
    spec = with_prior("", name="correlation", distribution="LKJ", parameters={"eta": 5.0})
    design = drawn_design(spec)
    theta = drawn_parameters(spec, design)
    found = density_of(build_model(spec, design), theta, "correlation_half")
    assert_close(found, stats.beta(5, 5).logpdf(theta["correlation_half"]).sum())


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
    halved = ("slope", "interaction", "sd_slope", "authority_slope")
    small = theta | {name: theta[name] / 2 for name in halved}
    jacobian = sum(theta[name].size for name in halved) * np.log(2)
    found = density_of(build_model(twentieth, drawn_design(twentieth)), small)
    assert_close(found, density_of(build_model(tenth, design), theta) + jacobian)


def test_scaling_the_exposure_only_moves_the_intercepts():
    spec = centred_spec()
    design = drawn_design(spec)
    theta = drawn_parameters(spec, design)
    scaled = replace(design, rows=replace(design.rows, exposure=7.0 * design.rows.exposure))
    moved = theta | {
        name: theta[name] - np.log(7.0) for name in ("intercept", "authority_intercept")
    }
    found = density_of(build_model(spec, scaled), moved)
    assert_close(found, density_of(build_model(spec, design), theta))


@pytest.mark.parametrize("form", FORMS)
def test_every_array_of_the_design_is_data_that_can_be_replaced(form):
    spec = spec_named(form)
    design = drawn_design(spec)
    model = build_model(spec, design)
    assert {variable.name for variable in model.data_vars} == set(model_arrays(spec, design))
    for name, array in model_arrays(spec, design).items():
        assert_allclose(model[name].get_value(), array)


@pytest.mark.parametrize("more", [CENTRED, NON_CENTRED, PARTIAL])
@pytest.mark.parametrize("form", FORMS)
def test_variables_have_the_names_and_dimensions_of_the_layout(form, more):
    spec = spec_named(form, more)
    design = drawn_design(spec)
    model = build_model(spec, design)
    dims = {
        "between": ("outcome", "moderation_term"),
        "interaction": ("outcome", "moderation_term"),
        "authority_moderator_level": ("outcome", "authority_moderator"),
        "authority_moderator_gradient": ("outcome", "authority_moderator"),
        "covariate": ("outcome", "area_covariate"),
        "gradient_moderator": ("outcome", "area_moderator"),
        "curvature": ("outcome", "curvature_term"),
        "authority_intercept": ("authority", "outcome"),
        "authority_slope": ("authority", "outcome"),
    }
    expected = {*drawn_parameters(spec, design)} - {"correlation_half"}
    expected |= {"correlation"} if spec.authority.covariance != "diagonal" else set()
    expected |= {"alpha"} if spec.likelihood.family == "negative_binomial" else set()
    kept = {name for name in DRAWN if name in model.named_vars}
    assert kept == expected
    for name in kept:
        assert model.named_vars_to_dims[name] == dims.get(name, ("outcome",))


def test_coordinates_name_every_term():
    coords = coordinates(drawn_design(spec_named("two outcomes")))
    assert coords["outcome"] == ("referrals", "plans")
    assert coords["authority"] == ("A00", "A01", "A02", "A03", "A04")
    assert coords["moderation_term"] == ("log",)
    assert coords["authority_moderator"] == ("spend", "turnover")
    assert coords["area_covariate"] == ("density", "rural")
    assert coords["area_moderator"] == ("rural",)
    assert coords["curvature_term"] == ("spline 1", "spline 2")


def test_coordinates_leave_empty_dimensions_out():
    names = {"authority", "outcome", "effect"}
    assert set(coordinates(drawn_design(spec_named("none")))) == names


def test_pymc_itself_samples_the_model():
    spec = spec_named("plain", PARTIAL)
    with build_model(spec, drawn_design(spec, authorities=4, areas=6)):
        trace = pm.sample(
            20,
            tune=20,
            chains=1,
            random_seed=1,
            progressbar=False,
            nuts_sampler="pymc",
            compile_kwargs={"mode": MODE},
            compute_convergence_checks=False,
        )
    assert trace["posterior"]["authority_slope"].shape == (1, 20, 4, 1)
    assert np.isfinite(trace["posterior"]["authority_slope"]).all()
