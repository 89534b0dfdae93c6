"""SyntheticEngland: a drawn geography and outcomes, as tables with their truth."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from bayesgrad.simulate.geography import Geography, draw_geography
from bayesgrad.simulate.labels import area_codes, authority_codes, authority_names
from bayesgrad.simulate.outcomes import Outcomes, draw_outcomes
from bayesgrad.simulate.seeds import streams
from bayesgrad.simulate.settings import EnglandSettings

ENGLAND = EnglandSettings()


@dataclass(frozen=True, eq=False)
class SyntheticEngland:
    """Synthetic data with their truth; codes and names cannot be taken for real ones.

    Attributes
    ----------
    settings : EnglandSettings
    seed : int
    geography_seed : int or None
        Seed whose geography was used, where it is not `seed`'s own.
    geography : Geography
    outcomes : Outcomes
    """

    settings: EnglandSettings
    seed: int
    geography_seed: int | None
    geography: Geography
    outcomes: Outcomes

    @cached_property
    def areas(self) -> pd.DataFrame:
        """Analysis table, a row per area.

        Columns: area, authority, authority_name, children, income_score (a proportion),
        referrals.
        """
        at = self.geography.authority
        count = len(self.geography.sizes)
        return pd.DataFrame(
            {
                "area": area_codes(self.geography),
                "authority": np.asarray(authority_codes(count))[at],
                "authority_name": np.asarray(authority_names(count))[at],
                "children": self.geography.children,
                "income_score": self.geography.income_score,
                "referrals": self.outcomes.count,
            }
        )

    @cached_property
    def authorities(self) -> pd.DataFrame:
        """Truth of each authority.

        Columns: authority, authority_name, areas, deprivation (D_j, a proportion), intercept
        (a_j, log rate per child), slope (b_j, log gradient), gradient (exp b_j, a rate ratio
        per unit).
        """
        count = len(self.geography.sizes)
        return pd.DataFrame(
            {
                "authority": authority_codes(count),
                "authority_name": authority_names(count),
                "areas": self.geography.sizes,
                "deprivation": self.geography.deprivation,
                "intercept": self.outcomes.intercept,
                "slope": self.outcomes.slope,
                "gradient": np.exp(self.outcomes.slope),
            }
        )

    @cached_property
    def truth(self) -> pd.DataFrame:
        """True parameters; columns parameter (as in the `parameters` table) and value."""
        parameters = self.outcomes.truth.parameters()
        return pd.DataFrame({"parameter": list(parameters), "value": list(parameters.values())})

    def write(self, folder: str | Path) -> tuple[Path, ...]:
        """Write the data, the truth, a model spec that fits them and a README to a folder.

        The files are `synthetic_england_areas.csv`, `synthetic_england_truth_parameters.csv`,
        `synthetic_england_truth_authorities.csv`, `synthetic_england.toml` and `README.txt`;
        older ones of these names are replaced, each at once.

        Raises
        ------
        DataError
            If the folder cannot be made or written to.
        """
        from bayesgrad.simulate.writing import write_england

        return write_england(self, Path(folder))


def simulate_england(
    settings: EnglandSettings = ENGLAND, *, seed: int, geography_seed: int | None = None
) -> SyntheticEngland:
    """Draw a synthetic England from the model with a known truth.

    Geography and outcomes have independent streams of the seed, so that replicates on one
    geography are ``simulate_england(settings, seed=k, geography_seed=1)`` for k = 1, 2, ...;
    authority effects and counts are drawn anew in each.

    Parameters
    ----------
    settings : EnglandSettings, optional
        By default England: 152 authorities, 32,837 areas, the published gradients of referrals.
    seed : int
        Not negative. The same settings and seeds give the same data.
    geography_seed : int, optional
        Take the geography of this seed instead of that of `seed`.

    Raises
    ------
    SpecError
        If a seed is not a whole number of at least 0.
    """
    geography_stream, outcome_stream = streams("seed", seed)[:2]
    if geography_seed is not None:
        geography_stream = streams("geography_seed", geography_seed)[0]
    geography = draw_geography(settings, seed=geography_stream)
    outcomes = draw_outcomes(geography, settings, seed=outcome_stream)
    return SyntheticEngland(settings, seed, geography_seed, geography, outcomes)
