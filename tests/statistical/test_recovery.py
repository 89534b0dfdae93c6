"""Recovery of known truth from synthetic England, over replicates of the outcomes."""

from __future__ import annotations

import numpy as np
import pytest

from bayesgrad import ModelSpec, prepare_table, simulate_england
from bayesgrad.design import build_design
from bayesgrad.estimands import table
from bayesgrad.fitting.draws import assemble_draws
from bayesgrad.inference.nuts import Sampler
from bayesgrad.simulate import EnglandSettings

REPLICATES = 10


def replicates(tmp_path, settings):
    """Tables of a fit to each replicate, all of one geography, with its truth; compiled once."""
    sampler = None
    for seed in range(1, REPLICATES + 1):
        england = simulate_england(settings, seed=seed, geography_seed=1)
        england.write(tmp_path)
        spec = ModelSpec.read(tmp_path / "synthetic_england.toml")
        sampling = spec.sampling.model_copy(
            update={"chains": 2, "draws": 700, "tune": 400, "seed": seed}
        )
        design = build_design(spec, prepare_table(spec, england.areas))
        sampler = sampler.with_design(design) if sampler else Sampler.compile(spec, design)
        draws = assemble_draws(spec, design, sampler.sample(sampling, progress=False))
        yield (
            england,
            {name: table(draws, name) for name in ("gradients", "parameters", "national")},
        )


def covered(lower, upper, truth):
    return (np.asarray(lower) <= truth) & (truth <= np.asarray(upper))


@pytest.mark.slow
def test_england_with_log_moderation_is_recovered(tmp_path):
    gradients, parameters, contrasts = [], [], []
    for england, tables in replicates(tmp_path, EnglandSettings()):
        found = tables["gradients"].set_index("authority")
        truth = england.authorities.set_index("authority")["gradient"].loc[found.index]
        gradients.append(covered(found["lower"], found["upper"], truth).mean())
        known = england.truth.set_index("parameter")["value"]
        estimates = tables["parameters"].set_index("parameter").loc[known.index]
        parameters.append(covered(estimates["lower"], estimates["upper"], known))
        contrasts.append(
            covered(tables["national"]["lower"], tables["national"]["upper"], [2.33, 1.62, 1.39])
        )
        assert np.allclose(tables["national"]["gradient"], [2.33, 1.62, 1.39], rtol=0.08)
    # 1,520 intervals: the Monte Carlo error of the coverage is at least 0.006; authorities of one
    # replicate share hyperparameters, so 0.93 to 0.97 is some 3 standard errors.
    assert 0.93 <= np.mean(gradients) <= 0.97
    # P(a 95% interval misses 4 times or more in 10) is 0.001.
    assert np.sum(parameters, axis=0).min() >= REPLICATES - 3
    assert np.sum(contrasts, axis=0).min() >= REPLICATES - 3


@pytest.mark.ci
@pytest.mark.slow
@pytest.mark.parametrize(
    ("moderation", "family"), [("linear", "poisson"), ("log", "negative_binomial")]
)
def test_a_small_england_is_recovered(tmp_path, moderation, family):
    settings = EnglandSettings(authorities=40, areas=1600, moderation=moderation, family=family)
    gradients, parameters = [], []
    for england, tables in replicates(tmp_path, settings):
        found = tables["gradients"].set_index("authority")
        truth = england.authorities.set_index("authority")["gradient"].loc[found.index]
        gradients.append(covered(found["lower"], found["upper"], truth).mean())
        known = england.truth.set_index("parameter")["value"]
        estimates = tables["parameters"].set_index("parameter").loc[known.index]
        parameters.append(covered(estimates["lower"], estimates["upper"], known))
    # 400 intervals: standard error at least 0.011, so the bounds are some 3 of them.
    assert 0.91 <= np.mean(gradients) <= 0.985
    assert np.sum(parameters, axis=0).min() >= REPLICATES - 3
