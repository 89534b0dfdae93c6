from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from bayesgrad.design import build_design
from bayesgrad.kernels.families.numbers import FAMILIES
from bayesgrad.model.arrays import (
    DRAWN,
    coordinates,
    count_rows,
    likelihood_arrays,
    model_arrays,
)
from bayesgrad.model.graph import build_model
from tests.model.forms import (
    CENTRED,
    FORMS,
    NON_CENTRED,
    PARTIAL,
    drawn_parameters,
    is_joint,
    spec_named,
)
from tests.small import drawn_design, spec_of, table_of

OUTCOMES = ("referrals", "plans")


def test_common_counts_by_hand():
    count = np.array([40, 0, 1, 40, 3, 33, 35, 2])
    design = drawn_design(spec_of(), authorities=2, areas=4)
    rows = count_rows(replace(design, rows=replace(design.rows, count=count)))
    assert_allclose(rows.exceedance[0, :4], [7, 6, 5, 4])
    assert rows.exceedance.shape == (1, 32)
    assert_allclose(rows.large_count, [33, 35, 40])
    assert_allclose(rows.large_frequency, [[1, 1, 2]])


def two_by_two(text: str = "", *, outcomes=OUTCOMES):
    table = table_of(
        authority=["A", "A", "B", "B"],
        outcome=["referrals", "plans"] * 2,
        deprivation=[0.1, 0.1, 0.2, 0.2],
        exposure=[100, 3, 50, 40],
        count=[3, 1, 1, 0],
    )
    return build_design(spec_of(text, outcomes=outcomes), table)


def test_the_arrays_of_one_outcome_by_hand():
    table = table_of(
        authority=["A", "A", "B", "B"],
        deprivation=[0.1, 0.2, 0.1, 0.5],
        exposure=[1, 20_000, 300, 300],
        count=[2, 0, 1, 2],
    )
    arrays = likelihood_arrays(build_design(spec_of(), table))
    assert_allclose(arrays["rows_start"], [0, 2, 4])
    assert_allclose(arrays["rows_outcome"], [0, 0])
    assert_allclose(arrays["rows_offset"], np.log([1, 20_000, 300, 300]))
    assert_allclose(arrays["rows_exceedance"], [[3, 2]])  # above 0: three rows; above 1: two
    assert_allclose(arrays["log_constant"], -2 * np.log(2))
    assert arrays["rows_cases"].shape == (0,)


def test_exceedances_of_two_outcomes_are_kept_apart():
    arrays = likelihood_arrays(two_by_two())
    assert_allclose(arrays["rows_exceedance"], [[2, 1, 1], [1, 0, 0]])


def test_families_without_a_size_have_no_totals():
    arrays = likelihood_arrays(two_by_two('[likelihood]\nfamily = "poisson"\n'))
    assert not arrays["rows_exceedance"].any()
    assert not arrays["rows_large_frequency"].any()


CASES = """
[[outcomes]]
column = "referrals"
[[outcomes]]
column = "plans"
family = "beta_binomial"
"""


def test_the_totals_of_a_beta_binomial_are_its_cases():
    arrays = likelihood_arrays(two_by_two(CASES, outcomes=()))
    assert_allclose(
        arrays["rows_family"],
        [FAMILIES["negative_binomial", "log"], FAMILIES["beta_binomial", "logit"]],
    )
    # Referrals of 3 and 1; plans out of 3 and 40.
    assert_allclose(arrays["rows_exceedance"][:, :4], [[2, 1, 1, 0], [2, 2, 2, 1]])
    assert_allclose(arrays["rows_large_count"], [40])
    assert_allclose(arrays["rows_large_frequency"], [[0], [1]])
    assert_allclose(arrays["rows_cases"], [100, 3, 50, 40])
    assert_allclose(arrays["rows_offset"], [np.log(100), 0.0, np.log(50), 0.0])
    # Of 3! and 1!, and of 3 choose 1 and 40 choose 0.
    assert_allclose(arrays["log_constant"], -np.log(6) + np.log(3))


@pytest.mark.parametrize("more", [CENTRED, NON_CENTRED, PARTIAL])
@pytest.mark.parametrize("form", ["two outcomes", "low rank", "crossed strata", "deviations"])
def test_every_array_of_the_design_is_data_that_can_be_replaced(form, more):
    spec = spec_named(form, more)
    design = drawn_design(spec)
    model = build_model(spec, design)
    other = model_arrays(spec, drawn_design(spec, seed=2))
    assert {variable.name for variable in model.data_vars} == set(other)
    for name, array in model_arrays(spec, design).items():
        assert_allclose(model[name].get_value(), array)
        assert other[name].shape == array.shape or name.startswith("rows_")
        assert other[name].dtype == array.dtype


DIMS = {
    "between": ("outcome", "moderation_term"),
    "interaction": ("outcome", "moderation_term"),
    "authority_moderator_level": ("outcome", "authority_moderator"),
    "authority_moderator_gradient": ("outcome", "authority_moderator"),
    "covariate": ("outcome", "area_covariate"),
    "gradient_moderator": ("outcome", "area_moderator"),
    "curvature": ("outcome", "curvature_term"),
    "effect_correlation": ("effect_pair",),
    "authority_intercept": ("authority", "outcome"),
    "authority_slope": ("authority", "outcome"),
    "sd_stratum_intercept": ("outcome", "stratum_component"),
    "sd_stratum_slope": ("outcome", "stratum_component"),
    "stratum_intercept": ("outcome", "stratum"),
    "stratum_slope": ("outcome", "stratum"),
    "authority_stratum_intercept": ("authority", "outcome", "stratum"),
    "authority_stratum_slope": ("authority", "outcome", "stratum"),
}
"""Where they are not (outcome,)."""


def free_dims(spec) -> dict[str, tuple[str, ...]]:
    """Dimensions of the free variables that are not kept."""
    parameterisation = spec.sampling.parameterisation
    effects = {
        "z": ("outcome", "effect", "authority"),
        "authority_effects": ("authority", "outcome_effect"),
    }
    chosen = "authority_effects" if parameterisation == "centred" else "z"
    return {
        chosen: effects[chosen],
        "z_loadings": ("loading",),
        "correlation_half": ("effect_pair",) if is_joint(spec) else ("outcome",),
        **{f"z_stratum_{k}_{c}": ("outcome", f"stratum_contrast_{c}") for k, c in CONTRASTS},
        "z_authority_stratum_intercept": ("outcome", "authority", "stratum_difference"),
        "z_authority_stratum_slope": ("outcome", "authority", "stratum_difference"),
        "z_neighbourhood": ("outcome", "neighbourhood"),
        "sd_stratum_intercept_guarded": ("outcome", "stratum_component"),
        "sd_stratum_slope_guarded": ("outcome", "stratum_component"),
    }


CONTRASTS = [(kind, c) for kind in ("intercept", "slope") for c in range(3)]


@pytest.mark.parametrize(
    ("form", "more"),
    [
        *((form, PARTIAL) for form in FORMS),
        *((form, CENTRED) for form in ("two outcomes", "low rank", "common deviations")),
        *((form, NON_CENTRED) for form in ("full", "low rank", "stages in strata")),
    ],
)
def test_variables_have_the_names_and_dimensions_of_the_layout(form, more):
    spec = spec_named(form, more)
    design = drawn_design(spec)
    model = build_model(spec, design)
    drawn = set(drawn_parameters(spec, design))
    expected = drawn - {"authority_effects", "correlation_half", "z_loadings"}
    expected = {name for name in expected if not name.startswith("z_")}
    expected |= {"authority_intercept", "authority_slope"}
    expected |= {name[3:] for name in expected if name.startswith("sd_") and "stratum" in name}
    expected |= {"alpha"} if "overdispersion" in drawn else set()
    expected |= {"correlation"} if spec.authority.covariance != "diagonal" else set()
    expected |= {"effect_correlation"} if is_joint(spec) else set()
    kept = {name for name in DRAWN if name in model.named_vars}
    assert kept == expected
    dims = DIMS
    if 0 < sum(form.dispersed for form in design.forms) < len(design.forms):
        partly = ("dispersed_outcome",)
        dims = DIMS | {"overdispersion": partly, "alpha": partly}
    for name in kept:
        assert model.named_vars_to_dims[name] == dims.get(name, ("outcome",)), name
    not_kept = {variable.name for variable in model.free_RVs} - kept
    for name in not_kept:
        assert model.named_vars_to_dims[name] == free_dims(spec)[name], name
    assert len(not_kept & {"z", "authority_effects"}) == 1


def coordinates_of(form: str):
    spec = spec_named(form)
    return coordinates(spec, drawn_design(spec))


def test_coordinates_name_every_term():
    coords = coordinates_of("two outcomes")
    assert coords["outcome"] == ("referrals", "plans")
    assert coords["authority"] == ("A00", "A01", "A02", "A03", "A04")
    assert coords["moderation_term"] == ("log",)
    assert coords["authority_moderator"] == ("spend", "turnover")
    assert coords["area_covariate"] == ("density", "rural")
    assert coords["area_moderator"] == ("rural",)
    assert coords["curvature_term"] == ("spline 1", "spline 2")
    assert coords["dispersed_outcome"] == ("referrals", "plans")
    assert coords["outcome_effect"] == (
        "referrals intercept",
        "referrals slope",
        "plans intercept",
        "plans slope",
    )
    assert len(coords["effect_pair"]) == 6
    assert coords["effect_pair"][3] == "referrals intercept, plans slope"


def test_coordinates_name_strata_and_their_components():
    coords = coordinates_of("crossed strata")
    assert coords["stratum"][:3] == ("0 to 4 x boys", "0 to 4 x girls", "5 to 9 x boys")
    assert coords["stratum_component"] == ("age", "sex", "age x sex")
    assert [len(coords[f"stratum_contrast_{c}"]) for c in range(3)] == [2, 1, 2]
    assert len(coords["stratum_difference"]) == 5


def test_coordinates_name_loadings_and_those_outcomes_that_are_dispersed():
    assert len(coordinates_of("low rank")["loading"]) == 7
    assert coordinates_of("stages")["dispersed_outcome"] == ("referrals", "assessments")


def test_coordinates_leave_empty_dimensions_out():
    names = {"authority", "outcome", "dispersed_outcome", "effect", "outcome_effect"}
    assert set(coordinates_of("none")) == names
    assert "dispersed_outcome" not in coordinates_of("poisson")
