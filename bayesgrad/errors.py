"""The one tree of errors.

Every error says what is wrong and where (`what`) and what to do about it (`do`). The command line
prints the two as two lines and exits with `exit_status`.
"""

from __future__ import annotations


def shortened(text: str, most: int = 120) -> str:
    """Text of at most so many characters, the middle left out where it is longer."""
    if len(text) <= most:
        return text
    half = (most - 5) // 2
    return f"{text[:half]} ... {text[-half:]}"


class BayesgradError(Exception):
    """Base of every error that bayesgrad raises on purpose.

    Parameters
    ----------
    what : str
        What is wrong and where: file, column or key, the first few offending rows or codes.
    do : str
        What the user can do about it.
    """

    exit_status = 1

    def __init__(self, what: str, do: str) -> None:
        super().__init__(f"{what}\n{do}")
        self.what = what
        self.do = do

    def __reduce__(self) -> tuple[type[BayesgradError], tuple[str, str]]:
        """Made again from its two parts, so that it can pass between processes."""
        return type(self), (self.what, self.do)


class SpecError(BayesgradError):
    """A model spec that cannot be read, or asks for what cannot be fitted."""

    exit_status = 2


class DataError(BayesgradError):
    """A table or file whose content does not fit the spec."""

    exit_status = 2


class FitError(BayesgradError):
    """A fit, or a fit file, that cannot answer what it was asked."""

    exit_status = 2


class DiagnosticsError(FitError):
    """A comparison withheld because the fit failed its diagnostics."""

    exit_status = 3
