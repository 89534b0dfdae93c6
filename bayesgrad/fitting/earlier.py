"""Fit files of earlier versions, in the layout of this one."""

from __future__ import annotations

import json

import xarray as xr

from bayesgrad.spec.model_spec import ModelSpec


def spec_from(text: str, written: int) -> ModelSpec:
    """Read the spec in a fit file; format 1 said of the covariance only whether there was one.

    Beside a prior pack the priors of the spec are the default ones, which need not be those of the
    version that wrote the file.

    Parameters
    ----------
    text : str
        JSON.
    written : int
        Format of the file.
    """
    content = json.loads(text)
    if content.get("prior_pack") is not None:
        del content["priors"]
    if written == 1:
        authority = content["authority"]
        authority["covariance"] = "full" if authority.pop("correlated") else "diagonal"
    return ModelSpec.model_validate_json(json.dumps(content))


def in_this_layout(tree: xr.DataTree, written: int) -> xr.DataTree:
    """Give draws read from a file the layout of this version.

    Format 1 held one outcome without strata: its authority effects had a stratum without a name,
    and the family of the whole fit stood among the attributes.

    Parameters
    ----------
    tree : DataTree
    written : int
        Format of the file.
    """
    if written > 1:
        return tree
    posterior = tree["posterior"].to_dataset().isel(stratum=0, drop=True)
    reference = tree["reference"].to_dataset()
    outcomes = posterior.sizes["outcome"]
    forms = {"family": reference.attrs["family"], "link": "log", "out_of": ""}
    reference = reference.assign(
        {name: ("outcome", [form] * outcomes) for name, form in forms.items()}
    )
    content = {str(name): node.to_dataset() for name, node in tree.children.items()}
    changed = {"posterior": posterior, "reference": reference.assign_attrs(at_risk="people")}
    return xr.DataTree.from_dict(content | changed)
