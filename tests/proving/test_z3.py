"""The cells and the theorem of the guide, put to an SMT solver.

`Encoding` states every profile without preferences at once, with symbols for what is required.
It is written from the specification, with the tables that every oracle shares: of the package it
takes facts, weights and the value table alone. What z3 finds impossible holds for real thresholds,
so for every number of a profile too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mars_solver.solving.cells import NUMERIC, Interval, axis, critical_values

from mars_solver import Catalogue, Profile, Solver, load_catalogue, load_weights, recommend_with
from mars_solver.explaining.recommendation import Recommendation
from mars_solver.inputs.facts import Model
from mars_solver.inputs.weights import Weights
from mars_solver.solving.scoring import value_table
from mars_solver.vocabulary import Requirement, names_of
from oracle import (
    FACT_OF,
    FLAGS,
    FLASH,
    GUIDE,
    NANO,
    NEEDED_BY,
    PINS,
    PRO,
    REAL_TIME_BELOW_MS,
    REQUIRED,
)
from oracle import settings as settings_of
from strategies import profile_dicts

z3 = pytest.importorskip("z3", reason="z3-solver is a development dependency")

CATALOGUE, WEIGHTS = load_catalogue(), load_weights()
SOLVER = Solver(CATALOGUE, WEIGHTS)
NEEDS = tuple(NEEDED_BY)
CRITERIA = ("latency", "fidelity", "expressiveness", "control", "footprint")
LARGEST = 10**9
OUT = 100
"""Stands worse than any number of unverified requirements."""
UNHEARD = "zz-zz"

Formula = Any
"""A formula or symbol of z3, which has no types."""
Known = bool | None


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


def capable(known: Known) -> Judged:
    return Judged(z3.BoolVal(known is None), z3.BoolVal(known is False))


def worse(one: Judged, other: Judged) -> Judged:
    violated = z3.Or(one.violated, other.violated)
    unverified = z3.Or(one.unverified, other.unverified)
    return Judged(z3.And(unverified, z3.Not(violated)), violated)


def ranged(model: Model, name: str, limit: Formula) -> Judged:
    """The verdict of a number on its own fact."""
    low, high = model.range(FACT_OF[name]) or (0, float("inf"))
    finite = high < float("inf")
    if name == "min_sample_rate_hz":
        met = exact(low) >= limit
        violated = exact(high) < limit if finite else z3.BoolVal(False)
    else:
        met = exact(high) <= limit if finite else z3.BoolVal(False)
        violated = exact(low) > limit
    return Judged(z3.And(z3.Not(met), z3.Not(violated)), violated)


def compared(model: Model, name: str, limit: Formula) -> Judged:
    """The verdict of a number, with what it implies."""
    own = ranged(model, name, limit)
    if name == "max_memory_mb":
        return worse(own, capable(model.capability("on_device")))
    return own


def real_time_below(limit: Formula) -> Formula:
    """Whether a ceiling of the time to first byte asks for real time."""
    return limit < REAL_TIME_BELOW_MS


class Encoding:
    """All profiles without preferences, under policy flag, for a catalogue and weights."""

    def __init__(self, catalogue: Catalogue, weights: Weights) -> None:
        self.models = catalogue.models
        self.weights = weights
        self.values = value_table(catalogue.models, weights).sum(axis=2).tolist()
        self.batch, self.accept_beta = z3.Bools("batch accept_beta")
        self.limits = {name: z3.Real(name) for name in FACT_OF}
        self.primary = {need: z3.Bool(f"primary={need}") for need in NEEDS}
        tags = [*sorted({tag for model in self.models for tag in model.languages}), UNHEARD]
        self.tag_of = {self.speakers(tag): tag for tag in tags}
        self.asked = {known: z3.Bool(f"tag={tag}") for known, tag in self.tag_of.items()}
        self.stated = {name: z3.Bool(f"states {name}") for name in (*FLAGS, *FACT_OF)}
        self.stated["languages"] = z3.Or(*self.asked.values())
        self.needs = self._needs()
        self.places = {model.id: z3.Int(f"standing of {model.id}") for model in self.models}
        self.sums = {
            model.id: self._sum(values)
            for model, values in zip(self.models, self.values, strict=True)
        }
        self.axioms = [*self._profile(), *map(self._stands, self.models)]

    def speakers(self, tag: str) -> tuple[Known, ...]:
        """What each model says of a locale; all that tells locales apart."""
        return tuple(model.speaks(tag) for model in self.models)

    def _needs(self) -> dict[str, Formula]:
        stated = self.stated
        live = z3.And(stated["max_ttfb_ms"], real_time_below(self.limits["max_ttfb_ms"]))
        return {
            need: z3.Or(*(stated[n] for n in names), *([live] if need == "real_time" else []))
            for need, names in NEEDED_BY.items()
        }

    def _profile(self) -> list[Formula]:
        """What makes a profile valid."""
        return [
            *(z3.And(limit > 0, limit <= LARGEST) for limit in self.limits.values()),
            *(z3.Implies(self.primary[need], self.needs[need]) for need in NEEDS),
            z3.AtMost(*self.primary.values(), 1),
            z3.Not(z3.And(self.batch, self.needs["real_time"])),
        ]

    def _verdicts(self, model: Model) -> dict[str, Judged]:
        """What the facts of a model say of each requirement."""
        place = self.models.index(model)
        silent = [asked for known, asked in self.asked.items() if known[place] is None]
        mute = [asked for known, asked in self.asked.items() if known[place] is False]
        tongues = worse(
            Judged(z3.Or(*silent), z3.BoolVal(False)), Judged(z3.BoolVal(False), z3.Or(*mute))
        )
        return {
            **{name: capable(model.capability(name)) for name in FLAGS},
            **{name: compared(model, name, limit) for name, limit in self.limits.items()},
            "languages": tongues,
        }

    def _stands(self, model: Model) -> Formula:
        """Tie a model's standing to its best setting: how many are unverified, or `OUT`.

        A model is guaranteed where none is unverified, so that this one number ranks both.
        """
        verdicts = self._verdicts(model)
        marks = []
        for at in settings_of(model):
            usable = {n: n not in PINS or at[PINS[n][0]] == PINS[n][1] for n in REQUIRED}
            lost = z3.Or(
                *(
                    z3.And(self.stated[n], verdicts[n].violated if usable[n] else True)
                    for n in REQUIRED
                )
            )
            doubts = [z3.And(self.stated[n], verdicts[n].unverified) for n in REQUIRED]
            count = z3.Sum(*(z3.If(doubt, 1, 0) for doubt in doubts))
            marks.append(z3.If(lost, OUT, count))
        if model.stage.value != "released":
            marks = [z3.If(self.accept_beta, mark, OUT) for mark in marks]
        place = self.places[model.id]
        return z3.And(*(place <= m for m in marks), z3.Or(*(place == m for m in marks)))

    def _sum(self, values: list[int]) -> Formula:
        """Twice the midpoint score at neutral importances, not divided by the weights."""
        emphasis, first = self.weights.emphasis, self.weights.first
        rows = [
            (z3.BoolVal(True), self.weights.base),
            (self.batch, emphasis.batch),
            *((self.needs[need], getattr(emphasis, need)) for need in NEEDS),
            *((self.primary[need], getattr(first, need)) for need in NEEDS),
        ]
        terms = []
        for active, row in rows:
            points = {c: 5 * getattr(row, c) * v for c, v in zip(CRITERIA, values, strict=True)}
            late = sum(points.values()) - points["latency"]
            terms.append(z3.If(active, z3.If(self.batch, late, sum(points.values())), 0))
        return z3.Sum(*terms)

    def asks(self, case: str) -> Formula:
        """Whether a need decides what the guide answers, or none does."""
        if case not in NEEDS:
            none = z3.Not(z3.Or(*self.needs.values()))
            return z3.And(none, self.batch == (case == "batch"))
        before = [self.needs[need] for need in NEEDS[: NEEDS.index(case)]]
        by_order = z3.Not(z3.Or(*before, *self.primary.values()))
        return z3.And(self.needs[case], z3.Or(self.primary[case], by_order))

    def stand_best(self, answer: tuple[str, ...]) -> Formula:
        """Whether all models of an answer are candidates that no other stands before."""
        places = self.places.values()
        return z3.And(
            *(self.places[a] < OUT for a in answer),
            *(self.places[a] <= place for a in answer for place in places),
        )

    def lead(self, answer: tuple[str, ...]) -> Formula:
        """Whether the models of an answer take the first places, in its order."""
        after = [(a, b) for i, a in enumerate(answer) for b in answer[i + 1 :]]
        rest = [(a, b) for a in answer for b in self.places if b not in answer]
        return z3.And(*(self.before(a, b) for a, b in after + rest))

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

    def profile(self, found: Any) -> Profile:
        """The profile that z3 found."""

        def holds(formula: Formula) -> bool:
            return bool(z3.is_true(found.eval(formula, model_completion=True)))

        require: dict[str, Any] = {name: True for name in FLAGS if holds(self.stated[name])}
        for name, limit in self.limits.items():
            if holds(self.stated[name]):
                require[name] = float(found.eval(limit, model_completion=True).as_fraction())
        require["languages"] = [
            self.tag_of[known] for known in self.asked if holds(self.asked[known])
        ]
        return Profile.model_validate(
            {
                "workflow": "batch" if holds(self.batch) else None,
                "primary": next((n for n in NEEDS if holds(self.primary[n])), None),
                "accept_beta": holds(self.accept_beta),
                "require": require,
            }
        )

    def fixed(self, profile: Profile) -> list[Formula]:
        """That the symbols say what one profile says."""
        need = profile.require
        tags = {self.speakers(tag) for tag in need.languages}
        limits = {name: getattr(need, name) for name in FACT_OF}
        return [
            *(self.stated[name] == getattr(need, name) for name in FLAGS),
            *(self.stated[name] == (limit is not None) for name, limit in limits.items()),
            *(self.limits[name] == exact(limit) for name, limit in limits.items() if limit),
            *(asked == (known in tags) for known, asked in self.asked.items()),
            *(symbol == (name == profile.primary) for name, symbol in self.primary.items()),
            self.batch == (profile.workflow == "batch"),
            self.accept_beta == profile.accept_beta,
        ]


ENCODING = Encoding(CATALOGUE, WEIGHTS)


def within(interval: Interval, limit: Formula) -> Formula:
    low, high = exact(interval.low), exact(interval.high)
    return z3.And(
        limit >= low if interval.low_included else limit > low,
        limit <= high if interval.high_included else limit < high,
    )


def stood(name: str, at: float) -> dict[str, Judged]:
    """What the solver says of each model where one number alone is required."""
    decision = recommend_with(SOLVER, Profile(require={name: at})).decision
    return {
        each.model.id: Judged(
            z3.BoolVal(name in names_of(each.unverified)),
            z3.BoolVal(name in names_of(each.violated)),
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
    solved = stood(name, at)
    live = "real_time" in Profile(require={name: at}).require.needs
    own = real_time_below(limit) if name == "max_ttfb_ms" else z3.BoolVal(False)
    differ = [own != live]
    for model in CATALOGUE.models:
        differ += [
            unlike(ranged(model, name, limit), ranged(model, name, exact(at))),
            unlike(compared(model, name, limit), solved[model.id]),
        ]
    return z3.And(within(interval, limit), z3.Or(*differ))


@pytest.mark.parametrize("requirement", NUMERIC, ids=lambda r: r.name)
def test_a_cell_has_one_verdict_for_each_model_and_one_need(requirement: Requirement) -> None:
    for interval in axis(critical_values(CATALOGUE, requirement)):
        assert impossible(split(requirement.name, interval)), interval


@pytest.mark.parametrize("requirement", NUMERIC, ids=lambda r: r.name)
def test_every_threshold_lies_in_one_cell(requirement: Requirement) -> None:
    limit = z3.Real(requirement.name)
    cells = [within(each, limit) for each in axis(critical_values(CATALOGUE, requirement))]
    valid = z3.And(limit > 0, limit <= LARGEST)
    assert impossible(valid, z3.Not(z3.Or(*cells)))
    assert impossible(z3.Not(z3.AtMost(*cells, 1)))
    assert impossible(z3.Or(*cells), z3.Not(valid))


@pytest.mark.parametrize("requirement", NUMERIC, ids=lambda r: r.name)
def test_a_cut_left_out_is_noticed(requirement: Requirement) -> None:
    cuts = critical_values(CATALOGUE, requirement)
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
    answer = recommend_with(SOLVER, ENCODING.profile(witness(*asked)))
    assert tuple(each.model for each in answer.shortlist)[: len(GUIDE[case])] == GUIDE[case]
    assert answer.flowchart.answer == GUIDE[case]
    assert answer.flowchart.agrees


def test_the_guide_answers_every_profile_once() -> None:
    cases = [ENCODING.asks(case) for case in GUIDE]
    assert impossible(*ENCODING.axioms, z3.Not(z3.Or(*cases)))
    assert impossible(*ENCODING.axioms, z3.Not(z3.AtMost(*cases, 1)))


def solved(encoding: Encoding, answer: Recommendation) -> dict[str, tuple[int, int]]:
    """The standing and sum of each model as the solver finds them and `Encoding` counts them."""
    left = {each.model: len(each.to_verify) for each in answer.shortlist}
    return {
        model.id: (left.get(model.id, OUT), least + most)
        for model, (least, most) in zip(encoding.models, answer.decision.sums, strict=True)
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


@given(profile_dicts(prefer=st.just({})).map(Profile.model_validate))
@settings(max_examples=100)
def test_a_profile_stands_and_scores_as_the_solver_says(profile: Profile) -> None:
    found = witness(*ENCODING.axioms, *ENCODING.fixed(profile))
    assert encoded(ENCODING, found) == solved(ENCODING, recommend_with(SOLVER, profile))


def weighted(table: str, row: str, **changed: int) -> Solver:
    """The shipped solver with other weights in one row of a table; "" is the table itself."""
    old = getattr(WEIGHTS, table)
    vector = getattr(old, row) if row else old
    new = vector.model_copy(update=changed)
    update = {table: old.model_copy(update={row: new}) if row else new}
    return Solver(CATALOGUE, WEIGHTS.model_copy(update=update))


def claimed(model: str, fact: str, value: bool | int) -> Solver:
    """The shipped solver with another claim about one model."""
    models = list(CATALOGUE.models)
    place = next(i for i, each in enumerate(models) if each.id == model)
    old = getattr(models[place], fact)
    new = old.model_copy(update={"value": value, "low": None, "high": None})
    models[place] = models[place].model_copy(update={fact: new})
    return Solver(replace(CATALOGUE, models=tuple(models)), WEIGHTS)


@pytest.mark.parametrize(
    ("case", "mutant"),
    [
        ("real_time", weighted("emphasis", "real_time", latency=0)),
        ("real_time", claimed(FLASH, "ttfb_ms", 900)),
        ("voice_transfer", weighted("first", "voice_transfer", fidelity=0, expressiveness=0)),
        ("style_control", claimed(NANO, "style_control", value=True)),
        ("on_device", claimed(NANO, "memory_mb", 600)),
        ("none", weighted("base", "", latency=1000)),
        ("none", claimed(PRO, "fidelity", 1)),
        ("batch", weighted("base", "", control=300)),
        ("batch", weighted("base", "", footprint=400)),
    ],
)
def test_a_mutant_has_a_counterexample_that_recommend_reproduces(case: str, mutant: Solver) -> None:
    encoding = Encoding(mutant.catalogue, mutant.weights)
    found = witness(*encoding.departs(case))
    answer = recommend_with(mutant, encoding.profile(found))
    assert encoded(encoding, found) == solved(encoding, answer)

    guide = GUIDE[case]
    standing = {each.model: (each.status, len(each.to_verify)) for each in answer.shortlist}
    ranked = [each.model for each in answer.shortlist]
    assert {standing[model] for model in guide} == {standing[ranked[0]]}
    assert tuple(ranked[: len(guide)]) != guide
    assert (answer.flowchart.answer, answer.flowchart.agrees) == (guide, False)
