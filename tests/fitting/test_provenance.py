from __future__ import annotations

import hashlib
import re

import numpy as np
import pandas as pd

from bayesgrad.fitting import provenance
from bayesgrad.fitting.provenance import file_sha256, table_origin, versions

TABLE = pd.DataFrame({"lsoa": ["a", "b"], "children": [100, 200], "income": [0.1, np.nan]})


def test_of_a_table_only_its_name_and_size_are_kept(tmp_path):
    path = tmp_path / "areas.csv"
    assert table_origin(path, TABLE) == {"of": "file areas.csv", "rows": 2, "columns": 3}
    other = TABLE.assign(children=[1, 2])
    assert table_origin(other, other) == {"of": "data frame", "rows": 2, "columns": 3}


def test_the_sha256_of_a_file_is_that_of_its_bytes(tmp_path):
    path = tmp_path / "areas.csv"
    path.write_bytes(b"lsoa,children\na,100\n")
    assert file_sha256(path) == hashlib.sha256(b"lsoa,children\na,100\n").hexdigest()


def test_versions_name_every_package_and_say_when_one_is_absent(monkeypatch):
    monkeypatch.setattr(provenance, "PACKAGES", ("numpy", "no-such-package"))
    found = versions()
    assert found["numpy"] == np.__version__
    assert found["no-such-package"] == "not installed"
    assert re.fullmatch(r"3\.\d+\.\d+\S*", found["python"])
