"""A small joint model of two outcomes in strata, one at a rate and one out of cases, for NUTS."""

from __future__ import annotations

from bayesgrad.design import Design
from bayesgrad.spec import ModelSpec
from tests.small import drawn_design, spec_of

TEXT = """
[[outcomes]]
column = "referrals"
[[outcomes]]
column = "plans"
out_of = "referrals"
[authority]
moderation = "none"
[strata]
column = "age"
authority_deviations = true
"""


def joint_spec() -> ModelSpec:
    return spec_of(TEXT, outcomes=())


def joint_design(seed: int = 1) -> Design:
    return drawn_design(joint_spec(), seed=seed, authorities=6, areas=8)
