"""Compile what the shipped forms of model need, so that no user waits for it.

Each form is fitted, with few draws, to a small synthetic world: compiled code serves any number of
areas, authorities and draws.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import suppress
from multiprocessing import get_context
from typing import NamedTuple

import pandas as pd

from bayesgrad.errors import FitError, SpecError
from bayesgrad.fitting.gradient_fit import GradientFit
from bayesgrad.fitting.run import fit, with_sampling
from bayesgrad.kernels.cache import VARIABLE, place
from bayesgrad.simulate import ONE_AUTHORITY, SCENARIOS, simulate_scenario
from bayesgrad.simulate.one_authority import smallest_authority
from bayesgrad.spec.model_spec import ModelSpec
from bayesgrad.spec.support import refuse_unsupported

FIRST = "referrals"
"""Form that is compiled before all others, which share most of its kernels."""
OF_THE_AUDIT = "audit-"
"""Scenarios of the audit are worlds of one form, which `referrals` has, by the Laplace engine."""
AUTHORITIES, AREAS = 12, 300
NATION, ITS_AREAS = 40, 1_600
"""Authorities and areas of which a prior pack can be made."""
DRAWS, ENOUGH = 60, 400
"""Draws of a fit, and of one of which a prior pack can be made."""


class Warmed(NamedTuple):
    """A form of model whose code is compiled.

    Attributes
    ----------
    form : str
    seconds : float
        That it took.
    """

    form: str
    seconds: float


def warm_forms() -> tuple[str, ...]:
    """Names of all forms of model that ship."""
    scenarios = (name for name in SCENARIOS if not name.startswith(OF_THE_AUDIT))
    return (*scenarios, ONE_AUTHORITY)


def warm_up(forms: Sequence[str] = (), *, workers: int | None = None) -> Iterator[Warmed]:
    """Compile forms of model and keep what is compiled on disk, for later processes.

    Parameters
    ----------
    forms : sequence of str
        Of `warm_forms`; by default all.
    workers : int, optional
        Processes at a time; by default as many as the machine has cores.

    Yields
    ------
    Warmed
        As each is done.

    Raises
    ------
    SpecError
        If there is no such form.
    FitError
        If what is compiled cannot be kept, since no folder can be written.
    """
    known = warm_forms()
    wrong = [form for form in forms if form not in known]
    if wrong:
        raise SpecError(f"there is no form {wrong[0]!r}", f"There are: {', '.join(known)}.")
    where = place()
    if not where.lasting:
        raise FitError(
            f"what is compiled cannot be kept: {where.reason}",
            f"Set {VARIABLE} to a folder that can be written.",
        )
    asked = forms or known
    if FIRST in asked:
        yield _warmed(FIRST)
    rest = [form for form in asked if form != FIRST]
    number = min(workers or os.cpu_count() or 1, len(rest))
    if number <= 1:
        yield from map(_warmed, rest)
        return
    with ProcessPoolExecutor(number, mp_context=get_context("spawn")) as pool:
        for done in as_completed([pool.submit(_warmed, form) for form in rest]):
            yield done.result()


def _warmed(form: str) -> Warmed:
    start = time.perf_counter()
    if form == ONE_AUTHORITY:
        _fit_one_authority()
    else:
        world = simulate_scenario(form, seed=1, authorities=AUTHORITIES, areas=AREAS)
        _fit(world.model, world.areas)
        if _by_laplace_too(world.model):
            # Of so small a world the approximation may not hold; what it compiles is there.
            with suppress(FitError):
                _fit(world.model, world.areas, engine="laplace")
    return Warmed(form, time.perf_counter() - start)


def _fit(
    spec: ModelSpec, table: pd.DataFrame, *, engine: str = "nuts", draws: int = DRAWS
) -> GradientFit:
    once = with_sampling(spec, {"retries": 0})
    return fit(once, table, engine=engine, draws=draws, tune=DRAWS, chains=1, progress=False)


def _by_laplace_too(spec: ModelSpec) -> bool:
    try:
        refuse_unsupported(with_sampling(spec, {"engine": "laplace"}))
    except SpecError:
        return False
    return True


def _fit_one_authority() -> None:
    world = simulate_scenario(FIRST, seed=1, authorities=NATION, areas=ITS_AREAS)
    national = _fit(world.model, world.areas, draws=ENOUGH)
    pack = national.prior_pack(despite_failed_diagnostics=True)
    own = world.areas[world.areas["authority"] == smallest_authority(world)]
    _fit(world.model.model_copy(update={"prior_pack": pack}), own)
