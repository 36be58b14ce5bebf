"""What a change changes, against deciding every profile of both sides with the oracle."""

from __future__ import annotations

import pytest

from edits import Answer, brute, edited
from mars_solver.inputs.profile import Profile
from mars_solver.proving.difference import Difference, Move, difference
from mars_solver.solving.solver import Solver
from mars_solver.vocabulary import POLICIES, Policy
from random_catalogues import World


def pair(move: Move) -> tuple[Answer, Answer]:
    return tuple(move.old), tuple(move.new)  # type: ignore[return-value]


def size(found: Difference, profile: Profile) -> tuple[object, ...]:
    names = [column for column in ORDER(found) if column in profile.require]
    others = bool(profile.workflow) + bool(profile.primary) + profile.accept_beta
    which = [ORDER(found).index(name) for name in names]
    return len(profile.require), len(profile.prefer), others, which


def ORDER(found: Difference) -> list[str]:
    from mars_solver.proving.joint import shared_order

    return shared_order((found.old, found.new), lambda declared: declared.requirement)


def check(old: World, new: World, policy: Policy) -> Difference:
    """Hold every count and every witness against deciding each profile."""
    found = difference(old.solver, new.solver, policy)
    moves, cells = brute(old, new, policy)
    assert [found.cells, found.only_old, found.only_new] == cells
    assert {pair(m): (m.neutral, m.all) for m in found.moves} == {
        key: (count.neutral, count.every) for key, count in moves.items()
    }
    for move in found.moves:
        assert size(found, move.witness) == moves[pair(move)].least
        for side, answer in ((found.old, move.old), (found.new, move.new)):
            winner = side.decide(move.witness, policy).winner
            told = ("", "infeasible") if winner is None else (winner.model.id, winner.status.word)
            assert told == tuple(answer)
    back = difference(new.solver, old.solver, policy)
    assert {(pair(m)[::-1], m.neutral, m.all, str(m.witness.to_dict())) for m in back.moves} == {
        (pair(m), m.neutral, m.all, str(m.witness.to_dict())) for m in found.moves
    }
    return found


@pytest.mark.parametrize("seed", range(40))
def test_an_edit_changes_what_deciding_every_profile_says(seed: int) -> None:
    old, new = edited(seed)
    check(old, new, POLICIES[seed % 3])
