"""What a summary says where a prior decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bayesgrad.estimands.sensitivity import CONFLICT, WEAK_DATA, has_sensitivity

if TYPE_CHECKING:
    from bayesgrad.fitting.gradient_fit import GradientFit

HEADLINES = ("slope", "interaction")
"""Parameters that results are told of: where the data say little of others, the table does."""
LITTLE = 0.5
"""Share of a prior's variance that the data take away, below which the prior decides."""


def priors_that_decide(fit: GradientFit) -> list[str]:
    """Priors that contradict the data, and results that are those of a prior."""
    if not has_sensitivity(fit.draws):
        return []
    table = fit.sensitivity()
    against = table[table["diagnosis"] == CONFLICT]
    lines = [
        f"the prior of {prior}, {rows['distribution'].iloc[0]}, pulls against the data: "
        f"{', '.join(rows['parameter'])} would differ under another (table sensitivity); unless it "
        f"is what is known beforehand, set [priors] {prior} twice as wide and fit again"
        for prior, rows in against.groupby("prior", sort=False)
    ]
    named = table["parameter"].str.partition("[")[0]
    weak = table[
        (table["diagnosis"] == WEAK_DATA)
        & named.isin(HEADLINES)
        & (named == table["prior"])
        & (table["data_share"] < LITTLE)
    ]
    return lines + [
        f"{row['parameter']} rests on its prior, {row['distribution']}, more than on the data "
        "(table sensitivity)"
        for _, row in weak.iterrows()
    ]
