"""Rivals of `mars_solver.recommend` for latency.py: the same question, answered in other ways.

They share nothing with the solver but the facts of the catalogue, the profile, the value table and
the coefficients of the score. What meets a requirement is written out here once more, so that equal
answers also check the solver. They run warm too: `Ground` is prepared once, before any timing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product
from typing import Final, NamedTuple

from constraint import InSetConstraint, Problem

from mars_solver import Catalogue, Profile, Recommendation, Weights
from mars_solver.inputs.facts import Model, Range
from mars_solver.inputs.weights import coefficients
from mars_solver.solving.scoring import value_table
from mars_solver.vocabulary import CAPABILITIES, NUMBERS

Choice = tuple[str, str]
"""A variable of a configuration with one of its values."""
Wanted = bool | int | float | tuple[str, ...]
"""What a requirement asks for: true, a number, or locales."""

DOMAINS: Final[dict[str, tuple[str, ...]]] = {
    "deployment": ("cloud", "self_hosted", "on_device"),
    "delivery": ("streaming", "batch"),
    "voice": ("library", "reference_audio"),
    "style": ("as_voice", "directed"),
}
ENABLED_BY: Final[dict[Choice, tuple[str, ...]]] = {
    ("deployment", "cloud"): ("public_api",),
    ("deployment", "self_hosted"): ("self_hosted",),
    ("deployment", "on_device"): ("on_device",),
    ("delivery", "streaming"): ("real_time",),
    ("voice", "reference_audio"): ("voice_transfer", "short_reference"),
    ("style", "directed"): ("style_control",),
}
"""A value is forbidden where all of its capabilities are a "no"."""
NEEDS_VALUE: Final[dict[str, Choice]] = {
    "real_time": ("delivery", "streaming"),
    "voice_transfer": ("voice", "reference_audio"),
    "short_reference": ("voice", "reference_audio"),
    "style_control": ("style", "directed"),
    "on_device": ("deployment", "on_device"),
    "offline": ("deployment", "on_device"),
    "max_memory_mb": ("deployment", "on_device"),
    "self_hosted": ("deployment", "self_hosted"),
    "public_api": ("deployment", "cloud"),
}
ASKABLE: Final = (*NEEDS_VALUE, "max_ttfb_ms", "min_sample_rate_hz", "languages")
MET, OPEN, VIOLATED = 0, 1, 2
EXCLUDED: Final = "excluded"
_PLACE: Final = {variable: place for place, variable in enumerate(DOMAINS)}


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


class Facts(NamedTuple):
    """What is known of one model, as plain values."""

    id: str
    beta: bool
    capabilities: dict[str, bool | None]
    numbers: dict[str, Range | None]
    languages: dict[str, bool | None]
    admitted: dict[str, tuple[str, ...]]
    """The values of each variable that its capabilities do not forbid."""
    values: tuple[int, ...]
    """Of each criterion: twice the midpoint."""


class Ground(NamedTuple):
    """What does not depend on a profile."""

    models: tuple[Facts, ...]
    weights: Weights
    pairs: dict[str, set[tuple[str, str]]]
    """The pairs of model and value that are possible, for each variable."""


def prepare(catalogue: Catalogue, weights: Weights) -> Ground:
    """Return the facts of a catalogue as plain values, beside the weights."""
    table = value_table(catalogue.models, weights).sum(axis=2).tolist()
    models = tuple(_facts(m, row) for m, row in zip(catalogue.models, table, strict=True))
    pairs = {
        variable: {(facts.id, value) for facts in models for value in facts.admitted[variable]}
        for variable in DOMAINS
    }
    return Ground(models, weights, pairs)


def _facts(model: Model, values: list[int]) -> Facts:
    known: dict[str, bool | None] = {name: model.capability(name) for name in CAPABILITIES}
    admitted = {
        variable: tuple(value for value in domain if _possible(known, (variable, value)))
        for variable, domain in DOMAINS.items()
    }
    return Facts(
        model.id,
        model.beta,
        known,
        {name: model.range(name) for name in NUMBERS},
        {tag: fact.known for tag, fact in model.languages.items()},
        admitted,
        tuple(values),
    )


def _possible(known: Mapping[str, bool | None], choice: Choice) -> bool:
    enablers = ENABLED_BY.get(choice)
    return enablers is None or any(known[name] is not False for name in enablers)


def asked(profile: Profile) -> list[tuple[str, Wanted]]:
    """Return the stated requirements with what they ask for."""
    require = profile.require
    return [(name, wanted) for name in ASKABLE if (wanted := getattr(require, name))]


def known_as(facts: Facts, name: str, wanted: Wanted) -> int:
    """Return how a requirement stands on a model's facts: `MET`, `OPEN` or `VIOLATED`."""
    if isinstance(wanted, bool):
        return _opinion(facts.capabilities[name])
    if isinstance(wanted, tuple):
        return max(_opinion(facts.languages.get(tag)) for tag in wanted)
    if name == "max_ttfb_ms":
        return _at_most(facts.numbers["ttfb_ms"], wanted)
    if name == "min_sample_rate_hz":
        return _at_least(facts.numbers["sample_rate_hz"], wanted)
    if name == "max_memory_mb":
        fits = _at_most(facts.numbers["memory_mb"], wanted)
        return max(fits, _opinion(facts.capabilities["on_device"]))
    raise AssertionError(f"{name} is no requirement")


def _opinion(known: bool | None) -> int:
    if known is None:
        return OPEN
    return MET if known else VIOLATED


def _at_most(claimed: Range | None, limit: float) -> int:
    if claimed is None:
        return OPEN
    low, high = claimed
    if high <= limit:
        return MET
    return VIOLATED if low > limit else OPEN


def _at_least(claimed: Range | None, limit: float) -> int:
    if claimed is None:
        return OPEN
    low, high = claimed
    if low >= limit:
        return MET
    return VIOLATED if high < limit else OPEN


def concluded(ground: Ground, profile: Profile, unverified: Mapping[str, int]) -> Answer:
    """Return the answer, given the fewest unverified requirements of each model that remains.

    Args:
        ground: the models and weights.
        profile: what is asked.
        unverified: by model id; a model without a configuration that violates nothing is absent.
    """
    multiply = coefficients(ground.weights, profile.context)
    weights = [i * m for i, m in zip(profile.importances, multiply, strict=True)]
    standings: list[Standing] = []
    keys: list[tuple[int, int, str]] = []
    for facts in ground.models:
        count = unverified.get(facts.id)
        if count is None:
            standings.append(Standing(facts.id, EXCLUDED, EXCLUDED, 0))
            continue
        status = "unverified" if count else "guaranteed"
        if facts.beta and not profile.accept_beta:
            standings.append(Standing(facts.id, EXCLUDED, status, count))
            continue
        standings.append(Standing(facts.id, status, status, count))
        score = sum(w * v for w, v in zip(weights, facts.values, strict=True))
        keys.append((count, -score, facts.id))
    return Answer(tuple(standings), tuple(model for _, _, model in sorted(keys)))


def read(answer: Recommendation) -> Answer:
    """Return the part of a recommendation that the rivals answer too."""
    decision = answer.decision
    standings = []
    for standing in decision.standings:
        remains = "unverified" if standing.unverified else "guaranteed"
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
            [value for value in domain if _possible(facts.capabilities, (variable, value))]
            for variable, domain in DOMAINS.items()
        ]
        for configuration in product(*domains):
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
        if choice and configuration[_PLACE[choice[0]]] != choice[1]:
            return None
        verdict = known_as(facts, name, amount)
        if verdict == VIOLATED:
            return None
        count += verdict == OPEN
    return count


def python_constraint(ground: Ground, profile: Profile) -> Answer:
    """Answer with python-constraint2: one problem for each profile, every requirement posted.

    The model and the four variables of a configuration, a constraint on each pair of model and
    value, and each stated requirement as one or two unary constraints that it is not violated
    (constraints on pairs of model and value took half as long again). All solutions are
    enumerated to see which models remain. The requirements that a model leaves unverified are the
    same in all of them, since none of its configurations violates anything, and are counted while
    the constraints are posted. A second problem, with every requirement posted as met, would only
    find the models with a count of 0 again: they are guaranteed.
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
    unverified = dict.fromkeys(ids, 0)
    for name, amount in asked(profile):
        choice = NEEDS_VALUE.get(name)
        if choice:
            problem.addConstraint(InSetConstraint([choice[1]]), [choice[0]])
        verdicts = {facts.id: known_as(facts, name, amount) for facts in ground.models}
        remain = [model for model, verdict in verdicts.items() if verdict != VIOLATED]
        problem.addConstraint(InSetConstraint(remain), ["model"])
        for model in remain:
            unverified[model] += verdicts[model] == OPEN
    found = {solution["model"] for solution in problem.getSolutions()}
    return concluded(ground, profile, {model: unverified[model] for model in found})


Rival = Callable[[Ground, Profile], Answer]
RIVALS: Final[dict[str, Rival]] = {
    "plain Python loop": plain_loop,
    "python-constraint2": python_constraint,
}
