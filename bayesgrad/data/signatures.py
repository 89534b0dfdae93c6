"""What a file is, by its first bytes, whatever its name says."""

from __future__ import annotations

import stat
from pathlib import Path

from bayesgrad.data.listing import close_to, counted
from bayesgrad.errors import DataError

HEAD = 4096
"""How many bytes of a file are enough to know what it is."""

TEXT = "text"
GZIP = "a gzip-compressed file"
PARQUET = "a parquet file"
ARROW = "an Arrow file"

EXTENSIONS = {
    ".csv": TEXT,
    ".csv.gz": GZIP,
    ".parquet": PARQUET,
    ".arrow": ARROW,
    ".feather": ARROW,
}
"""Extensions that `read_table` reads, and the content that each must have."""

_SIGNATURES = (
    (b"PAR1", PARQUET),
    (b"ARROW1", ARROW),
    (b"\xff\xff\xff\xff", ARROW),
    (b"\x1f\x8b", GZIP),
    (b"PK\x03\x04", "an Excel workbook (xlsx) or another zip archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (xls)"),
    (b"%PDF", "a PDF document"),
    (b"BZh", "a bzip2-compressed file"),
    (b"\xfd7zXZ", "an xz-compressed file"),
    (b"\x28\xb5\x2f\xfd", "a zstd-compressed file"),
    (b"FEA1", "a feather file of version 1"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x89HDF", "an HDF5 file"),
    (b"<stata_dta>", "a Stata file"),
    (b"$FL2", "an SPSS file"),
    (b"version https://git-lfs", "a Git LFS pointer, not the file itself"),
)

_ADVICE = {
    TEXT: 'save it as CSV, in Excel as "CSV UTF-8 (comma delimited)"',
    GZIP: "compress the csv with gzip",
    PARQUET: "write it again as parquet",
    ARROW: "write it again as an Arrow IPC file",
}


def content_of(head: bytes) -> str:
    """Name the kind of content that a file begins with; `text` where nothing else is recognised."""
    for signature, content in _SIGNATURES:
        if head.startswith(signature):
            return content
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "an HTML page"
    if start.startswith(b"<?xml"):
        return "an XML document"
    if start.startswith((b'{"', b"[{", b"{\n", b"{\r")):
        return "a JSON document"
    return TEXT


def file_content(path: Path) -> str:
    """Kind of content that the extension of an existing file promises, and that the file has.

    Raises
    ------
    DataError
        If the file is missing, is a folder or empty, has an extension that is not read, or is not
        what its name says.
    """
    head = _first_bytes(path)
    promised = _promised(path)
    if not head:
        raise DataError(f"{path}: is empty", "Give a file with a header and rows.")
    found = content_of(head)
    if found != promised:
        ending = next((end for end, content in EXTENSIONS.items() if content == found), None)
        rename = f"rename it to end in {ending}, or " if ending else ""
        advice = rename + _ADVICE[promised]
        raise DataError(
            f"{path}: is not what its name says: its content is {found}",
            f"{advice[0].upper()}{advice[1:]}.",
        )
    return promised


def _promised(path: Path) -> str:
    name = path.name.lower()
    for extension, content in EXTENSIONS.items():
        if name.endswith(extension):
            return content
    if name.endswith((".toml", ".nc")):
        what = "a model spec (TOML)" if name.endswith(".toml") else "a fit file"
        raise DataError(
            f"{path}: is {what}, not a table",
            "Give the spec first and the table after it, as in `bayesgrad check SPEC TABLE`.",
        )
    if name.endswith((".xlsx", ".xls", ".xlsm", ".ods")):
        advice = 'Save the sheet as CSV, in Excel as "CSV UTF-8 (comma delimited)".'
    else:
        advice = f"Give a file whose name ends in {', '.join(EXTENSIONS)}."
    raise DataError(f"{path}: {path.suffix or 'no extension'} is not a kind that is read", advice)


def _first_bytes(path: Path) -> bytes:
    try:
        kind = path.stat().st_mode
        if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
            raise DataError(
                f"{path}: is a device or a pipe, not a file",
                "Write the table to a file, and give that.",
            )
        with path.open("rb") as file:
            return file.read(HEAD)
    except FileNotFoundError:
        beside = sorted(p.name for p in path.parent.iterdir()) if path.parent.is_dir() else []
        raise DataError(
            f"{path}: there is no such file{close_to(path.name, beside)}",
            "Check the path; a relative path starts at the working folder.",
        ) from None
    except IsADirectoryError:
        raise DataError(f"{path}: is a folder", _files_in(path)) from None
    except OSError as error:
        raise DataError(
            f"{path}: cannot be opened: {error.strerror}", "Check who may read the file."
        ) from None


def _files_in(folder: Path) -> str:
    readable = sorted(p.name for p in folder.iterdir() if p.name.lower().endswith((*EXTENSIONS,)))
    if not readable:
        return "Give the path of a table; the folder has none."
    return f"Give the path of one of its {counted(len(readable), 'table')}: " + ", ".join(
        readable[:5]
    )
