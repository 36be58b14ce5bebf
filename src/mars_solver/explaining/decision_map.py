"""Which model wins over two axes: exact cells, one decision for each.

An axis is a numeric requirement, cut where a verdict or a need can change, or the importance of a
criterion, which is a whole number. Within a cell no verdict, need or weight changes, so the winner
is the same throughout.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, cast

from mars_solver.briefs import brief
from mars_solver.inputs.profile import Profile
from mars_solver.solving.constraints import union
from mars_solver.solving.solver import Decision, Solver
from mars_solver.solving.table import Interval, Number
from mars_solver.solving.whatif import WhatIf
from mars_solver.vocabulary import INFEASIBLE, INVALID, MAX_IMPORTANCE, Status

MOST_CELLS: Final = 4000
"""A map of more cells than this is not drawn: it would take seconds, and nobody could read it."""
Tick = Interval | int | None
"""Part of an axis: thresholds, or one importance; None where no threshold is stated."""


def axes(solver: Solver) -> tuple[str, ...]:
    """Return the names of everything that can be an axis: numbers, then what is scored."""
    numeric = [each.name for each in solver.declared.requirements if each.numeric]
    return (*numeric, *(name for name in solver.declared.criterion if name in solver.scored))


@dataclass(frozen=True, slots=True)
class MapAxis:
    """One side of a map."""

    __repr__ = brief

    name: str
    """A numeric requirement or a criterion."""
    steps: tuple[Tick, ...]
    """Ascending; the step without a threshold is at the end that asks for least."""
    current: int
    """The index in `steps` of the profile's own step."""
    is_requirement: bool
    """Whether the axis is a requirement and not an importance."""


@dataclass(frozen=True, slots=True)
class MapCell:
    """The answer to every profile of a cell."""

    __repr__ = brief

    status: str
    """Of the winner; "infeasible" where no model is left, "invalid" where the profile would
    contradict itself."""
    winner: str | None


@dataclass(frozen=True, slots=True)
class DecisionMap:
    """The winner over two axes, all else as the profile has it."""

    __repr__ = brief

    x: MapAxis
    y: MapAxis
    cells: tuple[tuple[MapCell, ...], ...]
    """One row for each step of `y`, one cell in it for each step of `x`."""

    @property
    def current(self) -> MapCell:
        """The cell of the profile."""
        return self.cells[self.y.current][self.x.current]


def decision_map(solver: Solver, decision: Decision, x: str, y: str) -> DecisionMap | None:
    """Return the map of a decision over two different axes out of `axes`.

    Neighbouring columns and rows that are alike throughout are joined. None where the map would
    have more than `MOST_CELLS` cells.
    """
    across, up = (_axis(solver, decision.profile, name) for name in (x, y))
    if len(across.steps) * len(up.steps) > MOST_CELLS:
        return None
    drawing = _Drawing(solver, decision)
    cells = [[drawing.cell({x: column, y: row}) for column in across.steps] for row in up.steps]
    across, columns = _joined(across, list(zip(*cells, strict=True)))
    up, rows = _joined(up, list(zip(*columns, strict=True)))
    return DecisionMap(across, up, tuple(rows))


class _Drawing:
    """The answers to one profile with other thresholds and importances."""

    def __init__(self, solver: Solver, decision: Decision) -> None:
        self._solver = solver
        self._decision = decision
        self._what_if = WhatIf(solver, decision)

    def cell(self, ticks: Mapping[str, Tick]) -> MapCell:
        """Return the answer at a tick of each of some axes."""
        declared, what_if = self._solver.declared, self._what_if
        cells, stated = dict(what_if.cells), self._decision.signature.stated
        importances = list(self._decision.profile.importances)
        for name, tick in ticks.items():
            if isinstance(tick, int):
                importances[declared.criterion[name].index] = tick
                continue
            requirement = declared.requirement[name]
            cells.pop(requirement.index, None)
            stated &= ~requirement.bit
            if tick is not None:
                cells[requirement.index] = self._solver.column(name).find(tick.representative)
                stated |= requirement.bit
        context = what_if.context(union([cell.statements for cell in cells.values()]))
        if context is None:
            return MapCell(INVALID, None)
        layers = what_if.layers(cells.values(), stated)
        order = self._solver.by_score(context, tuple(importances))
        contenders = what_if.contenders(layers)
        best = next((index for index in order if contenders >> index & 1), None)
        if best is None:
            return MapCell(INFEASIBLE, None)
        status = Status.MEETS if layers[0] >> best & 1 else Status.UNVERIFIED
        return MapCell(status.word, self._solver.catalogue.models[best].id)


def _axis(solver: Solver, profile: Profile, name: str) -> MapAxis:
    """Return an axis with every step that can matter."""
    declared = solver.declared
    if name in declared.criterion:
        importance = profile.importances[declared.criterion[name].index]
        return MapAxis(name, tuple(range(MAX_IMPORTANCE + 1)), importance, False)
    steps: list[Tick] = [interval for interval, _ in solver.column(name).intervals]
    stated = cast("Number | None", profile.require.get(name))
    current = next(
        (i for i, s in enumerate(steps) if isinstance(s, Interval) and stated and stated in s), -1
    )
    if declared.requirement[name].ceiling:
        steps.append(None)
        return MapAxis(name, tuple(steps), current % len(steps), True)
    return MapAxis(name, (None, *steps), current + 1, True)


def _joined(
    side: MapAxis, lines: Sequence[tuple[MapCell, ...]]
) -> tuple[MapAxis, tuple[tuple[MapCell, ...], ...]]:
    """Return an axis and its lines of cells, equal neighbours joined where they are thresholds."""
    steps: list[Tick] = []
    kept: list[tuple[MapCell, ...]] = []
    current = 0
    for index, (step, line) in enumerate(zip(side.steps, lines, strict=True)):
        last = steps[-1] if steps else None
        if kept and kept[-1] == line and isinstance(step, Interval) and isinstance(last, Interval):
            steps[-1] = _union(last, step)
        else:
            steps.append(step)
            kept.append(line)
        if index == side.current:
            current = len(steps) - 1
    return replace(side, steps=tuple(steps), current=current), tuple(kept)


def _union(one: Interval, other: Interval) -> Interval:
    """Return the interval of two neighbours, whichever is the lower."""
    low, high = sorted((one, other), key=lambda each: (each.low, each.high))
    return low.to(high)


def regions(drawn: DecisionMap) -> Iterator[tuple[MapCell, tuple[tuple[int, int], ...]]]:
    """Yield the connected regions of equal cells, each as ascending (row, column)."""
    seen: set[tuple[int, int]] = set()
    height, width = len(drawn.cells), len(drawn.cells[0])
    for start in ((j, i) for j in range(height) for i in range(width)):
        if start in seen:
            continue
        cell = drawn.cells[start[0]][start[1]]
        seen.add(start)
        region = [start]
        for j, i in region:
            for neighbour in ((j - 1, i), (j + 1, i), (j, i - 1), (j, i + 1)):
                inside = 0 <= neighbour[0] < height and 0 <= neighbour[1] < width
                if (
                    inside
                    and neighbour not in seen
                    and drawn.cells[neighbour[0]][neighbour[1]] == cell
                ):
                    seen.add(neighbour)
                    region.append(neighbour)
        yield cell, tuple(sorted(region))
