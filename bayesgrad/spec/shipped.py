"""The model specs that come with the package."""

from __future__ import annotations

import tomllib
from pathlib import Path

import bayesgrad
from bayesgrad.errors import SpecError


def shipped_specs() -> dict[str, Path]:
    """Path of each shipped spec by its name, in order of name.

    An installed package holds them in its own folder `models`; a checkout, beside the package.
    """
    package = Path(bayesgrad.__file__).parent
    folders = (package / "models", package.parent / "models")
    found = next((folder for folder in folders if folder.is_dir()), folders[0])
    return {path.stem: path for path in sorted(found.glob("*.toml"))}


def read_shipped(name: str) -> str:
    """Text of a shipped spec.

    Raises
    ------
    SpecError
        If there is no such spec; the message lists those there are.
    """
    specs = shipped_specs()
    if name not in specs:
        raise SpecError(
            f"no spec named {name!r} comes with the package", f"There are: {', '.join(specs)}."
        )
    return specs[name].read_text(encoding="utf-8")


def shipped_title(name: str) -> str:
    """Title of a shipped spec, whose files (a prior pack) need not be there."""
    return str(tomllib.loads(read_shipped(name))["title"])
