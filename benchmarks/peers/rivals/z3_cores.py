"""The rivals of `Recommendation.conflicts` that need z3: minimised unsatisfiable cores.

Each stated requirement is an assumption literal that implies what it demands. z3 does not promise
that a core is minimal with `core.minimize`; conflicts.py checks each one and stops at any that is
not, so that no rival spends time on deletions that were never needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

import z3

from benchmarks.peers.rivals.answers import Ground
from benchmarks.peers.rivals.diagnosis import Core, Demand, Diagnosis, FindAll, FindOne, demands
from benchmarks.shared.rules import DOMAINS, Choice
from mars_solver import Profile

SOLVERS: Final = {"SimpleSolver": z3.SimpleSolver, "QF_FD": partial(z3.SolverFor, "QF_FD")}
"""z3's solvers to try: the general one, and the one for finite domains."""


def find_one(ground: Ground) -> dict[str, FindOne]:
    """Return every way to find one conflict."""
    ways: dict[str, FindOne] = {}
    for name, make in SOLVERS.items():
        encoding = _Encoding(ground, make)
        ways[f"z3 core, {name} kept (one)"] = encoding.one
        ways[f"z3 core, {name} new for each profile (one)"] = encoding.one_anew
    return ways


def find_all(ground: Ground) -> dict[str, FindAll]:
    """Return every way to find all conflicts and corrections."""
    return {
        f"z3 MARCO, {name} kept (all)": _Encoding(ground, make).every
        for name, make in SOLVERS.items()
    }


class _Encoding:
    """The choice of a model and its configuration, in a solver that is kept for all profiles.

    At least one model, and at most one value of each variable: whatever else a solution holds could
    be left out of it. A literal is made once for each requirement and set of models that it bans;
    all later profiles that demand the same share it, and are answered without asserting anything.
    """

    def __init__(self, ground: Ground, make: Any) -> None:
        self.ground = ground
        self.make = make
        self.models = [z3.Bool(facts.id) for facts in ground.models]
        self.banned = [z3.Not(model) for model in self.models]
        self.values: dict[Choice, Any] = {
            (variable, value): z3.Bool(f"{variable}={value}")
            for variable, domain in DOMAINS.items()
            for value in domain
        }
        self.hard = list(self._hard())
        self.literals: dict[Demand, Any] = {}
        self.names: dict[int, str] = {}
        self.solver = self._new()

    def _hard(self) -> Iterator[Any]:
        yield z3.Or(self.models)
        for (variable, value), chosen in self.values.items():
            for (other, another), too in self.values.items():
                if variable == other and value < another:
                    yield z3.Or(z3.Not(chosen), z3.Not(too))
            for facts, banned in zip(self.ground.models, self.banned, strict=True):
                if value not in facts.admitted[variable]:
                    yield z3.Or(banned, z3.Not(chosen))
        for facts, banned in zip(self.ground.models, self.banned, strict=True):
            for each in facts.impossible:
                yield z3.Or(banned, *(z3.Not(self.values[choice]) for choice in each.items()))

    def _new(self) -> Any:
        solver = self.make()
        solver.set("core.minimize", True)
        solver.add(*self.hard)
        return solver

    def _implied(self, demand: Demand) -> Any:
        parts = [self.banned[index] for index in demand.banned]
        if demand.choice:
            variable, able = demand.choice
            parts.append(z3.Or([self.values[variable, value] for value in able]))
        return z3.And(parts)

    def _literal(self, demand: Demand) -> Any:
        literal = self.literals.get(demand)
        if literal is None:
            literal = self.literals[demand] = z3.Bool(str(demand))
            self.names[literal.get_id()] = demand.name
            self.solver.add(z3.Implies(literal, self._implied(demand)))
        return literal

    def _named(self, literals: Any) -> Core:
        return frozenset(self.names[literal.get_id()] for literal in literals)

    def one(self, profile: Profile) -> Core:
        """Find one conflict with the solver that is kept."""
        literals = [self._literal(demand) for demand in demands(self.ground, profile)]
        if self.solver.check(literals) != z3.unsat:
            raise RuntimeError("z3 finds no conflict")
        return self._named(self.solver.unsat_core())

    def _shrunk(self, core: list[Any]) -> list[Any]:
        """Return a minimal core: where values are alternatives, z3 leaves more than is needed."""
        for each in list(core):
            rest = [other for other in core if other is not each]
            if self.solver.check(rest) == z3.unsat:
                core = rest
        return core

    def one_anew(self, profile: Profile) -> Core:
        """Find one conflict with a new solver."""
        solver = self._new()
        names: dict[str, str] = {}
        literals = []
        for demand in demands(self.ground, profile):
            literals.append(z3.Bool(f"require {demand.name}"))
            names[f"require {demand.name}"] = demand.name
            solver.add(z3.Implies(literals[-1], self._implied(demand)))
        if solver.check(literals) != z3.unsat:
            raise RuntimeError("z3 finds no conflict")
        return frozenset(names[literal.decl().name()] for literal in solver.unsat_core())

    def every(self, profile: Profile) -> Diagnosis:
        """Find all conflicts and corrections by MARCO (Liffiton et al., 2016).

        A second solver proposes sets that neither hold a known conflict nor lack a known
        correction; each one is shrunk to a conflict, or grown until it lacks a correction.
        """
        solver = self.solver
        literals = [self._literal(demand) for demand in demands(self.ground, profile)]
        proposer = self.make()
        proposer.add(z3.Or(literals))
        conflicts: set[Core] = set()
        corrections: set[Core] = set()
        while proposer.check() == z3.sat:
            proposed = proposer.model()
            seed = [each for each in literals if z3.is_true(proposed.eval(each, True))]
            if solver.check(seed) == z3.unsat:
                core = self._shrunk(list(solver.unsat_core()))
                conflicts.add(self._named(core))
                proposer.add(z3.Or([z3.Not(each) for each in core]))
                continue
            lacking = []
            for each in [each for each in literals if each not in seed]:
                if solver.check([*seed, each]) == z3.sat:
                    seed.append(each)
                else:
                    lacking.append(each)
            corrections.add(self._named(lacking))
            proposer.add(z3.Or(lacking))
        return Diagnosis(frozenset(conflicts), frozenset(corrections))
