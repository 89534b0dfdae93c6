"""Symbols that published statistics write in place of counts: of suppressed ones, and others."""

from __future__ import annotations

import pandas as pd

from bayesgrad.data.listing import counted, offenders
from bayesgrad.errors import DataError
from bayesgrad.spec.parts import Suppressed
from bayesgrad.spec.writing import plain_name

MEANINGS = {
    "c": "suppressed (a small count, 1 to 5)",
    "x": "suppressed in releases up to 2017, not available in later ones",
    "z": "not applicable",
    ":": "not available",
    "..": "not available",
    "u": "low reliability",
    "*": "suppressed",
    "-": "not available, or rounds to zero",
}
"""What each symbol means in the Department for Education's releases."""

_SUPPRESSING = ("c", "x", "*")


def meaning_of(symbol: str) -> str | None:
    """Meaning of a symbol, in any case and with or without brackets (`c`, `[c]`, `C`)."""
    return MEANINGS.get(_bare(symbol))


def is_symbol(column: pd.Series, suppressed: Suppressed | None) -> pd.Series:
    """Where a column has the symbol of suppressed counts: as text, or as a number by its value.

    Parameters
    ----------
    column : Series
        Of numbers or text, see `bayesgrad.data.cells`.
    """
    if suppressed is None:
        return pd.Series(False, index=column.index)
    number = pd.to_numeric(suppressed.symbol, errors="coerce")
    if isinstance(column.dtype, pd.StringDtype):
        written = {text: plain_name(text) for text in column.dropna().unique()}
        text = column.fillna("").map(written | {"": ""})
        values = pd.to_numeric(text, errors="coerce")
        return (text == suppressed.symbol) | (values == number)
    values = column.astype("Float64").astype("float64")
    return values == number


def refuse_symbols(areas: pd.Series, column: pd.Series, *, where: str) -> None:
    """Refuse a text column of counts that holds symbols; other text is left to the next check.

    Raises
    ------
    DataError
        If any known symbol stands among the counts; that of suppressed ones is taken out before.
    """
    text = column.fillna("").str.strip()
    present = {symbol: meaning for symbol in text.unique() if (meaning := meaning_of(symbol))}
    if not present:
        return
    meanings = "; ".join(f"{symbol} means {present[symbol]}" for symbol in sorted(present))
    faulty = text.isin(list(present))
    raise DataError(
        f"{where}: {counted(int(faulty.sum()), 'count is a symbol', 'counts are symbols')}: "
        f"{offenders(areas, text, faulty)}. "
        f"{meanings}",
        _advice(sorted(present)),
    )


def _advice(symbols: list[str]) -> str:
    suppressing = [symbol for symbol in symbols if _bare(symbol) in _SUPPRESSING]
    others = [symbol for symbol in symbols if symbol not in suppressing]
    advice = []
    if suppressing:
        advice.append(
            "Give the bounds of suppressed counts in the spec, in [likelihood]: "
            f'suppressed = {{ symbol = "{suppressing[0]}", lower = 1, upper = 5 }}.'
        )
    if others:
        advice.append(
            f"Leave the cell blank where {' or '.join(others)} stands: a blank is a missing count, "
            "handled as [rows] missing_counts says."
        )
    return " ".join(advice)


def _bare(symbol: str) -> str:
    return symbol.strip().removeprefix("[").removesuffix("]").casefold()
