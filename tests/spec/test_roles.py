"""One column in two roles: refused where that makes no sense, with the key and what to do."""

from __future__ import annotations

import pytest

from bayesgrad.errors import SpecError
from bayesgrad.spec import ModelSpec

BASE = """
title = "T"
[columns]
area = "a"
authority = "b"
authority_name = "n"
exposure = "e"
deprivation = "d"
vintage = "IoD2019"
[[outcomes]]
column = "y"
"""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BASE.replace('"b"', '"a"'), "[columns] authority = 'a' is the column of areas"),
        (BASE.replace('"n"', '"a"'), "[columns] authority_name = 'a' is the column of areas"),
        (BASE.replace('"e"', '"d"'), "[columns] deprivation = 'd' is the column of exposures"),
        (BASE.replace('"d"', '"y"'), "[columns] deprivation = 'y' is the column of an outcome"),
        (BASE.replace('"e"', '"y"'), "exposure = 'y' is the column of the outcome itself"),
        (
            BASE + 'exposure = "y"\n',
            "[[outcomes]] 1 exposure = 'y' is the column of the outcome itself",
        ),
        (BASE.replace('"y"', '"b"'), "[[outcomes]] 1 column = 'b' is the column of authorities"),
        (BASE + '[area]\ncovariates = ["y"]', "covariates = 'y' is the column of an outcome"),
        (BASE + '[area]\nmoderators = ["y"]', "moderators = 'y' is the column of an outcome"),
        (BASE + '[area]\ncovariates = ["d"]', "covariates = 'd' is the column of deprivation"),
        (BASE + '[area]\nmoderators = ["d"]', 'set [gradient] curvature = "spline"'),
        (BASE + '[area]\ncovariates = ["a"]', "covariates = 'a' is the column of areas"),
        (BASE + '[authority]\nmoderators = ["d"]', "moderators = 'd' is the column of deprivation"),
        (BASE + '[authority]\nmoderators = ["e"]', "moderators = 'e' is the column of exposures"),
        (BASE + '[authority]\ndeprivation = "d"', 'leave the key out ("mean"'),
        (
            BASE + '[authority]\ndeprivation = "l"\nmoderators = ["l"]',
            "moderators = 'l' is the column of authority deprivation",
        ),
        (
            BASE + '[area]\ncovariates = ["m"]\n[authority]\nmoderators = ["m"]',
            "[authority] moderators = 'm' is the column of a covariate of areas",
        ),
        (
            BASE + '[strata]\ncolumn = "n"',
            "[strata] column = 'n' is the column of names of authorities",
        ),
        (BASE + '[strata]\ncolumn = "d"', "[strata] column = 'd' is the column of deprivation"),
        (BASE + '[strata]\ncolumn = "e"', "[strata] column = 'e' is the column of exposures"),
        (
            BASE + '[area]\ncovariates = ["t"]\n[years]\ncolumn = "t"',
            "[years] column = 't' is the column of a covariate of areas",
        ),
        (
            BASE.replace("[[out", 'neighbourhood = "n"\n[[out'),
            "[columns] neighbourhood = 'n' is the column of names of authorities",
        ),
    ],
)
def test_a_column_of_two_roles_is_refused(text, message):
    with pytest.raises(SpecError) as caught:
        ModelSpec.from_toml(text, source="s.toml")
    assert message in caught.value.what
    assert len(caught.value.what.splitlines()) == 1


@pytest.mark.parametrize(
    "text",
    [
        BASE.replace('"n"', '"b"'),
        BASE + '[area]\ncovariates = ["e"]',
        BASE + '[[outcomes]]\ncolumn = "z"\nexposure = "y"\nfamily = "binomial"',
        BASE + '[[outcomes]]\ncolumn = "z"\nout_of = "y"',
        # The exposure of [columns] is not read where every outcome has its own.
        BASE.replace('"e"', '"y"') + 'exposure = "p"',
    ],
    ids=["code as name", "size as covariate", "cases", "stage", "unused"],
)
def test_roles_that_go_together_are_not(text):
    assert ModelSpec.from_toml(text).columns.area == "a"
