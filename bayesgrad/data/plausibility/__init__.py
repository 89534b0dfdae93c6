"""What a table shows that chance does not give: told before sampling, and refused nowhere.

A check is a function of the `Evidence`, in a module of its own subject, that returns warnings: each
says what was seen, where, and what to do about it. `CHECKS` lists them all.
"""

from __future__ import annotations

from collections.abc import Callable

from bayesgrad.data.plausibility.absent_rows import absent_zeros
from bayesgrad.data.plausibility.deprivation_scale import deprivation_scale
from bayesgrad.data.plausibility.evidence import Evidence
from bayesgrad.data.plausibility.exposures import odd_exposures
from bayesgrad.data.plausibility.fill_values import fill_values
from bayesgrad.data.plausibility.levels import several_levels
from bayesgrad.data.plausibility.national_order import national_order
from bayesgrad.data.plausibility.outlying_areas import outlying_areas
from bayesgrad.data.plausibility.outlying_authorities import outlying_authorities
from bayesgrad.data.plausibility.repeated_areas import repeated_areas
from bayesgrad.data.plausibility.repeated_outcomes import repeated_outcomes
from bayesgrad.data.plausibility.rounding import (
    rounded_counts,
    rounded_exposures,
    small_counts_replaced,
)
from bayesgrad.data.plausibility.totals import total_areas, total_strata
from bayesgrad.data.plausibility.variation import no_variation

CHECKS: tuple[Callable[[Evidence], tuple[str, ...]], ...] = (
    rounded_counts,
    small_counts_replaced,
    rounded_exposures,
    odd_exposures,
    repeated_outcomes,
    deprivation_scale,
    fill_values,
    national_order,
    total_strata,
    total_areas,
    several_levels,
    repeated_areas,
    absent_zeros,
    no_variation,
    outlying_authorities,
    outlying_areas,
)
"""Every check, in the order in which warnings are shown."""


def warnings_on(evidence: Evidence) -> tuple[str, ...]:
    """Warnings of all checks on one table, in their order."""
    return tuple(warning for check in CHECKS for warning in check(evidence))
