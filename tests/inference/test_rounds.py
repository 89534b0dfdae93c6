from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
import xarray as xr

from bayesgrad.inference.bridge import Sampled
from bayesgrad.inference.rounds import sample_in_rounds, seed_of
from bayesgrad.spec.parts import Sampling

SETTINGS = Sampling(draws=500, tune=100, chains=2, seed=5)


@dataclass
class Pretended:
    """A sampler whose draws are autoregressive, and diverge as often as it is told.

    `diverging` is the number of divergences of a run by its target acceptance.
    """

    correlation: float = 0.0
    diverging: dict[float, int] = field(default_factory=dict)
    asked: list[Sampling] = field(default_factory=list)

    def draw(self, settings: Sampling, **_: object) -> Sampled:
        self.asked.append(settings)
        rng = np.random.default_rng(settings.seed)
        shape = settings.chains, settings.draws
        points = rng.normal(size=(*shape, 3))
        for at in range(1, settings.draws):
            points[:, at] *= np.sqrt(1.0 - self.correlation**2)
            points[:, at] += self.correlation * points[:, at - 1]
        diverging = np.zeros(shape, dtype=bool)
        diverging.ravel()[: self.diverging.get(settings.target_accept, 0)] = True
        statistics = {
            "diverging": diverging,
            "maxdepth_reached": np.zeros(shape, dtype=bool),
            "energy": rng.normal(size=shape),
        }
        return Sampled(points, statistics)

    def tree(self, sampled: Sampled) -> xr.DataTree:
        dims = ("chain", "draw")
        statistics = {name: (dims, values) for name, values in sampled.statistics.items()}
        posterior = xr.Dataset({"slope": ((*dims, "outcome"), sampled.points)})
        return xr.DataTree.from_dict(
            {"posterior": posterior, "sample_stats": xr.Dataset(statistics)}
        )


def sampled(sampler: Pretended, **changes: object):
    return sample_in_rounds(sampler, SETTINGS.model_copy(update=changes), progress=False)


def failed(found) -> list[str]:
    checks = found.draws["diagnostics"].to_dataset()
    return checks["check"].values[~checks["passed"].values].tolist()


def test_a_run_that_passes_is_the_only_one():
    sampler = Pretended()
    found = sampled(sampler)
    assert sampler.asked == [SETTINGS]
    assert found.draws["posterior"].sizes["chain"] == 2
    assert failed(found) == []


def test_a_divergence_repeats_the_run_with_smaller_steps_from_the_same_seed():
    sampler = Pretended(diverging={0.65: 2})
    found = sampled(sampler)
    asked = [(run.target_accept, run.seed, run.chains) for run in sampler.asked]
    assert asked == [(0.65, 5, 2), (0.9, 5, 2)]
    assert [(run.divergences, run.kept) for run in found.runs] == [(2, False), (0, True)]
    assert found.draws["posterior"].sizes["chain"] == 2
    assert failed(found) == []


def test_steps_become_smaller_twice_and_no_more():
    sampler = Pretended(diverging={0.65: 2, 0.9: 1, 0.98: 1})
    found = sampled(sampler)
    assert [run.target_accept for run in sampler.asked] == [0.65, 0.9, 0.98]
    assert failed(found) == ["divergences"]


def test_steps_that_are_small_already_are_not_made_longer():
    sampler = Pretended(diverging={0.95: 1})
    sampled(sampler, target_accept=0.95)
    assert [run.target_accept for run in sampler.asked] == [0.95, 0.98]


def test_chains_are_added_where_draws_are_too_few():
    sampler = Pretended(correlation=0.6)  # 1,000 draws are worth some 250 or 300
    found = sampled(sampler)
    assert [run.seed for run in sampler.asked] == [5, seed_of(5, 1)]
    assert all(run.kept for run in found.runs)
    posterior = found.draws["posterior"].to_dataset()
    assert posterior.sizes["chain"] == 4
    first = Pretended(correlation=0.6).draw(SETTINGS).points
    np.testing.assert_array_equal(posterior["slope"].values[:2], first)
    assert failed(found) == []


def test_chains_are_added_twice_and_no_more():
    sampler = Pretended(correlation=0.72)  # 3,000 draws are worth some 350 to 500
    found = sampled(sampler)
    assert [run.seed for run in sampler.asked] == [5, seed_of(5, 1), seed_of(5, 2)]
    assert found.draws["posterior"].sizes["chain"] == 6


def test_chains_are_not_added_where_they_could_not_be_enough():
    sampler = Pretended(correlation=0.97)
    found = sampled(sampler)
    assert len(sampler.asked) == 1
    assert "min_ess_bulk" in failed(found)


@pytest.mark.parametrize("sampler", [Pretended(correlation=0.6), Pretended(diverging={0.65: 1})])
def test_nothing_is_done_again_where_the_spec_says_so(sampler):
    found = sampled(sampler, retries=0)
    assert len(sampler.asked) == 1
    assert failed(found) != []


def test_what_is_done_again_is_told(capsys):
    sample_in_rounds(Pretended(diverging={0.65: 2}), SETTINGS)
    assert capsys.readouterr().err == (
        "2 divergences: sampling again with smaller steps (target_accept 0.9)\n"
    )
    sample_in_rounds(Pretended(correlation=0.6), SETTINGS)
    assert "sampling 2 more chains\n" in capsys.readouterr().err


def test_the_result_does_not_depend_on_the_number_of_cores(england_sampler):
    settings = Sampling(draws=150, tune=100, chains=2, seed=5)
    one, two = (
        sample_in_rounds(england_sampler, settings, cores=cores, progress=False) for cores in (1, 2)
    )
    assert len(one.runs) > 1
    assert one.runs == two.runs
    assert one.draws["posterior"].to_dataset().equals(two.draws["posterior"].to_dataset())
