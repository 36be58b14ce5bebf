"""Verdicts, standings and the ranking of one profile.

The flow is `ask` (profile to signature), `stand` (signature to standings), `rank` (standings and
weighted sums to order). Standings depend on the signature alone and sums on the weights alone, so
that many profiles with one signature share its standings.

Models are named by their index in the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple

from mars_solver.briefs import brief, named
from mars_solver.budget import spend
from mars_solver.derived import derived
from mars_solver.errors import InputError, Problem, shown
from mars_solver.inputs.catalogue.catalogue import Catalogue
from mars_solver.inputs.catalogue.measurements import with_measurements
from mars_solver.inputs.catalogue.models import Model
from mars_solver.inputs.files import load_catalogue, load_weights
from mars_solver.inputs.profile import Context, Profile, neutral
from mars_solver.inputs.weights import Weights, check_preferences, coefficients
from mars_solver.solving.constraints import (
    Configuration,
    Masks,
    RunnableConfiguration,
    enumerate_configurations,
    minimal,
    missed,
    preferred,
    runnable_configuration,
    union,
)
from mars_solver.solving.scoring import Sums, value_rows
from mars_solver.solving.table import Cell, Column, requirement_masks
from mars_solver.vocabulary import INFEASIBLE, Policy, Status

_KEPT: Final = 2**12
"""The most signatures, and contexts, whose results are remembered, with few models."""
_KEPT_MODELS: Final = 2**17
"""The most models in all of these: what is remembered takes bounded memory."""


class Signature(NamedTuple):
    """Everything that standings depend on: profiles with equal signatures stand alike."""

    stated: int
    """The mask of the stated requirements."""
    cells: tuple[Cell, ...]
    """The verdicts on all models of each stated requirement, in declared order."""
    batch: bool
    accept_beta: bool
    policy: Policy

    def __repr__(self) -> str:
        return brief(self)


class Standing(NamedTuple):
    """How one model stands: its configuration, and the requirements that this does not meet."""

    model: Model
    configuration: Configuration | None
    """None where measurements leave the model no way to run."""
    violated: int
    unverified: int
    refused: bool
    """Whether it is a beta that the profile does not accept."""

    def __repr__(self) -> str:
        return named(type(self), f"{self.model.name} {self.status.word}")

    @property
    def status(self) -> Status:
        """The status of the model."""
        if self.refused or self.violated or self.configuration is None:
            return Status.EXCLUDED
        return Status.UNVERIFIED if self.unverified else Status.MEETS


Order = tuple[int, int]
"""What ranks before the score: status, then the number of unverified requirements."""
RankKey = tuple[Order, int, int, int]
"""What ranks a model: its order, its score, its score at neutral importances, and its id's place;
the least comes first."""


class Standings(NamedTuple):
    """How all models stand to one signature."""

    models: tuple[Standing, ...]
    """In the catalogue's order."""
    orders: tuple[tuple[Order, int], ...]
    """The order and the index of each model that is not excluded."""
    masks: tuple[Masks, ...]
    """Which stated requirements the facts of each model violate and leave unverified."""

    def __repr__(self) -> str:
        return brief(self)


class Scores(NamedTuple):
    """How all models score under one context and importances."""

    weights: tuple[int, ...]
    """The weight of each criterion, in declared order."""
    sums: tuple[tuple[int, int], ...]
    """The least and most weighted sum of each model, in the catalogue's order."""
    ranks: tuple[tuple[int, int, int], ...]
    """What ranks each model among those of its standing; the least comes first."""

    def __repr__(self) -> str:
        return brief(self)


@dataclass(eq=False)
class Decision:
    """The answer to one profile, before it is explained.

    Nothing changes it; it is not frozen, since making a frozen one takes a tenth of `decide`.
    """

    profile: Profile
    signature: Signature
    standings: tuple[Standing, ...]
    """In the catalogue's order."""
    weights: tuple[int, ...]
    """The weight of each criterion, in declared order."""
    sums: tuple[tuple[int, int], ...]
    """The least and most weighted sum of each model, in the catalogue's order."""
    keys: tuple[RankKey, ...]
    """What ranks each model that is not excluded, best first."""

    def __repr__(self) -> str:
        return named(type(self), self.in_short, self.profile.name)

    @property
    def in_short(self) -> str:
        """The winner with its status, and how many models the shortlist has of all."""
        best = self.winner
        first = f"{best.model.name} {best.status.word}" if best else INFEASIBLE
        return f"{first}, {len(self.keys)} of {len(self.standings)} models"

    @property
    def policy(self) -> Policy:
        """How what the facts do not settle ranks."""
        return self.signature.policy

    @derived
    def ranking(self) -> tuple[int, ...]:
        """The indices of the models that are not excluded, best first."""
        return tuple([key[-1] for key in self.keys])

    @derived
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
        return self.standings[self.keys[0][-1]] if self.keys else None

    @property
    def orders(self) -> tuple[Order, ...]:
        """How the models that are not excluded stand, best first."""
        return tuple([key[0] for key in self.keys])

    @derived
    def contenders(self) -> tuple[int, ...]:
        """The indices of the models of best standing: those that weights can put first."""
        return tuple([key[-1] for key in self.keys if key[0] == self.keys[0][0]])

    def order(self, index: int) -> Order:
        """Return the standing of a model as it ranks under the policy."""
        return order(self.standings[index], self.policy)


class Solver:
    """A catalogue and weights, prepared to answer any number of profiles.

    Attributes:
        catalogue: the models to choose from.
        weights: what scores them.
        declared: what can be asked.
        table: the verdicts of each requirement, in declared order.
        options: the configurations of each model in declared order, in the catalogue's order.
        ends: the least and most value of each model for each criterion.
        middles: their sums, the doubled midpoints.
        remembered: what explanations have worked out from the facts.
    """

    def __init__(self, catalogue: Catalogue, weights: Weights) -> None:
        models, declared = catalogue.models, catalogue.declared
        configurations = enumerate_configurations(catalogue)
        self.catalogue = catalogue
        self.weights = weights
        self.declared = declared
        self.table = tuple(
            [Column(catalogue, requirement) for requirement in declared.requirements]
        )
        self.options = tuple(
            tuple([runnable_configuration(m, each, declared) for each in configurations[m.id]])
            for m in models
        )
        self.ends = value_rows(models, declared, weights)
        self.middles = tuple(tuple([a + b for a, b in row]) for row in self.ends)
        self._column = {column.requirement.name: column for column in self.table}
        self._betas = tuple([model.beta for model in models])
        self._sums = Sums(self.ends)
        self._pinned_spares = self._spares()
        self.remembered: dict[object, Any] = {}
        # Remembered results: bounded, and safe to use from several threads.
        kept = min(_KEPT, _KEPT_MODELS // len(models))
        self.stand = lru_cache(maxsize=kept)(self._stand)
        self.coefficients = lru_cache(maxsize=kept)(self._coefficients)
        self.neutral_sums = lru_cache(maxsize=kept)(self._sums_at_neutral)
        self.score = lru_cache(maxsize=kept)(self._score)
        self.by_score = lru_cache(maxsize=kept)(self._by_score)
        self._rules_out = lru_cache(maxsize=kept)(self._ruled_out)
        self._preferred = lru_cache(maxsize=kept)(self._in_preference)

    def __repr__(self) -> str:
        what = f"{len(self.catalogue.models)} models, weights {self.weights.name}"
        return named(type(self), what)

    def __reduce__(self) -> tuple[type[Solver], tuple[Catalogue, Weights]]:
        """Return how to prepare the solver again, without what it remembers."""
        return Solver, (self.catalogue, self.weights)

    @property
    def identity(self) -> dict[str, dict[str, str]]:
        """Which catalogue and weights these are, as plain JSON values."""
        facts, weights = self.catalogue, self.weights
        return {
            "catalogue": {"version": facts.version, "as_of": facts.as_of, "sha256": facts.sha256},
            "weights": {"name": weights.name, "sha256": weights.sha256},
        }

    @derived
    def notes(self) -> tuple[str, ...]:
        """What of the weights the catalogue has no use for."""
        return tuple(self.weights.notes(self.declared))

    def decide(self, profile: Profile, unknown: Policy = "flag") -> Decision:
        """Return the standing of every model and the ranking of those that remain.

        Raises:
            InputError: where the profile states what this catalogue does not know, or prefers a
                criterion that the weights do not score.
        """
        profile = self.checked(profile)
        signature = self.ask(profile, unknown)
        standings = self.stand(signature)
        weights, sums, ranks = self.score(profile.context, profile.importances)
        keys = tuple(sorted([(order, *ranks[index]) for order, index in standings.orders]))
        return Decision(profile, signature, standings.models, weights, sums, keys)

    def decide_many(
        self, profiles: Iterable[Profile], unknown: Policy = "flag"
    ) -> Iterator[Decision]:
        """Yield the decision on each profile."""
        for profile in profiles:
            yield self.decide(profile, unknown)

    def checked(self, profile: Profile) -> Profile:
        """Return a profile as this catalogue reads it.

        Raises:
            InputError: as `decide` says.
        """
        profile = profile.checked_against(self.declared)
        if not self.scored.issuperset(profile.prefer):
            problems = check_preferences(self.weights, self.declared, profile.prefer, "Profile")
            raise InputError(problems)
        return profile

    @derived
    def scored(self) -> frozenset[str]:
        """The criteria that the weights know; a profile can prefer no others."""
        return frozenset(c.name for c in self.declared.criteria if self.weights.knows(c))

    def ask(self, profile: Profile, unknown: Policy = "flag") -> Signature:
        """Return the signature of a profile against this catalogue."""
        column = self._column
        cells = tuple([column[name].find(value) for name, value in profile.require.items()])
        return Signature(profile.stated, cells, profile.batch, profile.accept_beta, unknown)

    def column(self, requirement: str) -> Column:
        """Return the verdicts of a requirement."""
        return self._column[requirement]

    def masks(self, signature: Signature, index: int) -> Masks:
        """Return which stated requirements the facts of a model violate and leave unverified."""
        return self.stand(signature).masks[index]

    def _stand(self, signature: Signature) -> Standings:
        """Return the standing of each model, in the catalogue's order."""
        spend()
        asked = [r for r in self.declared.requirements if signature.stated & r.bit]
        pairs = list(zip(asked, signature.cells, strict=True))
        reject = signature.policy == "reject"
        masks = tuple([requirement_masks(pairs, i, reject=reject) for i in range(len(self._betas))])
        standings = tuple(
            [
                self.stand_alone(
                    index,
                    masks[index],
                    signature.stated,
                    batch=signature.batch,
                    refused=beta and not signature.accept_beta,
                )
                for index, beta in enumerate(self._betas)
            ]
        )
        orders = tuple(
            [
                (order(each, signature.policy), index)
                for index, each in enumerate(standings)
                if each.status is not Status.EXCLUDED
            ]
        )
        return Standings(standings, orders, masks)

    def stand_alone(
        self, index: int, masks: Masks, stated: int, *, batch: bool, refused: bool
    ) -> Standing:
        """Return the standing of one model.

        Args:
            index: of the model in the catalogue.
            masks: which stated requirements its facts violate and leave unverified.
            stated: the mask of the stated requirements; those that pin a configuration matter.
            batch: whether the workflow is batch.
            refused: whether it is a beta that is not accepted.
        """
        options = self._preferred(index, stated & self._pinned_spares, batch)
        own, configuration = _best(options, masks, stated)
        return Standing(self.catalogue.models[index], configuration, *own, refused)

    def remember(self, key: object, reason: object) -> None:
        """Remember what has been worked out from the facts; all of it goes where it gets much."""
        if len(self.remembered) >= _KEPT:
            self.remembered.clear()
        self.remembered[key] = reason

    def _in_preference(
        self,
        index: int,
        stated: int,
        batch: bool,
    ) -> tuple[RunnableConfiguration, ...]:
        return preferred(self.options[index], stated, batch=batch)

    @derived
    def betas(self) -> int:
        """The mask of the models that are betas."""
        return sum(1 << index for index, beta in enumerate(self._betas) if beta)

    def ruled_out(self, stated: int) -> tuple[tuple[int, ...], ...]:
        """Return for each model which stated requirements its configurations rule out.

        The masks that are minimal, the smaller first; none where nothing can run the model.
        """
        return self._rules_out(stated & self._pinning)

    def _ruled_out(self, stated: int) -> tuple[tuple[int, ...], ...]:
        return tuple(
            [tuple(minimal([o.ruled_out & stated for o in options])) for options in self.options]
        )

    def able(self, stated: int) -> int:
        """Return the models with a configuration that rules out none of the stated requirements."""
        return union([models for mask, models in self._ruling_out.items() if not mask & stated])

    @derived
    def _ruling_out(self) -> dict[int, int]:
        """The mask of the models with a configuration that rules out a mask of requirements."""
        models: dict[int, int] = {}
        for index, options in enumerate(self.options):
            for option in options:
                models[option.ruled_out] = models.get(option.ruled_out, 0) | 1 << index
        return models

    @derived
    def _pinning(self) -> int:
        """The mask of the requirements that some configuration rules out."""
        return union(self._ruling_out)

    def _spares(self) -> int:
        """Return the mask of the requirements that pin a spare value."""
        return union(
            [pinned for options in self.options for option in options for pinned in option.spare]
        )

    def _weighed(self, context: Context, importances: Iterable[int]) -> tuple[int, ...]:
        factors = self.coefficients(context)
        return tuple([i * f for i, f in zip(importances, factors, strict=True)])

    def neutral_weights(self, context: Context) -> tuple[int, ...]:
        """Return the weight of each criterion where no preference is stated."""
        return self._weighed(context, neutral(self.declared, batch=context.batch))

    def _by_score(self, context: Context, importances: tuple[int, ...]) -> tuple[int, ...]:
        """Return the indices of all models as they rank where they stand alike, best first."""
        return tuple([rank[-1] for rank in sorted(self.score(context, importances).ranks)])

    def _score(self, context: Context, importances: tuple[int, ...]) -> Scores:
        """Return how all models score."""
        weights = self._weighed(context, importances)
        flat = self._sums.of(weights)
        sums = tuple(zip(flat[::2], flat[1::2], strict=True))
        level = self.neutral_sums(context)
        ranks = tuple([(-low - high, -level[i], i) for i, (low, high) in enumerate(sums)])
        return Scores(weights, sums, ranks)

    def _coefficients(self, context: Context) -> tuple[int, ...]:
        """Return what the importance of each criterion is multiplied by, in declared order."""
        return coefficients(self.weights, self.declared, context)

    def _sums_at_neutral(self, context: Context) -> tuple[int, ...]:
        """Return the doubled weighted sum of each model where no preference is stated."""
        flat = self._sums.of(self.neutral_weights(context))
        return tuple([a + b for a, b in zip(flat[::2], flat[1::2], strict=True)])


def solver_of(
    catalogue: Catalogue | None = None,
    weights: Weights | None = None,
    measurements: Mapping[str, object] | None = None,
) -> Solver:
    """Return the solver of a catalogue and weights; without them, of those that ship.

    Args:
        catalogue: the models to choose from.
        weights: what scores them.
        measurements: claims by model and attribute, each of which replaces the chosen claim.

    Raises:
        InputError: where one is something else, or with every fault of the measurements.
    """
    wrong = [
        Problem(place, "", f"a {kind.__name__}", shown(given), f"to read one: load_{place}(path)")
        for place, given, kind in (
            ("catalogue", catalogue, Catalogue),
            ("weights", weights, Weights),
        )
        if given is not None and not isinstance(given, kind)
    ]
    if wrong:
        raise InputError(wrong)
    models = load_catalogue() if catalogue is None else catalogue
    if measurements is not None:
        models = with_measurements(models, measurements, place="measurements")
    return _prepared(models, load_weights() if weights is None else weights)


@lru_cache(maxsize=8)
def _prepared(catalogue: Catalogue, weights: Weights) -> Solver:
    """Return the solver of a catalogue (by identity) and weights (by value)."""
    return Solver(catalogue, weights)


def order(standing: Standing, policy: Policy) -> Order:
    """Return the standing as it ranks; to accept the unknown is to rank it as met."""
    if policy == "accept" and standing.status is Status.UNVERIFIED:
        return Status.MEETS, 0
    return standing.status, standing.unverified.bit_count()


def _best(
    options: tuple[RunnableConfiguration, ...], masks: Masks, stated: int
) -> tuple[Masks, Configuration | None]:
    """Return what a model's best configuration misses, and that configuration.

    Fewest violations, then fewest unverified; `options` come in the order that decides between
    equals. One that rules nothing out beyond what the facts violate cannot be bettered.
    """
    for option in options:
        if not option.ruled_out & stated & ~masks.violated:
            return masks, option.values
    marked = [(missed(option, masks, stated), option.values) for option in options]
    return min(
        marked,
        key=lambda mark: (mark[0].violated.bit_count(), mark[0].unverified.bit_count()),
        default=(masks, None),
    )
