"""What several verbs do with their results."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bayesgrad.errors import BayesgradError, DiagnosticsError, FitError

if TYPE_CHECKING:
    from bayesgrad.fitting import GradientFit
    from bayesgrad.outputs import OwnFiles

ASKED_FOR = ("pairs",)
"""Tables that are not written with a fit: `pairs` has a row for every two authorities."""


def say(text: str, *, err: bool = False) -> None:
    """Print a line, if that can be done: neither a closed pipe nor a full disk ends what is done.

    Where standard output cannot be written, standard error says so, once.
    """
    try:
        typer.echo(text, err=err)
    except BrokenPipeError:
        give_up_pipes()
    except OSError as error:
        stream = sys.stderr if err else sys.stdout
        nowhere = os.open(os.devnull, os.O_WRONLY)
        with suppress(OSError, ValueError, AttributeError):
            os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
        if not err:
            why = error.strerror or error
            say(f"warning: standard output cannot be written: {why}: it is left out", err=True)


def give_up_pipes() -> None:
    """Send nowhere what is still printed, so that nothing fails at exit either."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            if not stream.isatty():
                os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def require_folder(path: Path, *, inputs: Iterable[Path] = ()) -> None:
    """Refuse, before any work is done, a file that could not be written, or that is an input."""
    from bayesgrad.outputs import require_writable

    require_writable(path, inputs=inputs)


def refuse_file_as_folder(out: Path, folder: Path) -> None:
    """Refuse, before a fit, a folder of tables that is the fit file, or lies in it."""
    if folder.resolve().is_relative_to(out.resolve()):
        raise FitError(
            f"{folder}: --tables is a folder, and {out} is the file of the fit",
            "Give the two different names.",
        )


def save_fit(fit: GradientFit, out: Path) -> None:
    """Write a fit; where that fails after all the work, write it to the temporary folder instead.

    Raises
    ------
    FitError
        Where it could not be written to its place: the message says where it is.
    """
    try:
        fit.save(out)
    except OSError as error:
        why = f"{out}: could not be written: {error.strerror or error}"
        instead = Path(tempfile.mkdtemp(prefix="bayesgrad-")) / "fit.nc"
        try:
            fit.save(instead)
        except OSError:
            shutil.rmtree(instead.parent, ignore_errors=True)
            raise FitError(
                f"{why}; nor could it be written to {instead.parent.parent}",
                "Make room, and fit again.",
            ) from error
        raise FitError(
            f"{why}; the fit is in {instead}, which only you can read",
            "Make room, and move it to where it should be.",
        ) from error


def read_by(spec: Path, table: Path, settings: Sequence[str] | None = None) -> tuple[Path, ...]:
    """Files that a fit reads: spec and table, and those that the spec, as changed, names."""
    from bayesgrad.spec.changes import settings_of
    from bayesgrad.spec.reading import files_of

    return (spec, table, *files_of(spec, settings_of(settings or ())))


def outcomes_of(spec: Path) -> tuple[str, ...]:
    """Columns of the outcomes of a spec; none where it cannot be read, which its reader tells."""
    from bayesgrad.spec import ModelSpec

    try:
        return tuple(outcome.column for outcome in ModelSpec.read(spec).outcomes)
    except (BayesgradError, OSError):
        return ()


def table_files(folder: Path) -> OwnFiles:
    """The tables of a fit in a folder."""
    from bayesgrad.outputs import OwnFiles

    return OwnFiles(folder, "tables")


def require_table_folder(folder: Path, *, inputs: Iterable[Path]) -> None:
    """Refuse, before a fit, a folder where tables cannot be written; say which it has no room for.

    Those are tables whose names files of the user have.
    """
    from bayesgrad.estimands.tables import TABLES
    from bayesgrad.outputs import require_writable_folder

    require_writable_folder(folder)
    names = [f"{name}.csv" for name in TABLES if name not in ASKED_FOR]
    for name, why in table_files(folder).others(names, inputs=inputs).items():
        typer.echo(
            f"warning: {folder / name} {why}: it stays, and no table takes its place", err=True
        )


def write_tables(fit: GradientFit, folder: Path) -> list[Path]:
    """Write the tables of a fit as CSV, all or none; say which the fit cannot give, and why.

    Such are ranks where diagnostics failed, and thresholds whose gradients are not of one kind.
    Tables of an earlier fit that this one does not give are removed; files of the user stay.

    Raises
    ------
    FitError
        If a file of the user has the name of a table: all other tables are written.
    """
    from bayesgrad.estimands import tables_of
    from bayesgrad.files import csv_text

    contents = {}
    for name in tables_of(fit.draws):
        if name in ASKED_FOR:
            continue
        try:
            contents[f"{name}.csv"] = csv_text(fit.table(name)).encode()
        except DiagnosticsError as error:
            say(f"{name} withheld: {error.what}", err=True)
        except FitError as error:
            say(f"{name} left out: {error.what}", err=True)
    own = table_files(folder)
    others = [name for name in own.others(contents) if name in contents]
    written = list(own.write_beside_others(contents))
    if others:
        raise FitError(
            f"{folder}: {', '.join(others)} is not of this fit and was left as it is; all other "
            "tables are written",
            "Move it elsewhere, or write the table with `bayesgrad table FIT.nc NAME --out FILE`.",
        )
    return written


def warn_if_failed(fit: GradientFit) -> None:
    """Say on standard error that a fit failed its diagnostics."""
    if not fit.passed:
        checks = fit.diagnostics()
        failed = ", ".join(checks["check"][~checks["passed"]])
        typer.echo(f"warning: the fit failed its diagnostics ({failed})", err=True)
