"""The class of every table: what may leave of it, and what each of its columns is.

A column whose value is, but for rounding, a function of one authority's count is treated as that
count: see `LIKE_COUNTS` and `docs/export.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

Class = Literal["national", "authority", "mixed", "comparison", "never"]

CLASSES: Mapping[str, Class] = MappingProxyType(
    {
        "gradients": "authority",
        "national": "national",
        "interaction": "national",
        "levels": "authority",
        "contextual": "national",
        "ranks": "comparison",
        "pairs": "comparison",
        "thresholds": "national",
        "transitions": "authority",
        "strata": "national",
        "contrasts": "national",
        "years": "national",
        "trends": "mixed",
        "correlations": "national",
        "inequality": "mixed",
        "heterogeneity": "national",
        "suppressed": "never",
        "predictive": "national",
        "scores": "national",
        "parameters": "national",
        "sensitivity": "national",
        "diagnostics": "national",
        "standing": "authority",
    }
)
"""Class of each table of a fit.

``national``: rows of the nation, or of a stratum or year of it; rows of an authority are left out.
``authority``: each row is of an authority. ``mixed``: the nation's rows have an empty authority.
``comparison``: formed anew over the authorities that leave. ``never``: does not leave.
"""

EXTRA: Mapping[str, Class] = MappingProxyType({"bands": "national", "tiers": "national"})
"""Tables that an export has and a fit has not: see `bayesgrad.export.source`."""

COUNTS = ("events", "areas", "suppressed", "terms", "unreliable")
"""Columns of counts: threshold, then rounded, under the name that `rounded_name` gives."""

EXCESS = ("excess_events", "excess_events_lower", "excess_events_upper")
"""Fractions of the events: recomputed from released fractions and released counts."""

OBSERVED = (
    "rii_observed",
    "sii_observed_per_10000",
    "paf_observed",
    "rii_phe",
    "sii_phe_per_10000",
)
"""Functions of exact counts of bands of the nation: recomputed from rounded ones."""

LIKE_COUNTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "levels": ("rate_per_10000", "lower", "upper"),
        "strata": ("rate_per_10000", "rate_lower", "rate_upper"),
        "years": ("rate_per_10000", "rate_lower", "rate_upper"),
        "trends": ("annual_rate_ratio", "rate_lower", "rate_upper"),
        "inequality": ("sii_per_10000", "sii_per_10000_lower", "sii_per_10000_upper"),
    }
)
"""Estimates that the events of a row nearly determine, its children being known to everyone: they
leave no finer than the rounding of these events."""

WITHHELD_COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType({"predictive": ("where",)})
"""Columns that stay, empty: `where` names authorities and extremes."""

EXTREME_CHECKS = ("authority_levels", "authority_gradients", "areas_beyond")
"""Checks of fit whose size is a maximum, or a number of outstanding counts: only the p-value
leaves."""

ZEROS_CHECK = "share_of_zeros"
"""Check whose size is a number of areas over all: recomputed from rounded ones."""

SHARES = ("reliability", "reliability_error", "prior_share", "data_share", "prior_below")
"""Shares, as numbers to 0.01."""

PROBABILITIES = (
    "share_of_nation_below",
    "share_of_nation_below_lower",
    "share_of_nation_below_upper",
    "share_of_alike_below",
    "share_of_alike_below_lower",
    "share_of_alike_below_upper",
    "prior_conflict",
)
"""Probabilities besides the columns that begin with ``prob``."""

WHOLE = ("tier", "not_told_apart", "year", "band", "authorities", "region_lower", "region_upper")
"""Columns that are as they are: places, and what is known before any data."""

OF_THE_SAMPLER = ("ess_bulk", "ess_tail", "r_hat", "value", "threshold")
"""Columns of `parameters` and `diagnostics` that are of the sampler, not of the data."""

RANKS = ("lower", "upper", "simultaneous_lower", "simultaneous_upper")
"""Columns of `ranks` that are whole numbers."""


def is_probability(column: str) -> bool:
    """Whether a column leaves to 0.01, with "<0.01" and ">0.99" at the ends.

    >>> is_probability("prob_rises"), is_probability("gradient")
    (True, False)
    """
    return column.startswith("prob") or column in PROBABILITIES


def decimals(table: str, column: str) -> int | None:
    """Decimals of a column that leaves to so many; None of one that leaves to digits.

    >>> decimals("gradients", "reliability"), decimals("gradients", "gradient")
    (2, None)
    """
    if table == "ranks" and column in (*RANKS, "expected_rank"):
        return 1
    return 2 if column in SHARES else None


def rounded_name(column: str, step: int) -> str:
    """Name of a column of counts that are rounded to multiples of `step`.

    >>> rounded_name("events", 5)
    'events_rounded5'
    """
    return f"{column}_rounded{step}"
