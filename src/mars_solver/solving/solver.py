"""Verdicts, standings and the ranking of one profile.

The flow is `ask` (profile to signature), `stand` (signature to standings), `rank` (standings and
weighted sums to order). Standings depend on the signature alone and sums on the importances alone,
so that many profiles with one signature share its standings.

Models are named by their index in the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import product, starmap
from typing import NamedTuple

import numpy as np

from mars_solver.inputs.catalogue import Catalogue, with_measurements
from mars_solver.inputs.facts import Model
from mars_solver.inputs.files import load_catalogue, load_weights
from mars_solver.inputs.profile import Context, Profile
from mars_solver.inputs.weights import Weights, coefficients
from mars_solver.solving.constraints import (
    Check,
    Configuration,
    Masks,
    RunnableConfiguration,
    checks,
    enumerate_configurations,
    fact_masks,
    missed,
)
from mars_solver.solving.scoring import middles, totals, value_table
from mars_solver.vocabulary import BIT, CRITERIA, REQUIREMENTS, Kind, Policy, Status

_REFERENCE = BIT["voice_transfer"] | BIT["short_reference"]
_STYLE = BIT["style_control"]


@dataclass(frozen=True, slots=True)
class Signature:
    """Everything that standings depend on: equal signatures have equal standings."""

    stated: int
    """The mask of the stated requirements."""
    facts: tuple[Masks, ...]
    """Which of them the facts of each model violate and leave unverified under the policy, in the
    catalogue's order."""
    batch: bool
    accept_beta: bool
    policy: Policy


class TieBreak(NamedTuple):
    """What decides between configurations of equal standing."""

    batch: bool
    reference: bool
    """Whether reference audio is required."""
    style: bool
    """Whether directed style is required."""


class Standing(NamedTuple):
    """The configuration chosen for one model, and the requirements that it does not meet."""

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
    """The indices of the models that are not excluded, best first."""

    @cached_property
    def ranked(self) -> tuple[Standing, ...]:
        """The standings of the models that are not excluded, best first."""
        return tuple([self.standings[index] for index in self.ranking])

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the models that are not excluded, best first."""
        return tuple([standing.model.id for standing in self.ranked])

    @property
    def winner(self) -> Standing | None:
        """The standing of the first model; None where no model is left."""
        return self.standings[self.ranking[0]] if self.ranking else None

    @property
    def orders(self) -> tuple[Order, ...]:
        """The standings of `ranked` as they rank under the policy."""
        return tuple([order(standing, self.question.policy) for standing in self.ranked])

    def rank_key(self, index: int) -> RankKey:
        """Return what ranks a model: the least comes first."""
        standing = self.standings[index]
        return rank_key(standing, self.sums[index], self.question.policy)

    def order(self, index: int) -> Order:
        """Return the standing of a model as it ranks under the policy."""
        return order(self.standings[index], self.question.policy)


class Solver:
    """A catalogue and weights, prepared to answer any number of profiles.

    Attributes:
        catalogue: the models to choose from.
        weights: what scores them.
        options: the configurations of each model in declared order, in the catalogue's order.
        capabilities: which capabilities the facts of each model deny and leave unknown.
        values: the value table of `scoring`, shape (models, criteria, 2).
        middles: its doubled midpoints: of each model, one for each criterion.
    """

    def __init__(self, catalogue: Catalogue, weights: Weights) -> None:
        models = catalogue.models
        configurations = enumerate_configurations(catalogue)
        capabilities = [Check(r, True) for r in REQUIREMENTS if r.kind is Kind.CAPABILITY]
        ties = starmap(TieBreak, product((False, True), repeat=len(TieBreak._fields)))
        self.catalogue = catalogue
        self.weights = weights
        self.options = tuple(
            tuple(RunnableConfiguration.of(model, each) for each in configurations[model.id])
            for model in models
        )
        self.capabilities = tuple(fact_masks(capabilities, model) for model in models)
        self.values = value_table(models, weights)
        self.middles = middles(self.values)
        self._preferred = {tie: tuple(_preferred(o, tie) for o in self.options) for tie in ties}
        self._factors: dict[Context, tuple[int, ...]] = {}  # a hundred and sixty at most

    def decide(self, profile: Profile, unknown: Policy = "flag") -> Decision:
        """Return the decision on a profile: the standing of every model, and the ranking."""
        return next(self.decide_many([profile], unknown))

    def decide_many(
        self, profiles: Sequence[Profile], unknown: Policy = "flag"
    ) -> Iterator[Decision]:
        """Yield the decision on each profile; standings are worked out once for each signature."""
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
        """Return the signature of a profile against this catalogue."""
        stated = profile.require.stated
        varying = [c for c in checks(profile) if c.requirement.kind is not Kind.CAPABILITY]

        def facts(fixed: Masks, model: Model) -> Masks:
            own = fact_masks(varying, model)
            violated = fixed.violated & stated | own.violated
            return Masks(violated, fixed.unverified & stated | own.unverified).under(unknown)

        every = tuple(map(facts, self.capabilities, self.catalogue.models))
        return Signature(stated, every, profile.batch, profile.accept_beta, unknown)

    def stand(self, question: Signature) -> tuple[Standing, ...]:
        """Return the standing of each model, in the catalogue's order."""
        return tuple(
            self.stand_alone(
                index,
                masks,
                question.stated,
                batch=question.batch,
                refused=model.beta and not question.accept_beta,
            )
            for index, (model, masks) in enumerate(
                zip(self.catalogue.models, question.facts, strict=True)
            )
        )

    def stand_alone(
        self, index: int, masks: Masks, stated: int, *, batch: bool, refused: bool = False
    ) -> Standing:
        """Return the standing of one model.

        Args:
            index: of the model in the catalogue.
            masks: which stated requirements its facts violate and leave unverified.
            stated: the mask of the stated requirements; those that pin a configuration matter.
            batch: whether the workflow is batch.
            refused: whether it is a beta that is not accepted.
        """
        tie = TieBreak(batch, bool(stated & _REFERENCE), bool(stated & _STYLE))
        own, configuration = _best(self._preferred[tie][index], masks, stated)
        return Standing(self.catalogue.models[index], configuration, *own, refused)

    def weigh(self, profile: Profile) -> tuple[int, ...]:
        """Return the weight of each criterion, in declared order."""
        factors = self._factors.get(profile.context)
        if factors is None:
            factors = coefficients(self.weights, profile.context)
            self._factors[profile.context] = factors
        return tuple([i * f for i, f in zip(profile.importances, factors, strict=True)])


def solver_of(
    catalogue: Catalogue | None = None,
    weights: Weights | None = None,
    measurements: Mapping[str, object] | None = None,
) -> Solver:
    """Return the solver of a catalogue and weights; without them, of those that ship.

    Args:
        catalogue: the models to choose from.
        weights: what scores them.
        measurements: claims by model and fact, each of which replaces the chosen claim.

    Raises:
        InputError: with every fault of the measurements.
    """
    models = load_catalogue() if catalogue is None else catalogue
    if measurements is not None:
        models = with_measurements(models, measurements, place="measurements")
    return _prepared(models, load_weights() if weights is None else weights)


@lru_cache(maxsize=8)
def _prepared(catalogue: Catalogue, weights: Weights) -> Solver:
    """Return the solver of a catalogue (by identity) and weights (by value)."""
    return Solver(catalogue, weights)


def rank(
    standings: tuple[Standing, ...], sums: tuple[tuple[int, int], ...], policy: Policy
) -> tuple[int, ...]:
    """Return the indices of the models that are not excluded: by standing, score, then id."""
    keys = [
        (rank_key(standing, sums[index], policy), index)
        for index, standing in enumerate(standings)
        if standing.status is not Status.EXCLUDED
    ]
    return tuple(index for _, index in sorted(keys))


def rank_key(standing: Standing, sums: tuple[int, int], policy: Policy) -> RankKey:
    """Return what ranks a model: by standing, score, then id."""
    return order(standing, policy), -sum(sums), standing.model.id


def order(standing: Standing, policy: Policy) -> Order:
    """Return the standing as it ranks; the policy "accept" ranks what is unverified as met."""
    if policy == "accept" and standing.status is Status.UNVERIFIED:
        return Status.GUARANTEED, 0
    return standing.status, standing.unverified.bit_count()


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
    options: tuple[RunnableConfiguration, ...], tie: TieBreak
) -> tuple[RunnableConfiguration, ...]:
    """Return options, given in declared order, with the preferred first.

    The delivery of the workflow, then fewest unknown capabilities, then least beyond what is
    required.
    """
    delivery = "batch" if tie.batch else "streaming"

    def key(option: RunnableConfiguration) -> tuple[bool, int, int]:
        chosen = option.configuration
        extra = (chosen.voice == "reference_audio" and not tie.reference) + (
            chosen.style == "directed" and not tie.style
        )
        return chosen.delivery != delivery, option.unknown, extra

    return tuple(sorted(options, key=key))
