from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from bayesgrad.design.strata import strata_basis
from bayesgrad.model.arrays import count_rows
from bayesgrad.model.information import effects_information
from bayesgrad.model.strata import ContrastArrays, _scale, strata_arrays, strata_kinds
from tests.model.forms import NON_CENTRED, PARTIAL, spec_named
from tests.small import drawn_design, spec_of

FIELDS = ("basis", "information", "pull")


def arrays_of(form: str, *, informed: bool = True):
    spec = spec_named(form, PARTIAL if informed else NON_CENTRED)
    design = drawn_design(spec, areas=20, largest=300)
    slopes = "slope" in strata_kinds(spec)
    found = effects_information(design, count_rows(design), stratum_slopes=slopes)
    return design, found, strata_arrays(spec, design, found if informed else None)


def test_strata_differ_in_what_the_spec_says():
    assert strata_kinds(spec_of()) == ()
    assert strata_kinds(spec_named("strata")) == ("intercept", "slope")
    assert strata_kinds(spec_named("common gradients")) == ("intercept",)


OWN = ("authority_stratum_intercept", "authority_stratum_slope")


@pytest.mark.parametrize(
    ("form", "names"),
    [
        ("plain", ()),
        ("strata", ("stratum_intercept_0", "stratum_slope_0")),
        ("common gradients", ("stratum_intercept_0",)),
        ("common deviations", ("stratum_intercept_0", "authority_stratum_intercept")),
        ("years", ("stratum_intercept_0", "stratum_slope_0", *OWN)),
        ("crossed strata", [f"stratum_{k}_{c}" for k in ("intercept", "slope") for c in range(3)]),
    ],
)
def test_every_deviation_has_its_arrays(form, names):
    expected = {f"{name}_{field}" for name in names for field in FIELDS}
    expected |= {f"{name[:-2]}_scale" for name in names if name.startswith("stratum")}
    own = [name for name in names if name.startswith("authority")]
    # An authority's own deviations move with the nation's.
    expected |= {f"{name}_response" for name in own}
    expected |= {f"{name.removeprefix('authority_')}_mode" for name in own}
    assert set(arrays_of(form)[2]) == expected


def test_the_scale_of_a_standard_deviation_is_half_of_what_sure_contrasts_suggest():
    sure = ContrastArrays(np.empty((1, 3, 2)), np.full((1, 2), 1e6), np.array([[3e5, 4e5]]))
    mean_square = (0.3**2 + 0.4**2) / 2
    assert_allclose(_scale(sure), 0.5 * np.sqrt(mean_square - 4e-6))
    nothing = sure._replace(pull=np.zeros((1, 2)))
    assert_allclose(_scale(nothing), 0.5 * 0.1 * 1e-3)


@pytest.mark.parametrize("kind", [0, 1])
@pytest.mark.parametrize("form", ["ordered strata", "crossed strata"])
def test_rotated_bases_span_the_same_and_make_the_information_diagonal(form, kind):
    design, found, arrays = arrays_of(form)
    for c, component in enumerate(design.strata_components):
        name = f"stratum_{('intercept', 'slope')[kind]}_{c}"
        for s in range(len(design.forms)):
            basis = arrays[f"{name}_basis"][s]
            # The prior covariance of deviations is the same.
            plain = component.basis @ component.basis.T
            assert_allclose(basis @ basis.T, plain, atol=1e-12)
            curvature = found.strata_curvature[kind, s]
            inner = basis.T @ curvature @ basis
            information = arrays[f"{name}_information"][s]
            assert_allclose(inner, np.diag(information), atol=1e-8 * np.abs(inner).max())
            pull = basis.T @ curvature @ found.strata_mode[kind, s]
            assert_allclose(arrays[f"{name}_pull"][s], pull, rtol=1e-9, atol=1e-9)
            assert (information >= 0.0).all()


def test_deviations_of_authorities_read_their_own_cells():
    design, found, arrays = arrays_of("deviations")
    authorities, outcomes, count = design.cells
    basis = arrays["authority_stratum_slope_basis"]
    assert basis.shape == (outcomes * authorities, count, count - 1)
    plain = strata_basis(count, ordered=False)
    for s, j in np.ndindex(outcomes, authorities):
        own = basis[s * authorities + j]
        assert_allclose(own @ own.T, plain @ plain.T, atol=1e-12)
        curvature = np.diag(found.cell_curvature[1, s, j])
        information = arrays["authority_stratum_slope_information"][s * authorities + j]
        inner = own.T @ curvature @ own
        assert_allclose(inner, np.diag(information), atol=1e-8 * np.abs(inner).max())
        pull = arrays["authority_stratum_slope_pull"][s * authorities + j]
        assert_allclose(pull, own.T @ found.cell_pull[1, s, j], rtol=1e-9, atol=1e-9)


def test_without_information_bases_are_those_of_the_design():
    design, _, arrays = arrays_of("deviations", informed=False)
    for s in (0, 1):
        plain = design.strata_components[0].basis
        assert_allclose(arrays["stratum_slope_0_basis"][s], plain)
    for name, values in arrays.items():
        assert name.endswith("basis") or not values.any()
        assert values.flags.c_contiguous
