"""Evidence: the table that checks of plausibility look at, before and after rows were dropped."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from bayesgrad.data.checked import Checked
from bayesgrad.data.plausibility.area_totals import AreaTotals, area_totals
from bayesgrad.data.plausibility.expected import Expected, expected_events
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

    @cached_property
    def totals(self) -> tuple[AreaTotals, ...]:
        """Events and exposure of areas for each outcome, of the rows that are fitted."""
        return area_totals(self.spec, self.kept)

    @cached_property
    def expected(self) -> tuple[Expected, ...]:
        """What each outcome's rows lead to expect of its areas, outlying counts left aside."""
        return tuple(expected_events(totals) for totals in self.totals)
