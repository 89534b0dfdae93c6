"""Sampling until the checks pass: smaller steps where it diverged, more chains where it fell short.

A fit by NUTS can fail its checks although nothing is wrong with its model: a step or two went wrong
because steps were long, or the draws are too few to tell. What a user would then be told to do is
done here, a stated number of times, and recorded.

- Divergences: the run is repeated from the same seed with smaller steps, `TARGETS` in turn; draws
  with longer steps are dropped.
- R-hat or effective sample sizes alone: as many chains again are drawn, from a seed that depends on
  the first, and added.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import xarray as xr

from bayesgrad.data.listing import counted
from bayesgrad.inference.bridge import Sampled, joined
from bayesgrad.inference.diagnostics import Check, as_dataset, nuts_checks
from bayesgrad.inference.nuts import Sampler
from bayesgrad.inference.progress import tell
from bayesgrad.spec.parts import Sampling

TARGETS = (0.9, 0.98)
"""Acceptance rates to which steps are tuned where they were too long, in turn."""
OF_LENGTH = frozenset({"max_r_hat", "min_ess_bulk", "min_ess_tail"})
"""Checks that more chains can make pass."""
NEARLY = 0.8
"""Share of the effective draws asked for that must be in reach for more chains to be worth it."""


@dataclass(frozen=True)
class Run:
    """One call of the sampler.

    Attributes
    ----------
    chains, tune, draws : int
        Tune and draws are per chain.
    seed : int
    target_accept : float
    divergences : int
    kept : bool
        Whether its draws are among those of the fit.
    """

    chains: int
    tune: int
    draws: int
    seed: int
    target_accept: float
    divergences: int
    kept: bool = True


@dataclass(frozen=True, eq=False)
class Rounds:
    """Draws of a fit, with the runs that they are of.

    Attributes
    ----------
    draws : xarray.DataTree
        As of `Sampler.sample`, and ``diagnostics``.
    runs : tuple of Run
        All, in the order in which they were made.
    """

    draws: xr.DataTree
    runs: tuple[Run, ...]

    def to_list(self) -> list[dict[str, Any]]:
        """Return the runs as plain values, for the provenance of a fit."""
        return [asdict(run) for run in self.runs]


def sample_in_rounds(
    sampler: Sampler, settings: Sampling, *, cores: int | None = None, progress: bool = True
) -> Rounds:
    """Sample, and again while the checks fail for want of smaller steps or of more draws.

    The result depends on the seed of the settings, not on the number of cores.

    Parameters
    ----------
    sampler : Sampler
    settings : Sampling
        `retries` is how often steps are made smaller at most, and how often chains are added.
    cores, progress
        As of `Sampler.sample`.

    Raises
    ------
    FitError
        If no chain could be started.
    """
    runs: list[Run] = []
    kept: list[Sampled] = []
    batches, steps = 1, settings
    say = tell if progress else _say_nothing
    while True:
        while len(kept) < batches:
            run = steps.model_copy(update={"seed": seed_of(settings.seed, len(kept))})
            kept.append(sampler.draw(run, cores=cores, progress=progress))
            runs.append(_recorded(run, kept[-1]))
        draws = sampler.tree(joined(kept))
        checks = nuts_checks(draws)
        smaller, more = _next(checks, steps, settings, batches)
        if smaller is None and not more:
            draws["diagnostics"] = xr.DataTree(as_dataset(checks))
            return Rounds(draws, tuple(runs))
        if smaller is not None:
            say(_of_divergences(checks, smaller))
            steps = settings.model_copy(update={"target_accept": smaller})
            runs, kept = [replace(run, kept=False) for run in runs], []
        else:
            say(_of_length(checks, settings.chains))
            batches += 1


def seed_of(seed: int, batch: int) -> int:
    """Seed of a batch of chains: that of the settings for the first."""
    return seed if batch == 0 else int(np.random.SeedSequence([seed, batch]).generate_state(1)[0])


def _next(
    checks: Sequence[Check], steps: Sampling, settings: Sampling, batches: int
) -> tuple[float | None, bool]:
    """Acceptance rate to repeat the run with, or None; and whether to add chains."""
    failed = {check.name for check in checks if not check.passed}
    if "divergences" in failed:
        smaller = [rate for rate in TARGETS[: settings.retries] if rate > steps.target_accept]
        return (smaller[0] if smaller else None), False
    left = settings.retries - (batches - 1)
    if not failed or not failed <= OF_LENGTH or left <= 0:
        return None, False
    in_reach = (batches + left) / batches
    return None, all(
        check.value * in_reach >= NEARLY * check.threshold
        for check in checks
        if check.name.startswith("min_ess")
    )


def _recorded(run: Sampling, sampled: Sampled) -> Run:
    divergences = int(sampled.statistics["diverging"].sum())
    return Run(run.chains, run.tune, run.draws, run.seed, run.target_accept, divergences)


def _of_divergences(checks: Sequence[Check], target: float) -> str:
    number = int(next(check.value for check in checks if check.name == "divergences"))
    return (
        f"{counted(number, 'divergence')}: sampling again with smaller steps "
        f"(target_accept {target:g})"
    )


def _of_length(checks: Sequence[Check], chains: int) -> str:
    failed = ", ".join(f"{check.name} {check.value:.4g}" for check in checks if not check.passed)
    return f"too few draws yet ({failed}): sampling {counted(chains, 'more chain')}"


def _say_nothing(line: str) -> None:
    """Progress that nobody asked for."""
