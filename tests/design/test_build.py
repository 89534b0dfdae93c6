from __future__ import annotations

from dataclasses import fields, is_dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from bayesgrad.data import prepare_table
from bayesgrad.design import Design, build_design
from bayesgrad.design.design import OutcomeForm
from bayesgrad.design.strata import strata_basis, walk_basis
from bayesgrad.errors import DataError
from tests.data.areas import areas, spec_with
from tests.small import drawn_design, drawn_table, spec_of, table_of

TWO_AUTHORITIES = {
    "authority": ["A", "A", "B", "B"],
    "deprivation": [0.1, 0.3, 0.2, 0.4],
    "exposure": [100, 300, 200, 200],
    "count": [1, 2, 3, 4],
}


def leaves(thing: object, path: str = "") -> dict[str, object]:
    """Every field of nested dataclasses by its path."""
    if not is_dataclass(thing):
        return {path: thing}
    found: dict[str, object] = {}
    for field in fields(thing):
        found |= leaves(getattr(thing, field.name), f"{path}.{field.name}")
    return found


def assert_identical(one: Design, other: Design) -> None:
    first, second = leaves(one), leaves(other)
    assert first.keys() == second.keys()
    for path, value in first.items():
        if isinstance(value, np.ndarray):
            assert_array_equal(value, second[path], err_msg=path, strict=True)
        else:
            assert value == second[path], path


@pytest.mark.parametrize(
    ("centre", "expected_centre", "expected_x"),
    [
        ('"authority"', [0.25, 0.30], [-1.5, 0.5, -1.0, 1.0]),
        ('"national"', [0.275, 0.275], [-1.75, 0.25, -0.75, 1.25]),
        # Fitted at the national mean, and told at the number: see `fitting.recentred`.
        ("0.15", [0.275, 0.275], [-1.75, 0.25, -0.75, 1.25]),
        ("0.15\n[priors]\nbetween = { mu = 0.0, sigma = 1.0 }", [0.15] * 2, [-0.5, 1.5, 0.5, 2.5]),
    ],
)
def test_x_is_the_distance_from_the_centre_in_units(centre, expected_centre, expected_x):
    design = build_design(spec_of(f"[gradient]\ncentre = {centre}"), table_of(**TWO_AUTHORITIES))
    assert_allclose(design.authorities.deprivation, [0.25, 0.30])
    assert_allclose(design.authorities.centre, expected_centre)
    assert_allclose(design.rows.x, expected_x)


def test_the_unit_divides_x_and_the_linear_moderation():
    table = table_of(**TWO_AUTHORITIES)
    text = '[gradient]\nunit = {}\n[authority]\nmoderation = "linear"'
    tenth, fifth = (build_design(spec_of(text.format(unit)), table) for unit in (0.1, 0.2))
    assert_allclose(tenth.rows.x, 2 * fifth.rows.x)
    assert_allclose(tenth.authorities.moderation, 2 * fifth.authorities.moderation)
    assert_allclose(tenth.authorities.moderation[:, 0], [-0.25, 0.25])


def test_authority_deprivation_comes_from_the_column_that_the_spec_names():
    spec = spec_of('[authority]\ndeprivation = "la_income"')
    table = table_of(**TWO_AUTHORITIES, authority_deprivation=[0.2, 0.4])
    design = build_design(spec, table)
    assert_allclose(design.authorities.deprivation, [0.2, 0.4])
    assert_allclose(design.rows.x, [-1.0, 1.0, -2.0, 0.0])
    assert_allclose(design.authorities.moderation[:, 0], np.log([0.2 / 0.3, 0.4 / 0.3]))


def test_a_moderator_called_deprivation_is_not_taken_for_authority_deprivation():
    spec = spec_of('[authority]\nmoderators = ["deprivation"]')
    table = table_of(**TWO_AUTHORITIES, moderators={"deprivation": [7.0, 9.0]})
    design = build_design(spec, table)
    assert_allclose(design.authorities.deprivation, [0.25, 0.30])


def test_covariates_of_two_values_are_only_centred_and_others_standardised():
    spec = spec_of('[area]\ncovariates = ["rural", "density"]')
    table = table_of(
        **TWO_AUTHORITIES, covariates={"rural": [0, 1, 1, 1], "density": [1.0, 2.0, 3.0, 6.0]}
    )
    covariates = build_design(spec, table).rows.covariates
    assert covariates.names == ("rural", "density")
    assert_allclose(covariates.values[:, 0], [-0.75, 0.25, 0.25, 0.25])
    assert_allclose(covariates.values[:, 1], np.array([-2.0, -1.0, 0.0, 3.0]) / np.sqrt(3.5))
    assert_allclose(covariates.centre, [0.75, 3.0])
    assert_allclose(covariates.scale, [1.0, np.sqrt(3.5)])


def test_gradient_moderators_are_x_times_the_standardised_moderator():
    spec = spec_of('[area]\ncovariates = ["density"]\nmoderators = ["rural"]')
    table = table_of(**TWO_AUTHORITIES, covariates={"density": [1, 2, 3, 6], "rural": [0, 1, 1, 1]})
    design = build_design(spec, table)
    assert design.area_moderators == ("rural",)
    assert design.rows.covariates.names == ("density", "rural")
    expected = design.rows.x * np.array([-0.75, 0.25, 0.25, 0.25])
    assert_allclose(design.rows.gradient_moderators, expected[:, None])


def test_authority_moderators_are_standardised_over_authorities():
    spec = spec_of('[authority]\nmoderators = ["spend"]')
    three = {
        "authority": ["A", "A", "B", "C"],
        "deprivation": [0.1, 0.2, 0.3, 0.2],
        "exposure": [1, 1, 1, 1],
        "count": [1, 0, 0, 0],
    }
    table = table_of(**three, moderators={"spend": [1.0, 2.0, 6.0]})
    moderators = build_design(spec, table).authorities.moderators
    assert moderators.names == ("spend",)
    assert_allclose(moderators.values[:, 0], np.array([-2, -1, 3]) / np.sqrt(14 / 3))


def test_names_of_authorities_follow_their_codes():
    design = build_design(spec_of(), table_of(**TWO_AUTHORITIES))
    assert design.authorities.codes == ("A", "B")
    assert design.authorities.names == ("Name of A", "Name of B")


def test_crude_level_is_of_each_outcome():
    table = table_of(
        authority=["A", "A", "B", "B"],
        outcome=["referrals", "plans"] * 2,
        deprivation=[0.1, 0.1, 0.2, 0.2],
        exposure=[100, 50, 300, 150],
        count=[10, 1, 30, 0],
    )
    design = build_design(spec_of(outcomes=("referrals", "plans")), table)
    assert_allclose(design.crude_level(), np.log([40 / 400, 1 / 200]))


def test_an_outcome_without_events_is_refused_by_name():
    table = table_of(**TWO_AUTHORITIES | {"count": [0, 0, 0, 0]})
    with pytest.raises(DataError, match="referrals: there are no events"):
        build_design(spec_of(), table)


# Two outcomes and two strata, with cells of different sizes and one that is empty.
OUTCOMES = ("referrals", "plans")
STRATA = ("9", "10")
KEYS = [
    ("A", "referrals", "9"),
    ("A", "referrals", "9"),
    ("A", "referrals", "10"),
    ("A", "plans", "9"),
    ("A", "plans", "10"),
    ("B", "referrals", "9"),
    ("B", "plans", "10"),
    ("B", "plans", "10"),
]
CELLS = [0, 0, 1, 2, 3, 4, 7, 7]


@pytest.fixture
def nested() -> Design:
    authority, outcome, stratum = zip(*KEYS, strict=True)
    table = table_of(
        authority=authority,
        outcome=outcome,
        stratum=stratum,
        strata=STRATA,
        deprivation=np.linspace(0.1, 0.4, 8),
        exposure=[100.0] * 8,
        count=[1, 2, 3, 4, 5, 6, 7, 8],
    )
    return build_design(spec_of(outcomes=OUTCOMES), table)


def test_cells_are_numbered_by_authority_then_outcome_then_stratum(nested):
    assert nested.cells == (2, 2, 2)
    assert nested.strata == STRATA
    assert_array_equal(nested.rows.cell, CELLS)
    assert_array_equal(nested.cell_authority, [0, 0, 0, 0, 1, 1, 1, 1])
    assert_array_equal(nested.cell_outcome, [0, 0, 1, 1, 0, 0, 1, 1])


def test_rows_know_their_outcome(nested):
    assert_array_equal(nested.row_outcome, [OUTCOMES.index(key[1]) for key in KEYS])


def test_sums_by_cell_are_shaped_as_authority_outcome_stratum(nested):
    expected = [[[3, 3], [4, 5]], [[6, 0], [0, 15]]]
    assert_array_equal(nested.cell_sum(nested.rows.count), expected)


def test_cell_starts_bound_the_rows_of_every_cell_also_of_an_empty_one(nested):
    starts = nested.cell_starts()
    assert_array_equal(starts, [0, 2, 3, 4, 5, 6, 6, 6, 8])
    sums = [nested.rows.count[first:last].sum() for first, last in pairwise(starts)]
    assert_array_equal(sums, nested.cell_sum(nested.rows.count).ravel())


def test_a_table_with_strata_that_text_would_sort_otherwise_keeps_its_order():
    spec = spec_with('[strata]\ncolumn = "age"\nordered = true\n')
    ages = pd.concat([areas().assign(age=age) for age in ("9", "10", "11")])
    table = prepare_table(spec, ages)
    design = build_design(spec, table)
    assert design.strata == ("9", "10", "11")
    assert (np.diff(design.rows.cell) >= 0).all()
    starts = design.cell_starts()
    for cell in range(9):
        strata = table.rows["stratum"].iloc[starts[cell] : starts[cell + 1]]
        assert set(strata) == {design.strata[cell % 3]}


@pytest.mark.parametrize(
    ("text", "strata", "bases"),
    [
        ("", (), {}),
        ('column = "age"', ("9", "10", "11"), {"age": strata_basis(3, ordered=False)}),
        (
            'column = "age"\nordered = true',
            ("9", "10", "11"),
            {"age": strata_basis(3, ordered=True)},
        ),
        (
            'column = "age"\norder = ["11", "9", "10"]',
            ("11", "9", "10"),
            {"age": strata_basis(3, ordered=False)},
        ),
        (
            'column = "age"\nordered = true\ncrossed_with = { column = "sex" }',
            ("9 x boy", "9 x girl", "10 x boy", "10 x girl", "11 x boy", "11 x girl"),
            {
                "age": np.repeat(strata_basis(3, ordered=True), 2, axis=0),
                "sex": np.tile(strata_basis(2, ordered=False), (3, 1)),
                "age x sex": np.kron(strata_basis(3, ordered=True), strata_basis(2, ordered=False)),
            },
        ),
    ],
    ids=["none", "unordered", "ordered", "order", "crossed"],
)
def test_strata_of_a_spec_become_components(text, strata, bases):
    sexes = ("girl", "boy") if "sex" in text else ("all",)
    ages = ("9", "10", "11") if text else ("9",)
    children = pd.concat([areas().assign(age=age, sex=sex) for age in ages for sex in sexes])
    spec = spec_with(f"[strata]\n{text}\n" if text else "")
    design = build_design(spec, prepare_table(spec, children))
    assert design.strata == (strata or ("",))
    assert [component.name for component in design.strata_components] == list(bases)
    for component in design.strata_components:
        assert_allclose(component.basis, bases[component.name], atol=1e-15)


def test_years_are_walks_of_the_nation_and_of_authorities():
    panel = pd.concat([areas().assign(year=year) for year in (2018, 2019, 2022)])
    spec = spec_with('[years]\ncolumn = "year"')
    design = build_design(spec, prepare_table(spec, panel))
    (component,) = design.strata_components
    assert (design.strata, component.name) == (("2018", "2019", "2022"), "year")
    assert_allclose(component.basis, walk_basis([2018, 2019, 2022]))
    assert_allclose(design.deviation_basis, component.basis)


def test_strata_of_authorities_deviate_exchangeably_even_where_ordered():
    children = pd.concat([areas().assign(age=age) for age in (9, 10, 11)])
    text = '[strata]\ncolumn = "age"\nordered = true\n'
    spec = spec_with(text + "authority_deviations = true")
    design = build_design(spec, prepare_table(spec, children))
    assert_allclose(design.deviation_basis, strata_basis(3, ordered=False))
    assert build_design(spec_with(text), prepare_table(spec, children)).deviation_basis is None


STAGES = """
[[outcomes]]
column = "plans"
out_of = "referrals"
[[outcomes]]
column = "returns"
exposure = "cases"
family = "binomial"
"""


def test_forms_say_how_each_outcome_is_distributed():
    spec = spec_with(STAGES)
    table = areas().assign(referrals=9, plans=4, returns=2, cases=8)
    design = build_design(spec, prepare_table(spec, table))
    assert design.outcomes == ("referrals", "plans", "returns")
    assert design.forms == (
        OutcomeForm("referrals", "negative_binomial", "log", ""),
        OutcomeForm("plans", "beta_binomial", "log", "referrals"),
        OutcomeForm("returns", "binomial", "logit", ""),
    )
    assert [form.of_cases for form in design.forms] == [False, True, True]
    assert [form.dispersed for form in design.forms] == [True, True, False]
    assert_allclose(design.crude_level()[1:], [np.log(4 / 9), np.log(2 / 6)])


def test_events_of_an_earlier_stage_do_not_weigh_deprivation():
    table = table_of(
        authority=["A", "A", "A", "A", "B", "B", "B", "B"],
        outcome=["referrals", "referrals", "plans", "plans"] * 2,
        deprivation=[0.1, 0.3] * 4,
        exposure=[100, 300, 90, 10, 200, 200, 10, 90],
        count=[90, 10, 5, 5, 10, 90, 5, 5],
        staged=["plans"],
    )
    spec = spec_with(
        '[[outcomes]]\ncolumn = "plans"\nout_of = "referrals"\n[gradient]\ncentre = "national"\n'
    )
    design = build_design(spec, table)
    assert_allclose(design.authorities.deprivation, [0.25, 0.2])
    assert_allclose(design.authorities.centre, (100 + 200 + 3 * (300 + 200)) / 8000)


FULL = """
[gradient]
curvature = "spline"
[authority]
moderation = "log"
moderators = ["spend"]
[area]
covariates = ["density"]
[rows]
minimum_areas = 2
"""


def test_reversing_the_rows_of_the_table_gives_an_identical_design():
    spec, table = spec_with(FULL), areas(per_authority=6)
    forwards = build_design(spec, prepare_table(spec, table))
    backwards = build_design(spec, prepare_table(spec, table.iloc[::-1]))
    assert_identical(forwards, backwards)


def test_renaming_authorities_in_the_same_order_changes_nothing_but_their_codes():
    spec, table = spec_with(FULL), areas(per_authority=6)
    renamed = table.assign(la="X-" + table["la"])
    one = leaves(build_design(spec, prepare_table(spec, table)))
    other = leaves(build_design(spec, prepare_table(spec, renamed)))
    assert other[".authorities.codes"] == tuple(f"X-{c}" for c in one[".authorities.codes"])
    for path, value in one.items():
        if isinstance(value, np.ndarray):
            assert_array_equal(value, other[path], err_msg=path, strict=True)


def test_no_array_has_an_authority_per_column():
    spec = spec_of(FULL)
    design = drawn_design(spec, authorities=9, areas=7)
    widths = [
        a.shape[1] for a in leaves(design).values() if isinstance(a, np.ndarray) and a.ndim > 1
    ]
    assert widths
    assert max(widths) < 9


def test_a_table_of_several_outcomes_and_strata_has_a_row_for_each():
    table = drawn_table(outcomes=OUTCOMES, strata=STRATA)
    design = build_design(spec_of(outcomes=OUTCOMES), table)
    assert len(design.rows.count) == 5 * 2 * 2 * 6
    assert_array_equal(design.rows.cell, np.repeat(np.arange(20), 6))
