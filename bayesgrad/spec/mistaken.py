"""What is given where a spec is expected, and is none: a table, a fit, the text of a spec."""

from __future__ import annotations

import os
from pathlib import Path

from bayesgrad.errors import SpecError

ORDER = "Give the spec (TOML) first and the table after it, as in `bayesgrad check SPEC TABLE`."

_TABLES = (".csv", ".csv.gz", ".tsv", ".parquet", ".arrow", ".feather", ".xlsx", ".xls", ".ods")
_SIGNATURES = (
    (b"PAR1", "a table (parquet)"),
    (b"ARROW1", "a table (Arrow)"),
    (b"\x1f\x8b", "a compressed file"),
    (b"PK\x03\x04", "an Excel workbook or another zip archive"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook"),
    (b"\x89HDF", "a fit file"),
)
_SEPARATORS = (",", ";", "\t")


def checked_path(given: object) -> Path:
    """Path of a spec file.

    Raises
    ------
    SpecError
        If a table, a spec as a dictionary or its text, or anything else that is no path is given.
    """
    if not isinstance(given, str | os.PathLike):
        kind = type(given).__name__
        is_frame = hasattr(given, "columns")
        what = f"a table ({kind})" if is_frame else f"a {kind}"
        raise SpecError(
            f"{what} is given where a model spec is expected",
            "Give the spec first and the table after it."
            if is_frame
            else "Give a ModelSpec or the path of a TOML file; ModelSpec.model_validate takes a "
            "dictionary.",
        )
    text = os.fspath(given)
    if "\n" in text or "\0" in text:
        raise SpecError(
            "the text of a spec is given where the path of a file is expected"
            if "\n" in text
            else "the path of a spec holds a null character",
            "Use ModelSpec.from_toml for text, or give the path of a TOML file.",
        )
    return Path(text)


def refuse_other_files(path: Path, data: bytes) -> None:
    """Refuse a file whose name or first bytes say that it is a table or a fit, not a spec."""
    name = path.name.lower()
    found = next((what for mark, what in _SIGNATURES if data.startswith(mark)), None)
    if found is None and name.endswith(_TABLES):
        found = "a table"
    if found is None:
        return
    raise SpecError(f"{path}: is {found}, not a model spec (TOML)", ORDER)


def looks_like_a_table(text: str) -> bool:
    """Whether text that is not TOML is a table: lines of equally many cells, none a key."""
    lines = [line for line in text.splitlines() if line.strip()][:3]
    if len(lines) < 2 or any("=" in line or line.lstrip().startswith(("[", "#")) for line in lines):
        return False
    counts = [{line.count(mark) for line in lines} for mark in _SEPARATORS]
    return any(len(count) == 1 and count != {0} for count in counts)
