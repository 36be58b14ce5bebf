"""How models rank under every vector of importances, enumerated exactly.

Each criterion has one of 11 importances, so that there are finitely many vectors, and far fewer
orders in which models of equal standing rank: these are found once for a context, and what holds
for an order holds for as many vectors as it has.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations, pairwise
from typing import Any, Final, NamedTuple

import numpy as np

from mars_solver.inputs.profile import Context, neutral
from mars_solver.proving.classes import Array, numbered
from mars_solver.solving.solver import Solver
from mars_solver.vocabulary import MAX_IMPORTANCE

MOST_CRITERIA: Final = 5
"""Of more criteria, the vectors are too many to enumerate: 11**5 = 161,051 take some milliseconds
for each context."""
_FLOATS: Final = 2**53
"""Below it, floating-point sums of whole numbers are exact."""
_PAIRS: Final = 60
"""Comparisons that fit into a word."""
_SMALL: Final = 2**16
_CHUNK: Final = 2**13
"""ImportanceVectors at once: their sums fit into a processor's cache."""


class ImportanceVectors(NamedTuple):
    """Importances of the criteria that all sides score, one row for each vector.

    The first row states nothing. Then those that state the fewest come first; of these, those that
    state what is declared first; of these, the lowest importances.
    """

    criteria: tuple[str, ...]
    unstated: tuple[tuple[int, ...], ...]
    """What each side takes where nothing is stated."""
    importances: Array
    """Shape (vectors, criteria); in the first row, -1 stands for what each side takes unstated."""
    stated: Array
    """Which of them differ from what a side takes unstated, same shape."""
    first: int
    """The first row that counts: 1 where no stated vector is the same as to state nothing."""

    @property
    def many(self) -> int:
        """How many vectors there are."""
        return len(self.importances) - self.first

    def stating(self, row: int) -> dict[str, int]:
        """Return the importances that a row states, by criterion."""
        return {
            name: int(importance)
            for name, importance, stated in zip(
                self.criteria, self.importances[row], self.stated[row], strict=True
            )
            if stated
        }


@lru_cache(maxsize=2**3)
def vectors(criteria: tuple[str, ...], unstated: tuple[tuple[int, ...], ...]) -> ImportanceVectors:
    """Return every vector of importances.

    Args:
        criteria: that all sides score; only to state nothing is a vector where they are too many.
        unstated: see `ImportanceVectors`.
    """
    many = len(criteria)
    nothing = np.full((1, many), -1, dtype=np.int64)
    none = np.zeros((1, many), dtype=np.bool_)
    if many > MOST_CRITERIA:
        return ImportanceVectors(criteria, unstated, nothing, none, 0)
    importances = (
        np.indices((MAX_IMPORTANCE + 1,) * many).reshape(many, (MAX_IMPORTANCE + 1) ** many).T
    )
    stated = (importances[:, None] != np.array(unstated, dtype=np.int64)).any(axis=1)
    order = np.lexsort((*importances.T[::-1], *~stated.T[::-1], stated.sum(axis=1)))
    importances, stated = importances[order], stated[order]
    if not stated[0].any():
        every = np.vstack([nothing, importances[1:]])
        return ImportanceVectors(criteria, unstated, every, stated, 0)
    every = np.vstack([nothing, importances])
    return ImportanceVectors(criteria, unstated, every, np.vstack([none, stated]), 1)


class Ranking(NamedTuple):
    """In which orders the models of one side rank, where they stand alike."""

    places: Array
    """The place of each model in each order, shape (orders, models)."""
    numbers: Array
    """The order of each vector."""


class Ranker:
    """Ranks the models of one side under every vector, once for the same weights."""

    def __init__(self, solver: Solver, shared: dict[Any, Any]) -> None:
        """Prepare to rank.

        Args:
            solver: whose models these are.
            shared: what several sides remember together.
        """
        self._solver = solver
        self._shared = shared

    def key(self, context: Context, over: ImportanceVectors) -> tuple[Any, ...]:
        """Return all that the ranking in a context rests on: equal keys, equal rankings."""
        solver = self._solver
        level = solver.neutral_sums(context)
        ties = tuple(sorted(range(len(level)), key=lambda i: (-level[i], i)))
        terms = np.array(solver.middles, dtype=np.int64) * np.array(solver.coefficients(context))
        shared = [solver.declared.criterion[name].index for name in over.criteria]
        unstated = np.array(neutral(solver.declared, batch=context.batch), dtype=np.int64)
        rest = np.delete(terms, shared, axis=1) @ np.delete(unstated, shared)
        own = terms[:, shared].tobytes(), rest.tobytes(), tuple(unstated[shared].tolist())
        return over.criteria, over.unstated, ties, *own

    def rank(self, context: Context, over: ImportanceVectors) -> Ranking:
        """Return how the models rank in a context under each vector."""
        key = self.key(context, over)
        if key not in self._shared:
            *which, ties, terms, rest, unstated = key
            asked = (*which, unstated)
            if asked not in self._shared:
                taken = np.where(over.importances < 0, unstated, over.importances)
                self._shared[asked] = np.ascontiguousarray(taken.T.astype(np.float64))
            numbers = np.frombuffer(terms, dtype=np.int64).reshape(len(ties), -1)
            more = np.frombuffer(rest, dtype=np.int64)
            self._shared[key] = _ranking(self._shared[asked], numbers, more, ties)
        ranking: Ranking = self._shared[key]
        return ranking


def _ranking(asked: Array, terms: Array, rest: Array, ties: Sequence[int]) -> Ranking:
    """Return in which orders models rank.

    Args:
        asked: importances, shape (criteria, vectors).
        terms: what each importance adds to each model's sum, shape (models, criteria).
        rest: what is added to each model's sum whatever the importances.
        ties: the models in the order that breaks ties.
    """
    most = MAX_IMPORTANCE * int(terms.sum(axis=1).max(initial=0)) + int(rest.max(initial=0))
    kind = np.float64 if most < _FLOATS else np.int64
    own, more = terms[list(ties)].astype(kind), rest[list(ties), None].astype(kind)
    versus = list(combinations(range(len(ties)), 2))
    words = [np.zeros(asked.shape[1], _word(len(versus))) for _ in range(1 + len(versus) // _PAIRS)]
    for start in range(0, asked.shape[1], _CHUNK):
        some = slice(start, start + _CHUNK)
        sums = own @ asked[:, some].astype(kind, copy=False) + more
        for count, (one, other) in enumerate(versus):
            word = words[count // _PAIRS][some]
            word <<= 1
            word |= sums[other] > sums[one]
    firsts, numbers = _counted(words)
    sums = own @ asked[:, firsts].astype(kind) + more
    orders = np.array(ties)[np.argsort(-sums.T, axis=1, kind="stable")]
    places = np.empty_like(orders)
    np.put_along_axis(places, orders, np.arange(len(ties))[None], axis=1)
    return Ranking(places, numbers)


def _word(pairs: int) -> Any:
    """Return the smallest type of word that so many comparisons fit into."""
    return next((t for t in (np.uint16, np.uint32) if pairs <= np.iinfo(t).bits), np.uint64)


def _counted(words: Sequence[Array]) -> tuple[Array, Array]:
    """Return as `numbered` does; without sorting where words are small."""
    word = words[0]
    if len(words) > 1 or int(word.max(initial=0)) >= _SMALL:
        return numbered([each.astype(np.uint64) for each in words])
    seen = np.full(_SMALL, -1, dtype=np.int32)
    seen[word[::-1]] = np.arange(len(word) - 1, -1, -1)
    met = np.flatnonzero(seen >= 0)
    numbers = np.empty(_SMALL, dtype=np.int32)
    numbers[met] = np.arange(len(met))
    return seen[met], numbers[word]


class Orders(NamedTuple):
    """Which orders of the sides meet under some vector, those of the first vectors first."""

    places: tuple[Array, ...]
    """For each side: the place of each model, shape (orders, models)."""
    counts: Array
    """Under how many vectors they meet."""
    firsts: Array
    """The first of these, by its row."""


def paired(sides: Sequence[Ranking], over: ImportanceVectors) -> Orders:
    """Return the orders in which the models of some sides rank under the same vectors."""
    codes = sides[0].numbers
    for before, each in pairwise(sides):
        if each is not before:
            codes = codes.astype(np.int64) * len(each.places) + each.numbers
    firsts, numbers = _counted([codes])
    counts = np.bincount(numbers)
    counts[firsts == 0] -= over.first
    order = np.argsort(firsts)
    firsts = firsts[order]
    places = tuple([each.places[each.numbers[firsts]] for each in sides])
    return Orders(places, counts[order], firsts)
