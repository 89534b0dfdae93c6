"""Made-up draws with all that figures read, and ways to look into a chart without drawing it."""

import numpy as np
import xarray as xr

from tests.fabricate import curve_basis, fabricated_draws, moderation_basis, with_group

BANDS = 20
GRID = 11


def drawable(*, moderation="log", curvature="none", **options) -> xr.DataTree:
    draws = fabricated_draws(moderation=moderation, curvature=curvature, **options)
    known, reference = draws["authorities"].to_dataset(), draws["reference"].to_dataset()
    mean = float(reference["mean_authority_deprivation"])
    scale = {"mean": mean, "unit": float(reference["unit"])}
    of_areas = np.linspace(0, float(known["deprivation_max"].max()), GRID)
    of_authorities = np.linspace(
        float(known["deprivation"].min()), float(known["deprivation"].max()), GRID
    )
    reference = reference.assign(
        area_grid_curve=(
            ("area_grid", "curvature_term"),
            curve_basis(curvature, of_areas, **scale),
        ),
        authority_grid_basis=(
            ("authority_grid", "moderation_term"),
            moderation_basis(moderation, of_authorities, **scale),
        ),
    ).assign_coords(area_grid=of_areas, authority_grid=of_authorities)
    return with_group(draws, reference=reference, rates=_rates(known))


def _rates(known: xr.Dataset) -> xr.Dataset:
    rng = np.random.default_rng(3)
    outcomes = known["outcome"].values.tolist()
    exposure = np.full((len(outcomes), BANDS), 5e4)
    expected = exposure * 0.03 * np.exp(0.1 * np.arange(BANDS))
    return xr.Dataset(
        {
            "observed": (("outcome", "band"), rng.poisson(expected).astype(float)),
            "exposure": (("outcome", "band"), exposure),
            "deprivation": (
                ("outcome", "band"),
                np.tile(np.linspace(0.02, 0.45, BANDS), (len(outcomes), 1)),
            ),
            "fitted": (
                ("sample", "outcome", "band"),
                expected * rng.lognormal(0, 0.02, (50, *expected.shape)),
            ),
        },
        coords={"outcome": outcomes, "band": np.arange(1, BANDS + 1)},
    )


def changed(draws: xr.DataTree, group: str, **values) -> xr.DataTree:
    return with_group(draws, **{group: draws[group].to_dataset().assign(values)})


def layer(spec: dict, mark: str, **fields: str) -> dict:
    """The one layer of that mark which encodes those fields."""
    found = [
        part
        for part in spec["layer"]
        if part["mark"]["type"] == mark
        and all(part["encoding"].get(c, {}).get("field") == f for c, f in fields.items())
    ]
    assert len(found) == 1, [part["mark"] for part in spec["layer"]]
    return found[0]


def rows(spec: dict, part: dict) -> list[dict]:
    """Data of a layer, wherever the specification keeps them."""
    data = part["data"]
    return data["values"] if "values" in data else spec["datasets"][data["name"]]


def column(table: list[dict], name: str) -> list:
    return [row[name] for row in table]


def subtitle(spec: dict) -> str:
    return " ".join(spec["title"]["subtitle"])
