"""Fit files with a right SHA-256 that were made to read, hang or fill the reader's machine."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable

import h5py
import numpy as np
import pytest

import bayesgrad as bg
from bayesgrad.errors import FitError
from bayesgrad.fitting import store
from tests.fitting.test_store import fabricated_fit


@pytest.fixture(scope="module")
def honest(tmp_path_factory):
    return fabricated_fit(draws=20).save(tmp_path_factory.mktemp("fit") / "fit.nc")


def external_storage(file: h5py.File, folder) -> None:
    (folder / "secret").write_bytes(b"x" * 80)
    file.create_dataset("posterior/secret", (10,), "f8", external=[(folder / "secret", 0, 80)])


def external_link(file: h5py.File, folder) -> None:
    with h5py.File(folder / "other.h5", "w") as other:
        other["values"] = np.arange(3.0)
    file["posterior/values"] = h5py.ExternalLink(folder / "other.h5", "/values")


def soft_link(file: h5py.File, _folder) -> None:
    file["posterior/again"] = h5py.SoftLink("/posterior/slope")


def virtual(file: h5py.File, folder) -> None:
    with h5py.File(folder / "other.h5", "w") as other:
        other["values"] = np.arange(3.0)
    layout = h5py.VirtualLayout((3,), "f8")
    layout[:] = h5py.VirtualSource(folder / "other.h5", "values", (3,))
    file.create_virtual_dataset("posterior/values", layout)


def cycle(file: h5py.File, _folder) -> None:
    file["posterior/root"] = file["/"]


def twice(file: h5py.File, _folder) -> None:
    file["posterior/again"] = file["posterior/slope"]


def never_written(file: h5py.File, _folder) -> None:
    file.create_dataset("posterior/vast", (1 << 40,), "f8", chunks=(1 << 20,))


def packed(file: h5py.File, _folder) -> None:
    zeros = np.zeros(1 << 24)
    file.create_dataset("posterior/zeros", data=zeros, chunks=(1 << 20,), compression="gzip")


def one_text_many_times(file: h5py.File, _folder) -> None:
    texts = file.create_dataset(
        "posterior/texts", (3000,), h5py.string_dtype(), fillvalue="x" * 60_000
    )
    assert len(texts[2999]) == 60_000


def nested(file: h5py.File, _folder) -> None:
    file.create_group("posterior/inner/inmost")


def compound(file: h5py.File, _folder) -> None:
    file["posterior/pairs"] = np.zeros(3, dtype=[("a", "f8"), ("b", "i8")])


def other_spec(file: h5py.File, _folder) -> None:
    file.attrs["spec"] = "{"


def other_provenance(file: h5py.File, _folder) -> None:
    file.attrs["provenance"] = "[]"


def names_that_write_to_a_terminal(file: h5py.File, _folder) -> None:
    file["authorities/name"][0] = "\x1b]0;title\x07"


def deep_provenance(file: h5py.File, _folder) -> None:
    file.attrs["provenance"] = "[" * 50_000


def no_provenance(file: h5py.File, _folder) -> None:
    del file.attrs["provenance"]


HOSTILE: dict[Callable[..., None], str] = {
    external_storage: "keeps its values in other files",
    external_link: "leads to another place",
    soft_link: "leads to another place",
    virtual: "keeps its values in other files",
    cycle: "is in two places",
    twice: "is in two places",
    never_written: "far larger in memory",
    packed: "far larger in memory",
    one_text_many_times: "far larger in memory",
    nested: "is a group inside a group",
    compound: "is of a type that fits do not have",
    other_spec: "is not a fit file",
    deep_provenance: "is not a fit file",
    no_provenance: "is not a fit file",
    other_provenance: "is not a fit file",
    names_that_write_to_a_terminal: "authorities/name holds control characters",
}


@pytest.mark.parametrize("change", HOSTILE, ids=lambda change: change.__name__)
def test_a_hostile_file_is_refused_before_it_is_read(honest, tmp_path, change):
    path = tmp_path / "fit.nc"
    shutil.copy(honest, path)
    with path.open("r+b") as stream:
        stream.truncate(path.stat().st_size - store._LENGTH)
    with h5py.File(path, "r+") as file:
        change(file, tmp_path)
    body = path.read_bytes()
    path.write_bytes(body + store._closing_line(hashlib.sha256(body).hexdigest()))
    with pytest.raises(FitError, match=HOSTILE[change]):
        bg.load(path)


def test_an_honest_file_with_areas_and_equal_values_is_read(tmp_path):
    fit = fabricated_fit(draws=20)
    draws = fit.draws.copy()
    areas = draws["posterior"].to_dataset().isel(draw=[0], chain=[0])
    draws["more"] = areas.drop_vars(list(areas.data_vars)).assign(
        code=("row", np.array([f"E01{k:06d}" for k in range(30_000)])),
        count=("row", np.zeros(30_000, dtype=np.int64)),
    )
    path = type(fit)(fit.spec, draws, fit.provenance).save(tmp_path / "fit.nc")
    assert bg.load(path).draws["more"]["code"].values[-1] == "E01029999"


def test_a_fit_is_not_written_under_the_name_of_a_table(tmp_path):
    for suffix in (".xlsx", ".parquet", ".csv"):
        with pytest.raises(FitError, match=f"a fit is not written as {suffix}"):
            fabricated_fit(draws=20).save(tmp_path / f"fit{suffix}")
    assert not list(tmp_path.iterdir())
