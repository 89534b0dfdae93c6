"""Evidence: the table that checks of plausibility look at, before and after rows were dropped."""

from __future__ import annotations

from dataclasses import dataclass

from bayesgrad.data.checked import Checked
from bayesgrad.spec.model_spec import ModelSpec


@dataclass(frozen=True)
class Evidence:
    """A spec and the rows that it names, with values in range.

    Attributes
    ----------
    spec : ModelSpec
    given : Checked
        Every row that the spec does not exclude, also those that are dropped for a missing count.
    kept : Checked
        The rows that are fitted.
    """

    spec: ModelSpec
    given: Checked
    kept: Checked
