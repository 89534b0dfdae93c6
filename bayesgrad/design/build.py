"""ModelSpec + AnalysisTable -> Design."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bayesgrad.data.analysis_table import AnalysisTable
from bayesgrad.design.curvature import CommonCurve
from bayesgrad.design.design import (
    Authorities,
    Columns,
    Design,
    Integers,
    OutcomeForm,
    Rows,
)
from bayesgrad.design.moderation import ModerationBasis
from bayesgrad.design.national import national_basis, national_columns, national_curve
from bayesgrad.design.neighbours import neighbours_of
from bayesgrad.design.splines import Floats
from bayesgrad.design.standardised import standardised
from bayesgrad.design.strata import StrataComponent, crossed_components, strata_basis, walk_basis
from bayesgrad.errors import DataError
from bayesgrad.spec.model_spec import ModelSpec
from bayesgrad.spec.parts import Outcome
from bayesgrad.spec.prior_pack import PackColumn


def build_design(spec: ModelSpec, table: AnalysisTable) -> Design:
    """Arrange a checked table as the arrays of the model.

    Parameters
    ----------
    spec : ModelSpec
    table : AnalysisTable
        From `bayesgrad.data.prepare_table`, sorted by authority, outcome, stratum and area.

    Raises
    ------
    DataError
        If an outcome has no events at all, or a basis cannot be computed from the table.
    """
    rows = table.rows
    forms = tuple(_form(spec, outcome) for outcome in spec.outcomes)
    authority = _positions(rows["authority"], tuple(table.authorities.index))
    basis, curve, authorities = _authorities(spec, table, forms=forms)
    neighbourhoods = _neighbourhoods(rows)
    design = Design(
        authorities=authorities,
        forms=forms,
        strata=table.strata,
        strata_components=_components(spec, table),
        rows=_rows(
            spec,
            table,
            cell=_cells(table, authority=authority, outcomes=[form.column for form in forms]),
            centre=authorities.centre[authority],
            curve=curve,
            neighbourhood=_positions(
                rows.get("neighbourhood", pd.Series(dtype="str")), neighbourhoods
            ),
        ),
        area_moderators=spec.area.moderators,
        basis=basis,
        curve=curve,
        unit=spec.gradient.unit,
        neighbourhoods=neighbourhoods,
        bounds=_bounds(spec),
        deviation_basis=_deviation_basis(spec, table),
        neighbours=neighbours_of(authorities.codes, spec.spatial.adjacency.pairs)
        if spec.spatial
        else None,
    )
    _refuse_without_events(design)
    return design


def _authorities(
    spec: ModelSpec, table: AnalysisTable, *, forms: Sequence[OutcomeForm]
) -> tuple[ModerationBasis, CommonCurve, Authorities]:
    """Columns of authorities, and the bases of moderation and of the common curve."""
    rows, unit, national = table.rows, spec.gradient.unit, spec.prior_pack
    area_deprivation = rows["deprivation"].to_numpy(np.float64)
    at_risk = _at_risk(forms, rows["outcome"], rows["exposure"].to_numpy(np.float64))
    deprivation = _authority_deprivation(table)
    if national is None:
        basis = ModerationBasis.of(spec.authority.moderation, deprivation, unit=unit)
        curve = CommonCurve.of(spec.gradient.curvature, area_deprivation, at=basis.mean, unit=unit)
    else:
        basis, curve = national_basis(national, deprivation), national_curve(national)
    moderators = national.authority_moderators if national else None
    authorities = Authorities(
        codes=tuple(table.authorities.index),
        names=tuple(table.authorities["name"]),
        deprivation=deprivation,
        centre=_centre(spec, deprivation, area_deprivation, at_risk),
        moderation=basis.at(deprivation),
        moderators=_standardised(table.moderators, moderators),
    )
    return basis, curve, authorities


def _rows(
    spec: ModelSpec,
    table: AnalysisTable,
    *,
    cell: Integers,
    centre: Floats,
    curve: CommonCurve,
    neighbourhood: Integers,
) -> Rows:
    """Columns of rows, whose authorities are centred at `centre`, (rows,)."""
    rows, national = table.rows, spec.prior_pack
    deprivation = rows["deprivation"].to_numpy(np.float64)
    x = (deprivation - centre) / spec.gradient.unit
    covariates = _standardised(table.covariates, national.area_covariates if national else None)
    moderated = [covariates.names.index(name) for name in spec.area.moderators]
    return Rows(
        cell=cell,
        count=rows["count"].to_numpy(np.int64),
        exposure=rows["exposure"].to_numpy(np.float64),
        deprivation=deprivation,
        x=x,
        covariates=covariates,
        gradient_moderators=covariates.values[:, moderated] * x[:, None],
        curve=curve.at(deprivation),
        neighbourhood=neighbourhood,
        suppressed=rows["suppressed"].to_numpy(np.bool_),
        area=pd.factorize(rows["area"])[0].astype(np.int64),
    )


def _cells(table: AnalysisTable, *, authority: Integers, outcomes: Sequence[str]) -> Integers:
    """Number of each row's authority, outcome and stratum, in that order."""
    outcome = _positions(table.rows["outcome"], outcomes)
    stratum = _positions(table.rows["stratum"], table.strata)
    return (authority * len(outcomes) + outcome) * len(table.strata) + stratum


def _form(spec: ModelSpec, outcome: Outcome) -> OutcomeForm:
    return OutcomeForm(
        column=outcome.column,
        family=spec.family_of(outcome),
        link=spec.link_of(outcome),
        out_of=outcome.out_of or "",
    )


def _bounds(spec: ModelSpec) -> tuple[int, int]:
    suppressed = spec.likelihood.suppressed
    return (0, 0) if suppressed is None else (suppressed.lower, suppressed.upper)


def _components(spec: ModelSpec, table: AnalysisTable) -> tuple[StrataComponent, ...]:
    strata = spec.strata_or_years
    if strata is None:
        return ()
    if spec.years is not None:
        return (StrataComponent(strata.column, _walk(table)),)
    first = (strata.column, len(table.strata_levels[0]), strata.ordered)
    if strata.crossed_with is None:
        name, count, ordered = first
        return (StrataComponent(name, strata_basis(count, ordered=ordered)),)
    crossed = strata.crossed_with
    second = (crossed.column, len(table.strata_levels[1]), crossed.ordered)
    return crossed_components(first, second)


def _neighbourhoods(rows: pd.DataFrame) -> tuple[str, ...]:
    """Codes of neighbourhoods, in the order of their authorities and then their own."""
    if "neighbourhood" not in rows:
        return ()
    pairs = rows[["authority", "neighbourhood"]].drop_duplicates()
    return tuple(pairs.sort_values(["authority", "neighbourhood"])["neighbourhood"])


def _deviation_basis(spec: ModelSpec, table: AnalysisTable) -> Floats | None:
    """Years deviate by a random walk, strata of other kinds exchangeably, ordered or not."""
    strata = spec.strata_or_years
    if strata is None or not strata.authority_deviations:
        return None
    if spec.years is not None:
        return _walk(table)
    return strata_basis(len(table.strata), ordered=False)


def _walk(table: AnalysisTable) -> Floats:
    return walk_basis([int(year) for year in table.strata])


def _positions(values: pd.Series, order: Sequence[str]) -> Integers:
    return pd.Index(order).get_indexer(pd.Index(values)).astype(np.int64)


def _at_risk(forms: Sequence[OutcomeForm], outcome: pd.Series, exposure: Floats) -> Floats:
    """Exposures of rows, 0 for those of outcomes whose cases are another outcome's events."""
    staged = [form.column for form in forms if form.out_of]
    return np.where(outcome.isin(staged), 0.0, exposure)


def _authority_deprivation(table: AnalysisTable) -> Floats:
    """D_j: the authority's column where the spec names one, else the exposure-weighted mean."""
    named = "deprivation" in table.authorities
    column = table.authorities["deprivation" if named else "mean_deprivation"]
    return column.to_numpy(np.float64)


def _centre(
    spec: ModelSpec, authority_deprivation: Floats, deprivation: Floats, exposure: Floats
) -> Floats:
    """c_j: D_j under authority centring, else one national value for all."""
    pack = spec.prior_pack
    match spec.gradient.centre:
        case "authority":
            return authority_deprivation
        case "national" if pack is not None and pack.model.centre_value is not None:
            national = pack.model.centre_value
        case _ if spec.gradient.centre == "national" or spec.is_recentred:
            national = float(np.average(deprivation, weights=exposure))
        case number:
            national = float(number)
    return np.full(len(authority_deprivation), national)


def _standardised(table: pd.DataFrame, national: tuple[PackColumn, ...] | None) -> Columns:
    """Columns standardised by their own values, or by those of a prior pack."""
    if national is not None:
        return national_columns(national, table)
    return standardised(table)


def _refuse_without_events(design: Design) -> None:
    rows = design.rows
    largest = np.where(rows.suppressed, design.bounds[1], rows.count)
    events = design.cell_sum(largest).sum(axis=(0, 2))
    for outcome, total in zip(design.outcomes, events, strict=True):
        if total == 0:
            raise DataError(
                f"{outcome}: there are no events in any area", "Check the outcome's column."
            )
