"""`bayesgrad simulate`: synthetic data with known truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

app = typer.Typer(
    help="Draw synthetic data, with the truth beside them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def group() -> None:
    """Draw synthetic data, with the truth beside them."""


@app.command()
def england(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write to.")],
    scenario: Annotated[Literal["referrals"], typer.Option(help="What to simulate.")] = "referrals",
    moderation: Annotated[
        Literal["log", "linear", "none"], typer.Option(help="Form of the interaction.")
    ] = "log",
    family: Annotated[
        Literal["negative_binomial", "poisson"], typer.Option(help="Distribution of the counts.")
    ] = "negative_binomial",
    authorities: Annotated[int, typer.Option(help="Number of authorities.")] = 152,
    areas: Annotated[int, typer.Option(help="Number of areas.")] = 32_837,
    seed: Annotated[int, typer.Option(help="Random seed.")] = 1,
) -> None:
    """Draw a synthetic England: authorities, areas, children, deprivation and counts."""
    from bayesgrad.simulate import EnglandSettings, simulate_england

    settings = EnglandSettings(
        moderation=moderation, family=family, authorities=authorities, areas=areas
    )
    for path in simulate_england(settings, seed=seed).write(out):
        typer.echo(f"written: {path}")
