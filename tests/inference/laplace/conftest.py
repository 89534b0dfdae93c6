from __future__ import annotations

import pytest

from tests.inference.laplace.cases import FORMS, Case, case_of


@pytest.fixture(params=FORMS)
def case(request) -> Case:
    return case_of(FORMS[request.param])
