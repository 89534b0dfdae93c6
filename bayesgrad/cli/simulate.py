"""`bayesgrad simulate`: synthetic data with known truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from bayesgrad.cli.ended import told_as_a_fault

app = typer.Typer(
    help="Draw synthetic data, with the truth beside them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

ScenarioName = Literal[
    "referrals",
    "thresholds",
    "stages",
    "age",
    "sex",
    "ethnicity",
    "factors",
    "plan-categories",
    "re-referral",
    "duration",
    "rural",
    "moderators",
    "neighbourhoods",
    "suppressed",
    "audit-log",
    "audit-linear",
    "audit-curve",
    "audit-confounded",
    "years",
    "spatial",
    "one-authority",
]
"""Those of `bayesgrad.simulate.SCENARIOS`, whose import would slow the help down; and
`ONE_AUTHORITY`."""


@app.callback()
def group() -> None:
    """Draw synthetic data, with the truth beside them."""


@app.command()
@told_as_a_fault
def england(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write to.")],
    scenario: Annotated[ScenarioName, typer.Option(help="What to simulate.")] = "referrals",
    moderation: Annotated[
        Literal["log", "linear", "none"] | None,
        typer.Option(help="Form of the interaction; of referrals only. By default log."),
    ] = None,
    family: Annotated[
        Literal["negative_binomial", "poisson"] | None,
        typer.Option(
            help="Distribution of the counts; of referrals only. By default negative_binomial."
        ),
    ] = None,
    authorities: Annotated[int, typer.Option(help="Number of authorities.")] = 152,
    areas: Annotated[int, typer.Option(help="Number of areas.")] = 32_837,
    seed: Annotated[int, typer.Option(help="Random seed.")] = 1,
) -> None:
    """Draw a synthetic England: authorities, areas, children, deprivation and counts."""
    from bayesgrad.errors import SpecError
    from bayesgrad.simulate import (
        ONE_AUTHORITY,
        EnglandSettings,
        simulate_england,
        simulate_scenario,
        write_one_authority,
    )

    written: tuple[Path, ...]
    if scenario == ONE_AUTHORITY and moderation is None and family is None:
        drawn = simulate_scenario("referrals", seed=seed, authorities=authorities, areas=areas)
        written = write_one_authority(drawn, out)
    elif moderation is None and family is None:
        drawn = simulate_scenario(scenario, seed=seed, authorities=authorities, areas=areas)
        written = drawn.write(out)
    elif scenario == "referrals":
        settings = EnglandSettings(
            moderation=moderation or "log",
            family=family or "negative_binomial",
            authorities=authorities,
            areas=areas,
        )
        written = simulate_england(settings, seed=seed).write(out)
    else:
        raise SpecError(
            f"--moderation and --family are of the scenario referrals, not of {scenario}",
            "Leave them out: the scenario has its own.",
        )
    for path in written:
        typer.echo(f"written: {path}")
