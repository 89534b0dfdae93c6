"""Fit a model spec to a table of areas; write the fit file and its tables. Copy and change.

Usage: python scripts/fit_table.py models/stroke_admissions.toml areas.csv results/
"""

import sys
from pathlib import Path

import bayesgrad as bg
from bayesgrad.files import csv_text


def main(spec: str, table: str, folder: str) -> None:
    out = Path(folder)
    out.mkdir(parents=True, exist_ok=True)

    fit = bg.fit(spec, table)  # by its path: codes stay as they are written
    print(fit)
    fit.save(out / "fit.nc")

    tables = {
        "gradients": fit.gradients(),
        "national": fit.national(),
        "interaction": fit.interaction(),
        "contextual": fit.contextual(),
        "parameters": fit.parameters(),
        "diagnostics": fit.diagnostics(),
    }
    if fit.passed:
        tables["ranks"] = fit.ranks()
    for name, content in tables.items():
        (out / f"{name}.csv").write_text(csv_text(content), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
