"""Reading a spec from TOML, with errors that name the file, the key and what is allowed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bayesgrad.errors import SpecError, shortened
from bayesgrad.spec.adjacency import read_neighbours
from bayesgrad.spec.changes import changed, document_of
from bayesgrad.spec.faults import GRAMMAR, validate_spec
from bayesgrad.spec.mistaken import ORDER, looks_like_a_table, refuse_other_files
from bayesgrad.spec.model_spec import ModelSpec
from bayesgrad.spec.pack_files import read_pack
from bayesgrad.spec.text_files import content_of, decoded, read_text
from bayesgrad.spec.validated import Part


def read_spec(path: Path, changes: Mapping[str, Any] | None = None) -> ModelSpec:
    """Read and validate the spec in a TOML file, with changes to it; see `ModelSpec.read`."""
    try:
        data = content_of(path, pipes=True)
        refuse_other_files(path, data)
        text = decoded(data)
    except FileNotFoundError:
        raise SpecError(
            f"{path}: there is no such file",
            "Give the path of a model spec (TOML). `bayesgrad models` lists those that ship here.",
        ) from None
    except IsADirectoryError:
        raise SpecError(f"{path}: is a folder", "Give the path of a TOML file in it.") from None
    except UnicodeDecodeError as error:
        raise SpecError(
            f"{path}: is not UTF-8 text (byte {error.start})", "Save the spec as UTF-8."
        ) from None
    except OSError as error:
        raise SpecError(
            f"{path}: cannot be read: {error.strerror}",
            "Check who may read the file.",
        ) from None
    return parse_spec(text, source=str(path), folder=path.parent, changes=changes)


def parse_spec(
    text: str,
    *,
    source: str,
    folder: Path = Path(),
    changes: Mapping[str, Any] | None = None,
) -> ModelSpec:
    """Parse and validate a spec in TOML text; see `ModelSpec.from_toml`.

    Paths in it are relative to `folder`; `changes` are those of `bayesgrad.spec.changes`.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _not_toml(error, text, source=source) from None
    except (ValueError, RecursionError):
        raise SpecError(
            f"{source}: has a number of thousands of digits, or lists inside lists without end",
            "Write the spec again: `bayesgrad models` lists some to start from.",
        ) from None
    if {"format", "parameters"} <= content.keys():
        raise SpecError(
            f"{source}: is a prior pack, not a model spec",
            'Name it in the spec of one authority: prior_pack = "FILE".',
        )
    if changes:
        source = f"{source} as changed"
        content = changed(content, changes, source=source)
    return validate_spec(_with_files(content, folder, source=source), source=source)


def change_spec(spec: ModelSpec, changes: Mapping[str, Any]) -> ModelSpec:
    """Return a spec with changes; see `ModelSpec.with_`. Paths start at the working folder."""
    source = "spec as changed"
    document = changed(document_of(spec), changes, source=source)
    return validate_spec(_with_files(document, Path(), source=source), source=source)


def _not_toml(error: tomllib.TOMLDecodeError, text: str, *, source: str) -> SpecError:
    """Say what a text that is not TOML is, or what is wrong in the line that is at fault."""
    if looks_like_a_table(text):
        return SpecError(f"{source}: is a table, not a model spec (TOML)", ORDER)
    where = re.search(r"at line (\d+)", str(error))
    lines = text.splitlines()
    line = lines[int(where[1]) - 1] if where and int(where[1]) <= len(lines) else ""
    if re.search(r'"[^"]*\\', line):
        return SpecError(
            f"{source}: is not valid TOML: {error}: a backslash between double quotation marks "
            f"begins an escape: {shortened(line.strip())}",
            _SLASHES,
        )
    return SpecError(f"{source}: is not valid TOML: {error}", "Mend the line that is named.")


_SLASHES = (
    'Write paths with forward slashes, as in "data/pairs.csv", or between single quotation marks.'
)


FILES: Mapping[tuple[str, ...], Callable[[Path, dict[str, Any]], object]] = {
    ("prior_pack",): lambda path, _: read_pack(path),
    ("spatial", "adjacency"): lambda path, keys: read_neighbours(path, code=keys.get("code")),
}
"""Keys that name a file, and what reads it, given the keys beside."""


def files_of(path: Path, changes: Mapping[str, Any] | None = None) -> tuple[Path, ...]:
    """Paths of the files that a spec with changes names; of one that cannot be read, none."""
    try:
        document = changed(tomllib.loads(read_text(path)), changes or {}, source=str(path))
    except (OSError, ValueError, RecursionError, SpecError):
        return ()
    named = [_at(document, keys) for keys in FILES]
    return tuple(path.parent / name for name in named if isinstance(name, str))


def _with_files(document: dict[str, Any], folder: Path, *, source: str) -> dict[str, Any]:
    """Put the content of each file that a spec names in place of its path.

    Content that is there already, as a table of keys, stays.

    Raises
    ------
    SpecError
        If a path is not text, or the file cannot be read.
    """
    for keys, read in FILES.items():
        if not isinstance(_at(document, keys), dict | Part | None):
            document = _with_file(document, keys, read, folder=folder, source=source)
    return document


def _at(document: Any, keys: Sequence[str]) -> Any:
    for key in keys:
        document = document.get(key) if isinstance(document, dict) else None
    return document


def _with_file(
    document: dict[str, Any],
    keys: Sequence[str],
    read: Callable[[Path, dict[str, Any]], object],
    *,
    folder: Path,
    source: str,
) -> dict[str, Any]:
    """Copy of a document with the content of one file in place of its path."""
    key, *rest = keys
    if rest:
        inner = _with_file(document[key], rest, read, folder=folder, source=source)
        return {**document, key: inner}
    path = document[key]
    if not isinstance(path, str) or not path:
        raise SpecError(
            f"{source}: {'.'.join(keys)} should be the path of a file, in quotation marks", GRAMMAR
        )
    _refuse_escapes(path, where=f"{source}: {'.'.join(keys)}")
    if "\\" in path and not (folder / path).exists():
        path = path.replace("\\", "/")
    return {**document, key: read(folder / path, document)}


def _refuse_escapes(path: str, *, where: str) -> None:
    """Refuse a path with a control character, which a backslash was read as."""
    if not path.isprintable():
        raise SpecError(
            f"{where} = {path!r}: holds a control character, which a backslash between double "
            "quotation marks makes of the letter after it",
            _SLASHES,
        )
