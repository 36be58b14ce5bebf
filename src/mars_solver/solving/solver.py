"""Verdicts, standings and the ranking of one profile.

The flow is `ask` (profile to question), `stand` (question to standings), `rank` (standings and
weights to order). Standings depend on the question alone and scores on the importances alone, so
that many profiles with one question share its standings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import product, starmap
from typing import NamedTuple

import numpy as np

from mars_solver.inputs.catalogue import Catalogue
from mars_solver.inputs.facts import Model
from mars_solver.inputs.profile import Profile
from mars_solver.inputs.weights import Weights, coefficients
from mars_solver.solving.configurations import Configuration, enumerate_configurations, unknown_used
from mars_solver.solving.requirements import Check, checks, fact_verdict, ruled_out
from mars_solver.solving.scoring import Integers, totals, value_table
from mars_solver.vocabulary import (
    BIT,
    CRITERIA,
    REQUIREMENTS,
    Kind,
    NeedName,
    Policy,
    Status,
    Verdict,
)

_REFERENCE = BIT["voice_transfer"] | BIT["short_reference"]
_STYLE = BIT["style_control"]


class Masks(NamedTuple):
    """The requirements that a model's facts violate, and those that they leave unverified."""

    violated: int
    unverified: int


@dataclass(frozen=True, slots=True)
class Signature:
    """Everything that standings depend on: profiles with equal questions stand alike."""

    stated: int
    """The mask of the stated requirements."""
    facts: tuple[Masks, ...]
    """What the facts of each model say of them, in the catalogue's order; to reject the unknown is
    to count it as violated here."""
    batch: bool
    accept_beta: bool
    policy: Policy


class RunnableConfiguration(NamedTuple):
    """One configuration of a model, with what does not depend on the profile."""

    configuration: Configuration
    ruled_out: int
    """The mask of the requirements that it cannot meet, whatever the facts."""
    unknown: int
    """How many of its values rest on unknown capabilities."""


class TieBreak(NamedTuple):
    """What decides between configurations of equal standing."""

    batch: bool
    reference: bool
    """Whether reference audio is required."""
    style: bool
    """Whether directed style is required."""


class Standing(NamedTuple):
    """How one model stands: its configuration, and the requirements that this does not meet."""

    model: Model
    configuration: Configuration
    violated: int
    unverified: int
    refused: bool
    """Whether it is a beta that the profile does not accept."""

    @property
    def status(self) -> Status:
        """The status of the model."""
        if self.refused or self.violated:
            return Status.EXCLUDED
        return Status.UNVERIFIED if self.unverified else Status.GUARANTEED


Variant = tuple[tuple[NeedName, ...], NeedName | None, bool]
"""What the coefficients depend on: needs, primary, batch."""
Order = tuple[int, int]
"""What ranks before the score: status, then the number of unverified requirements."""


RankKey = tuple[Order, int, str]
"""What ranks a model: the least comes first."""


@dataclass(frozen=True)
class Decision:
    """The answer to one profile, before it is explained."""

    profile: Profile
    question: Signature
    standings: tuple[Standing, ...]
    """In the catalogue's order."""
    weights: tuple[int, ...]
    """The weight of each criterion, in declared order."""
    sums: tuple[tuple[int, int], ...]
    """The least and most weighted sum of each model, in the catalogue's order."""
    ranking: tuple[int, ...]
    """The places in `standings` of the models that are not excluded, best first."""

    def rank_key(self, place: int) -> RankKey:
        """Return what ranks a model: the least comes first."""
        standing = self.standings[place]
        return rank_key(standing, self.sums[place], self.question.policy)

    def order(self, place: int) -> Order:
        """Return the standing of a model as it ranks under the policy."""
        return order(self.standings[place], self.question.policy)


@dataclass(frozen=True, eq=False)
class Solver:
    """A catalogue and weights, prepared to answer any number of profiles."""

    catalogue: Catalogue
    weights: Weights
    options: tuple[tuple[RunnableConfiguration, ...], ...] = field(init=False, repr=False)
    """The configurations of each model in declared order, in the catalogue's order."""
    preferred: dict[TieBreak, tuple[tuple[RunnableConfiguration, ...], ...]] = field(
        init=False, repr=False
    )
    """The same, the preferred first."""
    capabilities: tuple[Masks, ...] = field(init=False, repr=False)
    """What the facts of each model say of every capability."""
    values: Integers = field(init=False, repr=False)
    """The value table of `scoring`."""
    _factors: dict[Variant, tuple[int, ...]] = field(init=False, repr=False)
    """The coefficients of the variants that were asked for: a hundred and sixty at most."""

    def __post_init__(self) -> None:
        models = self.catalogue.models
        configurations = enumerate_configurations(self.catalogue)
        options = tuple(
            tuple(_option(model, each) for each in configurations[model.id]) for model in models
        )
        always = [Check(r, True) for r in REQUIREMENTS if r.kind is Kind.CAPABILITY]
        tastes = starmap(TieBreak, product((False, True), repeat=len(TieBreak._fields)))
        preferred = {taste: tuple(_preferred(each, taste) for each in options) for taste in tastes}
        object.__setattr__(self, "options", options)
        object.__setattr__(self, "preferred", preferred)
        object.__setattr__(self, "capabilities", tuple(fact_masks(always, m) for m in models))
        object.__setattr__(self, "values", value_table(models, self.weights))
        object.__setattr__(self, "_factors", {})

    def decide(self, profile: Profile, unknown: Policy = "flag") -> Decision:
        """Return the standing of every model and the ranking of those that remain."""
        return next(self.decide_many([profile], unknown))

    def decide_many(
        self, profiles: Sequence[Profile], unknown: Policy = "flag"
    ) -> Iterator[Decision]:
        """Yield the decision on each profile; models stand to each distinct question once."""
        weights = [self.weigh(profile) for profile in profiles]
        rows = np.array(weights, dtype=np.int64).reshape(len(weights), len(CRITERIA))
        known: dict[Signature, tuple[Standing, ...]] = {}
        every = totals(rows, self.values).tolist()
        for profile, weighed, pairs in zip(profiles, weights, every, strict=True):
            question = self.ask(profile, unknown)
            standings = known.get(question)
            if standings is None:
                standings = known[question] = self.stand(question)
            sums = tuple((low, high) for low, high in pairs)
            ranking = rank(standings, sums, unknown)
            yield Decision(profile, question, standings, weighed, sums, ranking)

    def ask(self, profile: Profile, unknown: Policy = "flag") -> Signature:
        """Return the question that a profile asks of this catalogue."""
        stated = profile.require.stated
        varying = [c for c in checks(profile) if c.requirement.kind is not Kind.CAPABILITY]
        facts = tuple(
            [
                Masks(
                    fixed.violated & stated | own.violated,
                    fixed.unverified & stated | own.unverified,
                )
                for fixed, model in zip(self.capabilities, self.catalogue.models, strict=True)
                for own in (fact_masks(varying, model),)
            ]
        )
        if unknown == "reject":
            facts = tuple(Masks(violated | open_, 0) for violated, open_ in facts)
        return Signature(stated, facts, profile.batch, profile.accept_beta, unknown)

    def stand(self, question: Signature) -> tuple[Standing, ...]:
        """Return how each model stands, in the catalogue's order."""
        return tuple(
            self.stand_alone(
                place,
                masks,
                question.stated,
                batch=question.batch,
                refused=model.beta and not question.accept_beta,
            )
            for place, (model, masks) in enumerate(
                zip(self.catalogue.models, question.facts, strict=True)
            )
        )

    def stand_alone(
        self, place: int, masks: Masks, stated: int, *, batch: bool, refused: bool = False
    ) -> Standing:
        """Return how the model at a place of the catalogue stands.

        Args:
            place: of the model.
            masks: what its facts say of the stated requirements.
            stated: the mask of the stated requirements; those that pin a configuration matter.
            batch: whether the workflow is batch.
            refused: whether it is a beta that is not accepted.
        """
        taste = TieBreak(batch, bool(stated & _REFERENCE), bool(stated & _STYLE))
        options = self.preferred[taste][place]
        own, configuration = _best(options, masks, stated)
        return Standing(self.catalogue.models[place], configuration, *own, refused)

    def weigh(self, profile: Profile) -> tuple[int, ...]:
        """Return the weight of each criterion, in declared order."""
        require = profile.require
        variant = (require.needs, profile.primary, profile.batch)
        multiply = self._factors.get(variant)
        if multiply is None:
            needs, primary, batch = variant
            multiply = coefficients(self.weights, needs, primary, batch=batch)
            self._factors[variant] = multiply
        return tuple([i * m for i, m in zip(profile.importances, multiply, strict=True)])


def rank(
    standings: tuple[Standing, ...], sums: tuple[tuple[int, int], ...], policy: Policy
) -> tuple[int, ...]:
    """Return the places of the models that are not excluded: by standing, score, then id."""
    keys = [
        (rank_key(standing, sums[place], policy), place)
        for place, standing in enumerate(standings)
        if standing.status is not Status.EXCLUDED
    ]
    return tuple(place for _, place in sorted(keys))


def rank_key(standing: Standing, sums: tuple[int, int], policy: Policy) -> RankKey:
    """Return what ranks a model: by standing, score, then id."""
    return order(standing, policy), -sum(sums), standing.model.id


def order(standing: Standing, policy: Policy) -> Order:
    """Return the standing as it ranks; to accept the unknown is to rank it as met."""
    if policy == "accept" and standing.status is Status.UNVERIFIED:
        return Status.GUARANTEED, 0
    return standing.status, standing.unverified.bit_count()


def fold(masks: Iterable[Masks]) -> Masks:
    """Return all that some masks say together."""
    violated = unverified = 0
    for each in masks:
        violated |= each.violated
        unverified |= each.unverified
    return Masks(violated, unverified)


def missed(option: RunnableConfiguration, masks: Masks, stated: int) -> Masks:
    """Return the stated requirements that one configuration violates and leaves unverified."""
    violated = masks.violated | option.ruled_out & stated
    return Masks(violated, masks.unverified & ~violated)


def _best(
    options: tuple[RunnableConfiguration, ...], masks: Masks, stated: int
) -> tuple[Masks, Configuration]:
    """Return what a model's best configuration misses, and that configuration.

    Fewest violations, then fewest unverified; `options` come in the order that decides between
    equals. One that rules nothing out beyond what the facts violate cannot be bettered.
    """
    for option in options:
        if not option.ruled_out & stated & ~masks.violated:
            return missed(option, masks, stated), option.configuration
    marked = [(missed(option, masks, stated), option.configuration) for option in options]
    return min(
        marked, key=lambda mark: (mark[0].violated.bit_count(), mark[0].unverified.bit_count())
    )


def _preferred(
    options: tuple[RunnableConfiguration, ...], taste: TieBreak
) -> tuple[RunnableConfiguration, ...]:
    """Return options, given in declared order, with the preferred first.

    The delivery of the workflow, then fewest unknown capabilities, then least beyond what is
    required.
    """
    delivery = "batch" if taste.batch else "streaming"

    def key(option: RunnableConfiguration) -> tuple[bool, int, int]:
        chosen = option.configuration
        extra = (chosen.voice == "reference_audio" and not taste.reference) + (
            chosen.style == "directed" and not taste.style
        )
        return chosen.delivery != delivery, option.unknown, extra

    return tuple(sorted(options, key=key))


def _option(model: Model, configuration: Configuration) -> RunnableConfiguration:
    return RunnableConfiguration(
        configuration, _cannot_meet(configuration), unknown_used(model, configuration)
    )


@cache
def _cannot_meet(configuration: Configuration) -> int:
    """Return the mask of the requirements that a configuration rules out."""
    return sum(BIT[r.name] for r in REQUIREMENTS if ruled_out(r, configuration))


def fact_masks(asked: list[Check], model: Model) -> Masks:
    """Return what the facts of a model say of some checks."""
    violated = unverified = 0
    for check in asked:
        match fact_verdict(check, model):
            case Verdict.VIOLATED:
                violated |= BIT[check.requirement.name]
            case Verdict.UNVERIFIED:
                unverified |= BIT[check.requirement.name]
    return Masks(violated, unverified)
