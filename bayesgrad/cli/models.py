"""`bayesgrad models`: the specs that come with the package."""

from __future__ import annotations

from typing import Annotated

import typer


def models(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Print this spec instead of the list.")
    ] = None,
) -> None:
    """List the model specs that come with the package, or print one to start from."""
    from bayesgrad.spec.shipped import read_shipped, shipped_specs, shipped_title

    if name is not None:
        typer.echo(read_shipped(name), nl=False)
        return
    for shipped, path in shipped_specs().items():
        typer.echo(f"{shipped}: {shipped_title(shipped)}\n  {path}")
