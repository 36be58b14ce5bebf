"""What the weights have to meet: labels held against the facts, the guide, and the pinned answers.

A label is grounded once it is known between which models the weights decide. Its target is what it
demands of them. The guide and the pinned answers that `mars-solver verify` checks are targets too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from mars_solver.errors import Faults, InputError, Problem, dotted, rerooted
from mars_solver.inputs.catalogue.catalogue import digest
from mars_solver.inputs.catalogue.measurements import with_measurements
from mars_solver.inputs.parsing import did_you_mean, one_of
from mars_solver.proving.pins import Pins, Scenario
from mars_solver.proving.theorem import demands
from mars_solver.solving.solver import Decision, Order, Solver
from mars_solver.tuning.labels import Document, Label, together
from mars_solver.tuning.leads import IntegerRow, Lead, ProfileTerms, Target, Way, lead, way

ValuedModel = tuple[str, IntegerRow]
"""A model's id, and the doubled midpoints of its values."""


@dataclass(frozen=True)
class GroundedLabel:
    """A label held against the facts: which models can come first, and what the label demands."""

    label: Label
    asked: ProfileTerms
    level: tuple[ValuedModel, ...]
    """The models with the best standing, of which the weights pick the first."""
    pairs: tuple[tuple[ValuedModel, ValuedModel], ...]
    """The pairs under `over` between which the weights decide."""
    target: Target

    def first(self, numbers: IntegerRow) -> str:
        """Return the model that ranks first under some weights."""
        asked = self.asked
        factors = [asked.weights(numbers, each) for each in (asked.importances, asked.neutral)]

        def key(model: ValuedModel) -> tuple[int, int, str]:
            score, level = (sum(f * v for f, v in zip(w, model[1], strict=True)) for w in factors)
            return -score, -level, model[0]

        return min(self.level, key=key)[0]

    @property
    def choices(self) -> Iterator[tuple[GroundedLabel, tuple[ValuedModel, ...], tuple[str, ...]]]:
        """Each choice that the label makes: between which models, and which of them are right."""
        if self.acceptable and len(self.level) > 1:
            yield self, self.level, self.acceptable
        for one, other in self.pairs:
            yield self, (one, other), (one[0],)

    @property
    def acceptable(self) -> tuple[str, ...]:
        """The models that may rank first; empty if the label does not say."""
        expected = self.label.document.expected
        return expected[:1] if self.label.ordered else expected


class SolverCache:
    """Solvers by measurements: equal measurements are prepared once."""

    def __init__(self, solver: Solver) -> None:
        self._solver = solver
        self._known: dict[str, Solver] = {}

    def of(self, label: Label) -> Solver:
        """Return the solver for a label's facts."""
        measured = label.document.measurements
        if measured is None:
            return self._solver
        key = digest(label.says()["measurements"])
        if key not in self._known:
            facts = with_measurements(
                self._solver.catalogue, measured, place=label.at("measurements")
            )
            self._known[key] = Solver(facts, self._solver.weights)
        return self._known[key]


def questions(labels: Sequence[Label], solver: Solver) -> tuple[GroundedLabel, ...]:
    """Return labels as one set, each held against the facts, in order of what they say.

    Raises:
        InputError: if ids clash, if a label names an unknown model, or if no weights can put a
            model where its label wants it, because others have a better standing. All such labels
            are named.
    """
    solvers = SolverCache(solver)
    grounded: list[GroundedLabel] = []
    kept, problems = together(labels)
    faults = Faults(problems)
    for label in kept:
        with faults:
            grounded.append(_question(label, solvers.of(label)))
    faults.check()
    return tuple(sorted(grounded, key=lambda question: question.label.content))


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
    level = tuple(field.models[name] for name in field.best)
    pairs = tuple((field.models[one], field.models[other]) for one, other in field.pairs())
    return GroundedLabel(label, field.asked, level, pairs, Target(label.id, ways))


class _Field:
    """The standings of the models for the profile of one label."""

    def __init__(self, label: Label, solver: Solver) -> None:
        self.label = label
        with rerooted(lambda problem: _in_profile(problem, label)):
            self.decision = solver.decide(label.document.profile)
        self.models = _valued(solver)
        self.asked = ProfileTerms.of(label.document.profile, solver)
        self.orders = orders(self.decision)
        best = min(self.orders.values(), default=None)
        self.best = [name for name, each in self.orders.items() if each == best]

    def ways(self) -> tuple[Way, ...]:
        """Return the ways in which weights can meet the label.

        Raises:
            InputError: if the facts rule it out.
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
            InputError: if the facts decide the other way.
        """
        over = sorted(set(self.label.document.over))
        return [pair for pair in over if self._open(*pair, path="over")]

    def _way(self, chain: Iterable[tuple[str, str]]) -> Way | None:
        return way(
            lead(self.asked, self.models[one], self.models[other])
            for one, other in dict.fromkeys(chain)
        )

    def _any_first(self, expected: tuple[str, ...]) -> Iterator[list[tuple[str, str]]]:
        """Yield the pairs with every rival, for each acceptable model with the best standing."""
        able = [model for model in self.best if model in expected]
        if not able:
            raise InputError([self._ruled_out(expected[0], "expected")])
        rivals = [model for model in self.best if model not in expected]
        for model in able:
            yield [(model, rival) for rival in rivals]

    def _in_order(self, expected: tuple[str, ...]) -> list[tuple[str, str]]:
        """Return the pairs that rank the expected models first, in their order."""
        if expected[0] not in self.best:
            raise InputError([self._ruled_out(expected[0], "expected")])
        rest = [model for model in self.orders if model not in expected]
        pairs = [*pairwise(expected), *((expected[-1], rival) for rival in rest)]
        return [pair for pair in pairs if self._open(*pair, path="expected")]

    def _open(self, one: str, other: str, *, path: str) -> bool:
        """Return whether weights decide between two models; False if the first is ahead anyway."""
        if one not in self.orders:
            raise InputError([self._ruled_out(one, path)])
        if other not in self.orders or self.orders[one] < self.orders[other]:
            return False
        if self.orders[one] > self.orders[other]:
            raise InputError([self._ruled_out(one, path)])
        return True

    def _ruled_out(self, model: str, path: str) -> Problem:
        """Return the problem with a model that no weights can put where the label wants it."""
        standing = next(s for s in self.decision.standings if s.model.id == model)
        declared = self.decision.profile.declared
        missing = declared.names_of(standing.violated or standing.unverified)
        if missing and not (standing.refused and not standing.violated):
            how = "violates" if standing.violated else "leaves unverified"
            why = f"which {how} {', '.join(missing)}"
        elif standing.configuration is None:
            why = "which the measurements leave no way to run"
        else:
            why = "a beta, and the profile does not accept betas"
        best = f"{', '.join(self.best)} meets more" if self.best else "no model meets the profile"
        hint = f"{best}, and weights only decide between models that meet equally much"
        expected = "a model that weights can put there"
        return Problem(self.label.at(path), path, expected, f"{model}, {why}", hint)


def _in_profile(problem: Problem, label: Label) -> Problem:
    """Return a problem of a label's profile, where the label has it."""
    path = dotted("profile", problem.path)
    return replace(problem, place=label.at(path), path=path)


def relabelled(question: GroundedLabel, model: str) -> GroundedLabel:
    """Return the same profile with another right model, one with the best standing."""
    first = next(each for each in question.level if each[0] == model)
    leads = [lead(question.asked, first, rival) for rival in question.level if rival != first]
    changed = question.label.document.model_copy(
        update={"expected": (model,), "line": None, "over": ()}
    )
    label = replace(question.label, document=changed)
    target = _target(question.target.name, leads)
    return replace(question, label=label, pairs=(), target=target)


def satisfied(label: Label, solver: Solver) -> bool:
    """Return whether a solver decides as a label wants."""
    document = label.document
    decision = solver.decide(document.profile)
    ranked = decision.ids
    ranks = {model: rank for rank, model in enumerate(ranked)}
    last = len(ranked)
    if any(ranks.get(one, last) >= ranks.get(other, last) for one, other in document.over):
        return False
    if label.ordered:
        return ranked[: len(document.expected)] == document.expected
    return not document.expected or (bool(ranked) and ranked[0] in document.expected)


def orders(decision: Decision) -> dict[str, Order]:
    """Return the order of each model that is not excluded, by id, in the catalogue's order."""
    return {
        decision.standings[index].model.id: decision.order(index)
        for index in sorted(decision.ranking)
    }


def _valued(solver: Solver) -> dict[str, ValuedModel]:
    """Return each model, by id, with the doubled midpoints of its values."""
    ids = [model.id for model in solver.catalogue.models]
    return dict(zip(ids, zip(ids, solver.middles, strict=True), strict=True))


def of_guide(solver: Solver, scenarios: Sequence[Scenario] | None) -> tuple[Target, ...]:
    """Return what the proof demands: its theorem (a), and the guide's lines (b).

    Without a guide there is no theorem, and there may be no lines. Lines that the facts rule out,
    and targets that all weights meet, are left out.
    """
    models = _valued(solver)
    targets = []
    guided = solver.catalogue.flowchart is not None
    for context, ahead, behind in demands(solver) if guided else ():
        where = " + ".join(context.needs) or "no need stated"
        where += ", in batch" if context.batch else ""
        where += f", {context.primary} first" if context.primary else ""
        only = lead(ProfileTerms.at(context, solver), models[ahead], models[behind])
        targets.append(_target(f"{ahead} over {behind} ({where})", [only]))
    for scenario in scenarios or ():
        document = Document(
            id=scenario.id,
            line=scenario.line,
            profile=scenario.profile,
            expected=scenario.expected,
            measurements=scenario.measurements,
        )
        try:
            [question] = questions([Label(document, "scenario")], solver)
        except InputError:  # the facts have changed so that no weights bring the line about
            continue
        targets.append(Target(f"line {scenario.line} of the guide", question.target.ways))
    return _undecided(targets)


def of_pins(solver: Solver, pins: Pins | None) -> tuple[Target, ...]:
    """Return what the pinned answers (c) demand: the order of each between equal standings.

    Pins whose models the facts have changed are left out: no weights bring them back.
    """
    models = _valued(solver)
    targets = []
    for pin in () if pins is None else pins.pins:
        standing = orders(solver.decide(pin.profile))
        names = [name for name, _ in pin.shortlist]
        if sorted(names) != sorted(standing):
            continue
        asked = ProfileTerms.of(pin.profile, solver)
        leads = [
            lead(asked, models[one], models[other])
            for one, other in pairwise(names)
            if standing[one] == standing[other]
        ]
        stated = "; ".join(pin.profile.statements())
        targets.append(_target(f"the pinned answer to {stated}", leads))
    return _undecided(targets)


def _target(name: str, leads: Iterable[Lead]) -> Target:
    """Return the target that all of some leads hold."""
    only = way(leads)
    return Target(name, () if only is None else (only,))


def _undecided(targets: Iterable[Target]) -> tuple[Target, ...]:
    """Return the targets that not all weights meet, each once."""
    once: dict[object, Target] = {}
    for target in targets:
        if target.ways != ((),):
            once.setdefault(target.ways, target)
    return tuple(once.values())
