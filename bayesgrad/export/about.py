"""What `fit.json` says of a fit: spec, versions, checks and headings; no count, path or area."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bayesgrad import __version__
from bayesgrad.estimands.diagnostics_table import failed_checks
from bayesgrad.estimands.layout import group, outcome_names, outcome_title, ratio_of
from bayesgrad.estimands.predictive import misfits
from bayesgrad.export.counts import rounded
from bayesgrad.export.rules import Rules
from bayesgrad.spec.model_spec import ModelSpec

if TYPE_CHECKING:
    from bayesgrad.fitting.gradient_fit import GradientFit

FORMAT = 1
"""Of the export's files."""


def about_fit(fit: GradientFit, *, level: float, sure: float) -> dict[str, Any]:
    """Plain data of a fit that a report needs beside its tables.

    Authorities are those of the whole fit, and the account of rows is exact: the export keeps the
    authorities that leave, and `rounded_rows`.
    """
    draws, provenance = fit.draws, fit.provenance
    reference, authorities = group(draws, "reference"), group(draws, "authorities")
    found = misfits(draws)
    return {
        "format": FORMAT,
        "bayesgrad": __version__,
        "title": fit.spec.title,
        "vintage": fit.spec.columns.vintage,
        "interval": level,
        "sure": sure,
        "outcomes": [
            {
                "column": outcome,
                "label": outcome_title(draws, outcome),
                "ratio": ratio_of(draws, outcome),
            }
            for outcome in outcome_names(group(draws, "posterior"))
        ],
        "unit": float(reference["unit"]),
        "mean_authority_deprivation": round(float(reference["mean_authority_deprivation"]), 3),
        "authorities": [
            {"code": str(code), "name": str(name), "deprivation": round(float(deprivation), 3)}
            for code, name, deprivation in zip(
                authorities["authority"].values,
                authorities["name"].values,
                authorities["deprivation"].values,
                strict=True,
            )
        ],
        "checks": {"passed": fit.passed, "failed": list(failed_checks(draws))},
        "misfit": [
            {"outcome": str(row["outcome"]), "check": str(row["check"])}
            for _, row in found.iterrows()
        ],
        "engine": provenance.get("engine", ""),
        "seed": provenance.get("seed", fit.spec.sampling.seed),
        "versions": dict(provenance.get("versions", {})),
        "rows": dict(provenance.get("rows", {})),
        "spec": plain_spec(fit.spec),
    }


def rounded_rows(rows: dict[str, Any], rules: Rules) -> dict[str, Any]:
    """Account of the rows as it leaves: rounded numbers, reasons, no code and no note.

    A number below the threshold of areas is missing.

    Parameters
    ----------
    rows : dict
        As `DataReport.to_dict` gives it; empty where the fit has none.
    """
    if not rows:
        return {}

    def number(exact: int) -> int | None:
        label = float(rounded(np.array([exact]), threshold=rules.areas, step=rules.round)[0])
        return None if np.isnan(label) else int(label)

    totals = {name: number(rows[name]) for name in ("rows_read", "rows_kept", "areas")}
    dropped = [
        {"reason": str(one["reason"]), "rows": number(one["rows"])} for one in rows["dropped"]
    ]
    return {**totals, "authorities": rows["authorities"], "dropped": dropped}


def plain_spec(spec: ModelSpec) -> dict[str, Any]:
    """Spec as plain data, without what it read from files: a prior pack, or who borders on whom."""
    content = spec.model_dump(mode="json", exclude_defaults=True)
    content["sampling"] = spec.sampling.model_dump(mode="json")
    if "prior_pack" in content:
        content["prior_pack"] = {"title": spec.prior_pack.source.title if spec.prior_pack else ""}
    if isinstance(content.get("spatial"), dict):
        content["spatial"].pop("adjacency", None)
    return content
