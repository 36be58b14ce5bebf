"""Conflicts, corrections, relaxations, flips and thresholds: exact, minimal, and solved again."""

from __future__ import annotations

import itertools
import json
import math
from fractions import Fraction
from functools import cache, partial
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from mars_solver import (
    Catalogue,
    InputError,
    Profile,
    Solver,
    recommend,
    recommend_with,
    with_measurements,
)
from mars_solver.explaining.decisive_facts import DecisiveFacts, Evidence
from mars_solver.explaining.recommendation import Recommendation
from mars_solver.explaining.sensitivity import Flip, Ranked, positive_share
from mars_solver.inputs.weights import coefficients
from mars_solver.rendering.console import explanation, to_text
from mars_solver.solving.cells import axis, critical_values
from mars_solver.vocabulary import CRITERION_NAMES, MAX_NUMBER, REQUIREMENT, Kind, Policy
from oracle import (
    MET,
    VIOLATED,
    at_setting,
    brute_force,
    candidates,
    verdicts,
)
from oracle import settings as settings_of
from strategies import SHIPPED, WEIGHTS, profile_dicts, profiles, solvers

two_policies = st.sampled_from(["flag", "reject"])
Values = tuple[tuple[str, Any], ...]
"""New values of some requirements, in declared order; None drops one."""


def changed(profile: Profile, values: Values) -> Profile:
    """The profile with other requirements, and without a primary need that is gone."""
    data = profile.to_dict()
    data["require"].update({n: list(v) if isinstance(v, tuple) else v for n, v in values})
    if data.get("primary") not in Profile(require=data["require"]).require.needs:
        data.pop("primary", None)
    return Profile.model_validate(data)


def feasible(catalogue: Catalogue, profile: Profile, policy: str) -> bool:
    answer = brute_force(catalogue, profile, policy)
    return any(status != "excluded" for status, _ in answer.values())


@given(solvers(), profiles(), two_policies)
@settings(max_examples=100)
def test_corrections_are_the_smallest_sets_to_drop_each_solved_again(
    solver: Solver, profile: Profile, unknown: Policy
) -> None:
    answer = recommend_with(solver, profile, unknown=unknown)
    stated = list(profile.to_dict()["require"])
    ways = {
        frozenset(dropped)
        for size in range(len(stated) + 1)
        for dropped in itertools.combinations(stated, size)
        if feasible(solver.catalogue, changed(profile, tuple((n, None) for n in dropped)), unknown)
    }
    smallest = {way for way in ways if not any(other < way for other in ways)}
    assert {frozenset(each) for each in answer.corrections} == smallest - {frozenset()}
    hit = [frozenset(each) for each in answer.conflicts]
    assert all(way & conflict for way in smallest for conflict in hit)


def looser(catalogue: Catalogue, name: str, stated: Any) -> list[Any]:
    """Every looser value of a requirement that could matter, none at all last."""
    requirement = REQUIREMENT[name]
    if requirement.kind is Kind.LOCALES:
        subsets = [
            tuple(each)
            for size in range(len(stated) - 1, 0, -1)
            for each in itertools.combinations(stated, size)
        ]
        return [*subsets, None]
    ends = (
        [end for model in catalogue.models for end in model.range(requirement.fact) or ()]
        if (requirement.unit)
        else []
    )
    usable = sorted({end for end in ends if 0 < end <= MAX_NUMBER})
    if requirement.kind is Kind.CEILING:
        return [*(end for end in usable if end > stated), None]
    return [*(end for end in usable if end < stated), None]


def further(name: str, value: Any, other: Any) -> bool:
    """Whether `other` gives up at least as much of a requirement as `value` does."""
    if other is None or value is None:
        return other is None
    if isinstance(value, tuple):
        return set(value) >= set(other)
    return bool(value <= other if name.startswith("max_") else value >= other)


def front(found: set[Values]) -> set[Values]:
    def within(small: Values, large: Values) -> bool:
        big = dict(large)
        return all(n in big and further(n, v, big[n]) for n, v in small)

    return {v for v in found if not any(o != v and within(o, v) for o in found)}


def every_change(catalogue: Catalogue, profile: Profile) -> set[Values]:
    stated = profile.to_dict()["require"]
    options = [
        [
            (),
            *(
                ((name, value),)
                for value in looser(catalogue, name, getattr(profile.require, name))
            ),
        ]
        for name in stated
    ]
    return {tuple(itertools.chain(*combination)) for combination in itertools.product(*options)}


def surely(catalogue: Catalogue, profile: Profile, near: set[Values]) -> set[Values]:
    """The changes of what a setting violates after which it meets every requirement.

    Where the nearest change that admits the setting does so already, only if it is one of `near`.
    """
    found = set()
    after = cache(partial(changed, profile))
    for model in candidates(catalogue, profile):
        own: dict[Values, dict[str, int]] = {(): verdicts(profile, model)}
        for at in settings_of(model):
            violated = [n for n, v in at_setting(own[()], at).items() if v == VIOLATED]
            options = [
                [(n, v) for v in looser(catalogue, n, getattr(profile.require, n))]
                for n in violated
            ]
            judged = {}
            for values in itertools.product(*options):
                if values not in own:
                    own[values] = verdicts(after(values), model)
                judged[values] = set(at_setting(own[values], at).values())
            nearest = front({v for v, each in judged.items() if VIOLATED not in each})
            sure = front({v for v, each in judged.items() if each <= {MET}})
            found |= {v for v in sure if v not in nearest or v in near}
    return found


def listed(answer: Recommendation) -> set[Values]:
    return {
        tuple(
            (c.requirement, tuple(c.to) if isinstance(c.to, list) else c.to)
            for c in each.changes
            if c.requirement != "primary"
        )
        for each in answer.relaxations
    }


@given(solvers(), profiles(), two_policies)
@settings(max_examples=150)
@example(
    SHIPPED,
    Profile(require={"max_ttfb_ms": 100, "voice_transfer": True, "languages": ["hi-in"]}),
    "flag",
)
@example(SHIPPED, Profile(require={"real_time": True, "style_control": True}), "reject")
def test_relaxations_are_the_pareto_fronts_of_all_changes(
    solver: Solver, profile: Profile, unknown: Policy
) -> None:
    catalogue = solver.catalogue
    answer = recommend_with(solver, profile, unknown=unknown)
    if answer.shortlist or not candidates(catalogue, profile):
        assert answer.relaxations == ()
        return
    changes = every_change(catalogue, profile)
    assume(len(changes) <= 600)
    expected = front({v for v in changes if feasible(catalogue, changed(profile, v), unknown)})
    if unknown == "flag":
        expected |= front(surely(catalogue, profile, expected))
    assert listed(answer) == expected
    assert len(answer.relaxations) == len(expected)


@given(solvers(), profiles(), two_policies)
@settings(max_examples=100)
def test_every_relaxation_admits_what_it_says(
    solver: Solver, profile: Profile, unknown: Policy
) -> None:
    answer = recommend_with(solver, profile, unknown=unknown)
    for relaxation in answer.relaxations:
        values = tuple((c.requirement, c.to) for c in relaxation.changes)
        data = profile.to_dict()
        for change in relaxation.changes:
            if change.requirement == "primary":
                assert (change.from_, change.to) == (profile.primary, None)
                del data["primary"]
            else:
                assert data["require"][change.requirement] == change.from_
                data["require"][change.requirement] = change.to
        again = recommend_with(solver, Profile.model_validate(data), unknown=unknown)
        assert tuple(c.model for c in again.shortlist) == relaxation.admits != ()
        assert relaxation.status == min(
            (c.status for c in again.shortlist), key=["guaranteed", "unverified"].index
        )
        assert values
    if unknown == "reject":
        assert all(relaxation.status == "guaranteed" for relaxation in answer.relaxations)


def test_relaxations_come_cheapest_first() -> None:
    answer = recommend({"require": {"max_ttfb_ms": 100, "voice_transfer": True}})
    assert [[(c.requirement, c.to) for c in each.changes] for each in answer.relaxations] == [
        [("max_ttfb_ms", 150)],
        [("max_ttfb_ms", 2000)],
    ]
    assert [each.status for each in answer.relaxations] == ["unverified", "guaranteed"]


def test_the_primary_need_goes_with_its_requirement() -> None:
    answer = recommend(
        {"primary": "style_control", "require": {"real_time": True, "style_control": True}}
    )
    goes = [[(c.requirement, c.from_, c.to) for c in each.changes] for each in answer.relaxations]
    assert goes == [
        [("real_time", True, None)],
        [("style_control", True, None), ("primary", "style_control", None)],
    ]


def test_betas_that_would_help_are_named_and_no_set_names_them() -> None:
    asked = {"require": {"max_ttfb_ms": 100, "min_sample_rate_hz": 44100, "public_api": True}}
    answer = recommend(asked)
    assert answer.betas == ("mars-8.1-flash-beta", "mars-8.1-pro-beta")
    assert recommend({**asked, "accept_beta": True}).betas == ()
    named = set(itertools.chain(*answer.conflicts, *answer.corrections))
    assert named == {"max_ttfb_ms"}


def test_nothing_is_to_be_relaxed_where_a_model_is_left() -> None:
    answer = recommend({"require": {"real_time": True}})
    data = answer.to_dict()
    assert (data["conflicts"], data["corrections"], data["relaxations"]) == ([], [], [])


def exact_winner(answer: Recommendation, criterion: str, importance: Fraction) -> str:
    """The winner at an importance that no profile can state, by scaling all of them."""
    solver, decision, profile = answer.solver, answer.decision, answer.profile
    factors = coefficients(WEIGHTS, profile.context)
    exact = [Fraction(i) for i in profile.importances]
    exact[CRITERION_NAMES.index(criterion)] = importance
    weights = [i * f for i, f in zip(exact, factors, strict=True)]
    middle = solver.values.sum(axis=2).tolist()
    best = [p for p in decision.ranking if decision.order(p) == decision.order(decision.ranking[0])]
    keys = [
        (
            -sum(w * v for w, v in zip(weights, middle[p], strict=True)),
            decision.standings[p].model.id,
        )
        for p in best
    ]
    return min(keys)[1]


def check_flip(
    answer: Recommendation, criterion: str, now: int, flip: Flip | None, way: int
) -> None:
    current = answer.shortlist[0].model
    end = Fraction(10 if way > 0 else 0)
    limit = flip.at if flip else end
    for part in (Fraction(1, 10**9), Fraction(1, 3), Fraction(1, 2), 1 - Fraction(1, 10**9)):
        inside = now + (limit - now) * part
        assert exact_winner(answer, criterion, inside) == current
    if flip is None:
        assert exact_winner(answer, criterion, end) == current
        return
    assert exact_winner(answer, criterion, flip.at) == flip.winner_at
    beyond = flip.at + way * Fraction(1, 10**9)
    if 0 <= beyond <= 10:
        assert exact_winner(answer, criterion, beyond) == flip.winner
    assert current != flip.winner
    wholes = range(now, int(end) + way, way)
    first = next(
        (w for w in wholes if exact_winner(answer, criterion, Fraction(w)) != current), None
    )
    assert flip.whole == first
    if first is not None:
        data = answer.profile.to_dict()
        data["prefer"][criterion] = first
        again = recommend_with(answer.solver, Profile.model_validate(data))
        assert again.shortlist[0].model == flip.whole_winner


@given(solvers(), profiles())
@settings(max_examples=100)
@example(SHIPPED, Profile())
@example(SHIPPED, Profile(prefer={"latency": 8}))
def test_importances_flip_the_winner_exactly_where_they_say(
    solver: Solver, profile: Profile
) -> None:
    answer = recommend_with(solver, profile)
    flips = answer.explain().importances
    assert [each.criterion for each in flips] == (list(CRITERION_NAMES) if answer.shortlist else [])
    for each, now in zip(flips, profile.importances, strict=False):
        assert each.importance == now
        check_flip(answer, each.criterion, now, each.down, -1)
        check_flip(answer, each.criterion, now, each.up, 1)


@given(solvers(), profiles(), st.data())
@settings(max_examples=100)
def test_a_sweep_says_what_every_threshold_gives(
    solver: Solver, profile: Profile, data: st.DataObject
) -> None:
    answer = recommend_with(solver, profile)
    for sweep in answer.explain().thresholds:
        parts = [stretch.interval for stretch in sweep.stretches]
        assert (parts[0].low, parts[0].low_included) == (0, False)
        assert (parts[-1].high, parts[-1].high_included) == (MAX_NUMBER, True)
        for one, other in itertools.pairwise(parts):
            assert one.high == other.low
            assert one.high_included != other.low_included
        values = critical_values(solver.catalogue, REQUIREMENT[sweep.requirement])
        near = [
            number
            for value in values
            for number in (value, math.nextafter(value, 0), math.nextafter(value, math.inf))
        ]
        tried = [data.draw(st.sampled_from([*near, 1, MAX_NUMBER])), data.draw(st.floats(0.5, 1e9))]
        for number in tried:
            if not 0 < number <= MAX_NUMBER:
                continue
            (stretch,) = (s for s in sweep.stretches if number in s.interval)
            try:
                asked = changed(profile, ((sweep.requirement, number),))
            except InputError:
                assert stretch.status == "invalid"
                continue
            again = recommend_with(answer.solver, asked)
            assert stretch.status == again.status
            assert stretch.shortlist == tuple(Ranked(c.model, c.status) for c in again.shortlist)
            gone = profile.primary is not None and asked.primary is None
            assert [c.requirement for c in stretch.changes] == (["primary"] if gone else [])


def test_pro_enters_at_800_ms_unverified_and_at_2000_ms_guaranteed() -> None:
    sweeps = recommend({"require": {"max_ttfb_ms": 300}}).explain().thresholds
    (sweep,) = (each for each in sweeps if each.requirement == "max_ttfb_ms")
    seen = [
        (s.interval.low, next((r.status for r in s.shortlist if r.model == "mars-pro"), None))
        for s in sweep.stretches
    ]
    assert seen == [(0, None), (150, None), (500, None), (800, "unverified"), (2000, "guaranteed")]


@given(st.lists(st.floats(0.001, 1e9), max_size=5, unique=True))
@settings(max_examples=100)
def test_an_axis_is_covered_once(values: list[float]) -> None:
    cells = axis(sorted(values))
    for number in [*values, 1e-9, 1e9, *(math.nextafter(v, 0) for v in values)]:
        assert sum(number in cell for cell in cells) == 1
    assert all(cell.representative in cell for cell in cells)


def measured(answer: Recommendation, model: str, claims: dict[str, Any]) -> str | None:
    """The winner when a model's facts are measured."""
    said = {"source": "a test", "as_of": "2026"}
    table: dict[str, Any] = {}
    for name, value in claims.items():
        if isinstance(value, dict):
            table[name] = {tag: {**said, "value": known} for tag, known in value.items()}
        else:
            table[name] = {**said, "value": value}
    catalogue = with_measurements(answer.solver.catalogue, {model: table}, place="test")
    again = recommend_with(Solver(catalogue, WEIGHTS), answer.profile)
    return again.shortlist[0].model if again.shortlist else None


def claim(evidence: Evidence, *, broken: bool) -> tuple[str, Any]:
    """A measurement that just shows, or just misses, what the evidence asks for."""
    value = evidence.value
    if evidence.relation in {"yes", "no"}:
        known = (evidence.relation == "yes") != broken
        if isinstance(value, tuple):
            return "languages", dict.fromkeys(value, known)
        return evidence.fact, known
    assert isinstance(value, int | float)
    reached = evidence.relation in {"at most", "at least"}
    up = evidence.relation in {"at most", "more than"}
    if reached != broken:
        return evidence.fact, value
    whole = isinstance(value, int)
    step = value + 1 if whole and reached else math.nextafter(value, math.inf)
    back = value - 1 if whole and reached else math.nextafter(value, -math.inf)
    return evidence.fact, step if up else back


@given(solvers(), profiles())
@settings(max_examples=150)
@example(SHIPPED, Profile(require={"real_time": True, "voice_transfer": True}))
@example(SHIPPED, Profile(require={"max_ttfb_ms": 1000}))
@example(SHIPPED, Profile(require={"offline": True, "max_memory_mb": 100}))
def test_decisive_facts_decide_at_their_very_bound(solver: Solver, profile: Profile) -> None:
    answer = recommend_with(solver, profile)
    current = answer.shortlist[0].model if answer.shortlist else None
    for decisive in answer.explain().decisive_facts:
        check_decisive(answer, decisive, current)


def check_decisive(answer: Recommendation, decisive: DecisiveFacts, current: str | None) -> None:
    assert decisive.winner != current
    try:
        shown = dict(claim(each, broken=False) for each in decisive.evidence)
        assert measured(answer, decisive.model, shown) == decisive.winner
    except InputError:  # the model can then be run nowhere
        assert decisive.model == current
    if len(decisive.evidence) == 1:
        missed = dict(claim(each, broken=True) for each in decisive.evidence)
        try:
            assert measured(answer, decisive.model, missed) != decisive.winner
        except InputError:
            assert decisive.model == decisive.winner


def test_u2_is_foreseen() -> None:
    found = recommend({"require": {"max_ttfb_ms": 1000}}).explain().decisive_facts
    assert (
        DecisiveFacts(
            "mars-pro", (Evidence("max_ttfb_ms", "ttfb_ms", "at most", 1000),), "mars-pro"
        )
        in found
    )


SAMPLE = np.random.default_rng(7).dirichlet(np.ones(5), 20_000)


@given(solvers(), profiles())
@settings(max_examples=100)
def test_shares_add_up_and_agree_with_a_sample(solver: Solver, profile: Profile) -> None:
    answer = recommend_with(solver, profile)
    shares = answer.explain().first_rank_shares
    if not answer.shortlist:
        assert shares == ()
        return
    assert sum(share.share for share in shares) == pytest.approx(1)
    assert all((share.error == 0) == share.exact or share.share in {0, 1} for share in shares)
    ids = [share.model for share in shares]
    middle = {
        m.id: v for m, v in zip(solver.catalogue.models, solver.values.sum(axis=2), strict=True)
    }
    order = sorted(ids)
    winners = (SAMPLE @ np.array([middle[i] for i in order]).T).argmax(axis=1)
    for share in shares:
        sampled = float((winners == order.index(share.model)).mean())
        assert sampled == pytest.approx(share.share, abs=0.03)


@pytest.mark.parametrize(
    ("lead", "share"),
    [
        ([1, 1, 1, 1, -1], Fraction(15, 16)),
        ([1, -1, -1, -1, -1], Fraction(1, 16)),
        ([1, -1, 0, 0, 0], Fraction(1, 2)),
        ([3, 2, 1, 1, 0], Fraction(1)),
        ([0, 0, -1, 0, 0], Fraction(0)),
    ],
)
def test_known_shares_of_the_simplex(lead: list[int], share: Fraction) -> None:
    assert positive_share(lead) == share


@given(solvers(), profile_dicts(), st.data())
@settings(max_examples=60)
def test_promotions_work_and_nothing_smaller_does(
    solver: Solver, data: dict[str, Any], draw: st.DataObject
) -> None:
    profile = Profile.model_validate(data)
    answer = recommend_with(solver, profile)
    model = draw.draw(st.sampled_from([m.id for m in solver.catalogue.models]))
    stand = answer.explain(model).model
    assert stand is not None
    ranked = [candidate.model for candidate in answer.shortlist]
    assert stand.rank == (ranked.index(model) + 1 if model in ranked else None)
    assert (stand.onto_list == ()) or stand.rank is None
    for promotion in (*stand.onto_list, *stand.to_first):
        again = promoted(answer, promotion.changes)
        place = [c.model for c in again.shortlist].index(model)
        assert (place + 1, again.shortlist[place].status) == (promotion.rank, promotion.status)
    sizes = {sum(c.requirement != "primary" for c in p.changes) for p in stand.to_first}
    assert all(promotion.rank == 1 for promotion in stand.to_first)
    assert len(sizes) <= 1
    if stand.rank != 1 and (not sizes or min(sizes) > 1):
        assert not any(
            again.shortlist and again.shortlist[0].model == model
            for again in single_changes(answer)
        )


def promoted(answer: Recommendation, changes: Any) -> Recommendation:
    data = answer.profile.to_dict()
    for change in changes:
        name = change.requirement
        if name.startswith("prefer."):
            data["prefer"][name.removeprefix("prefer.")] = change.to
        elif name in {"accept_beta", "primary"}:
            data[name] = change.to
        else:
            data["require"][name] = change.to
    return recommend_with(answer.solver, Profile.model_validate(data))


def single_changes(answer: Recommendation) -> list[Recommendation]:
    """The answers after every single relaxation, importance, or acceptance of betas."""
    profile, catalogue = answer.profile, answer.solver.catalogue
    stated = profile.to_dict()["require"]
    relaxed = [
        changed(profile, ((name, value),))
        for name in stated
        for value in looser(catalogue, name, getattr(profile.require, name))
    ]
    data = profile.to_dict()
    moved = [
        Profile.model_validate({**data, "prefer": {**data["prefer"], name: importance}})
        for name in CRITERION_NAMES
        for importance in range(11)
    ]
    betas = [Profile.model_validate({**data, "accept_beta": True})]
    return [recommend_with(answer.solver, p) for p in (*relaxed, *moved, *betas)]


def test_a_model_can_be_unable_to_win() -> None:
    stand = recommend().explain("mars-8.1-pro-beta").model
    assert stand is not None
    assert [c.requirement for c in stand.onto_list[0].changes] == ["accept_beta"]
    assert stand.to_first == ()


def test_an_unknown_model_is_named() -> None:
    with pytest.raises(InputError, match=r"did you mean mars-pro\?"):
        recommend().explain("mars-por")


def test_an_explanation_adds_keys_to_the_recommendation() -> None:
    answer = recommend({"require": {"voice_transfer": True}})
    base, explained = answer.to_dict(), answer.explain("mars-flash").to_dict()
    assert {key: explained[key] for key in base} == base
    assert list(explained)[len(base) :] == [
        "difference",
        "importances",
        "thresholds",
        "decisive_facts",
        "first_rank_shares",
        "model",
    ]


@given(solvers(), profiles())
@settings(max_examples=100)
def test_the_difference_is_that_of_the_scores(solver: Solver, profile: Profile) -> None:
    answer = recommend_with(solver, profile)
    lead = answer.explain().difference
    if len(answer.shortlist) < 2:
        assert lead is None
        return
    assert lead is not None
    first, second = answer.shortlist[:2]
    assert (lead.first, lead.second) == (first.model, second.model)
    assert lead.points == pytest.approx(first.score - second.score, abs=1e-12)
    assert sum(each.points for each in lead.criteria) == pytest.approx(lead.points, abs=1e-12)
    assert lead.by_standing or lead.points >= 0


@given(
    solvers(),
    profiles(),
    st.sampled_from(["flag", "accept", "reject"]),
    st.sampled_from([None, 1, 2]),
    st.data(),
)
@settings(max_examples=100)
@example(SHIPPED, Profile(require={"max_ttfb_ms": 1000}), "flag", 1, None)
def test_every_answer_can_be_told(
    solver: Solver,
    profile: Profile,
    unknown: Policy,
    top: int | None,
    data: st.DataObject | None,
) -> None:
    answer = recommend_with(solver, profile, unknown=unknown, top=top)
    ids = [model.id for model in solver.catalogue.models]
    asked = data.draw(st.sampled_from([None, *ids])) if data else ids[0]
    explained = answer.explain(asked)
    text = to_text(explanation(explained))
    assert all(model.name in text for model in solver.catalogue.models if top is None)
    json.dumps(explained.to_dict(), allow_nan=False)
