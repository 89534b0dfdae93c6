"""What would be lost, or could not be written, is found before any work."""

from __future__ import annotations

import os

import pandas as pd
import pytest

from bayesgrad.errors import FitError
from bayesgrad.outputs import OwnFiles, require_writable, require_writable_folder
from bayesgrad.table_files import table_bytes


def test_an_input_is_refused_under_any_name(tmp_path):
    table, link = tmp_path / "t.csv", tmp_path / "same.csv"
    table.write_text("mine", encoding="utf-8")
    os.link(table, link)
    for output in (table, link, tmp_path / "." / "t.csv"):
        with pytest.raises(FitError, match="which is read and would be lost"):
            require_writable(output, inputs=(tmp_path / "spec.toml", table))
    require_writable(tmp_path / "fit.nc", inputs=(table,))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["same.csv", "t.csv"]


def test_what_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    for path, why in {
        tmp_path: "is a folder",
        tmp_path / "none" / "fit.nc": "does not exist",
        tmp_path / "file" / "fit.nc": "does not exist|cannot be written",
        tmp_path / ("x" * 300): "cannot be written: .*name too long",
    }.items():
        with pytest.raises(FitError, match=f"(?i){why}"):
            require_writable(path)
    for folder in (tmp_path / "file", tmp_path / "file" / "tables"):
        with pytest.raises(FitError, match="is not a folder"):
            require_writable_folder(folder)
    with pytest.raises(FitError, match="too long"):
        require_writable_folder(tmp_path / ("x" * 300))
    require_writable_folder(tmp_path / "new" / "tables")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere"
)
def test_a_folder_or_a_file_that_is_shut_is_refused(tmp_path):
    shut, fixed = tmp_path / "shut", tmp_path / "fixed.nc"
    shut.mkdir(mode=0o555)
    fixed.write_text("x", encoding="utf-8")
    fixed.chmod(0o444)
    for path in (shut / "fit.nc", fixed):
        with pytest.raises(FitError, match="cannot be written"):
            require_writable(path)
    with pytest.raises(FitError, match="cannot be written"):
        require_writable_folder(shut / "tables")


def contents(folder) -> dict[str, str]:
    return {
        path.name: path.read_text(encoding="utf-8")
        for path in folder.iterdir()
        if not path.name.startswith(".bayesgrad")
    }


def test_files_of_an_earlier_run_are_replaced_or_removed_and_a_users_stay(tmp_path):
    (tmp_path / "notes.csv").write_text("mine", encoding="utf-8")
    own = OwnFiles(tmp_path, "tables")
    own.write({"gradients.csv": b"old", "ranks.csv": b"old"})
    own.write({"gradients.csv": b"newer"})
    assert contents(tmp_path) == {"notes.csv": "mine", "gradients.csv": "newer"}


@pytest.mark.parametrize("how", ["by hand", "by another command", "changed since"])
def test_a_file_that_is_not_the_commands_own_is_kept(tmp_path, how):
    own = OwnFiles(tmp_path, "audit")
    if how == "by another command":
        OwnFiles(tmp_path, "tables").write({"scores.csv": b"mine"})
    elif how == "changed since":
        own.write({"scores.csv": b"as written"})
    (tmp_path / "scores.csv").write_text("mine", encoding="utf-8")
    with pytest.raises(FitError, match=r"scores\.csv: .*it would be lost"):
        own.write({"audit.csv": b"new", "scores.csv": b"new"})
    assert contents(tmp_path) == {"scores.csv": "mine"}
    own.write_beside_others({"audit.csv": b"new", "scores.csv": b"new"})
    assert contents(tmp_path) == {"scores.csv": "mine", "audit.csv": "new"}


def test_a_list_that_is_damaged_or_leads_elsewhere_makes_no_file_the_commands_own(tmp_path):
    folder = tmp_path / "tables"
    folder.mkdir()
    (tmp_path / "mine.csv").write_text("mine", encoding="utf-8")
    for text in ("{", "[]", '{"files": {"../mine.csv": 4}}'):
        (folder / ".bayesgrad-tables.json").write_text(text, encoding="utf-8")
        OwnFiles(folder, "tables").write({"a.csv": b"new"})
        (folder / "a.csv").unlink()
    assert (tmp_path / "mine.csv").is_file()


def test_a_table_is_written_as_its_name_says(tmp_path):
    table = pd.DataFrame({"authority": ["E1"], "gradient": [1.23456789]})
    assert table_bytes(table, tmp_path / "t.csv") == b"authority,gradient\nE1,1.23457\n"
    path = tmp_path / "t.parquet"
    path.write_bytes(table_bytes(table, path))
    assert pd.read_parquet(path).equals(table)
    for suffix in (".xlsx", ".json", ".nc"):
        with pytest.raises(FitError, match=f"a table is not written as {suffix}"):
            table_bytes(table, tmp_path / f"t{suffix}")
