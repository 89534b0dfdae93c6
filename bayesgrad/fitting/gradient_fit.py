"""GradientFit: one posterior, and the questions that it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import xarray as xr

from bayesgrad.data.analysis_table import DataReport
from bayesgrad.estimands import compare_in_words, pairs_table, table
from bayesgrad.fitting.store import Stored, read_fit, write_fit
from bayesgrad.fitting.summary import misfit_in_short, summary_html, summary_text
from bayesgrad.spec.model_spec import ModelSpec
from bayesgrad.spec.prior_pack import PriorPack

if TYPE_CHECKING:
    from bayesgrad.export.rules import Rules


@dataclass(frozen=True, eq=False, repr=False)
class GradientFit:
    """A fitted model: draws, spec and provenance.

    Attributes
    ----------
    spec : ModelSpec
        What was fitted, with the sampling settings that were used.
    draws : xarray.DataTree
        In the layout of `bayesgrad.fitting.draws`; ArviZ reads it.
    provenance : dict
        Versions, name and size of the table, account of its rows, engine, seed, runs of the sampler
        (`bayesgrad.inference.rounds.Run`) and timings.
    account : DataReport or None
        Account of the rows with the codes of areas that were left out. It is not written to the
        fit file, and None where the fit was read from one.

    Notes
    -----
    Every table is a pandas DataFrame with the columns of `bayesgrad table`; intervals are
    equal-tailed at `level`.
    """

    spec: ModelSpec
    draws: xr.DataTree
    provenance: dict[str, Any]
    account: DataReport | None = None

    @property
    def passed(self) -> bool:
        """Whether every diagnostic check passed."""
        return bool(self.draws["diagnostics"]["passed"].all())

    @property
    def misfit(self) -> str:
        """Names of the checks of fit that say the model is wrong, in one line; empty if none."""
        return misfit_in_short(self)

    @property
    def rows(self) -> DataReport:
        """Account of the table's rows: how many were kept, how many were dropped and why.

        Only a fit that was just made knows which areas were dropped: a fit file does not name them.
        """
        if self.account is not None:
            return self.account
        return DataReport.from_dict(self.provenance["rows"])

    def table(
        self,
        name: str,
        *,
        level: float = 0.95,
        sure: float | None = None,
        despite_failed_diagnostics: bool = False,
    ) -> pd.DataFrame:
        """Return a table by the name that `bayesgrad table` knows it by. Raises FitError.

        `sure` is of the tiers of ranks alone: see `ranks`.
        """
        return table(
            self.draws,
            name,
            level=level,
            sure=sure,
            despite_failed_diagnostics=despite_failed_diagnostics,
        )

    def gradients(self, *, level: float = 0.95) -> pd.DataFrame:
        """Gradient of every authority: ratio per unit, interval, reliability."""
        return self.table("gradients", level=level)

    def national(self, *, level: float = 0.95) -> pd.DataFrame:
        """National gradient at mean authority deprivation, and 0.10 below and above it."""
        return self.table("national", level=level)

    def interaction(self, *, level: float = 0.95) -> pd.DataFrame:
        """Coefficients by which moderators change the log gradient."""
        return self.table("interaction", level=level)

    def levels(self, *, level: float = 0.95) -> pd.DataFrame:
        """Like-for-like rates of every authority at fixed neighbourhood deprivation."""
        return self.table("levels", level=level)

    def contextual(self, *, level: float = 0.95) -> pd.DataFrame:
        """Within, between and contextual effects, and the crossover."""
        return self.table("contextual", level=level)

    def ranks(
        self,
        *,
        level: float = 0.95,
        sure: float = 0.95,
        despite_failed_diagnostics: bool = False,
    ) -> pd.DataFrame:
        """Ranks of authorities by gradient, with simultaneous intervals and tiers.

        `sure` is the probability from which two authorities are told apart, so that they cannot
        share a tier; it does not depend on `level`, that of the intervals.

        Raises
        ------
        DiagnosticsError
            If the diagnostics failed, unless `despite_failed_diagnostics` is True.
        """
        return self.table(
            "ranks",
            level=level,
            sure=sure,
            despite_failed_diagnostics=despite_failed_diagnostics,
        )

    def pairs(self, *codes: str, level: float = 0.95) -> pd.DataFrame:
        """Pairwise comparison of the authorities named, or of all if none is."""
        return pairs_table(self.draws, codes or None, level=level)

    def thresholds(self, *, level: float = 0.95) -> pd.DataFrame:
        """Whether the national gradient rises from each outcome to the next."""
        return self.table("thresholds", level=level)

    def transitions(self, *, level: float = 0.95) -> pd.DataFrame:
        """The same of every authority: ratio of its gradients of successive outcomes."""
        return self.table("transitions", level=level)

    def strata(self, *, level: float = 0.95) -> pd.DataFrame:
        """National gradient and rate of every stratum."""
        return self.table("strata", level=level)

    def contrasts(self, *, level: float = 0.95) -> pd.DataFrame:
        """Gradients of strata two at a time, and whether they differ by more than a little."""
        return self.table("contrasts", level=level)

    def years(self, *, level: float = 0.95) -> pd.DataFrame:
        """National gradient and rate of every year of a panel."""
        return self.table("years", level=level)

    def trends(self, *, level: float = 0.95) -> pd.DataFrame:
        """Change a year of the gradient and of the rate, of the nation and of every authority."""
        return self.table("trends", level=level)

    def correlations(self, *, level: float = 0.95) -> pd.DataFrame:
        """Correlations of authorities' intercepts and slopes, within and between outcomes."""
        return self.table("correlations", level=level)

    def inequality(self, *, level: float = 0.95) -> pd.DataFrame:
        """Inequality indices of the nation and of every authority."""
        return self.table("inequality", level=level)

    def heterogeneity(self, *, level: float = 0.95) -> pd.DataFrame:
        """Median rate ratio, median gradient ratio and variance partition coefficient."""
        return self.table("heterogeneity", level=level)

    def predictive(self, *, level: float = 0.95) -> pd.DataFrame:
        """Posterior predictive checks: zeros, spread, PIT, places outside."""
        return self.table("predictive", level=level)

    def scores(self) -> pd.DataFrame:
        """Leave-one-out scores of areas and of authorities; see `bayesgrad.compare_scores`."""
        return self.table("scores")

    def parameters(self, *, level: float = 0.95) -> pd.DataFrame:
        """Posterior of the model's parameters with their convergence statistics."""
        return self.table("parameters", level=level)

    def sensitivity(self) -> pd.DataFrame:
        """How much each parameter depends on its priors.

        Raises
        ------
        FitError
            If the fit has a prior pack.
        """
        return self.table("sensitivity")

    def diagnostics(self) -> pd.DataFrame:
        """Checks of the fit."""
        return self.table("diagnostics")

    def compare(self, codes: Sequence[str], *, level: float = 0.95, sure: float = 0.95) -> str:
        """Two or more authorities compared in words and numbers.

        One is called the steeper where that is so with probability `sure` and the interval of the
        ratio, at `level`, does not hold 1.
        """
        return compare_in_words(self.draws, codes, level=level, sure=sure)

    def standing(self, *, level: float = 0.95) -> pd.DataFrame:
        """Where each authority of a fit with a prior pack stands in the nation of the pack.

        Raises
        ------
        FitError
            If the fit has no prior pack.
        """
        return self.table("standing", level=level)

    def prior_pack(
        self, *, outcomes: Sequence[str] | None = None, despite_failed_diagnostics: bool = False
    ) -> PriorPack:
        """Prior pack of a national fit, with which a single authority can be fitted.

        Parameters
        ----------
        outcomes : sequence of str, optional
            Columns of the outcomes to keep; by default all.
        despite_failed_diagnostics : bool
            Give the pack even where the fit failed its diagnostics; the pack says so.

        Raises
        ------
        DiagnosticsError
            If the diagnostics failed.
        FitError
            If the fit is of too few authorities, events or draws, or of a form that a pack does
            not hold.
        """
        from bayesgrad.fitting.national_pack import pack_of

        return pack_of(
            self.spec,
            self.draws,
            self.provenance,
            outcomes=outcomes,
            despite_failed_diagnostics=despite_failed_diagnostics,
        )

    def export(
        self,
        folder: str | Path,
        *,
        rules: str | Path | Rules = "default",
        tables: Sequence[str] | None = None,
        level: float = 0.95,
        sure: float = 0.95,
        counts: bool = True,
        previous: Sequence[str | Path] = (),
        published: str | Path | None = None,
        reason: str = "",
        pack: bool = False,
        inside: str | Path | None = None,
    ) -> Path:
        """Write what may leave a secure environment to a new folder, or nothing; return the folder.

        Parameters
        ----------
        folder : str or Path
            That leaves. It must not be there, or be empty.
        rules : str, Path or Rules
            ``default``, ``opensafely``, ``strict``, or a file of rules.
        tables : sequence of str, optional
            Names of the tables to export; by default all that may leave.
        level, sure : float
            Of the intervals, and of statements, as in `table`.
        counts : bool
            Whether columns of (rounded) counts leave.
        previous : sequence of str or Path
            Folders of earlier exports of the same data: the new one is attacked together with them.
        published : str or Path, optional
            CSV of published totals of these counts: `outcome`, `events`, and where needed
            `authority`, `stratum` and `rounded`.
        reason : str
            Why a fit that failed its diagnostics may leave.
        pack : bool
            Whether the prior pack leaves with it.
        inside : str or Path, optional
            Folder of the audit, with exact counts, and the ledger of releases, which stay inside;
            by default `bayesgrad-stays-inside` beside `folder`.

        Raises
        ------
        DiagnosticsError
            If the fit failed its diagnostics and no reason is given.
        FitError
            If the folder is not empty, there are too few authorities or degrees of freedom, or the
            attack finds a count that could be known better than the rules allow.
        SpecError
            If the rules cannot be read.
        DataError
            If an earlier export, the published totals or the ledger cannot be read.
        """
        from bayesgrad.export.export import export_fit

        return export_fit(
            self,
            folder,
            rules=rules,
            tables=tables,
            level=level,
            sure=sure,
            counts=counts,
            previous=previous,
            published=published,
            reason=reason,
            pack=pack,
            inside=inside,
        )

    def save(self, path: str | Path) -> Path:
        """Write the fit to one NetCDF file, all or nothing, and return its path.

        Raises
        ------
        FitError
            If the folder does not exist.
        """
        write_fit(Stored(self.spec, self.draws, self.provenance), Path(path))
        return Path(path)

    def __repr__(self) -> str:
        return summary_text(self)

    def _repr_html_(self) -> str:
        return summary_html(self)


def load(path: str | Path) -> GradientFit:
    """Read a fit from the file that `GradientFit.save` wrote.

    Raises
    ------
    FitError
        If the file is missing, is not a fit file, was truncated or changed since it was written,
        or was written by a later version.
    """
    return GradientFit(*read_fit(Path(path)))
