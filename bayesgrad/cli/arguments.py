"""Arguments and options that several verbs share, each described once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

SpecFile = Annotated[Path, typer.Argument(metavar="SPEC", help="Model spec (TOML).")]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change a key of the spec, such as authority.moderation=linear; may be repeated.",
    ),
]
TableFile = Annotated[
    Path, typer.Argument(metavar="TABLE", help="Table of areas: csv, csv.gz, parquet or arrow.")
]
FitFile = Annotated[Path, typer.Argument(metavar="FIT.nc", help="Fit file.")]
Interval = Annotated[
    float, typer.Option("--interval", help="Probability inside the intervals, such as 0.95.")
]
Sure = Annotated[
    float,
    typer.Option("--sure", help="Probability from which one authority is called the steeper."),
]
SureOfRanks = Annotated[
    float | None,
    typer.Option(
        "--sure",
        help="Probability from which authorities are told apart in the tiers of ranks. "
        "[default: 0.95]",
    ),
]
Insist = Annotated[
    bool,
    typer.Option(
        "--despite-failed-diagnostics", help="Give ranks even if the fit failed its diagnostics."
    ),
]
Draws = Annotated[int | None, typer.Option(help="Draws kept, per chain. [default: as the spec]")]
Tune = Annotated[int | None, typer.Option(help="Warm-up, per chain. [default: as the spec]")]
Chains = Annotated[int | None, typer.Option(help="Chains. [default: as the spec]")]
Seed = Annotated[int | None, typer.Option(help="Random seed. [default: as the spec]")]
