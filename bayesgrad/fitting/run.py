"""From a spec and a table to a fit."""

from __future__ import annotations

import sys
import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast

import numpy as np
import pandas as pd
import xarray as xr
from pydantic import ValidationError
from threadpoolctl import threadpool_limits

from bayesgrad.data import AnalysisTable, prepare_table
from bayesgrad.data.frames import ArrowTable
from bayesgrad.data.tables import table_given
from bayesgrad.design import Design, build_design
from bayesgrad.errors import DataError, SpecError, shortened
from bayesgrad.fitting.compiled_forms import remember_compiled
from bayesgrad.fitting.draws import assemble_draws
from bayesgrad.fitting.gradient_fit import GradientFit
from bayesgrad.fitting.provenance import table_origin, versions
from bayesgrad.inference.interrupts import interrupts_heard
from bayesgrad.inference.progress import Unbroken, stage, tell
from bayesgrad.spec.model_spec import ModelSpec
from bayesgrad.spec.parts import Sampling
from bayesgrad.spec.support import refuse_unsupported

if TYPE_CHECKING:
    from bayesgrad.inference.rounds import Rounds


def fit(
    spec: ModelSpec | str | Path,
    table: pd.DataFrame | ArrowTable | str | Path,
    *,
    engine: str | None = None,
    draws: int | None = None,
    tune: int | None = None,
    chains: int | None = None,
    seed: int | None = None,
    cores: int | None = None,
    progress: bool = True,
    store_data: bool = False,
) -> GradientFit:
    """Fit the joint model of a spec to a table of areas.

    Parameters
    ----------
    spec : ModelSpec or path of a TOML file
    table : DataFrame, table of polars or PyArrow, or path of a csv, csv.gz, parquet or arrow file
        One row per area.
    engine, draws, tune, chains, seed
        Instead of what `[sampling]` says; draws and tune are per chain. The Laplace engine takes
        seconds, draws independently and needs no tune.
    cores : int, optional
        Chains of NUTS at a time; by default as many as the machine has cores. The draws do
        not depend on it.
    progress : bool
        Say what is being done, show the progress of NUTS (a bar on a terminal or in a notebook,
        plain lines elsewhere), and say so where something is compiled, which happens once on a
        machine. Warnings of the table are printed before anything is sampled; they are in the fit's
        `rows.warnings` too.
    store_data : bool
        Keep the areas' data in the fit, and so in its file, and the effects of neighbourhoods. By
        default no area-level data are kept.

    Returns
    -------
    GradientFit
        Also where diagnostics failed: see `GradientFit.passed`.

    Raises
    ------
    SpecError, DataError
        If the spec or the table is at fault, before anything is sampled.
    FitError
        If sampling could not start, or the Laplace approximation does not hold.
    """
    refuse_spec_as_table(table)
    spec = spec if isinstance(spec, ModelSpec) else ModelSpec.read(spec)
    overrides = {"engine": engine, "draws": draws, "tune": tune, "chains": chains, "seed": seed}
    spec = with_sampling(spec, overrides)
    refuse_unsupported(spec)
    clock = _Clock()
    with stage(f"reading {_name(table)}", progress=progress):
        frame, named = table_given(spec, table)
        analysis = prepare_table(spec, frame, source=named)
        design = build_design(spec, analysis)
    clock.lap("data")
    if progress:
        _tell_warnings(analysis)

    # All matrices are small: threads of the linear algebra would only wait for each other.
    with threadpool_limits(limits=1, user_api="blas"), _announced(progress), interrupts_heard():
        runs: list[dict[str, Any]] = []
        if spec.sampling.fitting_engine == "laplace":
            sampled = _by_laplace(spec, design, clock, progress=progress)
        else:
            rounds = _by_nuts(spec, design, clock, cores=cores, progress=progress)
            sampled, runs = rounds.draws, rounds.to_list()
        with stage("checks, scores and summaries", progress=progress):
            tree = assemble_draws(spec, design, sampled)
        remember_compiled(spec, design)
    if store_data:
        tree["areas"] = xr.DataTree(_areas(analysis))
        if design.neighbourhoods:
            tree["neighbourhoods"] = xr.DataTree(_neighbourhoods(design, sampled))
    clock.lap("summarise")
    provenance = {
        "versions": versions(),
        "table": table_origin(Path(table) if isinstance(table, str | Path) else frame, frame),
        "rows": analysis.report_without_areas.to_dict(),
        "engine": spec.sampling.fitting_engine,
        "seed": spec.sampling.seed,
        "runs": runs,
        "seconds": clock.laps,
    }
    return GradientFit(spec=spec, draws=tree, provenance=provenance, account=analysis.report)


def _tell_warnings(analysis: AnalysisTable) -> None:
    for warning in analysis.report.warnings:
        print(f"warning: {warning}", file=sys.stderr, flush=True)


def _name(table: object) -> str:
    return str(table) if isinstance(table, str | Path) else "table"


def refuse_spec_as_table(table: object) -> None:
    """Refuse a model spec where the table should be. Raises DataError."""
    if isinstance(table, ModelSpec):
        raise DataError(
            "a model spec is given where the table is expected",
            "Give the spec first and the table after it.",
        )


def _announced(progress: bool) -> AbstractContextManager[None]:
    """Say so when something is compiled, if progress is shown."""
    if not progress:
        return nullcontext()
    from bayesgrad.kernels.announcing import compiling_announced

    return compiling_announced(cast("TextIO", Unbroken()))


def _by_nuts(
    spec: ModelSpec, design: Design, clock: _Clock, *, cores: int | None, progress: bool
) -> Rounds:
    with stage("preparing the model", progress=progress):
        from bayesgrad.inference.nuts import Sampler
        from bayesgrad.inference.rounds import sample_in_rounds

        sampler = Sampler.compile(spec, design)
    clock.lap("compile")
    if progress:
        tell("sampling ...")
    rounds = sample_in_rounds(sampler, spec.sampling, cores=cores, progress=progress)
    clock.lap("sample")
    return rounds


def _by_laplace(spec: ModelSpec, design: Design, clock: _Clock, *, progress: bool) -> xr.DataTree:
    with stage("searching the mode", progress=progress):
        from bayesgrad.inference.laplace import LaplaceApproximation

        approximation = LaplaceApproximation.find(spec, design)
    clock.lap("mode")
    with stage("sampling", progress=progress):
        sampled = approximation.sample(spec.sampling)
    clock.lap("sample")
    return sampled


def with_sampling(spec: ModelSpec, overrides: dict[str, Any]) -> ModelSpec:
    """Return the spec with other sampling settings; those that are None stay as they are.

    Raises
    ------
    SpecError
        If a setting is of the wrong type or out of range.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        sampling = Sampling.model_validate(spec.sampling.model_dump() | given)
    except ValidationError as error:
        fault = error.errors()[0]
        raise SpecError(
            f"sampling setting {fault['loc'][0]} = {shortened(repr(fault['input']))}: "
            f"{fault['msg'].lower()}",
            "Give a value in the range that is named.",
        ) from None
    return spec.model_copy(update={"sampling": sampling})


def _areas(analysis: AnalysisTable) -> xr.Dataset:
    rows, covariates = analysis.rows, analysis.covariates
    columns = {
        name: ("row", rows[name].to_numpy(dtype=str if rows[name].dtype == "str" else None))
        for name in rows
    }
    if covariates.empty:
        return xr.Dataset(columns)
    return xr.Dataset(
        columns | {"covariate": (("row", "area_covariate"), covariates.to_numpy())},
        coords={"area_covariate": np.array(covariates.columns, dtype=str)},
    )


def _neighbourhoods(design: Design, sampled: xr.DataTree) -> xr.Dataset:
    """Posterior mean and standard deviation of the effect of each neighbourhood."""
    effect = sampled["neighbourhoods"].to_dataset()["neighbourhood_effect"]
    found = xr.Dataset({"mean": effect.mean("sample"), "sd": effect.std("sample")})
    return found.assign_coords(neighbourhood=np.array(design.neighbourhoods, dtype=str))


class _Clock:
    """Seconds between one lap and the next."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = round(now - self._last, 3)
        self._last = now
