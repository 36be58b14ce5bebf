"""Rivals of `mars_solver.recommend`: the same question, answered in other ways.

They judge by `shared.rules`, and share nothing with the solver but the facts of the catalogue, the
profile, the value table and the coefficients of the score, so that equal answers also check the
solver. They run warm too: `Ground` is prepared once, before any timing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import product
from typing import Final, NamedTuple

from constraint import InSetConstraint, Problem

from benchmarks.shared.rules import (
    DOMAINS,
    NEEDS_VALUE,
    UNVERIFIED,
    VIOLATED,
    Facts,
    Wanted,
    admits,
    asked,
    facts_of,
    verdict,
)
from mars_solver import Catalogue, Profile, Recommendation, Weights
from mars_solver.inputs.catalogue.attributes import Declarations
from mars_solver.inputs.profile import Context, neutral
from mars_solver.inputs.weights import coefficients
from mars_solver.solving.scoring import value_rows

EXCLUDED: Final = "excluded"
_INDEX: Final = {variable: index for index, variable in enumerate(DOMAINS)}


class Standing(NamedTuple):
    """How one model stands."""

    model: str
    status: str
    configuration_status: str
    """That of its best configuration; a beta that is not accepted is excluded all the same."""
    unverified: int
    """The fewest unverified requirements; 0 where every configuration is excluded."""


class Answer(NamedTuple):
    """What every contender must say of a profile."""

    standings: tuple[Standing, ...]
    shortlist: tuple[str, ...]


class Scale(NamedTuple):
    """What scores depend on beside the importances: the same for every profile of a context."""

    factors: tuple[int, ...]
    """What the importance of each criterion is multiplied by."""
    neutral: tuple[int, ...]
    """The score of each model at neutral importances, which breaks ties."""


class Ground(NamedTuple):
    """What does not depend on a profile."""

    models: tuple[Facts, ...]
    values: tuple[tuple[int, ...], ...]
    """Twice the midpoint of each model's value of each criterion."""
    weights: Weights
    declared: Declarations
    scale: Callable[[Context], Scale]
    """Remembers what it is asked."""
    pairs: dict[str, set[tuple[str, str]]]
    """The pairs of model and value that are possible, for each variable."""


def prepare(catalogue: Catalogue, weights: Weights) -> Ground:
    """Return the facts of a catalogue as plain values, beside the weights."""
    ends = value_rows(catalogue.models, catalogue.declared, weights)
    table = [[low + high for low, high in row] for row in ends]
    models = tuple(map(facts_of, catalogue.models))
    pairs = {
        variable: {(facts.id, value) for facts in models for value in facts.admitted[variable]}
        for variable in DOMAINS
    }
    values, declared = tuple(map(tuple, table)), catalogue.declared

    @cache
    def scale(context: Context) -> Scale:
        factors = coefficients(weights, declared, context)
        level = weighted(factors, neutral(declared, batch=context.batch))
        return Scale(factors, tuple(score(level, row) for row in values))

    return Ground(models, values, weights, declared, scale, pairs)


def weighted(factors: Sequence[int], importances: Sequence[int]) -> list[int]:
    """Return the weight of each criterion."""
    return [factor * importance for factor, importance in zip(factors, importances, strict=True)]


def score(weights: Sequence[int], values: Sequence[int]) -> int:
    """Return the weighted sum of the values of a model."""
    return sum(weight * value for weight, value in zip(weights, values, strict=True))


def concluded(ground: Ground, profile: Profile, unverified: Mapping[str, int]) -> Answer:
    """Return the answer, given the fewest unverified requirements of each model that remains.

    Args:
        ground: the models and weights.
        profile: what is asked.
        unverified: by model id; a model without a configuration that violates nothing is absent.
    """
    factors, level = ground.scale(profile.context)
    weights = weighted(factors, profile.importances)
    standings: list[Standing] = []
    keys: list[tuple[int, int, int, str]] = []
    for facts, values, neutrally in zip(ground.models, ground.values, level, strict=True):
        count = unverified.get(facts.id)
        if count is None:
            standings.append(Standing(facts.id, EXCLUDED, EXCLUDED, 0))
            continue
        status = "unverified" if count else "meets"
        if facts.beta and not profile.accept_beta:
            standings.append(Standing(facts.id, EXCLUDED, status, count))
            continue
        standings.append(Standing(facts.id, status, status, count))
        keys.append((count, -score(weights, values), -neutrally, facts.id))
    return Answer(tuple(standings), tuple(key[-1] for key in sorted(keys)))


def read(answer: Recommendation) -> Answer:
    """Return the part of a recommendation that the rivals answer too."""
    decision = answer.decision
    standings = []
    for standing in decision.standings:
        remains = "unverified" if standing.unverified else "meets"
        configuration = EXCLUDED if standing.violated else remains
        count = 0 if standing.violated else standing.unverified.bit_count()
        status = standing.status.word
        standings.append(Standing(standing.model.id, status, configuration, count))
    return Answer(tuple(standings), tuple(candidate.model for candidate in answer.shortlist))


def plain_loop(ground: Ground, profile: Profile) -> Answer:
    """Answer by nested loops over models, configurations and requirements, nothing prepared.

    It leaves a configuration at the first violation, as the question here allows; `recommend` finds
    every violation.
    """
    wanted = asked(profile)
    fewest: dict[str, int] = {}
    for facts in ground.models:
        domains = [
            [value for value in domain if admits(facts.capabilities, (variable, value))]
            for variable, domain in DOMAINS.items()
        ]
        for configuration in product(*domains):
            if any(
                all(configuration[_INDEX[variable]] == value for variable, value in each.items())
                for each in facts.impossible
            ):
                continue
            unverified = _unverified(facts, configuration, wanted)
            if unverified is not None and unverified <= fewest.get(facts.id, unverified):
                fewest[facts.id] = unverified
    return concluded(ground, profile, fewest)


def _unverified(
    facts: Facts, configuration: tuple[str, ...], wanted: list[tuple[str, Wanted]]
) -> int | None:
    """Return how many requirements a configuration leaves open; None where it violates one."""
    count = 0
    for name, amount in wanted:
        choice = NEEDS_VALUE.get(name)
        if choice and configuration[_INDEX[choice[0]]] not in choice[1]:
            return None
        judged = verdict(facts, name, amount)
        if judged == VIOLATED:
            return None
        count += judged == UNVERIFIED
    return count


def python_constraint(ground: Ground, profile: Profile) -> Answer:
    """Answer with python-constraint2: one problem for each profile, every requirement posted.

    The model and the four variables of a configuration, a constraint on each pair of model and
    value, and each stated requirement as one or two unary constraints that it is not violated
    (constraints on pairs of model and value took half as long again). All solutions are
    enumerated to see which models remain. The requirements that a model leaves unverified are the
    same in all of them, since none of its configurations violates anything, and are counted while
    the constraints are posted. A second problem, with every requirement posted as met, would only
    find the models with a count of 0 again: they meet everything.
    """
    problem = Problem()
    ids = [facts.id for facts in ground.models]
    problem.addVariable("model", ids)
    for variable, domain in DOMAINS.items():
        problem.addVariable(variable, domain)
        pairs = ground.pairs[variable]

        def possible(model: str, value: str, pairs: set[tuple[str, str]] = pairs) -> bool:
            return (model, value) in pairs

        problem.addConstraint(possible, ("model", variable))
    for facts in ground.models:
        for each in facts.impossible:
            barred = (facts.id, *each.values())

            def another(*values: str, barred: tuple[str, ...] = barred) -> bool:
                return values != barred

            problem.addConstraint(another, ("model", *each))
    unverified = dict.fromkeys(ids, 0)
    for name, amount in asked(profile):
        choice = NEEDS_VALUE.get(name)
        if choice:
            problem.addConstraint(InSetConstraint(choice[1]), [choice[0]])
        verdicts = {facts.id: verdict(facts, name, amount) for facts in ground.models}
        remain = [model for model, verdict in verdicts.items() if verdict != VIOLATED]
        problem.addConstraint(InSetConstraint(remain), ["model"])
        for model in remain:
            unverified[model] += verdicts[model] == UNVERIFIED
    left = {solution["model"] for solution in problem.getSolutions()}
    return concluded(ground, profile, {model: unverified[model] for model in left})


Rival = Callable[[Ground, Profile], Answer]
RIVALS: Final[dict[str, Rival]] = {
    "plain Python loop": plain_loop,
    "python-constraint2": python_constraint,
}
