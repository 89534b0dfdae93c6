"""`bayesgrad table`: one of a fit's tables, as CSV."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bayesgrad.cli.arguments import FitFile, Insist, Interval, SureOfRanks


def table(
    fit: FitFile,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Such as gradients or ranks.")],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File to write, .csv or .parquet. [default: print]"),
    ] = None,
    interval: Interval = 0.95,
    sure: SureOfRanks = None,
    despite_failed_diagnostics: Insist = False,
) -> None:
    """Print a table of a fit as CSV, or write it to a CSV or Parquet file."""
    from bayesgrad import fitting
    from bayesgrad.cli.output import require_folder, warn_if_failed
    from bayesgrad.files import csv_text, write_bytes
    from bayesgrad.table_files import refuse_other_suffix, table_bytes

    if out is not None:
        refuse_other_suffix(out)
        require_folder(out, inputs=(fit,))
    loaded = fitting.load(fit)
    content = loaded.table(
        name,
        level=interval,
        sure=sure,
        despite_failed_diagnostics=despite_failed_diagnostics,
    )
    if out is None:
        typer.echo(csv_text(content), nl=False)
    else:
        write_bytes({out: table_bytes(content, out)})
    warn_if_failed(loaded)
