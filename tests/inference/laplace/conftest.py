from __future__ import annotations

import pytest

from tests.inference.laplace.cases import FORMS, Case, form_of


@pytest.fixture(params=FORMS)
def case(request) -> Case:
    return form_of(request.param)
