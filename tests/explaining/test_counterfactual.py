"""Counterfactuals: each works, and nothing smaller does, by trying every one and two changes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from mars_solver import InputError, recommend, recommend_with
from mars_solver.explaining import counterfactual
from mars_solver.explaining.changes import changed
from mars_solver.explaining.explanation import Explanation
from mars_solver.explaining.recommendation import Recommendation
from mars_solver.vocabulary import MAX_NUMBER, Policy
from random_catalogues import Table
from strategies import SHIPPED_WORLD, World, cases, policies, shipped_or_pooled

Case = tuple[World, Table]
either = cases() | cases(shipped_or_pooled(), 4)
Moved = tuple[str, Any]


def looser(where: World, name: str, stated: Any) -> Iterator[Any]:
    """Every looser value of a requirement that could matter, none at all last."""
    requirement = where.solver.declared.requirement[name]
    if isinstance(stated, tuple):
        for size in range(len(stated) - 1, 0, -1):
            yield from itertools.combinations(stated, size)
    elif requirement.numeric:
        models = where.catalogue.models
        ends = {end for m in models for end in m.range(requirement.attribute) or ()}
        ends |= {limit for n in where.solver.declared.needs for k, limit in n.below if k == name}
        for end in sorted(ends):
            if 0 < end <= MAX_NUMBER and (end > stated if requirement.ceiling else end < stated):
                yield end
    yield None


def single_changes(where: World, answer: Recommendation) -> list[Moved]:
    """Every single relaxation, importance, and the acceptance of betas."""
    profile = answer.profile
    found: list[Moved] = [
        (name, value)
        for name, stated in profile.require.items()
        for value in looser(where, name, stated)
    ]
    criteria = [c for c in where.solver.declared.criteria if where.weights.knows(c)]
    found += [
        (f"prefer.{c.name}", importance)
        for c in criteria
        for importance in range(11)
        if importance != profile.importances[c.index]
    ]
    return found if profile.accept_beta else [*found, ("accept_beta", True)]


def first_after(where: World, answer: Recommendation, moved: tuple[Moved, ...]) -> str | None:
    """The winner after some changes."""
    profile = answer.profile
    require = {n: v for n, v in moved if n in profile.declared.requirement}
    prefer = {n.removeprefix("prefer."): v for n, v in moved if n.startswith("prefer.")}
    beta = profile.accept_beta or any(name == "accept_beta" for name, _ in moved)
    new = profile.revised(require=require, prefer=prefer, accept_beta=beta)
    best = where.solver.decide(new, answer.decision.policy).winner
    return best.model.id if best else None


@given(either, policies, st.data())
@settings(max_examples=50)
@example((SHIPPED_WORLD, {}), "flag", None)
@example((SHIPPED_WORLD, {"require": {"real_time": True, "style_control": True}}), "flag", None)
def test_promotions_work_and_nothing_smaller_does(
    case: Case, unknown: Policy, data: st.DataObject | None
) -> None:
    where, asked = case
    answer = recommend_with(where.solver, where.profile(asked), unknown=unknown)
    ids = [m.id for m in where.catalogue.models]
    model = data.draw(st.sampled_from(ids)) if data else ids[0]
    stand = answer.explain(model).model
    assert stand is not None
    ranked = [candidate.model for candidate in answer.shortlist]
    assert stand.rank == (ranked.index(model) + 1 if model in ranked else None)
    assert stand.onto_list == () or stand.rank is None
    for promotion in (*stand.onto_list, *stand.to_first):
        new = changed(answer.profile, promotion.changes)
        again = recommend_with(where.solver, new, unknown=unknown)
        place = [c.model for c in again.shortlist].index(model)
        assert (place + 1, again.shortlist[place].status) == (promotion.rank, promotion.status)
    assert all(promotion.rank == 1 for promotion in stand.to_first)
    names = [
        frozenset(c.requirement for c in p.changes if c.requirement != "primary")
        for p in stand.to_first
    ]
    assert len({len(each) for each in names}) <= 1
    assert len(set(names)) == len(names)
    if stand.rank == 1:
        assert names == []
        return
    singles = single_changes(where, answer)
    pairs = [p for p in itertools.combinations(singles, 2) if p[0][0] != p[1][0]]
    assume(len(pairs) < 20_000)
    size = len(names[0]) if names else 3
    for tried in ([(s,) for s in singles], pairs):
        working = {
            frozenset(n for n, _ in moved)
            for moved in tried
            if first_after(where, answer, moved) == model
        }
        if len(tried[0] if tried else ()) == size:
            assert set(names) == working
            return
        assert working == set()


@given(either, policies, st.data())
@settings(max_examples=80)
def test_the_fewest_changes_put_a_model_on_the_list(
    case: Case, unknown: Policy, data: st.DataObject
) -> None:
    where, asked = case
    answer = recommend_with(where.solver, where.profile(asked), unknown=unknown)
    excluded = [each.model for each in answer.excluded]
    assume(excluded)
    model = data.draw(st.sampled_from(excluded))
    stand = answer.explain(model).model
    assert stand is not None
    oracle = where.oracle
    alone = {**where.files}
    for name in oracle.models:
        if name != model:
            del alone[name]
    data_of = World(alone, where.weighing).oracle
    accepted = {**asked, "accept_beta": True}
    lost = data_of.lost(accepted, unknown)
    if not lost:
        assert stand.onto_list == ()
        return
    refused = oracle.models[model]["stage"]["value"] == "beta" and not asked.get("accept_beta")
    fewest = min(map(len, lost))
    sizes = {
        sum(c.requirement != "primary" for c in promotion.changes) for promotion in stand.onto_list
    }
    assert sizes == {fewest + refused}


def test_a_model_can_be_unable_to_win() -> None:
    stand = recommend().explain("mars-8.1-pro-beta").model
    assert stand is not None
    assert [c.requirement for c in stand.onto_list[0].changes] == ["accept_beta"]
    assert stand.to_first == ()


def test_what_cannot_move_is_in_no_promotion() -> None:
    asked = {"require": {"real_time": True, "style_control": True}}
    stand = recommend(asked, keep=["real_time"]).explain("mars-flash").model
    assert stand is not None
    assert [[c.requirement for c in p.changes] for p in stand.onto_list] == [["style_control"]]
    stand = recommend(asked, keep=["style_control"]).explain("mars-flash").model
    assert stand is not None
    assert (stand.onto_list, stand.to_first) == ((), ())


@pytest.mark.parametrize("bound", ["_STANDINGS", "_SCORES"])
def test_where_not_every_change_is_tried_the_answer_says_so(
    bound: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explained() -> Explanation:
        return recommend({"require": {"voice_transfer": True}}).explain("mars-nano")

    assert explained().bounds == ()
    monkeypatch.setattr(counterfactual, bound, 5)
    cut = explained()
    (said,) = cut.bounds
    assert said == (
        "There are too many ways to put MARS-Nano first to try them all: other changes, or fewer,"
        " may do"
    )
    assert said in cut.to_dict()["notes"]
    assert said in " ".join(str(cut).split())
    assert said not in cut.answer.notes


def test_an_unknown_model_is_named() -> None:
    with pytest.raises(InputError, match=r"did you mean `mars-pro`\?"):
        recommend().explain("mars-por")
