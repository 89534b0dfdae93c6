"""What a summary says was fitted: the data, the model, the sampling."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bayesgrad.data.listing import counted
from bayesgrad.estimands.layout import events_words, outcome_events
from bayesgrad.estimands.strata_effects import has_strata, strata_names
from bayesgrad.estimands.suppressed import has_suppressed

if TYPE_CHECKING:
    from bayesgrad.fitting.gradient_fit import GradientFit

ENGINES = {"nuts": "NUTS", "laplace": "nested Laplace"}


def what_was_fitted(fit: GradientFit) -> list[str]:
    """Events and areas, the form of the model and how it was sampled."""
    spec, posterior = fit.spec, fit.draws["posterior"]
    if len(spec.outcomes) == 1:
        families = spec.family_of(spec.outcomes[0]).replace("_", " ")
    else:
        families = f"{len(spec.outcomes)} outcomes"
    return [
        *_counts(fit),
        f"{families}, {spec.authority.moderation} moderation, {spec.gradient.centre} centring; "
        f"deprivation: {spec.columns.deprivation} ({spec.columns.vintage})",
        f"{posterior.sizes['chain']} chains of {posterior.sizes['draw']:,} draws by "
        f"{ENGINES[fit.provenance['engine']]}, seed {fit.provenance['seed']}; intervals hold 95%",
    ]


def _counts(fit: GradientFit) -> list[str]:
    """Events and areas of each outcome, with its family where there are several."""
    authorities = fit.draws["authorities"].to_dataset()
    strata = strata_names(authorities)
    kind = "years" if fit.spec.years is not None else "strata"
    of_strata = f" in {len(strata)} {kind}" if has_strata(authorities) else ""
    count = counted(authorities.sizes["authority"], "authority", "authorities")
    places = f" of {count}{of_strata}"
    # An area counts once, however many strata it has rows in.
    areas = authorities["areas"].max("stratum").sum("authority").values
    events = outcome_events(authorities).values
    several = len(fit.spec.outcomes) > 1
    lines = []
    for s, outcome in enumerate(fit.spec.outcomes):
        family = f" ({fit.spec.family_of(outcome).replace('_', ' ')})" if several else ""
        where = f"{int(areas[s]):,} areas{places}"
        lines.append(f"{outcome.title}{family}: {events_words(events[s])} in {where}")
    return [*lines, *_suppressed(fit)]


def _suppressed(fit: GradientFit) -> list[str]:
    """Suppressed counts of each outcome: how many, where most, and what the fit implies."""
    if not has_suppressed(fit.draws):
        return []
    counts, areas = fit.table("suppressed"), fit.draws["authorities"]["areas"].sum("stratum")
    lines = []
    for outcome in fit.spec.outcomes:
        own = counts[counts["outcome"] == outcome.column]
        if own.empty:
            continue
        total = own.iloc[0]
        cells = own.iloc[1:].groupby("authority")["cells"].sum()
        of = areas.sel(outcome=outcome.column).to_series()
        most = str((cells / of).idxmax())
        lines.append(
            f"{total['cells']:,} counts of {outcome.title} are suppressed, in {len(cells):,} "
            f"authorities (most in {most}, {cells[most]:,} of {int(of[most]):,}): between "
            f"{total['least']:,} and {total['most']:,} events; implied {total['implied']:,.0f} "
            f"({total['lower']:,.0f} to {total['upper']:,.0f})"
        )
    return lines
