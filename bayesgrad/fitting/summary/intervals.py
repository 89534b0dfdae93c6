"""Intervals and names of groups, as all parts of a summary word them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from bayesgrad.estimands.strata_effects import MEAN_OVER_STRATA, has_strata

if TYPE_CHECKING:
    from bayesgrad.fitting.gradient_fit import GradientFit


def interval(row: pd.Series, prefix: str = "", digits: int = 2) -> str:
    """Bounds of the interval in the columns `lower` and `upper`, or those with a prefix."""
    name = f"{prefix}_" if prefix else ""
    return f"{row[f'{name}lower']:.{digits}f} to {row[f'{name}upper']:.{digits}f}"


def averaged(fit: GradientFit) -> str:
    """What a gradient is a mean over, where there are strata or years."""
    if fit.spec.years is not None:
        return ", mean over years"
    strata = has_strata(fit.draws["authorities"].to_dataset())
    return f", {MEAN_OVER_STRATA}" if strata else ""
