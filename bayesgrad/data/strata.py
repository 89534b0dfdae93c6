"""Strata of a table: which there are, in which order, and whether each has rows and events."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

from bayesgrad.data.checked import Checked
from bayesgrad.data.excel_dates import refuse_excel_dates
from bayesgrad.data.listing import close_to, counted, listed
from bayesgrad.data.selection import CROSSED, Selection
from bayesgrad.errors import DataError
from bayesgrad.spec.model_spec import ModelSpec
from bayesgrad.spec.parts import Crossed
from bayesgrad.spec.parts import Strata as StrataKeys
from bayesgrad.spec.writing import plain_code

_YEAR = re.compile(r"[1-9]\d{3}")
_FINANCIAL = re.compile(r"([1-9]\d{3})\s*[-/\u2013]?\s*(?:\d{2})?(\d{2})")
_LEADING_NUMBER = re.compile(r"\s*((?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)")


@dataclass(frozen=True)
class Strata:
    """Strata in their order.

    Attributes
    ----------
    labels : tuple of str
        All strata; one empty string where there are none.
    columns : tuple of str
        The columns of strata: none, one, or two that are crossed.
    levels : tuple of tuple of str
        Strata of each column.
    notes : tuple of str
        Says the order of ordered strata.
    """

    labels: tuple[str, ...] = ("",)
    columns: tuple[str, ...] = ()
    levels: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()

    def where(self, selection: Selection) -> str:
        """Name the table and the columns of strata, as messages begin."""
        if len(self.columns) == 1:
            return selection.where(self.columns[0])
        return f"{selection.source}: columns {' and '.join(self.columns)}"


def natural_order(labels: Iterable[str]) -> tuple[str, ...]:
    """Sort labels by the number that each begins with (`5-9` before `10-14`), else as text."""
    distinct = sorted(set(labels))
    numbers = _leading_numbers(distinct)
    if None in numbers:
        return tuple(distinct)
    return tuple(label for _, label in sorted(zip(numbers, distinct, strict=True)))


def strata_of(spec: ModelSpec, selection: Selection) -> Strata:
    """Strata of the selected rows, in the order that the spec gives or their natural order.

    Raises
    ------
    DataError
        If a column has one stratum only; if strata that are ordered cannot be put in order; if the
        order that the spec gives is not that of the table's strata; or if two combinations of
        crossed strata read alike.
    """
    if spec.strata_or_years is None:
        return Strata()
    if spec.years is not None:
        return _years(spec.years.column, selection)
    keys: list[StrataKeys | Crossed] = [spec.strata_or_years]
    if spec.strata_or_years.crossed_with is not None:
        keys.append(spec.strata_or_years.crossed_with)
    levels = tuple(_levels(one, selection) for one in keys)
    labels = tuple(CROSSED.join(pair) for pair in product(*levels))
    several = len(keys) > 1
    notes = tuple(
        f"strata{f' of {one.column}' if several else ''} in the order {listed(order, shown=30)}"
        for one, order in zip(keys, levels, strict=True)
        if one.ordered
    )
    found = Strata(labels, tuple(one.column for one in keys), levels, notes)
    repeated = sorted({label for label in labels if labels.count(label) > 1})
    if repeated:
        raise DataError(
            f"{found.where(selection)}: different combinations of strata read alike: "
            f"{listed(repeated)}",
            f"Rename the strata that have {CROSSED!r} in their names.",
        )
    return found


def _years(column: str, selection: Selection) -> Strata:
    """Years in their order; a gap between two of them is told in a note."""
    found = selection.strata[column].unique()
    where = selection.where(column)
    _refuse_other_years(found, where=where)
    years = sorted(int(year) for year in found)
    labels = tuple(str(year) for year in years)
    if len(years) == 1:
        raise DataError(
            f"{where}: all rows are of one year, {labels[0]}",
            "Give a table of two or more years, or leave [years] out.",
        )
    notes = [f"years {labels[0]} to {labels[-1]}"]
    absent = sorted(set(range(years[0], years[-1])) - set(years))
    if absent:
        notes.append(
            f"no rows of {counted(len(absent), 'year')} between ({listed(absent)}): a step over a "
            "gap has the variance of as many steps as it has years"
        )
    return Strata(labels, (column,), (labels,), tuple(notes))


def _refuse_other_years(found: Iterable[str], *, where: str) -> None:
    """Refuse what is not written as a year."""
    others = sorted(label for label in found if not _YEAR.fullmatch(label))
    if others:
        raise DataError(
            f"{where}: {counted(len(others), 'value is', 'values are')} not a year: "
            f"{listed(map(repr, others))}",
            "Write years as whole numbers of four digits, such as 2019; a financial year as the "
            f"year in which it begins or ends, all in the same way{_example(others[0])}.",
        )


def _example(label: str) -> str:
    """`: '201819' as 2018 or as 2019`, of a label that is a year and the one after it."""
    years = _FINANCIAL.fullmatch(label)
    if years is None or (int(years[1]) + 1) % 100 != int(years[2]):
        return ""
    return f": {label!r} as {years[1]} or as {int(years[1]) + 1}"


def check_strata(checked: Checked, strata: Strata) -> tuple[str, ...]:
    """Refuse strata of which no row is left; note those without rows or events of an outcome.

    Raises
    ------
    DataError
        If no outcome has a count and somebody at risk in a stratum, or in a combination of crossed
        strata; or if each stratum of a column lies in one authority, as names of places do.
    """
    if not strata.columns:
        return ()
    _refuse_places(checked, strata)
    stratum, entering = checked.selection.keys["stratum"], checked.entering
    labels = list(strata.labels)
    rows = entering.groupby(stratum).sum().reindex(labels, fill_value=0)
    # A suppressed count may be of events.
    counts = (checked.counts + checked.suppressed).where(entering, 0)
    events = counts.groupby(stratum).sum().reindex(labels, fill_value=0)
    empty = rows.index[(rows == 0).all(axis=1)]
    if len(empty):
        _refuse_empty(checked, strata, list(empty))
    notes = list(strata.notes)
    for outcome in rows:
        for what, none in (
            ("rows", rows[outcome] == 0),
            ("events", (rows[outcome] > 0) & (events[outcome] == 0)),
        ):
            if none.any():
                count = counted(int(none.sum()), "stratum", "strata")
                notes.append(f"{outcome}: no {what} in {count} ({listed(none.index[none])})")
    return tuple(notes)


def note_absent(spec: ModelSpec, given: Checked, strata: Strata) -> tuple[str, ...]:
    """Note areas that have no row in some stratum, among all rows that the table gives."""
    if not strata.columns or spec.years is not None:
        return ()
    keys = given.selection.keys[["area", "stratum"]]
    areas = keys["area"].nunique()
    absent = areas * len(strata.labels) - len(keys.drop_duplicates())
    if not absent:
        return ()
    return (
        f"{absent:,} of {areas * len(strata.labels):,} combinations of area and stratum are not in "
        "the table, as if nobody were at risk there; where somebody was and there was no event, a "
        "row with a count of 0 is missing",
    )


def _refuse_places(checked: Checked, strata: Strata) -> None:
    """Refuse strata that are places: nothing tells them from the authorities that they lie in."""
    keys = checked.selection.keys
    if keys["authority"].nunique() < 2:
        return
    for column in strata.columns:
        lies_in = keys["authority"].groupby(checked.selection.strata[column]).nunique()
        if (lies_in == 1).all():
            raise DataError(
                f"{checked.selection.where(column)}: each stratum lies in one authority, as "
                "authorities, their names and areas do: nothing tells the one from the other",
                "Name a column of groups of children or of cases, which every authority has.",
            )


def _leading_numbers(labels: Sequence[str]) -> list[float | None]:
    found = (_LEADING_NUMBER.match(label) for label in labels)
    return [float(number.group(1).replace(",", "")) if number else None for number in found]


def _levels(keys: StrataKeys | Crossed, selection: Selection) -> tuple[str, ...]:
    """Strata of one column in their order."""
    where = selection.where(keys.column)
    found = natural_order(selection.strata[keys.column].unique())
    if len(found) == 1:
        raise DataError(
            f"{where}: all rows are in one stratum, {found[0]}",
            "Give a table of two or more strata, or take the column out of [strata].",
        )
    if not keys.order:
        refuse_excel_dates(found, where=where)
    if keys.order:
        order = tuple(plain_code(label) for label in keys.order)
        _refuse_other_order(order, found, where=where)
        return order
    if keys.ordered:
        _refuse_disorder(found, where=where)
    return found


def _refuse_other_order(order: Sequence[str], found: Sequence[str], *, where: str) -> None:
    left_out = [label for label in found if label not in order]
    unknown = [label for label in order if label not in found]
    faults = []
    if left_out:
        faults.append(f"leaves out {listed(left_out)}")
    if unknown:
        hint = close_to(unknown[0], left_out)
        faults.append(f"names {listed(unknown)}, which the table does not have{hint}")
    if faults:
        raise DataError(
            f"{where}: its order in [strata] {' and '.join(faults)}",
            f"Name every stratum once; the table has {listed(found, shown=30)}.",
        )


def _refuse_disorder(found: Sequence[str], *, where: str) -> None:
    numbers = _leading_numbers(found)
    without = [label for label, number in zip(found, numbers, strict=True) if number is None]
    alike = [label for label, number in zip(found, numbers, strict=True) if _twice(number, numbers)]
    if without:
        why = f"{listed(without)} {'does' if len(without) == 1 else 'do'} not begin with numbers"
    elif alike:
        why = f"{listed(alike)} begin with the same number"
    else:
        return
    raise DataError(
        f"{where}: strata cannot be put in order: {why}",
        "Give their order: in [strata], order = [...] with every stratum, first to last.",
    )


def _twice(number: float | None, numbers: Sequence[float | None]) -> bool:
    return numbers.count(number) > 1


def _refuse_empty(checked: Checked, strata: Strata, empty: Sequence[str]) -> None:
    if len(strata.columns) == 1:
        what = counted(len(empty), "stratum", "strata")
        remedy = "Take their rows out of the table, or join them to other strata."
    else:
        what = counted(len(empty), "combination") + " of strata"
        remedy = (
            "Join strata until every combination has rows, or make one column of the combinations "
            "that there are and leave crossed_with out."
        )
    raise DataError(
        f"{strata.where(checked.selection)}: no row with a count and somebody at risk is left of "
        f"{what}: {listed(empty)}",
        remedy,
    )
