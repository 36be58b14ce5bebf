"""Why nothing is left: the conflicts of an infeasible question.

With v(c) the requirements that a configuration c violates, over every configuration of every
candidate: the corrections are the inclusion-minimal v(c), and the conflicts are their minimal
hitting sets (Reiter, "A theory of diagnosis from first principles", 1987).
"""

from __future__ import annotations

from collections.abc import Iterable

from mars_solver.solver import Decision, Solver, missed
from mars_solver.vocabulary import names_of

Sets = tuple[tuple[str, ...], ...]
"""Sets of requirements, each in declared order; the smaller first, then in declared order."""


def conflicts(solver: Solver, decision: Decision) -> Sets:
    """Return every minimal set of stated requirements that no candidate satisfies together.

    Empty where a model is left, and where there is no candidate at all.
    """
    if decision.ranking:
        return ()
    return _named(hitting_sets(corrections(solver, decision)))


def corrections(solver: Solver, decision: Decision) -> list[int]:
    """Return the masks of the minimal sets whose removal lets some configuration remain."""
    question = decision.question
    violated = {
        missed(option, masks, question).violated
        for standing, options, masks in zip(
            decision.standings, solver.options, question.facts, strict=True
        )
        if not standing.refused
        for option in options
    }
    return minimal(violated)


def minimal(masks: Iterable[int]) -> list[int]:
    """Return the masks that contain no other one, each once, in order."""
    kept: list[int] = []
    for mask in sorted(set(masks), key=_by_size):
        if not any(smaller & mask == smaller for smaller in kept):
            kept.append(mask)
    return kept


def hitting_sets(masks: Iterable[int]) -> list[int]:
    """Return the minimal masks that share a bit with each of `masks` (Berge's algorithm)."""
    found: list[int] = []
    for i, mask in enumerate(masks):
        grown = found if i else [0]
        found = minimal(
            bit | each for each in grown for bit in ([0] if each & mask else _bits(mask))
        )
    return found


def _bits(mask: int) -> list[int]:
    """Return the single bits of a mask."""
    return [1 << i for i in range(mask.bit_length()) if mask >> i & 1]


def _by_size(mask: int) -> tuple[int, tuple[int, ...]]:
    """Return the key that sorts masks: the smaller first, then in declared order."""
    return mask.bit_count(), tuple(_bits(mask))


def _named(masks: Iterable[int]) -> Sets:
    return tuple(names_of(mask) for mask in sorted(masks, key=_by_size))
