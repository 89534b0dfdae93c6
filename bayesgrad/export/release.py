"""Tables as they leave: rows withheld, counts rounded, estimates coarse, ranks formed anew."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from bayesgrad.export import classes
from bayesgrad.export.classes import CLASSES, rounded_name
from bayesgrad.export.counts import Floats, rounded
from bayesgrad.export.decisions import SHOWN, Decisions
from bayesgrad.export.digits import coarse_step, probability_text, to_digits, to_step
from bayesgrad.export.matrices import matrices
from bayesgrad.export.rules import Rules
from bayesgrad.export.source import Source

NATION = ""
"""Authority of a row of the nation."""

SAMPLER_DIGITS = 5
"""Of convergence statistics, whose limits are near 1."""


@dataclass(frozen=True, eq=False)
class Labels:
    """Events as they leave, by authority, outcome and stratum; sums of these for the nation."""

    by_cell: Mapping[tuple[str, str, str], float]
    """Of a total of which a part is withheld, the sum of the others."""
    lowest: Mapping[tuple[str, str], float]
    """Smallest over the strata of an authority and outcome."""
    partial: Set[tuple[str, str, str]] = frozenset()
    """Totals of which a part is withheld."""

    @classmethod
    def of(cls, decisions: Decisions) -> Labels:
        """Labels of what is shown."""
        cells, totals = decisions.shown(), decisions.shown(of_totals=True)
        by_cell: dict[tuple[str, str, str], float] = {}
        groups = (["authority", "outcome", "stratum"], ["authority", "outcome"])
        for by in (*groups, ["outcome", "stratum"], ["outcome"]):
            for key, events in cells.groupby(by, sort=False)["events_label"].sum().items():
                values = dict(zip(by, key if isinstance(key, tuple) else (key,), strict=True))
                place = (values.get("authority", NATION), values["outcome"])
                by_cell[*place, values.get("stratum", "")] = float(events)
        lowest = cells.groupby(["authority", "outcome"])["events_label"].min()
        nation = cells.groupby(["outcome", "stratum"])["events_label"].sum()
        places = zip(lowest.index.to_list(), lowest, strict=True)
        least = {(str(place[0]), str(place[1])): float(value) for place, value in places}
        for outcome, value in nation.groupby("outcome").min().items():
            least[NATION, str(outcome)] = float(value)
        return cls(by_cell, least, frozenset(_keys(totals[totals["events_label"].isna()])))


def release(
    source: Source, decisions: Decisions, *, counts: bool = True
) -> dict[str, pd.DataFrame]:
    """Every table as it leaves, by name.

    Parameters
    ----------
    source : Source
    decisions : Decisions
        Of the counts of `source`.
    counts : bool
        Whether columns of counts leave.
    """
    labels = Labels.of(decisions)
    found: dict[str, pd.DataFrame] = {}
    bands = None if source.bands is None else _released_bands(source.bands, decisions.rules)
    for name, frame in source.tables.items():
        if CLASSES[name] == "never":
            continue
        if CLASSES[name] == "authority" and not decisions.rules.authorities_may_leave:
            continue
        kept = _rows(name, frame, decisions)
        if name == "inequality":
            kept = _with_observed(kept, bands)
        found[name] = _coarse(name, kept, decisions, labels)
    found |= _comparisons(source, decisions)
    if bands is not None:
        found["bands"] = bands
    if not counts:
        found = {name: _without_counts(frame, decisions.rules) for name, frame in found.items()}
    return {name: frame.reset_index(drop=True) for name, frame in found.items() if len(frame)}


def _rows(name: str, frame: pd.DataFrame, decisions: Decisions) -> pd.DataFrame:
    """Rows that may leave."""
    if "authority" not in frame:
        return frame[_of_shown_strata(frame, decisions)]
    nation = (frame["authority"] == NATION).to_numpy()
    if CLASSES[name] == "national" or not decisions.rules.authorities_may_leave:
        return frame[nation]
    kept = nation | _of_shown_authorities(name, frame, decisions)
    return frame[kept]


def _of_shown_authorities(
    name: str, frame: pd.DataFrame, decisions: Decisions
) -> NDArray[np.bool_]:
    cells, totals = decisions.shown(), decisions.shown(of_totals=True)
    known = {*_keys(cells), *_keys(totals)}
    if name == "trends":
        # A trend is of all years: none of them may be hidden.
        hidden = decisions.cells[decisions.cells["hidden"] != SHOWN]
        known -= {(authority, outcome, "") for authority, outcome, _ in _keys(hidden)}
    strata = frame["stratum"] if "stratum" in frame else pd.Series("", index=frame.index)
    outcomes = ("outcome",) if "outcome" in frame else ("from_outcome", "to_outcome")
    shown = np.ones(len(frame), dtype=bool)
    for column in outcomes:
        places = zip(frame["authority"], frame[column], strata, strict=True)
        shown &= np.array([place in known for place in places], dtype=bool)
    return shown


def _keys(frame: pd.DataFrame) -> list[tuple[str, str, str]]:
    return list(zip(frame["authority"], frame["outcome"], frame["stratum"], strict=True))


def _of_shown_strata(frame: pd.DataFrame, decisions: Decisions) -> NDArray[np.bool_]:
    """Whether a row of the nation is of strata of which enough authorities have events."""
    hidden = decisions.strata[~decisions.strata["shown"]]
    few = set(zip(hidden["outcome"], hidden["stratum"], strict=True))
    shown = np.ones(len(frame), dtype=bool)
    for column in ("stratum", "stratum_a", "stratum_b", "year"):
        if column in frame and "outcome" in frame:
            places = zip(frame["outcome"], frame[column].astype(str), strict=True)
            shown &= np.array([place not in few for place in places], dtype=bool)
    return shown


def _coarse(name: str, frame: pd.DataFrame, decisions: Decisions, labels: Labels) -> pd.DataFrame:
    """Columns as they leave, in the order of the table."""
    rules = decisions.rules
    events = _events_of_rows(name, frame, labels)
    columns: dict[str, object] = {}
    for column in map(str, frame):
        if column in classes.COUNTS:
            counts = _counts_of(name, column, frame, decisions)
            columns[rounded_name(column, rules.round)] = counts
        elif column in classes.EXCESS:
            share = to_digits(frame[f"paf{column.removeprefix('excess_events')}"], rules.digits)
            # Missing in the table where counts are suppressed.
            missing = _partial(frame, labels) | frame[column].isna().to_numpy()
            whole = np.where(missing, np.nan, events)
            columns[rounded_name(column, rules.round)] = _excess(share, whole, rules)
        elif column in classes.LIKE_COUNTS.get(name, ()):
            point = frame[classes.LIKE_COUNTS[name][0]]
            columns[column] = like_count(frame[column], point, events, rules)
        else:
            columns[column] = _estimate(name, frame[column], rules)
    coarse = pd.DataFrame(columns, index=frame.index)
    if name == "predictive":
        extreme = frame["check"].isin(classes.EXTREME_CHECKS)
        coarse.loc[extreme, ["observed", "expected", "lower", "upper"]] = np.nan
        zeros = frame["check"] == classes.ZEROS_CHECK
        coarse.loc[zeros, "observed"] = _shares_of_areas(frame[zeros], decisions)
    return coarse


def _shares_of_areas(frame: pd.DataFrame, decisions: Decisions) -> Floats:
    """Shares of areas without events, computed from rounded numbers of areas.

    Missing where these, or the others, are fewer than the rules ask for.
    """
    rules = decisions.rules
    areas = decisions.cells.groupby("outcome")["areas"].sum().reindex(frame["outcome"])
    whole = areas.to_numpy(dtype=float)
    number = np.rint(frame["observed"].to_numpy(dtype=float) * whole)
    labels = rounded(number, threshold=rules.areas, step=rules.round)
    enough = whole - number >= rules.areas
    shares = labels / rounded(whole, threshold=rules.areas, step=rules.round)
    return to_digits(np.where(enough, shares, np.nan), rules.digits)


def _estimate(name: str, values: pd.Series, rules: Rules) -> object:
    """A column that no count determines, as it leaves."""
    column = str(values.name)
    if column in classes.WITHHELD_COLUMNS.get(name, ()):
        return ""
    if column == "quantity":
        # Without coordinates, which name authorities.
        return values.astype(str).str.partition("[")[0]
    if classes.is_probability(column):
        return [probability_text(value) for value in values.astype(float)]
    if values.dtype.kind not in "fiu" or column in classes.WHOLE:
        return values
    decimals = classes.decimals(name, column)
    if decimals is not None:
        return values.astype(float).round(decimals)
    return to_digits(values, SAMPLER_DIGITS if column in classes.OF_THE_SAMPLER else rules.digits)


def _events_of_rows(name: str, frame: pd.DataFrame, labels: Labels) -> Floats:
    """Events, as they leave, that each row rests on; NaN where there are none."""
    if "outcome" not in frame:
        return np.full(len(frame), np.nan)
    authority = frame["authority"] if "authority" in frame else pd.Series(NATION, frame.index)
    if name == "trends":
        pairs = zip(authority, frame["outcome"], strict=True)
        return np.array([labels.lowest.get(pair, np.nan) for pair in pairs])
    column = "year" if "year" in frame else "stratum"
    stratum = frame[column].astype(str) if column in frame else pd.Series("", frame.index)
    places = zip(authority, frame["outcome"], stratum, strict=True)
    return np.array([labels.by_cell.get(place, np.nan) for place in places])


def _partial(frame: pd.DataFrame, labels: Labels) -> NDArray[np.bool_]:
    """Whether a part of the events of each row, all strata together, is withheld."""
    if not {"authority", "outcome"} <= set(frame):
        return np.zeros(len(frame), dtype=bool)
    places = zip(frame["authority"], frame["outcome"], strict=True)
    return np.array([(*place, "") in labels.partial for place in places], dtype=bool)


def like_count(values: pd.Series, point: pd.Series, events: Floats, rules: Rules) -> list[float]:
    """Estimates no finer than the rounding of the events that nearly determine them.

    Both the step, which is that of `round` events in the estimate, and the digits hold. Missing
    where the events do not leave.
    """
    coarse = to_digits(values, rules.digits)
    size = to_digits(point, rules.digits)
    return [
        to_step(value, coarse_step(whole, least=rules.round / count))
        if np.isfinite(count) and count > 0
        else np.nan
        for value, whole, count in zip(coarse, size, events, strict=True)
    ]


def _counts_of(name: str, column: str, frame: pd.DataFrame, decisions: Decisions) -> Floats:
    """Counts of each row as they leave; of the nation, sums of those that do."""
    rules = decisions.rules
    if column in ("terms", "unreliable"):
        return rounded(frame[column].astype(float), threshold=rules.areas, step=rules.round)
    totals, cells = decisions.shown(of_totals=True), decisions.shown()
    shown = pd.concat([cells, totals]).drop_duplicates(["authority", "outcome", "stratum"])
    label = f"{column}_label"
    if "authority" in frame:
        by_cell = shown.set_index(["authority", "outcome", "stratum"])[label]
        places = pd.MultiIndex.from_frame(frame[["authority", "outcome", "stratum"]])
        return by_cell.reindex(places).to_numpy(dtype=float)
    # Sums of nothing but what leaves: a count that is missing adds nothing.
    sums = cells.groupby(["outcome", "stratum"])[label].sum(min_count=1)
    stratum = frame["year" if name == "years" else "stratum"].astype(str)
    places = pd.MultiIndex.from_arrays([frame["outcome"], stratum])
    return sums.reindex(places).to_numpy(dtype=float)


def _excess(share: Floats, events: Floats, rules: Rules) -> Floats:
    """Fractions of released events, to the rounding of counts: whoever has the file can do it."""
    excess: Floats = np.floor(share * events / rules.round + 0.5) * rules.round
    return excess


def _released_bands(bands: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    events = rounded(bands["events"], threshold=rules.threshold, step=rules.round)
    exposure = to_digits(bands["exposure"], rules.digits)
    columns = {
        "outcome": bands["outcome"],
        "band": bands["band"],
        "deprivation": to_digits(bands["deprivation"], rules.digits),
        rounded_name("events", rules.round): events,
        "exposure_rounded": exposure,
        "observed_rate_per_10000": to_digits(1e4 * events / exposure, rules.digits),
        **{
            name: to_digits(bands[name], rules.digits)
            for name in ("rate_per_10000", "lower", "upper")
        },
    }
    return pd.DataFrame(columns)


def _with_observed(inequality: pd.DataFrame, bands: pd.DataFrame | None) -> pd.DataFrame:
    """Indices of observed rates, computed again from the bands as they leave."""
    changed = inequality.assign(**dict.fromkeys(classes.OBSERVED, np.nan))
    if bands is None:
        return changed
    from bayesgrad.estimands.observed_inequality import observed_inequality

    (events,) = (name for name in map(str, bands) if name.startswith("events_rounded"))
    for outcome, own in bands.groupby("outcome", sort=False):
        coords = {"outcome": [outcome]}
        dims = ("outcome", "band")
        rates = xr.Dataset(
            {
                "observed": (dims, own[events].to_numpy(dtype=float)[None, :]),
                "exposure": (dims, own["exposure_rounded"].to_numpy(dtype=float)[None, :]),
            },
            coords=coords,
        )
        measures = observed_inequality(rates).isel(outcome=0)
        nation = (changed["outcome"] == outcome) & (changed["authority"] == NATION)
        for name in classes.OBSERVED:
            changed.loc[nation, name] = float(measures[name])
    return changed


def _comparisons(source: Source, decisions: Decisions) -> dict[str, pd.DataFrame]:
    """Ranks, tiers and pairs among the authorities that leave."""
    rules = decisions.rules
    codes = {place: decisions.codes(*place) for place in source.populations}
    enough = {place: own for place, own in codes.items() if len(own) >= rules.authorities}
    if not enough:
        return {}
    compared = source.compare(enough)
    found: dict[str, pd.DataFrame] = {}
    if "ranks" in compared:
        ranks = compared["ranks"]
        if rules.authorities_may_leave:
            found["ranks"] = _coarse("ranks", ranks, decisions, Labels({}, {}))
        else:
            found["tiers"] = tiers_without_names(ranks, rules)
    if "pairs" in compared and rules.authorities_may_leave and rules.comparisons == "matrix":
        found |= matrices(compared["pairs"], digits=rules.digits)
    return found


def tiers_without_names(ranks: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """How many authorities are in each tier, tiers joined until each has enough of them.

    Columns: `outcome`, `stratum`, `first_tier` and `last_tier`, and `authorities`.
    """
    rows = []
    for (outcome, stratum), own in ranks.groupby(["outcome", "stratum"], sort=False):
        sizes = own["tier"].value_counts().sort_index()
        joined: list[list[int]] = []
        for tier, size in zip(sizes.index.tolist(), sizes.tolist(), strict=True):
            if joined and joined[-1][2] < rules.authorities:
                joined[-1] = [joined[-1][0], tier, joined[-1][2] + size]
            else:
                joined.append([tier, tier, size])
        if len(joined) > 1 and joined[-1][2] < rules.authorities:
            _, last, size = joined.pop()
            joined[-1] = [joined[-1][0], last, joined[-1][2] + size]
        rows += [(outcome, stratum, *one) for one in joined]
    columns = ["outcome", "stratum", "first_tier", "last_tier", "authorities"]
    return pd.DataFrame(rows, columns=columns)


def _without_counts(frame: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    kept = [name for name in map(str, frame) if not name.endswith(f"_rounded{rules.round}")]
    return frame.loc[:, kept]
