"""What a change changes, against deciding every profile of both sides with the oracle."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.scaling.proof_growth import synthetic
from command import run
from edits import (
    Answer,
    answers,
    brute,
    edited,
    most_decided,
    preferences,
    priced,
    profiles,
    scored,
    small,
)
from mars_solver import (
    InputError,
    Solver,
    difference,
    load_catalogue,
    load_weights,
    recommend_with,
    with_measurements,
)
from mars_solver.inputs.files import data_folder
from mars_solver.inputs.profile import Profile
from mars_solver.proving import dead as finding
from mars_solver.proving import importances
from mars_solver.proving.census import census
from mars_solver.proving.dead import Dead, dead
from mars_solver.proving.difference import AnswerMove, ExactDifference
from mars_solver.proving.joint import shared_order
from mars_solver.proving.theorem import prove
from mars_solver.vocabulary import POLICIES, Policy
from oracle import Oracle
from random_catalogues import World
from strategies import SHIPPED

WEIGHTS = data_folder("weights")


def pair(move: AnswerMove) -> tuple[Answer, Answer]:
    return (move.old.model, move.old.status), (move.new.model, move.new.status)


def size(found: ExactDifference, profile: Profile) -> tuple[object, ...]:
    """What the smallest profile is the least by."""
    names = shared_order((found.old, found.new), lambda declared: declared.requirement)
    others = bool(profile.workflow) + bool(profile.primary) + profile.accept_beta
    which = [names.index(name) for name in names if name in profile.require]
    return len(profile.require), len(profile.prefer), others, which


def reproduced(found: ExactDifference) -> None:
    """Each smallest profile is answered by either side as its move says."""
    for move in found.moves:
        for side, answer in ((found.old, move.old), (found.new, move.new)):
            got = recommend_with(
                side, move.witness.checked_against(side.declared), unknown=found.unknown
            )
            assert (got.best.model if got.best else "", got.status) == answer


def check(old: World, new: World, policy: Policy) -> None:
    """Hold every count and every smallest profile against deciding each profile."""
    found = difference(old.solver, new.solver, unknown=policy)
    moves, cells = brute(old, new, policy)
    assert [found.cells, found.only_old, found.only_new] == cells
    assert {pair(m): (m.neutral, m.all) for m in found.moves} == {
        key: (count.neutral, count.every) for key, count in moves.items()
    }
    assert {pair(m): size(found, m.witness) for m in found.moves} == {
        key: count.least for key, count in moves.items()
    }
    reproduced(found)
    back = difference(new.solver, old.solver, unknown=policy)
    assert (back.cells, back.only_old, back.only_new) == (cells[0], cells[2], cells[1])
    assert {(pair(m)[::-1], m.neutral, m.all, str(m.witness.to_dict())) for m in back.moves} == {
        (pair(m), m.neutral, m.all, str(m.witness.to_dict())) for m in found.moves
    }
    assert not difference(old.solver, World(old.files, old.weighing).solver).changes


@pytest.mark.parametrize("seed", range(12))
def test_an_edit_changes_what_deciding_every_profile_says(seed: int) -> None:
    check(*edited(seed), POLICIES[seed % 3])


@pytest.mark.parametrize("policy", POLICIES)
def test_every_move_is_counted_where_importances_move_one_cell_to_several_models(
    policy: Policy,
) -> None:
    """New ends of claims on both sides of the old ones; what is unknown; a beta."""
    quick = {"a": False, "b": "unknown", "c": True, "d": True}
    old = priced({"a": (10, 10), "b": (20, 40), "c": (60, 90), "d": (30, 30)}, quick)
    new = priced({"a": (25, 25), "b": (20, 30), "c": (50, 70), "d": (30, 35)}, quick)
    check(old, new, policy)
    moves = [pair(move) for move in difference(old.solver, new.solver, unknown=policy).moves]
    assert len(moves) >= 7
    assert {"a", "b", "c", "d"} <= {model for move in moves for model, _ in move}


def test_a_model_of_another_name_is_another_answer() -> None:
    """All facts are the same, and all scores."""
    quick = {"a": False, "b": True, "d": True}
    old = priced({"a": (10, 10), "b": (20, 40), "d": (30, 30)}, quick)
    files = {**old.files, "aa": {**old.files["a"], "id": "aa"}}
    del files["a"]
    new = World(files, old.weighing)
    check(old, new, "flag")
    assert all(
        {pair(m)[0][0], pair(m)[1][0]} == {"a", "aa"}
        for m in difference(old.solver, new.solver).moves
    )


@pytest.mark.long
@pytest.mark.parametrize("seed", range(12, 324))
def test_an_edit_changes_what_deciding_every_profile_says_in_a_long_search(seed: int) -> None:
    check(*edited(seed), POLICIES[seed % 3])


def test_the_edits_meet_every_case() -> None:
    """Moves of every kind, models that come and go, requirements of one side alone."""
    found = [difference(old.solver, new.solver) for old, new in map(edited, range(40))]
    assert {each.changes for each in found} == {True, False}
    assert {kind for each in found for kind in each.declared} == {
        "models",
        "attributes",
        "requirements",
        "criteria",
        "needs",
    }
    assert any(each.only_old for each in found)
    assert any(each.only_new for each in found)
    moves = [move for each in found for move in each.moves]
    statuses = {(move.old.status, move.new.status) for move in moves}
    assert len(statuses) >= 7  # of 8: no model is left before and now is no move
    assert any(move.old.model == move.new.model for move in moves)


def test_the_same_catalogue_and_weights_change_nothing_and_have_the_cells_of_the_proof() -> None:
    for policy in POLICIES:
        found = difference(SHIPPED, Solver(load_catalogue(), load_weights()), unknown=policy)
        assert not found.changes
        assert (found.moves, found.declared) == ((), {})
        assert (found.cells, found.vectors) == (prove(SHIPPED).cells, 11**5)


def slower() -> Solver:
    """The shipped catalogue where Pro takes up to 2400 ms, and not up to 2000."""
    claim = {"low": 800, "high": 2400, "source": "us", "as_of": "2026-11"}
    measured = with_measurements(
        load_catalogue(), {"mars-pro": {"ttfb_ms": claim}}, place="measured"
    )
    return Solver(measured, load_weights())


def test_a_longer_latency_changes_the_answers_between_the_two_limits_alone() -> None:
    found = difference(SHIPPED, slower())
    reproduced(found)
    neutral = [move for move in found.moves if move.neutral]
    assert neutral
    unmet = [m for m in found.moves if m.new.status == "unverified" and m.old.status == "meets"]
    for move in unmet:
        range_ = move.ranges["max_ttfb_ms"]
        assert (range_.low, range_.low_included) == (2000, True)
        assert (range_.high, range_.high_included) == (2400, False)


def test_weights_and_catalogues_are_compared_alone_and_together() -> None:
    weights = load_weights(WEIGHTS / "quality-first.toml")
    found = difference(load_weights(), weights)
    assert (found.old.catalogue, found.new.catalogue) == (load_catalogue(), load_catalogue())
    assert (found.old.weights, found.new.weights) == (load_weights(), weights)
    assert found.moves
    assert not any(move.neutral for move in found.moves)  # both agree with the guide
    assert not difference(load_catalogue(), SHIPPED).changes


def test_of_too_many_criteria_only_profiles_without_preferences_are_compared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old, new = next(w for w in map(edited, range(99)) if len(scored([o.oracle for o in w])) == 2)
    whole = difference(old.solver, new.solver)
    monkeypatch.setattr(importances, "MOST_CRITERIA", 1)
    importances.vectors.cache_clear()
    part = difference(old.solver, new.solver)
    importances.vectors.cache_clear()
    assert part.vectors is None
    assert {pair(m): (m.neutral, m.all) for m in part.moves} == {
        pair(m): (m.neutral, None) for m in whole.moves if m.neutral
    }


# ---------------------------------------------------------------- all importances


def census_of(oracle: Oracle) -> tuple[Counter[str], Counter[str]]:
    """How often each model comes first, and how often the guide is followed and what blocks it."""
    prefers = preferences([oracle])
    wins: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    for profile, (askable,) in profiles([oracle]):
        if not askable:
            continue
        first = answers(oracle, profile, "flag", prefers)
        wins.update(model for model, _ in first)
        if oracle.guide is None:
            continue
        ruling = oracle.rule(profile)
        orders = {name: oracle.order(ruling.stands[name], "flag") for name in ruling.ranking}
        best = {name for name, order in orders.items() if order == min(orders.values())}
        for prefer in prefers:
            verdict = oracle.guide_verdict({**profile, "prefer": prefer})
            assert verdict is not None
            _, models, agrees, blocking = verdict
            if first[0][0] and not agrees:
                counts["departures"] += 1
                counts["by preferences"] += set(models) <= best
                counts.update(f"blocked by {name}" for name in blocking)
            counts["followed"] += agrees
    return wins, counts


def few(seed: int) -> World:
    """A small catalogue with few enough profiles to decide each with each vector."""
    while True:
        world = small(seed)
        if most_decided([world.oracle]) <= 2000:
            return world
        seed += 1000


@pytest.mark.parametrize("seed", range(8))
def test_the_census_is_deciding_every_profile_with_every_importance(seed: int) -> None:
    world = few(seed)
    found = census(world.solver)
    wins, counts = census_of(world.oracle)
    assert Counter({"": found.infeasible, **found.wins}) == wins | Counter(
        dict.fromkeys(world.oracle.models, 0)
    )
    assert found.profiles == wins.total()
    if found.followed is None:
        assert world.oracle.guide is None
        return
    told = {
        "followed": found.followed,
        "departures": found.departures or 0,
        "by preferences": sum(found.preferred.values()),
        **{f"blocked by {name}": count for name, count in found.blocked_by.items()},
    }
    assert +Counter(told) == +counts


def test_without_preferences_the_census_counts_as_the_theorem_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(importances, "MOST_CRITERIA", 0)
    importances.vectors.cache_clear()
    found, theorem = census(SHIPPED), prove(SHIPPED)
    importances.vectors.cache_clear()
    assert (found.followed, found.departures) == (theorem.agreements, theorem.departures)
    assert (found.profiles, found.infeasible) == (theorem.cells, theorem.infeasible)
    assert found.blocked_by == dict(theorem.blocked_by)
    assert not found.preferred


# --------------------------------------------------------------------------- dead


def dead_by_deciding(world: World) -> Dead:
    """What changes no answer, by deciding every profile with it and without."""
    oracle = world.oracle
    prefers = preferences([oracle])
    asked = [profile for profile, (askable,) in profiles([oracle]) if askable]
    answered = [answers(oracle, profile, "flag", prefers) for profile in asked]
    telling = set()
    for profile, now in zip(asked, answered, strict=True):
        for name in profile["require"]:
            rest = {n: v for n, v in profile["require"].items() if n != name}
            without = {**profile, "require": rest}
            stays = profile["primary"] in (None, *oracle.needs(without))
            if name not in telling and stays:
                telling |= {name} - {
                    name for _ in [0] if answers(oracle, without, "flag", prefers) == now
                }
    first = {model for each in answered for model, _ in each}
    facts = []
    for model, data in world.models.items():
        for name in world.catalogue.declared.attributes:
            if name in data and _says(data[name]) and _counts(oracle, name):
                changed = {k: v for k, v in data.items() if k != name}
                other = World({**world.files, model: changed}, world.weighing)
                if not brute(world, other, "flag")[0]:
                    facts.append(f"{model}.{name}")
    models = tuple(m for m in oracle.models if m not in first)
    requirements = tuple(n for n in oracle.asked if n not in telling)
    return Dead(models, requirements, tuple(facts), ())


def _says(data: dict[str, object]) -> bool:
    """Whether a fact says anything."""
    if data.get("value") == "unknown":
        return False
    if "value" in data or "low" in data:
        return True
    members = [each for each in data.values() if isinstance(each, dict)]
    told = any(each.get("value") != "unknown" for each in members)
    return (
        data.get("others", "unknown") != "unknown"
        or told
        or bool(data.get("yes") or data.get("no"))
    )


def _counts(oracle: Oracle, name: str) -> bool:
    attribute = oracle.attributes[name]
    return bool(
        attribute.get("criterion")
        or attribute.get("enables")
        or any(
            asked.attribute == name or name in oracle.implied(asked.attribute)
            for asked in oracle.asked.values()
        )
    )


@pytest.mark.parametrize("seed", range(6))
def test_what_is_called_dead_changes_no_answer_and_all_else_does(seed: int) -> None:
    world = few(seed)
    found = dead(world.solver)
    assert found is not None
    assert found == dead_by_deciding(world)


def test_of_a_catalogue_with_too_many_kinds_of_profiles_nothing_is_called_dead() -> None:
    assert dead(Solver(synthetic(24), load_weights())) is None


def test_a_fact_that_only_scores_is_dead_where_nobody_would_miss_it() -> None:
    """Nothing asks for it: only all importances tell."""
    found = finding.dead(SHIPPED)
    assert found is not None
    facts = found.facts or ()
    assert "mars-flash.fidelity" in facts
    assert "mars-pro.fidelity" not in facts


# ---------------------------------------------------------------- the command line


def test_diff_says_what_changes_and_its_exit_code_tells(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(data_folder("models"), tmp_path / "models"))
    same = run("diff", str(data_folder("models")), str(folder))
    assert (same.returncode, same.stderr) == (0, "")
    assert same.stdout.startswith("No answer changes.")

    path = folder / "mars-pro.toml"
    path.write_text(path.read_text("utf-8").replace("high = 2000", "high = 2400", 1), "utf-8")
    command = ["diff", str(data_folder("models")), str(folder)]
    markdown = run(*command, "--markdown")
    assert markdown.returncode == 6
    for said in ("from 2 000, below 2 400 ms", "P3", "Pinned profiles", "MARS-Pro (unverified)"):
        assert said in markdown.stdout.replace("\u202f", " ").replace("\\", "")
    weights = [str(WEIGHTS / f"{name}.toml") for name in ("default", "latency-first")]
    both = run(*command, "--weights", *weights, "--json")
    assert both.returncode == 6
    data = json.loads(both.stdout)
    assert data["changes"]
    assert data["old"]["catalogue"] != data["new"]["catalogue"]
    assert data["new"]["weights"]["name"] == "latency-first"
    assert [line["name"] for line in data["lines"]] == ["P3"]
    assert len(data["pins"]) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing", "here"], "no such file or folder"),
        (["{models}", "{weights}"], "a file beside a folder"),
        (["{weights}", "{weights}", "--weights", "{weights}", "{weights}"], "drop --weights"),
        (["{models}", "{models}", "--models", "{models}"], "none beside two catalogues"),
        (["{models}", "{models}", "--json", "--markdown"], "one form of output"),
        (["{models}", "{models}", "--unknown", "maybe"], "--unknown"),
    ],
)
def test_what_cannot_be_compared_is_refused(arguments: list[str], said: str) -> None:
    places = {"models": data_folder("models"), "weights": WEIGHTS / "default.toml"}
    found = run("diff", *(each.format(**places) for each in arguments))
    assert found.returncode == 2
    assert said in found.stderr
    assert not found.stdout


def test_faults_of_both_sides_are_named_at_once(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "m.toml").write_text("schema = 1\n", "utf-8")
    with pytest.raises(InputError):
        load_catalogue(tmp_path / "one")
    found = run("diff", str(tmp_path / "one"), str(tmp_path / "other"))
    assert found.returncode == 2
    assert all(f"{tmp_path / name}" in found.stderr for name in ("one", "other"))


def test_guide_prints_a_tree_a_flowchart_and_json() -> None:
    text, mermaid, as_json = (run("guide", *more) for more in ([], ["--mermaid"], ["--json"]))
    assert {each.returncode for each in (text, mermaid, as_json)} == {0}
    data = json.loads(as_json.stdout)
    assert data["minimal"]
    assert f"{data['questions']} questions" in text.stdout
    assert mermaid.stdout.startswith("flowchart TD\n")
    assert mermaid.stdout.count("{") == data["questions"]
    assert mermaid.stdout.count("[") == data["questions"] + 1
    assert run("guide", "--json", "--mermaid").returncode == 2
