"""The forms of the model that an audit fits, and how likely each is before the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

from bayesgrad.spec.model_spec import ModelSpec
from bayesgrad.spec.parts import Outcome
from bayesgrad.spec.priors import LocationPrior
from bayesgrad.spec.vocabulary import Moderation

Level = Literal["linear", "log", "spline"]

MODERATED: tuple[Level, ...] = ("log", "linear", "spline")
"""Forms of moderation, the first one that of reference."""
LEVELS_WITHOUT: tuple[Level, ...] = ("log", "linear")
"""How levels change with authority deprivation where gradients do not."""
CURVATURES: tuple[Literal["none", "spline"], ...] = ("none", "spline")

NO_INTERACTION = LocationPrior(distribution="Normal", mu=0.0, sigma=1e-3)
"""Prior that holds the interaction at zero, while the level goes on changing."""


@dataclass(frozen=True)
class Form:
    """One form of the model.

    Attributes
    ----------
    moderation : {"none", "log", "linear", "spline"}
        How the gradient changes with authority deprivation.
    level : {"log", "linear", "spline"}
        How the level does: as the gradient, where that does.
    curvature : {"none", "spline"}
        Of the curve common to all areas.
    moderators : tuple of str
        Further moderators and covariates that are in the model.
    """

    moderation: Moderation
    level: Level
    curvature: Literal["none", "spline"]
    moderators: tuple[str, ...]

    @property
    def moderated(self) -> bool:
        """Whether authority deprivation changes the gradient."""
        return self.moderation != "none"

    @property
    def title(self) -> str:
        """Name for readers."""
        words = f"{self.moderation} moderation"
        if not self.moderated:
            words = f"no moderation ({self.level} level)"
        if self.curvature != "none":
            words += ", curve"
        return f"{words}, {' + '.join(self.moderators)}" if self.moderators else words


def moderators_of(spec: ModelSpec) -> tuple[str, ...]:
    """Every further moderator and covariate of a spec, in its order."""
    names = (*spec.authority.moderators, *spec.area.moderators, *spec.area.covariates)
    return tuple(dict.fromkeys(names))


def forms_of(spec: ModelSpec) -> tuple[Form, ...]:
    """Forms to fit: moderation x curvature x moderators (none, each alone, all together)."""
    names = moderators_of(spec)
    subsets = tuple(dict.fromkeys([(), *((name,) for name in names), names]))
    gradients: list[tuple[Moderation, Level]] = [("none", level) for level in LEVELS_WITHOUT]
    gradients += [(level, level) for level in MODERATED]
    return tuple(
        Form(moderation, level, curvature, subset)
        for subset, curvature, (moderation, level) in product(subsets, CURVATURES, gradients)
    )


def prior_weights(forms: Sequence[Form]) -> list[float]:
    """Prior probability of each form.

    One half that authority deprivation changes the gradient, shared equally by the forms that say
    so, and one half that it does not, shared equally by the others: the number of forms that are
    tried does not speak for either side.
    """
    moderated = sum(form.moderated for form in forms)
    others = len(forms) - moderated
    return [0.5 / (moderated if form.moderated else others) for form in forms]


def spec_of(form: Form, spec: ModelSpec) -> ModelSpec:
    """Return the spec of one form."""
    kept = set(form.moderators)

    def within(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name for name in names if name in kept)

    authority = spec.authority.model_copy(
        update={"moderation": form.level, "moderators": within(spec.authority.moderators)}
    )
    area = spec.area.model_copy(
        update={
            "covariates": within(spec.area.covariates),
            "moderators": within(spec.area.moderators),
        }
    )
    priors = spec.priors
    if not form.moderated:
        priors = priors.model_copy(update={"interaction": NO_INTERACTION})
    return spec.model_copy(
        update={
            "authority": authority,
            "area": area,
            "gradient": spec.gradient.model_copy(update={"curvature": form.curvature}),
            "priors": priors,
        }
    )


def spec_of_outcome(spec: ModelSpec, outcome: Outcome) -> ModelSpec:
    """Return the spec of one outcome alone; of a later stage, its cases are a column."""
    alone = Outcome(
        column=outcome.column,
        label=outcome.label,
        exposure=outcome.out_of or outcome.exposure,
        family=spec.family_of(outcome),
        link=spec.link_of(outcome) if spec.is_of_cases(outcome) else None,
    )
    return spec.model_copy(update={"outcomes": (alone,)})
