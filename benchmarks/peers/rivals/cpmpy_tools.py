"""The rivals of `Recommendation.conflicts` that need CPMpy: its MUS tools, with every setting.

CPMpy's tools take expressions and make a solver of their own at each call. The expressions that do
not depend on the profile are made once. Booleans for the models and for the values of each variable
were faster than integers and tables, or one integer over all configurations, with every solver.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import cpmpy as cp
from cpmpy.expressions.core import Operator
from cpmpy.solvers.ortools import CPM_ortools
from cpmpy.tools.explain import marco, mus, mus_naive, quickxplain, quickxplain_naive

from benchmarks.peers.rivals.answers import Ground
from benchmarks.peers.rivals.cpsat import frugal
from benchmarks.peers.rivals.diagnosis import Core, Diagnosis, FindAll, FindOne, demands
from benchmarks.shared.rules import DOMAINS, Choice
from mars_solver import Profile

FRUGAL: Final = "frugal"
SOLVERS: Final = {FRUGAL: "OR-Tools, 1 worker", "ortools": "OR-Tools", "z3": "z3"}
"""CPMpy's names of the solvers to try, with what they are called here."""
TOOLS: Final = (mus, quickxplain, mus_naive, quickxplain_naive)


def find_one(ground: Ground) -> dict[str, FindOne]:
    """Return every way to find one conflict: each tool with each solver that is installed."""
    encoding = _Encoding(ground)
    return {
        f"CPMpy {tool.__name__}, {SOLVERS[solver]} (one)": partial(encoding.one, tool, solver)
        for solver in _installed()
        for tool in TOOLS
    }


def find_all(ground: Ground) -> dict[str, FindAll]:
    """Return every way to find all conflicts and corrections."""
    encoding = _Encoding(ground)
    return {
        f"CPMpy marco, {SOLVERS[solver]} (all)": partial(encoding.every, solver)
        for solver in _installed()
    }


def _installed() -> list[str]:
    """Return the solvers to try that are installed, after making the frugal one known to CPMpy."""
    known = cp.SolverLookup.base_solvers()
    if FRUGAL not in dict(known):
        known = [*known, (FRUGAL, _frugal)]
        cp.SolverLookup.base_solvers = lambda: known
    return [name for name in SOLVERS if name == FRUGAL or dict(known)[name].supported()]


def _frugal(model: Any, subsolver: str | None = None) -> Any:
    """Return CPMpy's OR-Tools, 1 worker, and without what costs more than it saves."""
    solver = CPM_ortools(model, subsolver=subsolver)
    frugal(solver.ort_solver.parameters)
    return solver


class _Encoding:
    """The choice of a model and its configuration, as far as it does not depend on a profile.

    At least one model, and at most one value of each variable: whatever else a solution holds could
    be left out of it.
    """

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.models = [cp.boolvar(name=facts.id) for facts in ground.models]
        self.values: dict[Choice, Any] = {
            (variable, value): cp.boolvar(name=f"{variable}={value}")
            for variable, domain in DOMAINS.items()
            for value in domain
        }
        self.hard = [cp.any(self.models)]
        for (variable, value), chosen in self.values.items():
            for (other, another), too in self.values.items():
                if variable == other and value < another:
                    self.hard.append(~chosen | ~too)
            for facts, model in zip(ground.models, self.models, strict=True):
                if value not in facts.admitted[variable]:
                    self.hard.append(~model | ~chosen)
        for facts, model in zip(ground.models, self.models, strict=True):
            for each in facts.impossible:
                self.hard.append(cp.any([~model, *(~self.values[pair] for pair in each.items())]))

    def soft(self, profile: Profile) -> tuple[list[Any], dict[int, str]]:
        """Return an expression of its own for each stated requirement, and its name by identity."""
        soft: list[Any] = []
        names: dict[int, str] = {}
        for name, banned, choice in demands(self.ground, profile):
            parts = [~self.models[index] for index in banned]
            if choice:
                variable, able = choice
                parts.append(cp.any([self.values[variable, value] for value in able]))
            soft.append(Operator("and", parts or [cp.BoolVal(True)]))
            names[id(soft[-1])] = name
        return soft, names

    def one(self, tool: Any, solver: str, profile: Profile) -> Core:
        """Find one conflict."""
        soft, names = self.soft(profile)
        return frozenset(names[id(each)] for each in tool(soft, self.hard, solver=solver))

    def every(self, solver: str, profile: Profile) -> Diagnosis:
        """Find all conflicts and corrections."""
        soft, names = self.soft(profile)
        sets: dict[str, set[Core]] = {"MUS": set(), "MCS": set()}
        for kind, each in marco(soft, self.hard, solver=solver, map_solver=solver):
            sets[kind].add(frozenset(names[id(expression)] for expression in each))
        return Diagnosis(frozenset(sets["MUS"]), frozenset(sets["MCS"]))
