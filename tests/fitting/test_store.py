from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from itertools import product
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr

import bayesgrad as bg
from bayesgrad.errors import FitError
from bayesgrad.estimands import tables_of
from bayesgrad.files import csv_text
from bayesgrad.fitting import store
from bayesgrad.fitting.gradient_fit import GradientFit
from tests.fabricate import fabricated_draws
from tests.small import spec_of
from tests.tiers import quick

PROVENANCE = {
    "engine": "nuts",
    "seed": 7,
    "versions": {"python": "3.13.0"},
    "seconds": {"sample": 1.25},
}


def fabricated_fit(**settings) -> GradientFit:
    return GradientFit(spec_of(), fabricated_draws(**settings), PROVENANCE)


@pytest.fixture(scope="module")
def saved(england_fit, tmp_path_factory) -> Path:
    return england_fit.save(tmp_path_factory.mktemp("fits") / "fit.nc")


@pytest.fixture(scope="module")
def small_file(tmp_path_factory) -> Path:
    fit = fabricated_fit(draws=30, authorities=4)
    return fit.save(tmp_path_factory.mktemp("small") / "fit.nc")


def test_a_loaded_fit_has_exactly_the_draws_that_were_saved(england_fit, saved):
    loaded = bg.load(saved)
    assert set(loaded.draws.children) == set(england_fit.draws.children)
    for name, node in england_fit.draws.children.items():
        before, after = node.to_dataset(), loaded.draws[name].to_dataset()
        assert before.identical(after), name
        for variable in before.variables:
            assert before[variable].dtype == after[variable].dtype, (name, variable)


def test_a_loaded_fit_has_the_spec_and_provenance_that_were_saved(england_fit, saved):
    loaded = bg.load(saved)
    assert loaded.spec == england_fit.spec
    assert json.dumps(loaded.provenance, sort_keys=True) == json.dumps(
        england_fit.provenance, sort_keys=True
    )
    assert loaded.rows == england_fit.rows
    assert loaded.passed is england_fit.passed is True
    assert str(loaded) == str(england_fit)


def test_tables_of_a_loaded_fit_are_the_same_bytes(england_fit, saved):
    loaded = bg.load(saved)
    for name in tables_of(england_fit.draws):
        assert csv_text(loaded.table(name)) == csv_text(england_fit.table(name)), name


def test_a_fit_loaded_and_saved_again_is_the_same_file(small_file, tmp_path):
    loaded = bg.load(small_file)
    again = loaded.save(tmp_path / "again.nc")
    assert bg.load(again).draws.identical(loaded.draws)


FORMS = [
    {"moderation": "none", "family": "poisson"},
    {"moderation": "spline", "curvature": "spline", "covariates": ("density", "rural")},
    {
        "authority_moderators": ("spend",),
        "area_moderators": ("rural",),
        "covariates": ("rural",),
    },
    {"outcomes": ("referrals", "plans"), "strata": ("boys", "girls"), "correlated": False},
]


@pytest.mark.parametrize("settings", quick(FORMS, FORMS[1], FORMS[3]))
def test_fits_of_every_form_survive_the_round_trip(settings, tmp_path):
    fit = fabricated_fit(draws=20, authorities=4, **settings)
    loaded = bg.load(fit.save(tmp_path / "fit.nc"))
    for name, node in fit.draws.children.items():
        assert node.to_dataset().equals(loaded.draws[name].to_dataset()), name


def test_names_that_are_not_ascii_survive(tmp_path):
    draws = fabricated_draws(draws=20, authorities=4)
    names = draws["authorities"]["name"].values.astype("<U40")
    names[0] = "Ynys Môn – Bryn ŵ"
    draws["authorities"] = xr.DataTree(
        draws["authorities"].to_dataset().assign(name=("authority", names))
    )
    loaded = bg.load(GradientFit(spec_of(), draws, PROVENANCE).save(tmp_path / "fit.nc"))
    assert loaded.draws["authorities"]["name"].values[0] == "Ynys Môn – Bryn ŵ"


def test_any_netcdf_library_opens_the_file(england_fit, saved):
    with xr.open_datatree(saved, engine="h5netcdf") as tree:
        assert tree["posterior"]["slope"].shape == england_fit.draws["posterior"]["slope"].shape
        assert tree.attrs["title"] == england_fit.spec.title
    with h5py.File(saved) as file:
        assert set(file) >= {"posterior", "sample_stats", "authorities", "diagnostics"}
        assert json.loads(file.attrs["provenance"])["engine"] == "nuts"


def test_the_file_holds_no_data_of_areas(england, england_fit, saved):
    sizes = {
        size
        for node in england_fit.draws.subtree
        for size in node.to_dataset(inherit=False).sizes.values()
    }
    assert len(england.areas) not in sizes
    content = saved.read_bytes()
    with h5py.File(saved) as file:
        texts = []
        file.visititems(
            lambda _, item: texts.append(str(item[()])) if hasattr(item, "dtype") else 0
        )
    everything = content.decode("latin-1") + " ".join(texts)
    assert england.areas["authority"].iloc[0] in everything  # or the next line could not fail
    assert not any(code in everything for code in england.areas["area"])


def test_the_draws_are_compressed(england_fit, saved):
    assert saved.stat().st_size < england_fit.draws.nbytes


def refusal(path: Path) -> FitError:
    with pytest.raises(FitError) as caught:
        bg.load(path)
    assert str(path) in caught.value.what
    assert caught.value.do
    return caught.value


def changed(path: Path, folder: Path, content: bytes) -> Path:
    other = folder / "changed.nc"
    other.write_bytes(content)
    assert content != path.read_bytes()
    return other


def test_a_missing_file_is_refused(tmp_path):
    assert "there is no such file" in refusal(tmp_path / "fit.nc").what


def test_a_folder_is_refused(tmp_path):
    assert "is a folder" in refusal(tmp_path).what


@pytest.mark.parametrize("text", [b"", b"authority,gradient\nA,1.5\n", b"x" * 5000])
def test_a_file_of_something_else_is_refused(tmp_path, text):
    path = tmp_path / "fit.nc"
    path.write_bytes(text)
    assert "is not a whole fit file" in refusal(path).what


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.999])
def test_a_truncated_file_is_refused(small_file, tmp_path, kept):
    content = small_file.read_bytes()
    cut = changed(small_file, tmp_path, content[: int(kept * len(content))])
    assert "is not a whole fit file" in refusal(cut).what


def test_a_file_short_of_its_last_byte_is_refused(small_file, tmp_path):
    refusal(changed(small_file, tmp_path, small_file.read_bytes()[:-1]))


@pytest.mark.parametrize("more", [b"\n", b" ", b"x" * 200])
def test_a_file_with_something_after_it_is_refused(small_file, tmp_path, more):
    refusal(changed(small_file, tmp_path, small_file.read_bytes() + more))


def test_a_changed_byte_is_refused_wherever_it_is(small_file, tmp_path):
    content = small_file.read_bytes()
    places = [*np.linspace(0, len(content) - 1, 60).astype(int), *range(-100, 0)]
    for place in places:
        for flip in (0x01, 0x20, 0x80):
            bytes_ = bytearray(content)
            bytes_[place] ^= flip
            refusal(changed(small_file, tmp_path, bytes(bytes_)))


def test_a_file_of_a_later_version_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "FORMAT", store.FORMAT + 1)
    path = fabricated_fit(draws=20).save(tmp_path / "fit.nc")
    monkeypatch.undo()
    error = refusal(path)
    later, own = store.FORMAT + 1, store.FORMAT
    assert f"has format {later}; this version reads {own}" in error.what
    assert error.do == "Update bayesgrad."


def test_saving_into_a_folder_that_does_not_exist_is_refused(england_fit, tmp_path):
    with pytest.raises(FitError, match=r"the folder .* does not exist"):
        england_fit.save(tmp_path / "none" / "fit.nc")


FULL_DISK, INTERRUPTED = OSError(28, "No space left on device"), KeyboardInterrupt()


@pytest.mark.parametrize(
    ("broken", "error"),
    quick(
        product(("xarray.DataTree.to_netcdf", "os.fsync", "os.replace"), (FULL_DISK, INTERRUPTED)),
        ("xarray.DataTree.to_netcdf", FULL_DISK),
        ("os.replace", INTERRUPTED),
    ),
)
def test_a_save_that_breaks_off_leaves_the_old_file(tmp_path, monkeypatch, broken, error):
    path = fabricated_fit(draws=20).save(tmp_path / "fit.nc")
    before = path.read_bytes()

    def stop(*_args, **_options):
        raise error

    monkeypatch.setattr(broken, stop)
    with pytest.raises(type(error)):
        fabricated_fit(draws=40, seed=2).save(path)
    assert path.read_bytes() == before
    assert [item.name for item in tmp_path.iterdir()] == ["fit.nc"]


KILLED = """
import os, signal, sys
from tests.fitting.test_store import fabricated_fit
stop = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
os.{step} = stop
fabricated_fit(draws=40, seed=2).save(sys.argv[1])
"""


@pytest.mark.full
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a system with SIGKILL")
@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_killed_save_leaves_the_old_file(tmp_path, step):
    path = fabricated_fit(draws=20).save(tmp_path / "fit.nc")
    before = path.read_bytes()
    done = subprocess.run(
        [sys.executable, "-c", KILLED.format(step=step), str(path)],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == -signal.SIGKILL
    assert path.read_bytes() == before
    assert bg.load(path).draws["posterior"].sizes["draw"] == 20


def test_an_older_fit_is_replaced(tmp_path):
    path = fabricated_fit(draws=20).save(tmp_path / "fit.nc")
    fabricated_fit(draws=40).save(path)
    assert bg.load(path).draws["posterior"].sizes["draw"] == 40


def test_strata_and_correlations_of_several_outcomes_keep_their_coordinates(tmp_path):
    fit = fabricated_fit(
        draws=30,
        outcomes=("referrals", "plans"),
        family=("negative_binomial", "binomial"),
        strata=("5", "10"),
        authority_deviations=True,
    )
    loaded = bg.load(fit.save(tmp_path / "fit.nc"))
    for name, node in fit.draws.children.items():
        before, after = node.to_dataset(), loaded.draws[name].to_dataset()
        assert before.identical(after), name
        for variable in before.variables:
            assert before[variable].dtype == after[variable].dtype, (name, variable)
    pairs = loaded.draws["posterior"]["effect_correlation"]
    assert pairs["outcome_b"].dtype.kind == "U"
    assert pairs["effect_pair"].values[1] == "referrals intercept, plans intercept"
    for table in ("strata", "contrasts", "correlations", "parameters"):
        assert loaded.table(table).equals(fit.table(table))


def test_a_loaded_fit_does_not_look_at_its_file_again(tmp_path):
    # Were it replaced meanwhile, what is read later would be another fit's.
    path = fabricated_fit(draws=20).save(tmp_path / "fit.nc")
    loaded = bg.load(path)
    path.unlink()
    for name in tables_of(loaded.draws):
        loaded.table(name)
    for node in loaded.draws.subtree:
        node.to_dataset().compute()
