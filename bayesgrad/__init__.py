"""Bayesian multilevel modelling of the social gradient in children's social care.

    import bayesgrad as bg

    spec = bg.ModelSpec.read("models/referrals.toml")
    fit = bg.fit(spec, bg.read_table("areas.parquet"), seed=1)
    fit.gradients()

Names load what they need when they are first used: importing the package is cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from bayesgrad.auditing import Audit, audit
    from bayesgrad.data import (
        join_by_code,
        prepare_table,
        read_deprivation,
        read_table,
        split_durations,
    )
    from bayesgrad.errors import (
        BayesgradError,
        DataError,
        DiagnosticsError,
        FitError,
        SpecError,
    )
    from bayesgrad.fitting import GradientFit, fit, load
    from bayesgrad.predictive.comparison import compare_scores
    from bayesgrad.simulate import simulate_england
    from bayesgrad.spec import ModelSpec, PriorPack

_HOME = {
    "Audit": "auditing",
    "BayesgradError": "errors",
    "DataError": "errors",
    "DiagnosticsError": "errors",
    "FitError": "errors",
    "GradientFit": "fitting",
    "ModelSpec": "spec",
    "PriorPack": "spec",
    "SpecError": "errors",
    "audit": "auditing",
    "compare_scores": "predictive.comparison",
    "fit": "fitting",
    "join_by_code": "data",
    "load": "fitting",
    "prepare_table": "data",
    "read_deprivation": "data",
    "read_table": "data",
    "simulate_england": "simulate",
    "split_durations": "data",
}

__all__ = [
    "Audit",
    "BayesgradError",
    "DataError",
    "DiagnosticsError",
    "FitError",
    "GradientFit",
    "ModelSpec",
    "PriorPack",
    "SpecError",
    "audit",
    "compare_scores",
    "fit",
    "join_by_code",
    "load",
    "prepare_table",
    "read_deprivation",
    "read_table",
    "simulate_england",
    "split_durations",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'bayesgrad' has no attribute {name!r}")
    value = getattr(import_module(f"bayesgrad.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
