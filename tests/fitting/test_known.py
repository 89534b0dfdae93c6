"""What a fit keeps of its authorities, and of where national quantities are evaluated."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from bayesgrad.design import Design, build_design
from bayesgrad.fitting.known import _authorities, _reference
from bayesgrad.spec import ModelSpec
from tests.small import spec_of, table_of

OUTCOMES = ("referrals", "plans")
STAGES = 'family = "binomial"\nout_of = "referrals"\n'


def staged(text: str = "") -> tuple[ModelSpec, Design]:
    """Two authorities of two areas, with referrals of children and plans out of referrals."""
    spec = spec_of(STAGES + text, outcomes=OUTCOMES)
    referrals = [10, 90, 20, 30]
    table = table_of(
        authority=["A"] * 4 + ["B"] * 4,
        outcome=["referrals"] * 2 + ["plans"] * 2 + ["referrals"] * 2 + ["plans"] * 2,
        deprivation=[0.1, 0.3, 0.1, 0.3, 0.2, 0.4, 0.2, 0.4],
        exposure=[300, 100, 10, 90, 200, 200, 20, 30],
        count=[*referrals[:2], 1, 60, *referrals[2:], 5, 9],
        staged=("plans",),
    )
    return spec, build_design(spec, table)


def test_areas_weigh_by_their_children_not_by_those_who_came_further():
    spec, design = staged()
    known, reference = _authorities(design), _reference(spec, design)
    assert_allclose(known["deprivation"], [0.15, 0.3])
    assert_allclose(known["deprivation_sd"], [np.sqrt(0.75 * 0.05**2 + 0.25 * 0.15**2), 0.1])
    assert_allclose(known["deprivation_min"], [0.1, 0.2])
    assert_allclose(known["deprivation_max"], [0.3, 0.4])
    levels = reference["level_deprivation"]
    assert float(levels.sel(level="mean")) == pytest.approx((30 + 30 + 40 + 80) / 800)
    assert float(levels.sel(level="p10")) == pytest.approx(np.quantile([0.1, 0.2, 0.3, 0.4], 0.1))


def test_cells_and_exposures_are_of_each_outcome():
    spec, design = staged()
    known, reference = _authorities(design), _reference(spec, design)
    assert known["events"].dims == ("authority", "outcome", "stratum")
    assert_array_equal(known["events"][..., 0], [[100, 61], [50, 14]])
    assert_array_equal(known["exposure"][..., 0], [[400, 100], [400, 50]])
    assert_array_equal(known["areas"][..., 0], np.full((2, 2), 2))
    assert_allclose(reference["mean_exposure"], [200, 150 / 4])


def test_outcomes_say_what_they_are():
    spec, design = staged()
    reference = _reference(spec, design)
    assert reference["family"].values.tolist() == ["negative_binomial", "binomial"]
    assert reference["link"].values.tolist() == ["log", "log"]
    assert reference["out_of"].values.tolist() == ["", "referrals"]
    assert reference.attrs["at_risk"] == "people"
    assert "stratum_variance" not in reference
    assert "equivalence" not in reference.attrs


def in_strata(text: str, strata: tuple[str, ...]) -> tuple[ModelSpec, Design]:
    spec = spec_of(text)
    count = len(strata)
    table = table_of(
        authority=["A"] * 2 * count + ["B"] * 2 * count,
        stratum=[name for _ in "AB" for name in strata for _ in range(2)],
        strata=strata,
        deprivation=[0.1, 0.3] * count + [0.2, 0.4] * count,
        exposure=[100, 300] * 2 * count,
        count=[3, 5] * 2 * count,
    )
    return spec, build_design(spec, replace(table, strata_levels=(strata,)))


def test_strata_change_no_weight_of_areas_and_have_their_prior_variance():
    text = '[strata]\ncolumn = "age"\nordered = true\nequivalence = 1.1'
    spec, design = in_strata(text, ("5", "10", "15"))
    reference = _reference(spec, design)
    assert reference["stratum_variance"].dims == ("stratum_component", "stratum")
    assert reference["stratum_component"].values.tolist() == ["age"]
    # A walk of three steps, less its mean.
    assert_allclose(reference["stratum_variance"][0], [5 / 9, 2 / 9, 5 / 9])
    assert reference.attrs["strata_column"] == "age"
    assert reference.attrs["strata_ordered"] == 1
    assert reference.attrs["equivalence"] == 1.1
    mean = float(reference["level_deprivation"].sel(level="mean"))
    assert mean == pytest.approx((10 + 90 + 20 + 120) / 800)
    known = _authorities(design)
    assert_allclose(known["deprivation_sd"], np.full(2, np.sqrt(0.25 * 0.15**2 + 0.75 * 0.05**2)))
    assert_array_equal(known["events"], np.full((2, 1, 3), 8))
