from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.tiers import SHARED, sharing

if TYPE_CHECKING:
    from bayesgrad.design import Design
    from bayesgrad.fitting import GradientFit
    from bayesgrad.inference.nuts import Sampler
    from bayesgrad.simulate import SyntheticEngland
    from bayesgrad.spec import ModelSpec


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run tests that share a fit one after another, and first, as they take longest."""
    for item in items:
        for fixture in set(SHARED) & set(getattr(item, "fixturenames", ())):
            file = item.nodeid.split("::", maxsplit=1)[0]
            if file not in SHARED[fixture]:
                raise pytest.UsageError(f"{file} uses {fixture}: name it in tests/tiers.py")
    items.sort(key=lambda item: sharing(item.nodeid) == item.nodeid.split("::", maxsplit=1)[0])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Give all files that share a fit to one worker, so that the fit is made once."""
    from xdist.scheduler import LoadFileScheduling

    class ByFit(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return sharing(nodeid)

    return ByFit(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.fixture(scope="session")
def models() -> Path:
    """Folder of the specs that come with the package."""
    return Path(__file__).parents[1] / "models"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real public data beside the checkout; tests that need it skip where it is absent."""
    folder = Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real data folder ../shared/data is not beside the checkout")
    return folder


@pytest.fixture(scope="session")
def england() -> SyntheticEngland:
    """A small synthetic England: 20 authorities, 600 areas."""
    from bayesgrad.simulate import EnglandSettings, simulate_england

    return simulate_england(EnglandSettings(authorities=20, areas=600), seed=1)


@pytest.fixture(scope="session")
def england_folder(england, tmp_path_factory) -> Path:
    """Its files, with sampling settings that suit so few authorities."""
    folder = tmp_path_factory.mktemp("england")
    england.write(folder)
    spec = folder / "synthetic_england.toml"
    settings = "[sampling]\ndraws = 1500\ntune = 500\nseed = 7\n"
    spec.write_text(f"{spec.read_text(encoding='utf-8')}\n{settings}", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def england_spec(england_folder) -> ModelSpec:
    from bayesgrad.spec import ModelSpec

    return ModelSpec.read(england_folder / "synthetic_england.toml")


@pytest.fixture(scope="session")
def england_design(england, england_spec) -> Design:
    from bayesgrad.data import prepare_table
    from bayesgrad.design import build_design

    return build_design(england_spec, prepare_table(england_spec, england.areas))


@pytest.fixture(scope="session")
def england_sampler(england_spec, england_design) -> Sampler:
    """The one model that the tests compile."""
    from bayesgrad.inference.nuts import Sampler

    return Sampler.compile(england_spec, england_design)


@pytest.fixture(scope="session")
def england_fit(england, england_spec, england_sampler) -> GradientFit:
    """Its fit, which passes its diagnostics."""
    import bayesgrad

    with pytest.MonkeyPatch.context() as patch:
        reuse(patch, england_sampler)
        return bayesgrad.fit(england_spec, england.areas, progress=False)


@pytest.fixture
def compiled(monkeypatch, england_sampler) -> None:
    """Let fits of the small England sample without compiling again."""
    reuse(monkeypatch, england_sampler)


def reuse(patch: pytest.MonkeyPatch, sampler: Sampler) -> None:
    def ready(spec: ModelSpec, design: Design) -> Sampler:
        other = {"sampling": sampler.spec.sampling, "title": sampler.spec.title}
        assert spec.model_copy(update=other) == sampler.spec, "the model differs: compile it"
        return sampler.with_design(design)

    patch.setattr("bayesgrad.inference.nuts.Sampler.compile", ready)
