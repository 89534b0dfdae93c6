"""The areas of England as they are, with made-up counts: no services data are public by area."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from bayesgrad.simulate import EnglandSettings

AREAS = "outcomes/stroke_admissions_lsoa11_2017_2019.csv"
"""Areas with their authority of 2019, income score and children."""
COLUMNS = ["lsoa11_code", "utla19_code", "utla19_name", "pop0_17_mid2019", "income_score"]
FEWEST = 10
"""Areas of an authority: the City of London has 6 and the Isles of Scilly 1."""


def real_areas(folder: Path, settings: EnglandSettings, *, seed: int) -> pd.DataFrame:
    """Analysis table of the real areas with counts drawn from the model.

    Parameters
    ----------
    folder : Path
        Of the public data, with the file `AREAS`.
    settings : EnglandSettings
        Of the outcome.
    seed : int

    Returns
    -------
    DataFrame
        Columns as of `SyntheticEngland.areas`, and `truth`, the gradient of the authority.
    """
    from bayesgrad.simulate.geography import Geography
    from bayesgrad.simulate.outcomes import draw_outcomes

    areas = pd.read_csv(folder / AREAS, usecols=COLUMNS).sort_values("utla19_code", kind="stable")
    sizes = areas["utla19_code"].map(areas["utla19_code"].value_counts())
    areas = areas[sizes >= FEWEST]
    authority, _ = pd.factorize(areas["utla19_code"])
    geography = Geography(
        authority.astype(np.int64),
        areas["pop0_17_mid2019"].to_numpy(np.int64),
        areas["income_score"].to_numpy(np.float64),
    )
    outcomes = draw_outcomes(geography, settings, seed=seed)
    return pd.DataFrame(
        {
            "area": areas["lsoa11_code"],
            "authority": areas["utla19_code"],
            "authority_name": areas["utla19_name"],
            "children": geography.children,
            "income_score": geography.income_score,
            "referrals": outcomes.count,
            "truth": np.exp(outcomes.slope)[authority],
        }
    ).reset_index(drop=True)
