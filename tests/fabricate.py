"""Draws made up in the layout of a fit, for tests of what is computed from draws.

Nothing is fitted: parameters scatter around plausible values, authorities' effects around what
the parameters of the same draw imply.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from tests.fabricated_strata import effect_correlation, strata_reference, strata_variables

Array = NDArray[np.float64]

CASES = ("binomial", "beta_binomial")
DISPERSED = ("negative_binomial", "beta_binomial")

TERMS = {"none": (), "linear": ("linear",), "log": ("log",), "spline": ("linear", "spline 1")}
CURVES = {"none": (), "quadratic": ("quadratic",), "spline": ("spline 1", "spline 2")}
SHIFTS = np.array([-0.10, 0.0, 0.10])


def moderation_basis(form: str, deprivation: Array | float, *, mean: float, unit: float) -> Array:
    """W(D), zero at the mean; last axis counts terms; NaN where the logarithm has no value."""
    deprivation = np.asarray(deprivation, dtype=float)
    z = (deprivation - mean) / unit
    with np.errstate(divide="ignore", invalid="ignore"):
        log = np.where(deprivation > 0, np.log(deprivation / mean), np.nan)
    terms = {"none": [], "linear": [z], "log": [log], "spline": [z, np.tanh(z) + 0.3 * z**2]}[form]
    return np.stack(terms, axis=-1) if terms else np.empty((*deprivation.shape, 0))


def moderation_derivative(form: str, *, mean: float, unit: float) -> Array:
    """Derivative of W at the mean, times the unit."""
    return np.array({"none": [], "linear": [1.0], "log": [unit / mean], "spline": [1.0, 1.0]}[form])


def curve_basis(form: str, deprivation: Array | float, *, mean: float, unit: float) -> Array:
    """Common curve, with value and slope zero at the mean; last axis counts terms."""
    z = (np.asarray(deprivation, dtype=float) - mean) / unit
    return np.stack([z**2, z**3], axis=-1)[..., : len(CURVES[form])]


def fabricated_draws(
    *,
    seed: int = 1,
    authorities: int = 12,
    chains: int = 2,
    draws: int = 200,
    moderation: str = "log",
    family: str | Sequence[str] = "negative_binomial",
    link: str | Sequence[str] | None = None,
    out_of: Sequence[str] | None = None,
    at_risk: str = "people",
    centre: str | float = "authority",
    curvature: str = "none",
    correlated: bool = True,
    by_outcome: bool = False,
    outcomes: Sequence[str] = ("referrals",),
    strata: Sequence[str] = ("",),
    strata_column: str = "group",
    ordered: bool = False,
    common_gradients: bool = False,
    authority_deviations: bool = False,
    equivalence: float = 1.05,
    years: bool = False,
    covariates: Sequence[str] = (),
    authority_moderators: Sequence[str] = (),
    area_moderators: Sequence[str] = (),
    unit: float = 0.10,
    failed_checks: Sequence[str] = (),
) -> xr.DataTree:
    """Draws of a fit that was never made, with every group of the layout.

    Families and links are one for all outcomes or one for each; without a link, log for counts and
    logit for cases. Effects of several outcomes are correlated with one another unless
    `by_outcome`. With `years` the strata are years.
    """
    rng, more = np.random.default_rng(seed), np.random.default_rng([seed, 1])
    forms = _forms(outcomes, family=family, link=link, out_of=out_of)
    known = _authorities(
        rng,
        count=authorities,
        moderation=moderation,
        centre=centre,
        outcomes=outcomes,
        strata=strata,
        moderators=authority_moderators,
        unit=unit,
    )
    of_strata = {"column": strata_column, "ordered": ordered or years}
    about_strata = strata_reference(strata, **of_strata, equivalence=equivalence, years=years)
    reference = _reference(
        known, moderation=moderation, curvature=curvature, forms=forms, centre=centre, unit=unit
    ).merge(about_strata)
    reference = reference.assign_attrs(about_strata.attrs | {"at_risk": at_risk})
    parameters = _parameters(
        rng,
        shape=(chains, draws, len(outcomes)),
        terms={"moderation_term": TERMS[moderation], "curvature_term": CURVES[curvature]},
        items={
            "area_covariate": covariates,
            "authority_moderator": authority_moderators,
            "area_moderator": area_moderators,
        },
        correlated=correlated,
        dispersed=[form["family"] in DISPERSED for form in forms],
    ).assign_coords(outcome=list(outcomes), chain=range(chains), draw=range(draws))
    parameters = _named_dispersion(parameters, forms)
    posterior = _authority_effects(rng, parameters, known)
    posterior = posterior.merge(
        strata_variables(
            more,
            posterior,
            strata,
            **of_strata,
            common=common_gradients,
            authority_deviations=authority_deviations,
        )
    )
    if correlated and len(outcomes) > 1 and not by_outcome:
        posterior["effect_correlation"] = effect_correlation(more, posterior)
    groups = {
        "posterior": posterior,
        "sample_stats": _sample_stats(rng, chains=chains, draws=draws),
        "authorities": known,
        "reference": reference,
        "inequality": _inequality(rng, known, draws=min(1000, chains * draws)),
        "predictive": _predictive(rng, known),
        "scores": _scores(rng, known),
        "sensitivity": sensitivity_group(),
        "diagnostics": _diagnostics(failed_checks),
    }
    return xr.DataTree.from_dict(groups)


def _forms(
    outcomes: Sequence[str],
    *,
    family: str | Sequence[str],
    link: str | Sequence[str] | None,
    out_of: Sequence[str] | None,
) -> list[dict[str, str]]:
    families = [family] * len(outcomes) if isinstance(family, str) else list(family)
    if link is None:
        links = ["logit" if name in CASES else "log" for name in families]
    else:
        links = [link] * len(outcomes) if isinstance(link, str) else list(link)
    stages = [""] * len(outcomes) if out_of is None else list(out_of)
    return [
        {"outcome": outcome, "family": family, "link": link, "out_of": stage}
        for outcome, family, link, stage in zip(outcomes, families, links, stages, strict=True)
    ]


def _named_dispersion(parameters: xr.Dataset, forms: Sequence[Mapping[str, str]]) -> xr.Dataset:
    """Overdispersion of the outcomes that have it, by a dimension of their own where not all do."""
    dispersed = [form["outcome"] for form in forms if form["family"] in DISPERSED]
    if not dispersed or len(dispersed) == len(forms):
        return parameters
    own = {
        name: parameters[name].sel(outcome=dispersed).rename(outcome="dispersed_outcome")
        for name in ("overdispersion", "alpha")
    }
    return parameters.drop_vars(list(own)).assign(own)


def with_group(draws: xr.DataTree, **groups: xr.Dataset) -> xr.DataTree:
    """Copy of the draws with some groups replaced."""
    content = {name: node.to_dataset() for name, node in draws.children.items()}
    return xr.DataTree.from_dict(content | groups)


def _authorities(
    rng: np.random.Generator,
    *,
    count: int,
    moderation: str,
    centre: str | float,
    outcomes: Sequence[str],
    strata: Sequence[str],
    moderators: Sequence[str],
    unit: float,
) -> xr.Dataset:
    deprivation = rng.permutation(np.linspace(0.05, 0.25, count)) + rng.uniform(0, 0.004, count)
    mean = float(deprivation.mean())
    constant = mean + 0.006 if centre == "national" else centre
    shape = (count, len(outcomes), len(strata))
    by_all = ("authority", "outcome", "stratum")
    events = rng.integers(200, 5000, shape)
    exposure = np.repeat(rng.uniform(2e4, 2e5, (count, 1)), shape[1] * shape[2], 1).reshape(shape)
    areas = np.broadcast_to(rng.integers(23, 400, (count, 1, 1)), shape).copy()
    variables = {
        "name": ("authority", [f"Authority {chr(65 + i % 26)}{i}" for i in range(count)]),
        "deprivation": ("authority", deprivation),
        "centre": ("authority", deprivation if centre == "authority" else np.full(count, constant)),
        "moderation_basis": (
            ("authority", "moderation_term"),
            moderation_basis(moderation, deprivation, mean=mean, unit=unit),
        ),
        "moderator": (
            ("authority", "authority_moderator"),
            rng.normal(size=(count, len(moderators))),
        ),
        "events": (by_all, events),
        "areas": (by_all, areas),
        "exposure": (by_all, exposure),
        "deprivation_min": ("authority", deprivation * 0.1),
        "deprivation_max": ("authority", deprivation * 2.5),
        "deprivation_sd": ("authority", 0.33 * deprivation**0.67),
    }
    return xr.Dataset(
        variables,
        coords={
            "authority": [f"E0900{i:04d}" for i in range(1, count + 1)],
            "outcome": list(outcomes),
            "stratum": list(strata),
            "moderation_term": np.array(TERMS[moderation], dtype=str),
            "authority_moderator": np.array(moderators, dtype=str),
        },
    )


def _reference(
    authorities: xr.Dataset,
    *,
    moderation: str,
    curvature: str,
    forms: Sequence[Mapping[str, str]],
    centre: str | float,
    unit: float,
) -> xr.Dataset:
    mean = float(authorities["deprivation"].mean())
    level_deprivation = np.array([0.04, 0.132, 0.26])
    exposure = authorities["exposure"].sum(("authority", "stratum"))
    areas = authorities["areas"].sum(("authority", "stratum"))
    return xr.Dataset(
        {
            **{
                name: ("outcome", [form[name] for form in forms])
                for name in ("family", "link", "out_of")
            },
            "unit": unit,
            "mean_authority_deprivation": mean,
            "centre_is_authority": int(centre == "authority"),
            "mean_exposure": exposure / areas,
            "shift_basis": (
                ("shift", "moderation_term"),
                moderation_basis(moderation, mean + SHIFTS, mean=mean, unit=unit),
            ),
            "moderation_derivative": (
                "moderation_term",
                moderation_derivative(moderation, mean=mean, unit=unit),
            ),
            "level_deprivation": ("level", level_deprivation),
            "level_curve": (
                ("level", "curvature_term"),
                curve_basis(curvature, level_deprivation, mean=mean, unit=unit),
            ),
        },
        coords={
            "shift": SHIFTS,
            "level": ["p10", "mean", "p90"],
            "moderation_term": np.array(TERMS[moderation], dtype=str),
            "curvature_term": np.array(CURVES[curvature], dtype=str),
        },
        attrs={
            "moderation": moderation,
            "curvature": curvature,
            "centre": str(centre),
            "vintage": "IoD2019",
            "title": "Fabricated",
        },
    )


def _parameters(
    rng: np.random.Generator,
    *,
    shape: tuple[int, int, int],
    terms: Mapping[str, Sequence[str]],
    items: Mapping[str, Sequence[str]],
    correlated: bool,
    dispersed: Sequence[bool],
) -> xr.Dataset:
    base = ("chain", "draw", "outcome")
    rise = 0.05 * np.arange(shape[2])
    variables: dict[str, tuple[tuple[str, ...], Array]] = {
        "intercept": (base, rng.normal(-2.9, 0.03, shape)),
        "slope": (base, 0.482 + rise + rng.normal(0, 0.015, shape)),
        "sd_intercept": (base, np.abs(rng.normal(0.28, 0.02, shape))),
        "sd_slope": (base, np.abs(rng.normal(0.09, 0.01, shape))),
    }
    if correlated:
        variables["correlation"] = (base, rng.uniform(-0.5, 0.2, shape))
    if any(dispersed):
        overdispersion = np.abs(rng.normal(0.35, 0.02, shape))
        variables |= {"overdispersion": (base, overdispersion), "alpha": (base, overdispersion**-2)}
    coords: dict[str, list[str]] = {}
    for name, dim, location in (
        ("between", "moderation_term", 0.35),
        ("interaction", "moderation_term", -0.20),
        ("curvature", "curvature_term", -0.02),
    ):
        if terms[dim]:
            inner = rng.normal(location, 0.04, (*shape, len(terms[dim])))
            variables[name] = ((*base, dim), inner)
            coords[dim] = list(terms[dim])
    for name, dim in (
        ("covariate", "area_covariate"),
        ("authority_moderator_level", "authority_moderator"),
        ("authority_moderator_gradient", "authority_moderator"),
        ("gradient_moderator", "area_moderator"),
    ):
        if items[dim]:
            variables[name] = ((*base, dim), rng.normal(0.03, 0.02, (*shape, len(items[dim]))))
            coords[dim] = list(items[dim])
    return xr.Dataset(variables, coords=coords)


def _authority_effects(
    rng: np.random.Generator, parameters: xr.Dataset, authorities: xr.Dataset
) -> xr.Dataset:
    shape = (*parameters["intercept"].shape, authorities.sizes["authority"])
    dims = ("chain", "draw", "outcome", "authority")
    effects = {}
    for effect, fixed, sd, moderation, moderator in (
        ("intercept", "intercept", "sd_intercept", "between", "authority_moderator_level"),
        ("slope", "slope", "sd_slope", "interaction", "authority_moderator_gradient"),
    ):
        expected = parameters[fixed]
        if moderation in parameters:
            basis = authorities["moderation_basis"]
            expected = expected + xr.dot(parameters[moderation], basis, dim="moderation_term")
        if moderator in parameters:
            values = authorities["moderator"]
            expected = expected + xr.dot(parameters[moderator], values, dim="authority_moderator")
        own = rng.normal(size=shape[2:]) + rng.uniform(0.1, 0.9, shape[2:]) * rng.normal(size=shape)
        residual = xr.DataArray(own, dims=dims, coords={"authority": authorities["authority"]})
        effects[f"authority_{effect}"] = (expected + parameters[sd] * residual).transpose(
            "chain", "draw", "authority", "outcome"
        )
    return parameters.assign(effects)


def _sample_stats(rng: np.random.Generator, *, chains: int, draws: int) -> xr.Dataset:
    shape, dims = (chains, draws), ("chain", "draw")
    return xr.Dataset(
        {
            "diverging": (dims, np.zeros(shape, dtype=bool)),
            "maxdepth_reached": (dims, np.zeros(shape, dtype=bool)),
            "energy": (dims, rng.normal(1000, 10, shape)),
            "n_steps": (dims, np.full(shape, 7)),
            "step_size": (dims, np.full(shape, 0.4)),
        },
        coords={"chain": range(chains), "draw": range(draws)},
    )


def _inequality(rng: np.random.Generator, authorities: xr.Dataset, *, draws: int) -> xr.Dataset:
    places = ["", *authorities["authority"].values.tolist()]
    outcomes = authorities["outcome"].values.tolist()
    shape = (draws, len(outcomes), len(places))
    typical = {"rii": 4.0, "sii_per_10000": 600.0, "concentration_index": 0.25, "paf": 0.5}
    return xr.Dataset(
        {
            name: (("sample", "outcome", "place"), value * rng.lognormal(0, 0.1, shape))
            for name, value in typical.items()
        },
        coords={"outcome": outcomes, "place": places},
    )


def _predictive(rng: np.random.Generator, authorities: xr.Dataset) -> xr.Dataset:
    """Checks of a model that describes the counts."""
    sample, band = 60, 20
    outcomes = authorities["outcome"].values.tolist()
    lowest = np.array([0, 1, 2, 3, 5, 9])
    areas = np.array([400, 300, 200, 80, 20, 0])
    typical = {
        "areas": ("bin", areas),
        "by_band": ("band", np.linspace(500, 3000, band)),
    }
    variables: dict[str, tuple[object, object]] = {}
    for name, (dim, mean) in typical.items():
        expected = np.broadcast_to(mean, (len(outcomes), mean.shape[-1]))
        drawn = rng.poisson(expected, (sample + 1, *expected.shape))
        variables[f"observed_{name}"] = (("outcome", dim), drawn[0])
        variables[f"predicted_{name}"] = (("sample", "outcome", dim), drawn[1:])
    events = authorities["events"].sum("stratum").transpose("outcome", "authority").values
    variables["observed_by_authority"] = (("outcome", "authority"), events)
    variables["redrawn_by_authority"] = (
        ("redraw", "outcome", "authority"),
        events * rng.lognormal(0.0, 0.3, (50, *events.shape)),
    )
    findings = ("outcome", "fit_check")
    values = {"observed": 0.02, "expected": 0.0, "sd": 0.03, "p_value": 0.4}
    for name, value in values.items():
        variables[f"check_{name}"] = (findings, np.full((len(outcomes), 2), value))
    variables["check_where"] = (findings, np.full((len(outcomes), 2), ""))
    statistic = np.array([0.4, 1.5]) * rng.lognormal(0, 0.05, (sample, len(outcomes), 2))
    observed = np.tile([0.4, 1.5], (len(outcomes), 1))
    return xr.Dataset(
        {
            **variables,
            "observed_statistic": (("outcome", "statistic"), observed),
            "predicted_statistic": (("sample", "outcome", "statistic"), statistic),
            "bin_upper": (
                ("outcome", "bin"),
                np.tile(np.append(lowest[1:] - 1.0, np.inf), (len(outcomes), 1)),
            ),
            "pit": (("outcome", "pit_bin"), rng.multinomial(1000, [0.05] * 20, len(outcomes))),
            "pit_sd": (("outcome", "pit_bin"), np.full((len(outcomes), 20), 5.0)),
            "pit_null": (
                ("outcome", "pit_draw"),
                np.tile(np.linspace(0.01, 0.05, 201), (len(outcomes), 1)),
            ),
            "band_deprivation": (
                ("outcome", "band"),
                np.tile(np.linspace(0.02, 0.4, band), (len(outcomes), 1)),
            ),
            "pit_deviation": ("outcome", np.linspace(0.02, 0.03, len(outcomes))),
            "pit_p_value": ("outcome", np.linspace(0.8, 0.3, len(outcomes))),
        },
        coords={
            "outcome": outcomes,
            "bin": lowest,
            "statistic": ["share_of_zeros", "variance_to_mean"],
            "band": np.arange(1, band + 1),
            "authority": authorities["authority"].values.tolist(),
            "pit_bin": np.arange(1, 21),
            "fit_check": ["dispersion_by_deprivation", "areas_beyond"],
        },
        attrs={"outcomes": len(outcomes)},
    )


def _scores(rng: np.random.Generator, authorities: xr.Dataset) -> xr.Dataset:
    count, outcomes = authorities.sizes["authority"], authorities["outcome"].values.tolist()
    elpd = rng.normal(-800, 100, count)
    se = float(np.sqrt(count * elpd.var(ddof=1))) if count > 1 else np.nan
    return xr.Dataset(
        {
            "area_elpd": ("outcome", np.full(len(outcomes), 0.9 * elpd.sum())),
            "area_se": ("outcome", np.full(len(outcomes), 40.0)),
            "area_p_loo": ("outcome", np.full(len(outcomes), 25.0)),
            "area_terms": ("outcome", np.full(len(outcomes), 1000)),
            "area_unreliable": ("outcome", np.zeros(len(outcomes), dtype=int)),
            "authority_elpd": ("authority", elpd),
            "authority_p_loo": ("authority", rng.uniform(0, 0.5, count)),
            "authority_k_hat": ("authority", np.append(rng.uniform(-0.1, 0.5, count - 1), 0.8)),
            "authority_se": ((), se),
        },
        coords={"outcome": outcomes, "authority": authorities["authority"].values.tolist()},
    )


def sensitivity_group(**changed: Sequence[object]) -> xr.Dataset:
    """Group of a slope and an interaction that depend on no prior, some columns changed."""
    columns: dict[str, Sequence[object]] = {
        "prior": ["slope", "sd_slope"],
        "distribution": ["Normal(0, 0.5)", "HalfNormal(0.2)"],
        "sensitivity": [0.01, 0.02],
        "prior_below": [0.8, 0.3],
        "data_share": [0.99, 0.9],
        "diagnosis": ["", ""],
    }
    return xr.Dataset(
        {name: ("parameter", np.array(values)) for name, values in (columns | changed).items()},
        coords={"parameter": ["slope", "interaction"]},
    )


def _diagnostics(failed: Sequence[str]) -> xr.Dataset:
    thresholds = {
        "divergences": 0.0,
        "max_r_hat": 1.01,
        "min_ess_bulk": 400.0,
        "min_ess_tail": 400.0,
        "min_e_bfmi": 0.2,
        "share_at_max_tree_depth": 0.05,
    }
    checks = list(thresholds)
    return xr.Dataset(
        {
            "value": ("check", [0.0, 1.003, 812.0, 640.0, 0.9, 0.0]),
            "threshold": ("check", list(thresholds.values())),
            "passed": ("check", [check not in failed for check in checks]),
        },
        coords={"check": checks},
    )
