"""The rival of `mars_solver.recommend` that needs OR-Tools: CP-SAT, one worker."""

from __future__ import annotations

from functools import cache
from typing import Any

from ortools.sat.python import cp_model

from benchmarks.peers.rivals.answers import Answer, Ground, concluded
from benchmarks.shared.rules import DOMAINS, NEEDS_VALUE, UNVERIFIED, VIOLATED, asked, verdict
from mars_solver import Profile

_FEASIBLE = 100
"""More than all requirements: a model that remains counts before what is unverified."""


@cache
def _solver() -> cp_model.CpSolver:
    """Return the solver."""
    solver = cp_model.CpSolver()
    frugal(solver.parameters)
    return solver


def frugal(parameters: Any) -> None:
    """Set one worker, without what costs more than it saves on so small a model."""
    parameters.num_workers = 1
    parameters.cp_model_presolve = False
    parameters.cp_model_probing_level = 0
    parameters.linearization_level = 0
    parameters.symmetry_level = 0


def cp_sat(ground: Ground, profile: Profile) -> Answer:
    """Answer with CP-SAT: one model and one solve for each profile.

    No model's configuration depends on another model's, so that one maximum settles all of them:
    an integer variable for each variable of each model's configuration over the values that it
    admits, a boolean for each model that remains, which enforces the values that the requirements
    need, and one weighted objective that lets every model remain that can, then counts its
    unverified requirements. A model that its facts alone rule out gets no variables. The ranking
    follows from what is solved, without a second solve. Of the formulations tried this was the
    fastest: enumerating the solutions of one configuration beside the model took as long, a boolean
    for each (model, value) 5 % longer, and the default parameters 13 %.
    """
    wanted = asked(profile)
    needed = {choice for name, _ in wanted if (choice := NEEDS_VALUE.get(name))}
    model = cp_model.CpModel()
    remains: list[cp_model.IntVar] = []
    candidates: list[tuple[str, int]] = []
    for facts in ground.models:
        verdicts = [verdict(facts, name, amount) for name, amount in wanted]
        if VIOLATED in verdicts:
            continue
        remain = model.new_bool_var("")
        ways: dict[str, cp_model.IntVar] = {}
        for variable, domain in DOMAINS.items():
            admitted = [domain.index(value) for value in facts.admitted[variable]]
            chosen = model.new_int_var_from_domain(cp_model.Domain.from_values(admitted), "")
            ways[variable] = chosen
            for pinned, values in needed:
                if pinned == variable:
                    able = cp_model.Domain.from_values([domain.index(value) for value in values])
                    model.add_linear_expression_in_domain(chosen, able).only_enforce_if(remain)
        for each in facts.impossible:
            numbers = tuple(DOMAINS[variable].index(value) for variable, value in each.items())
            model.add_forbidden_assignments([ways[variable] for variable in each], [numbers])
        remains.append(remain)
        candidates.append((facts.id, verdicts.count(UNVERIFIED)))
    gains = [_FEASIBLE - unverified for _, unverified in candidates]
    model.maximize(cp_model.LinearExpr.weighted_sum(remains, gains))
    solver = _solver()
    if solver.solve(model) != cp_model.OPTIMAL:
        raise RuntimeError(f"CP-SAT ends with {solver.status_name()}")
    left = {
        id_: unverified
        for remain, (id_, unverified) in zip(remains, candidates, strict=True)
        if solver.boolean_value(remain)
    }
    return concluded(ground, profile, left)
