"""Figures as files: SVG, PDF and PNG with no browser, and HTML with no network."""

from __future__ import annotations

import html
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import altair as alt

from bayesgrad.errors import FitError
from bayesgrad.files import replacing

PNG_SCALE = 2

type Figure = alt.LayerChart | alt.HConcatChart
"""What figures are made of: layers, or panels side by side."""

_PAGE = """<!DOCTYPE html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<title>{title}</title>
<script>{libraries}</script>
</head>
<body>
<div id="figure"></div>
<script>
vegaEmbed("#figure", {spec}, {options});
</script>
</body>
</html>
"""

_EXPOSE = "window.vegaEmbed = vegaEmbed;"

# Of the menu of the page only the export as picture: the rest opens an editor on the internet
# and hands it the data.
_OPTIONS = {
    "mode": "vega-lite",
    "actions": {"export": True, "source": False, "compiled": False, "editor": False},
}


def save_figure(chart: Figure, path: str | Path) -> Path:
    """Write a figure as SVG, PDF, PNG (at twice its size) or HTML, as its suffix says.

    The HTML holds its own JavaScript and data and needs no network. The file is written under a
    temporary name in the same folder and renamed, so that a run killed in the middle leaves the
    old file, or none.

    Parameters
    ----------
    chart : alt.LayerChart or alt.HConcatChart
    path : str or Path
        Ends with .svg, .pdf, .png or .html; its folder must exist.

    Returns
    -------
    Path
        The path written.

    Raises
    ------
    FitError
        If the suffix is another, or the folder does not exist.
    """
    path = Path(path)
    render = _RENDERERS.get(path.suffix.lower())
    if render is None:
        raise FitError(
            f"{path}: a figure cannot be written as {path.suffix or 'a file without suffix'}",
            f"End the name with one of {', '.join(SUFFIXES)}.",
        )
    if not path.parent.is_dir():
        raise FitError(f"{path}: the folder {path.parent} does not exist", "Create it first.")
    content = render(chart)
    with replacing(path) as (temporary,):
        temporary.write_bytes(content)
    return path


def _svg(chart: Figure) -> bytes:
    buffer = io.StringIO()
    chart.save(buffer, format="svg")
    return buffer.getvalue().encode()


def _pdf(chart: Figure) -> bytes:
    buffer = io.BytesIO()
    chart.save(buffer, format="pdf")
    return buffer.getvalue()


def _png(chart: Figure) -> bytes:
    buffer = io.BytesIO()
    chart.save(buffer, format="png", scale_factor=PNG_SCALE)
    return buffer.getvalue()


def _html(chart: Figure) -> bytes:
    import vl_convert

    spec = chart.to_dict()
    version = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])
    page = _PAGE.format(
        title=html.escape(_title(spec)),
        libraries=vl_convert.javascript_bundle(_EXPOSE, vl_version=version),
        spec=_script_json(spec),
        options=_script_json(_OPTIONS),
    )
    return page.encode()


def _title(spec: Mapping[str, Any]) -> str:
    """Text of the figure's title, whatever form it has."""
    title = spec.get("title", "")
    text = title.get("text", "") if isinstance(title, Mapping) else title
    return text if isinstance(text, str) else " ".join(text)


def _script_json(value: object) -> str:
    """JSON that is safe inside a script: no name in it can close the element or open a comment."""
    return json.dumps(value).replace("<", "\\u003c")


_RENDERERS: Mapping[str, Callable[[Figure], bytes]] = MappingProxyType(
    {".svg": _svg, ".pdf": _pdf, ".png": _png, ".html": _html}
)

SUFFIXES = tuple(_RENDERERS)
"""Suffixes of the files that a figure can be written as."""
