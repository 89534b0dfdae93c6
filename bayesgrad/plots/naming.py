"""Names beside the rows of a tall figure, a line of text apart, with connectors where needed."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from bayesgrad.plots.parts import highlighting, inline
from bayesgrad.plots.theme import FAINT, GREY, INK

LINE_HEIGHT = 14
"""Pixels from one name to the next, at least."""

WIDTH = 230
"""Pixels that the longest names need; a longer one is cut short and ends in an ellipsis."""

NEAR, FAR = -4, -18
"""Pixels left of the axis where a connector ends at the row and at the name."""


def place_names(rows: pd.DataFrame, named: pd.Series[bool], *, height: float) -> pd.DataFrame:
    """Rows that are named, with the position of each name in `name_position`.

    Names keep the order of their rows, a line of text apart, each as near to its row as that
    allows (least squares).

    Parameters
    ----------
    rows : DataFrame
        With the column `position`, 1 to the number of rows, from the top down.
    named : Series of bool
        Which of them to name.
    height : float
        Pixels for all rows together, enough for a line of text for each name.
    """
    from scipy.optimize import isotonic_regression

    chosen = rows[named]
    if chosen.empty:
        return chosen.assign(name_position=chosen["position"].astype(float))
    gap = LINE_HEIGHT * len(rows) / height
    offsets = gap * np.arange(len(chosen))
    free = isotonic_regression(chosen["position"].to_numpy(float) - offsets).x
    first, last = 0.5 + gap / 2, len(rows) + 0.5 - gap / 2 - offsets[-1]
    placed = np.clip(free, min(first, last), max(first, last)) + offsets
    return chosen.assign(name_position=placed)


def name_layers(
    placed: pd.DataFrame, *, y_scale: alt.Scale, start: alt.X, end: alt.X2
) -> list[alt.Chart]:
    """Names left of the axis; a faint line leads from each, over its row, to its interval.

    Parameters
    ----------
    placed : DataFrame
        From `place_names`, with columns `name` and `highlighted`.
    start, end : channels
        Where the faint lines over the rows begin and end.
    """
    base = alt.Chart(inline(placed))
    row = alt.Y("position", type="quantitative", scale=y_scale, axis=None)
    beside = alt.Y("name_position", type="quantitative", scale=y_scale, axis=None)
    text = base.mark_text(align="right", baseline="middle", fontSize=11, limit=WIDTH, x=FAR - 3)
    return [
        base.mark_rule(color=FAINT).encode(x=start, x2=end, y=row),
        base.mark_rule(color=GREY, strokeWidth=0.6).encode(
            x=alt.value(FAR), x2=alt.value(NEAR), y=beside, y2=alt.Y2("position")
        ),
        text.encode(
            y=beside,
            text=alt.Text("name", type="nominal"),
            color=highlighting(INK),
        ),
    ]
