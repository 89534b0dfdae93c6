"""`bayesgrad prior`: from a national fit to a prior pack, for fits of one authority."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bayesgrad.cli.arguments import FitFile


def prior(
    fit: FitFile,
    out: Annotated[Path, typer.Option(metavar="PRIOR.toml", help="Prior pack to write.")],
    outcome: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="Keep this outcome; may be repeated. [default: all]"),
    ] = None,
    despite_failed_diagnostics: Annotated[
        bool,
        typer.Option(
            "--despite-failed-diagnostics",
            help="Write the pack even if the fit failed its diagnostics.",
        ),
    ] = False,
) -> None:
    """Write the prior pack of a national fit, with which one authority can be fitted."""
    from bayesgrad import fitting
    from bayesgrad.cli.output import require_folder

    require_folder(out, inputs=(fit,))
    pack = fitting.load(fit).prior_pack(
        outcomes=outcome or None, despite_failed_diagnostics=despite_failed_diagnostics
    )
    pack.write(out)
    typer.echo(
        f"prior pack written to {out}: {len(pack.parameters.names)} national parameters of "
        f"{pack.nation.authorities} authorities; it holds nothing of any one of them"
    )
