"""One authority with a national prior pack: coverage, and what the pack is worth.

    python benchmarks/one_authority.py [--areas 8000] [--groups 19] [--seed 1]
    python benchmarks/one_authority.py --real ../shared/data --replicates 20   # Rutland

A synthetic England, smaller than the real one. Its authorities are left out in turn, a group at a
time: the rest are fitted by the Laplace engine and make a prior pack, with which each authority of
the group is fitted alone. Reported are the coverage of its true gradient by the 95% intervals of
the fit and of the pack alone. First, for counts as frequent as referrals and as plans, and
authorities of some sizes, the widths of the intervals with the pack, with default priors, and of a
negative binomial regression of that authority alone (statsmodels): medians over authorities.

With `--real` the areas are England's own, and the authority is the only one that has 23 of them:
Rutland, where deprivation also varies least. Counts are drawn anew in every replicate.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from common import SPEC, machine
from real_areas import real_areas

if TYPE_CHECKING:
    from bayesgrad import ModelSpec, PriorPack
    from bayesgrad.design import Design
    from bayesgrad.inference.nuts import Sampler

SAMPLING = {"chains": 2, "tune": 300, "draws": 1000, "seed": 1}
DEFAULTS = {"chains": 2, "tune": 1000, "draws": 2000, "seed": 1, "target_accept": 0.95}
"""For a fit of one authority with default priors, whose spread between authorities is unknown."""
SIZES = (23, 53, 160)
ALIKE = 7
"""Authorities of about each size."""
RATES = {"referrals": 650_930 / 11_952_668, "plan starts": 66_680 / 11_952_668}
"""Per child: totals of England, year to 31 March 2019, over 32,837 areas of 364 children."""
CODE = "one"
"""What every authority left out is called, so that the compiled model serves them all."""


def groups_of(codes: list[str], groups: int, seed: int) -> list[list[str]]:
    """Authorities in random groups of nearly one size, each code in one."""
    shuffled = np.random.default_rng(seed).permutation(codes)
    return [list(part) for part in np.array_split(shuffled, groups)]


def one_of(spec: ModelSpec, areas: pd.DataFrame, code: str) -> Design:
    """Design of one authority's areas; `spec` has a pack."""
    from bayesgrad import prepare_table
    from bayesgrad.design import build_design

    table = areas[areas["authority"] == code].assign(authority=CODE, authority_name=code)
    return build_design(spec, prepare_table(spec, table))


def fitted(sampler: Sampler, spec: ModelSpec, design: Design) -> dict[str, float]:
    """Row of the table `standing` of one authority, with what the diagnostics say."""
    from bayesgrad.estimands import table
    from bayesgrad.fitting.draws import assemble_draws

    ready = replace(sampler, spec=spec).with_design(design)
    tree = assemble_draws(spec, design, ready.sample(spec.sampling, progress=False))
    checks = table(tree, "diagnostics").set_index("check")["value"]
    return dict(table(tree, "standing").iloc[0]) | {
        "areas": len(design.rows.count),
        "divergences": checks["divergences"],
        "max_r_hat": checks["max_r_hat"],
    }


def with_default_priors(spec: ModelSpec, design: Design) -> Sampler:
    """Compile the same model with default priors, whose start knows no spread of authorities."""
    from bayesgrad.fitting.run import with_sampling
    from bayesgrad.inference.nuts import Sampler

    return Sampler.compile(
        with_sampling(spec.model_copy(update={"prior_pack": None}), DEFAULTS), design
    )


def width_of(sampler: Sampler, design: Design) -> float:
    """Width of the 95% interval of the log gradient of one authority."""
    tree = sampler.with_design(design).sample(sampler.spec.sampling, progress=False)
    slopes = tree["posterior"]["authority_slope"].values.ravel()
    lower, upper = np.quantile(slopes, (0.025, 0.975))
    return float(upper - lower)


def by_regression(design: Design) -> float:
    """Width of the 95% interval of a negative binomial regression, or of a Poisson regression.

    The latter where counts vary no more than Poisson ones: alpha then runs to its end, and has no
    standard errors.
    """
    import statsmodels.api as sm

    rows = design.rows
    columns, offset = sm.add_constant(rows.x, has_constant="add"), np.log(rows.exposure)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = sm.NegativeBinomial(rows.count, columns, offset=offset).fit(disp=0, maxiter=200)
    if not np.isfinite(found.bse).all():
        found = sm.Poisson(rows.count, columns, offset=offset).fit(disp=0)
    lower, upper = found.conf_int()[1]
    return float(upper - lower)


def left_out(areas: pd.DataFrame, groups: list[list[str]]) -> Iterator[dict[str, float]]:
    """Standing of every authority, by a pack that it has no part in."""
    from bayesgrad.inference.nuts import Sampler

    sampler = None
    for at, group in enumerate(groups):
        pack, seconds = _pack(areas[~areas["authority"].isin(group)])
        print(f"group {at + 1} of {len(groups)}: national fit {seconds:.0f} s", flush=True)
        spec = _spec(pack)
        for code in group:
            design = one_of(spec, areas, code)
            if sampler is None:
                sampler = Sampler.compile(spec, design)
            yield fitted(sampler, spec, design) | {"code": code}


def _pack(areas: pd.DataFrame) -> tuple[PriorPack, float]:
    import bayesgrad as bg

    start = time.perf_counter()
    national = bg.ModelSpec.from_toml(SPEC.format(family="negative_binomial"))
    fit = bg.fit(national, areas, engine="laplace", seed=1)
    return fit.prior_pack(), time.perf_counter() - start


def _spec(pack: PriorPack) -> ModelSpec:
    from bayesgrad import ModelSpec
    from bayesgrad.fitting.run import with_sampling

    national = ModelSpec.from_toml(SPEC.format(family="negative_binomial"))
    return with_sampling(national.model_copy(update={"prior_pack": pack}), SAMPLING)


def coverage(found: pd.DataFrame, prefix: str = "") -> tuple[float, float]:
    """Share of true gradients inside the intervals, and its Monte Carlo error."""
    inside = found["truth"].between(found[f"{prefix}lower"], found[f"{prefix}upper"])
    share = float(inside.mean())
    return share, float(np.sqrt(share * (1 - share) / len(inside)))


def widths(areas: pd.DataFrame, sizes: tuple[int, ...]) -> pd.DataFrame:
    """Widths of 95% intervals of log gradients by way: medians over authorities of about a size."""
    from bayesgrad.inference.nuts import Sampler

    counts = areas["authority"].value_counts()
    near = {
        size: list((counts - size).abs().sort_values(kind="stable").index[:ALIKE]) for size in sizes
    }
    chosen = [code for codes in near.values() for code in codes]
    spec = _spec(_pack(areas[~areas["authority"].isin(chosen)])[0])
    design = one_of(spec, areas, chosen[0])
    ours, default = Sampler.compile(spec, design), with_default_priors(spec, design)
    rows = [
        _ways(ours, default, one_of(spec, areas, code)) | {"size": size}
        for size, codes in near.items()
        for code in codes
    ]
    return pd.DataFrame(rows).groupby("size").median().reset_index()


def _ways(
    ours: Sampler, default: Sampler, design: Design, *, truth: float = np.nan
) -> dict[str, float]:
    row = fitted(ours, ours.spec, design)
    return {
        "areas": row["areas"],
        "events": float(design.rows.count.sum()),
        "pack": float(np.log(row["upper"] / row["lower"])),
        "default priors": width_of(default, design),
        "regression": by_regression(design),
        "prior_share": row["prior_share"],
        "reliability": row["reliability"],
        "inside": float(row["lower"] <= truth <= row["upper"]),
    }


def smallest(folder: Path, seeds: Iterable[int], *, rate: float) -> pd.DataFrame:
    """Widths by way of the smallest authority of England, on whose areas counts are made up."""
    from bayesgrad.inference.nuts import Sampler
    from bayesgrad.simulate import EnglandSettings

    rows, samplers = [], None
    for seed in seeds:
        areas = real_areas(folder, EnglandSettings(rate=rate), seed=seed)
        code = areas["authority"].value_counts().idxmin()
        spec = _spec(_pack(areas[areas["authority"] != code])[0])
        design = one_of(spec, areas, code)
        if samplers is None:
            samplers = Sampler.compile(spec, design), with_default_priors(spec, design)
        truth = float(areas.loc[areas["authority"] == code, "truth"].iloc[0])
        rows.append(_ways(replace(samplers[0], spec=spec), samplers[1], design, truth=truth))
    return pd.DataFrame(rows)


def small_and_real(folder: Path, replicates: int, first_seed: int) -> None:
    """Print the widths and the coverage of the smallest authority of England."""
    for name, rate in RATES.items():
        found = smallest(folder, range(first_seed, first_seed + replicates), rate=rate)
        print(f"The smallest authority of England, counts as frequent as {name}")
        print(found.median().round(3).to_frame().T.to_string(index=False))
        print(f"true gradients inside: {found['inside'].sum():.0f} of {len(found)}", flush=True)


def main() -> None:
    from bayesgrad.simulate import EnglandSettings, simulate_england

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--areas", type=int, default=8000)
    parser.add_argument("--groups", type=int, default=19)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--real", type=Path, help="folder of the public data")
    parser.add_argument("--replicates", type=int, default=20)
    options = parser.parse_args()
    print(machine())
    if options.real:
        small_and_real(options.real, options.replicates, options.seed)
        return
    for name, rate in RATES.items():
        england = simulate_england(
            EnglandSettings(areas=options.areas, rate=rate), seed=options.seed
        )
        print(f"Widths of 95% intervals of log gradients, counts as frequent as {name}")
        print(widths(england.areas, SIZES).round(3).to_string(index=False), flush=True)
    england = simulate_england(EnglandSettings(areas=options.areas), seed=options.seed)
    truth = england.authorities.set_index("authority")["gradient"]
    groups = groups_of(list(truth.index), options.groups, options.seed)
    found = pd.DataFrame(left_out(england.areas, groups))
    found["truth"] = found["code"].map(truth)
    for prefix, of in (("", "with the authority's own areas"), ("prior_", "of the pack alone")):
        share, error = coverage(found, prefix)
        width = np.log(found[f"{prefix}upper"] / found[f"{prefix}lower"]).median()
        print(f"95% intervals {of}: {share:.3f} (MC error {error:.3f}), median width {width:.3f}")
    print(
        f"{len(found)} authorities of {found['areas'].min()} to {found['areas'].max()} areas: "
        f"divergences {found['divergences'].sum():.0f}, max R-hat {found['max_r_hat'].max():.4f}, "
        f"prior_share {found['prior_share'].min():.2f} to {found['prior_share'].max():.2f}"
    )


if __name__ == "__main__":
    main()
