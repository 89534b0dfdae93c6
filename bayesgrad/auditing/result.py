"""Audit: what was fitted, and what follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from bayesgrad.auditing.claims import Quantities
from bayesgrad.auditing.forms import Form, prior_weights
from bayesgrad.auditing.weights import Floats, evidence_weights, score_weights
from bayesgrad.data.analysis_table import DataReport
from bayesgrad.outputs import OwnFiles
from bayesgrad.spec.model_spec import ModelSpec

_TABLES = ("audit", "scores", "verdict")
_FIGURES = (".svg", ".png")


@dataclass(frozen=True, eq=False)
class FittedForm:
    """One form of the model, fitted, or why it could not be.

    Attributes
    ----------
    form : Form
    engine : str
        Empty where it was not fitted.
    reason : str
        Why it was not fitted; else empty.
    failed : str
        Checks of the fit that failed; else empty.
    quantities : Quantities or None
    log_evidence, evidence_error : float
        Log marginal likelihood and its Monte Carlo error; NaN by NUTS.
    scores : Dataset or None
        Leave-one-authority-out scores.
    instead_of : str
        Why Laplace was given up for NUTS; else empty.
    """

    form: Form
    engine: str
    reason: str
    failed: str = ""
    quantities: Quantities | None = None
    log_evidence: float = np.nan
    evidence_error: float = np.nan
    scores: xr.Dataset | None = None
    instead_of: str = ""

    @property
    def passed(self) -> bool:
        """Whether it was fitted and no check failed."""
        return not self.reason and not self.failed

    def elpd(self, authorities: int) -> Floats:
        """Score of each authority; NaN without scores."""
        if self.scores is None:
            return np.full(authorities, np.nan)
        found: Floats = self.scores["authority_elpd"].values
        return found


@dataclass(frozen=True, eq=False)
class OutcomeAudit:
    """The audit of one outcome.

    Attributes
    ----------
    outcome, title : str
    authorities : int
    forms : tuple of FittedForm
    seed : int
    """

    outcome: str
    title: str
    authorities: int
    forms: tuple[FittedForm, ...]
    seed: int

    @property
    def prior(self) -> list[float]:
        """Prior weight of each form."""
        return prior_weights([fitted.form for fitted in self.forms])

    @cached_property
    def weighed_by(self) -> str:
        """``evidence`` where every form that was fitted has it, else ``scores``.

        ``nothing`` where no scores were computed either.
        """
        fitted = [form for form in self.forms if form.quantities is not None]
        if all(np.isfinite(form.log_evidence) for form in fitted):
            return "evidence"
        return "scores" if any(form.scores is not None for form in fitted) else "nothing"

    @cached_property
    def elpd(self) -> Floats:
        """Scores, (forms, authorities)."""
        return np.array([form.elpd(self.authorities) for form in self.forms])

    @cached_property
    def weights_by_scores(self) -> Floats:
        """Pseudo-BMA+ weights of forms; all NaN without scores."""
        return score_weights(self.elpd, self.prior, seed=self.seed)

    @cached_property
    def weights(self) -> Floats:
        """Weight of each form: the posterior probabilities that the verdict averages by.

        All NaN where there is nothing to weigh forms by.
        """
        if self.weighed_by != "evidence":
            return self.weights_by_scores
        return evidence_weights(np.array([form.log_evidence for form in self.forms]), self.prior)


@dataclass(frozen=True, eq=False, repr=False)
class Audit:
    """Audit of the cross-level interaction of one or more outcomes.

    Attributes
    ----------
    spec : ModelSpec
    outcomes : tuple of OutcomeAudit
    rows : DataReport
        Account of the table's rows.
    """

    spec: ModelSpec
    outcomes: tuple[OutcomeAudit, ...]
    rows: DataReport

    def table(self, *, level: float = 0.95) -> pd.DataFrame:
        """Every quantity under every form; see `bayesgrad.auditing.table.audit_table`."""
        from bayesgrad.auditing.table import audit_table

        return audit_table(self.outcomes, level=level)

    def scores(self) -> pd.DataFrame:
        """How the forms compare; see `bayesgrad.auditing.table.scores_table`."""
        from bayesgrad.auditing.table import scores_table

        return scores_table(self.outcomes)

    def verdicts(self, *, level: float = 0.95) -> pd.DataFrame:
        """Claims, explanations and shares left; see `bayesgrad.auditing.verdict_table`."""
        from bayesgrad.auditing.verdict_table import verdict_table

        return verdict_table(self.outcomes, level=level)

    @property
    def verdict(self) -> str:
        """The verdict in words."""
        from bayesgrad.auditing.words import in_words

        return in_words(self)

    @property
    def passed(self) -> bool:
        """Whether every form that has weight passed its diagnostics; without weights, every one."""
        return all(
            form.passed or weight == 0.0
            for one in self.outcomes
            for form, weight in zip(one.forms, one.weights, strict=True)
        )

    def save(self, folder: str | Path) -> tuple[Path, ...]:
        """Write audit.csv, scores.csv, verdict.csv, verdict.md and the figures to a folder.

        Figures are `audit.svg` and `audit.png`, or with the outcome's column in the name where
        there are several outcomes. All are written or none; those of an earlier audit in the folder
        are replaced.

        Returns
        -------
        tuple of Path
            What was written.

        Raises
        ------
        FitError
            If a file of one of these names is there that no audit wrote, or the folder cannot be
            written to.
        """
        from bayesgrad import plots
        from bayesgrad.files import csv_text
        from bayesgrad.plots.saving import figure_bytes

        tables = (self.table(), self.scores(), self.verdicts())
        contents = {
            f"{name}.csv": csv_text(table).encode()
            for name, table in zip(_TABLES, tables, strict=True)
        }
        contents["verdict.md"] = f"{self.verdict}\n".encode()
        for one in self.outcomes:
            chart = plots.audit(self, outcome=one.outcome)
            stem = _stem(one.outcome, several=len(self.outcomes) > 1)
            for suffix in _FIGURES:
                contents[f"{stem}{suffix}"] = figure_bytes(chart, suffix)
        return own_files(Path(folder)).write(contents)

    def __repr__(self) -> str:
        return self.verdict

    def _repr_html_(self) -> str:
        import html

        return f"<pre>{html.escape(self.verdict)}</pre>"


def own_files(folder: Path) -> OwnFiles:
    """The files of an audit in a folder."""
    return OwnFiles(folder, "audit")


def audit_files(outcomes: Sequence[str]) -> tuple[str, ...]:
    """Names of all files that the audit of outcomes can write."""
    stems = [_stem(outcome, several=several) for outcome in outcomes for several in (False, True)]
    figures = [f"{stem}{suffix}" for stem in dict.fromkeys(stems) for suffix in _FIGURES]
    return (*(f"{name}.csv" for name in _TABLES), "verdict.md", *figures)


def _stem(outcome: str, *, several: bool) -> str:
    return f"audit_{_plain(outcome)}" if several else "audit"


def _plain(name: str) -> str:
    """Name as part of a file's: anything but letters, digits and the hyphen as an underscore."""
    return "".join(c if c.isalnum() or c == "-" else "_" for c in name)
