"""The cells and the theorem of the guide, put to an SMT solver.

`Encoding` states every profile without preferences at once, with symbols for what is required. It
is written from the specification over the oracle's reading of plain data: the package gives it no
table, mask or value. What z3 finds impossible holds for real thresholds, so for every number of a
profile too.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guide import FLASH, GUIDE, NANO, PRO
from mars_solver import Profile, recommend_with
from mars_solver.explaining.recommendation import Recommendation
from mars_solver.inputs.catalogue.attributes import Requirement
from mars_solver.solving.table import Interval, axis
from oracle import LARGEST, UNVERIFIED, VIOLATED, Asked, Data, Oracle, Setting
from strategies import DECLARED, FILES, ORACLE, SHIPPED, WEIGHING, Table, World, profile_dicts

z3 = pytest.importorskip("z3", reason="z3-solver is a development dependency")

NUMERIC = [column.requirement for column in SHIPPED.table if column.requirement.numeric]
OUT = 100
"""Stands worse than any number of unverified requirements."""
UNHEARD = {"language": "zz-zz", "number": 12345, "text": "of-no-list"}
INFINITY = float("inf")

Formula = Any
"""A formula or symbol of z3, which has no types."""


def solving(*formulas: Formula) -> Any:
    """A solver with one fixed seed."""
    solver = z3.Solver()
    solver.set("random_seed", 7)
    solver.add(*formulas)
    return solver


def impossible(*formulas: Formula) -> bool:
    return bool(solving(*formulas).check() == z3.unsat)


def witness(*formulas: Formula) -> Any:
    """A model of formulas that can hold together."""
    solver = solving(*formulas)
    assert solver.check() == z3.sat
    return solver.model()


def exact(number: float) -> Formula:
    return z3.Q(*Fraction(number).as_integer_ratio())


@dataclass(frozen=True)
class Judged:
    """A verdict as two formulas; what is neither is met."""

    unverified: Formula
    violated: Formula


def fixed(verdict: int) -> Judged:
    return Judged(z3.BoolVal(verdict == UNVERIFIED), z3.BoolVal(verdict == VIOLATED))


def worse(one: Judged, other: Judged) -> Judged:
    violated = z3.Or(one.violated, other.violated)
    unverified = z3.Or(one.unverified, other.unverified)
    return Judged(z3.And(unverified, z3.Not(violated)), violated)


def ranged(oracle: Oracle, model: Data, asked: Asked, limit: Formula) -> Judged:
    """The verdict of a number on its own fact."""
    low, high = oracle.claim(model, asked.attribute) or (0, INFINITY)
    finite = high < INFINITY
    if asked.ceiling:
        met = exact(high) <= limit if finite else z3.BoolVal(False)
        violated = exact(low) > limit
    else:
        met = exact(low) >= limit
        violated = exact(high) < limit if finite else z3.BoolVal(False)
    return Judged(z3.And(z3.Not(met), z3.Not(violated)), violated)


def compared(oracle: Oracle, model: Data, asked: Asked, limit: Formula) -> Judged:
    """The verdict of a number, with what it implies."""
    judged = ranged(oracle, model, asked, limit)
    for each in oracle.implied(asked.attribute):
        judged = worse(judged, fixed(grade_of(oracle, model, each)))
    return judged


def grade_of(oracle: Oracle, model: Data, capability: str) -> int:
    known = oracle.can(model, capability)
    return UNVERIFIED if known is None else VIOLATED * (not known)


class Encoding:
    """All profiles without preferences, under policy flag, for a catalogue and weights."""

    def __init__(self, oracle: Oracle) -> None:
        assert oracle.guide is not None
        self.oracle = oracle
        self.models = oracle.models
        self.guide = oracle.guide
        self.questions = [question["need"] for question in self.guide["questions"]]
        self.batch, self.accept_beta = z3.Bools("batch accept_beta")
        asked = oracle.asked.values()
        self.flags = [a.name for a in asked if a.kind == "capability"]
        self.limits = {a.name: z3.Real(a.name) for a in asked if a.kind in {"number", "ordinal"}}
        self.lists = {a.name: self._members(a) for a in asked if a.kind == "set"}
        self.primary = {need: z3.Bool(f"primary={need}") for need in self.questions}
        self.stated = {name: z3.Bool(f"states {name}") for name in (*self.flags, *self.limits)}
        for name, members in self.lists.items():
            self.stated[name] = z3.Or(*(symbol for symbol, _ in members.values()))
        self.needs = {need: self._need(self.guide["needs"][need]) for need in self.questions}
        self.places = {name: z3.Int(f"standing of {name}") for name in self.models}
        self.sums = {name: self._sum(model) for name, model in self.models.items()}
        self.axioms = [*self._profile(), *map(self._stands, self.models)]

    def _members(self, asked: Asked) -> dict[tuple[int, ...], tuple[Formula, Any]]:
        """For each way in which one member comes out: a symbol for asking, and such a member."""
        attribute = asked.attribute
        kind = self.oracle.attributes[attribute].get("members", "text")
        members = [*sorted(self.oracle.listed_anywhere(attribute), key=str), UNHEARD[kind]]
        if kind == "language":
            members += sorted({tag.split("-")[0] for tag in members})
        found: dict[tuple[int, ...], tuple[Formula, Any]] = {}
        for member in members:
            key = self.known(asked, member)
            found.setdefault(key, (z3.Bool(f"{asked.name}={member}"), member))
        return found

    def known(self, asked: Asked, member: Any) -> tuple[int, ...]:
        """What each model says of a member; all that tells members apart."""
        models = self.models.values()
        return tuple(self.oracle.has(model, asked.attribute, member) for model in models)

    def _need(self, need: Data) -> Formula:
        below = need.get("below", {}).items()
        return z3.Or(
            *(
                z3.And(
                    self.stated[name],
                    *(z3.Not(self.stated[other]) for other in need.get("unless", {}).get(name, [])),
                )
                for name in need.get("stated_by", [])
            ),
            *(z3.And(self.stated[name], self.limits[name] < exact(top)) for name, top in below),
        )

    def _profile(self) -> list[Formula]:
        """What makes a profile valid."""
        live = [self.needs[n] for n in self.questions if self.guide["needs"][n].get("live")]
        return [
            *(z3.And(limit > 0, limit <= LARGEST) for limit in self.limits.values()),
            *(z3.Implies(self.primary[need], self.needs[need]) for need in self.questions),
            z3.AtMost(*self.primary.values(), 1),
            z3.Not(z3.And(self.batch, z3.Or(*live))),
        ]

    def _verdicts(self, place: int, model: Data) -> dict[str, Judged]:
        """What the facts of a model say of each requirement, with what it implies."""
        found = {}
        for name, asked in self.oracle.asked.items():
            if name in self.limits:
                found[name] = compared(self.oracle, model, asked, self.limits[name])
                continue
            if name in self.lists:
                each = self.lists[name].items()
                open_ = [symbol for known, (symbol, _) in each if known[place] == UNVERIFIED]
                lost = [symbol for known, (symbol, _) in each if known[place] == VIOLATED]
                judged = worse(
                    Judged(z3.Or(*open_), z3.BoolVal(False)),
                    Judged(z3.BoolVal(False), z3.Or(*lost)),
                )
            else:
                judged = fixed(grade_of(self.oracle, model, asked.attribute))
            for implied in self.oracle.implied(asked.attribute):
                judged = worse(judged, fixed(grade_of(self.oracle, model, implied)))
            found[name] = judged
        return found

    def _stands(self, name: str) -> Formula:
        """Tie a model's standing to its best setting: how many are unverified, or `OUT`.

        A model meets everything where none is unverified, so that this one number ranks both.
        """
        model = self.models[name]
        verdicts = self._verdicts(list(self.models).index(name), model)
        marks = []
        for at in self.oracle.settings(model):
            usable = {each: self._usable(each, at) for each in self.oracle.asked}
            lost = z3.Or(
                *(
                    z3.And(self.stated[n], verdicts[n].violated if usable[n] else True)
                    for n in self.oracle.asked
                )
            )
            doubts = [z3.And(self.stated[n], v.unverified) for n, v in verdicts.items()]
            count = z3.Sum(*(z3.If(doubt, 1, 0) for doubt in doubts))
            marks.append(z3.If(lost, OUT, count))
        if model["stage"]["value"] != "released":
            marks = [z3.If(self.accept_beta, mark, OUT) for mark in marks]
        place = self.places[name]
        return z3.And(*(place <= m for m in marks), z3.Or(*(place == m for m in marks)))

    def _usable(self, name: str, at: Setting) -> bool:
        attribute = self.oracle.asked[name].attribute
        return all(self.oracle.allows(attribute, *choice) for choice in at.items())

    def _sum(self, model: Data) -> Formula:
        """Twice the midpoint score at neutral importances, not divided by the weights."""
        weights, oracle = self.oracle.weights, self.oracle
        emphasis, first = weights.get("emphasis", {}), weights.get("first", {})
        rows = [
            (z3.BoolVal(True), weights["base"]),
            (self.batch, emphasis.get("batch", {})),
            *((self.needs[need], emphasis.get(need, {})) for need in self.questions),
            *((self.primary[need], first.get(need, {})) for need in self.questions),
        ]
        terms = []
        for active, row in rows:
            points = {
                c: 5 * row.get(c, 0) * sum(oracle.ends(model, c))
                for c in oracle.criteria
                if oracle.known_to_weights(c)
            }
            live = [c for c in points if oracle.attributes[oracle.criteria[c]].get("live")]
            late = sum(points.values()) - sum(points[c] for c in live)
            terms.append(z3.If(active, z3.If(self.batch, late, sum(points.values())), 0))
        return z3.Sum(*terms)

    def asks(self, case: str) -> Formula:
        """Whether a need decides what the guide answers, or none does."""
        if case not in self.questions:
            none = z3.Not(z3.Or(*self.needs.values()))
            return z3.And(none, self.batch == (case == "batch"))
        before = [self.needs[need] for need in self.questions[: self.questions.index(case)]]
        by_order = z3.Not(z3.Or(*before, *self.primary.values()))
        return z3.And(self.needs[case], z3.Or(self.primary[case], by_order))

    def stand_best(self, answer: tuple[str, ...]) -> Formula:
        """Whether all models of an answer are candidates, and no other meets more."""
        places = self.places.values()
        return z3.And(
            *(self.places[a] < OUT for a in answer),
            *(self.places[a] <= place for a in answer for place in places),
        )

    def lead(self, answer: tuple[str, ...]) -> Formula:
        """Whether the models of an answer take the first places, in its order."""
        rest = [(a, b) for a in answer for b in self.places if b not in answer]
        return z3.And(*(self.before(a, b) for a, b in [*pairwise(answer), *rest]))

    def before(self, one: str, other: str) -> Formula:
        """Whether a candidate ranks before another model: by standing, sum, id."""
        place, its_place = self.places[one], self.places[other]
        total, its_total = self.sums[one], self.sums[other]
        higher = total >= its_total if one < other else total > its_total
        return z3.Or(place < its_place, z3.And(place == its_place, higher))

    def departs(self, case: str) -> list[Formula]:
        """What a counterexample to the theorem is."""
        answer = GUIDE[case]
        return [
            *self.axioms,
            self.asks(case),
            self.stand_best(answer),
            z3.Not(self.lead(answer)),
        ]

    def profile(self, found: Any) -> Table:
        """The profile that z3 found."""

        def holds(formula: Formula) -> bool:
            return bool(z3.is_true(found.eval(formula, model_completion=True)))

        require: Table = {name: True for name in self.flags if holds(self.stated[name])}
        for name, limit in self.limits.items():
            if holds(self.stated[name]):
                require[name] = float(found.eval(limit, model_completion=True).as_fraction())
        for name, members in self.lists.items():
            if wanted := [member for symbol, member in members.values() if holds(symbol)]:
                require[name] = wanted
        return {
            "workflow": "batch" if holds(self.batch) else None,
            "primary": next((n for n in self.questions if holds(self.primary[n])), None),
            "accept_beta": holds(self.accept_beta),
            "require": require,
        }

    def says(self, profile: Table) -> list[Formula]:
        """That the symbols say what one profile says."""
        stated = self.oracle.stated(profile)
        found = [
            *(self.stated[name] == (name in stated) for name in (*self.flags, *self.limits)),
            *(self.limits[name] == exact(stated[name]) for name in self.limits if name in stated),
            *(symbol == (name == profile.get("primary")) for name, symbol in self.primary.items()),
            self.batch == (profile.get("workflow") == "batch"),
            self.accept_beta == bool(profile.get("accept_beta")),
        ]
        for name, members in self.lists.items():
            asked = self.oracle.asked[name]
            keys = {self.known(asked, member) for member in stated.get(name, [])}
            found += [symbol == (known in keys) for known, (symbol, _) in members.items()]
        return found


ENCODING = Encoding(ORACLE)


def within(interval: Interval, limit: Formula) -> Formula:
    low, high = exact(interval.low), exact(interval.high)
    return z3.And(
        limit >= low if interval.low_included else limit > low,
        limit <= high if interval.high_included else limit < high,
    )


def stood(name: str, at: float) -> dict[str, Judged]:
    """What the solver says of each model where one number alone is required."""
    decision = SHIPPED.decide(Profile(require={name: at}))
    return {
        each.model.id: Judged(
            z3.BoolVal(name in DECLARED.names_of(each.unverified)),
            z3.BoolVal(name in DECLARED.names_of(each.violated)),
        )
        for each in decision.standings
    }


def unlike(one: Judged, other: Judged) -> Formula:
    return z3.Or(one.unverified != other.unverified, one.violated != other.violated)


def split(name: str, interval: Interval) -> Formula:
    """Whether some threshold of an interval has another verdict or need than the one for all.

    Verdicts are compared with the formula at that one, and with what the solver says of it.
    """
    limit, at = z3.Real(name), interval.representative
    asked, solved = ORACLE.asked[name], stood(name, at)
    needs = Profile(require={name: at}).needs
    differ = []
    for need, table in FILES["guide/flowchart"]["needs"].items():
        named = name in table.get("stated_by", [])
        low = limit < table["below"][name] if name in table.get("below", {}) else z3.BoolVal(False)
        differ.append(z3.Or(named, low) != (need in needs))
    for model in ORACLE.models.values():
        one, other = (ranged(ORACLE, model, asked, each) for each in (limit, exact(at)))
        differ += [
            unlike(one, other),
            unlike(compared(ORACLE, model, asked, limit), solved[model["id"]]),
        ]
    return z3.And(within(interval, limit), z3.Or(*differ))


def cuts_of(requirement: Requirement) -> tuple[float, ...]:
    return SHIPPED.column(requirement.name).thresholds


@pytest.mark.parametrize("requirement", NUMERIC, ids=lambda r: r.name)
def test_a_cell_has_one_verdict_for_each_model_and_one_need(requirement: Requirement) -> None:
    for interval, _ in SHIPPED.column(requirement.name).intervals:
        assert impossible(split(requirement.name, interval)), interval


@pytest.mark.parametrize("requirement", NUMERIC, ids=lambda r: r.name)
def test_every_threshold_lies_in_one_cell(requirement: Requirement) -> None:
    limit = z3.Real(requirement.name)
    cells = [within(each, limit) for each, _ in SHIPPED.column(requirement.name).intervals]
    valid = z3.And(limit > 0, limit <= LARGEST)
    assert impossible(valid, z3.Not(z3.Or(*cells)))
    assert impossible(z3.Not(z3.AtMost(*cells, 1)))
    assert impossible(z3.Or(*cells), z3.Not(valid))


@pytest.mark.parametrize("requirement", NUMERIC, ids=lambda r: r.name)
def test_a_cut_left_out_is_noticed(requirement: Requirement) -> None:
    cuts = cuts_of(requirement)
    for cut in cuts:
        coarse = axis(other for other in cuts if other != cut)
        parted = [impossible(split(requirement.name, each)) for each in coarse if cut in each]
        assert parted == [False], cut


@pytest.mark.parametrize("case", GUIDE)
def test_no_profile_contradicts_the_theorem(case: str) -> None:
    assert impossible(*ENCODING.departs(case))


@pytest.mark.parametrize("case", GUIDE)
def test_the_guides_models_can_stand_best(case: str) -> None:
    asked = (*ENCODING.axioms, ENCODING.asks(case), ENCODING.stand_best(GUIDE[case]))
    answer = recommend_with(SHIPPED, Profile(**ENCODING.profile(witness(*asked))))
    assert tuple(each.model for each in answer.shortlist)[: len(GUIDE[case])] == GUIDE[case]
    assert answer.flowchart is not None
    assert answer.flowchart.answer == GUIDE[case]
    assert answer.flowchart.agrees


def test_the_guide_answers_every_profile_once() -> None:
    cases = [ENCODING.asks(case) for case in GUIDE]
    assert impossible(*ENCODING.axioms, z3.Not(z3.Or(*cases)))
    assert impossible(*ENCODING.axioms, z3.Not(z3.AtMost(*cases, 1)))


def solved(answer: Recommendation) -> dict[str, tuple[int, int]]:
    """The standing and sum of each model as the solver finds them and `Encoding` counts them."""
    left = {each.model: len(each.to_verify) for each in answer.shortlist}
    models = answer.solver.catalogue.models
    return {
        model.id: (left.get(model.id, OUT), least + most)
        for model, (least, most) in zip(models, answer.decision.sums, strict=True)
    }


def encoded(encoding: Encoding, found: Any) -> dict[str, tuple[int, int]]:
    """The same, as z3 finds them."""
    return {
        name: (
            found.eval(place, model_completion=True).as_long(),
            found.eval(encoding.sums[name], model_completion=True).as_long(),
        )
        for name, place in encoding.places.items()
    }


@given(profile_dicts(prefer=st.just({})))
@settings(max_examples=60)
def test_a_profile_stands_and_scores_as_the_solver_says(profile: Table) -> None:
    found = witness(*ENCODING.axioms, *ENCODING.says(profile))
    assert encoded(ENCODING, found) == solved(recommend_with(SHIPPED, Profile(**profile)))


def weighted(*path: str, **changed: int) -> World:
    """The shipped catalogue with other weights in one row."""
    weights = copy.deepcopy(WEIGHING)
    row = weights
    for key in path:
        row = row[key]
    row.update(changed)
    return World(FILES, weights)


def claimed(model: str, fact: str, value: bool | int) -> World:
    """The shipped catalogue with another claim about one model."""
    files = copy.deepcopy(FILES)
    claim = {k: v for k, v in files[model][fact].items() if k not in {"low", "high"}}
    files[model][fact] = {**claim, "value": value}
    return World(files, WEIGHING)


@pytest.mark.parametrize(
    ("case", "mutant"),
    [
        ("real_time", weighted("emphasis", "real_time", latency=0)),
        ("real_time", claimed(FLASH, "ttfb_ms", 900)),
        ("voice_transfer", weighted("first", "voice_transfer", fidelity=0, expressiveness=0)),
        ("style_control", claimed(NANO, "style_control", value=True)),
        ("on_device", weighted("first", "on_device", footprint=0)),
        ("none", weighted("base", latency=1000)),
        ("none", claimed(PRO, "fidelity", 1)),
        ("batch", weighted("base", control=300)),
        ("batch", weighted("base", footprint=400)),
    ],
)
def test_a_mutant_has_a_counterexample_that_recommend_reproduces(case: str, mutant: World) -> None:
    encoding = Encoding(mutant.oracle)
    found = witness(*encoding.departs(case))
    answer = recommend_with(mutant.solver, Profile(**encoding.profile(found)))
    assert encoded(encoding, found) == solved(answer)

    guide = GUIDE[case]
    standing = {each.model: (each.status, len(each.to_verify)) for each in answer.shortlist}
    ranked = [each.model for each in answer.shortlist]
    assert {standing[model] for model in guide} == {standing[ranked[0]]}
    assert tuple(ranked[: len(guide)]) != guide
    assert answer.flowchart is not None
    assert (answer.flowchart.answer, answer.flowchart.agrees) == (guide, False)
