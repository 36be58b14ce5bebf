"""Tuning, held against independent oracles: brute force, exact programmes, the solver itself."""

from __future__ import annotations

import itertools
import json
import random
import re
import shutil
import tomllib
from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.tuning.hidden import hidden_labels, hidden_weights
from benchmarks.tuning.report import page
from command import Run, run_script, script
from command import run as mars_solver
from foreign import foreign_solver
from mars_solver import Profile, Solver, Weights, load_catalogue, load_weights
from mars_solver.inputs.files import data_folder
from mars_solver.inputs.parsing import parse
from mars_solver.inputs.profile import parse_profile
from mars_solver.inputs.weights import vector_paths, vectors, weights_toml, with_vectors
from mars_solver.proving.pins import load_pins, load_scenarios
from mars_solver.proving.proof import Proof, verify
from mars_solver.tuning.contradictions import contradictions
from mars_solver.tuning.exact import settle
from mars_solver.tuning.label_files import load_labels
from mars_solver.tuning.labels import Label, parse_label
from mars_solver.tuning.leads import (
    Lead,
    ProfileTerms,
    Target,
    Way,
    lead,
    numbers_of,
    size_of,
    vectors_of,
    way,
)
from mars_solver.tuning.programmes import search
from mars_solver.tuning.targets import of_guide, of_pins, questions, satisfied
from mars_solver.tuning.tune import Invariants, Push, cross_validate, held_out, tune
from mars_solver.vocabulary import VALUE_SCALE
from oracle import Oracle
from scenarios import LINES
from small import build, declaring
from strategies import DECLARED, FILES, Table, profile_dicts

ROOT = Path(__file__).parents[2]
CATALOGUE, SHIPPED = load_catalogue(), load_weights()
SOLVER = Solver(CATALOGUE, SHIPPED)
IDS = [model.id for model in CATALOGUE.models]
SIZE = size_of(DECLARED)
SCENARIOS, PINS = load_scenarios(DECLARED), load_pins(DECLARED)


@cache
def kept() -> Invariants:
    return Invariants(of_guide(SOLVER, SCENARIOS), of_pins(SOLVER, PINS))


def proof_of(solver: Solver) -> Proof:
    return verify(solver, SCENARIOS, PINS)


def weights_of(numbers: Sequence[int]) -> Weights:
    return with_vectors(SHIPPED, DECLARED, vectors_of(tuple(numbers), DECLARED))


def row_of(weights: Weights) -> tuple[int, ...]:
    return numbers_of(weights, DECLARED)


ROWS = st.lists(st.integers(0, 50), min_size=SIZE, max_size=SIZE)


def as_data(weights: Weights) -> Table:
    """Weights as a file would hold them."""
    return tomllib.loads(weights_toml(weights, DECLARED))


@given(profile_dicts(), ROWS, st.sampled_from(list(itertools.permutations(IDS, 2))))
@settings(max_examples=60)
def test_a_lead_is_the_difference_of_scores(
    data: Table, numbers: list[int], pair: tuple[str, str]
) -> None:
    """As the oracle of the rules counts them, and as it breaks ties."""
    check_lead(data, tuple(numbers), pair)


TIED = st.lists(st.sampled_from([0, 0, 0, 1]), min_size=SIZE, max_size=SIZE)


@given(profile_dicts(), TIED, st.sampled_from(list(itertools.permutations(IDS, 2))))
@settings(max_examples=60)
def test_a_lead_of_0_is_decided_as_ties_are(
    data: Table, numbers: list[int], pair: tuple[str, str]
) -> None:
    check_lead(data, tuple(numbers), pair)


def check_lead(data: Table, numbers: tuple[int, ...], pair: tuple[str, str]) -> None:
    oracle = Oracle(FILES, as_data(weights_of(numbers)))
    one, other = (oracle.models[name] for name in pair)
    middles = [oracle.score(data, model)[1] for model in (one, other)]
    levels = [oracle.score(data, model, neutral=True)[1] for model in (one, other)]
    terms = ProfileTerms.of(Profile(**data), SOLVER)
    values = dict(zip(IDS, SOLVER.middles, strict=True))
    found = lead(terms, (pair[0], values[pair[0]]), (pair[1], values[pair[1]]))
    assert found.points(numbers) == middles[0] - middles[1]
    first = (-middles[0], -levels[0], pair[0]) < (-middles[1], -levels[1], pair[1])
    assert found.holds(numbers) is first


def test_numbers_and_vectors_are_the_same_thing() -> None:
    numbers = row_of(SHIPPED)
    assert vectors_of(numbers, DECLARED) == vectors(SHIPPED, DECLARED)
    assert weights_of(numbers) == SHIPPED
    assert len(numbers) == SIZE == len(vector_paths(DECLARED)) * len(DECLARED.criteria)


def test_what_is_to_be_kept_is_what_verify_proves() -> None:
    """Weights that keep it are proved, and each thing that is not kept breaks the proof."""
    broken = 0
    for seed in (0, 1, 2):
        chance = np.random.default_rng(seed)
        numbers = np.array(row_of(SHIPPED)) * chance.uniform(0.8, 1.2, SIZE)
        row = tuple(int(n) for n in numbers)
        proof = proof_of(Solver(CATALOGUE, weights_of(row)))
        misses = [t for group in kept() for t in group if not t.holds(row)]
        assert proof.holds is (not misses)
        broken += bool(misses)
    assert 0 < broken < 3


# Targets of few small forms, which contradict each other often.

FORMS = st.lists(st.integers(-2, 2), min_size=3, max_size=3)


def form(values: Sequence[int]) -> Lead:
    row = (*values, *[0] * (SIZE - len(values)))
    return Lead(tuple(1000 * x for x in row), (1,) * SIZE, ties=False)


@st.composite
def targets(draw: st.DrawFn) -> list[Target]:
    sizes = st.lists(st.integers(1, 2), min_size=1, max_size=2)
    found = []
    for i in range(draw(st.integers(1, 6))):
        ways = tuple(
            tuple(form(draw(FORMS.filter(any))) for _ in range(size)) for size in draw(sizes)
        )
        found.append(Target(f"t{i}", ways))
    return found


def grid() -> list[tuple[int, ...]]:
    """Enough directions to bring about whatever forms of -2 to 2 in three numbers can be."""
    return [n for n in itertools.product(range(13), repeat=3) if any(n)]


GRID = np.array(grid())


def possible(chosen: Sequence[Target]) -> bool:
    """Brute force: whether some numbers bring targets about."""
    good = np.ones(len(GRID), dtype=np.bool_)
    for target in chosen:
        ways = [np.array([each.row[:3] for each in way]) @ GRID.T > 0 for way in target.ways]
        good &= np.any([each.all(axis=0) for each in ways], axis=0)
    return bool(good.any())


def check_contradictions(some: list[Target]) -> None:
    places = range(len(some))
    every = [set(c) for n in range(1, len(some) + 1) for c in itertools.combinations(places, n)]
    bad = [each for each in every if not possible([some[i] for i in sorted(each)])]
    minimal = [each for each in bad if not any(other < each for other in bad)]
    found = contradictions(some, SIZE)
    assert found.complete
    assert found.named == tuple(
        sorted((tuple(sorted(m)) for m in minimal), key=lambda m: (len(m), m))
    )


@given(targets())
@settings(max_examples=10)
def test_the_contradicting_sets_are_all_the_minimal_ones(some: list[Target]) -> None:
    check_contradictions(some)


@pytest.mark.long
@given(targets())
@settings(max_examples=300)
def test_the_contradicting_sets_are_all_the_minimal_ones_in_a_long_search(
    some: list[Target],
) -> None:
    check_contradictions(some)


@given(targets())
@settings(max_examples=25)
def test_targets_of_several_ways_are_solved_exactly(some: list[Target]) -> None:
    found = search(some, np.full(SIZE, 1 / SIZE))
    assert (found is not None) is possible(some)
    if found is not None:
        row = tuple(int(x * 10**9) for x in found.numbers)
        assert all(target.holds(row) for target in some)


def check_settled(leads: list[Lead], *, excluded: bool) -> None:
    """Whether leads exclude each other, and numbers for those that do not, above 0 where can be."""
    conflict, numbers = settle(leads, SIZE)
    assert bool(conflict) is excluded
    if excluded:
        assert settle([leads[i] for i in conflict], SIZE)[0]
    else:
        assert all(each.holds(numbers) for each in leads)


@given(st.lists(st.tuples(FORMS.filter(any), st.booleans()), min_size=1, max_size=6))
@settings(max_examples=200)
def test_whether_leads_exclude_each_other_is_decided_exactly(
    forms: list[tuple[list[int], bool]],
) -> None:
    leads = [form(values)._replace(ties=ties) for values, ties in forms]
    sums = np.array([values for values, _ in forms]) @ np.vstack([GRID, [[0, 0, 0]]]).T
    ties = np.array([[may] for _, may in forms])
    holding = ((sums > 0) | (ties & (sums == 0))).all(axis=0)
    check_settled(leads, excluded=not holding.any())


@given(st.lists(st.tuples(FORMS, FORMS, st.booleans()), min_size=1, max_size=4))
@settings(max_examples=200)
def test_ties_that_neutral_importances_decide_are_excluded_exactly(
    forms: list[tuple[list[int], list[int], bool]],
) -> None:
    leads = []
    for values, level, by_id in forms:
        then = form(level)._replace(ties=by_id)
        leads.append(form(values)._replace(ties=by_id or max(level) > 0, then=then))
    rows = np.array([values for values, _, _ in forms]) @ EVERYWHERE.T
    levels = np.array([level for _, level, _ in forms]) @ EVERYWHERE.T
    by_ids = np.array([[by_id] for _, _, by_id in forms])
    tied = (levels > 0) | (by_ids & (levels == 0))
    holding = ((rows > 0) | ((rows == 0) & tied)).all(axis=0)
    check_settled(leads, excluded=not holding.any())
    found = search([Target(str(i), ways(each)) for i, each in enumerate(leads)], ONE)
    if found is not None:
        row = tuple(int(x * 10**9) for x in found.numbers)
        assert all(each.holds(row) for each in leads)


EVERYWHERE = np.vstack([GRID, [[0, 0, 0]]])
ONE = np.full(SIZE, 1 / SIZE)


def ways(each: Lead) -> tuple[Way, ...]:
    only = way([each])
    return () if only is None else (only,)


@pytest.mark.parametrize(("count", "seed"), [(30, 1), (30, 2), (120, 3)])
def test_labels_from_hidden_weights_all_come_out(count: int, seed: int) -> None:
    """The margin is that of the label that comes nearest, and they may break the guide."""
    labels = hidden_labels(CATALOGUE, hidden_weights(SHIPPED, DECLARED, seed), count, seed=seed)
    tuned = tune(labels, SOLVER, kept())
    assert tuned.separable
    assert tuned.violated == ()
    assert tuned.contradictions == ()
    after = Solver(CATALOGUE, tuned.weights)
    assert all(satisfied(label, after) for label in labels)
    leads = []
    for label in labels:
        decision = after.decide(label.document.profile)
        ids = [s.model.id for s in decision.standings]
        right = ids.index(label.document.expected[0])
        scale = 2 * VALUE_SCALE * sum(decision.weights)
        leads += [
            Fraction(sum(decision.sums[right]) - sum(decision.sums[place]), scale)
            for place in decision.ranking
            if decision.order(place) == decision.order(right)
            and after.middles[place] != after.middles[right]
        ]
    assert tuned.margin is not None
    assert 0 < tuned.margin <= Fraction(tuned.best_margin) * Fraction(101, 100)
    assert tuned.margin == min(leads)
    assert bool(tuned.given_up) is (not proof_of(after).holds)


@pytest.mark.parametrize("seed", [5, 6, 7])
def test_labels_with_two_acceptable_models_all_come_out(seed: int) -> None:
    made = hidden_labels(CATALOGUE, hidden_weights(SHIPPED, DECLARED, seed), 100, seed=seed)
    labels = []
    for place, each in enumerate(made):
        first = each.document.expected[0]
        other = IDS[(IDS.index(first) + 1 + place % (len(IDS) - 1)) % len(IDS)]
        labels.append(Label(each.document.model_copy(update={"expected": (first, other)}), "test"))
    tuned = tune(labels, SOLVER, kept())
    assert tuned.separable
    assert (tuned.violated, tuned.contradictions) == ((), ())
    after = Solver(CATALOGUE, tuned.weights)
    assert all(satisfied(label, after) for label in labels)


def test_weights_of_very_different_size_are_rounded_so_that_every_lead_stays() -> None:
    chance = random.Random(13)
    rows = [
        [chance.choice([1, 10, 10**3, 10**5, 10**6]) for _ in DECLARED.criteria]
        for _ in vector_paths(DECLARED)
    ]
    hidden = with_vectors(SHIPPED, DECLARED, tuple(tuple(row) for row in rows))
    labels = hidden_labels(CATALOGUE, hidden, 600, seed=13)
    tuned = tune(labels, SOLVER)
    assert tuned.separable
    assert tuned.violated == ()


def test_noise_is_borne_and_named() -> None:
    hidden = hidden_weights(SHIPPED, DECLARED, 4)
    noisy = hidden_labels(CATALOGUE, hidden, 300, seed=4, noise=0.1)
    tuned = tune(noisy, SOLVER)
    assert not tuned.separable
    assert tuned.margin is not None
    assert tuned.margin < 0
    assert 0 < len(tuned.violated) < 60
    asked = {q.label.id: q.target for q in tuned.questions}
    assert sum(len(each) > 1 for each in tuned.contradictions) > 3
    for each in tuned.contradictions:
        assert set(each) & set(tuned.violated)
        assert search([asked[name] for name in each], np.full(SIZE, 1 / SIZE)) is None
    unseen = questions(hidden_labels(CATALOGUE, hidden, 400, seed=99), SOLVER)
    assert held_out(unseen, row_of(tuned.weights)).share >= 0.94


def label(name: str, profile: dict[str, Any], *expected: str, **more: Any) -> Label:
    return parse_label(
        {"id": name, "profile": profile, "expected": expected, **more}, DECLARED, "test"
    )


NEW = {"prefer": {"latency": 7, "fidelity": 6}}


def test_a_new_label_that_the_old_weights_miss_is_learnt_and_nothing_else_is_lost() -> None:
    before = SOLVER.decide(Profile(prefer=NEW["prefer"]))
    assert before.standings[before.ranking[0]].model.id == "mars-pro"
    tuned = tune([label("new", NEW, "mars-flash")], SOLVER, kept())
    assert tuned.separable
    assert not tuned.given_up
    after = Solver(CATALOGUE, tuned.weights)
    assert satisfied(tuned.questions[0].label, after)
    assert proof_of(after).holds
    again = tune([label("new", NEW, "mars-flash")], after, kept())
    assert row_of(again.weights) == row_of(tuned.weights) != row_of(SHIPPED)


def test_labels_win_over_the_guide_which_then_is_kept_as_far_as_can_be() -> None:
    tuned = tune([label("mine", {"require": {"real_time": True}}, "mars-pro")], SOLVER, kept())
    assert tuned.separable
    assert 0 < len(tuned.given_up) < 10
    assert any("mars-flash over mars-pro" in name for name in tuned.given_up)
    assert tuned.margin is not None
    assert tuned.margin > 0


def test_pairs_choices_and_orders_are_all_kept() -> None:
    labels = [
        label("pair", {}, over=[["mars-nano", "mars-instruct"]]),
        label("choice", {"prefer": {"control": 10}}, "mars-instruct", "mars-nano"),
        label("order", {"workflow": "batch"}, "mars-pro", "mars-nano", line="own"),
    ]
    tuned = tune(labels, SOLVER)
    after = Solver(CATALOGUE, tuned.weights)
    assert tuned.separable
    assert all(satisfied(each, after) for each in labels)
    assert not all(satisfied(each, SOLVER) for each in labels)


def test_labels_that_contradict_each_other_are_named_and_the_rest_comes_out() -> None:
    labels = [
        label("a", {"prefer": {"latency": 10}}, "mars-pro"),
        label("b", {"prefer": {"latency": 9}}, "mars-flash"),
        label("c", {"require": {"style_control": True}}, "mars-instruct"),
        label("d", {"prefer": {"control": 10, "fidelity": 0}}, "mars-instruct"),
    ]
    tuned = tune(labels, SOLVER, kept())
    assert not tuned.separable
    assert tuned.contradictions == (("a", "b"),)
    assert len(tuned.violated) == 1
    assert set(tuned.violated) <= {"a", "b"}


def test_two_answers_to_one_profile_contradict_each_other() -> None:
    labels = [
        label("a", {"require": {"public_api": True}}, "mars-pro"),
        label("b", {"require": {"public_api": True}}, "mars-flash", "mars-instruct"),
        label("c", {"require": {"public_api": True}}, "mars-pro", "mars-flash"),
    ]
    tuned = tune(labels, SOLVER, kept())
    assert tuned.contradictions == (("a", "b"),)
    assert tuned.violated == ("b",)


def test_a_label_that_no_weights_bring_about_contradicts_itself() -> None:
    """The same is known of both betas, so that their ids decide."""
    tuned = tune([label("worse", {"accept_beta": True}, "mars-8.1-pro-beta")], SOLVER)
    assert tuned.contradictions == (("worse",),)
    assert tuned.violated == ("worse",)


def test_a_label_that_only_neutral_importances_bring_about_comes_out() -> None:
    """Pro is nowhere faster: it comes first by neutral importances, once latency counts nothing."""
    others = dict.fromkeys(("fidelity", "expressiveness", "control", "footprint"), 0)
    worse = label("worse", {"prefer": others}, "mars-pro")
    other = label("other", {"prefer": {"control": 9}}, "mars-instruct")
    tuned = tune([worse, other], SOLVER)
    assert tuned.separable
    assert tuned.violated == ()
    after = Solver(CATALOGUE, tuned.weights)
    assert satisfied(worse, after)
    assert satisfied(other, after)
    assert not satisfied(worse, SOLVER)


def test_a_label_that_only_a_tie_brings_about_comes_out() -> None:
    """Flash is nowhere better than Pro here, and comes first by its id where both score alike."""
    profile = {"prefer": {"latency": 0, "control": 0, "footprint": 0}}
    other = label("other", {"prefer": {"latency": 9}}, "mars-flash")
    labels = [label("tie", profile, "mars-flash"), other]
    tuned = tune(labels, SOLVER)
    assert tuned.separable
    assert tuned.margin == 0
    after = Solver(CATALOGUE, tuned.weights)
    assert all(satisfied(each, after) for each in labels)
    assert not satisfied(labels[0], SOLVER)


def test_cross_validation_tears_no_group_and_tests_each_label_once() -> None:
    labels = hidden_labels(CATALOGUE, hidden_weights(SHIPPED, DECLARED, 5), 24, seed=5)
    grouped = [
        Label(each.document.model_copy(update={"group": f"g{i % 6}"}), "test")
        for i, each in enumerate(labels)
    ]
    folds = cross_validate(questions(grouped, SOLVER), SHIPPED, DECLARED, seed=1)
    assert [fold.labels for fold in folds] == [8, 4, 4, 4, 4]
    assert folds == cross_validate(questions(grouped[::-1], SOLVER), SHIPPED, DECLARED, seed=1)


def test_a_file_of_weights_is_written_and_read_back() -> None:
    for path in sorted(data_folder("weights").glob("*.toml")):
        weights = load_weights(path)
        again = parse(
            Weights, tomllib.loads(weights_toml(weights, DECLARED, ["a comment"])), "test"
        )
        assert again == weights
        assert weights.provenance is not None
        plain = with_vectors(weights, DECLARED, vectors(weights, DECLARED), provenance=None)
        assert plain.sha256 == weights.sha256
        assert (weights.provenance.violated, weights.provenance.given_up) == ((), ())


def test_a_curve_is_told_by_its_label_whose_abbreviation_stays_as_it_is() -> None:
    declared = build(attributes=declaring(price={"label": "TCO"})).declared
    anchors = [{"at": 1, "value": VALUE_SCALE}, {"at": 5, "value": 0}]
    curves = {"cheapness": {"scale": "linear", "anchors": anchors}}
    weights = parse(Weights, {"schema": 1, "name": "w", "base": {}, "curves": curves}, "test")
    assert "[curves.cheapness]  # TCO in USD\n" in weights_toml(weights, declared)


# The shipped weights.


def test_the_shipped_weights_run_into_no_corner() -> None:
    numbers = SHIPPED.base.values()
    assert min(numbers) >= 0.4 * sum(numbers) / len(numbers)
    assert SHIPPED.base["latency"] >= 0.9 * sum(numbers) / len(numbers)


@pytest.mark.parametrize(
    ("name", "prefer", "old", "new"),
    [
        ("latency-first", {"latency": 7, "fidelity": 5}, "mars-pro", "mars-flash"),
        ("quality-first", {"latency": 9, "fidelity": 6}, "mars-flash", "mars-pro"),
    ],
)
def test_each_variant_changes_what_it_says_and_nothing_that_is_proved(
    name: str, prefer: dict[str, int], old: str, new: str
) -> None:
    variant = load_weights(data_folder("weights") / f"{name}.toml")
    profile = Profile(prefer=prefer)
    firsts = []
    for weights in (SHIPPED, variant):
        decision = Solver(CATALOGUE, weights).decide(profile)
        firsts.append(decision.standings[decision.ranking[0]].model.id)
    assert firsts == [old, new]
    numbers = row_of(variant)
    least = min(p for group in kept() for t in group if (p := t.points(numbers)) is not None)
    assert Fraction(1, 100) <= least < Fraction(13, 1000)
    assert variant.note is not None
    assert new.removeprefix("mars-").capitalize() in variant.note


# The command.

COMMAND = ROOT / "benchmarks" / "tune_weights.py"


def run(*arguments: object, command: Path = COMMAND) -> Run:
    return run_script(command, *map(str, arguments))


def spawn(*arguments: object, seed: str) -> Run:
    """The command in a process of its own, with other hashes."""
    return script(str(COMMAND), *map(str, arguments), environment={"PYTHONHASHSEED": seed})


def file_of(path: Path, *labels: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(each) + "\n" for each in labels), "utf-8")
    return path


@pytest.mark.usefixtures("_without_the_dead")
def test_what_had_to_go_for_the_labels_stands_in_the_file_of_the_weights(tmp_path: Path) -> None:
    book = {"prefer": {"fidelity": 9}, "workflow": "batch"}
    phone = {"prefer": {"latency": 8}, "require": {"real_time": True}}
    labels = file_of(
        tmp_path / "l.jsonl",
        {"id": "book", "profile": book, "expected": ["mars-pro"]},
        {"id": "dub", "profile": {"workflow": "batch"}, "expected": ["mars-instruct"]},
        {"id": "kiosk", "profile": {}, "expected": ["mars-nano"]},
        {"id": "phone", "profile": phone, "expected": ["mars-flash"]},
    )
    out = tmp_path / "w.toml"
    told = json.loads(run(labels, "--out", out, "--json").stdout)
    provenance = load_weights(out).provenance
    assert provenance is not None
    assert provenance.given_up == tuple(told["given_up"])
    assert any("2\N{NARROW NO-BREAK SPACE}000 ms" in each for each in told["given_up"])


@pytest.mark.usefixtures("_without_the_dead")
def test_one_command_learns_a_new_label_with_the_same_bytes_each_time(tmp_path: Path) -> None:
    new = file_of(tmp_path / "new.jsonl", {"id": "n", "profile": NEW, "expected": ["mars-flash"]})
    labels = [LINES, new]
    out, report = tmp_path / "w.toml", tmp_path / "w.report.html"
    first = spawn(*labels, "--out", out, "--json", seed="0")
    assert (first.returncode, first.stderr) == (0, "")
    found = json.loads(first.stdout)
    assert found["separable"] is True
    assert found["labels"] == 25
    assert found["violated"] == found["contradictions"] == found["given_up"] == []
    assert 0 < found["margin"] < 0.1
    page = report.read_text("utf-8")
    assert "<td>mars-pro</td><td>mars-flash</td>" in page
    assert "http" not in page
    assert not set("\x00\r") & set(page)
    assert mars_solver("verify", "--weights", str(out)).returncode == 0
    before = out.read_bytes(), report.read_bytes()
    again = spawn(*reversed(labels), "--out", out, "--json", "--force", seed="7")
    assert again.stdout == first.stdout
    assert (out.read_bytes(), report.read_bytes()) == before

    refused = run(*labels, "--out", out)
    assert refused.returncode == 2
    assert f"error: --out: found {out}; expected a file that is not there yet" in refused.stderr
    assert (out.read_bytes(), report.read_bytes()) == before
    assert {path.name for path in tmp_path.iterdir()} == {"new.jsonl", out.name, report.name}


def test_bad_input_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    bad = file_of(
        tmp_path / "bad.jsonl",
        {"id": "a", "profile": {}, "expected": ["mars-prp"]},
        {"id": "b", "profile": {"require": {"real_time": True}}, "expected": ["mars-instruct"]},
    )
    found = run(bad, "--out", tmp_path / "w.toml")
    assert found.returncode == 2
    assert found.stdout == ""
    said = found.stderr.splitlines()
    assert all(line.startswith("error: ") for line in said)
    assert [line.split(": ")[1] for line in said] == [f"{bad}:1", f"{bad}:2"]
    assert [path.name for path in tmp_path.iterdir()] == ["bad.jsonl"]
    wrong = run(bad, "--out", tmp_path / "no" / "w", "--seed", "x", "--push", "speed")
    assert wrong.returncode == 2
    for told in ("--out", "--seed", "--push"):
        assert f"error: {told}: " in wrong.stderr
    assert "Traceback" not in wrong.stderr


def test_nothing_that_is_read_is_written_over(tmp_path: Path) -> None:
    folder = tmp_path / "labels"
    folder.mkdir()
    path = file_of(folder / "a.jsonl", {"id": "a", "profile": {}, "expected": ["mars-pro"]})
    before = path.read_bytes()
    for out in (path, folder / "w.toml", folder):
        found = run(folder, "--out", out, "--force")
        assert (found.returncode, found.stdout) == (2, "")
        assert found.stderr.startswith("error: --out: found ")
    page = [path, "--before", ROOT / "weights" / "default.toml", "--force"]
    for out in (path, ROOT / "weights" / "default.toml"):
        found = run(*page, "--after", out, "--out", out, command=COMMAND.with_name("compare.py"))
        assert (found.returncode, found.stdout) == (2, "")
        assert "expected another file than those that are read" in found.stderr
    assert path.read_bytes() == before
    assert [each.name for each in folder.iterdir()] == ["a.jsonl"]


def test_contradicting_labels_are_named_with_their_lines(tmp_path: Path) -> None:
    path = file_of(
        tmp_path / "l.jsonl",
        {"id": "a", "profile": {"prefer": {"latency": 10}}, "expected": ["mars-pro"]},
        {"id": "b", "profile": {"prefer": {"latency": 9}}, "expected": ["mars-flash"]},
    )
    found = run(path, "--out", tmp_path / "w.toml", "--json")
    assert found.returncode == 0
    assert json.loads(found.stdout)["contradictions"] == [["a", "b"]]
    assert f"these contradict each other: a ({path}:1), b ({path}:2)" in found.stderr
    assert "1 of 2 labels do not win; weights are tuned for the others\n" in found.stderr
    assert re.search(r"^warning: does not win: [ab] \(.*:[12]\)$", found.stderr, re.MULTILINE)
    pushed = run(path, "--out", tmp_path / "p.toml", "--push", "fidelity", "--labels-alone")
    assert pushed.returncode == 0
    assert "tuned for the others; --push leans as far as these let it" in pushed.stderr
    bases = [load_weights(tmp_path / name).base["fidelity"] for name in ("w.toml", "p.toml")]
    assert bases[0] < bases[1]


def test_a_label_that_wins_by_a_tie_alone_is_named_with_its_line(tmp_path: Path) -> None:
    profile = {"prefer": {"latency": 0, "control": 0, "footprint": 0}}
    path = file_of(
        tmp_path / "l.jsonl", {"id": "tie", "profile": profile, "expected": ["mars-flash"]}
    )
    found = run(path, "--out", tmp_path / "w.toml", "--json", "--labels-alone")
    assert found.returncode == 0
    said = json.loads(found.stdout)
    assert (said["separable"], said["violated"], said["margin"]) == (True, [], 0)
    assert (said["ties"], said["contradictions"], said["complete"]) == (["tie"], [], True)
    assert "warning: wins by a tie alone (equal scores; then those at neutral" in found.stderr
    assert f"tie ({path}:1)" in found.stderr


@pytest.fixture
def priced(tmp_path: Path) -> Path:
    """A copy of the shipped catalogue, in which the price scores too: data alone is changed."""
    folder = Path(shutil.copytree(data_folder("models"), tmp_path / "models"))
    declared = folder / "attributes.toml"
    head = "[attributes.price_usd_per_mchar]\n"
    text = declared.read_text("utf-8")
    assert head in text
    declared.write_text(text.replace(head, f'{head}criterion = "price"\n'), "utf-8")
    for name, price in PRICES.items():
        path = folder / f"{name}.toml"
        before, _, after = path.read_text("utf-8").partition("[price_usd_per_mchar]\n")
        rest = after.replace('value = "unknown"', price, 1) if after else f"{price}\n{CLAIM}"
        path.write_text(f"{before}\n[price_usd_per_mchar]\n{rest}", "utf-8")
    (folder / "guide" / "pins.toml").unlink()
    return folder


PRICES = {
    "mars-flash": "low = 10\nhigh = 15",
    "mars-pro": "value = 60",
    "mars-instruct": "value = 90",
    "mars-nano": "value = 30",
}
CLAIM = 'source = "guide"\nas_of = "2026-11"\ngrade = "judged"\n'
CURVE = """
[curves.price]
scale = "log"
anchors = [{ at = 5, value = 1000000 }, { at = 500, value = 0 }]
"""


@pytest.mark.usefixtures("_without_the_dead")
def test_labels_that_need_a_new_criterion_are_learnt_with_no_code(
    priced: Path, tmp_path: Path
) -> None:
    start, out = tmp_path / "start.toml", tmp_path / "out.toml"
    shipped = (data_folder("weights") / "default.toml").read_text("utf-8")
    start.write_text(shipped.replace("[base]\n", "[base]\nprice = 0\n") + CURVE, "utf-8")
    labels = file_of(
        tmp_path / "prices.jsonl",
        {"id": "cheap", "profile": {"prefer": {"price": 10}}, "expected": ["mars-flash"]},
        {"id": "dear", "profile": {"prefer": {"price": 0}}, "expected": ["mars-pro"]},
        {
            "id": "cheap in bulk",
            "profile": {"workflow": "batch", "prefer": {"price": 9}},
            "expected": ["mars-flash", "mars-nano"],
        },
    )
    options = ("--models", priced, "--start", start, "--out", out)
    learnt = run(labels, LINES, *options, "--json")
    assert learnt.returncode == 0
    found = json.loads(learnt.stdout)
    assert found["separable"]
    assert found["violated"] == found["contradictions"] == found["given_up"] == []
    tuned = load_weights(out)
    assert tuned.base["price"] + tuned.emphasis["batch"]["price"] > 0
    proved = mars_solver("verify", "--models", str(priced), "--weights", str(out))
    assert proved.returncode == 0, proved.stdout
    answer = mars_solver(
        "recommend",
        "--models",
        str(priced),
        "--weights",
        str(out),
        "--prefer",
        "price=10",
        "--json",
    )
    assert json.loads(answer.stdout)["shortlist"][0]["model"] == "mars-flash"
    pushed = tmp_path / "pushed.toml"
    lean = ("--models", priced, "--start", out, "--out", pushed, "--push", "price")
    assert run(labels, LINES, *lean, "--margin", "0.001", "--json").returncode == 0
    assert load_weights(pushed).base["price"] > tuned.base["price"]


def test_labels_are_read_by_the_catalogue_and_the_weights_that_are_given(
    priced: Path, tmp_path: Path
) -> None:
    label = {"id": "a", "profile": {"prefer": {"price": 9}}, "expected": ["mars-flash"]}
    path = file_of(tmp_path / "l.jsonl", label, {**label, "id": "b", "expected": ["mars-prp"]})
    out = tmp_path / "w.toml"
    shipped = run(path, "--out", out)
    assert shipped.returncode == 2
    assert "error: unknown preference `price`; did you mean" in shipped.stderr
    assert f"({path}:1: profile.prefer.price; expected" in shipped.stderr
    unscored = run(path, "--models", priced, "--out", out, "--push", "price")
    assert unscored.returncode == 2
    said = unscored.stderr.splitlines()
    assert f"{path}:1: profile.prefer.price: found price; expected a criterion that" in said[1]
    assert "base.price and curves.price" in said[1]
    assert "did you mean `mars-pro`?" in said[2]
    assert said[0].startswith("error: --push: ")
    assert not out.exists()


def test_a_catalogue_without_a_guide_is_tuned_on_labels_alone() -> None:
    """Other attributes, criteria and models; nothing of the shipped guide is kept."""
    solver = foreign_solver()
    declared = solver.declared
    numbers = numbers_of(solver.weights, declared)
    assert of_guide(solver, None) == of_pins(solver, None) == ()
    assert len(numbers) == size_of(declared) == 2 * 2
    ids = [model.id for model in solver.catalogue.models]
    profile: dict[str, Any] = {"prefer": {"cheapness": 9, "comfort_score": 2}}
    first = solver.decide(parse_profile(profile, "test", declared)).ids[0]
    others = [name for name in ids if name != first]
    learnt = 0
    for other in others:
        wanted = parse_label({"id": "x", "profile": profile, "expected": [other]}, declared, "test")
        tuned = tune([wanted], solver)
        after = Solver(solver.catalogue, tuned.weights)
        assert tuned.separable is satisfied(wanted, after)
        assert tuned.separable or tuned.contradictions == (("x",),)
        learnt += tuned.separable
    assert learnt


def test_the_shipped_weights_are_the_output_of_their_command() -> None:
    start = load_weights(ROOT / "benchmarks" / "tuning" / "prior.toml")
    solver = Solver(CATALOGUE, start)
    labels = load_labels([LINES], DECLARED)
    keep = Invariants(of_guide(solver, SCENARIOS), of_pins(solver, PINS))
    assert row_of(tune(labels, solver, keep).weights) == row_of(SHIPPED)
    for name, criteria in (
        ("latency-first", ("latency",)),
        ("quality-first", ("fidelity", "expressiveness")),
    ):
        leaning = tune(labels, SOLVER, kept(), Push(criteria, 0.01))
        shipped = load_weights(data_folder("weights") / f"{name}.toml")
        assert row_of(leaning.weights) == row_of(shipped)


def test_a_report_on_two_files_of_weights(tmp_path: Path) -> None:
    page, folder = tmp_path / "r.html", data_folder("weights")
    weights = ("--before", folder / "default.toml", "--after", folder / "latency-first.toml")
    command = ROOT / "benchmarks" / "compare.py"
    made = run(LINES, *weights, "--out", page, command=command)
    assert (made.returncode, made.stdout, made.stderr) == (0, "", "")
    assert "mars-pro</th><td>mars-flash" in page.read_text("utf-8")
    refused = run(LINES, *weights, "--out", page, command=command)
    assert refused.returncode == 2
    assert "--force replaces it" in refused.stderr


def test_a_report_escapes_what_labels_say_and_draws_no_formulas() -> None:
    name = 'a<b>"&$x^2$'
    asked = questions([label(name, {"prefer": {"latency": 9}}, "mars-flash")], SOLVER)
    after = load_weights(data_folder("weights") / "latency-first.toml")
    text = page(asked, CATALOGUE, SHIPPED, after, seed=0)
    assert "<b>&" not in text
    assert '<b>"' not in text
    assert text.count("$x^2$") == 2  # in the description of the chart, and beside its row
    assert text == page(asked, CATALOGUE, SHIPPED, after, seed=0)
