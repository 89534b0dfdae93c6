"""Designs with a prior pack: bases, centres and scales of the nation, whatever the table."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from bayesgrad.data import prepare_table
from bayesgrad.design import build_design
from bayesgrad.design.splines import bend
from bayesgrad.errors import DataError
from tests.data.areas import areas, spec_with
from tests.packs import MEAN_DEPRIVATION, pack_with, with_pack
from tests.small import spec_of, table_of

ONE = {
    "authority": ["A", "A", "A"],
    "deprivation": [0.1, 0.2, 0.4],
    "exposure": [100, 100, 200],
    "count": [1, 2, 3],
}
OWN = 0.275
"""Mean deprivation of that authority."""


def design_of(text="", *, table=None, **pack):
    return build_design(with_pack(spec_of(text), pack_with(**pack)), table or table_of(**ONE))


def test_log_moderation_is_about_the_nations_mean():
    design = design_of()
    assert_allclose(design.authorities.moderation, [[np.log(OWN / MEAN_DEPRIVATION)]])
    assert_allclose(design.rows.x, (np.array([0.1, 0.2, 0.4]) - OWN) / 0.1)
    assert design.basis.mean == MEAN_DEPRIVATION


def test_splines_have_the_nations_knots():
    knots, scale = [0.06, 0.1, 0.15, 0.22], [0.011, 0.007]
    terms = ["linear", "spline 1", "spline 2"]
    design = design_of(
        "[authority]\nmoderation = 'spline'\n[gradient]\ncurvature = 'spline'\n",
        moderation="spline",
        moderation_terms=terms,
        moderation_knots=knots,
        moderation_scale=scale,
        curvature="spline",
        curvature_terms=terms[1:],
        curvature_knots=knots,
        curvature_scale=scale,
    )
    bends = bend(np.array([OWN]), np.array(knots), at=MEAN_DEPRIVATION) / scale
    linear = (OWN - MEAN_DEPRIVATION) / 0.1
    assert_allclose(design.authorities.moderation, [[linear, *bends[0]]])
    assert design.basis.terms == tuple(terms)
    expected = bend(np.array([0.1, 0.2, 0.4]), np.array(knots), at=MEAN_DEPRIVATION) / scale
    assert_allclose(design.rows.curve, expected)


def test_the_national_centre_is_the_nations():
    design = design_of("[gradient]\ncentre = 'national'\n", centre="national", centre_value=0.14)
    assert_allclose(design.authorities.centre, [0.14])
    assert_allclose(design.rows.x, (np.array([0.1, 0.2, 0.4]) - 0.14) / 0.1)


def test_columns_are_standardised_by_the_nation_even_where_they_do_not_vary():
    table = table_of(**ONE, covariates={"rural": [1, 1, 1]}, moderators={"pay": [8.0]})
    design = design_of(
        "[area]\nmoderators = ['rural']\n[authority]\nmoderators = ['pay']\n",
        table=table,
        area_covariates=[{"name": "rural", "centre": 0.25, "scale": 1.0}],
        area_moderators=["rural"],
        authority_moderators=[{"name": "pay", "centre": 5.0, "scale": 2.0}],
    )
    assert_allclose(design.rows.covariates.values, [[0.75]] * 3)
    assert_allclose(design.rows.gradient_moderators[:, 0], 0.75 * design.rows.x)
    assert_allclose(design.authorities.moderators.values, [[1.5]])


def test_an_authority_without_deprivation_has_no_logarithm():
    table = table_of(**(ONE | {"deprivation": [0.0] * 3}))
    with pytest.raises(DataError, match="log moderation needs authority deprivation above 0"):
        design_of(table=table)


def test_a_single_authority_is_prepared_only_with_a_pack():
    spec = spec_with()
    one = areas().assign(la="E06000001", la_name="Hartlepool")
    with pytest.raises(DataError, match="all rows lie in one authority") as caught:
        prepare_table(spec, one)
    assert "prior_pack" in caught.value.do
    pack = pack_with(outcomes=[outcome.column for outcome in spec.outcomes])
    assert prepare_table(with_pack(spec, pack), one).report.authorities == 1
