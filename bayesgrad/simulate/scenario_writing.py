"""Writing a scenario to a folder: its data, truth, findings, spec and README."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from bayesgrad.simulate.scenario_settings import UNIT
from bayesgrad.simulate.writing import STEM, to_csv, write_contents
from bayesgrad.spec.shipped import read_shipped

if TYPE_CHECKING:
    from bayesgrad.simulate.scenario import Scenario

REAL_COLUMNS = {"lsoa11_code": "area", "utla19_code": "authority", "utla19_name": "authority_name"}
"""Names of real codes in a shipped spec, and what a synthetic table calls them."""
NEIGHBOURS = "neighbours.csv"
"""File of neighbours of a shipped spec, which stands beside it."""

README = """\
SYNTHETIC DATA. Simulated by bayesgrad {version}; no real child, area or authority is in it.

Scenario {name}: {about}

{files}

Seed: {seed}{geography_seed}; {authorities} authorities, {areas} areas

Published, and true here
{published}

Assumed
{assumed}

Effects are on the scale of the link (log rates, log odds or log hazards), per {unit} of
deprivation; those of further authority moderators are per standard deviation. The standard
deviations of strata are those of the strata given here, which are not drawn. Children are drawn
independently of deprivation.
"""

ABOUT_FILES = {
    "areas": "the table to fit",
    "truth_parameters": "the parameters that it was drawn with",
    "truth_authorities": "the intercept, slope and gradient of each authority and outcome",
    "truth_strata": "the gradient and level of each stratum",
    "truth_trends": "the change a year of the nation's and each authority's gradient and rate",
    "neighbours": "pairs of authorities that are neighbours, on a grid that is made up",
    "findings": "figures of the study, their truth here, and which table of a fit has them",
}


def synthetic_spec(name: str, *, table: str = f"{STEM}_areas.csv") -> str:
    """Shipped spec of that name, its title and vintage marked as synthetic."""
    text = read_shipped(name)
    for real, synthetic in REAL_COLUMNS.items():
        text = text.replace(f'"{real}"', f'"{synthetic}"')
    text = text.replace(f'"{NEIGHBOURS}"', f'"{STEM}_{NEIGHBOURS}"')
    text = re.sub(r'^title = "(.*)"', r'title = "\1 (simulated, not real data)"', text, flags=re.M)
    text = re.sub(r'^vintage = "[^"]*"', 'vintage = "Synthetic"', text, flags=re.M)
    return f"# Fits {table}, which is synthetic: simulated, not real data.\n{text}"


def write_scenario(scenario: Scenario, folder: Path) -> tuple[Path, ...]:
    """Write every file under a temporary name, then rename all; see `Scenario.write`."""
    return write_contents(folder, scenario_contents(scenario))


def scenario_contents(scenario: Scenario) -> dict[str, str]:
    """Text of every file of a scenario by its name."""
    tables = {
        "areas": scenario.areas,
        "truth_parameters": scenario.truth.assign(synthetic=True),
        "truth_authorities": scenario.authorities.assign(synthetic=True),
        "truth_strata": scenario.strata.assign(synthetic=True),
        "truth_trends": scenario.trends.assign(synthetic=True),
        "neighbours": scenario.neighbours,
        "findings": scenario.findings.assign(synthetic=True),
    }
    contents = {f"{STEM}_{name}.csv": to_csv(table) for name, table in tables.items() if len(table)}
    contents[f"{STEM}.toml"] = scenario.spec
    contents["README.txt"] = _readme(scenario, [name for name in tables if len(tables[name])])
    return contents


def _readme(scenario: Scenario, tables: list[str]) -> str:
    from bayesgrad import __version__

    other, geography = scenario.geography_seed, scenario.population.geography
    files = {f"{STEM}_{name}.csv": ABOUT_FILES[name] for name in tables}
    files[f"{STEM}.toml"] = "a model spec that fits the table"
    width = max(map(len, files))
    findings = scenario.findings
    published = findings[findings["status"] != "assumed"]
    return README.format(
        version=__version__,
        name=scenario.settings.name,
        about=scenario.settings.about,
        files="\n".join(f"{name:<{width}}  {what}" for name, what in files.items()),
        seed=scenario.seed,
        geography_seed="" if other is None else f" (geography of seed {other})",
        authorities=len(geography.sizes),
        areas=len(geography.authority),
        published="\n".join(
            f"  {row.what}: {row.published}; here {row.truth:.4g} ({row.status})"
            for row in published.itertuples()
        ),
        assumed="\n".join(f"  - {text}" for text in scenario.settings.assumptions),
        unit=UNIT,
    )
