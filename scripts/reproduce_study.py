"""Reproduce the study: simulate each of its analyses with a known truth, fit, and compare.

Usage: python scripts/reproduce_study.py [--out DIR] [--seed N] [--small] [--only NAME ...]

The data are synthetic: drawn with the published gradients where there are any, and with plausible
ones, said to be assumed, where there are none. The table that is printed, and saved as
`reproduced.csv`, has one line per figure: published, true here, estimated with its 95% interval.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

import bayesgrad as bg
from bayesgrad.files import csv_text, write_texts
from bayesgrad.simulate import SCENARIOS, Scenario, simulate_scenario
from bayesgrad.simulate.findings import EVERY_THRESHOLD, Finding

SMALL_ENGLAND = {"authorities": 40, "areas": 2_000}
SMALL_FIT = {"draws": 1500, "tune": 500, "chains": 2}

ESTIMATES = {
    "national": "gradient",
    "strata": "gradient",
    "contrasts": "ratio",
    "thresholds": "transition",
    "interaction": "mean",
    "parameters": "mean",
}
"""Column of the point estimate in each table of a fit; its interval is `lower` to `upper`."""

SHOWN = ["row", "scenario", "published", "what", "truth", "estimate", "lower", "upper", "inside"]


def estimate(finding: Finding, table: pd.DataFrame) -> tuple[float, float, float]:
    """Find a figure in a table of a fit: its estimate, and its interval where it has one."""
    place = finding.place
    effect = place.pop("effect", None)
    row, inverted = find_row(table, place)
    columns = [ESTIMATES.get(finding.table, ""), "lower", "upper"]
    if finding.table == "contextual":
        columns = [f"{effect}_{part}" for part in ("mean", "lower", "upper")]
    if place.get("from_outcome") == EVERY_THRESHOLD:
        return float(row["prob_rises"]), np.nan, np.nan
    point, lower, upper = (float(row[column]) for column in columns)
    if inverted:
        point, lower, upper = 1 / point, 1 / upper, 1 / lower
    if finding.exponentiated:
        point, lower, upper = np.exp([point, lower, upper])
    return point, lower, upper


def find_row(table: pd.DataFrame, place: dict) -> tuple[pd.Series, bool]:
    """Row of a table at a place; of two strata the other way round where only that is there."""
    swapped = {"stratum_a": "stratum_b", "stratum_b": "stratum_a"}
    for inverted in (False, True):
        names = {column: swapped.get(column, column) if inverted else column for column in place}
        found = np.ones(len(table), dtype=bool)
        for column, value in place.items():
            values = table[names[column]]
            found &= np.isclose(values, value) if isinstance(value, float) else values == value
        if found.any():
            return table[found].iloc[0], inverted
    raise LookupError(f"the fit's table has no row with {place}")


def compare(scenario: Scenario, fit: bg.GradientFit, *, which: str = "") -> pd.DataFrame:
    """Set the findings of a scenario that one of its fits estimates beside their truth."""
    tables: dict[str, pd.DataFrame] = {}
    rows = []
    for finding, known in zip(
        scenario.settings.findings, scenario.findings.itertuples(), strict=True
    ):
        if finding.fit != which:
            continue
        if finding.table not in tables:
            tables[finding.table] = getattr(fit, finding.table)()
        point, lower, upper = estimate(finding, tables[finding.table])
        rows.append(
            {
                "row": finding.row,
                "scenario": scenario.settings.name,
                "published": finding.published,
                "what": finding.what,
                "truth": known.truth,
                "estimate": point,
                "lower": lower,
                "upper": upper,
                "inside": "" if np.isnan(lower) else yes_or_no(lower <= known.truth <= upper),
                "status": finding.status,
                "diagnostics_passed": yes_or_no(fit.passed),
            }
        )
    return pd.DataFrame(rows)


def authorities_inside(scenario: Scenario, fit: bg.GradientFit) -> pd.DataFrame:
    """Share of the authorities' true gradients inside their 95% intervals, by outcome."""
    rows = []
    both = fit.gradients().merge(
        scenario.authorities, on=["authority", "outcome"], suffixes=("", "_true")
    )
    for outcome, part in both.groupby("outcome", sort=False):
        true = part["gradient_true"]
        rows.append(
            {
                "row": 3,
                "scenario": scenario.settings.name,
                "published": "1.2 to 2.4" if outcome == "referrals" else "",
                "what": f"{outcome}: gradients of authorities ({true.min():.2f} to "
                f"{true.max():.2f} here) inside their intervals",
                "truth": 0.95,
                "estimate": (part["lower"].le(true) & part["upper"].ge(true)).mean(),
                "lower": np.nan,
                "upper": np.nan,
                "inside": "",
                "status": "published" if outcome == "referrals" else "assumed",
                "diagnostics_passed": yes_or_no(fit.passed),
            }
        )
    return pd.DataFrame(rows)


def reproduce(name: str, *, seed: int, small: bool, out: Path) -> pd.DataFrame:
    """Simulate a scenario, fit its spec, and compare."""
    scenario = simulate_scenario(name, seed=seed, **(SMALL_ENGLAND if small else {}))
    scenario.write(out / name)
    spec = scenario.model
    compared = []
    for which in dict.fromkeys(finding.fit for finding in scenario.settings.findings):
        started = time.perf_counter()
        alone = spec.authority.model_copy(update={"moderators": ()})
        fitted = spec.model_copy(update={"authority": alone}) if which else spec
        fit = bg.fit(fitted, scenario.areas, progress=False, **(SMALL_FIT if small else {}))
        fit.save(out / name / f"{'_'.join(['fit', *which.split()])}.nc")
        compared.append(compare(scenario, fit, which=which))
        if not which and scenario.settings.strata is None:
            compared.append(authorities_inside(scenario, fit))
        passed = "diagnostics passed" if fit.passed else "DIAGNOSTICS FAILED"
        seconds = time.perf_counter() - started
        print(f"{name} {which}: fitted in {seconds:.0f} s, {passed}", file=sys.stderr)
    return pd.concat(compared)


def yes_or_no(value: bool) -> str:
    return "yes" if value else "no"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("reproduced"), help="folder to write to")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--small", action="store_true", help="fewer authorities, areas and draws")
    # Worlds for the audit are not analyses of the study.
    analyses = [name for name, settings in SCENARIOS.items() if not settings.shipped]
    parser.add_argument("--only", nargs="+", choices=SCENARIOS, default=analyses)
    options = parser.parse_args()

    tables, failed = [], False
    for name in options.only:
        try:
            tables.append(reproduce(name, seed=options.seed, small=options.small, out=options.out))
        except bg.BayesgradError as error:
            print(f"{name}: not fitted: {error}", file=sys.stderr)
            failed = True
    if tables:
        table = pd.concat(tables).sort_values("row", kind="stable", ignore_index=True)
        write_texts({options.out / "reproduced.csv": csv_text(table)})
        shown = table[SHOWN].to_string(index=False, float_format="{:.3f}".format, na_rep="")
        print(shown)
        judged = table[table["inside"] != ""]
        inside = (judged["inside"] == "yes").sum()
        print(f"\nInside their 95% intervals: {inside} of {len(judged)}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
