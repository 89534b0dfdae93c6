"""Specs and files beside them as shells, editors and mistaken hands leave them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import bayesgrad as bg
from bayesgrad.errors import DataError, FitError, SpecError
from bayesgrad.spec import ModelSpec
from bayesgrad.spec.reading import files_of
from bayesgrad.spec.text_files import decoded
from tests.small import SPEC, spec_of

TEXT = SPEC.replace("Referrals", "Sir Fôn") + '[[outcomes]]\ncolumn = "referrals"\n'
NEIGHBOURS = TEXT + '[spatial]\nadjacency = "pairs.csv"\n'
PAIRS = "one,other\nE09000002,E09000003\n"
ENCODINGS = {
    "utf-8": b"",
    "utf-8-sig": b"",
    "utf-16": b"",
    "utf-16-le": b"",
    "utf-16-be": b"\xfe\xff",
}
"""Encodings, and a mark that Python does not write by itself."""


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_utf_8_and_utf_16_are_read_with_and_without_their_mark(tmp_path, encoding):
    for name, text in (("spec.toml", NEIGHBOURS), ("pairs.csv", PAIRS)):
        data = ENCODINGS[encoding] + text.replace("\n", "\r\n").encode(encoding)
        (tmp_path / name).write_bytes(data)
    spec = ModelSpec.read(tmp_path / "spec.toml")
    assert spec.title == "Sir Fôn"
    assert spec.spatial.adjacency.pairs == (("E09000002", "E09000003"),)


def test_bytes_of_neither_encoding_are_refused():
    assert decoded(b"") == ""
    with pytest.raises(UnicodeDecodeError):
        decoded("Sir Fôn".encode("latin-1"))


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("areas.csv", b"lsoa,la\na,b\n", "is a table, not a model spec"),
        ("areas.csv.gz", b"\x1f\x8b\x08", "is a compressed file, not a model spec"),
        ("areas.parquet", b"PAR1....", "is a table (parquet), not a model spec"),
        ("spec.toml", b"PAR1....", "is a table (parquet), not a model spec"),
        ("spec.toml", b"lsoa,la,y\na,b,1\nc,d,2\n", "is a table, not a model spec"),
        ("spec.toml", b"lsoa\tla\na\tb\n", "is a table, not a model spec"),
        ("fit.nc", b"\x89HDF\r\n", "is a fit file, not a model spec"),
        ("pack.toml", b"format = 1\n[parameters]\n", "is a prior pack, not a model spec"),
    ],
)
def test_what_is_no_spec_is_named(tmp_path, name, data, told):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(SpecError) as caught:
        ModelSpec.read(tmp_path / name)
    assert told in caught.value.what


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (pd.DataFrame({"a": [1]}), "a table (DataFrame) is given where a model spec"),
        ({"title": "T"}, "a dict is given where a model spec"),
        (TEXT, "the text of a spec is given where the path"),
    ],
)
def test_what_is_no_path_of_a_spec_is_named(given, told):
    with pytest.raises(SpecError) as caught:
        ModelSpec.read(given)
    assert told in caught.value.what


@pytest.mark.parametrize("run", [bg.fit, bg.audit])
def test_a_spec_where_the_table_should_be_is_named(run):
    with pytest.raises(DataError, match="a model spec is given where the table is expected"):
        run(pd.DataFrame({"a": [1]}), spec_of())


@pytest.mark.parametrize(
    ("name", "read", "told"),
    [
        ("spec.toml", bg.read_table, "is a model spec (TOML), not a table"),
        ("fit.nc", bg.read_table, "is a fit file, not a table"),
        ("spec.toml", bg.load, "is a model spec or a prior pack, not a fit file"),
        ("areas.csv", bg.load, "is a table, not a fit file"),
        ("", bg.load, "is a folder"),
    ],
)
def test_other_files_in_place_of_a_table_or_a_fit_are_named(tmp_path, name, read, told):
    if name:
        (tmp_path / name).write_text("title = 1\n", encoding="utf-8")
    with pytest.raises((DataError, FitError)) as caught:
        read(tmp_path / name)
    assert told in caught.value.what


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ('"data\\new.csv"', "holds a control character"),
        ('"data\\pairs.csv"', "a backslash between double quotation marks"),
        ('"C:\\Users\\me\\pairs.csv"', "a backslash between double quotation marks"),
        ('"data\\"', "a backslash between double quotation marks"),
    ],
)
@pytest.mark.parametrize("key", ["prior_pack =", "[spatial]\nadjacency ="])
def test_backslashes_that_toml_takes_for_escapes_are_named(written, told, key):
    line = f"{key} {written}\n"
    text = TEXT + line if key.startswith("[") else line + TEXT
    with pytest.raises(SpecError) as caught:
        ModelSpec.from_toml(text)
    assert told in caught.value.what
    assert "forward slashes" in caught.value.do


@pytest.mark.parametrize(
    "written", ["'data\\pairs.csv'", '"data\\\\pairs.csv"', '"data/pairs.csv"']
)
def test_paths_with_backslashes_are_found_on_every_system(tmp_path, written):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "pairs.csv").write_text(PAIRS, encoding="utf-8")
    text = TEXT + f"[spatial]\nadjacency = {written}\n"
    (tmp_path / "spec.toml").write_text(text, encoding="utf-8")
    assert ModelSpec.read(tmp_path / "spec.toml").spatial.adjacency.places[0] == "E09000002"


def test_messages_of_many_or_long_faults_stay_short():
    keys = "".join(f"key{k} = 1\n" for k in range(500))
    with pytest.raises(SpecError) as caught:
        ModelSpec.from_toml(keys + TEXT + f'[gradient]\ncentre = "{"x" * 5000}"\n')
    assert len(caught.value.what) < 6000
    assert "more faults" in caught.value.what
    with pytest.raises(SpecError) as caught:
        ModelSpec.from_toml(TEXT + f'[gradient]\ncentre = "{"x" * 5000}"\n')
    assert len(caught.value.what) < 500
    assert "use 'authority', 'national'" in caught.value.what


DEVICE = Path("/dev/zero")


@pytest.mark.skipif(not DEVICE.exists(), reason="no such device here")
def test_a_device_that_never_ends_is_refused_wherever_a_file_is_named(tmp_path):
    told = "is a device or a pipe, not a file"
    (tmp_path / "pairs.csv").symlink_to(DEVICE)
    (tmp_path / "spec.toml").write_text(NEIGHBOURS, encoding="utf-8")
    with pytest.raises(SpecError, match=f"pairs.csv: cannot be read: it {told}"):
        ModelSpec.read(tmp_path / "spec.toml")
    (tmp_path / "spec.toml").write_text(f'prior_pack = "pairs.csv"\n{TEXT}', encoding="utf-8")
    with pytest.raises(SpecError, match=told):
        ModelSpec.read(tmp_path / "spec.toml")
    with pytest.raises(SpecError, match=told):
        ModelSpec.read(tmp_path / "pairs.csv")
    with pytest.raises(DataError, match=told):
        bg.read_table(tmp_path / "pairs.csv")


@pytest.mark.parametrize("text", ["a = " + "[" * 100_000, f"a = 1{'0' * 6000}"])
def test_toml_that_python_cannot_hold_is_refused(tmp_path, text):
    (tmp_path / "spec.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SpecError, match=r"thousands of digits, or lists inside lists"):
        ModelSpec.read(tmp_path / "spec.toml")
    with pytest.raises(SpecError, match="is not a prior pack"):
        bg.PriorPack.read(tmp_path / "spec.toml")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_files_that_a_spec_names_are_known_in_every_encoding_and_as_changed(tmp_path, encoding):
    path = tmp_path / "spec.toml"
    path.write_bytes(NEIGHBOURS.encode(encoding))
    assert files_of(path) == (tmp_path / "pairs.csv",)
    changes = {"spatial.adjacency": "others.csv", "prior_pack": "nation.toml"}
    assert files_of(path, changes) == (tmp_path / "nation.toml", tmp_path / "others.csv")
