"""Made-up draws of what strata add, and of how the effects of several outcomes go together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from bayesgrad.design.strata import strata_basis, walk_basis


def strata_variables(
    rng: np.random.Generator,
    posterior: xr.Dataset,
    strata: Sequence[str],
    *,
    column: str,
    ordered: bool,
    common: bool,
    authority_deviations: bool,
) -> xr.Dataset:
    """Deviations of strata that sum to zero, with their standard deviations; empty without strata.

    Parameters
    ----------
    common : bool
        Whether all strata share one gradient.
    """
    if list(strata) == [""]:
        return xr.Dataset()
    base, count = ("chain", "draw", "outcome"), len(strata)
    shape = posterior["intercept"].transpose(*base).shape
    basis = strata_basis(count, ordered=ordered)
    found = {}
    for effect, sd in (("intercept", 0.4), ("slope", 0.08)):
        if effect == "slope" and common:
            continue
        middle = rng.normal(size=(shape[2], count - 1))
        weights = middle + 0.2 * rng.normal(size=(*shape, count - 1))
        found[f"stratum_{effect}"] = ((*base, "stratum"), sd * weights @ basis.T)
        spread = np.abs(rng.normal(sd, sd / 10, (*shape, 1)))
        found[f"sd_stratum_{effect}"] = ((*base, "stratum_component"), spread)
    if authority_deviations:
        authorities = posterior.sizes["authority"]
        for effect, sd in (("intercept", 0.15), ("slope", 0.05)):
            own = sd * rng.normal(size=(*shape[:2], authorities, shape[2], count))
            found[f"authority_stratum_{effect}"] = (
                ("chain", "draw", "authority", "outcome", "stratum"),
                own,
            )
            spread = np.abs(rng.normal(sd, sd / 10, shape))
            found[f"sd_authority_stratum_{effect}"] = (base, spread)
    return xr.Dataset(found, coords={"stratum": list(strata), "stratum_component": [column]})


def strata_reference(
    strata: Sequence[str], *, column: str, ordered: bool, equivalence: float, years: bool
) -> xr.Dataset:
    """What the group `reference` holds of strata; empty without."""
    if list(strata) == [""]:
        return xr.Dataset()
    basis = strata_basis(len(strata), ordered=ordered)
    if years:
        basis = walk_basis([int(year) for year in strata])
    variance = (basis**2).sum(axis=1)
    own = {"authority_stratum_variance": (("stratum",), variance)} if years else {}
    return xr.Dataset(
        {"stratum_variance": (("stratum_component", "stratum"), variance[None, :]), **own},
        coords={"stratum_component": [column], "stratum": list(strata)},
        attrs={
            "strata_column": column,
            "strata_ordered": int(ordered),
            "equivalence": equivalence,
            "years": int(years),
        },
    )


def effect_correlation(rng: np.random.Generator, posterior: xr.Dataset) -> xr.DataArray:
    """Correlations of all effects, by the lower triangle; those of an outcome's own as given."""
    effects = [
        (str(outcome), effect)
        for outcome in posterior["outcome"].values
        for effect in ("intercept", "slope")
    ]
    pairs = [(effects[b], effects[a]) for a in range(len(effects)) for b in range(a)]
    shape = (posterior.sizes["chain"], posterior.sizes["draw"], len(pairs))
    values = rng.uniform(0.1, 0.7, shape)
    for k, ((outcome_a, _), (outcome_b, _)) in enumerate(pairs):
        if outcome_a == outcome_b:
            values[..., k] = posterior["correlation"].sel(outcome=outcome_a)
    names = {
        "outcome_a": [a[0] for a, _ in pairs],
        "effect_a": [a[1] for a, _ in pairs],
        "outcome_b": [b[0] for _, b in pairs],
        "effect_b": [b[1] for _, b in pairs],
    }
    return xr.DataArray(
        values,
        dims=("chain", "draw", "effect_pair"),
        coords={
            "effect_pair": [f"{' '.join(a)}, {' '.join(b)}" for a, b in pairs],
            **{name: ("effect_pair", labels) for name, labels in names.items()},
        },
    )
