"""Where a fit came from: versions, the table's fingerprint, seed, engine and timings."""

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


def fingerprint(table: pd.DataFrame | Path) -> dict[str, Any]:
    """SHA-256 of a table: of the file's bytes, or of a DataFrame's values and column names.

    Returns
    -------
    dict
        ``sha256`` (hexadecimal) and ``of`` ("file" with its name, or "data frame").
    """
    if isinstance(table, Path):
        with table.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return {"sha256": digest, "of": f"file {table.name}"}
    content = hashlib.sha256("\x1f".join(map(str, table.columns)).encode())
    # Columns of objects and of Arrow types may hold what pandas cannot hash, such as lists.
    plain = table.apply(
        lambda column: (
            column.map(repr)
            if column.dtype == object or isinstance(column.dtype, pd.ArrowDtype)
            else column
        )
    )
    content.update(pd.util.hash_pandas_object(plain, index=False).to_numpy().tobytes())
    return {"sha256": content.hexdigest(), "of": "data frame"}
