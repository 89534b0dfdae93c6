from __future__ import annotations

import pytest

from bayesgrad.inference.nuts import Sampler
from tests.inference.joint import joint_design, joint_spec


@pytest.fixture(scope="session")
def joint_sampler() -> Sampler:
    """The one joint model that the tests compile."""
    return Sampler.compile(joint_spec(), joint_design())
