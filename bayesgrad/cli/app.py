"""The application: verbs, and how faults become messages and exit statuses.

Exit status: 0 done; 2 the input is at fault; 3 fitted, but diagnostics failed; 1 a fault of ours.
"""

from __future__ import annotations

import sys
import traceback

import typer

from bayesgrad import __version__
from bayesgrad.cli import (
    audit,
    check,
    compare,
    demo,
    export,
    fit,
    models,
    prior,
    simulate,
    table,
    warm_up,
)
from bayesgrad.cli.encoding import letters_escaped
from bayesgrad.cli.ended import EndedEarly, told_as_a_fault
from bayesgrad.cli.output import give_up_pipes, say
from bayesgrad.errors import BayesgradError, shortened

app = typer.Typer(
    name="bayesgrad",
    help="Bayesian multilevel modelling of the social gradient in children's social care.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for verb in (
    demo.demo,
    check.check,
    fit.fit,
    table.table,
    compare.compare,
    prior.prior,
    export.export,
    audit.audit,
    models.models,
    warm_up.warm_up,
):
    app.command()(told_as_a_fault(verb))
app.add_typer(simulate.app, name="simulate")


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"bayesgrad {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the version."
    ),
    debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error."),
) -> None:
    """Options of every command; `main` reads `--debug` itself, wherever it stands."""


def main() -> None:
    """Run the command line and exit with its status."""
    arguments = sys.argv[1:]
    debug = "--debug" in arguments
    try:
        with letters_escaped():
            app([argument for argument in arguments if argument != "--debug"])
    except BayesgradError as error:
        if debug:
            traceback.print_exc()
        sys.exit(_tell(error.what, error.do, status=error.exit_status))
    except BrokenPipeError:
        # Whoever read the output has gone.
        give_up_pipes()
        sys.exit(1)
    except OSError as error:
        if debug:
            traceback.print_exc()
        what = f"{error.filename or 'an output'}: {error.strerror or error}"
        sys.exit(_tell(what, "Check the path, the permissions and the room on the disk.", status=2))
    except MemoryError:
        if debug:
            traceback.print_exc()
        do = "Ask for fewer draws, chains or areas, or use a machine with more memory."
        sys.exit(_tell("there is not enough memory for this", do, status=2))
    except Exception as error:
        if debug:
            traceback.print_exc()
        kind = "EOFError" if isinstance(error, EndedEarly) else type(error).__name__
        what = (
            f"a fault of bayesgrad itself: {kind}: {shortened(' '.join(str(error).split()), 500)}"
        )
        sys.exit(_tell(what, "Run again with --debug and report what it prints.", status=1))


def _tell(what: str, do: str, *, status: int) -> int:
    say(f"error: {what}\n  {do}", err=True)
    return status
