from __future__ import annotations

import pytest

from bayesgrad.errors import SpecError
from bayesgrad.spec import ModelSpec

BASE = """
title = "T"
[columns]
area = "a"
authority = "b"
exposure = "e"
deprivation = "d"
vintage = "v"
[[outcomes]]
column = "y"
"""


def refused(text: str) -> SpecError:
    with pytest.raises(SpecError) as caught:
        ModelSpec.from_toml(text, source="s.toml")
    assert all(line.startswith("s.toml: ") for line in caught.value.what.splitlines())
    return caught.value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '[gradient]\ncentre = "x"',
            "[gradient] centre = 'x' is not allowed; "
            "use 'authority', 'national' or a number from 0 to 1",
        ),
        (
            "[gradient]\ncentre = 2",
            "[gradient] centre = 2 is not allowed; "
            "use 'authority', 'national' or a number from 0 to 1",
        ),
        ('[gradient]\nunit = "0.1"', "[gradient] unit = '0.1': should be a number"),
        ("[gradient]\nunit = 0", "[gradient] unit = 0: should be greater than 0"),
        (
            '[gradient]\ncurvature = "cubic"',
            "[gradient] curvature = 'cubic' is not allowed; "
            "use one of 'none', 'quadratic' or 'spline'",
        ),
        (
            '[authority]\nmoderators = "x"',
            "[authority] moderators = 'x': should be a list, in square brackets",
        ),
        (
            "[authority]\nmoderators = [1]",
            "[authority] moderators, item 1 = 1: should be text, in quotation marks",
        ),
        (
            '[area]\ncovariates = ["a", ""]',
            "[area] covariates, item 2 = '': should not be empty",
        ),
        (
            '[area]\ncovariates = ["q"]\nmoderators = ["q"]',
            "[area] names q more than once",
        ),
        ('[strata]\ncolumn = "s"\nordered = 1', "[strata] ordered = 1: should be true or false"),
        (
            "[rows]\nminimum_area = 3",
            "[rows] minimum_area is not a key of a spec; did you mean minimum_areas? (allowed "
            "here: missing_counts, small_authorities, minimum_areas, exclude_authorities)",
        ),
        ("[rows]\nminimum_areas = 2.5", "[rows] minimum_areas = 2.5: should be a whole number"),
        ("[rows]\nminimum_areas = true", "[rows] minimum_areas = true: should be a whole number"),
        (
            '[likelihood]\nsuppressed = "c"',
            "[likelihood] suppressed = 'c': should be a table of keys",
        ),
        (
            '[likelihood]\nsuppressed = { symbol = "c", lower = 5, upper = 1 }',
            "[likelihood] suppressed: lower (5) is above upper (1)",
        ),
        (
            '[likelihood]\nsuppressed = { symbol = "c", lower = 1 }',
            "[likelihood] suppressed.upper is missing",
        ),
        (
            '[priors]\nslope = { distribution = "Norml", mu = 0, sigma = 1 }',
            "[priors] slope.distribution = 'Norml' is not allowed; "
            "use one of 'Normal', 'StudentT' or 'Laplace'",
        ),
        (
            '[priors]\nslope = { distribution = "Normal", mu = 0 }',
            "[priors] slope: Normal needs mu, sigma; missing: sigma",
        ),
        (
            '[priors]\nslope = { distribution = "Normal", mu = 0, sigma = 1, b = 2 }',
            "[priors] slope: Normal takes mu, sigma, not b",
        ),
        (
            '[priors]\nsd_slope = { distribution = "HalfNormal", sigma = -1 }',
            "[priors] sd_slope.sigma = -1: should be greater than 0",
        ),
        ("[priors]\nslope = { mu = nan, sigma = 1 }", "slope.mu = nan: should be a finite number"),
        ("[sampling]\nseed = -1", "[sampling] seed = -1: should be greater than or equal to 0"),
        ("[smapling]\nseed = 1", "smapling is not a key of a spec; did you mean sampling?"),
        ('[[outcomes]]\ncolumn = "y"', "outcomes names y more than once"),
        ('[[outcomes]]\nlabel = "y"', "[[outcomes]] 2 column is missing"),
        (
            "[[outcomes]]\ncolumn = 3",
            "[[outcomes]] 2 column = 3: should be text, in quotation marks",
        ),
        (
            'out_of = "z"\n[[outcomes]]\ncolumn = "z"',
            "[[outcomes]] 1 out_of = 'z' is not an outcome that stands earlier in the spec: put "
            "that outcome before it",
        ),
        (
            '[[outcomes]]\ncolumn = "z"\nout_of = "z"',
            "[[outcomes]] 2 out_of = 'z' is not an outcome that stands earlier in the spec: name "
            "one of y",
        ),
        (
            '[[outcomes]]\ncolumn = "z"\nout_of = "y"\nexposure = "e"',
            "[[outcomes]] 2 has both out_of = 'y' and exposure = 'e'",
        ),
        (
            '[[outcomes]]\ncolumn = "z"\nout_of = "y"\nfamily = "poisson"',
            "[[outcomes]] 2 family = 'poisson' is of counts at a rate, but out_of = 'y' makes it "
            "events out of cases: use 'binomial' or 'beta_binomial'",
        ),
        (
            'link = "logit"',
            "[[outcomes]] 1 link = 'logit' is for events out of cases, and family is "
            "negative_binomial",
        ),
        (
            '[likelihood]\nlink = "logit"',
            "[likelihood] link = 'logit' is for events out of cases, and no outcome is of a "
            "binomial family",
        ),
        (
            '[[outcomes]]\ncolumn = "z"\n[authority]\ncovariance = "low_rank"\nrank = 4',
            "[authority] rank = 4: the 4 intercepts and slopes of 2 outcomes have at most 3 "
            "factors",
        ),
        ('[strata]\ncolumn = "a"', "[strata] column = 'a' is the column of areas"),
        ('[strata]\ncolumn = "b"', "[strata] column = 'b' is the column of authorities"),
        ('[strata]\ncolumn = "y"', "[strata] column = 'y' is the column of an outcome"),
        ('[years]\ncolumn = "y"', "[years] column = 'y' is the column of an outcome"),
        (
            '[years]\ncolumn = "t"\n[strata]\ncolumn = "s"',
            "a spec has years or strata, not both",
        ),
        (
            '[strata]\ncolumn = "s"\ncrossed_with = { column = "a" }',
            "[strata] crossed_with.column = 'a' is the column of areas",
        ),
        (
            '[strata]\ncolumn = "s"\ncrossed_with = { column = "s" }',
            "[strata] crossed_with.column = 's' is the column that it is crossed with",
        ),
        (
            '[strata]\ncolumn = "s"\norder = ["5", "6", "5"]',
            "[strata] order names 5 more than once",
        ),
        (
            '[strata]\ncolumn = "s"\ncrossed_with = { column = "t", order = ["5", "5"] }',
            "[strata] crossed_with.order names 5 more than once",
        ),
        (
            '[strata]\ncolumn = "s"\ncrossed_with = { colum = "t", column = "t" }',
            "[strata] crossed_with.colum is not a key of a spec; did you mean column?",
        ),
        (
            '[strata]\ncolumn = "s"\ngradients = "none"',
            "[strata] gradients = 'none' is not allowed; use one of 'pooled' or 'common'",
        ),
        (
            '[strata]\ncolumn = "s"\nequivalence = 1',
            "[strata] equivalence = 1: should be greater than 1",
        ),
    ],
)
def test_bad_keys_are_located_with_what_is_allowed(text, message):
    error = refused(BASE + text)
    assert message in error.what
    assert len(error.what.splitlines()) == 1
    assert "models/README.md" in error.do


def test_every_fault_is_listed():
    faults = refused('title = ""\noutcomes = []\n').what.splitlines()
    assert faults == [
        "s.toml: title = '': should not be empty",
        "s.toml: columns is missing",
        "s.toml: outcomes = []: should have at least one item",
    ]


def test_every_contradiction_is_listed():
    text = (
        'out_of = "z"\nexposure = "e"\n[strata]\ncolumn = "s"\norder = ["1", "1"]\n'
        'crossed_with = { column = "s" }\n'
    )
    faults = refused(BASE + text).what.splitlines()
    assert [fault.split(" ")[1] for fault in faults] == [
        *("[strata]", "[[outcomes]]", "[[outcomes]]", "[strata]"),
    ]


@pytest.mark.parametrize("family", ["binomial", "beta_binomial"])
def test_events_out_of_cases_have_no_time_at_risk(family):
    text = BASE.replace('exposure = "e"', 'exposure = "e"\nat_risk = "time"')
    (fault,) = refused(text + f'[likelihood]\nfamily = "{family}"').what.splitlines()
    assert f"[[outcomes]] 1 family is {family}, of events out of cases, but [columns] " in fault
    assert 'at_risk = "time"' in fault
    assert ModelSpec.from_toml(text).columns.at_risk == "time"
    stage = '[[outcomes]]\ncolumn = "z"\nout_of = "y"\n'
    assert ModelSpec.from_toml(text + stage).outcomes[1].out_of == "y"


def test_a_rank_is_not_limited_by_one_outcome():
    text = '[authority]\ncovariance = "low_rank"\nrank = 5'
    assert ModelSpec.from_toml(BASE + text).authority.rank == 5


def test_text_that_is_not_toml():
    assert "is not valid TOML" in refused("title =").what


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(SpecError, match="there is no such file"):
        ModelSpec.read(tmp_path / "none.toml")
    with pytest.raises(SpecError, match="is a folder"):
        ModelSpec.read(tmp_path)
    (tmp_path / "latin.toml").write_bytes('title = "Môn"'.encode("latin-1"))
    with pytest.raises(SpecError, match="is not UTF-8 text"):
        ModelSpec.read(tmp_path / "latin.toml")


def test_a_file_with_a_byte_order_mark_is_read(tmp_path):
    (tmp_path / "s.toml").write_text("\ufeff" + BASE, encoding="utf-8")
    assert ModelSpec.read(tmp_path / "s.toml").title == "T"
