"""`bayesgrad export`: only what may leave a secure environment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bayesgrad.cli.arguments import FitFile, Interval, Sure


def export(
    fit: FitFile,
    out: Annotated[Path, typer.Option(metavar="DIR", help="New folder, which leaves.")],
    rules: Annotated[
        str,
        typer.Option(metavar="RULES.toml", help="Rules, or one of default, opensafely and strict."),
    ] = "default",
    tables: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,NAME,...", help="Tables to export. [default: all that may leave]"
        ),
    ] = None,
    previous: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="DIR",
            help="Earlier export of the same data, attacked together with this; may be repeated.",
        ),
    ] = None,
    published: Annotated[
        Path | None,
        typer.Option(metavar="FILE.csv", help="Published totals of these counts."),
    ] = None,
    without_counts: Annotated[
        bool, typer.Option("--without-counts", help="Leave out all columns of counts.")
    ] = False,
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="Why a fit that failed its diagnostics may leave.")
    ] = "",
    pack: Annotated[
        bool, typer.Option("--pack", help="Export the prior pack of the fit, too.")
    ] = False,
    inside: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder of the audit and the ledger, which stay inside. "
            "[default: bayesgrad-stays-inside beside --out]",
        ),
    ] = None,
    interval: Interval = 0.95,
    sure: Sure = 0.95,
) -> None:
    """Write what may leave a secure environment, and the request to release it."""
    from bayesgrad import fitting
    from bayesgrad.cli.output import warn_if_failed
    from bayesgrad.export.ledger import INSIDE

    loaded = fitting.load(fit)
    loaded.export(
        out,
        rules=rules,
        tables=None if tables is None else [name.strip() for name in tables.split(",")],
        level=interval,
        sure=sure,
        counts=not without_counts,
        previous=previous or (),
        published=published,
        reason=reason,
        pack=pack,
        inside=inside,
    )
    kept = out.resolve().parent / INSIDE if inside is None else inside
    typer.echo(
        f"export written to {out}: {out / 'request.md'} says what it is\n"
        f"{kept}: exact counts behind each decision, and the ledger: this folder stays inside"
    )
    warn_if_failed(loaded)
