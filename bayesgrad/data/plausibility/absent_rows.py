"""Rows of no events that are not there.

Where each count is Poisson about a mean of its own, whatever the means are, numbers f_k of counts
of k obey f_0 >= f_1^2 / (2 f_2) in expectation (Chao 1987, by the inequality of Cauchy and
Schwarz). So counts of 1 and 2 say how many zeros there must at least be. Of events out of n >= 5
cases the same holds with 0.8 of it. Where counts of 1 to `upper` are suppressed, their number does:
no mean gives many of them and hardly any zeros.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaincc

from bayesgrad.data.listing import counted, listed
from bayesgrad.data.plausibility.area_totals import Floats
from bayesgrad.data.plausibility.evidence import Evidence
from bayesgrad.spec.parts import Outcome

FALSE_ALARM = 1e-3
FEWEST_CASES = 5
QUANTILE = 3.0
"""Standard errors by which the bound is lowered."""
TOGETHER = (1, 2, 4, 8)
"""Numbers of authorities that are judged together."""


def absent_zeros(evidence: Evidence) -> tuple[str, ...]:
    """Warn of outcomes with far fewer zeros than their small counts make certain."""
    return tuple(
        warning for outcome in evidence.spec.outcomes for warning in _absent(evidence, outcome)
    )


def _absent(evidence: Evidence, outcome: Outcome) -> tuple[str, ...]:
    """Look at all rows together, then at each authority alone."""
    kept, column = evidence.kept, outcome.column
    of_cases = evidence.spec.is_of_cases(outcome)
    usable = kept.entering[column].to_numpy()
    if of_cases:
        usable = usable & (kept.exposures[column].to_numpy() >= FEWEST_CASES)
    count = kept.counts[column].to_numpy(np.float64)[usable]
    hidden = kept.suppressed[column].to_numpy()[usable]
    keys = kept.selection.keys[usable]
    authority, codes = keys["authority"].factorize(sort=True)
    small = [
        np.bincount(authority, (count == k) & ~hidden, minlength=len(codes)).astype(np.float64)
        for k in range(3)
    ]
    suppressed = evidence.spec.likelihood.suppressed
    if hidden.any() and suppressed is not None:
        if suppressed.lower != 1:
            return ()
        rows = np.bincount(authority, minlength=len(codes)).astype(np.float64)
        number = np.bincount(authority, hidden, minlength=len(codes)).astype(np.float64)
        bound: _Bound = _HiddenBound(number, rows, suppressed.upper)
    else:
        bound = _SmallBound(small[1], small[2], 0.8 if of_cases else 1.0)
    missing = evidence.given.counts[column].isna() & (evidence.given.exposures[column] > 0)
    overall = float(bound.overall())
    zeros = float(small[0].sum())
    if _too_few(zeros, overall, FALSE_ALARM):
        return (_told(column, zeros, overall, int(missing.sum()), of_cases=of_cases),)
    few, certain = _several(small[0], bound)
    if not few.any():
        return ()
    names = [code for code, one in zip(codes, few, strict=True) if one]
    return (
        f"in {counted(len(names), 'authority', 'authorities')} ({listed(names)}) "
        + _told(
            column,
            float(small[0][few].sum()),
            float(certain[few].sum()),
            int(missing[evidence.given.selection.keys["authority"].isin(names)].sum()),
            of_cases=of_cases,
        ),
    )


class _Bound(Protocol):
    """Fewest zeros that are certain, lowered by so many standard errors of the bound."""

    def overall(self) -> float: ...

    def by_authority(self, errors: float) -> Floats: ...


@dataclass(frozen=True)
class _SmallBound:
    """From numbers of counts of 1 and of 2; the logarithm's error is sqrt(4 / f_1 + 1 / f_2)."""

    ones: Floats
    twos: Floats
    share: float

    def overall(self) -> float:
        return float(self._at(self.ones.sum(), self.twos.sum(), QUANTILE))

    def by_authority(self, errors: float) -> Floats:
        return self._at(self.ones, self.twos, errors)

    def _at(self, ones: ArrayLike, twos: ArrayLike, errors: float) -> Floats:
        ones, twos = np.asarray(ones, np.float64), np.asarray(twos, np.float64)
        error = np.sqrt(4 / np.maximum(ones, 1) + 1 / (twos + 1))
        bound = ones * np.maximum(ones - 1, 0) / (2 * (twos + 1))
        return np.asarray(self.share * bound * np.exp(-errors * error), np.float64)


@dataclass(frozen=True)
class _HiddenBound:
    """From numbers of counts that are hidden, 1 to `upper`, and of rows."""

    hidden: Floats
    rows: Floats
    upper: int

    def overall(self) -> float:
        return float(self._at(self.hidden.sum(), self.rows.sum(), QUANTILE))

    def by_authority(self, errors: float) -> Floats:
        return self._at(self.hidden, self.rows, errors)

    def _at(self, hidden: ArrayLike, rows: ArrayLike, errors: float) -> Floats:
        rows = np.maximum(rows, 1)
        share = np.asarray(hidden, np.float64) / rows
        lowered = share - errors * np.sqrt(share * (1 - share) / rows)
        mean = np.linspace(0.05, 6 * self.upper + 30, 4_000)
        between = gammaincc(self.upper + 1, mean) - np.exp(-mean)
        top = int(np.argmax(between))
        # From the largest share on, zeros and hidden counts both become rarer with the mean.
        falling, zeros = between[top:][::-1], np.exp(-mean[top:])[::-1]
        return np.asarray(rows * np.interp(lowered, falling, zeros, left=0.0), np.float64)


def _several(zeros: Floats, bound: _Bound) -> tuple[NDArray[np.bool_], Floats]:
    """Authorities with too few zeros: one against long odds, or several against shorter ones.

    That k of J authorities have probabilities below t has at most a probability of (J t)^k / k!.
    """
    for number in TOGETHER:
        certain = bound.by_authority(QUANTILE / np.sqrt(number))
        odds = (factorial(number) * FALSE_ALARM / len(TOGETHER)) ** (1 / number)
        few = _too_few(zeros, certain, odds / len(zeros))
        if few.sum() >= number:
            return few, certain
    return np.zeros(len(zeros), np.bool_), np.zeros(len(zeros))


def _too_few(zeros: ArrayLike, certain: ArrayLike, level: float) -> NDArray[np.bool_]:
    """Where so few zeros have a probability below `level`, and are less than a half."""
    few = gammaincc(np.asarray(zeros) + 1, np.maximum(certain, 1e-12)) < level
    return np.asarray(few & (np.asarray(zeros) < np.asarray(certain) / 2))


def _told(column: str, zeros: float, certain: float, missing: int, *, of_cases: bool) -> str:
    least = 10 ** int(np.log10(certain))
    least *= int(certain / least)
    seen = "no row has a count of 0" if zeros == 0 else f"{zeros:,.0f} rows have a count of 0"
    also = (
        f" {missing:,} counts are missing, which [rows] missing_counts leaves out: are they zeros?"
        if missing
        else ""
    )
    what = "cases" if of_cases else "exposure"
    return (
        f"{column}: {seen}, where the small counts make at least {least:,} certain: areas without "
        f"events are left out, and gradients come out too flat.{also} Give every area a row, with "
        f"a count of 0 and its {what} where there was no event."
    )
