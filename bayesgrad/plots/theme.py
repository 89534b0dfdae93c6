"""The one look of all figures: colours, fonts and a quiet grid."""

from __future__ import annotations

import altair as alt

# A list of fonts must end with a generic family: a converter without browser draws no text at
# all where it finds none of the fonts named.
FONT = "Helvetica Neue, Arial, Liberation Sans, DejaVu Sans, sans-serif"

INK = "#1f2328"
GREY = "#8b929b"
FAINT = "#e6e8eb"
BLUE = "#0072b2"
VERMILION = "#d55e00"
"""Blue and vermilion of Okabe and Ito, told apart with any kind of colour vision."""

SEQUENTIAL = alt.SchemeParams(name="viridis", extent=[0, 0.9])
"""Even steps of lightness for any kind of colour vision, without the palest yellow."""

TITLE_SIZE = 15
SUBTITLE_SIZE = 11


def themed[Chart: (alt.LayerChart, alt.HConcatChart)](chart: Chart) -> Chart:
    """Give a chart the look of all figures, as configuration of its own."""
    return chart.configure(
        font=FONT,
        background="white",
        padding=12,
        title=alt.TitleConfig(
            anchor="start",
            frame="bounds",
            color=INK,
            fontSize=TITLE_SIZE,
            fontWeight="bold",
            subtitleColor="#4c535b",
            subtitleFontSize=SUBTITLE_SIZE,
            subtitleLineHeight=SUBTITLE_SIZE + 4,
            subtitlePadding=5,
            offset=14,
        ),
        view=alt.ViewConfig(stroke=None),
        axis=alt.AxisConfig(
            domainColor=GREY,
            gridColor=FAINT,
            labelColor=INK,
            labelFlush=False,
            labelFontSize=11,
            tickColor=GREY,
            titleColor=INK,
            titleFontSize=11,
            titleFontWeight="normal",
            titlePadding=8,
        ),
        legend=alt.LegendConfig(
            labelColor=INK,
            labelFontSize=11,
            titleColor=INK,
            titleFontSize=11,
            titleFontWeight="normal",
        ),
    )
