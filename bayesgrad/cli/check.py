"""`bayesgrad check`: whether a spec and a table would fit, and at what cost."""

from __future__ import annotations

import typer

from bayesgrad.cli.arguments import Set, SpecFile, TableFile


def check(spec: SpecFile, table: TableFile, settings: Set = None) -> None:
    """Validate a spec and a table; print what would be fitted, and the cost to expect."""
    from bayesgrad.cli.settings import read_with
    from bayesgrad.data import prepare_table, read_table
    from bayesgrad.design import build_design
    from bayesgrad.fitting.plan import describe_plan
    from bayesgrad.fitting.provenance import file_sha256
    from bayesgrad.spec.support import refuse_unsupported

    model_spec = read_with(spec, settings)
    refuse_unsupported(model_spec)
    analysis = prepare_table(model_spec, read_table(table, spec=model_spec), source=str(table))
    design = build_design(model_spec, analysis)
    typer.echo(f"{table}: {analysis.report}\n")
    typer.echo(describe_plan(model_spec, design))
    typer.echo(f"\nSHA-256 of {table}, kept in no output: {file_sha256(table)}")
