"""The fit file: one NetCDF file that is whole or is not there, and that tells if it was changed.

After the NetCDF content (HDF5, readable by any NetCDF library) stands one line with the SHA-256 of
all that comes before it. The content is made in memory, since a full disk would end the process
inside the HDF5 library, then written under a temporary name, flushed to disk and renamed. Reading
begins with the SHA-256, and with a look at every object (`bayesgrad.fitting.untrusted`).
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from bayesgrad.errors import FitError
from bayesgrad.files import replacing
from bayesgrad.fitting.small_totals import without_small_totals
from bayesgrad.fitting.untrusted import refuse_hostile
from bayesgrad.spec.model_spec import ModelSpec

FORMAT = 3
_MARK = b"\nbayesgrad-sha256="
_LENGTH = len(_MARK) + 64 + 1
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")
"""Characters that control a terminal, but for line ends and blanks; no name of a fit has any."""
_COMPRESSED_FROM = 1000
_BLOCK = 1 << 20

SUFFIXES_OF_OTHERS = frozenset(
    f".{ending}"
    for kinds in (
        ("csv", "tsv", "txt", "xlsx", "xls", "ods", "parquet", "feather", "arrow", "dta", "sav"),
        (
            "json",
            "toml",
            "yaml",
            "md",
            "html",
            "svg",
            "png",
            "pdf",
            "gz",
            "zip",
            "rds",
            "pkl",
            "py",
        ),
    )
    for ending in kinds
)
"""Suffixes of files that are of another kind than a fit."""


class Stored(NamedTuple):
    """What a fit file holds; see `GradientFit`."""

    spec: ModelSpec
    draws: xr.DataTree
    provenance: dict[str, Any]


def write_fit(content: Stored, path: Path) -> None:
    """Write a fit to one NetCDF file; a killed run leaves the old file, or none.

    Parameters
    ----------
    content : Stored
    path : Path
        Its folder must exist.

    Raises
    ------
    FitError
        If the folder does not exist, or the name is that of a file of another kind.
    """
    refuse_other_suffix(path)
    if not path.parent.is_dir():
        raise FitError(f"{path}: the folder {path.parent} does not exist", "Create it first.")
    # With the areas themselves in the file there is nothing to keep from its readers.
    draws = content.draws
    tree = (draws if "areas" in draws.children else without_small_totals(draws)).copy()
    tree.attrs = {
        "bayesgrad_format": FORMAT,
        "title": content.spec.title,
        "spec": content.spec.model_dump_json(),
        "provenance": json.dumps(content.provenance, sort_keys=True),
    }
    content_bytes = io.BytesIO()
    tree.to_netcdf(content_bytes, engine="h5netcdf", encoding=_encoding(tree))
    body = content_bytes.getbuffer()
    with replacing(path) as (temporary,), temporary.open("wb") as stream:
        stream.write(body)
        stream.write(_closing_line(hashlib.sha256(body).hexdigest()))


def refuse_other_suffix(path: Path) -> None:
    """Refuse a path of a fit file whose name says that it is of another kind. Raises FitError."""
    if path.suffix.lower() in SUFFIXES_OF_OTHERS:
        raise FitError(
            f"{path}: a fit is not written as {path.suffix}", "End the name of the fit with .nc."
        )


def read_fit(path: Path) -> Stored:
    """Read what `write_fit` wrote.

    Raises
    ------
    FitError
        If the file is missing, is not a fit file, was truncated or changed since it was written,
        or was written by a later version.
    """
    _verify(path)
    refuse_hostile(path)
    try:
        return _content(path)
    except (OSError, RuntimeError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise FitError(
            f"{path}: is not a fit file of bayesgrad: {type(error).__name__}: "
            f"{(str(error).splitlines() or [''])[0]}",
            "Copy it again from where it was made, or fit again.",
        ) from error


def _content(path: Path) -> Stored:
    with xr.open_datatree(path, engine="h5netcdf") as opened:
        tree = opened.load()
        for node in tree.subtree:
            # `DataTree.load` leaves out a variable that has the name of its group.
            for variable in node.variables.values():
                variable.load()
    written = int(tree.attrs["bayesgrad_format"])
    if written != FORMAT:
        raise FitError(
            f"{path}: has format {written}; this version reads {FORMAT}",
            "Update bayesgrad." if written > FORMAT else "Fit again with this version.",
        )
    spec = ModelSpec.model_validate_json(tree.attrs["spec"])
    provenance = json.loads(tree.attrs["provenance"])
    if not isinstance(provenance, dict):
        raise ValueError("its provenance is no table of keys")
    tree.attrs = {}
    tree = _with_plain_strings(tree)
    _refuse_control_characters(tree, path)
    return Stored(spec, tree, provenance)


def _refuse_control_characters(tree: xr.DataTree, path: Path) -> None:
    """Refuse names that would do something to the terminal on which they are shown."""
    for node in tree.subtree:
        for name, variable in node.variables.items():
            if variable.dtype.kind == "U" and _CONTROL.search("".join(variable.values.flat)):
                raise FitError(
                    f"{path}: was not written by bayesgrad: {node.path}/{name} holds control "
                    "characters",
                    "Do not print it on a terminal; ask where it comes from.",
                )


_OTHER_FILES = {
    ".toml": "a model spec or a prior pack",
    ".csv": "a table",
    ".parquet": "a table",
    ".arrow": "a table",
}


def _closing_line(digest: str) -> bytes:
    return _MARK + digest.encode() + b"\n"


def _verify(path: Path) -> None:
    """Compare the content of a fit file with the SHA-256 at its end."""
    if path.is_dir():
        raise FitError(f"{path}: is a folder", "Give the path of a fit file (.nc) in it.")
    if not path.is_file():
        raise FitError(f"{path}: there is no such file", "Give the path of a fit file (.nc).")
    other = _OTHER_FILES.get(path.suffix.lower())
    if other is not None:
        raise FitError(
            f"{path}: is {other}, not a fit file",
            "Give the file that `bayesgrad fit` wrote (.nc).",
        )
    with path.open("rb") as stream:
        left = max(os.fstat(stream.fileno()).st_size - _LENGTH, 0)
        digest = hashlib.sha256()
        while left and (block := stream.read(min(left, _BLOCK))):
            digest.update(block)
            left -= len(block)
        tail = stream.read(_LENGTH + 1)
    if not tail.startswith(_MARK):
        raise FitError(
            f"{path}: is not a whole fit file of bayesgrad (its closing line is missing)",
            "It was truncated, or written by something else: copy it again, or fit again.",
        )
    if tail != _closing_line(digest.hexdigest()):
        raise FitError(
            f"{path}: was changed or damaged since it was written (its SHA-256 does not match)",
            "Copy it again from where it was made, or fit again.",
        )


def _encoding(tree: xr.DataTree) -> dict[str, dict[str, dict[str, object]]]:
    """Compress large arrays of whole numbers; draws would take twice the time and shrink little."""
    packed = {"compression": "gzip", "compression_opts": 1, "shuffle": True}
    return {
        node.path: {
            str(name): packed
            for name, variable in node.data_vars.items()
            if variable.size >= _COMPRESSED_FROM and variable.dtype.kind in "iu"
        }
        for node in tree.subtree
        if node.has_data
    }


def _with_plain_strings(tree: xr.DataTree) -> xr.DataTree:
    """Give names the fixed-width string type that they have in a fresh fit."""

    def plain(dataset: xr.Dataset) -> xr.Dataset:
        named = {
            str(name): variable.astype(np.str_)
            for name, variable in dataset.variables.items()
            if variable.dtype.kind in "OT"
        }
        return dataset.assign_coords(
            {name: v for name, v in named.items() if name in dataset.coords}
        ).assign({name: v for name, v in named.items() if name in dataset.data_vars})

    return tree.map_over_datasets(plain)
