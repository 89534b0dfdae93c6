from __future__ import annotations

import gzip
import time
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.ipc as pa_ipc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bayesgrad.data import read_table
from bayesgrad.errors import DataError

CSV = "code,n\nE01000001,3\nE01000002,4\n"


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def refused(path: Path, **options) -> DataError:
    with pytest.raises(DataError) as caught:
        read_table(path, **options)
    assert caught.value.what.startswith(f"{path}: ")
    return caught.value


@pytest.mark.parametrize("extension", ["csv", "CSV", "csv.gz", "parquet", "arrow", "feather"])
def test_every_kind_of_file_gives_the_same_table(tmp_path, extension):
    frame = pd.DataFrame({"code": ["E01000001", "E01000002"], "n": [3, 4]})
    path = tmp_path / f"areas.{extension}"
    match extension:
        case "csv" | "CSV":
            frame.to_csv(path, index=False)
        case "csv.gz":
            path.write_bytes(gzip.compress(frame.to_csv(index=False).encode()))
        case "parquet":
            frame.to_parquet(path)
        case _:
            frame.to_feather(path)
    pd.testing.assert_frame_equal(read_table(path), frame)


def test_arrow_streams_are_read(tmp_path):
    table = pa.table({"code": ["E01000001"], "n": [3]})
    with pa_ipc.new_stream(tmp_path / "areas.arrow", table.schema) as writer:
        writer.write_table(table)
    assert read_table(str(tmp_path / "areas.arrow"))["n"].tolist() == [3]


def test_an_index_named_in_parquet_comes_back_as_a_column(tmp_path):
    pd.DataFrame({"n": [1]}, index=pd.Index(["E01000001"], name="lsoa")).to_parquet(
        tmp_path / "a.parquet"
    )
    assert set(read_table(tmp_path / "a.parquet").columns) == {"lsoa", "n"}


def test_columns_are_selected_in_the_order_asked(tmp_path):
    path = write(tmp_path, "a.csv", "a,b,c\n1,2,3\n")
    assert list(read_table(path, columns=["c", "a"]).columns) == ["c", "a"]
    error = refused(path, columns=["a", "childen", "d"])
    assert "no column childen, d" in error.what
    assert "a, b, c" in error.do


def test_byte_order_mark_header_blanks_and_value_blanks_are_removed(tmp_path):
    path = write(tmp_path, "a.csv", "\ufeff code , n \n E01000001 , 3\n")
    frame = read_table(path)
    assert frame.to_dict("list") == {"code": ["E01000001"], "n": [3]}


def test_unnamed_columns_get_a_name_by_position(tmp_path):
    path = write(tmp_path, "a.csv", '"",n\n1,3\n')
    assert list(read_table(path).columns) == ["unnamed_1", "n"]


def test_quoted_commas_and_line_breaks_stay_in_their_values(tmp_path):
    path = write(tmp_path, "a.csv", 'name,n\n"Bristol, City of",1\n"two\nlines",2\n')
    assert read_table(path)["name"].tolist() == ["Bristol, City of", "two\nlines"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1", "2"], [1, 2]),
        (["1296.00", "175.00"], [1296.0, 175.0]),
        (["378,030", "12", "1,204,500"], [378030, 12, 1204500]),
        (["1,204.5", "3.0"], [1204.5, 3.0]),
        (["-1.5", "+2", ".5", "1e-3"], [-1.5, 2.0, 0.5, 0.001]),
        (["0", "10"], [0, 10]),
        (["9007199254740992", "0.5"], [2.0**53, 0.5]),
    ],
)
def test_plain_numbers_become_numeric(tmp_path, values, expected):
    lines = "".join(f'"{value}",x\n' for value in values)
    column = read_table(write(tmp_path, "a.csv", f"v,w\n{lines}"))["v"]
    assert column.tolist() == expected
    assert column.dtype == np.array(expected).dtype


@pytest.mark.parametrize(
    "values",
    [
        ["007", "012"],
        ["1", "c"],
        ["1", ".."],
        ["378,030", "378030"],
        ["1,2", "3"],
        ["12,34,567", "1"],
        ["E09000007", "E09000012"],
        ["1", "inf"],
        ["12345678901234567890", "1"],
        ["9007199254740993", "0.5"],
        ["12%", "13%"],
        ["0x10", "1"],
        ["1_000", "1"],
    ],
)
def test_codes_and_symbols_keep_the_whole_column_as_text(tmp_path, values):
    lines = "".join(f'"{value}",x\n' for value in values)
    column = read_table(write(tmp_path, "a.csv", f"v,w\n{lines}"))["v"]
    assert isinstance(column.dtype, pd.StringDtype)
    assert column.tolist() == values


def test_blanks_and_na_are_missing_and_other_symbols_are_not(tmp_path):
    path = write(tmp_path, "a.csv", "n,s\n1,c\n,NA\nNA,z\n NaN ,\n")
    frame = read_table(path)
    assert frame["n"].isna().tolist() == [False, True, True, True]
    assert frame["s"].isna().tolist() == [False, True, False, True]


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.one_of(st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False)),
        min_size=1,
    )
)
def test_numbers_survive_the_round_trip(tmp_path, numbers):
    path = write(tmp_path, "a.csv", "n\n" + "".join(f"{number!r}\n" for number in numbers))
    assert read_table(path)["n"].tolist() == [float(number) for number in numbers]


def test_missing_file_names_those_like_it(tmp_path):
    write(tmp_path, "areas.csv", CSV)
    assert "there is no such file; did you mean areas.csv?" in refused(tmp_path / "area.csv").what
    assert "there is no such file" in refused(tmp_path / "no" / "area.csv").what


def test_folder_lists_its_tables(tmp_path):
    write(tmp_path, "areas.csv", CSV)
    assert "is a folder" in refused(tmp_path).what
    assert "areas.csv" in refused(tmp_path).do


@pytest.mark.parametrize(
    ("name", "advice"), [("a.xlsx", "CSV UTF-8"), ("a.txt", ".parquet"), ("areas", ".parquet")]
)
def test_other_extensions_are_refused_with_advice(tmp_path, name, advice):
    error = refused(write(tmp_path, name, CSV))
    assert "is not a kind that is read" in error.what
    assert advice in error.do


@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "a.csv.gz"])
def test_empty_file(tmp_path, name):
    assert "is empty" in refused(write(tmp_path, name, b"")).what


@pytest.mark.parametrize("text", ["a,b\n", "a,b", "\ufeffa,b\n\n  \n"])
def test_header_without_rows(tmp_path, text):
    assert "no rows" in refused(write(tmp_path, "a.csv", text)).what


def test_parquet_without_rows_or_with_repeated_names(tmp_path):
    pd.DataFrame({"a": []}).to_parquet(tmp_path / "a.parquet")
    assert "no rows" in refused(tmp_path / "a.parquet").what
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a ", "a"])
    with pa_ipc.new_file(tmp_path / "a.arrow", table.schema) as writer:
        writer.write_table(table)
    assert "more than one column is called a" in refused(tmp_path / "a.arrow").what


def _workbook(folder: Path) -> bytes:
    with zipfile.ZipFile(folder / "book.zip", "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return (folder / "book.zip").read_bytes()


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("a.csv", "workbook", "an Excel workbook"),
        ("a.csv", b"\xd0\xcf\x11\xe0old", "an old Excel workbook"),
        ("a.csv", b"PAR1....PAR1", "a parquet file"),
        ("a.csv", gzip.compress(CSV.encode(), mtime=0), "a gzip-compressed file"),
        ("a.csv", b"ARROW1..", "an Arrow file"),
        ("a.csv", b"\n <!DOCTYPE html><html>", "an HTML page"),
        ("a.csv", b"<?xml version='1.0'?>", "an XML document"),
        ("a.csv", b'{"type": "FeatureCollection"}', "a JSON document"),
        ("a.csv", b"%PDF-1.7", "a PDF document"),
        ("a.parquet", CSV.encode(), "text"),
        ("a.arrow", b"PAR1....PAR1", "a parquet file"),
        ("a.csv.gz", CSV.encode(), "text"),
        ("a.csv.gz", "gzipped workbook", "compressed in it is an Excel workbook"),
    ],
)
def test_a_file_that_is_not_what_its_name_says(tmp_path, name, content, found):
    if content == "workbook":
        content = _workbook(tmp_path)
    elif content == "gzipped workbook":
        content = gzip.compress(_workbook(tmp_path))
    error = refused(write(tmp_path, name, content))
    assert "is not what its name says" in error.what
    assert found in error.what


@pytest.mark.parametrize("name", ["a.csv.gz", "a.parquet", "a.arrow"])
def test_files_cut_short_are_refused(tmp_path, name):
    path = tmp_path / name
    frame = pd.DataFrame({"n": range(1000)})
    if name.endswith("gz"):
        path.write_bytes(gzip.compress(frame.to_csv().encode()))
    elif name.endswith("parquet"):
        frame.to_parquet(path)
    else:
        frame.to_feather(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert "is damaged or cut short" in refused(path).what


def test_wrong_encoding_names_the_byte_and_line(tmp_path):
    path = write(tmp_path, "a.csv", "name,n\nBath,1\nYnys Môn,2\n".encode("latin-1"))
    error = refused(path)
    assert "is not UTF-8 text: byte 0xf4 on line 3, near 'Ynys Môn,2'" in error.what
    assert "Save the file as UTF-8" in error.do


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_utf_16_is_refused(tmp_path, encoding):
    error = refused(write(tmp_path, "a.csv", CSV.encode(encoding)))
    assert "UTF-16" in error.what or "null bytes" in error.what
    assert "UTF-8" in error.do


@pytest.mark.parametrize(
    ("delimiter", "word"), [(";", "semicolons"), ("\t", "tabs"), ("|", "vertical bars")]
)
def test_wrong_delimiter_is_named(tmp_path, delimiter, word):
    error = refused(write(tmp_path, "a.csv", CSV.replace(",", delimiter)))
    assert f"is separated by {word}, not commas" in error.what


def test_repeated_column_names(tmp_path):
    error = refused(write(tmp_path, "a.csv", "a,b, a\n1,2,3\n"))
    assert "more than one column is called a" in error.what


def test_ragged_rows_are_listed(tmp_path):
    error = refused(write(tmp_path, "a.csv", "a,b\n1,2\n1\n1,2\n1,2,3\n"))
    assert "the header has 2 columns; below it, row 2 has 1, row 4 has 3" in error.what


def test_an_open_quotation_does_not_swallow_rows(tmp_path):
    error = refused(write(tmp_path, "a.csv", 'a,b\n1,"2\n3,4\n'))
    assert "quotation marks do not pair up" in error.what


ROWS = [f"E0100000{n},E09,Town,{n},0.1" for n in range(9)]


def with_stray_quotes(first: int, last: int, field: int) -> str:
    """A table in which a quotation mark opens in one row and closes in another."""
    lines = [line.split(",") for line in ROWS]
    lines[first][field] = '"' + lines[first][field]
    lines[last][field] += '"'
    return "\n".join(["a,b,c,n,d", *(",".join(line) for line in lines), ""])


@pytest.mark.parametrize("field", range(5))
@pytest.mark.parametrize(("first", "last"), [(2, 8), (3, 4), (0, 5)])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_rows_that_stray_quotation_marks_swallow_are_refused(tmp_path, first, last, field, end):
    text = with_stray_quotes(first, last, field).replace("\n", end)
    error = refused(write(tmp_path, "a.csv", text.encode()))
    assert f"column {'abcnd'[field]}: a quotation mark swallows" in error.what
    assert f"{last - first} line break" in error.what
    assert "stray quotation marks" in error.do


@pytest.mark.parametrize("cell", ["two\nlines", "12 High St, Bath,\nAvon", "\n", "a\n", "a,b,c\nd"])
def test_values_of_several_lines_are_kept(tmp_path, cell):
    text = f'a,b,c,n,d\nE1,E09,"{cell}",1,0.1\nE2,E09,x,1,0.1\n'
    column = read_table(write(tmp_path, "a.csv", text))["c"].fillna("")
    assert column.tolist() == [cell.strip(), "x"]


def test_blank_header_and_old_mac_line_ends(tmp_path):
    assert "has no header" in refused(write(tmp_path, "a.csv", ",,\n1,2,3\n")).what
    assert "line ends are carriage returns" in refused(write(tmp_path, "a.csv", "a,b\r1,2\r")).what


def test_national_table_is_read_in_well_under_a_second(tmp_path):
    frame = pd.DataFrame({f"n{at}": np.arange(32_844) * 1.5 for at in range(20)})
    frame.to_csv(tmp_path / "a.csv", index=False)
    started = time.perf_counter()
    read_table(tmp_path / "a.csv")
    assert time.perf_counter() - started < 2.0  # measured at 0.1 s; the rest is for busy machines


def test_real_tables_keep_codes_and_symbols(shared_data):
    plans = read_table(shared_data / "la_statistics" / "d1_child_protection_plans_2013_to_2022.csv")
    assert plans.columns[0] == "time_period"
    assert isinstance(plans["CPP_start"].dtype, pd.StringDtype)
    assert "c" in set(plans["CPP_start"])
    denominators = read_table(
        shared_data / "deprivation" / "File_6_-_IoD2019_Population_Denominators.csv"
    )
    assert denominators.iloc[0, 4] == 1296.0


@pytest.mark.parametrize("compression", [None, "lz4"])
def test_a_damaged_arrow_file_is_refused_or_read_and_ends_no_process(tmp_path, compression):
    table = pa.table({"code": [f"E01{k:06d}" for k in range(200)], "count": list(range(200))})
    path = tmp_path / "areas.arrow"
    options = pa_ipc.IpcWriteOptions(compression=compression)
    with (
        pa.OSFile(str(path), "wb") as sink,
        pa_ipc.new_file(sink, table.schema, options=options) as w,
    ):
        w.write_table(table)
    whole, rng, refused = path.read_bytes(), np.random.default_rng(1), 0
    for place in rng.integers(8, len(whole), 150):
        changed = bytearray(whole)
        changed[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(changed)
        try:
            assert len(read_table(path).astype(str)) > 0
        except DataError:
            refused += 1
    assert refused > 20


def test_offsets_beyond_the_text_are_refused(tmp_path):
    # A table whose offsets lead outside its text: to follow them would end the process.
    path = tmp_path / "areas.arrow"
    table = pa.table({"code": ["abc", "defg"]})
    with pa.OSFile(str(path), "wb") as sink, pa_ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    content = path.read_bytes()
    offsets, wild = (np.array([0, 3, end], dtype=np.int32).tobytes() for end in (7, 1 << 28))
    assert content.count(offsets) == 1
    path.write_bytes(content.replace(offsets, wild))
    assert "is damaged" in refused(path).what


def test_a_null_byte_late_in_a_csv_is_refused(tmp_path):
    path = tmp_path / "areas.csv"
    path.write_bytes(b"code,count\n" + b"E01000001,5\n" * 2000 + b"E01\x00000002,6\n")
    with pytest.raises(DataError, match=r"holds null bytes \(line 2,002\)"):
        read_table(path)
