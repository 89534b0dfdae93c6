"""Figure of simulation-based calibration: departures of ranks from uniform, with their bands."""

from __future__ import annotations

from pathlib import Path

import altair as alt
import numpy as np
import pandas as pd
from uniformity import RankTest

from bayesgrad.plots.parts import inline
from bayesgrad.plots.saving import save_figure
from bayesgrad.plots.theme import BLUE, FAINT, GREY, themed

COLUMNS = 4
WIDTH, HEIGHT = 165, 110


def save_figures(
    ranks: pd.DataFrame, path: Path, *, title: str, draws: int, level: float
) -> tuple[Path, ...]:
    """Write the figure as SVG and PNG, the suffixes added to the path."""
    chart = figure(ranks, title=title, draws=draws, level=level)
    return tuple(save_figure(chart, path.with_suffix(suffix)) for suffix in (".svg", ".png"))


def figure(ranks: pd.DataFrame, *, title: str, draws: int, level: float) -> alt.FacetChart:
    """Empirical less uniform distribution of the ranks, a panel for each quantity.

    Parameters
    ----------
    ranks : DataFrame
        A column of ranks, 0 to `draws`, for each quantity.
    title : str
    draws : int
        Draws that each true value was ranked among.
    level : float
        Chance that uniform ranks leave any of the bands.
    """
    test = RankTest(len(ranks), draws)
    lower, upper = test.band(level / ranks.shape[1])
    band = {"share": test.points, "lower": lower - test.points, "upper": upper - test.points}
    panels = [
        pd.DataFrame(band).assign(
            quantity=name.replace("_", " "),
            difference=test.below(values.to_numpy()) / len(ranks) - test.points,
        )
        for name, values in ranks.items()
    ]
    x = alt.X(
        "share:Q",
        title="Fractional rank",
        axis=alt.Axis(values=[0, 0.5, 1], format="~f", grid=False),
    )
    base = alt.Chart().encode(x=x)
    title_y = "Empirical less uniform"
    area = base.mark_area(color=FAINT).encode(
        y=alt.Y("lower:Q", title=title_y, axis=alt.Axis(tickCount=5)), y2="upper:Q"
    )
    zero = alt.Chart().mark_rule(color=GREY).encode(y=alt.datum(0.0))
    line = base.mark_line(color=BLUE, strokeWidth=1.5).encode(y=alt.Y("difference:Q"))
    layers = alt.layer(area, zero, line, data=inline(pd.concat(panels)))
    header = alt.Header(title=None, labelFontSize=11, labelAnchor="start")
    order = [name.replace("_", " ") for name in np.asarray(ranks.columns)]
    chart = layers.properties(width=WIDTH, height=HEIGHT).facet(
        facet=alt.Facet("quantity:N", header=header, sort=order), columns=COLUMNS
    )
    notes = [
        f"{len(ranks):,} replicates, ranks among {draws} draws. Uniform ranks leave any of the "
        f"{ranks.shape[1]} bands with probability {level:g}.",
    ]
    return themed(chart.properties(title=alt.Title(title, subtitle=notes)))
