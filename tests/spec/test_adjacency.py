import pytest

from bayesgrad.errors import SpecError
from bayesgrad.spec import ModelSpec
from bayesgrad.spec.adjacency import Adjacency, read_adjacency
from tests.small import SPEC

PAIRS = "one,other\nB,A\nB,C\nA,B\nD,\n"


def written(folder, text):
    path = folder / "pairs.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_pairs_count_once_in_both_directions_and_places_may_stand_alone(tmp_path):
    found = read_adjacency(written(tmp_path, PAIRS))
    assert found == Adjacency(places=("A", "B", "C", "D"), pairs=(("A", "B"), ("B", "C")))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("one,other\nA,B\nC,C\n", "C stands beside itself"),
        ("one,other\nA,\n", "has no pair of neighbours"),
        ("one,other\n", "has no pair of neighbours"),
        ("one,other\nA,B,C\n", "line 2 does not have two columns"),
        ("one,other\n,B\n", "line 2 does not have two columns"),
        ('{"type": "FeatureCollection"}\n', "line 1 does not have two columns"),
        ("", "it does not have two columns"),
        ("E09000002,E09000003\nE09000003,E09000004\n", "line 1 holds E09000002 and E09000003"),
        ("E09000002,E09000003\n", "line 1 holds E09000002 and E09000003"),
        ("A,B\nB,C\nC,A\n", "line 1 holds A and B"),
        ("E09000001,\nE09000003,E09000004\n", "line 1 holds E09000001, a code"),
    ],
)
def test_what_is_no_table_of_pairs_is_refused(tmp_path, text, told):
    with pytest.raises(SpecError, match=r"pairs\.csv") as caught:
        read_adjacency(written(tmp_path, text))
    assert told in caught.value.what


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SpecError, match=r"none\.csv: cannot be read"):
        read_adjacency(tmp_path / "none.csv")


def test_a_spec_holds_the_content_and_not_the_path(tmp_path):
    written(tmp_path, PAIRS)
    text = SPEC + '[[outcomes]]\ncolumn = "y"\n[spatial]\nadjacency = "pairs.csv"\n'
    (tmp_path / "spec.toml").write_text(text, encoding="utf-8")
    spec = ModelSpec.read(tmp_path / "spec.toml")
    assert spec.spatial.adjacency.pairs == (("A", "B"), ("B", "C"))
    stored = spec.model_dump_json()
    assert "pairs.csv" not in stored
    assert ModelSpec.model_validate_json(stored) == spec
