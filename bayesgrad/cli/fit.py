"""`bayesgrad fit`: from a spec and a table to a fit file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bayesgrad.cli.arguments import Chains, Draws, Seed, Set, SpecFile, TableFile, Tune


def fit(
    spec: SpecFile,
    table: TableFile,
    out: Annotated[Path, typer.Option(metavar="FIT.nc", help="Fit file to write.")],
    tables: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write every table as CSV, too.")
    ] = None,
    engine: Annotated[str | None, typer.Option(help="auto, nuts or laplace.")] = None,
    draws: Draws = None,
    tune: Tune = None,
    chains: Chains = None,
    seed: Seed = None,
    settings: Set = None,
    store_data: Annotated[
        bool, typer.Option("--store-data", help="Keep area-level data in the fit file.")
    ] = False,
) -> None:
    """Fit a model spec to a table of areas and write the fit file."""
    from bayesgrad import fitting
    from bayesgrad.cli.output import (
        read_by,
        refuse_file_as_folder,
        require_folder,
        require_table_folder,
        save_fit,
        say,
        write_tables,
    )
    from bayesgrad.cli.settings import read_with
    from bayesgrad.fitting.store import refuse_other_suffix

    refuse_other_suffix(out)
    inputs = read_by(spec, table, settings)
    require_folder(out, inputs=inputs)
    if tables is not None:
        refuse_file_as_folder(out, tables)
        require_table_folder(tables, inputs=inputs)
    result = fitting.fit(
        read_with(spec, settings),
        table,
        engine=engine,
        draws=draws,
        tune=tune,
        chains=chains,
        seed=seed,
        store_data=store_data,
    )
    say(f"{table}: {result.rows}\n\n{result}\n")
    save_fit(result, out)
    say(f"fit written to {out}")
    if result.misfit:
        say(result.misfit, err=True)
    if tables is not None:
        for path in write_tables(result, tables):
            say(f"table written to {path}")
    if not result.passed:
        raise typer.Exit(3)
