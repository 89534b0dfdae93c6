"""Broken variants of an export: each has one leak planted, and must be found."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from bayesgrad.export.counts import Counts
from bayesgrad.export.decisions import decide
from bayesgrad.export.released import Released
from bayesgrad.export.rules import Rules
from bayesgrad.export.texts import csv_bytes

Files = dict[str, bytes]
Leak = Callable[[Files, Counts, Rules], None]


def _table(files: Files, name: str) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(files[f"tables/{name}.csv"]), dtype=str, keep_default_na=False)


def _put(files: Files, name: str, frame: pd.DataFrame) -> None:
    files[f"tables/{name}.csv"] = csv_bytes(frame)


def _edit(files: Files, name: str, column: str, row: int, value: object) -> None:
    frame = _table(files, name)
    frame.loc[row, column] = str(value)
    _put(files, name, frame)


def _exact(counts: Counts, row: pd.Series) -> float:
    cells = counts.cells
    here = (
        (cells["authority"] == row["authority"])
        & (cells["outcome"] == row["outcome"])
        & (cells["stratum"] == row["stratum"])
    )
    return float(cells.loc[here, "events"].iloc[0])


def exact_count(files: Files, counts: Counts, rules: Rules) -> None:
    frame = _table(files, "gradients")
    row = next(k for k in frame.index if _exact(counts, frame.loc[k]) % 5)
    _edit(files, "gradients", "events_rounded5", row, int(_exact(counts, frame.loc[row])))


def exact_total(files: Files, counts: Counts, rules: Rules) -> None:
    row = _table(files, "strata").loc[0]
    cells = counts.cells
    here = (cells["outcome"] == row["outcome"]) & (cells["stratum"] == row["stratum"])
    _edit(files, "strata", "events_rounded5", 0, int(cells.loc[here, "events"].sum()))


def rounded_after_summing(files: Files, counts: Counts, rules: Rules) -> None:
    row = _table(files, "strata").loc[0]
    shown = decide(counts, rules).shown()
    here = (shown["outcome"] == row["outcome"]) & (shown["stratum"] == row["stratum"])
    total = shown.loc[here, "events"].sum()
    wrong = 5 * round(total / 5)
    if wrong == float(row["events_rounded5"]):
        wrong += 5
    _edit(files, "strata", "events_rounded5", 0, int(wrong))


def _row_of_withheld(files: Files, counts: Counts, rules: Rules, kind: str, label: str) -> None:
    """Show a count that is withheld, as a row like the first."""
    cells = decide(counts, rules).cells
    found = cells[(cells["hidden"] == kind) & cells["reason"].str.contains("events")]
    one = found.sort_values("events").iloc[-1]
    frame = _table(files, "gradients")
    row = frame.loc[0].to_dict() | {
        name: one[name] for name in ("authority", "name", "outcome", "stratum")
    }
    row["events_rounded5"] = label
    _put(files, "gradients", pd.concat([frame, pd.DataFrame([row])], ignore_index=True))


def threshold_off_by_one(files: Files, counts: Counts, rules: Rules) -> None:
    _row_of_withheld(files, counts, rules, "primary", "10")


def small_as_the_lowest(files: Files, counts: Counts, rules: Rules) -> None:
    _row_of_withheld(files, counts, rules, "primary", "15")


def complement_not_withheld(files: Files, counts: Counts, rules: Rules) -> None:
    cells = decide(counts, rules).cells
    one = cells[cells["hidden"] == "complement"].sort_values("events").iloc[-1]
    _row_of_withheld(files, counts, rules, "complement", f"{one['events_label']:.0f}")


def rank_gap(files: Files, counts: Counts, rules: Rules) -> None:
    frame = _table(files, "ranks")
    for column in ("expected_rank", "upper", "simultaneous_upper"):
        values = frame[column].astype(float)
        frame[column] = (values + (values > values.median())).map(lambda one: f"{one:g}")
    _put(files, "ranks", frame)


def ranks_among_more(files: Files, counts: Counts, rules: Rules) -> None:
    frame = _table(files, "ranks")
    frame["not_told_apart"] = (frame["not_told_apart"].astype(int) + 3).astype(str)
    _put(files, "ranks", frame)


def smallest_and_largest(files: Files, counts: Counts, rules: Rules) -> None:
    frame = _table(files, "gradients")
    _put(files, "gradients", frame.assign(deprivation_min="0.02", deprivation_max="0.3"))


def exposure(files: Files, counts: Counts, rules: Rules) -> None:
    _put(files, "gradients", _table(files, "gradients").assign(exposure="23145"))


def areas(files: Files, counts: Counts, rules: Rules) -> None:
    _put(files, "areas", pd.DataFrame({"area": ["E01000001"], "rate": [1.2]}))


def draws(files: Files, counts: Counts, rules: Rules) -> None:
    about = json.loads(files["fit.json"])
    about["slope"] = list(np.linspace(0.4, 0.5, 400))
    files["fit.json"] = json.dumps(about).encode()


def implied_counts(files: Files, counts: Counts, rules: Rules) -> None:
    _put(files, "suppressed", pd.DataFrame({"authority": ["E06000001"], "implied": [17]}))


def scores_of_authorities(files: Files, counts: Counts, rules: Rules) -> None:
    frame = _table(files, "scores")
    _put(files, "scores", pd.concat([frame, frame.assign(authority="E06000001")]))


def hash_of_the_table(files: Files, counts: Counts, rules: Rules) -> None:
    about = json.loads(files["fit.json"]) | {"table": "9f" * 32}
    files["fit.json"] = json.dumps(about).encode()


def path(files: Files, counts: Counts, rules: Rules) -> None:
    about = json.loads(files["fit.json"]) | {"made": "/home/analyst/areas.csv"}
    files["fit.json"] = json.dumps(about).encode()


def count_among_withheld(files: Files, counts: Counts, rules: Rules) -> None:
    frame = pd.read_csv(io.BytesIO(files["withheld.csv"]), dtype=str, keep_default_na=False)
    frame.loc[0, "reason"] = "7 events"
    files["withheld.csv"] = csv_bytes(frame)


def too_many_digits(files: Files, counts: Counts, rules: Rules) -> None:
    _edit(files, "gradients", "gradient", 0, 1.62345)


def fine_probability(files: Files, counts: Counts, rules: Rules) -> None:
    _edit(files, "gradients", "prob_above_national", 0, 0.0004)


def exact_excess(files: Files, counts: Counts, rules: Rules) -> None:
    frame = _table(files, "inequality")
    row = frame.index[(frame["authority"] != "") & (frame["excess_events_rounded5"] != "")][0]
    value = int(frame.loc[row, "excess_events_rounded5"]) + 3
    _edit(files, "inequality", "excess_events_rounded5", row, value)


def fine_rates(files: Files, counts: Counts, rules: Rules) -> None:
    frame = _table(files, "levels")
    smallest = pd.to_numeric(frame["rate_per_10000"]).idxmin()
    _edit(files, "levels", "rate_per_10000", int(smallest), 7.13)


def places_at_fault(files: Files, counts: Counts, rules: Rules) -> None:
    _edit(files, "predictive", "where", 0, "E06000001 (3.1)")


def name_in_diagnostics(files: Files, counts: Counts, rules: Rules) -> None:
    _edit(files, "diagnostics", "quantity", 1, "authority_slope[authority=E06000001]")


def withheld_in_a_matrix(files: Files, counts: Counts, rules: Rules) -> None:
    decisions = decide(counts, rules)
    hidden = set(counts.codes) - set(decisions.shown(of_totals=True)["authority"])
    frame = _table(files, "pairs_ratio")
    _put(files, "pairs_ratio", frame.assign(**{min(hidden): "1.1"}))


def formula(files: Files, counts: Counts, rules: Rules) -> None:
    content = files["tables/gradients.csv"].decode().splitlines()
    content[1] = content[1].replace("Authority", "=Authority")
    files["tables/gradients.csv"] = "\n".join([*content, ""]).encode()


def file_of_another_kind(files: Files, counts: Counts, rules: Rules) -> None:
    files["fit.nc"] = b"CDF"


def long_list(files: Files, counts: Counts, rules: Rules) -> None:
    frame = _table(files, "gradients")
    _put(files, "gradients", pd.concat([frame] * (rules.rows // len(frame) + 1)))


def trend_over_a_hidden_year(files: Files, counts: Counts, rules: Rules) -> None:
    cells = decide(counts, rules).cells
    totals = decide(counts, rules).shown(of_totals=True)
    hidden = cells[(cells["hidden"] != "")].merge(totals[["authority", "outcome"]])
    frame = _table(files, "trends")
    one = hidden.iloc[0]
    row = frame.iloc[-1].to_dict() | {"authority": one["authority"], "outcome": one["outcome"]}
    _put(files, "trends", pd.concat([frame, pd.DataFrame([row])], ignore_index=True))


LEAKS: Mapping[str, Leak] = {
    leak.__name__: leak
    for leak in (
        exact_count, exact_total, rounded_after_summing, threshold_off_by_one, small_as_the_lowest,
        complement_not_withheld, rank_gap, ranks_among_more, smallest_and_largest, exposure, areas,
        draws, implied_counts, scores_of_authorities, hash_of_the_table, path,
        count_among_withheld, too_many_digits, fine_probability, exact_excess, fine_rates,
        places_at_fault, name_in_diagnostics, withheld_in_a_matrix, formula, file_of_another_kind,
        long_list, trend_over_a_hidden_year,
    )
}  # fmt: skip


def with_leak(released: Released, leak: str, counts: Counts, rules: Rules) -> Released:
    """Copy of an export with one leak planted."""
    files = dict(released.files)
    LEAKS[leak](files, counts, rules)
    return Released(files)
