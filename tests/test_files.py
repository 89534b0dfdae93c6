from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bayesgrad.errors import FitError
from bayesgrad.files import csv_text, replacing, write_bytes, write_texts


def listing(folder) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


def half_written(error: BaseException, *paths) -> None:
    """Write the new files, and break off before they take their names."""
    with replacing(*paths) as temporary:
        for hidden in temporary:
            hidden.write_text("new", encoding="utf-8")
        raise error


def test_texts_are_written_to_their_paths(tmp_path):
    write_texts({tmp_path / "a.txt": "one\n", tmp_path / "b.txt": "Ysbyty Gwynedd – ŵ\n"})
    assert listing(tmp_path) == {"a.txt": "one\n", "b.txt": "Ysbyty Gwynedd – ŵ\n"}


def test_an_error_on_the_way_leaves_the_old_files_and_nothing_else(tmp_path):
    old = tmp_path / "a.txt"
    old.write_text("old", encoding="utf-8")
    with pytest.raises(RuntimeError):
        half_written(RuntimeError(), old, tmp_path / "b.txt")
    assert listing(tmp_path) == {"a.txt": "old"}


def test_an_interruption_leaves_the_old_file(tmp_path):
    old = tmp_path / "a.txt"
    old.write_text("old", encoding="utf-8")
    with pytest.raises(KeyboardInterrupt):
        half_written(KeyboardInterrupt(), old)
    assert listing(tmp_path) == {"a.txt": "old"}


def test_a_file_that_was_never_written_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "a.txt"):
        pass
    assert listing(tmp_path) == {}


def test_nothing_is_renamed_before_all_is_on_disk(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text("old", encoding="utf-8")
    synced = []

    def full(_descriptor):
        synced.append(1)
        if len(synced) == 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_texts({tmp_path / "a.txt": "new", tmp_path / "b.txt": "new"})
    assert listing(tmp_path) == {"a.txt": "old"}


def test_the_old_file_stays_until_the_new_one_is_complete(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old", encoding="utf-8")
    with replacing(path) as (hidden,):
        hidden.write_text("new", encoding="utf-8")
        assert path.read_text(encoding="utf-8") == "old"
        assert hidden.parent == path.parent
    assert listing(tmp_path) == {"a.txt": "new"}


def test_csv_text_by_hand():
    table = pd.DataFrame(
        {
            "code": ["E1", "E2"],
            "gradient": [1.23456789, np.nan],
            "events": [1234567, 0],
            "passed": [True, False],
        }
    )
    assert csv_text(table) == (
        "code,gradient,events,passed\nE1,1.23457,1234567,True\nE2,,0,False\n"
    )


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
@pytest.mark.parametrize("dtype", ["object", "str", "category"])
def test_text_that_a_spreadsheet_would_run_is_neutralised(start, dtype):
    values = pd.Series([f"{start}1+1", "Barking"], dtype=dtype)
    written = csv_text(pd.DataFrame({"name": values}))
    assert f"'{start}1+1" in written
    assert "Barking" in written
    assert "'Barking" not in written


def test_negative_numbers_are_not_taken_for_formulas():
    assert csv_text(pd.DataFrame({"mean": [-0.25], "shift": [-1]})) == "mean,shift\n-0.25,-1\n"


def test_a_missing_name_stays_empty():
    names = pd.DataFrame({"name": pd.Series(["=1", None], dtype="str"), "n": [1, 2]})
    assert csv_text(names) == "name,n\n'=1,1\n,2\n"


def test_the_table_itself_is_not_changed():
    table = pd.DataFrame({"name": ["=1"]})
    csv_text(table)
    assert table["name"].tolist() == ["=1"]


def test_whole_numbers_are_whole_and_large_ones_to_a_tenth():
    table = pd.DataFrame({"events": [1234567.0, 98765432.0], "elpd": [-845678.91, 123456.04]})
    assert csv_text(table) == "events,elpd\n1234567,-845678.9\n98765432,123456\n"
    assert csv_text(pd.DataFrame({"n": [2.0**60, np.inf, 1e-7]})) == (
        "n\n1152921504606846976\ninf\n1e-07\n"
    )


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_a_private_file_stays_private_also_while_it_is_written(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old", encoding="utf-8")
    path.chmod(0o600)
    with replacing(path) as (hidden,):
        assert hidden.stat().st_mode & 0o777 == 0o600
        hidden.write_text("new", encoding="utf-8")
    assert path.stat().st_mode & 0o777 == 0o600
    assert listing(tmp_path) == {"a.txt": "new"}


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_a_link_stays_and_what_it_leads_to_is_replaced(tmp_path):
    (tmp_path / "folder").mkdir()
    target, link = tmp_path / "folder" / "a.txt", tmp_path / "link.txt"
    target.write_text("old", encoding="utf-8")
    link.symlink_to(target)
    write_texts({link: "new"})
    assert link.is_symlink()
    assert target.read_text(encoding="utf-8") == "new"
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["a.txt"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
def test_a_device_or_a_pipe_is_refused_and_stays(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, Path(os.devnull)):
        with pytest.raises(FitError, match="is a device or a pipe"):
            write_texts({path: "new"})
    assert pipe.is_fifo()


def test_a_name_may_be_as_long_as_the_system_allows(tmp_path):
    path = tmp_path / f"{'x' * 251}.txt"
    write_texts({path: "new"})
    assert listing(tmp_path) == {path.name: "new"}


@pytest.mark.parametrize("linked", [True, False], ids=["hard links", "no hard links"])
def test_files_are_replaced_together_or_not_at_all(tmp_path, monkeypatch, linked):
    for name in ("a.txt", "stale.txt"):
        (tmp_path / name).write_text(f"old {name}", encoding="utf-8")
    before = listing(tmp_path)
    renamed = os.replace

    def third_fails(source, target):
        if str(target).endswith("c.txt"):
            raise OSError(5, "Input/output error")
        renamed(source, target)

    def refused(*_paths):
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "replace", third_fails)
    if not linked:
        monkeypatch.setattr(os, "link", refused)
    paths = {tmp_path / f"{letter}.txt": b"new" for letter in "abc"}
    with pytest.raises(OSError, match="Input/output"):
        write_bytes(paths, removed=[tmp_path / "stale.txt"])
    assert listing(tmp_path) == before
    monkeypatch.undo()
    write_bytes(paths, removed=[tmp_path / "stale.txt"])
    assert listing(tmp_path) == dict.fromkeys(("a.txt", "b.txt", "c.txt"), "new")
