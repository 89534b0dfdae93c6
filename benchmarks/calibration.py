"""Simulation-based calibration of both engines: posteriors neither too narrow nor too wide.

    python benchmarks/calibration.py [--form counts|thresholds|strata|ordered|cases|suppressed
        |years|neighbourhoods|spatial|pack] [--engine nuts|laplace|both]
        [--replicates 500] [--workers 2]

Parameters are drawn from the priors and counts from the model, by code that shares nothing with the
package's (`calibration_forms`); where an engine is right, each true value is equally likely to have
any rank among the draws of its posterior (Talts et al. 2018). Ranks are tested by `uniformity`.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from calibration_figure import save_figures
from calibration_forms import (
    FORMS,
    Form,
    Integers,
    Values,
    World,
    draw_counts,
    draw_truth,
)
from calibration_quantities import quantities
from common import machine
from uniformity import RankTest

if TYPE_CHECKING:
    import xarray as xr

    from bayesgrad.design import Design
    from bayesgrad.inference.nuts import Sampler
    from bayesgrad.spec import ModelSpec

type Engine = Literal["nuts", "laplace"]

ENGINES: tuple[Engine, ...] = ("nuts", "laplace")

RANKED_DRAWS = 99
"""Draws that each true value is ranked among: far fewer than are effective, so nearly independent.
"""

SAMPLING = {"chains": 4, "tune": 300, "draws": 250}
LEVEL = 0.01
"""Chance that any quantity of a right engine fails, shared out equally over the quantities."""


def ranks(
    form: Form, world: World, truth: Values, values: Values, count: Integers
) -> dict[str, int]:
    """Rank of every true quantity among its draws: how many of them are smaller."""
    true, drawn = (quantities(form, world, each, count) for each in (truth, values))
    return {name: int((drawn[name] < true[name]).sum()) for name in true}


def thinned(form: Form, posterior: xr.Dataset, *, draws: int = RANKED_DRAWS) -> Values:
    """Draws evenly spaced over the chains put end to end, each of shape (draws, ...)."""
    by_authority = ["authority_intercept", "authority_slope"]
    names = [*form.locations, *form.scales, *form.shares, "correlation", *by_authority]
    if len(form.outcomes) > 1:
        names.append("effect_correlation")
    if form.has_strata:
        names += ["stratum_intercept", "stratum_slope"]
    if form.years:
        names += ["authority_stratum_intercept", "authority_stratum_slope"]
    size = posterior.sizes["chain"] * posterior.sizes["draw"]
    kept = np.linspace(0, size - 1, draws).round().astype(np.int64)
    chosen = posterior[names].isel(moderation_term=0)
    if form.has_strata:
        chosen = chosen.isel(stratum_component=0)
    flat = chosen.stack(sample=("chain", "draw")).isel(sample=kept)
    values = {name: flat[name].transpose("sample", ...).values for name in names}
    none = np.zeros((draws, len(form.outcomes), len(form.strata)))
    of_authorities = np.zeros((draws, 1, len(form.outcomes), len(form.strata)))
    absent = {"stratum_intercept": none, "stratum_slope": none}
    absent |= {f"authority_{name}": of_authorities for name in absent}
    return absent | values


@dataclass(frozen=True)
class Fitted:
    """One engine on one replicate: ranks, or why there are none, and its checks."""

    ranks: dict[str, int] = field(default_factory=dict)
    checks: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    refused: str = ""


@dataclass(frozen=True)
class Replicate:
    """One draw of parameters and data, fitted."""

    number: int
    fits: dict[Engine, Fitted]

    def ranks(self, *engines: Engine) -> dict[str, int]:
        """Ranks by the first of the engines that did not refuse; empty if all did."""
        found = (self.fits[engine].ranks for engine in engines if engine in self.fits)
        return next((ranks for ranks in found if ranks), {})


def replicate(
    number: int, *, form: Form, world: World, engines: Sequence[Engine], seed: int
) -> Replicate:
    """Draw and fit one replicate; where Laplace refuses, NUTS fits too."""
    from threadpoolctl import threadpool_limits

    from bayesgrad import prepare_table
    from bayesgrad.design import build_design

    streams = np.random.SeedSequence(seed, spawn_key=(number,)).spawn(2)
    rng = np.random.default_rng(streams[0])
    truth = draw_truth(form, world, rng)
    count = draw_counts(form, world, truth, rng)
    spec = form.spec(world, SAMPLING)
    engine_seed = int(streams[1].generate_state(1)[0])
    sampling = spec.sampling.model_copy(update={"seed": engine_seed})
    spec = spec.model_copy(update={"sampling": sampling})
    design = build_design(spec, prepare_table(spec, form.table(world, count)))
    rank = partial(ranks, form, world, truth, count=count)
    fits: dict[Engine, Fitted] = {}
    with threadpool_limits(limits=1, user_api="blas"):
        if "laplace" in engines:
            fits["laplace"] = _fitted(_by_laplace, form, spec, design, rank)
        if "nuts" in engines or fits["laplace"].refused:
            fits["nuts"] = _fitted(_by_nuts, form, spec, design, rank)
    return Replicate(number, fits)


def _fitted(
    engine: Callable[[ModelSpec, Design], tuple[xr.DataTree, dict[str, float]]],
    form: Form,
    spec: ModelSpec,
    design: Design,
    rank: Callable[..., dict[str, int]],
) -> Fitted:
    """Draw by an engine; rank the truth among the draws, unless it refuses."""
    from bayesgrad.errors import FitError

    start = time.perf_counter()
    try:
        draws, checks = engine(spec, design)
    except FitError as error:
        return Fitted(refused=str(error).splitlines()[0])
    seconds = time.perf_counter() - start
    return Fitted(rank(values=thinned(form, draws["posterior"].to_dataset())), checks, seconds)


def _by_laplace(spec: ModelSpec, design: Design) -> tuple[xr.DataTree, dict[str, float]]:
    from bayesgrad.inference.laplace import LaplaceApproximation

    draws = LaplaceApproximation.find(spec, design).sample(spec.sampling)
    statistics = draws["sample_stats"].data_vars.items()
    return draws, {name: float(value) for name, value in statistics if value.ndim == 0}


def _by_nuts(spec: ModelSpec, design: Design) -> tuple[xr.DataTree, dict[str, float]]:
    import arviz_stats as az

    draws = _sampler(spec, design).sample(spec.sampling, cores=1, progress=False)
    posterior = draws["posterior"].to_dataset()
    ess, r_hat = az.ess(posterior), az.rhat(posterior)
    return draws, {
        "divergences": float(draws["sample_stats"]["diverging"].sum()),
        "min ESS": min(float(value.min()) for value in ess.data_vars.values()),
        "max R-hat": max(float(value.max()) for value in r_hat.data_vars.values()),
    }


def _sampler(spec: ModelSpec, design: Design) -> Sampler:
    """Sampler of this design; each process compiles once for each form and number of cells."""
    key = (design.outcomes, design.strata, design.cells)
    if key not in _compiled():
        from bayesgrad.inference.nuts import Sampler

        _compiled()[key] = Sampler.compile(spec, design)
    return _compiled()[key].with_design(design)


@cache
def _compiled() -> dict[tuple[Any, ...], Sampler]:
    return {}


def calibrate(
    form: Form,
    world: World,
    *,
    engines: Sequence[Engine] = ENGINES,
    replicates: int,
    workers: int,
    seed: int,
) -> Iterator[Replicate]:
    """Yield replicates 0, 1, ... as they are done; they do not depend on the number of workers."""
    one = partial(replicate, form=form, world=world, engines=engines, seed=seed)
    if workers == 1:
        yield from map(one, range(replicates))
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(one, range(replicates))


def rank_tests(found: Sequence[Mapping[str, int]]) -> pd.DataFrame:
    """Test each quantity over the replicates that have ranks; a row each, by quantity."""
    table = pd.DataFrame([each for each in found if each])
    test = RankTest(len(table), RANKED_DRAWS)
    rows = {
        name: {
            "p": test.p_value(values.to_numpy()),
            "mean_z": test.mean_z(values.to_numpy()),
            "spread": test.spread(values.to_numpy()),
        }
        for name, values in table.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("quantity")


WAYS: dict[str, tuple[Engine, ...]] = {
    "nuts": ("nuts",),
    "laplace, or nuts where it refuses": ("laplace", "nuts"),
    "laplace where it does not refuse": ("laplace",),
}
"""Ways to a posterior, as engines in the order tried. Refusing selects by the data alone, so ranks
of the second way are uniform if both engines are right; of the third they need not be."""


def report(found: Sequence[Replicate], engines: Sequence[Engine]) -> str:
    """Tests of every way that was run, and the engines' own checks, as Markdown."""
    parts = []
    for name, ways in WAYS.items():
        if ways[0] not in engines:
            continue
        ranked = [each.ranks(*ways) for each in found]
        fitted = sum(bool(each) for each in ranked)
        parts.append(f"### {name}: {fitted} of {len(found)} replicates\n")
        if ways == ("laplace",) and fitted == len(found):
            parts.append("It refuses none: as above.\n")
        else:
            parts.append(_table(rank_tests(ranked)) if fitted else "No replicate has ranks.\n")
    for engine in ENGINES:
        fits = [each.fits[engine] for each in found if engine in each.fits]
        if fits:
            parts.append(f"### Checks of {engine}\n\n{_checks(fits)}")
    return "\n".join(parts)


def _table(tests: pd.DataFrame) -> str:
    limit = LEVEL / len(tests)
    lines = ["| quantity | p | mean rank, z | spread of ranks |", "|---|---|---|---|"]
    for row in tests.itertuples():
        mark = " **fails**" if row.p < limit else ""
        lines.append(f"| {row.Index} | {row.p:.3g}{mark} | {row.mean_z:+.2f} | {row.spread:.3f} |")
    verdict = "uniform" if tests["p"].min() >= limit else "NOT uniform"
    return "\n".join(
        [*lines, f"\n{verdict}: smallest p {tests['p'].min():.3g}, limit {limit:.3g}\n"]
    )


def _checks(fits: Sequence[Fitted]) -> str:
    refusals = [each.refused for each in fits if each.refused]
    lines = [f"refused {len(refusals)} of {len(fits)} replicates ({len(refusals) / len(fits):.1%})"]
    lines += [f"- {message}" for message in islice(dict.fromkeys(refusals), 5)]
    done = pd.DataFrame([each.checks | {"seconds": each.seconds} for each in fits if each.ranks])
    for name, values in done.items():
        low, middle, high = values.quantile([0.0, 0.5, 1.0])
        lines.append(f"{name}: median {middle:.3g}, from {low:.3g} to {high:.3g}")
    if "divergences" in done:
        short = (done["min ESS"] < RANKED_DRAWS).mean()
        lines.append(f"replicates with a divergence: {(done['divergences'] > 0).mean():.1%}")
        lines.append(f"replicates of fewer effective draws than are ranked: {short:.1%}")
    return "\n".join(f"{line}  " for line in lines) + "\n"


def main() -> None:
    options = parsed()
    form = FORMS[options.form]
    # The Laplace engine does not have the beta-binomial, nor what only NUTS fits.
    possible = ENGINES[:1] if form.nuts_only else ENGINES
    engines = possible if options.engine == "both" else (options.engine,)
    world = World.draw(authorities=options.authorities, areas=options.areas)
    found = list(
        calibrate(
            form,
            world,
            engines=engines,
            replicates=options.replicates,
            workers=options.workers,
            seed=options.seed,
        )
    )
    print(
        f"{machine()}; {options.form}: {len(world.sizes)} authorities of {world.sizes.min()} to ",
        end="",
    )
    print(f"{world.sizes.max()} areas, {RANKED_DRAWS} draws of each posterior\n")
    print(report(found, engines))
    options.out.mkdir(parents=True, exist_ok=True)
    stem = "calibration" if options.form == "counts" else f"calibration_{options.form}"
    for engine in engines:
        way = next(name for name, ways in WAYS.items() if ways[0] == engine)
        ranked = pd.DataFrame([ranks for each in found if (ranks := each.ranks(*WAYS[way]))])
        ranked.to_csv(options.out / f"{stem}_{engine}.csv", index=False)
        title = f"Ranks of true values among draws: {way}"
        path = options.out / f"{stem}_{engine}"
        save_figures(ranked, path, title=title, draws=RANKED_DRAWS, level=LEVEL)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--form", choices=FORMS, default="counts")
    parser.add_argument("--engine", choices=(*ENGINES, "both"), default="both")
    parser.add_argument("--replicates", type=int, default=500)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--authorities", type=int, default=30)
    parser.add_argument("--areas", type=int, default=1200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "figures")
    return parser.parse_args()


if __name__ == "__main__":
    main()
