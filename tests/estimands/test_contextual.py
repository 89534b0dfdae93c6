"""Contextual effects against numerical derivatives of the like-for-like rate."""

import math

import numpy as np
import pytest
from scipy.optimize import brentq

from bayesgrad.estimands.contextual import contextual_effects, contextual_table
from tests.fabricate import fabricated_draws, moderation_basis

FORMS = ["linear", "log", "spline"]
CENTRES = ["authority", "national", 0.12]
UNIT = 0.08


def fitted(form: str, centre: str | float):
    """Effects of one draw, Dbar, and log rate as a function of D and d*."""
    draws = fabricated_draws(moderation=form, centre=centre, unit=UNIT, chains=1, draws=3)
    posterior, known = draws["posterior"].to_dataset(), draws["authorities"].to_dataset()
    reference = draws["reference"].to_dataset()
    effects = contextual_effects(posterior, known, reference).isel(chain=0, draw=1, outcome=0)
    here = posterior.isel(chain=0, draw=1, outcome=0)
    mean = float(reference["mean_authority_deprivation"])

    def log_rate(authority: float, area: float) -> float:
        w = moderation_basis(form, authority, mean=mean, unit=UNIT)
        c = authority if centre == "authority" else float(known["centre"][0])
        level = float(here["intercept"]) + here["between"].values @ w
        gradient = float(here["slope"]) + here["interaction"].values @ w
        return level + gradient * (area - c) / UNIT

    return effects, mean, log_rate


def derivative(function, at: float, step: float = 1e-5) -> float:
    return (function(at + step) - function(at - step)) / (2 * step)


@pytest.mark.parametrize("centre", CENTRES)
@pytest.mark.parametrize("form", FORMS)
def test_effects_are_derivatives_of_the_log_rate(form: str, centre: str | float) -> None:
    effects, mean, log_rate = fitted(form, centre)
    within = UNIT * derivative(lambda d: log_rate(mean, d), mean)
    contextual = UNIT * derivative(lambda authority: log_rate(authority, mean), mean)
    between = UNIT * derivative(lambda both: log_rate(both, both), mean)
    assert float(effects["within"]) == pytest.approx(within, abs=1e-7)
    assert float(effects["contextual"]) == pytest.approx(contextual, abs=1e-7)
    assert float(effects["between"]) == pytest.approx(between, abs=1e-7)


@pytest.mark.parametrize("centre", CENTRES)
@pytest.mark.parametrize("form", FORMS)
def test_crossover_is_where_authority_deprivation_ceases_to_matter(
    form: str, centre: str | float
) -> None:
    effects, mean, log_rate = fitted(form, centre)

    def effect_of_authority(area: float) -> float:
        return derivative(lambda authority: log_rate(authority, area), mean)

    root = brentq(effect_of_authority, -5, 5)
    assert float(effects["crossover"]) == pytest.approx(root, abs=1e-6)


def test_log_moderation_gives_the_textbook_form() -> None:
    effects, mean, _ = fitted("log", "authority")
    draws = fabricated_draws(moderation="log", centre="authority", unit=UNIT, chains=1, draws=3)
    here = draws["posterior"].to_dataset().isel(chain=0, draw=1, outcome=0)
    expected = float(here["between"][0]) / mean * UNIT - float(here["slope"])
    assert float(effects["contextual"]) == pytest.approx(expected, rel=1e-12)


def test_table_summarises_the_effects() -> None:
    draws = fabricated_draws(outcomes=("referral", "plan"))
    effects = contextual_effects(
        *(draws[name].to_dataset() for name in ("posterior", "authorities", "reference"))
    )
    row = contextual_table(draws, level=0.9).iloc[1]
    values = effects["contextual"].sel(outcome="plan").values.ravel()
    assert row["contextual_mean"] == pytest.approx(values.mean())
    assert row["contextual_lower"] == pytest.approx(np.quantile(values, 0.05))
    assert row["prob_contextual_negative"] == (values < 0).mean()
    crossing = effects["crossover"].sel(outcome="plan").values.ravel()
    found = row[["crossover", "crossover_lower", "crossover_upper"]].tolist()
    assert found == pytest.approx(np.quantile(crossing, [0.5, 0.05, 0.95]))


def test_without_moderation_only_the_within_effect_is_known() -> None:
    row = contextual_table(fabricated_draws(moderation="none")).iloc[0]
    known = [name for name in row.index if name != "outcome" and not math.isnan(row[name])]
    assert known == ["within_mean", "within_lower", "within_upper"]
