"""`bayesgrad models`: the specs that come with the package."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bayesgrad.errors import SpecError


def models(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Print this spec instead of the list.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE.toml", help="New file to write the spec to. [default: print]"),
    ] = None,
) -> None:
    """List the model specs that come with the package, or print or write one to start from."""
    from bayesgrad.spec.shipped import read_shipped, shipped_specs, shipped_title

    if out is not None:
        _write(name, out)
        return
    if name is not None:
        typer.echo(read_shipped(name), nl=False)
        return
    for shipped, path in shipped_specs().items():
        typer.echo(f"{shipped}: {shipped_title(shipped)}\n  {path}")


def _write(name: str | None, out: Path) -> None:
    """Write a spec to a file that is not there yet: one that was edited is never lost."""
    from bayesgrad.cli.output import require_folder
    from bayesgrad.files import write_texts
    from bayesgrad.spec.shipped import read_shipped

    if name is None:
        raise SpecError(
            "--out needs the name of a spec", "Name one of those that `bayesgrad models` lists."
        )
    text = read_shipped(name)
    require_folder(out)
    if out.exists():
        raise SpecError(f"{out}: is there already", "Give another name, or remove it first.")
    write_texts({out: text})
    typer.echo(f"written: {out}")
