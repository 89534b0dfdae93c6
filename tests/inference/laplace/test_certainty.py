from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bayesgrad.errors import FitError
from bayesgrad.inference.laplace import LaplaceApproximation
from bayesgrad.inference.laplace.certainty import STANDARD_ERRORS, rows_near_certainty
from bayesgrad.inference.laplace.latent import Latent
from bayesgrad.inference.laplace.newton import find_mode
from tests.inference.laplace.cases import Case, form_of
from tests.tiers import quick


@pytest.mark.full
def test_rows_are_counted_whose_linear_predictor_may_reach_zero():
    case = form_of("risks")
    hyper = case.hyper.at(case.theta)
    mode = find_mode(case.latent, hyper, start=case.point)
    rng = np.random.default_rng(1)
    fixed, standard = mode.factor.colour(
        rng.standard_normal((4000, len(case.point.fixed))),
        rng.standard_normal((4000, *case.latent.shape)),
    )
    rows, design = case.latent.likelihood.rows, case.design
    # Raised so that some of the rows are near certainty, and others are not.
    level = case.latent.fixed.level_blocks[0]
    assert level.variable == "intercept"
    mode = replace(mode, latent=Latent(mode.latent.fixed + 2.2 * first(case), mode.latent.standard))
    draws = Latent(mode.latent.fixed + fixed, mode.latent.standard + standard)
    effects = case.latent.effects(draws, hyper)
    of_cells = effects.authority.reshape(4000, -1, 2)[:, design.rows.cell]
    coefficients = case.latent.fixed.by_outcome(effects.fixed)[:, 0, case.latent.fixed.rows]
    predictor = of_cells[..., 0] + of_cells[..., 1] * rows.x + coefficients @ rows.terms
    reached = predictor.mean(axis=0) + STANDARD_ERRORS * predictor.std(axis=0)
    expected = int((reached >= 0.0).sum())
    found = rows_near_certainty(case.latent, mode, hyper)
    assert 0 < expected < len(reached)
    # Standard errors of 4,000 draws are within 5% in all but one of a million rows.
    assert abs(found - expected) <= (np.abs(reached) < 0.2).sum()


def first(case: Case) -> np.ndarray:
    """The intercept among the fixed effects."""
    return np.arange(len(case.point.fixed)) == 0


@pytest.mark.parametrize("form", quick(["odds", "default"], "default"))
def test_other_links_have_no_such_end(form):
    case = form_of(form)
    hyper = case.hyper.at(case.theta)
    mode = find_mode(case.latent, hyper, start=case.point)
    raised = replace(
        mode, latent=Latent(mode.latent.fixed + 9.0 * first(case), case.point.standard)
    )
    assert rows_near_certainty(case.latent, raised, hyper) == 0


def test_risks_near_one_are_refused():
    case = form_of("risks", authorities=12, areas=12)
    rows = case.design.rows
    sure = replace(
        case.design, rows=replace(rows, exposure=np.maximum(rows.count, 1).astype(float))
    )
    with pytest.raises(FitError, match="under the log link the risk may be one in") as caught:
        LaplaceApproximation.find(case.spec, sure)
    assert 'engine = "nuts"' in caught.value.do
