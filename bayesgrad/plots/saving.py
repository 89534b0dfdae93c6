"""Figures as files: SVG, PDF and PNG with no browser, and HTML with no network."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import altair as alt

from bayesgrad.errors import FitError
from bayesgrad.files import write_bytes

PNG_SCALE = 2

type Figure = alt.LayerChart | alt.HConcatChart
"""What figures are made of: layers, or panels side by side."""

_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
"""What XML 1.0 does not allow in a text, or advises against."""

_IDS = re.compile(r'(?<=\sid=")([A-Za-z_]+\d+)(?=")')
_IDS_AND_USES = re.compile(r'(\sid="|url\(#|href="#)([A-Za-z_]+\d+)([")])')

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
    if path.suffix.lower() not in SUFFIXES:
        raise FitError(
            f"{path}: a figure cannot be written as {path.suffix or 'a file without suffix'}",
            f"End the name with one of {', '.join(SUFFIXES)}.",
        )
    if not path.parent.is_dir():
        raise FitError(f"{path}: the folder {path.parent} does not exist", "Create it first.")
    write_bytes({path: figure_bytes(chart, path.suffix)})
    return path


def figure_bytes(chart: Figure, suffix: str) -> bytes:
    """Figure as the content of a file; as SVG, PNG and HTML the same bytes for the same chart.

    Control characters of names, which no figure can show and XML does not allow, are left out.

    Parameters
    ----------
    chart : alt.LayerChart or alt.HConcatChart
    suffix : str
        One of `SUFFIXES`.
    """
    return _RENDERERS[suffix.lower()](_printable(chart.to_dict()))


def _printable(value: Any) -> Any:
    """The same data without control characters, in texts and in names of fields."""
    if isinstance(value, str):
        return _UNPRINTABLE.sub("", value)
    if isinstance(value, Mapping):
        return {_printable(key): _printable(inner) for key, inner in value.items()}
    return [_printable(inner) for inner in value] if isinstance(value, list | tuple) else value


def _svg(spec: dict[str, Any]) -> bytes:
    import vl_convert

    text = vl_convert.vegalite_to_svg(spec, vl_version=_vegalite())
    return _with_numbered_ids(text).encode()


def _with_numbered_ids(svg: str) -> str:
    """Number what the renderer numbers on from its last figure (clips and gradients) from 1."""
    order = dict.fromkeys(_IDS.findall(svg))
    places = {name: f"{name.rstrip('0123456789')}{k}" for k, name in enumerate(order, start=1)}
    return _IDS_AND_USES.sub(lambda m: m[1] + places.get(m[2], m[2]) + m[3], svg)


def _pdf(spec: dict[str, Any]) -> bytes:
    import vl_convert

    return bytes(vl_convert.vegalite_to_pdf(spec, vl_version=_vegalite()))


def _png(spec: dict[str, Any]) -> bytes:
    import vl_convert

    return bytes(vl_convert.vegalite_to_png(spec, vl_version=_vegalite(), scale=PNG_SCALE))


def _vegalite() -> str:
    """Version of Vega-Lite that the figures are written for."""
    return ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])


def _html(spec: dict[str, Any]) -> bytes:
    import vl_convert

    page = _PAGE.format(
        title=html.escape(_title(spec)),
        libraries=vl_convert.javascript_bundle(_EXPOSE, vl_version=_vegalite()),
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


_RENDERERS: Mapping[str, Callable[[dict[str, Any]], bytes]] = MappingProxyType(
    {".svg": _svg, ".pdf": _pdf, ".png": _png, ".html": _html}
)

SUFFIXES = tuple(_RENDERERS)
"""Suffixes of the files that a figure can be written as."""
