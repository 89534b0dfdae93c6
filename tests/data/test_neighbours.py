import pytest

from bayesgrad.data import prepare_table
from bayesgrad.errors import DataError
from bayesgrad.spec.adjacency import Adjacency
from bayesgrad.spec.parts import Spatial
from tests.data.areas import AUTHORITIES, areas, spec_with

FIRST, SECOND, THIRD = AUTHORITIES


def spec_of(pairs, *, alone=()):
    adjacency = Adjacency.of(list(pairs), alone=list(alone))
    return spec_with().model_copy(update={"spatial": Spatial(adjacency=adjacency)})


def test_authorities_without_neighbours_are_told():
    report = prepare_table(spec_of([(FIRST, SECOND)], alone=[THIRD]), areas()).report
    assert report.notes[-1] == (
        f"1 authority has no neighbour and an effect of its own alone ({THIRD})"
    )
    joined = prepare_table(spec_of([(FIRST, SECOND), (SECOND, THIRD)]), areas()).report
    assert not any("neighbour" in note for note in joined.notes)


def test_gaps_between_boundaries_are_told():
    adjacency = Adjacency.of(
        [(FIRST, SECOND)],
        alone=[THIRD],
        across_gaps=[(FIRST, SECOND)],
        apart=[(SECOND, THIRD), (SECOND, "E09000099")],
    )
    spec = spec_with().model_copy(update={"spatial": Spatial(adjacency=adjacency)})
    narrow, wide, _ = prepare_table(spec, areas()).report.notes
    assert "1 pair of authorities run along a narrow gap and do not meet: it is taken as" in narrow
    assert f"({FIRST if FIRST < SECOND else SECOND} - " in narrow
    assert "along a wider gap, such as a river: it is not taken as neighbours" in wide
    assert "E09000099" not in wide


def test_an_authority_that_is_not_in_the_file_is_named():
    with pytest.raises(DataError) as caught:
        prepare_table(spec_of([(FIRST, SECOND)]), areas(), source="areas.csv")
    assert caught.value.what == (
        "areas.csv: column la: 1 authority is not in the file of [spatial] adjacency: " + THIRD
    )
    assert "exclude_authorities" in caught.value.do


def test_neighbours_outside_the_table_are_none():
    spec = spec_of([(code, "E06000099") for code in AUTHORITIES])
    with pytest.raises(DataError, match="no two authorities are neighbours"):
        prepare_table(spec, areas())
