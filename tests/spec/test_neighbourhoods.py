from __future__ import annotations

import pytest

from bayesgrad.errors import SpecError
from bayesgrad.spec import ModelSpec
from bayesgrad.spec.support import refuse_unsupported
from tests.small import SPEC

OUTCOME = '[[outcomes]]\ncolumn = "referrals"\n'
AGES = '[strata]\ncolumn = "age"\n'


def spec_of(column: str, more: str = "") -> ModelSpec:
    return ModelSpec.from_toml(f'{SPEC}neighbourhood = "{column}"\n{OUTCOME}{more}')


@pytest.mark.parametrize(
    ("column", "whose"),
    [("lsoa", "areas"), ("la", "authorities"), ("age", "strata"), ("referrals", "an outcome")],
)
def test_a_column_of_something_else_is_refused(column, whose):
    with pytest.raises(SpecError, match=f"neighbourhood = '{column}' is the column of {whose}"):
        spec_of(column, AGES)


def test_they_are_refused_by_laplace_and_beside_strata_of_an_authoritys_own():
    refuse_unsupported(spec_of("msoa", AGES))
    with pytest.raises(SpecError, match="does not have effects of neighbourhoods"):
        refuse_unsupported(spec_of("msoa", '[sampling]\nengine = "laplace"\n'))
    with pytest.raises(SpecError, match="authority_deviations = true: no engine has both"):
        refuse_unsupported(spec_of("msoa", AGES + "authority_deviations = true\n"))
