"""Where a fit came from: versions, what its table was called, seed, engine and timings.

Nothing that is kept is computed from the values of the table: who knows all rows but one would find
the last from a hash of the file by trying.
"""

from __future__ import annotations

import hashlib
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd

PACKAGES = (
    "bayesgrad",
    "pymc",
    "pytensor",
    "nutpie",
    "arviz-stats",
    "numba",
    "numpy",
    "scipy",
    "pandas",
    "xarray",
)


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that a fit depends on."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def table_origin(table: pd.DataFrame | Path, frame: pd.DataFrame) -> dict[str, Any]:
    """What is kept of a fit's table: ``of`` ("file" with its name, or "data frame") and its size.

    Returns
    -------
    dict
        ``of``, and the numbers of ``rows`` and ``columns``.
    """
    of = f"file {table.name}" if isinstance(table, Path) else "data frame"
    return {"of": of, "rows": len(frame), "columns": len(frame.columns)}


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes (hexadecimal), for a note that stays where the table is."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
