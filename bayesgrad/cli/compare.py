"""`bayesgrad compare`: two or more authorities, in words and numbers."""

from __future__ import annotations

from typing import Annotated

import typer

from bayesgrad.cli.arguments import FitFile, Interval, Sure


def compare(
    fit: FitFile,
    authorities: Annotated[
        list[str], typer.Argument(metavar="CODE...", help="Codes of two authorities or more.")
    ],
    interval: Interval = 0.95,
    sure: Sure = 0.95,
) -> None:
    """Compare the gradients of two or more authorities."""
    from bayesgrad import fitting

    typer.echo(fitting.load(fit).compare(authorities, level=interval, sure=sure))
