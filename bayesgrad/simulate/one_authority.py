"""A nation without one of its authorities, and that authority by itself, with the truth of both."""

from __future__ import annotations

from pathlib import Path

from bayesgrad.simulate.scenario import Scenario
from bayesgrad.simulate.scenario_writing import scenario_contents, synthetic_spec
from bayesgrad.simulate.writing import STEM, to_csv, write_contents

ONE_AUTHORITY = "one-authority"
"""Name of the scenario."""
TABLE, SPEC = f"{STEM}_one_authority_areas.csv", f"{STEM}_one_authority.toml"

ABOUT = """
One authority, {code}, the smallest, of {areas} areas, is not in {stem}_areas.csv but by itself in
{table}; {spec} fits it with the prior pack prior.toml
beside it, which `bayesgrad prior` writes from a fit of the others. The truth is that of all.
"""


def smallest_authority(nation: Scenario) -> str:
    """Code of the authority of fewest areas, the first of several."""
    sizes = nation.authorities.set_index("authority")["areas"]
    return str(sizes.sort_index().idxmin())


def write_one_authority(nation: Scenario, folder: str | Path) -> tuple[Path, ...]:
    """Write a nation without its smallest authority, and that authority beside it.

    The files are those of `Scenario.write`, without the authority in
    `synthetic_england_areas.csv`; `synthetic_england_one_authority_areas.csv`, and
    `synthetic_england_one_authority.toml`, which fits it with the prior pack `prior.toml`.

    Parameters
    ----------
    nation : Scenario
        Of one row per area: `referrals`.
    folder : str or Path

    Raises
    ------
    DataError
        If the folder cannot be made or written to.
    """
    code = smallest_authority(nation)
    own = nation.areas["authority"] == code
    contents = scenario_contents(nation)
    contents[f"{STEM}_areas.csv"] = to_csv(nation.areas[~own])
    contents[TABLE] = to_csv(nation.areas[own])
    contents[SPEC] = synthetic_spec(ONE_AUTHORITY.replace("-", "_"), table=TABLE)
    contents["README.txt"] += ABOUT.format(
        code=code, areas=int(own.sum()), stem=STEM, table=TABLE, spec=SPEC
    )
    return write_contents(Path(folder), contents)
