"""What an answer says of ties, disputes, readings, and of what leaves a model out."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from mars_solver import Profile, recommend, recommend_with
from mars_solver.explaining.comparison import decided_by
from mars_solver.inputs.catalogue.catalogue import build_catalogue
from mars_solver.vocabulary import Policy
from oracle import MET, UNVERIFIED, VIOLATED
from random_catalogues import Table
from strategies import (
    FILES,
    SHIPPED_WORLD,
    SOURCES,
    WEIGHTS,
    World,
    cases,
    fact,
    policies,
    shipped_or_pooled,
    world,
)

Case = tuple[World, Table]
either = cases() | cases(shipped_or_pooled(), 4)


def small(**models: Table) -> World:
    """A catalogue with two capabilities, a number and a set; all that is asked is scored alike."""
    attributes = {
        "quick": {"kind": "capability", "label": "Quick", "settle": "try it"},
        "speed": {
            "kind": "number",
            "label": "Speed",
            "unit": "ms",
            "requirements": {"max": "max_speed"},
            "criterion": "haste",
            "implies": "quick",
            "settle": "measure it",
            "caveat": "speeds vary",
        },
        "formats": {"kind": "set", "label": "Formats"},
    }
    files: Table = {
        "attributes": {"schema": 1, "variables": {}, "attributes": attributes},
        "sources": SOURCES,
    }
    for name, facts in models.items():
        files[name] = {
            "schema": 1,
            "id": name,
            "name": name.upper(),
            "stage": fact(value="released"),
            **facts,
        }
    curve = {"scale": "linear", "anchors": [{"at": 0, "value": 10**6}, {"at": 100, "value": 0}]}
    return World(
        files, {"schema": 1, "name": "w", "curves": {"haste": curve}, "base": {"haste": 1}}
    )


def ask(where: World, require: Table, **options: Any) -> Any:
    return recommend_with(where.solver, where.profile({"require": require}), **options)


# ---------------------------------------------------------------------------- ties


@given(either, policies)
@settings(max_examples=100)
@example((world(3), {}), "flag")
def test_what_decides_between_two_models_is_the_first_thing_that_differs(
    case: Case, unknown: Policy
) -> None:
    where, asked = case
    answer = recommend_with(where.solver, where.profile(asked), unknown=unknown)
    oracle, ruling = where.oracle, where.oracle.rule(asked, unknown)
    ids = [m.id for m in where.catalogue.models]
    for first, second in zip(ruling.ranking, ruling.ranking[1:], strict=False):
        keys = [
            (
                *oracle.order(ruling.stands[m], unknown),
                ruling.scores[m][1],
                oracle.score(asked, oracle.models[m], neutral=True)[1],
                m,
            )
            for m in (first, second)
        ]
        differing = [a != b for a, b in zip(*keys, strict=True)].index(True)
        words = ("status", "unverified", "score", "neutral_score", "id")
        one, other = ids.index(first), ids.index(second)
        assert decided_by(answer.decision, one, other) == words[differing]
        comparison = answer.compare(second, first)
        assert (comparison.ahead, comparison.decided_by) == (first, words[differing])
        assert comparison.tied == (differing > 2)
    lead = answer.explain().difference
    assert (lead is None) == (len(ruling.ranking) < 2)
    if lead is not None:
        assert (lead.first, lead.second) == ruling.ranking[:2]
        scores = [float(ruling.scores[m][1]) for m in ruling.ranking[:2]]
        assert lead.points == pytest.approx(scores[0] - scores[1], abs=1e-12)
        assert sum(each.points for each in lead.criteria) == pytest.approx(lead.points, abs=1e-12)
        assert lead.by_standing == (lead.decided_by in {"status", "unverified"})
        assert lead.by_standing or lead.points >= 0
        assert lead.tied == any(" tie; " in note for note in answer.notes)


def test_ten_twins_tie_and_share_alike() -> None:
    files = {k: FILES[k] for k in ("attributes", "sources", "guide/flowchart")}
    for i in range(10):
        files[f"m{i}"] = {**copy.deepcopy(FILES["mars-pro"]), "id": f"m{i}", "name": f"M{i}"}
    answer = recommend({}, catalogue=build_catalogue(files))
    explained = answer.explain()
    assert explained.difference is not None
    assert (explained.difference.tied, explained.difference.decided_by) == (True, "id")
    assert {share.share for share in explained.first_rank_shares} == {0.1}
    assert len({share.error for share in explained.first_rank_shares}) == 1
    assert "M0, M1, M2, M3, M4, M5, M6, M7, M8 and M9 tie; M0 is first by id" in answer.notes


def test_a_comparison_takes_any_two_models_and_says_what_the_facts_say_of_both() -> None:
    answer = recommend({"require": {"max_ttfb_ms": 300}})
    data = answer.compare("mars-pro", "mars-flash").to_dict()
    assert data["schema"] == "mars-solver/comparison/1"
    assert (data["ahead"], data["decided_by"], data["tied"]) == ("mars-flash", "status", False)
    assert [side["rank"] for side in data["models"]] == [None, 1]
    assert data["requirements"] == [
        {
            "requirement": "max_ttfb_ms",
            "required": 300,
            "verdicts": ["violated", "met"],
            "found": [[800, 2000], 150],
            "sources": ["guide", "guide"],
        }
    ]
    neither = answer.compare("mars-pro", "mars-instruct")
    assert (neither.ahead, neither.decided_by) == (None, None)
    points = sum(each.points for each in neither.criteria)
    one, other = neither.models
    assert points == pytest.approx(neither.points) == pytest.approx(one.score - other.score)


# ------------------------------------------------------------------------- disputes


def test_a_claim_that_would_turn_a_verdict_is_said_beside_it() -> None:
    answer = recommend({"require": {"max_ttfb_ms": 300}})
    (dispute,) = answer.shortlist[0].disputed
    assert (dispute.requirement, dispute.verdict) == ("max_ttfb_ms", "violated")
    assert (dispute.found, dispute.source) == ([800, None], "rt-blog")
    assert dispute.note in answer.notes
    assert "150 ms (guide)" in dispute.note
    assert "800 ms and more" in dispute.note
    assert "shared cloud" in dispute.note
    assert recommend({"require": {"max_ttfb_ms": 150}}).shortlist[0].disputed != ()
    assert recommend({"require": {"real_time": True}}).shortlist[0].disputed == ()
    assert json.loads(json.dumps(answer.to_dict()))["shortlist"][0]["disputed"]


def test_a_measurement_is_not_disputed_by_what_it_replaces() -> None:
    measured = {"mars-flash": {"ttfb_ms": {"value": 290, "source": "me", "as_of": "2026"}}}
    answer = recommend({"require": {"max_ttfb_ms": 300}}, measurements=measured)
    assert answer.shortlist[0].disputed == ()


def other(value: Any, **content: Any) -> Table:
    return fact(value=value, why_not="an old page", **content)


def test_capabilities_that_are_implied_and_members_of_sets_are_disputed_too() -> None:
    where = small(
        a={
            "quick": {**fact(value=True), "other_claims": [other(False)]},
            "speed": fact(value=10),
            "formats": {"wav": {**fact(value=True), "other_claims": [other("unknown")]}},
        }
    )
    (candidate,) = ask(where, {"max_speed": 20, "formats": ["wav"]}).shortlist
    assert [(d.requirement, d.verdict) for d in candidate.disputed] == [
        ("max_speed", "violated"),
        ("formats", "unverified"),
    ]
    assert "formats wav" in candidate.disputed[1].note.lower()
    assert ask(where, {"formats": ["mp3"]}).shortlist[0].disputed == ()


@given(either, policies)
@settings(max_examples=100)
def test_where_no_claim_disagrees_nothing_is_disputed(case: Case, unknown: Policy) -> None:
    where, asked = case
    if where is not SHIPPED_WORLD:
        answer = recommend_with(where.solver, where.profile(asked), unknown=unknown)
        assert all(candidate.disputed == () for candidate in answer.shortlist)


# --------------------------------------------------------------------------- notes


def test_a_tag_that_is_read_as_another_is_said() -> None:
    answer = recommend({"require": {"languages": ["en-uk", "en-us"]}})
    assert "en-uk is read as en-gb" in answer.notes
    assert not any("en-us" in note for note in answer.notes)


def test_caveats_name_the_attribute_and_the_source_of_the_fact() -> None:
    where = small(
        a={"speed": fact(value=10, grade="judged"), "quick": fact(value=True)},
        b={"speed": fact(value=20), "quick": fact(value=True)},
    )
    assert ask(where, {"max_speed": 50}).notes == (
        "Speed of A: judged (test), not measured; speeds vary",
        "Speed of B: test; speeds vary",
    )
    measured = {"a": {"speed": fact(value=11, grade="measured")}}
    answer = recommend(
        {"require": {"max_speed": 15}},
        catalogue=where.catalogue,
        weights=where.weights,
        measurements=measured,
    )
    assert answer.notes == ()


def test_what_of_the_weights_the_catalogue_has_no_use_for_is_noted() -> None:
    where = small(a={"speed": fact(value=10)})
    answer = recommend({}, catalogue=where.catalogue, weights=WEIGHTS)
    assert any("latency" in note and "ignored" in note for note in answer.notes)


# --------------------------------------------------------- what leaves a model out


def test_found_members_are_those_that_are_met_and_the_unknown_ones_are_noted() -> None:
    formats = {"wav": fact(value=True), "mp3": fact(value="unknown", note="a rumour")}
    where = small(
        a={"formats": {**formats, "others": "no"}},
        b={"formats": formats},
    )
    answer = ask(where, {"formats": ["wav", "mp3", "ogg"]})
    (excluded,) = answer.excluded
    (violation,) = excluded.violations
    assert (excluded.model, violation.found) == ("a", ["wav"])
    assert violation.note == "mp3: a rumour (test)"
    (to_verify,) = answer.shortlist[0].to_verify
    assert to_verify.found == ["wav"]
    assert "mp3: a rumour (test)" in to_verify.note
    assert "ogg: no source mentions it" in to_verify.note


def test_rejecting_the_unknown_names_what_excludes_and_what_would_settle_it() -> None:
    where = small(
        a={"speed": fact(low=10, high=30), "quick": fact(value=False)},
        b={"speed": fact(low=10, high=30)},
        c={"speed": fact(value=10), "quick": fact(value="unknown", note="no word")},
        d={"speed": fact(low=10, high=30), "quick": fact(value=True)},
        e={"speed": fact(value=90), "quick": fact(value="unknown")},
    )
    answer = ask(where, {"max_speed": 20}, unknown="reject")
    found = {e.model: e.violations[0] for e in answer.excluded}
    assert (found["a"].found, found["a"].source, found["a"].note) == (False, "test", "")
    assert (found["b"].found, found["b"].source) == (None, None)
    assert found["b"].note == (
        "documented at 10–30 ms (test); Quick: unknown: no source mentions it; measure it; try it"
    )
    assert (found["c"].found, found["c"].source) == (None, "test")
    assert found["c"].note == "Quick: unknown; no word; try it"
    assert found["d"].found == [10, 30]
    assert found["d"].note == "documented at 10–30 ms (test); measure it"
    assert (found["e"].found, found["e"].note) == (90, "")


def test_a_model_that_measurements_leave_no_way_to_run_is_excluded_with_that_reason() -> None:
    no = {"value": False, "source": "our own trial", "as_of": "2026"}
    measured = {"mars-nano": {"on_device": no, "public_api": no, "self_hosted": no}}
    answer = recommend({}, measurements=measured)
    (nano,) = (e for e in answer.excluded if e.model == "mars-nano")
    (violation,) = nano.violations
    assert (violation.requirement, violation.found) == ("configuration", False)
    assert violation.source == "our own trial"
    assert violation.note
    stand = answer.explain("mars-nano").model
    assert stand is not None
    assert (stand.rank, stand.onto_list, stand.to_first) == (None, (), ())
    assert answer.compare("mars-nano", "mars-pro").models[0].configuration is None
    alone = recommend({"require": {"on_device": True}}, measurements=measured)
    json.dumps(alone.explain("mars-nano").to_dict(), allow_nan=False)


# ------------------------------------------------------------------- the whole answer


@given(either, policies, st.sampled_from([None, 1, 2]))
@settings(max_examples=100)
def test_statuses_and_open_points_are_those_of_the_oracle(
    case: Case, unknown: Policy, top: int | None
) -> None:
    where, asked = case
    answer = recommend_with(where.solver, where.profile(asked), unknown=unknown, top=top)
    ruling = where.oracle.rule(asked, unknown)
    assert [c.model for c in answer.shortlist] == list(ruling.ranking[:top])
    first = ruling.stands[ruling.ranking[0]].status if ruling.ranking else "infeasible"
    assert answer.status == first
    assert (answer.flowchart is None) == (where.oracle.guide is None)
    for candidate in answer.shortlist:
        stand = ruling.stands[candidate.model]
        assert candidate.configuration == stand.configuration
        assert candidate.status == stand.status
        assert tuple(item.requirement for item in candidate.to_verify) == stand.unverified
        assert all(item.note for item in candidate.to_verify)
        low, middle, high = (float(each) for each in ruling.scores[candidate.model])
        assert candidate.score == pytest.approx(middle)
        assert candidate.score_range == pytest.approx((low, high))
    for exclusion in answer.excluded:
        lost = ruling.stands[exclusion.model].violated
        named = [v.requirement for v in exclusion.violations]
        assert [n for n in named if n not in {"accept_beta", "configuration"}] == list(lost)


@given(either, st.data())
@settings(max_examples=100)
def test_a_comparison_gives_the_verdicts_of_the_oracle(case: Case, data: st.DataObject) -> None:
    where, asked = case
    answer = recommend_with(where.solver, where.profile(asked))
    ids = list(where.oracle.models)
    assume(len(ids) > 1)
    pair = data.draw(st.permutations(ids))[:2]
    stated = where.oracle.stated(asked)
    stands = where.oracle.rule(asked).stands
    words = {MET: "met", UNVERIFIED: "unverified", VIOLATED: "violated"}
    for i, model in enumerate(pair):
        at = stands[model].configuration
        assert at is not None
        verdicts = where.oracle.verdicts(stated, where.oracle.models[model], at)
        rows = answer.compare(*pair).requirements
        assert {r.requirement: r.verdicts[i] for r in rows} == {
            name: words[verdict] for name, verdict in verdicts.items()
        }


def test_an_explanation_adds_keys_to_the_recommendation() -> None:
    answer = recommend({"require": {"voice_transfer": True}})
    base, explained = answer.to_dict(), answer.explain("mars-flash").to_dict()
    assert {key: explained[key] for key in base} == base
    assert list(explained)[len(base) :] == [
        "difference", "importances", "thresholds", "decisive_facts", "first_rank_shares", "model",
    ]  # fmt: skip


def test_the_json_is_that_of_the_second_edition() -> None:
    data = recommend(Profile(require={"real_time": True})).to_dict()
    assert data["schema"] == "mars-solver/recommendation/2"
    assert list(data) == [
        "schema", "profile", "status", "shortlist", "excluded", "conflicts", "corrections",
        "betas", "relaxations", "flowchart", "calls", "notes", "catalogue", "weights",
    ]  # fmt: skip
    first = data["shortlist"][0]
    assert (data["status"], first["status"]) == ("meets", "meets")
    assert first["configuration"] == {
        "deployment": "cloud", "delivery": "streaming", "voice": "library", "style": "as_voice",
    }  # fmt: skip
    assert first["availability"].startswith("public API")


def test_a_catalogue_without_a_guide_is_answered_without_one() -> None:
    where = small(a={"speed": fact(value=10)}, b={"quick": fact(value=True)})
    answer = ask(where, {"quick": True})
    data = answer.explain("a").to_dict()
    assert (data["flowchart"], data["calls"]) == (None, {})
    assert data["shortlist"][0]["configuration"] == {}
    assert data["shortlist"][0]["availability"] == ""
