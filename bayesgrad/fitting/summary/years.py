"""What the summary of a fit says of a panel of years."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from bayesgrad.estimands.trends import NATION

if TYPE_CHECKING:
    from bayesgrad.fitting.gradient_fit import GradientFit


def years_in_words(fit: GradientFit) -> list[str]:
    """Gradients of the first and the last year, and the trends, of each outcome."""
    years, trends = fit.years(), fit.trends()
    lines = []
    for outcome in fit.spec.outcomes:
        of_outcome = f" ({outcome.title})" if len(fit.spec.outcomes) > 1 else ""
        own = years[years["outcome"] == outcome.column]
        first, last = (_in_year(own.iloc[at]) for at in (0, -1))
        lines.append(f"years{of_outcome}: gradient {first}, {last}")
        rows = trends[trends["outcome"] == outcome.column]
        lines += [f"  {line}" for line in _trends(rows)]
    return lines


def _in_year(row: pd.Series) -> str:
    return f"{row['gradient']:.2f} ({row['lower']:.2f} to {row['upper']:.2f}) in {int(row['year'])}"


def _trends(rows: pd.DataFrame) -> list[str]:
    nation = rows[rows["authority"] == NATION].iloc[0]
    medians = rows[rows["authority"] != NATION]["annual_ratio"]
    return [
        f"each year the gradient is multiplied by {nation['annual_ratio']:.3f} "
        f"({nation['lower']:.3f} to {nation['upper']:.3f}), P(rising) = "
        f"{nation['prob_rising']:.3f}; in authorities by {medians.min():.3f} to "
        f"{medians.max():.3f} (medians)",
        f"and the rate by {nation['annual_rate_ratio']:.3f} ({nation['rate_lower']:.3f} to "
        f"{nation['rate_upper']:.3f})",
    ]
