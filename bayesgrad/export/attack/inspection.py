"""The looks of an export: files, columns and numbers that rules do not let out.

The attack finds what numbers tell together; this finds what should not be there at all. It reads
the bytes that would leave, and knows nothing of how they were made.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from bayesgrad.export import classes
from bayesgrad.export.attack.attack import Finding
from bayesgrad.export.classes import CLASSES, EXTRA, LIKE_COUNTS
from bayesgrad.export.counts import Counts, is_label
from bayesgrad.export.decisions import SHOWN, Decisions, decide
from bayesgrad.export.digits import LEADING, coarse_step, probability_of
from bayesgrad.export.matrices import QUANTITIES, matrix_name
from bayesgrad.export.released import TABLES, Released
from bayesgrad.export.rules import Rules
from bayesgrad.files import FORMULA_STARTS

SUFFIXES = (".csv", ".json", ".md")
"""Of files that leave; a prior pack and checksums besides."""

OTHERS = re.compile(r"prior_pack\.toml|checksums/.+\.txt")
EXTREME = re.compile(r"(^|_)(min|max|minimum|maximum|smallest|largest)(_|$)")
SECRET = re.compile(r"(^|_)(exposure|population|children|residual|draw|sha256|hash)(s?)(_|$)")
HASH = re.compile(r"\b[0-9a-f]{32,}\b")
PATH = re.compile(
    r"(?:[A-Za-z]:\\\\|/(?:home|root|users|mnt|data|srv|tmp|work|var)/)", re.IGNORECASE
)
LONGEST_LIST = 100
"""Numbers in a row of `fit.json`, beyond which they are draws or rows of a table."""


def inspect(released: Released, counts: Counts, rules: Rules, *, sure: float) -> list[Finding]:
    """What an export has that it should not have.

    Parameters
    ----------
    released : Released
    counts : Counts
        Exact counts: those that are withheld must be absent from every table.
    rules : Rules
    sure : float
        Probability from which authorities are told apart.
    """
    inspector = _Inspector(released, decide(counts, rules), sure=sure)
    return [Finding(what, (where,)) for where, what in inspector.found()]


Found = Iterator[tuple[str, str]]


class _Inspector:
    def __init__(self, released: Released, decisions: Decisions, *, sure: float) -> None:
        self._released, self._decisions, self._sure = released, decisions, sure
        self._rules = decisions.rules

    def found(self) -> Found:
        yield from self._files()
        yield from self._json()
        yield from self._withheld()
        looks: Sequence[Callable[[str, pd.DataFrame], Found]] = (
            self._columns,
            self._rows,
            self._authorities,
            self._trends,
            self._strata,
            self._numbers,
            self._like_counts,
            self._ranks,
        )
        for name, frame in self._released.texts.items():
            if not self._is_known(name):
                yield f"{TABLES}{name}.csv", "is no table that may leave"
                continue
            for look in looks:
                yield from look(name, frame)

    @staticmethod
    def _is_known(name: str) -> bool:
        known = {**CLASSES, **EXTRA, **{matrix_name(one): "comparison" for one in QUANTITIES}}
        return known.get(name, "never") != "never" and name != "pairs"

    def _files(self) -> Found:
        for name, content in self._released.files.items():
            if not name.endswith(SUFFIXES) and not OTHERS.fullmatch(name):
                yield name, "is of a kind that does not leave"
            if name.endswith(".csv"):
                lines = content.decode().splitlines()
                if name.startswith(TABLES) and len(lines) - 1 > self._rules.rows:
                    yield name, f"has more than {self._rules.rows} rows"
                if any(
                    cell.startswith(FORMULA_STARTS) and not _is_number(cell)
                    for cell in _cells(content)
                ):
                    yield name, "has a cell that a spreadsheet would run as a formula"

    def _json(self) -> Found:
        for name in ("fit.json", "rules.json", "request.md", "withheld.csv"):
            text = self._released.files.get(name, b"").decode()
            if HASH.search(text):
                yield name, "has a hash"
            if PATH.search(text):
                yield name, "has a path"
        for keys, value in _walked(json.loads(self._released.files["fit.json"])):
            where = f"fit.json, {'.'.join(keys)}"
            inner = keys[0] != "spec"
            if inner and keys and (EXTREME.search(keys[-1]) or SECRET.search(keys[-1])):
                yield where, "is of a kind that does not leave"
            if isinstance(value, list) and _numbers_in(value) > LONGEST_LIST:
                yield where, "is a long list of numbers"
        codes = {str(one["code"]) for one in self._released.about.get("authorities", [])}
        for code in sorted(codes & self._wholly_hidden()):
            yield "fit.json", f"names {code}, of which nothing leaves"

    def _withheld(self) -> Found:
        frame = self._released.withheld
        extra = set(frame) - {"authority", "name", "outcome", "stratum", "reason"}
        if extra:
            yield "withheld.csv", f"has a column {', '.join(sorted(map(str, extra)))}"
        if "reason" in frame:
            allowed = {self._rules.threshold, self._rules.areas, self._rules.authorities}
            for reason in dict.fromkeys(frame["reason"]):
                if {int(n) for n in re.findall(r"\d+", reason)} - allowed:
                    yield "withheld.csv", "has a number that is not of the rules"

    def _columns(self, name: str, frame: pd.DataFrame) -> Found:
        where = f"{TABLES}{name}.csv"
        for column in map(str, frame):
            if name.startswith("pairs_"):
                continue
            if EXTREME.search(column) or (SECRET.search(column) and column != "exposure_rounded"):
                yield where, f"has a column {column}, of a kind that does not leave"
            if column in (*classes.COUNTS, *classes.EXCESS):
                yield where, f"has exact counts in {column}"
        if name == "scores" and (frame["authority"] != "").any():
            yield where, "has scores of single authorities"
        for column in classes.WITHHELD_COLUMNS.get(name, ()):
            if column in frame and (frame[column] != "").any():
                yield where, f"tells places in {column}"
        if name == "diagnostics" and frame["quantity"].str.contains("[", regex=False).any():
            yield where, "names authorities in quantity"

    def _rows(self, name: str, frame: pd.DataFrame) -> Found:
        none = not self._rules.authorities_may_leave
        if none and "authority" in frame and (frame["authority"] != "").any():
            yield f"{TABLES}{name}.csv", "has rows of authorities, of which nothing leaves"

    def _authorities(self, name: str, frame: pd.DataFrame) -> Found:
        """Rows of what is withheld."""
        where = f"{TABLES}{name}.csv"
        shown = {
            (row.authority, row.outcome, row.stratum)
            for part in (self._decisions.shown(), self._decisions.shown(of_totals=True))
            for row in part.itertuples()
        }
        for place in _places_of_authorities(frame):
            if place not in shown:
                yield where, f"has a row of {', '.join(filter(None, place))}, withheld"
        if name.startswith("pairs_"):
            for code in sorted(set(map(str, frame.columns)) & self._wholly_hidden()):
                yield where, f"has a column of {code}, withheld"

    def _trends(self, name: str, frame: pd.DataFrame) -> Found:
        """Trends over years of which one is withheld."""
        if name != "trends":
            return
        cells = self._decisions.cells[self._decisions.cells["hidden"] != SHOWN]
        hidden = set(zip(cells["authority"], cells["outcome"], strict=True))
        for place in zip(frame["authority"], frame["outcome"], strict=True):
            if place in hidden:
                what = f"has a trend of {place[0]}, a year of which is withheld"
                yield f"{TABLES}{name}.csv", what

    def _wholly_hidden(self) -> set[str]:
        """Codes of which no total leaves."""
        totals = self._decisions.totals
        shown = set(self._decisions.shown(of_totals=True)["authority"])
        return set(totals["authority"]) - (shown if self._rules.authorities_may_leave else set())

    def _strata(self, name: str, frame: pd.DataFrame) -> Found:
        few = self._decisions.strata[~self._decisions.strata["shown"]]
        hidden = set(zip(few["outcome"], few["stratum"], strict=True))
        if "authority" in frame or "outcome" not in frame or name.startswith("pairs_"):
            return
        for column in ("stratum", "stratum_a", "stratum_b", "year"):
            if column in frame:
                for place in dict.fromkeys(zip(frame["outcome"], frame[column], strict=True)):
                    if place in hidden:
                        yield f"{TABLES}{name}.csv", f"has {', '.join(place)}: too few authorities"

    def _numbers(self, name: str, frame: pd.DataFrame) -> Found:
        where, rules = f"{TABLES}{name}.csv", self._rules
        whole: tuple[str, ...] = (*classes.WHOLE, *classes.OF_THE_SAMPLER)
        if name == "ranks":
            whole = (*whole, *classes.RANKS, "expected_rank")
        for column in map(str, frame):
            texts = [text for text in frame[column] if text]
            if classes.is_probability(column) or name == "pairs_prob_a_steeper":
                if column not in LABELS and any(map(_is_fine_probability, texts)):
                    yield where, f"has probabilities finer than 0.01 in {column}"
            elif column.endswith(f"_rounded{rules.round}"):
                yield from self._rounded(where, column, texts)
            elif re.search(r"_rounded\d+$", column):
                yield where, f"has {column}, rounded to another number than {rules.round}"
            elif (
                column not in (*whole, *LABELS)
                and max((_digits(text) for text in texts if _is_number(text)), default=0)
                > rules.digits
            ):
                yield where, f"has more than {rules.digits} digits in {column}"

    def _rounded(self, where: str, column: str, texts: Sequence[str]) -> Found:
        step = self._rules.round
        if column.startswith("excess"):
            right = [float(text) % step == 0 for text in texts]
        else:
            of_areas = column.startswith(("areas", "terms", "unreliable"))
            least = self._rules.areas if of_areas else self._rules.threshold
            right = [is_label(float(text), threshold=least, step=step) for text in texts]
        if not all(right):
            yield where, f"has counts in {column} that no count leaves as"

    def _like_counts(self, name: str, frame: pd.DataFrame) -> Found:
        """Rates and the like that are finer than the events that determine them."""
        columns = [one for one in LIKE_COUNTS.get(name, ()) if one in frame]
        if not columns:
            return
        from bayesgrad.export.release import Labels

        labels = Labels.of(self._decisions)
        for row in frame.to_dict(orient="records"):
            authority, outcome = row.get("authority", ""), row["outcome"]
            stratum = row.get("stratum", row.get("year", ""))
            events = (
                labels.lowest.get((authority, outcome))
                if name == "trends"
                else labels.by_cell.get((authority, outcome, stratum))
            )
            if not events or row[columns[0]] == "":
                continue
            step = coarse_step(float(row[columns[0]]), least=self._rules.round / events)
            for column in columns:
                if row[column] and not _is_coarse(float(row[column]), step):
                    place = ", ".join(filter(None, (authority, outcome, stratum)))
                    yield f"{TABLES}{name}.csv", f"{column} of {place} is as good as its events"

    def _ranks(self, name: str, frame: pd.DataFrame) -> Found:
        """Ranks among others than those that leave."""
        if name != "ranks":
            return
        where = f"{TABLES}{name}.csv"
        for place, own in frame.groupby(["outcome", "stratum"], sort=False):
            count = len(own)
            label = ", ".join(filter(None, map(str, place)))
            total = own["expected_rank"].astype(float).sum()
            if abs(total - count * (count + 1) / 2) > 0.05 * count + 1e-6:
                yield where, f"ranks of {label} are among others than those that leave"
            highest = own[["upper", "simultaneous_upper"]].astype(float).to_numpy().max()
            if highest > count or own["not_told_apart"].astype(float).max() > count - 1:
                yield where, f"ranks of {label} count others than those that leave"
            tiers = sorted(set(own["tier"].astype(float)))
            if tiers != list(range(1, len(tiers) + 1)):
                yield where, f"tiers of {label} have a gap"
            yield from self._told_apart(where, own, place)

    def _told_apart(self, where: str, own: pd.DataFrame, place: Any) -> Found:
        """Numbers of authorities that cannot be told apart, beside the matrix of pairs."""
        matrix = self._released.texts.get(matrix_name("prob_a_steeper"))
        if matrix is None:
            return
        here = matrix[(matrix["outcome"] == place[0]) & (matrix["stratum"] == place[1])]
        members = here["authority_a"].tolist()
        values = here[members].map(probability_of).to_numpy(dtype=float)
        surely = np.maximum(values, 1.0 - values)
        number = own.set_index("authority")["not_told_apart"].astype(float).reindex(members)
        least = (surely < self._sure - 0.0051).sum(axis=1)
        most = (surely < self._sure + 0.0051).sum(axis=1)
        if ((number < least) | (number > most)).any():
            yield where, "not_told_apart is not of the authorities that leave"


LABELS = (
    "authority", "authority_a", "authority_b", "name", "outcome", "from_outcome", "to_outcome",
    "outcome_a", "outcome_b", "effect_a", "effect_b", "stratum", "stratum_a", "stratum_b",
    "moderator", "form", "check", "parameter", "prior", "distribution", "diagnosis", "quantity",
    "score", "where",
)  # fmt: skip
"""Columns of names, which may look like numbers."""


def _places_of_authorities(frame: pd.DataFrame) -> Iterator[tuple[str, str, str]]:
    """Authority, outcome and stratum of each row; of a row of two outcomes, both."""
    stratum = frame["stratum"] if "stratum" in frame else pd.Series("", index=frame.index)
    for column in ("authority", "authority_a"):
        for outcome in ("outcome", "from_outcome", "to_outcome"):
            if column in frame and outcome in frame:
                for place in zip(frame[column], frame[outcome], stratum, strict=True):
                    if place[0]:
                        yield place


def _cells(content: bytes) -> list[str]:
    import csv
    import io

    return [cell for row in csv.reader(io.StringIO(content.decode(), newline="")) for cell in row]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _is_fine_probability(text: str) -> bool:
    """Whether a text tells a probability more finely than to 0.01, or is none."""
    if text in ("<0.01", ">0.99"):
        return False
    return not _is_number(text) or len(text) > 4 or not 0.01 <= float(text) <= 0.99


def _digits(text: str) -> int:
    """Significant digits of a number; zeros at the end of a whole one do not count."""
    mantissa = text.lower().partition("e")[0].lstrip("+-")
    figures = mantissa.replace(".", "").lstrip("0")
    return len(figures.rstrip("0"))


def _is_coarse(value: float, step: float) -> bool:
    """Whether a number is a multiple of a step, or of one beside it.

    Released numbers, being rounded, tell the step but for one.
    """
    if step == 0.0:
        return True
    power = 10.0 ** np.floor(np.log10(step) + 1e-9)
    place = LEADING.index(float(round(step / power)))
    steps = [5.0 * power / 10.0, *(lead * power for lead in LEADING), 10.0 * power]
    return any(abs(value / s - round(value / s)) < 1e-6 for s in steps[place : place + 3])


def _walked(content: Any, keys: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Everything in plain data with the keys that lead to it."""
    if keys:
        yield keys, content
    if isinstance(content, dict):
        for key, value in content.items():
            yield from _walked(value, (*keys, str(key)))
    elif isinstance(content, list):
        for value in content:
            if isinstance(value, dict):
                yield from _walked(value, keys)


def _numbers_in(values: list[Any]) -> int:
    return sum(isinstance(value, int | float) for value in values)
