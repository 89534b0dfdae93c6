"""An EOFError of a command, which Typer would take for the end of what a user types."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps


class EndedEarly(Exception):
    """A file, a stream or a process ended before its end."""


def told_as_a_fault[**P, R](verb: Callable[P, R]) -> Callable[P, R]:
    """Let an EOFError of a command reach `main` as the fault that it is."""

    @wraps(verb)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return verb(*args, **kwargs)
        except EOFError as error:
            raise EndedEarly(str(error) or "something ended before its end") from error

    return run
