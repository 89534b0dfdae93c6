"""Audits made of given draws, without a fit."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from bayesgrad.auditing.claims import PowerLaw, Quantities
from bayesgrad.auditing.forms import Form, forms_of
from bayesgrad.auditing.result import Audit, FittedForm, OutcomeAudit
from bayesgrad.data.analysis_table import DataReport
from bayesgrad.spec import ModelSpec
from tests.small import spec_of

WITH_TURNOVER = '[authority]\nmoderators = ["turnover"]\n'
DRAWS = 400


def quantities(
    form: Form,
    *,
    interaction: float = -0.2,
    sd: float = 0.02,
    per_sd: float = 0.05,
    contextual: float = -0.1,
    carried: float = 0.0,
    seed: int = 1,
) -> Quantities:
    """Normal draws around given values; the interaction of a form without it is 0."""
    rng = np.random.default_rng(seed)

    def normal(mean: float) -> np.ndarray:
        return mean + sd * rng.standard_normal(DRAWS)

    slope = normal(0.48)
    change = normal(interaction) if form.moderated else np.zeros(DRAWS)
    grid = np.linspace(0.04, 0.25, 11)
    return Quantities(
        draws={
            "interaction": change,
            "interaction_contrast": 0.8 * change,
            "interaction_per_sd": normal(per_sd),
            "within": slope,
            "between": slope + contextual,
            "contextual": normal(contextual),
            **{f"carried {name}": normal(carried) for name in form.moderators},
        },
        gradients={shift: np.exp(slope + 10 * shift * change) for shift in (-0.1, 0.0, 0.1)},
        extrapolated={-0.1: True, 0.0: False, 0.1: False},
        explained=0.6,
        spread=PowerLaw(0.085, 0.67),
        prior={
            "interaction": 0.5 if form.moderated else 0.0,
            "contextual": 0.5,
            "interaction_per_sd": 0.5,
        },
        curve=(grid, slope[:, None] + change[:, None] * (grid - 0.137) * 10),
    )


def outcome_audit(
    evidence: Mapping[str, float] | None = None,
    *,
    spec: ModelSpec | None = None,
    authorities: int = 152,
    engine: str = "laplace",
    refused: str = "",
    carried: float = 0.0,
    outcome: str = "referrals",
    scored: bool = True,
) -> OutcomeAudit:
    """Audit of one outcome whose forms have given log evidence, by title; 0 by default."""
    spec = spec or spec_of(WITH_TURNOVER)
    evidence = evidence or {}
    rng = np.random.default_rng(2)
    forms = []
    for form in forms_of(spec):
        if refused and refused in form.title:
            forms.append(FittedForm(form, "", "too few authorities"))
            continue
        log = evidence.get(form.title, 0.0)
        elpd = rng.normal(-100.0, 1.0, authorities) + log / authorities
        forms.append(
            FittedForm(
                form,
                engine,
                "",
                quantities=quantities(form, carried=carried),
                log_evidence=log if engine == "laplace" else np.nan,
                evidence_error=0.01 if engine == "laplace" else np.nan,
                scores=xr.Dataset(
                    {
                        "authority_elpd": ("authority", elpd),
                        "authority_k_hat": ("authority", np.full(authorities, 0.2)),
                    }
                )
                if scored
                else None,
            )
        )
    return OutcomeAudit(outcome, outcome.capitalize(), authorities, tuple(forms), seed=1)


def audit_of(*outcomes: OutcomeAudit, spec: ModelSpec | None = None) -> Audit:
    """Audit of one outcome or more."""
    report = DataReport(32_837, 32_837, 32_837, outcomes[0].authorities)
    return Audit(spec or spec_of(WITH_TURNOVER), outcomes, report)
