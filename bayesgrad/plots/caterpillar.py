"""Caterpillar: the gradient of every authority with its interval, in order."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd
import xarray as xr

from bayesgrad.errors import DiagnosticsError, FitError
from bayesgrad.estimands.gradients import gradients_table
from bayesgrad.estimands.national import national_table
from bayesgrad.estimands.summaries import DEFAULT_LEVEL
from bayesgrad.plots.parts import (
    gradient_tooltips,
    inline,
    log_axis,
    log_scale,
    percent_interval,
)
from bayesgrad.plots.subject import Subject, subject_of
from bayesgrad.plots.theme import BLUE, GREY, INK, VERMILION, themed

WIDTH = 520
NAMED_STEP, THIN_STEP = 14, 5
"""Pixels per authority where all are named, and where only some are."""

NAMED_AT_MOST = 50
EXTREMES = 5
"""How many authorities are named at either end, beside those highlighted."""

NAME_WIDTH = 220
CONNECTOR = 16
"""Pixels, left of the axis, of the line that leads from a name to its row."""


def caterpillar(
    draws: xr.DataTree,
    *,
    outcome: str | None = None,
    stratum: str | None = None,
    level: float = DEFAULT_LEVEL,
    highlight: Sequence[str] = (),
    despite_failed_diagnostics: bool = False,
) -> alt.LayerChart:
    """Gradient of every authority, the steepest at the top, on a logarithmic axis.

    Each authority has a dot at the posterior median of its gradient, a rate ratio per unit of
    neighbourhood deprivation, and a line over its equal-tailed interval. The blue line and band
    are the gradient of an authority of mean deprivation. Up to 50 authorities are all named; of
    more, those highlighted and five at either end. The order is that of the medians, which
    is no ranking: see `bayesgrad.estimands.ranks.ranks_table` for what is known of ranks.

    Parameters
    ----------
    draws : DataTree
        Draws of a fit.
    outcome, stratum : str, optional
        Which to show; needed where the fit has several.
    level : float
        Probability inside the intervals.
    highlight : sequence of str
        Codes of the authorities to name and to colour.
    despite_failed_diagnostics : bool
        Make the figure even where the fit failed its diagnostics.

    Raises
    ------
    DiagnosticsError
        If the fit failed its diagnostics.
    FitError
        If the outcome, the stratum or a code is not in the fit, or `level` is not strictly
        between 0 and 1.
    """
    subject = subject_of(draws, outcome=outcome, stratum=stratum)
    if subject.failed and not despite_failed_diagnostics:
        raise DiagnosticsError(
            "the figure of all authorities in order is withheld: the fit failed its diagnostics "
            f"({', '.join(subject.failed)})",
            "Fit again with more draws or a simpler model; the figure is made with "
            "despite_failed_diagnostics=True.",
        )
    rows = _in_order(subject, highlight, level=level)
    national = _national(subject, level=level)
    names, height = _names(rows)
    scale = log_scale([*rows["lower"], *rows["upper"]], include=1)
    gradient_axis = log_axis(scale, title=subject.with_vintage(_capitalised(subject.gradient_unit)))
    x = alt.X("gradient", type="quantitative", scale=scale, axis=gradient_axis)
    layers = [
        *_national_layers(national, x),
        *_name_layers(names, start=float(scale.domain[0])),
        *_authority_layers(rows, x, level=level),
    ]
    title = subject.title(
        "Social gradient of each authority", _notes(level), width=WIDTH + NAME_WIDTH
    )
    return themed(alt.layer(*layers).properties(width=WIDTH, height=height, title=title))


def _in_order(subject: Subject, highlight: Sequence[str], *, level: float) -> pd.DataFrame:
    """Rows of the table of gradients, the steepest first, with their position from 1."""
    table = gradients_table(subject.draws, level=level)
    unknown = [code for code in highlight if code not in set(table["authority"])]
    if unknown:
        raise FitError(
            f"no authority of this fit has the code {', '.join(map(repr, unknown))}",
            f"Highlight codes of the fit's {len(table)} authorities, "
            f"such as {table['authority'].iloc[0]}.",
        )
    rows = table.sort_values("gradient", ascending=False, kind="stable", ignore_index=True)
    return rows.assign(
        position=np.arange(1, len(rows) + 1), highlighted=rows["authority"].isin(list(highlight))
    )


def _national(subject: Subject, *, level: float) -> pd.DataFrame:
    """One row: the gradient at mean authority deprivation, with its interval."""
    table = national_table(subject.draws, level=level)
    row = table[table["deprivation_shift"] == 0][["gradient", "lower", "upper"]]
    words = f"Authority of mean deprivation: {row['gradient'].iloc[0]:.2f}"
    return row.assign(words=words)


def _names(rows: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Rows to be named, with the position of each name, and the height of the figure in pixels.

    Names keep the order of their rows, a line of text apart and as near to their rows as that
    allows (least squares).
    """
    from scipy.optimize import isotonic_regression

    count = len(rows)
    step = NAMED_STEP if count <= NAMED_AT_MOST else THIN_STEP
    named = rows["highlighted"]
    if count <= NAMED_AT_MOST:
        named = named | True
    else:
        named = named | (rows["position"] <= EXTREMES) | (rows["position"] > count - EXTREMES)
    chosen = rows[named]
    height = max(step * count, NAMED_STEP * len(chosen))
    gap = NAMED_STEP * count / height
    offsets = gap * np.arange(len(chosen))
    free = isotonic_regression(chosen["position"].to_numpy(float) - offsets).x
    first, last = 0.5 + gap / 2, count + 0.5 - gap / 2
    placed = np.clip(free, first, max(first, last - offsets[-1])) + offsets
    return chosen.assign(name_position=placed), height


def _authority_layers(rows: pd.DataFrame, x: alt.X, *, level: float) -> list[alt.Chart]:
    colour = alt.Color(
        "highlighted",
        type="nominal",
        scale=alt.Scale(domain=[False, True], range=[GREY, VERMILION]),
        legend=None,
    )
    dot = alt.Color(
        "highlighted",
        type="nominal",
        scale=alt.Scale(domain=[False, True], range=[INK, VERMILION]),
        legend=None,
    )
    base = alt.Chart(inline(rows)).encode(
        y=_position(rows, "position"), tooltip=list(gradient_tooltips(level=level))
    )
    roomy = len(rows) <= NAMED_AT_MOST
    return [
        base.mark_rule(strokeWidth=2 if roomy else 1.2).encode(
            x=x.copy().update(shorthand="lower") if False else x, color=colour
        ),
        base.mark_circle(size=36 if roomy else 14, opacity=1).encode(x=x, color=dot),
    ]
