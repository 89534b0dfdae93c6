"""Our model without correlation beside the same model written in Bambi."""

from __future__ import annotations

import nutpie
import pytest

from bayesgrad import ModelSpec, prepare_table, simulate_england
from bayesgrad.design import build_design
from bayesgrad.inference.nuts import Sampler
from bayesgrad.simulate import EnglandSettings

bambi = pytest.importorskip("bambi", reason="the extra bayesgrad[bambi] is not installed")


@pytest.mark.ci
@pytest.mark.slow
def test_bambi_twin_has_the_same_posterior(tmp_path):
    from bayesgrad.model.bambi_twin import NAMES, bambi_twin

    england = simulate_england(EnglandSettings(authorities=30, areas=900), seed=3)
    england.write(tmp_path)
    text = (tmp_path / "synthetic_england.toml").read_text(encoding="utf-8")
    text = text.replace("[authority]", '[authority]\ncovariance = "diagonal"')
    spec = ModelSpec.from_toml(text)
    design = build_design(spec, prepare_table(spec, england.areas))

    compiled = nutpie.compile_pymc_model(bambi_twin(spec, design).backend.model)
    twin = nutpie.sample(compiled, draws=2000, tune=1000, chains=4, seed=1, progress_bar=False)
    theirs = twin["posterior"].to_dataset()
    ours = Sampler.compile(spec, design).sample(spec.sampling, progress=False)
    posterior = ours["posterior"].to_dataset()
    for their_name, name in NAMES.items():
        mean, sd = float(posterior[name].mean()), float(posterior[name].std())
        # Monte Carlo error of a mean is some 0.03 sd with 1,000 effective draws in each.
        assert abs(float(theirs[their_name].mean()) - mean) < 0.15 * sd, name
        assert abs(float(theirs[their_name].std()) / sd - 1.0) < 0.15, name


def test_the_twin_refuses_forms_that_it_does_not_have(tmp_path):
    from bayesgrad.errors import SpecError
    from bayesgrad.model.bambi_twin import bambi_twin

    england = simulate_england(EnglandSettings(authorities=5, areas=50), seed=3)
    england.write(tmp_path)
    spec = ModelSpec.read(tmp_path / "synthetic_england.toml")
    design = build_design(spec, prepare_table(spec, england.areas))
    with pytest.raises(SpecError, match="independent effects"):
        bambi_twin(spec, design)
