"""Tables from files: csv, csv.gz, parquet, arrow and feather; and from whatever a user gives."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.ipc as pa_ipc
import pyarrow.parquet as pa_parquet

from bayesgrad.data.arrow_tables import frame_of_arrow
from bayesgrad.data.csv_text import read_text_columns
from bayesgrad.data.frames import as_frame
from bayesgrad.data.gaps import MISSING
from bayesgrad.data.headings import refuse_absent_columns, refuse_repeated_names
from bayesgrad.data.numerals import ONE_NUMBER, as_numbers, different_texts_of_one_number
from bayesgrad.data.selection import columns_of, columns_of_codes
from bayesgrad.data.signatures import ARROW, GZIP, PARQUET, TEXT, content_of, file_content
from bayesgrad.errors import DataError
from bayesgrad.spec.model_spec import ModelSpec
from bayesgrad.spec.writing import plain_name

Kept = Mapping[str, Collection[str]]
"""Columns that keep marks of a missing value as they are written, and which."""


def table_given(spec: ModelSpec, table: object) -> tuple[pd.DataFrame, str]:
    """Table that a user gives, as a path or in memory, and what messages call it.

    Raises
    ------
    DataError
        See `read_table` and `bayesgrad.data.frames.as_frame`.
    """
    if isinstance(table, str | os.PathLike):
        return read_table(Path(table), spec=spec), os.fspath(table)
    return as_frame(table, needed=columns_of(spec), source="table"), "table"


def read_table(
    path: str | Path, *, columns: Sequence[str] | None = None, spec: ModelSpec | None = None
) -> pd.DataFrame:
    """Read a table from a csv, csv.gz, parquet, arrow or feather file.

    A csv file is read as text first. Blanks around headers and values are removed; nothing, `NA`
    and `NaN` are missing values; a column where every other value is a plain number becomes
    numeric, and any other column stays text, so that codes ("E09000007", "007") and symbols (`c`)
    are kept as they are written. Thousands separators ("378,030") are read where the whole column
    is written with them.

    With a spec, its columns of codes, names and strata stay text as they are written ("1.10" is not
    "1.1"), and so does its symbol of suppressed counts where this is `NA` or `NaN`.

    Parameters
    ----------
    path : str or Path
    columns : sequence of str, optional
        Columns to keep, in this order; all by default.
    spec : ModelSpec, optional
        What the table is read for. `fit`, `audit` and the command line read a file by its path in
        this way.

    Returns
    -------
    DataFrame
        With a fresh index, in the order of the file.

    Raises
    ------
    DataError
        If the file is missing, a folder, empty, damaged or not what its name says; if a csv is not
        UTF-8, not separated by commas, or has no rows, columns of one name, rows that differ in
        length or rows that a quotation mark swallows; or if one of `columns` is not there.
    """
    path = Path(path)
    codes = frozenset(columns_of_codes(spec)) if spec is not None else frozenset()
    kept = {} if spec is None else _marks_kept(spec)
    table = _READERS[file_content(path)](path, kept)
    names = [plain_name(name) for name in table.column_names]
    refuse_repeated_names(names, source=str(path))
    table = table.rename_columns(names)
    if not table.num_rows:
        raise DataError(f"{path}: has columns but no rows", "Give a table with rows.")
    if columns is not None:
        refuse_absent_columns(columns, names, source=str(path))
        table = table.select(list(columns))
    if not path_is_text(path):
        return frame_of_arrow(table, source=str(path))
    return _typed(table, as_written=codes)


def path_is_text(path: Path) -> bool:
    """Whether a file holds csv text, plain or compressed, by its name."""
    return path.name.lower().endswith((".csv", ".csv.gz"))


def _marks_kept(spec: ModelSpec) -> Kept:
    """Marks of a missing value that are a code to refuse, or a symbol of suppressed counts."""
    kept: dict[str, Collection[str]] = {
        name: [mark for mark in MISSING if mark] for name in columns_of_codes(spec)
    }
    if spec.likelihood.suppressed is not None:
        for outcome in spec.outcomes:
            kept.setdefault(outcome.column, [spec.likelihood.suppressed.symbol])
    return kept


def _typed(table: pa.Table, *, as_written: Collection[str]) -> pd.DataFrame:
    """Read text that is numbers as such; `attrs` names texts that became one number."""
    arrays, one_number = [], {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        array = column if name in as_written else as_numbers(column)
        if pa.types.is_floating(array.type) and column.null_count < len(column):
            texts = different_texts_of_one_number(column, array)
            if texts is not None:
                one_number[name] = list(texts)
        arrays.append(array)
    frame = pa.table(arrays, names=table.column_names).to_pandas(ignore_metadata=True)
    if one_number:
        frame.attrs[ONE_NUMBER] = one_number
    return frame  # type: ignore[no-any-return]


def _read_csv(path: Path, kept: Kept) -> pa.Table:
    return read_text_columns(path.read_bytes(), path=path, kept=kept)


def _read_gzip(path: Path, kept: Kept) -> pa.Table:
    try:
        data = gzip.decompress(path.read_bytes())
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise _damaged(path, error) from None
    found = content_of(data)
    if found != TEXT:
        raise DataError(
            f"{path}: is not what its name says: compressed in it is {found}",
            "Compress a csv file with gzip.",
        )
    return read_text_columns(data, path=path, kept=kept)


def _read_parquet(path: Path, _: Kept) -> pa.Table:
    try:
        with pa_parquet.ParquetFile(path) as file:
            return _valid(file.read())
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise _damaged(path, error) from None


def _read_arrow(path: Path, _: Kept) -> pa.Table:
    # Not from a memory map: a file that shrinks while it is read would end the process.
    try:
        source = pa.py_buffer(path.read_bytes())
        try:
            return _valid(pa_ipc.open_file(source).read_all())
        except pa.ArrowInvalid:
            return _valid(pa_ipc.open_stream(source).read_all())
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise _damaged(path, error) from None


def _valid(table: pa.Table) -> pa.Table:
    """The table, every offset and text of it looked at: a damaged one ends the process later."""
    table.validate(full=True)
    table.rename_columns(table.column_names)  # names, too, are text
    return table


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(
        f"{path}: is damaged or cut short: {str(error).splitlines()[0]}",
        "Fetch or write the file again.",
    )


_READERS: dict[str, Callable[[Path, Kept], pa.Table]] = {
    TEXT: _read_csv,
    GZIP: _read_gzip,
    PARQUET: _read_parquet,
    ARROW: _read_arrow,
}
