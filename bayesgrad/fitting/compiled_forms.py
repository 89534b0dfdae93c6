"""Which forms of model have been compiled on this machine, so that a plan can say what to expect.

A form is what compiled code depends on: families, links, terms and priors of a spec, and which
dimensions are of length 1; not names, numbers of areas or authorities, or draws. A fit leaves a
mark, an empty file, in the folder of its compiled code.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from bayesgrad.design.design import Design
from bayesgrad.kernels.cache import place
from bayesgrad.spec.model_spec import ModelSpec

FOLDER = "forms"


def compiled_before(spec: ModelSpec, design: Design) -> bool:
    """Whether a form was fitted with the compiled code that this machine keeps."""
    return _mark(spec, design).is_file()


def any_compiled_before() -> bool:
    """Whether any form was, with which others share much of their code."""
    return any((place().folder / FOLDER).glob("nuts-*"))


def remember_compiled(spec: ModelSpec, design: Design) -> None:
    """Leave the mark of a form, where that can be written."""
    mark = _mark(spec, design)
    with suppress(OSError):
        mark.parent.mkdir(exist_ok=True)
        mark.touch()


def _mark(spec: ModelSpec, design: Design) -> Path:
    text = json.dumps(_form(spec, design), sort_keys=True)
    engine = spec.sampling.fitting_engine
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return place().folder / FOLDER / f"{engine}-{digest}"


def _form(spec: ModelSpec, design: Design) -> dict[str, Any]:
    from bayesgrad.model.arrays import coordinates

    sizes = {name: min(len(names), 2) for name, names in coordinates(spec, design).items()}
    strata = spec.strata_or_years
    return {
        "outcomes": [(form.family, form.link, form.of_cases) for form in design.forms],
        "sizes": sizes,
        "suppressed": bool(design.rows.suppressed.any()),
        "curvature": spec.gradient.curvature,
        "moderation": spec.authority.moderation,
        "covariance": (spec.authority.covariance, spec.authority.rank),
        "strata": strata and (strata.ordered, strata.gradients, strata.authority_deviations),
        "crossed": bool(strata and strata.crossed_with),
        "years": spec.years is not None,
        "spatial": spec.spatial is not None,
        "pack": spec.prior_pack is not None,
        "priors": spec.priors.model_dump(mode="json"),
        "parameterisation": spec.sampling.parameterisation,
    }
