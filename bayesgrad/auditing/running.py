"""Fitting every form of every outcome, by one engine or the other."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import xarray as xr
from threadpoolctl import threadpool_limits

from bayesgrad.auditing.claims import quantities_of
from bayesgrad.auditing.forms import Form, forms_of, spec_of, spec_of_outcome
from bayesgrad.auditing.result import Audit, FittedForm, OutcomeAudit
from bayesgrad.data import AnalysisTable, prepare_table
from bayesgrad.data.frames import ArrowTable
from bayesgrad.data.tables import table_given
from bayesgrad.design import Design, build_design
from bayesgrad.errors import DataError, FitError, SpecError
from bayesgrad.fitting.known import known_groups
from bayesgrad.fitting.run import refuse_spec_as_table, with_sampling
from bayesgrad.inference.diagnostics import CHECKS
from bayesgrad.inference.progress import tell as tell_line
from bayesgrad.spec.model_spec import ModelSpec
from bayesgrad.spec.support import refuse_unsupported

AuditEngine = Literal["auto", "laplace", "nuts"]
ENGINES: tuple[AuditEngine, ...] = ("auto", "laplace", "nuts")

LAPLACE_DRAWS = 500
"""Per chain, unless asked otherwise: they are nearly independent."""
AT_ONCE = 2
"""Forms that the Laplace engine fits at a time: its kernels leave the interpreter free."""


def audit(
    spec: ModelSpec | str | Path,
    table: pd.DataFrame | ArrowTable | str | Path,
    *,
    engine: AuditEngine = "auto",
    draws: int | None = None,
    seed: int | None = None,
    scores: bool = True,
    progress: bool = True,
) -> Audit:
    """Audit the cross-level interaction: fit every form that could make it, and weigh them.

    Forms are moderation by authority deprivation (none, log, linear, spline) x a curve common to
    all areas (none, spline) x the spec's further moderators and covariates (none, each alone, all
    together), for each outcome alone. What `[authority] moderation`, `[gradient] curvature` and
    `[authority] covariance` across outcomes say is therefore not read.

    Parameters
    ----------
    spec : ModelSpec or path of a TOML file
        Its further moderators are those that may carry the interaction instead.
    table : DataFrame, table of polars or PyArrow, or path of a csv, csv.gz, parquet or arrow file
    engine : {"auto", "laplace", "nuts"}
        "auto" fits by the nested Laplace engine, and by NUTS the forms that it refuses or whose
        checks fail there; the result says which. Only Laplace gives the evidence of a form.
    draws : int, optional
        Per chain; by default 500 by the nested Laplace engine and those of the spec by NUTS.
    seed : int, optional
        Instead of that of the spec.
    scores : bool
        Whether to compute leave-one-authority-out scores as well, which take as long as the fits.
    progress : bool
        Print a line to standard error for each form.

    Raises
    ------
    SpecError, DataError
        If the spec or the table is at fault, or a moderator cannot be told from authority
        deprivation or from another one.
    FitError
        If no form of an outcome could be fitted.
    """
    refuse_spec_as_table(table)
    spec = spec if isinstance(spec, ModelSpec) else ModelSpec.read(spec)
    if engine not in ENGINES:
        raise SpecError(
            f"audit engine {engine!r} is not one of {', '.join(ENGINES)}", "Name one of these."
        )
    spec = with_sampling(spec, {"draws": draws, "seed": seed})
    frame, source = table_given(spec, table)
    tell = tell_line if progress else _say_nothing
    audited = []
    # All matrices are small: threads of the linear algebra would only wait for each other.
    with threadpool_limits(limits=1, user_api="blas"):
        for outcome in spec.outcomes:
            alone = spec_of_outcome(spec, outcome)
            prepared = prepare_table(_moderated(alone), frame, source=source, indistinct=True)
            run = _Runner(
                alone,
                prepared,
                engine=engine,
                laplace_draws=draws or LAPLACE_DRAWS,
                scores=scores,
                tell=tell,
            )
            audited.append(run.outcome())
    return Audit(spec, tuple(audited), prepared.report)


class _Runner:
    """Fits the forms of one outcome."""

    def __init__(
        self,
        spec: ModelSpec,
        table: AnalysisTable,
        *,
        engine: AuditEngine,
        laplace_draws: int,
        scores: bool,
        tell: Callable[[str], None],
    ) -> None:
        self._spec, self._table = spec, table
        self._engine, self._laplace_draws = engine, laplace_draws
        self._scores, self._tell = scores, tell
        self._forms = forms_of(spec)
        self._done = 0

    def outcome(self) -> OutcomeAudit:
        """Fit every form; of those that could not be, the reason is kept."""
        title = self._spec.outcomes[0].title
        if self._engine != "nuts":
            with ThreadPoolExecutor(AT_ONCE) as pool:
                fitted = tuple(pool.map(self._fit, self._forms))
        else:
            fitted = tuple(map(self._fit, self._forms))
        if not any(form.quantities for form in fitted):
            raise FitError(
                f"{title}: no form of the model could be fitted; the first: {fitted[0].reason}",
                "Check the table with `bayesgrad check`, or use --engine nuts.",
            )
        return OutcomeAudit(
            outcome=self._spec.outcomes[0].column,
            title=title,
            authorities=len(self._table.authorities),
            forms=fitted,
            seed=self._spec.sampling.seed,
        )

    def _fit(self, form: Form) -> FittedForm:
        fitted = self._fit_quietly(form)
        self._done += 1
        how = fitted.reason or f"{fitted.engine}{'' if fitted.passed else ', DIAGNOSTICS FAILED'}"
        outcome = self._spec.outcomes[0].column
        self._tell(f"{outcome}: {self._done} of {len(self._forms)}: {form.title} ({how})")
        return fitted

    def _fit_quietly(self, form: Form) -> FittedForm:
        spec = spec_of(form, self._spec)
        try:
            design = build_design(spec, _with_columns(self._table, spec))
        except DataError as error:
            return FittedForm(form, "", error.what)
        by_nuts = with_sampling(spec, {"engine": "nuts"})
        if self._engine == "nuts":
            return self._by(by_nuts, design, form)
        by_laplace = with_sampling(spec, {"engine": "laplace", "draws": self._laplace_draws})
        try:
            refuse_unsupported(by_laplace)
            found = self._by(by_laplace, design, form)
            reason = f"checks failed: {found.failed}"
        except (FitError, SpecError) as error:
            found, reason = FittedForm(form, "laplace", error.what), error.what
        if (found.passed and not found.reason) or self._engine == "laplace":
            return found
        return replace(self._by(by_nuts, design, form), instead_of=reason)

    def _by(self, spec: ModelSpec, design: Design, form: Form) -> FittedForm:
        """Fit one form by the engine of its spec."""
        sampled = _sampled(spec, design)
        posterior = sampled["posterior"].to_dataset()
        engine = spec.sampling.fitting_engine
        failed = ", ".join(check.name for check in CHECKS[engine](sampled) if not check.passed)
        statistics = sampled["sample_stats"]
        has_evidence = "log_evidence" in statistics
        return FittedForm(
            form,
            engine,
            "",
            failed=failed,
            quantities=quantities_of(form, spec, design, posterior, known_groups(spec, design)),
            log_evidence=float(statistics["log_evidence"]) if has_evidence else np.nan,
            evidence_error=float(statistics["evidence_error"]) if has_evidence else np.nan,
            scores=self._scored(design, posterior),
        )

    def _scored(self, design: Design, posterior: xr.Dataset) -> xr.Dataset | None:
        from bayesgrad.predictive.authorities import leave_one_authority_out

        return leave_one_authority_out(design, posterior) if self._scores else None


def _sampled(spec: ModelSpec, design: Design) -> xr.DataTree:
    if spec.sampling.fitting_engine == "laplace":
        from bayesgrad.inference.laplace import LaplaceApproximation

        return LaplaceApproximation.find(spec, design).sample(spec.sampling)
    from bayesgrad.inference.nuts import Sampler
    from bayesgrad.inference.rounds import sample_in_rounds

    sampler = Sampler.compile(spec, design)
    return sample_in_rounds(sampler, spec.sampling, progress=False).draws


def _with_columns(table: AnalysisTable, spec: ModelSpec) -> AnalysisTable:
    """Return the table with the moderators and covariates of a spec alone."""
    area = tuple(dict.fromkeys((*spec.area.covariates, *spec.area.moderators)))
    kept = [name for name in table.covariates if name in area]
    return replace(
        table,
        moderators=table.moderators[list(spec.authority.moderators)],
        covariates=table.covariates[kept],
    )


def _moderated(spec: ModelSpec) -> ModelSpec:
    """Spec whose gradients depend on authority deprivation, as those of some forms do.

    So that a moderator that repeats authority deprivation is refused.
    """
    if spec.authority.moderation != "none":
        return spec
    return spec.with_(authority={"moderation": "linear"})


def _say_nothing(line: str) -> None:
    """Progress that nobody asked for."""
