"""What several verbs do with their results."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bayesgrad.errors import DiagnosticsError, FitError

if TYPE_CHECKING:
    from bayesgrad.fitting import GradientFit

ASKED_FOR = ("pairs",)
"""Tables that are not written with a fit: `pairs` has a row for every two authorities."""


def say(text: str, *, err: bool = False) -> None:
    """Print a line, if anyone still reads: a closed pipe ends no work that is under way."""
    try:
        typer.echo(text, err=err)
    except BrokenPipeError:
        give_up_pipes()


def give_up_pipes() -> None:
    """Send nowhere what is still printed, so that nothing fails at exit either."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            if not stream.isatty():
                os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def require_folder(path: Path) -> None:
    """Refuse, before any work is done, a file that could not be written where it should be."""
    if not path.parent.is_dir():
        raise FitError(f"{path}: the folder {path.parent} does not exist", "Create it first.")
    if path.is_dir():
        raise FitError(f"{path}: is a folder", "Give the name of a file in it.")


def write_tables(fit: GradientFit, folder: Path) -> list[Path]:
    """Write the tables of a fit as CSV, all or none; say which the fit cannot give, and why.

    Such are ranks where diagnostics failed, and thresholds whose gradients are not of one kind.
    """
    from bayesgrad.estimands import tables_of
    from bayesgrad.files import csv_text, write_texts

    folder.mkdir(parents=True, exist_ok=True)
    contents = {}
    for name in tables_of(fit.draws):
        if name in ASKED_FOR:
            continue
        try:
            contents[folder / f"{name}.csv"] = csv_text(fit.table(name))
        except DiagnosticsError as error:
            say(f"{name} withheld: {error.what}", err=True)
        except FitError as error:
            say(f"{name} left out: {error.what}", err=True)
    write_texts(contents)
    return list(contents)


def warn_if_failed(fit: GradientFit) -> None:
    """Say on standard error that a fit failed its diagnostics."""
    if not fit.passed:
        checks = fit.diagnostics()
        failed = ", ".join(checks["check"][~checks["passed"]])
        typer.echo(f"warning: the fit failed its diagnostics ({failed})", err=True)
