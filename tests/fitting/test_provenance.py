from __future__ import annotations

import hashlib
import re

import numpy as np
import pandas as pd
import pytest

from bayesgrad.fitting import provenance
from bayesgrad.fitting.provenance import fingerprint, versions

TABLE = pd.DataFrame({"lsoa": ["a", "b"], "children": [100, 200], "income": [0.1, np.nan]})


def test_the_fingerprint_of_a_file_is_the_sha256_of_its_bytes(tmp_path):
    path = tmp_path / "areas.csv"
    path.write_bytes(b"lsoa,children\na,100\n")
    expected = hashlib.sha256(b"lsoa,children\na,100\n").hexdigest()
    assert fingerprint(path) == {"sha256": expected, "of": "file areas.csv"}


def test_equal_tables_have_equal_fingerprints():
    assert fingerprint(TABLE) == fingerprint(TABLE.copy())
    assert fingerprint(TABLE) == fingerprint(TABLE.set_axis([5, 6]))
    assert re.fullmatch("[0-9a-f]{64}", fingerprint(TABLE)["sha256"])


@pytest.mark.parametrize(
    "other",
    [
        TABLE.assign(children=[100, 201]),
        TABLE.rename(columns={"children": "pupils"}),
        TABLE.iloc[::-1],
        TABLE[["children", "lsoa", "income"]],
        TABLE.assign(income=[0.1, 0.0]),
        TABLE.iloc[:1],
    ],
    ids=["a value", "a name", "order of rows", "order of columns", "a missing value", "length"],
)
def test_a_changed_table_has_another_fingerprint(other):
    assert fingerprint(TABLE)["sha256"] != fingerprint(other)["sha256"]


def test_columns_that_hold_anything_have_a_fingerprint():
    odd = TABLE.assign(geometry=[[1, 2], {"x": 3}])
    assert fingerprint(odd) == fingerprint(odd.copy())


def test_versions_name_every_package_and_say_when_one_is_absent(monkeypatch):
    monkeypatch.setattr(provenance, "PACKAGES", ("numpy", "no-such-package"))
    found = versions()
    assert found["numpy"] == np.__version__
    assert found["no-such-package"] == "not installed"
    assert re.fullmatch(r"3\.\d+\.\d+\S*", found["python"])
