"""One authority's rates and deprivation beside those of the nation that its prior pack is of."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.special import expit, logit

from bayesgrad.data.plausibility.evidence import Evidence
from bayesgrad.spec.prior_pack import PriorPack

FACTOR = 5.0
"""Times the nation's rate, or one part of it in so many, from which it is of another order."""
SPREADS = 6.0
"""Standard deviations between authorities within which a rate is not, however wide they are."""
CHANCE = 3.0
"""Standard errors of the authority's own rate within which it is not."""
BEYOND = 2.0
"""Times the largest, or one part in two of the smallest, usual deprivation of the nation."""


def national_order(evidence: Evidence) -> tuple[str, ...]:
    """Rates and deprivation of another order of magnitude than a prior pack's."""
    pack = evidence.spec.prior_pack
    if pack is None:
        return ()
    codes = evidence.kept.selection.keys["authority"]
    return tuple(
        warning
        for code in sorted(codes.unique())
        for warning in (
            *_rates(evidence, pack, code, (codes == code).to_numpy()),
            *_deprivation(evidence, pack, code, (codes == code).to_numpy()),
        )
    )


def _rates(evidence: Evidence, pack: PriorPack, code: str, own: np.ndarray) -> Iterator[str]:
    kept = evidence.kept
    own_deprivation = kept.deprivation.to_numpy()[own].mean()
    for at, outcome in enumerate(pack.outcomes):
        rows = own & kept.entering[outcome.column].to_numpy()
        events, exposure = _totals(evidence, outcome.column, rows)
        if exposure <= 0:
            continue
        rate = (events + 0.5) / exposure
        logit_link = outcome.link == "logit"
        level = float(logit(min(rate, 1 - 1e-9)) if logit_link else np.log(rate))
        usual = _parameter(pack, "intercept", at)
        if pack.model.centre_value is not None:
            distance = (own_deprivation - pack.model.centre_value) / pack.model.unit
            usual += _parameter(pack, "slope", at) * distance
        spread = np.exp(_parameter(pack, "sd_intercept", at))
        limit = max(np.log(FACTOR), SPREADS * spread) + CHANCE / np.sqrt(events + 0.5)
        if abs(level - usual) > limit:
            nation = expit(usual) if logit_link else np.exp(usual)
            yield (
                f"column {outcome.column}: {code} has {rate:.3g} events per unit of exposure, and "
                f"an average authority of the prior pack {nation:.3g}: counts or exposures are not "
                "those that the pack is of. Give them for the same outcome, people and unit"
            )


def _parameter(pack: PriorPack, variable: str, outcome: int) -> float:
    """Mean of a parameter of one outcome, on the pack's scale."""
    block = next(block for block in pack.blocks if block.variable == variable)
    return float(pack.mean()[block.place.start + outcome])


def _totals(evidence: Evidence, column: str, rows: np.ndarray) -> tuple[float, float]:
    """Events and exposure of some rows; a suppressed count stands as the middle of its bounds."""
    kept, bounds = evidence.kept, evidence.spec.likelihood.suppressed
    events = float(kept.counts[column].to_numpy()[rows].sum())
    if bounds is not None:
        events += kept.suppressed[column].to_numpy()[rows].sum() * (bounds.lower + bounds.upper) / 2
    return events, float(kept.exposures[column].to_numpy()[rows].sum())


def _deprivation(evidence: Evidence, pack: PriorPack, code: str, own: np.ndarray) -> Iterator[str]:
    values = evidence.kept.deprivation.to_numpy()[own]
    lowest, highest = pack.nation.deprivation[0], pack.nation.deprivation[-1]
    if not lowest / BEYOND <= values.mean() <= BEYOND * highest:
        yield (
            f"column {evidence.spec.columns.deprivation}: its mean in {code} is "
            f"{values.mean():.3g}, and most authorities of the prior pack lie between {lowest:g} "
            f"and {highest:g}: it is on another scale than {pack.model.deprivation} "
            f"({pack.model.vintage}) of the pack, or of another release. Use the same measure"
        )
