"""`request.md`: what leaves, for whoever checks it; every number in it is one that leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from bayesgrad.export import classes
from bayesgrad.export.attack.attack import Report
from bayesgrad.export.counts import lowest_label, range_of
from bayesgrad.export.decisions import SHOWN, Decisions, degrees_of_freedom
from bayesgrad.export.source import Source
from bayesgrad.export.texts import md

RULE = {
    "national": "national: enough authorities, degrees of freedom",
    "authority": "of authorities: threshold of events and areas; else withheld",
    "mixed": "the nation, then authorities with the threshold of events and areas",
    "comparison": "formed anew among the authorities that leave",
}
NEVER = (
    "areas, and effects of areas or neighbourhoods; residuals and scores of single authorities; "
    "draws; "
    "minima and maxima; exact counts and exposures; what the fit implies of hidden counts; a hash "
    "of the "
    "table; paths"
)


def class_of(name: str) -> str:
    """Class of a table of an export; matrices of pairs are comparisons."""
    return "comparison" if name.startswith("pairs_") else {**classes.CLASSES, **classes.EXTRA}[name]


def summaries(
    tables: Mapping[str, pd.DataFrame], names: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    """What each file is, in a line."""
    lines = {
        file: f"{len(tables[name])} rows in the table; {RULE[class_of(name)]}"
        for name, files in names.items()
        for file in files
    }
    return lines | {
        "withheld.csv": "what is withheld and why; no number of it",
        "fit.json": "spec, versions, seed, checks and headings",
        "rules.json": "the rules, as numbers",
        "request.md": "this request",
        "prior_pack.toml": "parameters of the nation, under the rules of prior packs",
    }


def request(
    source: Source,
    decisions: Decisions,
    tables: Mapping[str, pd.DataFrame],
    names: Mapping[str, Sequence[str]],
    report: Report,
    *,
    reason: str,
    previous: Sequence[str],
    earlier: Sequence[str],
    published: str,
    pack: bool,
) -> str:
    """Text of the request.

    Parameters
    ----------
    source, decisions
    tables : mapping of str to DataFrame
        As they leave.
    names : mapping of str to sequence of str
        Files of each table.
    report : Report
        What the attack found: nothing.
    reason : str
        Why a fit leaves although its diagnostics failed.
    previous : sequence of str
        Names of the earlier exports that were attacked together with this one.
    earlier : sequence of str
        Names of others in the ledger.
    published : str
        Name of the file of published totals; empty if there is none.
    pack : bool
        Whether a prior pack is among the files.
    """
    about = source.about
    lines = [
        "# Request to release",
        "",
        f"Fit: {md(about.get('title', ''))}. "
        f"Outcomes: {', '.join(md(one['label']) for one in about.get('outcomes', []))}. "
        f"Deprivation: {md(about.get('vintage', ''))}.",
        "",
        "A Bayesian multilevel model of counts in small areas within authorities. What is asked to "
        "leave are the files below: summaries of its posterior distribution, and rounded counts.",
        "",
        *_diagnostics(source.failed, reason),
        *_rules(decisions),
        *_files(source, decisions, tables, names, pack=pack),
        *_withheld(decisions),
        *_attack(report, decisions, previous, earlier, published),
        "## What is not in it",
        "",
        f"{NEVER[0].upper()}{NEVER[1:]}.",
        "",
    ]
    return "\n".join(lines)


def _diagnostics(failed: Sequence[str], reason: str) -> list[str]:
    if not failed:
        return ["The fit passed its diagnostics.", ""]
    return [
        f"**The fit failed its diagnostics** ({md(', '.join(failed))}). Ranks and comparisons are "
        f"withheld. Reason to release the rest all the same: {md(reason)}",
        "",
    ]


def _rules(decisions: Decisions) -> list[str]:
    rules = decisions.rules
    label = lowest_label(rules.threshold, rules.round)
    low, high = range_of(label, threshold=rules.threshold, step=rules.round)
    rows = [f"| `{name}` | {value} |" for name, value in rules.model_dump().items()]
    return [
        "## Rules",
        "",
        "| key | value |",
        "|---|---|",
        *rows,
        "",
        f"Counts of fewer than {rules.threshold} events, zero among them, are withheld; others are "
        f"multiples of {rules.round}. The lowest, {label}, stands for {low} to {high}; any other "
        "for the "
        f"{rules.round} counts nearest to it. Totals are sums of rounded counts that leave. "
        "Estimates "
        "that the events of an authority nearly determine (rates, slope indices, ratios of rates) "
        "are no "
        "finer than the rounding of these events; excess events are computed from rounded events.",
        "",
    ]


def _files(
    source: Source,
    decisions: Decisions,
    tables: Mapping[str, pd.DataFrame],
    names: Mapping[str, Sequence[str]],
    *,
    pack: bool,
) -> list[str]:
    freedom = degrees_of_freedom(decisions, dict(source.coefficients))
    least = min(freedom.values())
    shown = decisions.shown(of_totals=True)
    events = {
        str(outcome): f"{value:,.0f}"
        for outcome, value in shown.groupby("outcome", sort=False)["events_label"].sum().items()
    }
    lines = [
        "## Files",
        "",
        "| file | rows | class and rule |",
        "|---|---|---|",
        *(
            f"| `{file}` | {len(tables[name])} | {RULE[class_of(name)]} |"
            for name, files in names.items()
            for file in files
        ),
        "| `withheld.csv` | | what is withheld and why |",
        "| `fit.json` | | spec, versions, seed, checks, headings |",
        "| `rules.json` | | the rules |",
        "| `results.json`, `config.json`, `checksums/` | | for SACRO-Viewer; they need not leave |",
    ]
    if pack:
        lines.append(
            "| `prior_pack.toml` | | national parameters, under the rules of prior packs |"
        )
    lines += [
        "",
        f"National numbers have {least} degrees of freedom or more (authorities less national "
        "coefficients). They rest on all authorities of the fit. Underlying events, as sums of "
        "rounded "
        "counts that leave: "
        + "; ".join(f"{md(outcome)} {number}" for outcome, number in events.items())
        + ".",
        "",
        "Files are related: the same authority has the same rounded count in each; `strata` and "
        "`years` "
        "have sums of those in `gradients`; matrices of pairs and `ranks` are of the same "
        "authorities. "
        "Ranks, tiers and pairs are formed anew among the authorities that leave, so that a gap "
        "betrays none.",
        "",
    ]
    return lines


def _withheld(decisions: Decisions) -> list[str]:
    if not decisions.rules.authorities_may_leave:
        return ["## Withheld", "", "Everything of single authorities.", ""]
    totals = decisions.totals
    whole = int((totals["hidden"] != SHOWN).sum())
    cells = int((decisions.cells["hidden"] != SHOWN).sum())
    strata = int((~decisions.strata["shown"]).sum())
    return [
        "## Withheld",
        "",
        f"{cells} of {len(decisions.cells)} rows of authority, outcome and stratum, among them "
        "all of "
        f"{whole} authorities and outcomes; {strata} strata or years of the nation. "
        "`withheld.csv` lists "
        "them. The reason of a count that is small and of one that hides it is the same.",
        "",
    ]


def _attack(
    report: Report,
    decisions: Decisions,
    previous: Sequence[str],
    earlier: Sequence[str],
    published: str,
) -> list[str]:
    rules = decisions.rules
    number = report.narrowest
    least = f"{number:,.0f}" if np.isfinite(number) else "any number of"
    lines = [
        "## The attack",
        "",
        f"Before it was written the export was attacked: {report.unknowns:,} exact counts as "
        "unknowns, "
        f"{report.constraints:,} released numbers as constraints, each count bounded by linear "
        "programming. No small count is narrower than 0 to "
        f"{rules.threshold - 1}, and every other has {rules.round} values or more left, beyond "
        "what is "
        f"public; the narrowest has {least}.",
        "",
        f"Published totals: {md(published) if published else 'none given'}.",
        f"Earlier exports attacked together with this one: {_names(previous)}.",
        f"Others in the ledger, not compared: {_names(earlier)}.",
    ]
    for name, count in report.other_counts.items():
        lines.append(
            f"{count} numbers of {md(name)} are not of the counts of this fit, and were left out."
        )
    return [*lines, ""]


def _names(names: Sequence[str]) -> str:
    return ", ".join(map(md, names)) if names else "none"
