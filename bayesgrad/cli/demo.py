"""`bayesgrad demo`: the whole path on synthetic data, the first thing that a new user runs."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bayesgrad.fitting import GradientFit
    from bayesgrad.simulate import SyntheticEngland

PUBLISHED = ((0.037, 2.33), (0.137, 1.62), (0.237, 1.39))
"""Published gradients by authority deprivation (Hood, Goldacre and others, Nuffield Foundation)."""


FIGURES = tuple(
    f"{name}{suffix}"
    for name in ("fitted_lines", "interaction", "predictive", "caterpillar")
    for suffix in (".svg", ".png")
)

LARGEST_SEED = 2**32 - 1
"""Of a fit."""


def demo(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write to.")] = Path(
        "bayesgrad-demo"
    ),
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Random seed.")] = 1,
) -> None:
    """Simulate a synthetic England, fit it, write tables and figures, and say what was found."""
    from bayesgrad import fitting
    from bayesgrad.cli.output import say, write_tables
    from bayesgrad.data import read_table
    from bayesgrad.outputs import OwnFiles
    from bayesgrad.simulate import simulate_england

    own, own_figures = OwnFiles(out, "demo"), OwnFiles(out / "figures", "demo")
    own.refuse_others(["fit.nc"])
    own_figures.refuse_others(FIGURES)
    say("Simulating a synthetic England (no real data) ...")
    england = simulate_england(seed=seed)
    england.write(out)
    table = out / "synthetic_england_areas.csv"
    say(f"Fitting {len(read_table(table)):,} areas jointly (about a minute) ...")
    fit = fitting.fit(out / "synthetic_england.toml", table, seed=seed)
    with tempfile.TemporaryDirectory(prefix="bayesgrad-") as folder:
        own.write({"fit.nc": fit.save(Path(folder) / "fit.nc").read_bytes()})
        drawn = _write_figures(fit, Path(folder))
        figures = own_figures.write({path.name: path.read_bytes() for path in drawn})
    write_tables(fit, out / "tables")
    say(f"\n{fit}\n\n{_against_truth(fit, england)}\n")
    say(f"In {out}: the synthetic data and their truth, fit.nc, tables/ and figures/")
    for figure in figures:
        say(f"  {figure}")
    if not fit.passed:
        raise typer.Exit(3)


def _write_figures(fit: GradientFit, folder: Path) -> list[Path]:
    from bayesgrad import plots

    charts = {
        "fitted_lines": plots.fitted_lines(fit.draws),
        "interaction": plots.interaction(fit.draws, published=PUBLISHED),
        "predictive": plots.predictive(fit.draws),
    }
    if fit.passed:
        charts["caterpillar"] = plots.caterpillar(fit.draws)
    return [
        plots.save_figure(chart, folder / f"{name}{suffix}")
        for name, chart in charts.items()
        for suffix in (".svg", ".png")
    ]


def _against_truth(fit: GradientFit, england: SyntheticEngland) -> str:
    """Say how the estimates compare with what the data were drawn with."""
    truth = england.authorities.set_index("authority")["gradient"]
    gradients = fit.gradients().set_index("authority")
    inside = gradients["lower"].le(truth) & gradients["upper"].ge(truth)
    national = fit.national().set_index("deprivation_shift")
    lines = [
        "Against the truth that the data were drawn with",
        f"  authority gradients inside their 95% intervals: {int(inside.sum())} of {len(inside)}",
    ]
    for deprivation, published in PUBLISHED:
        row = national.loc[round(deprivation - PUBLISHED[1][0], 2)]
        lines.append(
            f"  gradient in an authority of deprivation {deprivation}: {row['gradient']:.2f} "
            f"({row['lower']:.2f} to {row['upper']:.2f}); published, and true here: {published}"
        )
    return "\n".join(lines)
