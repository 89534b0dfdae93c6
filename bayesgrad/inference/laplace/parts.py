"""A model as independent parts: all outcomes under one covariance, or each for itself.

Where the effects of different outcomes are independent, so are their posteriors: nothing else is
shared, and cases that an earlier stage counts are data. Then each outcome is an approximation of
its own in few hyperparameters.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bayesgrad.design.design import Columns, Design
from bayesgrad.model.covariance import is_joint
from bayesgrad.spec.model_spec import ModelSpec


def independent_parts(spec: ModelSpec, design: Design) -> tuple[Design, ...]:
    """Designs of the outcomes that share a covariance."""
    outcomes = len(design.forms)
    if outcomes == 1 or is_joint(spec):
        return (design,)
    return tuple(_of_outcome(design, s) for s in range(outcomes))


def _of_outcome(design: Design, place: int) -> Design:
    """Design of one outcome alone."""
    authorities, outcomes, strata = design.cells
    kept = np.flatnonzero(design.row_outcome == place)
    rows, covariates = design.rows, design.rows.covariates
    numbers = np.full((authorities, outcomes, strata), -1)
    numbers[:, place] = np.arange(authorities * strata).reshape(authorities, strata)
    return replace(
        design,
        forms=(design.forms[place],),
        rows=replace(
            rows,
            cell=numbers.ravel()[rows.cell[kept]],
            count=rows.count[kept],
            exposure=rows.exposure[kept],
            deprivation=rows.deprivation[kept],
            x=rows.x[kept],
            covariates=Columns(
                covariates.names, covariates.values[kept], covariates.centre, covariates.scale
            ),
            gradient_moderators=rows.gradient_moderators[kept],
            curve=rows.curve[kept],
            suppressed=rows.suppressed[kept],
        ),
    )
