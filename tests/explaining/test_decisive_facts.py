"""Decisive facts: every smallest set of facts that changes the winner, by trying all of them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest
from hypothesis import assume, example, given, settings

from benchmarks.shared.large import REQUIRED, large_solver
from mars_solver import recommend, recommend_with
from mars_solver.explaining import decisive_facts
from mars_solver.explaining.decisive_facts import DecisiveFacts, Evidence
from mars_solver.inputs.profile import parse_profile
from mars_solver.vocabulary import MAX_NUMBER, POLICIES, Policy
from oracle import MET, UNVERIFIED, Oracle, listed
from random_catalogues import WORLDS, Table, random_profile, world
from strategies import SHIPPED_WORLD, World, cases, fact, policies, shipped_or_pooled

Case = tuple[World, Table]
either = cases() | cases(shipped_or_pooled(), 4)
BOTH: Table = {
    "require": {"on_device": True, "max_memory_mb": 300},
    "accept_beta": True,
    "prefer": {"latency": 0, "footprint": 0, "control": 0},
}
"""A fact that two requirements rest on."""


def shown(where: World, model: str, facts: dict[str, Any]) -> Oracle:
    """The oracle of a catalogue in which facts of a model are measured."""
    data = dict(where.files[model])
    for name, value in facts.items():
        if isinstance(value, dict):
            data[name] = {**data.get(name, {}), **{m: fact(value=v) for m, v in value.items()}}
        else:
            data[name] = fact(value=value)
    return Oracle({**where.files, model: data}, where.weighing)


def winner(oracle: Oracle, asked: Table, unknown: Policy) -> str | None:
    return next(iter(oracle.ranking(asked, unknown)), None)


# ------------------------------------------------------------------ what is said holds


@given(either, policies)
@settings(max_examples=60)
@example((SHIPPED_WORLD, {"require": {"real_time": True, "voice_transfer": True}}), "flag")
@example((SHIPPED_WORLD, {"require": {"max_ttfb_ms": 1000}}), "flag")
@example((SHIPPED_WORLD, {"require": {"offline": True, "max_memory_mb": 100}}), "flag")
@example((SHIPPED_WORLD, BOTH), "flag")
def test_decisive_facts_decide_at_their_very_bound(case: Case, unknown: Policy) -> None:
    where, asked = case
    answer = recommend_with(where.solver, where.profile(asked), unknown=unknown)
    current = answer.best.model if answer.best else None
    for decisive in answer.explain().decisive_facts:
        assert decisive.winner != current
        every = [(e.fact, e.relation) for e in decisive.evidence]
        assert len(set(every)) == len(every)
        if any(isinstance(e.value, tuple) and bare(e) for e in decisive.evidence):
            continue
        for claims in corners(decisive):
            after = shown(where, decisive.model, claims)
            assert winner(after, asked, unknown) == decisive.winner
        if len(decisive.evidence) == 1 and decisive.winner == decisive.model:
            claims = dict([broken(decisive.evidence[0])])
            after = shown(where, decisive.model, claims)
            assert winner(after, asked, unknown) != decisive.winner


def bare(evidence: Evidence) -> bool:
    """Whether a language alone is among the members: no one measurement refutes it."""
    assert isinstance(evidence.value, tuple)
    return evidence.relation == "no" and any("-" not in str(m) for m in evidence.value)


def corners(decisive: DecisiveFacts) -> Iterator[dict[str, Any]]:
    """The facts that just show what the evidence asks for, numbers at each end of it."""
    claims: dict[str, list[Any]] = {}
    for each in decisive.evidence:
        value = each.value
        if isinstance(value, tuple):
            known = each.relation == "yes"
            if known:
                claims[each.fact] = [dict.fromkeys(value, True)]
            else:
                claims[each.fact] = [{member: False} for member in value]
        elif value is None:
            claims[each.fact] = [each.relation == "yes"]
        else:
            away = {"more than": math.inf, "less than": -math.inf}.get(each.relation)
            end = value if away is None else math.nextafter(value, away)
            claims.setdefault(each.fact, []).append(end)
    for chosen in itertools.product(*claims.values()):
        yield dict(zip(claims, chosen, strict=True))


def broken(evidence: Evidence) -> tuple[str, Any]:
    """A measurement that just misses what the evidence asks for."""
    value = evidence.value
    if isinstance(value, tuple):
        return evidence.fact, dict.fromkeys(value, False)
    if value is None:
        return evidence.fact, evidence.relation != "yes"
    up = 1 if evidence.relation == "at most" else -1
    step = value + up if isinstance(value, int) else math.nextafter(value, up * math.inf)
    return evidence.fact, step


# -------------------------------------------------------------------- nothing is missing


@dataclass
class Open:
    """A fact of one model that leaves requirements open."""

    name: str
    low: float | None = None
    high: float | None = None
    members: list[Any] = field(default_factory=list)

    def barely(self) -> list[Any]:
        """The values that show no more than is asked."""
        if self.members:
            return [dict.fromkeys(self.members, True)]
        return [True] if self.low is None else [self.low, self.high]

    def best(self) -> list[int]:
        """The best whole numbers, one of which is asked for where that is not enough."""
        if self.low is None or self.high is None:
            return []
        high = MAX_NUMBER if math.isinf(self.high) else math.floor(self.high)
        low = math.ceil(self.low)
        return [low, high] if low <= high else []


def along(oracle: Oracle, attribute: str) -> set[str]:
    """The capabilities that are checked along with an attribute."""
    implied: set[str] = set()
    waiting = [attribute]
    while waiting:
        each = waiting.pop()
        if each not in implied:
            implied.add(each)
            waiting += listed(oracle.attributes[each].get("implies"))
    return implied - {attribute}


def open_facts(oracle: Oracle, asked: Table, model: str) -> list[Open]:
    """The facts of a model that leave a stated requirement open, with what would meet all."""
    data = oracle.models[model]
    found: dict[str, Open] = {}
    for name, required in oracle.stated(asked).items():
        about = oracle.asked[name]
        for implied in along(oracle, about.attribute):
            if oracle.can(data, implied) is None:
                found.setdefault(implied, Open(implied))
        attribute = about.attribute
        if about.kind == "capability":
            if oracle.can(data, attribute) is None:
                found.setdefault(attribute, Open(attribute))
        elif about.kind == "set":
            members = [m for m in required if oracle.has(data, attribute, m) == UNVERIFIED]
            if members:
                found[attribute] = Open(attribute, members=members)
        else:
            low, high = oracle.claim(data, attribute) or (0, math.inf)
            met = high <= required if about.ceiling else low >= required
            if not met:
                each = found.setdefault(attribute, Open(attribute, low, high))
                if about.ceiling:
                    each.high = required
                else:
                    each.low = required
    return list(found.values())


def wins(where: World, asked: Table, unknown: Policy, model: str, some: tuple[Open, ...]) -> bool:
    """Whether a model wins with some facts shown, one of the numbers perhaps better than asked."""

    def every(values: list[list[Any]]) -> bool:
        return all(
            winner(
                shown(where, model, dict(zip([f.name for f in some], each, strict=True))),
                asked,
                unknown,
            )
            == model
            for each in itertools.product(*values)
        )

    if any(f.low is not None and f.high is not None and f.low > f.high for f in some):
        return False
    barely = [f.barely() for f in some]
    return every(barely) or any(
        every([*barely[:i], [number], *barely[i + 1 :]])
        for i, each in enumerate(some)
        for number in each.best()
    )


@given(cases(most=4) | cases(shipped_or_pooled(), 4), policies)
@settings(max_examples=60)
@example((SHIPPED_WORLD, BOTH), "flag")
@example((SHIPPED_WORLD, {"require": {"voice_transfer": True, "short_reference": True}}), "flag")
def test_no_smaller_set_of_facts_is_left_out(case: Case, unknown: Policy) -> None:
    where, asked = case
    assume(len(where.oracle.models) <= 8)
    check_that_none_is_left_out(where, asked, unknown)


@pytest.mark.long
def test_no_smaller_set_of_facts_of_any_of_forty_models_is_left_out() -> None:
    rng = Random("forty")
    large = [each for each in map(world, range(WORLDS)) if len(each.models) > 8]
    for where in rng.sample(large, 16):
        for unknown in POLICIES:
            asked = random_profile(rng, where, most=3)
            check_that_none_is_left_out(where, asked, unknown)


def check_that_none_is_left_out(where: World, asked: Table, unknown: Policy) -> None:
    answer = recommend_with(where.solver, where.profile(asked), unknown=unknown)
    listing = answer.explain().decisive_facts
    stands = where.oracle.rule(asked).stands
    others = [m for m, s in stands.items() if s.status != "excluded"]
    for model in others:
        if answer.best and model == answer.best.model:
            continue
        facts = open_facts(where.oracle, asked, model)
        expected: list[frozenset[str]] = []
        for size in range(1, len(facts) + 1):
            for some in itertools.combinations(facts, size):
                names = frozenset(f.name for f in some)
                if not any(smaller <= names for smaller in expected) and wins(
                    where, asked, unknown, model, some
                ):
                    expected.append(names)
        found = [frozenset(e.fact for e in d.evidence) for d in listing if d.model == model]
        assert len(found) == len(expected)
        assert set(found) == set(expected)
    if answer.best:
        against = {e.fact for d in listing if d.model == answer.best.model for e in d.evidence}
        assert against == {f.name for f in open_facts(where.oracle, asked, answer.best.model)}


def test_where_not_every_set_of_facts_is_tried_the_answer_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    solver = large_solver(12, unknown=0.4)
    profile = parse_profile({"require": REQUIRED}, "a profile", solver.declared)

    def explained() -> tuple[list[DecisiveFacts], str]:
        explanation = recommend_with(solver, profile).explain()
        data = explanation.to_dict()
        assert list(explanation.bounds) == [n for n in data["notes"] if "sets of facts" in n]
        return list(explanation.decisive_facts), str(explanation)

    every, text = explained()
    assert "were tried" not in text
    monkeypatch.setattr(decisive_facts, "MOST_LISTED", 2)
    some, text = explained()
    assert "there are more for" in " ".join(text.split())
    assert len(some) < len(every)
    for model in {each.model for each in every}:
        listed = [each for each in every if each.model == model]
        if model != every[0].model:
            assert [each for each in some if each.model == model] == listed[:2]


def test_u2_is_foreseen() -> None:
    found = recommend({"require": {"max_ttfb_ms": 1000}}).explain().decisive_facts
    evidence = (Evidence("max_ttfb_ms", "ttfb_ms", "at most", 1000),)
    assert DecisiveFacts("mars-pro", evidence, "mars-pro") in found


def test_an_unknown_fact_is_met_once_it_is_shown() -> None:
    where, asked = SHIPPED_WORLD, {"require": {"voice_transfer": True}}
    oracle = where.oracle
    flash = oracle.models["mars-flash"]
    assert oracle.stand(asked, flash).unverified == ("voice_transfer",)
    after = shown(where, "mars-flash", {"voice_transfer": True})
    at = after.settings(after.models["mars-flash"])[-1]
    assert MET in after.verdicts(after.stated(asked), after.models["mars-flash"], at).values()
