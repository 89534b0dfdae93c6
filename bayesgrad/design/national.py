"""Bases and standardisations of a national fit, for tables that are not national.

Coefficients of a prior pack mean what they meant in its national fit only beside the same bases;
so these come from the pack, never from the table.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from bayesgrad.design.curvature import CommonCurve
from bayesgrad.design.design import Columns
from bayesgrad.design.moderation import ModerationBasis, refuse_no_logarithm
from bayesgrad.design.splines import Floats
from bayesgrad.spec.prior_pack import PackColumn, PriorPack


def national_basis(pack: PriorPack, deprivation: Floats) -> ModerationBasis:
    """Basis of moderation of a pack.

    Parameters
    ----------
    pack : PriorPack
    deprivation : ndarray, shape (authorities,)
        Of the authorities that it is to be evaluated at.

    Raises
    ------
    DataError
        If it has no value at an authority.
    """
    model = pack.model
    refuse_no_logarithm(model.moderation, deprivation)
    return ModerationBasis(
        model.moderation,
        model.mean_authority_deprivation,
        model.unit,
        np.array(model.moderation_knots),
        np.array(model.moderation_scale),
    )


def national_curve(pack: PriorPack) -> CommonCurve:
    """Curve of deprivation of a pack."""
    model = pack.model
    return CommonCurve(
        model.curvature,
        model.mean_authority_deprivation,
        model.unit,
        np.array(model.curvature_knots),
        np.array(model.curvature_scale),
    )


def national_columns(columns: tuple[PackColumn, ...], table: pd.DataFrame) -> Columns:
    """Columns of a table, standardised by the values of a pack."""
    centre = np.array([column.centre for column in columns])
    scale = np.array([column.scale for column in columns])
    names = tuple(column.name for column in columns)
    return Columns(names, (table[list(names)].to_numpy(np.float64) - centre) / scale, centre, scale)
