"""Writing a synthetic England to a folder, so that no file is ever half-written."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from bayesgrad.errors import DataError, FitError
from bayesgrad.files import write_bytes
from bayesgrad.outputs import require_writable_folder

if TYPE_CHECKING:
    from bayesgrad.simulate.england import SyntheticEngland

STEM = "synthetic_england"
_README = "README.txt"
_FIRST_WORDS = "SYNTHETIC DATA. Simulated by bayesgrad"

SPEC = """\
# Fits {stem}_areas.csv, which is synthetic: simulated, not real data.
title = "Synthetic England: referrals (simulated, not real data)"

[columns]
area = "area"
authority = "authority"
authority_name = "authority_name"
exposure = "children"
deprivation = "income_score"
vintage = "Synthetic"

[[outcomes]]
column = "referrals"
label = "Referral (synthetic)"

[gradient]
unit = {unit!r}
centre = "authority"

[authority]
moderation = "{moderation}"

[likelihood]
family = "{family}"
"""

README = """\
SYNTHETIC DATA. Simulated by bayesgrad {version}; no real child, area or authority is in it.

{stem}_areas.csv              counts of referrals, a row per area
{stem}.toml                   a model spec that fits them
{stem}_truth_parameters.csv   the parameters that they were drawn with
{stem}_truth_authorities.csv  the intercept, slope and gradient of each authority

Seed: {seed}{geography_seed}

Settings
{settings}

Truth (log-rate scale, per {unit} of deprivation)
{truth}
Gradient at authority deprivation {places}: {gradients}

sd_slope, correlation and alpha are assumptions: they are not published for areas.
Children are drawn independently of deprivation; sizes and deprivations of authorities are
stratified draws, so their spread hardly changes with the seed.
"""


def write_england(england: SyntheticEngland, folder: Path) -> tuple[Path, ...]:
    """Write every file under a temporary name, then rename all; see `SyntheticEngland.write`."""
    contents = {
        f"{STEM}_areas.csv": to_csv(england.areas),
        f"{STEM}_truth_parameters.csv": to_csv(england.truth.assign(synthetic=True)),
        f"{STEM}_truth_authorities.csv": to_csv(england.authorities.assign(synthetic=True)),
        f"{STEM}.toml": _spec(england),
        _README: _readme(england),
    }
    return write_contents(folder, contents)


def write_contents(folder: Path, contents: dict[str, str]) -> tuple[Path, ...]:
    """Write texts by their file names to a folder, all or none, and remove an earlier simulation's.

    What an earlier one wrote is what its README names.

    Raises
    ------
    DataError
        If the folder cannot be made or written to, or a file of one of the names is there that no
        simulation wrote.
    """
    own = _earlier(folder)
    for name in contents:
        if (folder / name).exists() and name not in own:
            raise DataError(
                f"{folder / name}: is there already, and is not of a simulation: it would be lost",
                "Move it elsewhere, or give another folder.",
            )
    old = [folder / name for name in own if name not in contents and (folder / name).is_file()]
    try:
        require_writable_folder(folder)
        folder.mkdir(parents=True, exist_ok=True)
        files = {folder / name: text.encode() for name, text in contents.items()}
        write_bytes(files, removed=old)
    except (FitError, OSError) as error:
        why = error.what if isinstance(error, FitError) else error.strerror or error
        raise DataError(
            f"{folder}: cannot write the synthetic data: {why}",
            "Give a folder that you may write to, on a disk with room.",
        ) from error
    return tuple(folder / name for name in contents)


def _earlier(folder: Path) -> set[str]:
    """Names of the files of the simulation that was written to a folder before."""
    try:
        text = (folder / _README).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return set()
    if not text.startswith(_FIRST_WORDS):
        return set()
    return {_README, *re.findall(rf"\b{STEM}(?:_\w+)?\.(?:csv|toml)\b", text)}


def to_csv(table: pd.DataFrame) -> str:
    """Table as CSV, every number in full."""
    return table.to_csv(index=False, lineterminator="\n")


def _spec(england: SyntheticEngland) -> str:
    settings = england.settings
    return SPEC.format(
        stem=STEM,
        unit=float(settings.unit),
        moderation=settings.moderation,
        family=settings.family,
    )


def _readme(england: SyntheticEngland) -> str:
    from bayesgrad import __version__

    settings, truth = england.settings, england.outcomes.truth
    mean = truth.mean_deprivation
    places = [place for place in (mean - 0.10, mean, mean + 0.10) if 0 < place < 1]
    other = england.geography_seed
    return README.format(
        stem=STEM,
        version=__version__,
        seed=england.seed,
        geography_seed="" if other is None else f" (geography of seed {other})",
        settings=_lines({k: v for k, v in asdict(settings).items() if v is not None}),
        unit=settings.unit,
        truth=_lines(truth.parameters()),
        places=", ".join(f"{place:.3f}" for place in places),
        gradients=", ".join(f"{truth.gradient_at(place):.2f}" for place in places),
    )


def _lines(values: dict[str, object] | dict[str, float]) -> str:
    return "\n".join(f"  {name} = {value}" for name, value in values.items())
