"""Labels held against the facts: what each asks of the weights, and which of them cannot be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from mars_solver.errors import Faults, InputError, Problem
from mars_solver.inputs.measurements import with_measurements
from mars_solver.inputs.parsing import did_you_mean, one_of
from mars_solver.solving.solver import Decision, Order, Solver, order
from mars_solver.tuning.labels import Label, together
from mars_solver.tuning.leads import ProfileTerms, Row, Target, Way, lead, way
from mars_solver.vocabulary import Status, names_of

Ranked = tuple[str, Row]
"""A model's id, and the doubled midpoints of its values."""


@dataclass(frozen=True)
class GroundedLabel:
    """A label held against the facts: who can come first, and what the label asks of them."""

    label: Label
    asked: ProfileTerms
    level: tuple[Ranked, ...]
    """The models of the best standing, of which the weights pick the first."""
    pairs: tuple[tuple[Ranked, Ranked], ...]
    """The pairs under `over` between which the weights decide."""
    target: Target

    def first(self, numbers: Row) -> str:
        """Return the model that comes first under some weights."""
        factors = self.asked.weights(numbers)
        return min(
            (-sum(f * v for f, v in zip(factors, values, strict=True)), model)
            for model, values in self.level
        )[1]

    @property
    def choices(self) -> Iterator[tuple[GroundedLabel, tuple[Ranked, ...], tuple[str, ...]]]:
        """The choices that the label makes: between which models, and which are right."""
        if self.acceptable and len(self.level) > 1:
            yield self, self.level, self.acceptable
        for one, other in self.pairs:
            yield self, (one, other), (one[0],)

    @property
    def acceptable(self) -> tuple[str, ...]:
        """The models that may come first; empty where the label says nothing of the first."""
        expected = self.label.document.expected
        return expected[:1] if self.label.ordered else expected


class SolverCache:
    """Solvers by measurements: those of one file are prepared once."""

    def __init__(self, solver: Solver) -> None:
        self._solver = solver
        self._known: dict[str, Solver] = {}

    def of(self, label: Label) -> Solver:
        """Return the solver of a label's facts."""
        measured = label.document.measurements
        if measured is None:
            return self._solver
        key = str(label.says()["measurements"])
        if key not in self._known:
            facts = with_measurements(
                self._solver.catalogue, measured, place=label.at("measurements")
            )
            self._known[key] = Solver(facts, self._solver.weights)
        return self._known[key]


def questions(labels: Sequence[Label], solver: Solver) -> tuple[GroundedLabel, ...]:
    """Return labels as one set, each held against the facts.

    Raises:
        InputError: with what keeps them from being one set, and with every label that names a model
            which is none, or which no weights can put where the label wants it, because others
            stand better.
    """
    facts = SolverCache(solver)
    found: list[GroundedLabel] = []
    kept, problems = together(labels)
    faults = Faults(problems)
    for label in kept:
        with faults:
            found.append(_question(label, facts.of(label)))
    faults.check()
    return tuple(found)


def _question(label: Label, solver: Solver) -> GroundedLabel:
    known = [model.id for model in solver.catalogue.models]
    document = label.document
    named = dict.fromkeys(document.expected, "expected")
    named |= {name: "over" for pair in document.over for name in pair}
    problems = [
        Problem(label.at(path), path, one_of(known), name, did_you_mean(name, known))
        for name, path in named.items()
        if name not in known
    ]
    if problems:
        raise InputError(problems)
    field = _Field(label, solver)
    ways = field.ways()
    level = tuple((name, field.values[name]) for name in field.best)
    pairs = tuple(
        ((one, field.values[one]), (other, field.values[other])) for one, other in field.pairs()
    )
    return GroundedLabel(label, field.asked, level, pairs, Target(label.id, ways))


class _Field:
    """How the models stand to one label."""

    def __init__(self, label: Label, solver: Solver) -> None:
        self.label = label
        self.decision = solver.decide(label.document.profile)
        ids = [model.id for model in solver.catalogue.models]
        self.values = dict(zip(ids, solver.middles, strict=True))
        self.asked = ProfileTerms.of(label.document.profile)
        self.orders = orders(self.decision)
        best = min(self.orders.values(), default=None)
        self.best = [name for name, each in self.orders.items() if each == best]

    def ways(self) -> tuple[Way, ...]:
        """Return the ways in which the label can come true.

        Raises:
            InputError: where the facts rule it out.
        """
        document = self.label.document
        pairs = self.pairs()
        if not document.expected:
            chains: list[list[tuple[str, str]]] = [pairs]
        elif self.label.ordered:
            chains = [pairs + self._in_order(document.expected)]
        else:
            chains = [pairs + chain for chain in self._any_first(document.expected)]
        ways = [self._way(chain) for chain in chains]
        return tuple(each for each in ways if each is not None)

    def pairs(self) -> list[tuple[str, str]]:
        """Return the pairs under `over` between which weights decide.

        Raises:
            InputError: where the facts decide the other way.
        """
        return [pair for pair in self.label.document.over if self._open(*pair, path="over")]

    def _way(self, chain: Iterable[tuple[str, str]]) -> Way | None:
        return way(
            lead(self.asked, (one, self.values[one]), (other, self.values[other]))
            for one, other in dict.fromkeys(chain)
        )

    def _any_first(self, expected: tuple[str, ...]) -> Iterator[list[tuple[str, str]]]:
        """Yield, for each acceptable model that stands best, its pairs with every other one."""
        able = [model for model in expected if model in self.best]
        if not able:
            raise InputError([self._ruled_out(expected[0], "expected")])
        rivals = [model for model in self.best if model not in expected]
        for model in able:
            yield [(model, rival) for rival in rivals]

    def _in_order(self, expected: tuple[str, ...]) -> list[tuple[str, str]]:
        """Return the pairs that put models into the first places in an order."""
        if expected[0] not in self.best:
            raise InputError([self._ruled_out(expected[0], "expected")])
        rest = [model for model in self.orders if model not in expected]
        pairs = [*pairwise(expected), *((expected[-1], rival) for rival in rest)]
        return [pair for pair in pairs if self._open(*pair, path="expected")]

    def _open(self, one: str, other: str, *, path: str) -> bool:
        """Return whether weights decide between two models; False where the first one is ahead."""
        if one not in self.orders:
            raise InputError([self._ruled_out(one, path)])
        if other not in self.orders or self.orders[one] < self.orders[other]:
            return False
        if self.orders[one] > self.orders[other]:
            raise InputError([self._ruled_out(one, path)])
        return True

    def _ruled_out(self, model: str, path: str) -> Problem:
        """Return the problem of a model that no weights can put where the label wants it."""
        standing = next(s for s in self.decision.standings if s.model.id == model)
        missing = names_of(standing.violated or standing.unverified)
        if missing and not (standing.refused and not standing.violated):
            how = "violates" if standing.violated else "leaves unverified"
            why = f"which {how} {', '.join(missing)}"
        else:
            why = "a beta, and the profile does not accept betas"
        best = f"{', '.join(self.best)} stands best" if self.best else "no model meets the profile"
        hint = f"{best}, and weights decide only between equal standings"
        expected = "a model that weights can put there"
        return Problem(self.label.at(path), path, expected, f"{model}, {why}", hint)


def relabelled(question: GroundedLabel, model: str) -> GroundedLabel:
    """Return the same profile with another right model, one of the best standing."""
    values = dict(question.level)
    leads = (
        lead(question.asked, (model, values[model]), rival)
        for rival in question.level
        if rival[0] != model
    )
    only = way(leads)
    changed = question.label.document.model_copy(
        update={"expected": (model,), "line": None, "over": ()}
    )
    label = replace(question.label, document=changed)
    target = Target(question.target.name, () if only is None else (only,))
    return replace(question, label=label, pairs=(), target=target)


def satisfied(label: Label, solver: Solver) -> bool:
    """Return whether a label comes out as a solver decides."""
    document = label.document
    decision = solver.decide(document.profile)
    ranked = decision.ids
    places = {model: place for place, model in enumerate(ranked)}
    last = len(ranked)
    if any(places.get(one, last) >= places.get(other, last) for one, other in document.over):
        return False
    if label.ordered:
        return ranked[: len(document.expected)] == document.expected
    return not document.expected or (bool(ranked) and ranked[0] in document.expected)


def orders(decision: Decision) -> dict[str, Order]:
    """Return how the models that are left stand, by id."""
    policy = decision.question.policy
    return {
        standing.model.id: order(standing, policy)
        for standing in decision.standings
        if standing.status is not Status.EXCLUDED
    }
