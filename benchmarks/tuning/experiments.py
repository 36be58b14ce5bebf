"""The figures of the report: how many labels weights meet, and what answers they change."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, NamedTuple

from benchmarks.tuning.hidden import random_profiles
from mars_solver import Catalogue, Profile, Solver, Weights
from mars_solver.inputs.catalogue.attributes import Declarations
from mars_solver.inputs.weights import vector_paths, vectors
from mars_solver.tuning.leads import IntegerRow, numbers_of
from mars_solver.tuning.targets import GroundedLabel, relabelled
from mars_solver.tuning.tune import HeldOut, cross_validate, estimate, held_out

PROFILES: Final = 1000
"""How many random profiles compare two weights."""
SAMPLE: Final = 200
"""The curves use at most this many labels, so that a report takes seconds."""
SHARES: Final = (0.1, 0.2, 0.4, 0.6, 0.8)
NOISE: Final = (0.0, 0.05, 0.1, 0.2)
REPEATS: Final = 2
_FEWEST: Final = 10
"""With fewer groups of labels, curves would show chance alone."""

Turn = tuple[str, str, str]
"""What is asked, and the first model before and after."""


class LabelLead(NamedTuple):
    """The smallest lead of one label under two weights, in score points."""

    label: str
    before: float
    after: float


class Point(NamedTuple):
    """One point of a curve: the mean and the ends of its repeats."""

    at: float
    mean: float
    least: float
    most: float


@dataclass(frozen=True)
class Figures:
    """Everything that the report shows."""

    labels: int
    groups: int
    before: HeldOut
    after: HeldOut
    leads: tuple[LabelLead, ...]
    confusion: dict[tuple[str, str], int]
    """How many labels that want the first model are answered with the second."""
    folds: tuple[HeldOut, ...]
    learning: tuple[Point, ...]
    noise: tuple[Point, ...]
    turned_labels: tuple[Turn, ...]
    turned_profiles: dict[tuple[str, str], int]
    """How many random profiles go from the first model to the second."""
    examples: tuple[Turn, ...]
    profiles: int


def figures(
    asked: Sequence[GroundedLabel], catalogue: Catalogue, before: Weights, after: Weights, seed: int
) -> Figures:
    """Return the figures; the same for the same seed."""
    declared = catalogue.declared
    old, new = numbers_of(before, declared), numbers_of(after, declared)
    turns = list(_random_turns(catalogue, before, after, seed))
    return Figures(
        labels=len(asked),
        groups=len({question.label.group for question in asked}),
        before=held_out(asked, old),
        after=held_out(asked, new),
        leads=_leads(asked, old, new),
        confusion=_confusion(asked, new),
        folds=cross_validate(asked, before, declared, seed),
        learning=_learning(asked, before, declared, seed),
        noise=_noise(asked, before, declared, seed),
        turned_labels=turned(asked, before, after, declared),
        turned_profiles=dict(sorted(Counter(turn[1:] for turn in turns).items())),
        examples=tuple(turns[:12]),
        profiles=PROFILES,
    )


def changes(before: Weights, after: Weights, declared: Declarations) -> list[tuple[str, int, int]]:
    """Return the numbers that differ: path, before, after."""
    rows = (vector_paths(declared), vectors(before, declared), vectors(after, declared))
    return [
        (".".join((*path, criterion.name)), one, other)
        for path, old, new in zip(*rows, strict=True)
        for criterion, one, other in zip(declared.criteria, old, new, strict=True)
        if one != other
    ]


def turned(
    asked: Sequence[GroundedLabel], before: Weights, after: Weights, declared: Declarations
) -> tuple[Turn, ...]:
    """Return the labels whose first model differs under two weights."""
    old, new = numbers_of(before, declared), numbers_of(after, declared)
    pairs = [(question.label.id, question.first(old), question.first(new)) for question in asked]
    return tuple(sorted(pair for pair in pairs if pair[1] != pair[2]))


def _leads(
    asked: Sequence[GroundedLabel], old: IntegerRow, new: IntegerRow
) -> tuple[LabelLead, ...]:
    leads = []
    for question in asked:
        before, after = (question.target.points(numbers) for numbers in (old, new))
        if before is not None and after is not None:
            leads.append(LabelLead(question.label.id, float(before), float(after)))
    return tuple(sorted(leads, key=lambda lead: (lead.after, lead.label)))


def _confusion(asked: Sequence[GroundedLabel], numbers: IntegerRow) -> dict[tuple[str, str], int]:
    counts: Counter[tuple[str, str]] = Counter()
    for question in asked:
        if question.acceptable:
            first = question.first(numbers)
            wanted = first if first in question.acceptable else question.acceptable[0]
            counts[wanted, first] += 1
    return dict(sorted(counts.items()))


def _sample(asked: Sequence[GroundedLabel], chance: random.Random) -> list[list[GroundedLabel]]:
    """Return some groups of labels in random order, up to `SAMPLE` labels."""
    groups: dict[str, list[GroundedLabel]] = {}
    for question in asked:
        groups.setdefault(question.label.group, []).append(question)
    mixed = [groups[name] for name in sorted(groups)]
    chance.shuffle(mixed)
    chosen: list[list[GroundedLabel]] = []
    for group in mixed:
        if sum(map(len, chosen)) >= SAMPLE:
            break
        chosen.append(group)
    return chosen


def _learning(
    asked: Sequence[GroundedLabel], start: Weights, declared: Declarations, seed: int
) -> tuple[Point, ...]:
    """Return the share of labels met by weights that were tuned on a share of the others."""
    shares: dict[float, list[float]] = {share: [] for share in SHARES}
    for repeat in range(REPEATS):
        groups = _sample(asked, random.Random(f"learning {seed} {repeat}"))  # noqa: S311
        if len(groups) < _FEWEST:
            return ()
        for share in SHARES:
            cut = max(1, round(share * len(groups)))
            train, test = ([q for g in part for q in g] for part in (groups[:cut], groups[cut:]))
            shares[share].append(held_out(test, estimate(train, start, declared)).share)
    return tuple(_point(share, values) for share, values in shares.items())


def _noise(
    asked: Sequence[GroundedLabel], start: Weights, declared: Declarations, seed: int
) -> tuple[Point, ...]:
    """Return the share of labels met by weights that were tuned on others, some made wrong."""
    shares: dict[float, list[float]] = {noise: [] for noise in NOISE}
    for repeat in range(REPEATS):
        chance = random.Random(f"noise {seed} {repeat}")  # noqa: S311
        groups = _sample(asked, chance)
        if len(groups) < _FEWEST:
            return ()
        cut = round(0.8 * len(groups))
        train, test = ([q for g in part for q in g] for part in (groups[:cut], groups[cut:]))
        order = list(range(len(train)))
        chance.shuffle(order)
        for noise in NOISE:
            wrong = set(order[: round(noise * len(train))])
            noisy = [_wrong(q, chance) if i in wrong else q for i, q in enumerate(train)]
            shares[noise].append(held_out(test, estimate(noisy, start, declared)).share)
    return tuple(_point(noise, values) for noise, values in shares.items())


def _wrong(question: GroundedLabel, chance: random.Random) -> GroundedLabel:
    """Return a label that wants another model with the best standing; itself if there is none."""
    others = [model for model, _ in question.level if model not in question.acceptable]
    return relabelled(question, chance.choice(others)) if others else question


def _point(at: float, values: Sequence[float]) -> Point:
    return Point(at, sum(values) / len(values), min(values), max(values))


def _random_turns(
    catalogue: Catalogue, before: Weights, after: Weights, seed: int
) -> Iterator[Turn]:
    """Yield the random profiles whose first model differs under two weights."""
    solvers = [Solver(catalogue, each) for each in (before, after)]
    criteria = catalogue.declared.criteria
    both = [c.name for c in criteria if before.knows(c) and after.knows(c)]
    profiles = list(islice(random_profiles(solvers[0], seed, both), PROFILES))
    answers = [solver.decide_many(profiles) for solver in solvers]
    for profile, *decisions in zip(profiles, *answers, strict=True):
        firsts = [decision.ids[0] if decision.keys else "none" for decision in decisions]
        if firsts[0] != firsts[1]:
            yield _described(profile), firsts[0], firsts[1]


def _described(profile: Profile) -> str:
    """Return a profile on one line."""
    data = profile.to_dict()
    said = [
        name
        if value is True
        else f"{name} {', '.join(map(str, value)) if isinstance(value, list) else value}"
        for name, value in data["require"].items()
    ]
    said += [
        f"{data[key]}{after}"
        for key, after in (("workflow", ""), ("primary", " first"))
        if data.get(key)
    ]
    preferred = " ".join(f"{name} {value}" for name, value in data["prefer"].items())
    return "; ".join([", ".join(said) or "no requirement", preferred])
