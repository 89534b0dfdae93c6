"""What the numbers of an export, and published totals, say of exact counts."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bayesgrad.errors import DataError
from bayesgrad.export.attack.bounds import Constraint
from bayesgrad.export.counts import is_label, range_of
from bayesgrad.export.decisions import PRIMARY, Decisions
from bayesgrad.export.released import Released, read_text_table

Place = tuple[str, str, str]
"""Authority, outcome and stratum; the first or the last empty where it is all of them."""


@dataclass(frozen=True, eq=False)
class Places:
    """Where the exact counts are: the unknowns of an attack, in the order of the cells.

    Attributes
    ----------
    cells : DataFrame
        `authority`, `outcome`, `stratum` and `events`.
    """

    cells: pd.DataFrame

    @property
    def counts(self) -> np.ndarray:
        """Exact counts."""
        return self.cells["events"].to_numpy(dtype=float)

    def of(self, place: Place) -> tuple[int, ...]:
        """Positions of the cells that a place sums; none where the fit has no such."""
        found = np.ones(len(self.cells), dtype=bool)
        for column, value in zip(("authority", "outcome", "stratum"), place, strict=True):
            if value:
                found &= self._is(column, value)
        return tuple(np.flatnonzero(found).tolist())

    def _is(self, column: str, value: str) -> np.ndarray:
        known = self.__dict__.setdefault("_known", {})
        if (column, value) not in known:
            known[column, value] = (self.cells[column] == value).to_numpy()
        found: np.ndarray = known[column, value]
        return found


def known_bounds(decisions: Decisions) -> tuple[np.ndarray, np.ndarray]:
    """What an attacker who knows the rules, and why each count is withheld, knows without numbers.

    A count withheld for its own sake is below the threshold, all others are not: more than the
    export says, as it does not tell what was withheld to hide another.
    """
    cells, threshold = decisions.cells, decisions.rules.threshold
    hidden = cells["hidden"].to_numpy()
    small = (hidden == PRIMARY) & ~(cells["events"] >= threshold).to_numpy()
    unknown = (hidden == PRIMARY) & ~small
    low = np.where(hidden == PRIMARY, 0.0, float(threshold))
    high = np.where(small & cells["events"].notna().to_numpy(), threshold - 1.0, np.inf)
    return np.where(unknown, 0.0, low), high


def evidence_of(
    released: Released, decisions: Decisions, places: Places
) -> tuple[list[Constraint], list[str]]:
    """What the counts of an export say, and which of them say more than they should.

    Parameters
    ----------
    released : Released
    decisions : Decisions
        Made anew from the exact counts by the rules of the export.

    Returns
    -------
    constraints : list of Constraint
    faults : list of str
        Numbers that are neither rounded counts nor sums or fractions of such.
    """
    return _Reader(decisions, places).read(released)


class _Reader:
    def __init__(self, decisions: Decisions, places: Places) -> None:
        self._rules = decisions.rules
        self._places = places
        self._constraints: list[Constraint] = []
        self._faults: list[str] = []
        shown = decisions.shown()
        totals = decisions.shown(of_totals=True)
        self._sums = {
            **_sums(shown, ["outcome", "stratum"]),
            **_sums(shown, ["outcome"]),
        }
        self._labels = {
            (str(place[0]), str(place[1]), str(place[2])): float(label)
            for frame in (shown, totals)
            for *place, label in frame[["authority", "outcome", "stratum", "events_label"]]
            .to_numpy()
            .tolist()
        }

    def read(self, released: Released) -> tuple[list[Constraint], list[str]]:
        for name, frame in released.texts.items():
            source = f"tables/{name}.csv"
            for column in frame:
                if str(column) == "events" or str(column).startswith("events_rounded"):
                    self._counts(frame, str(column), source)
                elif column == "excess_events" or str(column).startswith("excess_events_rounded"):
                    self._excess(frame, str(column), source)
        self._totals(released)
        return self._constraints, self._faults

    def _totals(self, released: Released) -> None:
        """A row of all strata of an authority tells that together they reach the threshold."""
        told: set[Place] = set()
        for name, frame in released.texts.items():
            if "authority" not in frame or "outcome" not in frame:
                continue
            for row in frame.to_dict(orient="records"):
                place = _place(row)
                if place[0] and not place[2] and place not in told:
                    told.add(place)
                    if len(self._places.of(place)) > 1:
                        where = f"tables/{name}.csv, a row of {_words(place)}"
                        self._add(place, self._rules.threshold, np.inf, where)

    def _counts(self, frame: pd.DataFrame, column: str, source: str) -> None:
        if "band" in frame:
            self._bands(frame, column, source)
            return
        for row in frame[frame[column] != ""].to_dict(orient="records"):
            place = _place(row)
            value, where = float(row[column]), f"{source}, {column} of {_words(place)}"
            if place[0]:
                self._add(place, *self._range(value), where)
            elif value != self._sums.get(place, np.nan):
                self._faults.append(f"{where}: is not the sum of the rounded counts that leave")
                self._add(place, *_rounding(value, self._rules.round), where)

    def _range(self, value: float) -> tuple[float, float]:
        """Counts that leave as a value; the value alone where no count should."""
        rules = {"threshold": self._rules.threshold, "step": self._rules.round}
        return range_of(value, **rules) if is_label(value, **rules) else (value, value)

    def _bands(self, frame: pd.DataFrame, column: str, source: str) -> None:
        """All bands of an outcome together are all its events."""
        for outcome, own in frame.groupby("outcome", sort=False):
            if (own[column] == "").any():
                continue
            ranges = np.array([self._range(float(value)) for value in own[column]])
            low, high = ranges.sum(axis=0)
            where = f"{source}, {column} of {outcome}, all bands together"
            self._add(("", str(outcome), ""), low, high, where)

    def _excess(self, frame: pd.DataFrame, column: str, source: str) -> None:
        """A fraction of events, and the fraction, say which events these are."""
        for row in frame[(frame[column] != "") & (frame["paf"] != "")].to_dict(orient="records"):
            place = _place(row)
            share, value = float(row["paf"]), float(row[column])
            where = f"{source}, {column} of {_words(place)}"
            label = self._labels.get(place) if place[0] else self._sums.get(place)
            step = self._rules.round
            derived = (
                np.floor(share * label / step + 0.5) * step
                if label is not None and not np.isnan(label)
                else np.nan
            )
            if value != derived:
                self._faults.append(f"{where}: is not that fraction of the rounded events")
                if share > 0.0:
                    self._add(place, np.floor(value / share), np.ceil(value / share), where)
            elif len(self._places.of(place)) == 1 and share > 0.0:
                self._add(place, *self._fractions(share, value), where)

    def _fractions(self, share: float, value: float) -> tuple[float, float]:
        """Least and most events whose rounded number has such a fraction."""
        step, ends = self._rules.round, (value / self._rules.round + np.array([-0.5, 0.5]))
        first, last = ends * step / share / step
        labels = np.arange(max(np.floor(first), 1), np.ceil(last) + 1) * step
        kept = [
            label
            for label in labels
            if is_label(label, threshold=self._rules.threshold, step=step)
            and np.floor(share * label / step + 0.5) * step == value
        ]
        return self._range(kept[0])[0], self._range(kept[-1])[1]

    def _add(self, place: Place, low: float, high: float, source: str) -> None:
        cells = self._places.of(place)
        if cells:
            self._constraints.append(Constraint(cells, float(low), float(high), source))


def published_totals(path: Path, places: Places) -> list[Constraint]:
    """What published totals say.

    Parameters
    ----------
    path : Path
        CSV with columns `outcome` and `events`, and where they are told `authority` (its code;
        empty for the nation), `stratum` (empty for all) and `rounded` (to which multiple; 1 if left
        out). Rows without a number of events are symbols of suppression and say nothing.

    Raises
    ------
    DataError
        If the file cannot be read, lacks a column, or names an outcome, authority or stratum that
        the fit does not have, so that nothing would be compared.
    """
    try:
        frame = read_text_table(path.read_bytes())
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read: {error}", _COLUMNS) from None
    missing = [name for name in ("outcome", "events") if name not in frame]
    if missing:
        raise DataError(f"{path}: has no column {missing[0]}", _COLUMNS)
    found = []
    for row, values in enumerate(frame.to_dict(orient="records")):
        events = pd.to_numeric(values["events"].replace(",", ""), errors="coerce")
        place = _place(values)
        if pd.isna(events):
            continue
        cells = places.of(place)
        if not cells or not place[1]:
            raise DataError(
                f"{path}: row {row}: the fit has no {_words(place)}",
                "Give outcomes, authorities and strata as the fit has them.",
            )
        step = int(values.get("rounded", "") or 1)
        where = f"{path.name}, {_words(place)}"
        found.append(Constraint(cells, *_around(float(events), step), where))
    return found


_COLUMNS = (
    "Give a csv file with columns outcome and events, and authority, stratum and rounded where "
    "they "
    "are needed."
)


def hidden_before(previous: Released, places: Places) -> list[Constraint]:
    """Counts below the threshold that an earlier export withheld, and that stay hidden.

    They are read from its `withheld.csv`; one that is not below its threshold hid another.
    """
    threshold, counts = previous.rules.threshold, places.counts
    found = []
    for row in previous.withheld.to_dict(orient="records"):
        for cell in places.of(_place(row)) if row["authority"] else ():
            if counts[cell] < threshold:
                where = f"withheld.csv, {_words(_place(row))}"
                found.append(Constraint((cell,), 0.0, threshold - 1.0, where))
    return found


def _sums(frame: pd.DataFrame, by: Sequence[str]) -> Mapping[Place, float]:
    sums = frame.groupby(list(by), sort=False)["events_label"].sum()
    return {
        ("", key, "") if isinstance(key, str) else ("", *_pair(key)): float(value)
        for key, value in sums.items()
    }


def _pair(key: object) -> tuple[str, str]:
    values = key if isinstance(key, tuple) else (key,)
    return str(values[0]), str(values[1]) if len(values) > 1 else ""


def _place(row: Mapping[Hashable, Any]) -> Place:
    stratum = row.get("stratum", row.get("year", ""))
    return str(row.get("authority", "")), str(row.get("outcome", "")), str(stratum)


def _rounding(value: float, step: int) -> tuple[float, float]:
    """Totals that are told as a value: within the rounding of counts if it is such a multiple."""
    return _around(value, step if value % step == 0 else 1)


def _around(value: float, step: int) -> tuple[float, float]:
    """Counts that are rounded to a value, halves up or down."""
    return (value, value) if step <= 1 else (value - step // 2, value + step // 2)


def _words(place: Place) -> str:
    authority, outcome, stratum = place
    return ", ".join(filter(None, (authority or "the nation", outcome, stratum)))
