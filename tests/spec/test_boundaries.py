import json
from pathlib import Path

import pytest

from bayesgrad.errors import SpecError
from bayesgrad.spec.adjacency import read_neighbours

pytest.importorskip("shapely", reason="shapely is not installed")

REAL = Path(__file__).parents[3] / "shared/data/geography/UTLA19_England_simplified.geojson"


def square(x, y, width=1.0, height=1.0):
    corners = [(0, 0), (width, 0), (width, height), (0, height), (0, 0)]
    return {"type": "Polygon", "coordinates": [[[x + a, y + b] for a, b in corners]]}


def written(folder, places, *, name="code"):
    features = [
        {"type": "Feature", "properties": {name: code}, "geometry": geometry}
        for code, geometry in places
    ]
    path = folder / "map.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def test_places_that_touch_are_neighbours_even_where_corners_do_not_meet(tmp_path):
    # b and c lie beside the one long side of a, so their common corner is none of a's.
    places = [
        ("a", square(0, 0, height=2.0)),
        ("b", square(1, 0)),
        ("c", square(1 + 1e-9, 1)),
        ("island", square(5, 5)),
    ]
    found = read_neighbours(written(tmp_path, places), code="code")
    assert found.pairs == (("a", "b"), ("a", "c"), ("b", "c"))
    assert found.places == ("a", "b", "c", "island")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("code,other\nA,B\n", "is not GeoJSON"),
        ("[1, 2]", "is not a GeoJSON FeatureCollection"),
        ('{"type": "FeatureCollection", "features": []}', "has no features"),
        ("[" * 100_000, "is not GeoJSON"),
        ('{"features": [{"properties": ["code"], "geometry": null}]}', "properties have no names"),
        (
            '{"features": [{"properties": {"code": "A"}, "geometry": {"type": "Cone"}}]}',
            "no polygons",
        ),
    ],
)
def test_what_is_no_map_is_refused(tmp_path, content, told):
    path = tmp_path / "map.geojson"
    path.write_text(content)
    with pytest.raises(SpecError) as caught:
        read_neighbours(path, code="code")
    assert told in caught.value.what


@pytest.mark.parametrize("code", [None, "UTLA"])
def test_a_property_that_is_not_there_is_answered_with_those_that_are(tmp_path, code):
    path = written(tmp_path, [("a", square(0, 0))])
    with pytest.raises(SpecError, match="has the properties code") as caught:
        read_neighbours(path, code=code)
    assert "[spatial] code" in caught.value.what


def test_a_code_twice_and_a_map_without_neighbours_are_refused(tmp_path):
    twice = written(tmp_path, [("a", square(0, 0)), ("a", square(1, 0))])
    with pytest.raises(SpecError, match="a stands for more than one feature"):
        read_neighbours(twice, code="code")
    apart = written(tmp_path, [("a", square(0, 0)), ("b", square(3, 0))])
    with pytest.raises(SpecError, match="no two places share a boundary"):
        read_neighbours(apart, code="code")


@pytest.mark.parametrize(
    ("geometry", "told"),
    [
        ({"type": "Point", "coordinates": [0, 0]}, "of b is a Point"),
        ({"type": "Polygon", "coordinates": []}, "of b has no corners"),
        # One endless place made all others neighbours.
        (square(float("inf"), 0), "of b has no corners, or an infinite one"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [10**400, 1]]]}, "no polygons"),
    ],
)
def test_what_has_no_boundary_is_refused(tmp_path, geometry, told):
    path = written(tmp_path, [("a", square(0, 0)), ("b", square(1, 0)), ("c", square(9, 9))])
    content = json.loads(path.read_text())
    content["features"][1]["geometry"] = geometry
    path.write_text(json.dumps(content))
    with pytest.raises(SpecError, match=told):
        read_neighbours(path, code="code")


def test_boundaries_along_a_narrow_gap_are_of_neighbours(tmp_path):
    # On a map of 400 km: b two metres from a, c a hundred metres from b, d by a corner alone.
    km = 1_000.0
    places = [
        ("a", square(0, 0, 100 * km, 100 * km)),
        ("b", square(100 * km + 2, 0, 100 * km, 100 * km)),
        ("c", square(200 * km + 102, 0, 100 * km, 100 * km)),
        ("d", square(300 * km + 104, 100 * km + 2, 100 * km, 100 * km)),
        ("e", square(300 * km + 104, 200 * km + 2, 100 * km, 100 * km)),
    ]
    found = read_neighbours(written(tmp_path, places), code="code")
    assert found.across_gaps == (("a", "b"),)
    assert found.apart == (("b", "c"),)
    assert found.pairs == (("a", "b"), ("d", "e"))


def test_the_real_map_has_two_islands():
    if not REAL.exists():
        pytest.skip("the real data folder ../shared/data is not beside the checkout")
    found = read_neighbours(REAL, code="utla19_code")
    alone = set(found.places) - {place for pair in found.pairs for place in pair}
    assert len(found.places) == 151
    assert not found.across_gaps
    assert alone == {"E06000046", "E06000053"}  # Isle of Wight, Isles of Scilly
