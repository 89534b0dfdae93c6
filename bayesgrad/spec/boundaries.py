"""Neighbours from boundaries: a GeoJSON file of polygons, one for each place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from bayesgrad.errors import SpecError
from bayesgrad.spec.adjacency import Adjacency
from bayesgrad.spec.text_files import read_text
from bayesgrad.spec.writing import plain_code

TOLERANCE = 1e-6
"""Of the extent of the map: a metre of England. Boundaries so near are one, though their corners
do not meet."""
NARROW = 3e-5
"""Gap, of the extent of the map, across which boundaries that run along it are of neighbours: some
20 metres of England, as from boundaries of two sources or of too few digits."""
WIDE = 5e-4
"""Gap up to which places that run along it are told, though they are no neighbours."""
ALONG = 0.02
"""Share of the shorter boundary that lies along a gap, at least: less is a corner."""

Pair = tuple[str, str]

_BOUNDARIES = "Give GeoJSON of polygons, a FeatureCollection with one feature for each authority."


def read_boundaries(path: Path, *, code: str | None) -> Adjacency:
    """Read which places share a boundary, or a corner.

    Parameters
    ----------
    path : Path
    code : str or None
        Property that has the code of a place.

    Raises
    ------
    SpecError
        If the file is no GeoJSON of polygons, lacks the property, has a code twice, or no two
        places are neighbours.
    """
    import shapely

    features = _features(path)
    codes = [_code(feature, code, path=path) for feature in features]
    repeated = sorted({one for one in codes if codes.count(one) > 1})
    if repeated:
        raise SpecError(
            f"{path}: {', '.join(repeated[:5])} stands for more than one feature",
            "Join the parts of a place to one multipolygon.",
        )
    try:
        shapes = [shapely.geometry.shape(feature["geometry"]) for feature in features]
    except (
        *(KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError),
        shapely.errors.ShapelyError,
    ):
        raise SpecError(f"{path}: has features that are no polygons", _BOUNDARIES) from None
    _refuse_no_areas(shapes, codes, path=path)
    pairs, narrow, wide = _near(shapes, codes)
    pairs += narrow
    if not pairs:
        raise SpecError(f"{path}: no two places share a boundary", _BOUNDARIES)
    alone = np.setdiff1d(codes, np.ravel(pairs)).tolist()
    return Adjacency.of(pairs, alone=alone, across_gaps=narrow, apart=wide)


def _refuse_no_areas(shapes: list[Any], codes: list[str], *, path: Path) -> None:
    """Refuse what has no boundary: points, lines, nothing, and corners without end."""
    import shapely

    bounds = shapely.bounds(shapes)
    for code, shape, limits in zip(codes, shapes, bounds, strict=True):
        polygons = shape.geom_type in ("Polygon", "MultiPolygon")
        if not polygons or not np.isfinite(limits).all():
            what = "has no corners, or an infinite one" if polygons else f"is a {shape.geom_type}"
            raise SpecError(f"{path}: the feature of {code} {what}", _BOUNDARIES)


def _near(shapes: list[Any], codes: list[str]) -> tuple[list[Pair], list[Pair], list[Pair]]:
    """Pairs of places that meet, that run along a narrow gap, and along a wide one."""
    import shapely

    low_x, low_y, high_x, high_y = shapely.total_bounds(shapes)
    extent = max(high_x - low_x, high_y - low_y)
    found = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=WIDE * extent)
    pairs: list[Pair] = []
    narrow: list[Pair] = []
    wide: list[Pair] = []
    for one, other in found.T.tolist():
        if one >= other:
            continue
        gap = float(shapely.distance(shapes[one], shapes[other]))
        if gap <= TOLERANCE * extent:
            pairs.append((codes[one], codes[other]))
        elif _run_along(shapes[one], shapes[other], gap):
            (narrow if gap <= NARROW * extent else wide).append((codes[one], codes[other]))
    return pairs, narrow, wide


def _run_along(one: Any, other: Any, gap: float) -> bool:
    """Whether boundaries keep within twice their distance for long, as those of a corner do not."""
    import shapely

    beside = shapely.intersection(shapely.boundary(one), shapely.buffer(other, 2 * gap))
    shorter = min(shapely.length(one), shapely.length(other))
    return bool(shapely.length(beside) >= ALONG * shorter)


def _features(path: Path) -> list[dict[str, Any]]:
    try:
        content = json.loads(read_text(path))
    except OSError as error:
        raise SpecError(f"{path}: cannot be read: {error.strerror}", _BOUNDARIES) from None
    except (ValueError, RecursionError):
        raise SpecError(f"{path}: is not GeoJSON", _BOUNDARIES) from None
    features = content.get("features") if isinstance(content, dict) else None
    if not isinstance(features, list) or not all(isinstance(one, dict) for one in features):
        raise SpecError(f"{path}: is not a GeoJSON FeatureCollection", _BOUNDARIES)
    if not features:
        raise SpecError(f"{path}: has no features", _BOUNDARIES)
    return features


def _code(feature: dict[str, Any], name: str | None, *, path: Path) -> str:
    properties = feature.get("properties") or {}
    if not isinstance(properties, dict):
        raise SpecError(f"{path}: has a feature whose properties have no names", _BOUNDARIES)
    if name is None or properties.get(name) in (None, ""):
        fault = "code is missing" if name is None else f"code = {name!r} is not a property of all"
        raise SpecError(
            f"[spatial] {fault}: {path} has the properties {', '.join(properties) or 'none'}",
            "Name the property that has the code of the authority.",
        )
    return plain_code(str(properties[name]))
