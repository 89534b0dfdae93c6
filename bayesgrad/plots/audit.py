"""Audit: the interaction under every form of the model, and the curves that the forms draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import altair as alt
import numpy as np
import pandas as pd

from bayesgrad.errors import FitError
from bayesgrad.estimands.summaries import DEFAULT_LEVEL, checked_level, tails
from bayesgrad.plots.parts import PERCENT, inline, log_axis, log_scale, percent_interval
from bayesgrad.plots.theme import BLUE, FAINT, GREY, INK, VERMILION, themed

if TYPE_CHECKING:
    from bayesgrad.auditing.result import Audit, FittedForm, OutcomeAudit

GREEN = "#009e73"
COLOURS = {"none": GREY, "log": BLUE, "linear": VERMILION, "spline": GREEN}
"""Colour of each form of moderation."""

FOREST_WIDTH, ROW, CURVE_WIDTH, CURVE_HEIGHT = 300, 19, 330, 300
WEIGHT_ROOM = 46
"""Pixels right of the forest, for the weights."""


def audit(
    audited: Audit, *, outcome: str | None = None, level: float = DEFAULT_LEVEL
) -> alt.HConcatChart:
    """Forest of the interaction over forms with their weights, and gradients over deprivation.

    Left: the change of the log gradient per +0.10 of authority deprivation under each form, mean
    and equal-tailed interval, the likeliest form first; forms without interaction are at zero.
    Right: the gradient expected at each authority deprivation, on a logarithmic axis, under the
    likeliest form of each kind of moderation, with the interval of the likeliest of all.

    Parameters
    ----------
    audited : Audit
    outcome : str, optional
        Which to show; needed where the audit has several.
    level : float
        Probability inside the intervals.

    Raises
    ------
    FitError
        If the outcome is not in the audit, or `level` is not strictly between 0 and 1.
    """
    checked_level(level)
    one = _chosen(audited, outcome)
    forms = sorted(
        (
            (fitted, float(weight))
            for fitted, weight in zip(one.forms, one.weights, strict=True)
            if fitted.quantities is not None
        ),
        key=lambda pair: -np.nan_to_num(pair[1]),
    )
    title = alt.TitleParams(
        f"{one.title}: what makes affluent authorities look steeper",
        subtitle=_notes(audited, one, level),
    )
    panels = alt.hconcat(
        _forest(forms, level=level), _curves(forms, audited, level=level), spacing=WEIGHT_ROOM
    )
    return themed(panels.properties(title=title))


def _chosen(audited: Audit, outcome: str | None) -> OutcomeAudit:
    found = {one.outcome: one for one in audited.outcomes}
    if outcome is None and len(found) == 1:
        return audited.outcomes[0]
    if outcome not in found:
        raise FitError(
            f"outcome {outcome!r} is not in the audit", f"Name one of {', '.join(found)}."
        )
    return found[outcome]


def _notes(audited: Audit, one: OutcomeAudit, level: float) -> list[str]:
    spec = audited.spec
    weights = {
        "evidence": "weights of forms, by evidence",
        "scores": "weights of forms, by leave-one-authority-out scores",
        "nothing": "none, since forms could not be weighed",
    }[one.weighed_by]
    notes = [
        f"Left: change of the log gradient per +0.10 of authority deprivation, mean and "
        f"{percent_interval(level)}; numbers: {weights}.",
        f"Right: gradient per +{spec.gradient.unit:g} of {spec.columns.deprivation} "
        f"({spec.columns.vintage}) expected in an authority, under the likeliest form of each "
        "moderation; band of the likeliest of all.",
    ]
    failed = sum(bool(form.failed) for form in one.forms)
    return [*notes, f"DIAGNOSTICS FAILED for {failed} of the forms."] if failed else notes


def _forest(forms: Sequence[tuple[FittedForm, float]], *, level: float) -> alt.LayerChart:
    rows = pd.DataFrame([_row(fitted, weight, level=level) for fitted, weight in forms])
    order = alt.Y(
        "form",
        type="ordinal",
        sort=None,
        axis=alt.Axis(title=None, labelLimit=320, domain=False, ticks=False, grid=False),
    )
    lowest, highest = min(rows["lower"].min(), 0.0), max(rows["upper"].max(), 0.0)
    room = 0.05 * (highest - lowest)
    scale = alt.Scale(domain=[lowest - room, highest + room], nice=False)
    axis = alt.Axis(title="Interaction (log scale, per +0.10)", tickCount=5)
    colour = alt.Color(
        "moderation",
        type="nominal",
        scale=alt.Scale(domain=list(COLOURS), range=list(COLOURS.values())),
        legend=alt.Legend(title="Moderation", orient="bottom"),
    )
    tooltip = [
        alt.Tooltip("form", type="nominal", title="Form"),
        alt.Tooltip("weight", type="quantitative", title="Weight", format=".3f"),
        alt.Tooltip("mean", type="quantitative", title="Interaction", format=".3f"),
        alt.Tooltip("lower", type="quantitative", title="Lower", format=".3f"),
        alt.Tooltip("upper", type="quantitative", title="Upper", format=".3f"),
    ]
    base = alt.Chart(inline(rows)).encode(y=order, tooltip=tooltip)
    zero = alt.Chart(inline(pd.DataFrame({"x": [0.0]}))).mark_rule(color=FAINT, strokeWidth=1.5)
    return alt.layer(
        zero.encode(x=alt.X("x", type="quantitative", scale=scale, axis=axis)),
        base.mark_rule(strokeWidth=1.8).encode(
            x=alt.X("lower", type="quantitative", scale=scale, axis=axis), x2="upper", color=colour
        ),
        base.mark_circle(size=46, opacity=1).encode(
            x=alt.X("mean", type="quantitative", scale=scale, axis=axis), color=colour
        ),
        base.mark_text(align="left", dx=6, fontSize=10.5, color=INK).encode(
            x=alt.value(FOREST_WIDTH), text="words:N"
        ),
    ).properties(width=FOREST_WIDTH, height=ROW * len(rows))


def _row(fitted: FittedForm, weight: float, *, level: float) -> dict[str, object]:
    assert fitted.quantities is not None
    draws = fitted.quantities.draws["interaction"]
    lower, upper = np.quantile(draws, tails(level))
    return {
        "form": fitted.form.title,
        "moderation": fitted.form.moderation,
        "weight": weight,
        "words": _weight_in_words(weight),
        "mean": float(draws.mean()),
        "lower": float(lower),
        "upper": float(upper),
    }


def _weight_in_words(weight: float) -> str:
    if np.isnan(weight):
        return ""
    return "< 0.001" if weight < 0.001 else f"{weight:.3f}"


def _curves(
    forms: Sequence[tuple[FittedForm, float]], audited: Audit, *, level: float
) -> alt.LayerChart:
    best: dict[str, FittedForm] = {}
    for fitted, _ in forms:
        best.setdefault(fitted.form.moderation, fitted)
    lines = pd.concat([_line(fitted, level=level) for fitted in best.values()])
    band = lines[lines["form"] == forms[0][0].form.title]
    scale = log_scale([*lines["gradient"], *band["lower"], *band["upper"]])
    axis = log_axis(scale, title=f"Gradient per +{audited.spec.gradient.unit:g}")
    x = alt.X(
        "deprivation",
        type="quantitative",
        axis=alt.Axis(title="Authority deprivation", format=PERCENT, tickCount=6),
        scale=alt.Scale(zero=False, nice=False),
    )
    colour = alt.Color(
        "moderation",
        type="nominal",
        scale=alt.Scale(domain=list(COLOURS), range=list(COLOURS.values())),
    )

    def y(field: str) -> alt.Y:
        return alt.Y(field, type="quantitative", scale=scale, axis=axis)

    area = alt.Chart(inline(band)).encode(x=x)
    return alt.layer(
        area.mark_area(color=COLOURS[forms[0][0].form.moderation], opacity=0.18).encode(
            y=y("lower"), y2="upper"
        ),
        alt.Chart(inline(lines))
        .mark_line(strokeWidth=2)
        .encode(x=x, y=y("gradient"), color=colour, detail="form:N"),
    ).properties(width=CURVE_WIDTH, height=CURVE_HEIGHT)


def _line(fitted: FittedForm, *, level: float) -> pd.DataFrame:
    assert fitted.quantities is not None
    grid, draws = fitted.quantities.curve
    lower, upper = np.quantile(draws, tails(level), axis=0)
    return pd.DataFrame(
        {
            "deprivation": grid,
            "gradient": np.exp(np.median(draws, axis=0)),
            "lower": np.exp(lower),
            "upper": np.exp(upper),
            "form": fitted.form.title,
            "moderation": fitted.form.moderation,
        }
    )
