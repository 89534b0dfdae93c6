"""Pieces that figures share: inline data, logarithmic axes and words for intervals."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import altair as alt
import numpy as np
import pandas as pd

from bayesgrad.errors import FitError
from bayesgrad.plots.theme import VERMILION

LADDERS = (
    (1, 2, 5),
    (1, 1.5, 2, 3, 5, 7),
    (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8),
    (*(round(1 + k / 10, 1) for k in range(20)), *(3 + k / 2 for k in range(14))),
)
"""Leading figures of the ticks of a logarithmic axis, from few to many."""

FEWEST_TICKS = 4

NUMBER = ",~f"
"""Format of ticks: as many decimals as there are, thousands apart."""

PERCENT = "~%"


def inline(table: pd.DataFrame) -> alt.InlineData:
    """Data that the chart itself carries, whatever their number.

    Altair refuses data frames of more than 5,000 rows unless told otherwise for the whole session;
    inline values have no such limit. Missing numbers become null, which JSON knows.
    """
    values = table.astype(object).where(table.notna(), None).to_dict("records")
    return alt.InlineData(values=values)


def log_scale(values: Iterable[float], *, include: float | None = None) -> alt.Scale:
    """Logarithmic scale that holds all values (and `include`), with a little room."""
    finite = np.array([*values, *([] if include is None else [include])])
    finite = finite[np.isfinite(finite)]
    room = max(0.02 * math.log(finite.max() / finite.min()), 0.005)
    domain = [finite.min() * math.exp(-room), finite.max() * math.exp(room)]
    return alt.Scale(type="log", domain=domain, nice=False)


def log_axis(scale: alt.Scale, *, title: str) -> alt.Axis:
    """Axis of a logarithmic scale with ticks at round numbers such as 1, 1.2, 1.5, 2."""
    lowest, highest = scale.domain
    return alt.Axis(title=title, values=round_numbers(lowest, highest), format=NUMBER)


def round_numbers(lowest: float, highest: float) -> list[float]:
    """Round numbers between two positive ones, about evenly spaced on a logarithmic axis."""
    exponents = range(math.floor(math.log10(lowest)), math.ceil(math.log10(highest)) + 1)
    found: list[float] = []
    for ladder in LADDERS:
        candidates = [float(f"{lead}e{exponent}") for exponent in exponents for lead in ladder]
        found = [number for number in candidates if lowest <= number <= highest]
        if len(found) >= FEWEST_TICKS:
            break
    return found


def highlighted(table: pd.DataFrame, codes: Sequence[str]) -> pd.Series[bool]:
    """Which rows are of the authorities to highlight.

    Raises
    ------
    FitError
        If a code is not in the table.
    """
    known = table["authority"].tolist()
    unknown = [code for code in codes if code not in known]
    if unknown:
        raise FitError(
            f"no authority of this fit has the code {', '.join(map(repr, unknown))}",
            f"Give codes of the fit's {len(known)} authorities, such as {min(known)}.",
        )
    return table["authority"].isin(list(codes))


def highlighting(ordinary: str) -> alt.When:
    """Colour of a mark: `ordinary`, or that of highlighted authorities."""
    return alt.when("datum.highlighted").then(alt.value(VERMILION)).otherwise(alt.value(ordinary))


def percent_interval(level: float) -> str:
    """Name of an interval: its level and kind."""
    return f"{100 * level:g}% equal-tailed interval"


def gradient_tooltips(*, level: float) -> Sequence[alt.Tooltip]:
    """Tooltips of an authority's row of the table of gradients."""
    bounds = f"{100 * level:g}% interval"
    return (
        alt.Tooltip("name", type="nominal", title="Authority"),
        alt.Tooltip("authority", type="nominal", title="Code"),
        alt.Tooltip("gradient", type="quantitative", title="Gradient", format=".2f"),
        alt.Tooltip("lower", type="quantitative", title=f"{bounds}, lower", format=".2f"),
        alt.Tooltip("upper", type="quantitative", title=f"{bounds}, upper", format=".2f"),
        alt.Tooltip("reliability", type="quantitative", title="Reliability", format=".2f"),
        alt.Tooltip("events", type="quantitative", title="Events", format=","),
        alt.Tooltip("areas", type="quantitative", title="Areas", format=","),
    )
