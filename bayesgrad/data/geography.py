"""Joins of areas to districts, authorities and measures: by code, with every row accounted for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bayesgrad.data.authority_codes import explain_code, same_area_codes
from bayesgrad.data.codes import as_codes, refuse_blank_codes, refuse_merged_codes
from bayesgrad.data.headings import refuse_absent_columns
from bayesgrad.data.listing import counted, listed
from bayesgrad.data.numerals import ONE_NUMBER
from bayesgrad.errors import DataError


@dataclass(frozen=True)
class Reconciliation:
    """Account of a join: `rows` equals `matched` plus the rows of the codes unmatched.

    Attributes
    ----------
    what : str
        What was joined.
    rows, matched : int
        Rows of the left table, and those with a partner.
    recoded : tuple of (str, str)
        Codes matched through a change of code: the left table's, the right table's.
    unmatched_left : tuple of str
        Codes of the left table without a partner.
    unmatched_right : tuple of str
        Codes of the right table that no row asked for.
    """

    what: str
    rows: int
    matched: int
    recoded: tuple[tuple[str, str], ...] = ()
    unmatched_left: tuple[str, ...] = ()
    unmatched_right: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [f"{self.what}: {counted(self.rows, 'row')} in; {self.matched:,} matched"]
        if self.recoded:
            pairs = listed(f"{left} as {right}" for left, right in self.recoded)
            lines.append(f"matched through a change of code: {pairs}")
        for side, codes in (("left", self.unmatched_left), ("right", self.unmatched_right)):
            if codes:
                lines.append(f"unmatched, {side}: {counted(len(codes), 'code')} ({listed(codes)})")
        return "\n".join(lines)


def join_by_code(
    left: pd.DataFrame,
    right: pd.DataFrame,
    *,
    on: str | None = None,
    left_on: str | None = None,
    right_on: str | None = None,
    columns: Sequence[str] | None = None,
    what: str = "join",
    recode: bool = False,
    allow_unmatched: bool = False,
) -> tuple[pd.DataFrame, Reconciliation]:
    """Bring columns of `right` to the rows of `left` whose code is the same.

    Codes are compared as text, blanks around them removed. Names are refused as keys: the same
    name can stand for different places before and after a change of boundary.

    Parameters
    ----------
    left, right : DataFrame
        Each code may stand many times in `left` and once in `right`.
    on : str, optional
        Column of the code in both tables; or name the two by `left_on` and `right_on`.
    columns : sequence of str, optional
        Columns of `right` to bring; by default all but its code.
    what : str
        Names the join in messages and in the account.
    recode : bool
        Whether an authority whose code changed, and nothing else, may match under its other code
        (such as Northumberland, E06000048 until 2013 and E06000057 since). Mergers, splits and
        changes of boundary never match.
    allow_unmatched : bool
        Whether rows of `left` without a partner are kept, with missing values, and listed.

    Returns
    -------
    joined : DataFrame
        The rows of `left` in their order, with a fresh index and the columns brought.
    account : Reconciliation

    Raises
    ------
    DataError
        If a column is missing or would be overwritten, a code is blank, a key holds names, a code
        stands twice in `right`, or rows of `left` have no partner and `allow_unmatched` is False.
    """
    left_key, right_key = _keys(on, left_on, right_on)
    refuse_absent_columns([left_key], list(left.columns), source=f"{what}, left table")
    wanted = [name for name in right.columns if name != right_key] if columns is None else columns
    refuse_absent_columns([right_key, *wanted], list(right.columns), source=f"{what}, right table")
    _refuse_overwriting(left, wanted, what=what)
    asked = _codes_of(left, left_key, source=f"{what}, left table")
    known = _codes_of(right, right_key, source=f"{what}, right table")
    _refuse_repeats(known, column=right_key, what=what)

    position, recoded = _partners(asked, known, recode=recode)
    matched = position >= 0
    account = Reconciliation(
        what=what,
        rows=len(left),
        matched=int(matched.sum()),
        recoded=recoded,
        unmatched_left=tuple(sorted(asked[~matched].unique())),
        unmatched_right=tuple(sorted(set(known) - set(known.iloc[position[matched]]))),
    )
    if account.unmatched_left and not allow_unmatched:
        _refuse_unmatched(account, column=left_key)
    brought = right[list(wanted)].reset_index(drop=True).reindex(position)
    brought = brought.reset_index(drop=True)
    joined = pd.concat([left.reset_index(drop=True), brought], axis=1)
    joined.attrs |= {ONE_NUMBER: left.attrs[ONE_NUMBER]} if ONE_NUMBER in left.attrs else {}
    return joined, account


def _partners(
    asked: pd.Series, known: pd.Series, *, recode: bool
) -> tuple[np.ndarray, tuple[tuple[str, str], ...]]:
    """Row of `known` for each code asked (-1: none), and the codes matched under another code."""
    index = pd.Index(known)
    position = np.array(index.get_indexer(pd.Index(asked)))
    if not recode:
        return position, ()
    other = asked.map(same_area_codes())
    through = (position < 0) & other.isin(known).to_numpy()
    position[through] = index.get_indexer(pd.Index(other[through]))
    return position, tuple(sorted(set(zip(asked[through], other[through], strict=True))))


def _keys(on: str | None, left_on: str | None, right_on: str | None) -> tuple[str, str]:
    left_key, right_key = left_on or on, right_on or on
    if left_key is None or right_key is None:
        raise DataError(
            "join_by_code: no column to join by",
            "Name the column of the code by `on`, or by `left_on` and `right_on`.",
        )
    return left_key, right_key


def _codes_of(table: pd.DataFrame, column: str, *, source: str) -> pd.Series:
    refuse_merged_codes(table, [column], source=source)
    where = f"{source}: column {column}"
    codes = as_codes(table[column].reset_index(drop=True), where=where)
    refuse_blank_codes(codes, where=where)
    names = codes[~codes.str.contains(r"\d")]
    if len(names):
        raise DataError(
            f"{source}: column {column} holds names, not codes: {listed(sorted(names.unique()))}",
            "Join by a column of codes: one name can stand for different places over the years.",
        )
    return codes


def _refuse_overwriting(left: pd.DataFrame, wanted: Sequence[str], *, what: str) -> None:
    both = [name for name in wanted if name in left.columns]
    if both:
        raise DataError(
            f"{what}: both tables have {listed(both)}",
            "Name the columns to bring by `columns`, or rename these first.",
        )


def _refuse_repeats(known: pd.Series, *, column: str, what: str) -> None:
    repeated = sorted(known[known.duplicated()].unique())
    if repeated:
        raise DataError(
            f"{what}, right table: column {column} lists {counted(len(repeated), 'code')} more "
            f"than once: {listed(repeated)}",
            "Give one row for each code; rows that match twice would be counted twice.",
        )


def _refuse_unmatched(account: Reconciliation, *, column: str) -> None:
    codes = account.unmatched_left
    explained = [text for text in map(explain_code, codes) if text]
    changes = f" Changed codes: {'; '.join(explained)}." if explained else ""
    raise DataError(
        f"{account.what}: {counted(account.rows - account.matched, 'row')} of "
        f"{account.rows:,} without a partner: column {column} has "
        f"{counted(len(codes), 'code')} that the right table lacks: {listed(codes)}",
        f"Use tables of the same date.{changes} To keep the rows with missing values, "
        "set allow_unmatched=True; to match authorities that only changed code, recode=True.",
    )
