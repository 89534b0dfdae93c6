"""What is withheld of authorities, strata and years, and why; never how much.

A cell is the events of one authority, outcome and stratum (or year). It is withheld where it has
fewer events, or areas, than the rules ask for. Where a cell is withheld and the total of its
authority and outcome is not, the total (published elsewhere, perhaps) less all other cells would
give it away: so the next smallest are withheld with it, until those that are withheld leave room
for every count below the threshold. The choice depends on counts as they leave alone, not on what
is hidden.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bayesgrad.data.listing import counted, listed
from bayesgrad.errors import FitError
from bayesgrad.export.counts import Counts, range_of, rounded
from bayesgrad.export.rules import Rules

PRIMARY, COMPLEMENT, SHOWN = "primary", "complement", ""
"""Whether a count is withheld by itself, for the sake of another, or not at all."""


@dataclass(frozen=True, eq=False)
class Decisions:
    """What leaves of each authority, and what does not.

    Attributes
    ----------
    rules : Rules
    cells, totals : DataFrame
        The exact counts, with `hidden` (`PRIMARY`, `COMPLEMENT` or `SHOWN`), `reason` (empty where
        shown) and the counts as they leave: `events_label`, `areas_label`, `suppressed_label`.
        `cells` by authority, outcome and stratum, `totals` by authority and outcome.
    strata : DataFrame
        `outcome`, `stratum` and `shown`: whether enough authorities have events in it.
    """

    rules: Rules
    cells: pd.DataFrame
    totals: pd.DataFrame
    strata: pd.DataFrame

    def shown(self, *, of_totals: bool = False) -> pd.DataFrame:
        """Rows of `cells` (or `totals`) that leave."""
        frame = self.totals if of_totals else self.cells
        return frame[frame["hidden"] == SHOWN]

    def codes(self, outcome: str, stratum: str = "") -> list[str]:
        """Authorities that leave in a stratum of an outcome; in all strata together if empty."""
        frame = self.shown(of_totals=stratum == "")
        here = (frame["outcome"] == outcome) & (frame["stratum"] == stratum)
        return frame.loc[here, "authority"].tolist()


def decide(counts: Counts, rules: Rules) -> Decisions:
    """What may leave of each authority, outcome and stratum.

    Raises
    ------
    FitError
        If there are too few authorities, or an outcome has events enough in too few of them.
    """
    _refuse_few(counts, rules)
    totals = _judged(counts.totals, rules)
    if counts.strata == [""]:
        cells = totals
    else:
        judged = _judged(counts.cells, rules)
        totals = _without_telling(totals, judged, rules)
        cells = _without_complements(_under(judged, totals), rules)
        totals = _summed(totals, cells)
    return Decisions(rules, cells, totals, _strata(cells, rules))


def withheld_table(decisions: Decisions) -> pd.DataFrame:
    """`withheld.csv`: what is withheld and why, and no number of it.

    A row with an empty stratum is of all strata of its authority and outcome; one with an empty
    authority is of the nation's row of a stratum.
    """
    columns = ["authority", "name", "outcome", "stratum", "reason"]
    rules = decisions.rules
    few = f"fewer than {rules.authorities} authorities have {rules.threshold} events in the stratum"
    strata = decisions.strata[~decisions.strata["shown"]].assign(authority="", name="", reason=few)
    if not rules.authorities_may_leave:
        own = pd.DataFrame([["", "", "", "", "nothing of a single authority leaves"]])
        return pd.concat([own.set_axis(columns, axis=1), strata[columns]], ignore_index=True)
    totals = decisions.totals[decisions.totals["hidden"] != SHOWN]
    whole = set(zip(totals["authority"], totals["outcome"], strict=True))
    cells = decisions.cells[decisions.cells["hidden"] != SHOWN]
    inner = [pair not in whole for pair in zip(cells["authority"], cells["outcome"], strict=True)]
    frames = [strata[columns], totals[columns], cells.loc[inner, columns]]
    return pd.concat(frames, ignore_index=True)


def _refuse_few(counts: Counts, rules: Rules) -> None:
    if len(counts.codes) < rules.authorities:
        raise FitError(
            f"the fit is of {counted(len(counts.codes), 'authority', 'authorities')}; nothing "
            f"leaves of fewer than {rules.authorities} (key authorities of the rules)",
            "Export a fit of more authorities.",
        )
    totals = counts.totals
    for outcome, own in totals.groupby("outcome", sort=False):
        enough = int((own["events"] >= rules.threshold).sum())
        if enough < rules.authorities:
            raise FitError(
                f"{outcome}: {enough} authorities have {rules.threshold} events or more; nothing "
                f"leaves of fewer than {rules.authorities} (key authorities of the rules)",
                "Export a fit without this outcome.",
            )


def _judged(counts: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Each count by itself: hidden or not, with its reason and as it leaves."""
    few_events = ~(counts["events"] >= rules.threshold).to_numpy()
    few_areas = ~(counts["areas"] >= rules.areas).to_numpy()
    # Events that a fit file does not keep are of few areas, or hide those of few areas.
    few_areas |= counts["events"].isna().to_numpy()
    hidden = np.where(few_events | few_areas, PRIMARY, SHOWN)
    judged = counts.assign(hidden=hidden, reason=_reasons(few_events, few_areas, rules))
    return judged.assign(
        events_label=rounded(counts["events"], threshold=rules.threshold, step=rules.round),
        areas_label=rounded(counts["areas"], threshold=rules.areas, step=rules.round),
        suppressed_label=rounded(counts["suppressed"], threshold=rules.threshold, step=rules.round),
    )


def _reasons(events: np.ndarray, areas: np.ndarray, rules: Rules) -> list[str]:
    of_areas = f"fewer than {rules.areas} areas, or would give such away"
    words = {
        (False, False): "",
        (True, False): _of_events(rules),
        (False, True): of_areas,
        (True, True): of_areas,
    }
    return [words[bool(few), bool(small)] for few, small in zip(events, areas, strict=True)]


def _of_events(rules: Rules) -> str:
    """Reason of a count below the threshold, and of one that hides such: the same words."""
    return f"fewer than {rules.threshold} events, or would give such away"


def _without_telling(totals: pd.DataFrame, cells: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Withhold totals that by reaching the threshold tell of counts below it.

    Of two counts below 10 that make 10 or more together neither is 0. Of three, any can be.
    """
    by = [cells["authority"], cells["outcome"]]
    small = cells["hidden"].eq(PRIMARY).groupby(by).all()
    number = cells.groupby(by).size()
    telling = small & ((number - 1) * (rules.threshold - 1) < rules.threshold)
    places = pd.MultiIndex.from_frame(totals[["authority", "outcome"]])
    shown = totals["hidden"].eq(SHOWN).to_numpy() & telling.reindex(places).to_numpy(dtype=bool)
    return totals.assign(
        hidden=np.where(shown, PRIMARY, totals["hidden"]),
        reason=np.where(shown, _of_events(rules), totals["reason"]),
    )


def _under(cells: pd.DataFrame, totals: pd.DataFrame) -> pd.DataFrame:
    """Withhold all cells of an authority and outcome whose total is withheld."""
    hidden = totals.loc[totals["hidden"] != SHOWN, ["authority", "outcome", "reason"]]
    why = cells[["authority", "outcome"]].merge(
        hidden, on=["authority", "outcome"], how="left", validate="many_to_one"
    )["reason"]
    known = why.notna().to_numpy()
    return cells.assign(
        hidden=np.where(known, PRIMARY, cells["hidden"]),
        reason=np.where(known, why, cells["reason"]),
    )


def _without_complements(cells: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Withhold, beside what is withheld of an authority and outcome, what would give it away."""
    hidden, reason = cells["hidden"].to_numpy().copy(), cells["reason"].to_numpy().copy()
    for places in cells.groupby(["authority", "outcome"], sort=False).indices.values():
        if (hidden[places] == PRIMARY).any() and (hidden[places] == SHOWN).any():
            free = places[hidden[places] == SHOWN]
            labels = cells["events_label"].to_numpy()[free]
            chosen = free[list(complements(labels, rules))]
            hidden[chosen], reason[chosen] = COMPLEMENT, _of_events(rules)
    return cells.assign(hidden=hidden, reason=reason)


def _summed(totals: pd.DataFrame, cells: pd.DataFrame) -> pd.DataFrame:
    """Totals as they leave: sums of rounded counts, and none where one of these is withheld.

    A total that was rounded by itself would, beside its rounded parts, tell of each of them.
    """
    labels = cells["events_label"].where(cells["hidden"] == SHOWN)
    by = [cells["authority"], cells["outcome"]]
    sums = labels.groupby(by).sum().mask(labels.isna().groupby(by).any())
    places = pd.MultiIndex.from_frame(totals[["authority", "outcome"]])
    return totals.assign(events_label=sums.reindex(places).to_numpy(dtype=float))


def complements(labels: Sequence[float] | np.ndarray, rules: Rules) -> list[int]:
    """Positions of counts to withhold so that one below the threshold beside them stays hidden.

    The smallest count by which a hidden one could be anything below the threshold, the total being
    known; or, where none is large enough, the smallest that are so together.

    Parameters
    ----------
    labels : sequence of float
        Counts as they would leave.

    Examples
    --------
    >>> complements([100, 20, 15], Rules())
    [0]
    >>> complements([15, 20, 20, 25], Rules())
    [3]
    """
    order = np.argsort(np.asarray(labels), kind="stable")
    room = [
        range_of(label, threshold=rules.threshold, step=rules.round)[0] - rules.threshold
        for label in labels
    ]
    alone = next((int(k) for k in order if room[k] >= rules.threshold - 1), None)
    if alone is not None:
        return [alone]
    chosen: list[int] = []
    for k in order:
        chosen.append(int(k))
        if sum(room[i] for i in chosen) >= rules.threshold - 1:
            break
    return chosen


def _strata(cells: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Whether each stratum of an outcome has events enough in enough authorities."""
    enough = (cells["events"] >= rules.threshold).groupby(
        [cells["outcome"], cells["stratum"]], sort=False
    )
    number = enough.sum()
    return (number >= rules.authorities).rename("shown").reset_index()


def short_of_freedom(decisions: Decisions, coefficients: dict[str, int]) -> list[str]:
    """Outcomes with fewer degrees of freedom than the rules ask for.

    Parameters
    ----------
    coefficients : dict of str to int
        National coefficients of each outcome.
    """
    freedom = degrees_of_freedom(decisions, coefficients)
    return [name for name, left in freedom.items() if left < decisions.rules.degrees_of_freedom]


def degrees_of_freedom(decisions: Decisions, coefficients: dict[str, int]) -> dict[str, int]:
    """Authorities less national coefficients, by outcome."""
    authorities = decisions.totals.groupby("outcome", sort=False)["authority"].nunique()
    return {
        str(outcome): int(number) - coefficients.get(str(outcome), 0)
        for outcome, number in authorities.items()
    }


def refuse_freedom(decisions: Decisions, coefficients: dict[str, int]) -> None:
    """Refuse national numbers of too few degrees of freedom. Raises FitError."""
    short = short_of_freedom(decisions, coefficients)
    if short:
        least = decisions.rules.degrees_of_freedom
        raise FitError(
            f"{listed(short)}: the authorities less the national coefficients leave fewer than "
            f"{least} degrees of freedom (key degrees_of_freedom of the rules)",
            "Export a fit of more authorities, or of a model with fewer coefficients.",
        )
