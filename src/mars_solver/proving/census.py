"""How all profiles are answered under all importances: who comes first, and where the guide goes.

Everything is counted: each cell with every vector of importances (see `cases`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from mars_solver.proving.cases import OUT, Case, Cases
from mars_solver.proving.classes import Array
from mars_solver.solving.flowchart import answer, every_answer
from mars_solver.solving.solver import Solver

_EXACT: Final = 2**62
"""Up to so many profiles, 64-bit whole numbers count them."""


@dataclass
class Census:
    """What counting every profile with every importance found.

    Attributes:
        criteria: whose importances these are.
        vectors: how many vectors of them there are; None where they are too many, and every profile
            counts once, without preferences.
        profiles: how many profiles there are: cells of the grid, each with every vector.
        infeasible: how many leave no model.
        wins: how many each model comes first in, by id.
        followed: how many the guide is followed in; None without a guide, like what follows.
        departures: how many are answered otherwise.
        blocked_by: departures where the guide's models do not all have the best standing, by the
            requirements that they do not meet; a profile counts for each.
        preferred: departures where they have, and preferences alone put another model first: by the
            guide's first model and the one that comes first, as "one > other".
    """

    criteria: tuple[str, ...]
    vectors: int | None
    profiles: int = 0
    infeasible: int = 0
    wins: dict[str, int] = field(default_factory=dict)
    followed: int | None = None
    departures: int | None = None
    blocked_by: dict[str, int] = field(default_factory=dict)
    preferred: dict[str, int] = field(default_factory=dict)

    @property
    def dead_models(self) -> tuple[str, ...]:
        """The models that never come first."""
        return tuple([model for model, count in self.wins.items() if not count])


def census(solver: Solver) -> Census:
    """Return how all profiles are answered."""
    chart = solver.catalogue.flowchart
    guided = [] if chart is None else every_answer(chart)
    ids = [model.id for model in solver.catalogue.models]
    groups = tuple(tuple(ids.index(m) for m in each if m in ids) for each in guided)
    cases = Cases([solver], groups=groups)
    found = Census(cases.criteria, cases.vectors, wins=dict.fromkeys(ids, 0))
    departing = np.zeros((len(cases.classes.cells), len(groups)), dtype=np.int64)
    wins: Counter[int] = Counter()
    followed = 0
    preferred: Counter[str] = Counter()
    for case in cases:
        for outcome, cells in enumerate(case.cells):
            winners = case.winners(0, outcome)
            counts = case.orders.counts
            found.profiles += cells * int(counts.sum())
            for winner in np.unique(winners).tolist():
                wins[winner] += cells * int(counts[winners == winner].sum())
            if chart is None or winners[0] < 0:
                continue
            told = answer(chart, case.contexts[0])[1]
            guide = [ids.index(m) if m in ids else -1 for m in told]
            best = all(g >= 0 and case.standings[0][outcome, g] > OUT for g in guide)
            follows: Array = _leads(case, outcome, guide) if best else np.isin(winners, guide)
            followed += cells * int(counts[follows].sum())
            if best:
                for winner in np.unique(winners[~follows]).tolist():
                    many = int(counts[~follows & (winners == winner)].sum())
                    preferred[f"{told[0]} > {ids[winner]}"] += cells * many
            elif not follows.all():
                rows = case.rows[case.outcomes == outcome]
                departing[rows, guided.index(told)] += int(counts[~follows].sum())
    found.infeasible = wins.pop(-1, 0)
    found.wins |= {ids[index]: count for index, count in wins.items()}
    if chart is not None:
        found.followed = followed
        found.departures = found.profiles - found.infeasible - followed
        exact = np.int64 if found.profiles < _EXACT else object
        unmet = cases.classes.unmet(departing.astype(exact)).sum(axis=0)
        names = [each.name for each in solver.declared.requirements]
        blocked = Counter({n: int(c) for n, c in zip(names, unmet, strict=True) if c})
        found.blocked_by = dict(blocked.most_common())
        found.preferred = dict(preferred.most_common())
    return found


def _leads(case: Case, outcome: int, guide: list[int]) -> Array:
    """Return under which orders the guide's models come first, in its order."""
    places = case.orders.places[0]
    others = np.flatnonzero(case.standings[0][outcome] > OUT)
    others = others[~np.isin(others, guide)]
    told = places[:, guide]
    ordered = (np.diff(told, axis=1) > 0).all(axis=1)
    ahead = (places[:, others] > told[:, -1:]).all(axis=1)
    return np.asarray(ordered & ahead)
