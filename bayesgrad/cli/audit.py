"""`bayesgrad audit`: which claims about the interaction survive, and what explains it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from bayesgrad.cli.arguments import Seed, Set, SpecFile, TableFile


def audit(
    spec: SpecFile,
    table: TableFile,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write to.")],
    engine: Annotated[
        Literal["auto", "laplace", "nuts"],
        typer.Option(help="auto is laplace, and nuts where that refuses."),
    ] = "auto",
    draws: Annotated[
        int | None,
        typer.Option(help="Draws kept, per chain. [default: 500 by Laplace, the spec's by NUTS]"),
    ] = None,
    seed: Seed = None,
    settings: Set = None,
) -> None:
    """Fit every form that could make affluent authorities look steeper, and weigh them."""
    from bayesgrad import auditing
    from bayesgrad.auditing.result import audit_files, own_files
    from bayesgrad.cli.output import outcomes_of, read_by, say
    from bayesgrad.cli.settings import read_with

    inputs = read_by(spec, table, settings)
    own_files(out).refuse_others(audit_files(outcomes_of(spec)), inputs=inputs)
    found = auditing.audit(read_with(spec, settings), table, engine=engine, draws=draws, seed=seed)
    say(f"{table}: {found.rows}\n\n{found}\n")
    for path in found.save(out):
        say(f"written: {path}")
    if not found.passed:
        raise typer.Exit(3)
