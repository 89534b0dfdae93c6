from __future__ import annotations

import os

import numpy as np
import pandas as pd
import pytest

from bayesgrad.files import csv_text, replacing, write_texts


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
