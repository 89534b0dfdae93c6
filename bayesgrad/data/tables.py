"""Tables from files: csv, csv.gz, parquet, arrow and feather."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.ipc as pa_ipc
import pyarrow.parquet as pa_parquet

from bayesgrad.data.csv_text import read_text_columns, refuse_repeated_names
from bayesgrad.data.listing import close_to, listed
from bayesgrad.data.numerals import as_numbers
from bayesgrad.data.signatures import ARROW, GZIP, PARQUET, TEXT, content_of, file_content
from bayesgrad.errors import DataError


def read_table(path: str | Path, *, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Read a table from a csv, csv.gz, parquet, arrow or feather file.

    A csv file is read as text first. Blanks around headers and values are removed; nothing, `NA`
    and `NaN` are missing values; a column where every other value is a plain number becomes
    numeric, and any other column stays text, so that codes ("E09000007", "007") and symbols (`c`)
    are kept as they are written. Thousands separators ("378,030") are read where the whole column
    is written with them.

    Parameters
    ----------
    path : str or Path
    columns : sequence of str, optional
        Columns to keep, in this order; all by default.

    Returns
    -------
    DataFrame
        With a fresh index, in the order of the file.

    Raises
    ------
    DataError
        If the file is missing, a folder, empty, damaged or not what its name says; if a csv is not
        UTF-8, not separated by commas, or has no rows, columns of one name or rows that differ in
        length; or if one of `columns` is not there.
    """
    path = Path(path)
    table = _READERS[file_content(path)](path)
    names = [name.strip() for name in table.column_names]
    refuse_repeated_names(names, source=str(path))
    table = table.rename_columns(names)
    if not table.num_rows:
        raise DataError(f"{path}: has columns but no rows", "Give a table with rows.")
    if columns is not None:
        refuse_absent_columns(columns, names, source=str(path))
        table = table.select(list(columns))
    arrays = [
        as_numbers(column) if pa.types.is_string(column.type) and path_is_text(path) else column
        for column in table.columns
    ]
    converted = pa.table(arrays, names=table.column_names)
    return converted.to_pandas(ignore_metadata=True)  # type: ignore[no-any-return]


def path_is_text(path: Path) -> bool:
    """Whether a file holds csv text, plain or compressed, by its name."""
    return path.name.lower().endswith((".csv", ".csv.gz"))


def refuse_absent_columns(wanted: Sequence[str], present: Sequence[str], *, source: str) -> None:
    """Refuse a table without some of the columns wanted, naming those close to them."""
    absent = [name for name in wanted if name not in present]
    if absent:
        close = close_to(absent[0], present)
        raise DataError(
            f"{source}: there is no column {listed(absent)}{close}",
            f"The table has {listed(present, shown=30)}.",
        )


def _read_csv(path: Path) -> pa.Table:
    return read_text_columns(path.read_bytes(), path=path)


def _read_gzip(path: Path) -> pa.Table:
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
    return read_text_columns(data, path=path)


def _read_parquet(path: Path) -> pa.Table:
    try:
        with pa_parquet.ParquetFile(path) as file:
            return _valid(file.read())
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise _damaged(path, error) from None


def _read_arrow(path: Path) -> pa.Table:
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


_READERS: dict[str, Callable[[Path], pa.Table]] = {
    TEXT: _read_csv,
    GZIP: _read_gzip,
    PARQUET: _read_parquet,
    ARROW: _read_arrow,
}
