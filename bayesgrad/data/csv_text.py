"""Text of a csv file -> columns of text, with every fault of the file named."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from bayesgrad.data.gaps import MISSING
from bayesgrad.data.headings import refuse_repeated_names
from bayesgrad.data.listing import listed
from bayesgrad.data.swallowed import refuse_swallowed_rows
from bayesgrad.errors import DataError
from bayesgrad.spec.writing import plain_name

_BOM = b"\xef\xbb\xbf"
_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_LARGEST_BLOCK = 2**31 - 1


def read_text_columns(
    data: bytes, *, path: Path, kept: Mapping[str, Collection[str]] | None = None
) -> pa.Table:
    """Parse the bytes of a csv file as a table of text columns.

    Blanks around headers and values are removed; `MISSING` becomes null. A column without a header
    is called `unnamed_1` by its position.

    Parameters
    ----------
    kept : mapping of str to collection of str, optional
        Marks of a missing value that a column keeps as they are written.

    Raises
    ------
    DataError
        If the text is not UTF-8, is separated by something other than commas, has no rows, names
        two columns alike, or has rows longer or shorter than the header; or if a quotation mark
        has swallowed rows.
    """
    data = data.removeprefix(_BOM)
    _refuse_other_encodings(data, path)
    _refuse_old_line_ends(data, path)
    _refuse_open_quotation(data, path)
    names, header_end = _header(data, path)
    body = data[header_end:]
    if not body.strip():
        raise DataError(f"{path}: has a header but no rows", "Give a table with rows.")
    table = _parse(body, names, path=path)
    refuse_swallowed_rows(table, path=path)
    kept = kept or {}
    return pa.table(
        {
            name: _missing_as_null(table.column(at), kept=kept.get(name, ()))
            for at, name in enumerate(table.column_names)
        }
    )


def _refuse_other_encodings(data: bytes, path: Path) -> None:
    advice = 'Save the file as UTF-8, in Excel as "CSV UTF-8 (comma delimited)".'
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(f"{path}: is UTF-16 text (Excel: Unicode Text), not UTF-8", advice)
    if b"\0" in data:
        line = data.count(b"\n", 0, data.index(b"\0")) + 1
        raise DataError(
            f"{path}: holds null bytes (line {line:,}), so it is not UTF-8 text", advice
        )
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        start = data.rfind(b"\n", 0, error.start) + 1
        around = data[max(start, error.start - 15) : error.start + 10].split(b"\n")[0]
        shown = around.decode("latin-1").strip()
        raise DataError(
            f"{path}: is not UTF-8 text: byte 0x{data[error.start]:02x} on line {line:,}, "
            f"near {shown!r}",
            advice,
        ) from None


def _refuse_old_line_ends(data: bytes, path: Path) -> None:
    if b"\r" in data and b"\n" not in data:
        raise DataError(
            f"{path}: its line ends are carriage returns alone, as on an old Mac",
            'Save it again, in Excel as "CSV UTF-8 (comma delimited)", not as "CSV (Macintosh)".',
        )


def _refuse_open_quotation(data: bytes, path: Path) -> None:
    if data.count(b'"') % 2:
        raise DataError(
            f"{path}: its quotation marks do not pair up, so that one swallows the rows after it",
            'Close the quotation mark, or write one inside a value as "".',
        )


def _header(data: bytes, path: Path) -> tuple[list[str], int]:
    """Names of the columns, and where the rows start."""
    lines = io.BytesIO(data)
    text = (line.decode("utf-8") for line in lines)
    reader = csv.reader(text)
    try:
        cells = next((row for row in reader if row), [])
    except csv.Error as error:
        raise DataError(
            f"{path}: the header is not csv: {error}", "Mend the first line of the file."
        ) from None
    names = [plain_name(cell) for cell in cells]
    if not any(names):
        raise DataError(f"{path}: has no header", "Name the columns in the first line.")
    for delimiter, word in _DELIMITERS.items():
        if len(names) == 1 and delimiter in names[0]:
            raise DataError(
                f"{path}: is separated by {word}, not commas: its header reads as one column, "
                f"{names[0][:60]!r}",
                'Save it with commas, in Excel as "CSV UTF-8 (comma delimited)".',
            )
    refuse_repeated_names([name for name in names if name], source=str(path))
    named = [name or f"unnamed_{at}" for at, name in enumerate(names, start=1)]
    return named, lines.tell()


def _parse(body: bytes, names: list[str], *, path: Path) -> pa.Table:
    ragged: list[str] = []

    def note(row: pa_csv.InvalidRow) -> str:
        ragged.append(f"row {row.number:,} has {row.actual_columns}")
        return "skip"

    try:
        table = pa_csv.read_csv(
            pa.BufferReader(body),
            read_options=pa_csv.ReadOptions(
                column_names=names,
                use_threads=False,  # rows are numbered only where they are read in order
                block_size=min(len(body) + 1, _LARGEST_BLOCK),
            ),
            parse_options=pa_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=note),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        raise DataError(
            f"{path}: cannot be read as csv: {error}",
            "Open it in a text editor, or write it again from the program that made it.",
        ) from None
    if ragged:
        raise DataError(
            f"{path}: rows differ in length: the header has {len(names)} columns; "
            f"below it, {listed(ragged)}",
            "Put values that hold commas in quotation marks, and remove title lines and footnotes.",
        )
    return table


def _missing_as_null(column: pa.ChunkedArray, *, kept: Collection[str]) -> pa.ChunkedArray:
    trimmed = pc.utf8_trim_whitespace(column)
    marks = [mark for mark in MISSING if mark not in kept]
    missing = pc.is_in(trimmed, value_set=pa.array(marks, pa.string()))
    return pc.if_else(missing, pa.scalar(None, pa.string()), trimmed)
