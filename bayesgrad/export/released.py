"""An export as whoever receives it reads it: bytes by name, and what they say."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from bayesgrad.errors import DataError
from bayesgrad.export.rules import Rules, parse_rules
from bayesgrad.files import FORMULA_STARTS

TABLES = "tables/"
_PART = re.compile(r"_part\d+$")


@dataclass(frozen=True, eq=False)
class Released:
    """Files of an export.

    Attributes
    ----------
    files : mapping of str to bytes
        By name relative to the folder, with forward slashes.
    """

    files: Mapping[str, bytes]

    @cached_property
    def rules(self) -> Rules:
        """Rules that went with the export."""
        return parse_rules(json.loads(self.files["rules.json"]), source="rules.json")

    @cached_property
    def about(self) -> dict[str, Any]:
        """`fit.json`."""
        content: dict[str, Any] = json.loads(self.files["fit.json"])
        return content

    @cached_property
    def texts(self) -> dict[str, pd.DataFrame]:
        """Tables by name, their parts put together, every cell as text."""
        parts: dict[str, list[pd.DataFrame]] = {}
        for file in sorted(self.files, key=_by_part):
            if file.startswith(TABLES) and file.endswith(".csv"):
                name = _PART.sub("", file.removeprefix(TABLES).removesuffix(".csv"))
                parts.setdefault(name, []).append(read_text_table(self.files[file]))
        return {name: pd.concat(own, ignore_index=True) for name, own in parts.items()}

    @cached_property
    def withheld(self) -> pd.DataFrame:
        """`withheld.csv`, every cell as text."""
        return read_text_table(self.files["withheld.csv"])


def read_export(folder: str | Path) -> Released:
    """Read an export from its folder.

    Parameters
    ----------
    folder : str or Path

    Raises
    ------
    DataError
        If the folder is not an export of bayesgrad.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"{folder}: there is no such folder", "Give the folder of an export.")
    # Hidden files are of the package or the system, and no part of it.
    names = [
        path.relative_to(folder).as_posix()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    ]
    missing = [name for name in ("fit.json", "rules.json", "withheld.csv") if name not in names]
    if missing:
        raise DataError(
            f"{folder}: is not an export of bayesgrad: it has no {missing[0]}",
            "Give the folder that `bayesgrad export` wrote, whole.",
        )
    found = Released({name: (folder / name).read_bytes() for name in names})
    try:
        _ = found.rules, found.about, found.texts, found.withheld
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{folder}: cannot be read as an export: {error}",
            "Give the folder that `bayesgrad export` wrote, whole.",
        ) from error
    return found


def read_text_table(content: bytes) -> pd.DataFrame:
    """CSV of an export with every cell as text, as it was before formulas were neutralised."""
    frame = pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False, encoding="utf-8")
    frame.columns = [_plain(name) for name in frame.columns]
    return frame.map(_plain)


def _plain(text: str) -> str:
    """Without the apostrophe that keeps a spreadsheet from running a text."""
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA_STARTS) else text


def _by_part(file: str) -> tuple[str, int]:
    found = re.search(r"_part(\d+)\.csv$", file)
    return (file[: found.start()], int(found[1])) if found else (file, 0)
