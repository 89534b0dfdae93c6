"""`bayesgrad warm-up`: compile what the shipped forms of model need, before anyone waits for it."""

from __future__ import annotations

from typing import Annotated

import typer


def warm_up(
    forms: Annotated[
        list[str] | None, typer.Argument(metavar="[FORM]...", help="Forms of model. [default: all]")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes at a time. [default: all cores]")
    ] = None,
) -> None:
    """Compile the forms of model that ship, and keep what is compiled for later runs."""
    from bayesgrad.fitting.warm_up import warm_up as warm
    from bayesgrad.kernels.cache import place

    for done in warm(forms or (), workers=workers):
        typer.echo(f"{done.form}: {done.seconds:.0f} s")
    typer.echo(f"compiled code is in {place().folder}")
