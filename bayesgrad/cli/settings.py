"""A spec from its file, with what `--set` changes in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bayesgrad.spec import ModelSpec


def read_with(path: Path, settings: Sequence[str] | None) -> ModelSpec:
    """Read a spec and change the keys that are named.

    Parameters
    ----------
    path : Path
    settings : sequence of str or None
        Texts such as ``gradient.unit=0.05``. Paths in them start at the folder of the spec.

    Raises
    ------
    SpecError
        If the spec or a change is at fault.
    """
    from bayesgrad.spec.changes import settings_of
    from bayesgrad.spec.mistaken import checked_path
    from bayesgrad.spec.reading import read_spec

    return read_spec(checked_path(path), settings_of(settings or ()))
