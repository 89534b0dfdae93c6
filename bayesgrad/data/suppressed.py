"""Suppressed counts of a user's table: where they are, and what contradicts the spec."""

from __future__ import annotations

import pandas as pd

from bayesgrad.data.gaps import is_gap_mark
from bayesgrad.data.listing import counted, listed, offenders
from bayesgrad.data.selection import Selection
from bayesgrad.errors import DataError, SpecError
from bayesgrad.spec.model_spec import ModelSpec
from bayesgrad.spec.parts import Outcome, Suppressed


def refuse_suppressed_cases(
    spec: ModelSpec, selection: Selection, outcome: Outcome, hidden: pd.Series
) -> None:
    """Refuse suppressed events out of cases, and suppressed counts that are another's cases.

    Raises
    ------
    SpecError
        The interval likelihood is of counts at a rate.
    """
    later = [other.column for other in spec.outcomes if other.out_of == outcome.column]
    of_cases = spec.is_of_cases(outcome)
    if not hidden.any() or not (of_cases or later):
        return
    family = spec.family_of(outcome)
    why = (
        f"it is {family.replace('_', '-')}, of events out of cases"
        if of_cases
        else f"{listed(later)} is out of it, and needs to know its number of cases"
    )
    raise SpecError(
        f"{selection.where(outcome.column)}: {counted(int(hidden.sum()), 'count')} suppressed: "
        f"{listed(sorted(selection.keys['area'][hidden]))}; {why}",
        "Suppressed counts are fitted as rates alone: give the outcome the family "
        "negative_binomial or poisson with an exposure, and leave out_of out (thresholds side by "
        "side), or leave these areas' cells blank and say so.",
    )


def refuse_symbol_read_as_missing(
    selection: Selection, hidden: pd.DataFrame, counts: pd.DataFrame, suppressed: Suppressed
) -> None:
    """Refuse missing counts where the symbol, itself a mark of a missing value, is in no cell.

    Raises
    ------
    DataError
        What read the file is likely to have left the symbol out.
    """
    missing = counts.isna()
    if not is_gap_mark(suppressed.symbol) or hidden.any(axis=None) or not missing.any(axis=None):
        return
    column, symbol = str(missing.columns[missing.any()][0]), repr(suppressed.symbol)
    areas = selection.keys["area"][missing[column]]
    raise DataError(
        f"{selection.where(column)}: the symbol {symbol} of suppressed counts is in no cell, and "
        f"{counted(len(areas), 'count is', 'counts are')} missing: {listed(sorted(areas))}",
        f"Programs read {symbol} as a missing value: give the path of the file, or read it with "
        "read_table(path, spec=spec). If no count is suppressed, take suppressed out of "
        "[likelihood].",
    )


def refuse_published_within(
    selection: Selection, counts: pd.Series, hidden: pd.Series, suppressed: Suppressed
) -> None:
    """Refuse numbers within the bounds of what the symbol is said to hide, in the same column.

    A symbol hides every count within its bounds and no other; only so does it say nothing of a
    row but that its count is there.

    Raises
    ------
    DataError
        If a column has both the symbol and such numbers.
    """
    inside = counts.between(suppressed.lower, suppressed.upper) & ~hidden
    if not hidden.any() or not inside.any():
        return
    values = sorted(counts[inside].unique())
    zeros = suppressed.lower == 0 and values[0] == 0
    hint = (
        "Zeros that are published are not hidden: set lower = 1. "
        if zeros and len(values) == 1
        else ""
    )
    raise DataError(
        f"{selection.where(str(counts.name))}: {suppressed.symbol!r} is said to hide counts of "
        f"{suppressed.lower} to {suppressed.upper}, but {counted(int(inside.sum()), 'count')} "
        f"within these bounds {'is' if inside.sum() == 1 else 'are'} published: "
        f"{offenders(selection.keys['area'], counts, inside)}",
        f"{hint}Give [likelihood] suppressed the bounds that the release states, with no published "
        "count inside them; if it hides some small counts and not others, put the symbol in place "
        "of those published too.",
    )


def refuse_hidden_events_of_nobody(
    selection: Selection,
    hidden: pd.Series,
    exposure: pd.Series,
    suppressed: Suppressed,
    column: str,
) -> None:
    """Refuse suppressed counts of at least one event where nobody is at risk.

    Raises
    ------
    DataError
        If the exposure is zero and the lower bound is not.
    """
    impossible = hidden & (exposure == 0)
    if suppressed.lower == 0 or not impossible.any():
        return
    raise DataError(
        f"{selection.where(column)}: {counted(int(impossible.sum()), 'suppressed count')} of at "
        f"least {suppressed.lower} with an exposure of zero in column {exposure.name}: "
        f"{listed(sorted(selection.keys['area'][impossible]))}",
        "Take counts and exposures of the same people, areas and dates; or, if the symbol may "
        "hide zeros, set lower = 0.",
    )


def notes_on_suppressed(spec: ModelSpec, rows: pd.DataFrame) -> tuple[str, ...]:
    """Say of each outcome how many of its rows are suppressed, and in which authorities most.

    Where the spec has a symbol and no row has it, say so.

    Parameters
    ----------
    rows : DataFrame
        Of an analysis table.
    """
    suppressed, notes = spec.likelihood.suppressed, []
    if suppressed is None:
        return ()
    for outcome in spec.outcomes:
        own = rows[rows["outcome"] == outcome.column]
        by_authority = own.groupby("authority")["suppressed"].agg(["sum", "size"])
        total = int(by_authority["sum"].sum())
        if not total:
            continue
        affected = by_authority[by_authority["sum"] > 0]
        share = (affected["sum"] / affected["size"]).sort_values(ascending=False, kind="stable")
        most = [
            f"{code} {affected['sum'][code]:,} of {affected['size'][code]:,}"
            for code in share.index
        ]
        notes.append(
            f"{outcome.column}: {total:,} of {counted(len(own), 'count')} suppressed "
            f"({suppressed.symbol}: {suppressed.lower} to {suppressed.upper}) in "
            f"{counted(len(affected), 'authority', 'authorities')}, most in {listed(most, shown=3)}"
        )
    if not notes:
        columns = listed(outcome.column for outcome in spec.outcomes)
        return (
            f"no count is suppressed: the symbol {suppressed.symbol!r} is in no row of {columns}",
        )
    return tuple(notes)
