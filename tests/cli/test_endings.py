"""Runs that must end with a status and words, and not with a signal: in processes of their own."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX"),
]

LIMITED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
from bayesgrad.cli import main
sys.argv[1:] = {arguments!r}
main()
"""


def test_a_sampler_that_cannot_start_ends_with_words(england_folder, tmp_path):
    text = (england_folder / "synthetic_england.toml").read_text(encoding="utf-8")
    spec = tmp_path / "spec.toml"
    absurd = '[priors]\nintercept = { distribution = "Normal", mu = 1e200, sigma = 1.0 }\n'
    spec.write_text(f"{text}\n{absurd}", encoding="utf-8")
    words = [spec, england_folder / "synthetic_england_areas.csv", "--out", tmp_path / "fit.nc"]
    command = [sys.executable, "-m", "bayesgrad", "fit", *map(str, words), "--chains", "8"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 2, done.stderr
    assert "error: sampling stopped: All initialization points failed" in done.stderr
    assert "backtrace" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["spec.toml"]


def test_a_full_disk_ends_with_words_and_leaves_nothing_half_written(england_folder, tmp_path):
    arguments = [
        "fit",
        str(england_folder / "synthetic_england.toml"),
        str(england_folder / "synthetic_england_areas.csv"),
        *("--out", str(tmp_path / "fit.nc"), "--engine", "laplace", "--draws", "500"),
    ]
    # No file may be larger than what a fit needs: as on a disk without room.
    command = [sys.executable, "-c", LIMITED.format(arguments=arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 2, done.stderr
    assert "could not be written" in done.stderr
    assert "national gradient" in done.stdout
    assert not list(tmp_path.iterdir())
