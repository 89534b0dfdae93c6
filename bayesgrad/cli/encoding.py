"""Output in a code page that lacks a letter: the letter is escaped, and nothing else is lost."""

from __future__ import annotations

import codecs
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

ESCAPED = "bayesgrad-escaped"
"""Name of the way in which letters are written that an encoding lacks."""


@contextmanager
def letters_escaped() -> Iterator[None]:
    r"""Write letters that the encoding of standard output lacks as escapes, such as `\u0175`.

    At the end, standard error says so, and how to have them.
    """
    lacking: set[str] = set()

    def escaped(error: UnicodeError) -> tuple[str | bytes, int]:
        if isinstance(error, UnicodeEncodeError):
            lacking.update(error.object[error.start : error.end])
        return codecs.backslashreplace_errors(error)

    codecs.register_error(ESCAPED, escaped)
    stream = sys.stdout
    if not isinstance(stream, io.TextIOWrapper):
        yield
        return
    usual = stream.errors
    stream.reconfigure(errors=ESCAPED)
    try:
        yield
    finally:
        with suppress(BrokenPipeError):
            sys.stdout.flush()
            stream.reconfigure(errors=usual)
        if lacking:
            print(
                f"note: {stream.encoding}, in which output is written, lacks {len(lacking)} of the "
                "letters that were written: they stand as escapes. Set PYTHONIOENCODING=utf-8, or "
                "write to a file with --out.",
                file=sys.stderr,
            )
