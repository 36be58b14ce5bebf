"""The proof: what it holds of the shipped catalogue, and that every mutation is caught."""

from __future__ import annotations

import copy
import itertools
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import foreign
from command import run
from mars_solver import Catalogue, Profile, Solver, load_catalogue, load_weights
from mars_solver.cli import terminal
from mars_solver.errors import InputError
from mars_solver.inputs.catalogue.catalogue import build_catalogue
from mars_solver.inputs.files import data_folder
from mars_solver.inputs.parsing import parse
from mars_solver.inputs.weights import Weights
from mars_solver.proving import pins as pinning
from mars_solver.proving import proof as proving
from mars_solver.proving.pins import Pin, Pins, load_pins, load_scenarios, pinned_profiles
from mars_solver.proving.proof import Proof, refutes, verify
from mars_solver.proving.theorem import Theorem, _Judge, prove
from mars_solver.solving import constraints
from mars_solver.solving.flowchart import compare
from strategies import (
    DECLARED,
    FILES,
    WEIGHING,
    World,
    built,
    cases,
    catalogue_dicts,
    pooled,
    profile_dicts,
)

CATALOGUE, WEIGHTS = load_catalogue(), load_weights()
SHIPPED = Solver(CATALOGUE, WEIGHTS)
SCENARIOS, PINS = load_scenarios(DECLARED), load_pins(DECLARED)
RAW_MODELS = {model.id: FILES[model.id] for model in CATALOGUE.models}
RAW_CHART = FILES["guide/flowchart"]


WEIGHT_FILES = sorted(data_folder("weights").glob("*.toml"))


@cache
def proof_of(path: Path) -> Proof:
    """The proof of the shipped catalogue with a file of weights."""
    return verify(Solver(CATALOGUE, load_weights(path)), SCENARIOS, PINS)


@cache
def theorem() -> Theorem:
    """What is proved of the shipped catalogue and weights, once for all tests that read it."""
    return prove(SHIPPED)


def test_the_shipped_catalogue_is_proved_with_every_shipped_weights() -> None:
    assert WEIGHT_FILES
    for path in WEIGHT_FILES:
        proof = proof_of(path)
        assert proof.holds
        assert (proof.missing, proof.new) == ((), ())
        assert len(proof.lines or ()) == 24
        assert proof.theorem is not None
        margin = proof.theorem.margin
        assert margin is not None
        least = Fraction(5, 100) if path.stem == "default" else Fraction(1, 100)
        assert margin.points > least


def test_the_proof_counts_every_cell_once() -> None:
    """Cells by the needs that they state, from what each requirement alone comes to."""
    by_statements: Counter[int] = Counter({0: 1})
    for column in SHIPPED.table:
        joined: Counter[int] = Counter()
        for choice in column.choices:
            for said, count in by_statements.items():
                joined[said | choice.cell.statements] += count * len(choice.values)
        by_statements = joined
    by_needs: Counter[int] = Counter()
    for said, count in by_statements.items():
        by_needs[DECLARED.needs_stated(said)] += count
    expected = sum(
        count * (1 + needs.bit_count()) * 2 * (1 if needs & DECLARED.live else 2)
        for needs, count in by_needs.items()
    )
    found = theorem()
    assert found.cells == expected
    assert found.cells == found.agreements + found.departures + found.infeasible


@given(catalogue_dicts(), profile_dicts(prefer=st.just({})))
@settings(max_examples=8)
def test_no_profile_refutes_what_is_proved(
    models: dict[str, dict[str, Any]], data: dict[str, Any]
) -> None:
    check_soundness(models, data)


@pytest.mark.long
@given(catalogue_dicts(), profile_dicts(prefer=st.just({})))
@settings(max_examples=150)
def test_no_profile_refutes_what_is_proved_in_a_long_search(
    models: dict[str, dict[str, Any]], data: dict[str, Any]
) -> None:
    check_soundness(models, data)


def check_soundness(models: dict[str, dict[str, Any]], data: dict[str, Any]) -> None:
    catalogue = built({name: models[name] for name in sorted(models)[:3]})
    solver = Solver(catalogue, WEIGHTS)
    found = prove(solver)
    if found.holds:
        assert not refutes(solver, Profile(**data))
    else:
        assert found.counterexample is not None
        assert refutes(solver, found.counterexample)


@given(cases(most=3))
@settings(max_examples=60)
def test_every_list_of_members_comes_to_a_choice_of_its_column(case: tuple[World, Any]) -> None:
    """So that the cells of the proof leave out no list that a profile may state."""
    world, data = case
    profile = world.profile({**data, "prefer": {}})
    for name, value in profile.require.items():
        column = world.solver.column(name)
        cells = {choice.cell for choice in column.choices[1:]}
        assert column.find(value) in cells
        assert len(cells) == len(column.choices) - 1


def examples(solver: Solver) -> Iterator[Profile]:
    """A profile of every class in which some model is left."""
    judge = _Judge(solver)
    for group in judge.groups():
        _, left, _ = judge._standings(group)
        for row in left.nonzero()[0].tolist():
            yield judge._profile(group, row)


def test_within_their_reach_importances_keep_every_agreement_and_beyond_they_do_not() -> None:
    every = theorem().reaches
    assert len(every) == 2 * (len(DECLARED.criteria) + 1)
    reaches = {reach.criterion: reach for reach in every if not reach.batch}
    assert list(reaches) == [*DECLARED.criterion, "all"]
    assert 3 < reaches["latency"].least < 4
    assert 7 < reaches["latency"].most < 8
    assert 0.5 < reaches["all"].most < 2
    kept: Counter[int] = Counter()
    for profile in examples(SHIPPED):
        if profile.batch or not premise(profile):
            continue
        kept[5] += 1
        for importance in (3, 4, 7, 8):
            moved = profile.revised(prefer={"latency": importance})
            kept[importance] += compare(chart_of(CATALOGUE), SHIPPED.decide(moved)).agrees
    assert kept[4] == kept[5]
    assert kept[3] < kept[5]
    assert kept[7] == kept[5]
    assert kept[8] < kept[5]


def chart_of(catalogue: Catalogue) -> Any:
    assert catalogue.flowchart is not None
    return catalogue.flowchart


def premise(profile: Profile) -> bool:
    """Whether no model meets more than the guide's."""
    decision = SHIPPED.decide(profile)
    models = compare(chart_of(CATALOGUE), decision).answer
    best = {decision.standings[index].model.id for index in decision.contenders}
    return bool(best) and best.issuperset(models)


# Mutations: each is caught by the proof, or changes no first model, status or departure of any
# class without preferences, and no pin.

Mutant = tuple[str, Callable[[], Solver]]


def catalogue_with(change: Callable[[dict[str, Any], dict[str, Any]], None]) -> Catalogue:
    models, chart = copy.deepcopy(RAW_MODELS), copy.deepcopy(RAW_CHART)
    change(models, chart)
    shared = {name: FILES[name] for name in ("attributes", "sources")}
    return build_catalogue({**shared, **models, "guide/flowchart": chart})


def flips() -> Iterator[Mutant]:
    """Every fact of the guide's comparison table, turned or moved."""
    for name in ("mars-flash", "mars-pro", "mars-instruct", "mars-nano"):
        for capability in ("real_time", "style_control", "on_device"):

            def turn(models: Any, _: Any, name: str = name, fact: str = capability) -> None:
                models[name][fact]["value"] = not models[name][fact]["value"]

            yield f"{name} {capability}", lambda turn=turn: Solver(catalogue_with(turn), WEIGHTS)  # type: ignore[misc]
        for fact in ("parameters", "ttfb_ms", "memory_mb"):
            for factor in (10, 0.1):

                def move(
                    models: Any, _: Any, name: str = name, fact: str = fact, by: float = factor
                ) -> None:
                    claim = models[name][fact]
                    for end in claim.keys() & {"value", "low", "high"}:
                        claim[end] *= by

                yield (
                    f"{name} {fact} x{factor}",
                    lambda move=move: Solver(  # type: ignore[misc]
                        catalogue_with(move), WEIGHTS
                    ),
                )


def swaps() -> Iterator[Mutant]:
    """Any two answers of the flowchart."""
    for i, j in itertools.combinations(range(4), 2):

        def swap(_: Any, chart: Any, i: int = i, j: int = j) -> None:
            one, other = chart["questions"][i], chart["questions"][j]
            one["answer"], other["answer"] = other["answer"], one["answer"]

        yield (
            f"answers {i + 1} and {j + 1}",
            lambda swap=swap: Solver(  # type: ignore[misc]
                catalogue_with(swap), WEIGHTS
            ),
        )

    def turn(_: Any, chart: Any) -> None:
        chart["batch"].reverse()

    yield "batch answer turned", lambda: Solver(catalogue_with(turn), WEIGHTS)


def zeroes() -> Iterator[Mutant]:
    """Any emphasis, base or first without effect."""
    vectors = [("base",), *(("emphasis", need) for need in WEIGHING["emphasis"])]
    vectors += [("first", need) for need in WEIGHING["first"]]
    for path in vectors:

        def weights(path: tuple[str, ...] = path) -> Weights:
            data = copy.deepcopy(WEIGHING)
            vector = data
            for part in path:
                vector = vector[part]
            for criterion in vector:
                vector[criterion] = 0
            return parse(Weights, data, "mutant")

        yield f"zero {'.'.join(path)}", lambda weights=weights: Solver(CATALOGUE, weights())  # type: ignore[misc]


def entries() -> Iterator[Mutant]:
    """Any single emphasis without effect."""
    for need, vector in WEIGHING["emphasis"].items():
        for criterion in (name for name, weight in vector.items() if weight):

            def weights(need: str = need, criterion: str = criterion) -> Weights:
                data = copy.deepcopy(WEIGHING)
                data["emphasis"][need][criterion] = 0
                return parse(Weights, data, "mutant")

            yield (
                f"zero emphasis.{need}.{criterion}",
                lambda weights=weights: Solver(  # type: ignore[misc]
                    CATALOGUE, weights()
                ),
            )


def drops() -> Iterator[Mutant]:
    for name in RAW_MODELS:

        def drop(models: Any, _: Any, name: str = name) -> None:
            del models[name]

        yield f"without {name}", lambda drop=drop: Solver(catalogue_with(drop), WEIGHTS)  # type: ignore[misc]


MUTANTS = dict([*flips(), *swaps(), *zeroes(), *entries(), *drops()])
SAMPLE = (
    "mars-pro real_time",
    "mars-nano parameters x10",
    "answers 1 and 2",
    "zero base",
    "without mars-nano",
)
"""Mutants that the short suite tries; the long one tries all."""
EQUIVALENT = {
    "zero emphasis.voice_transfer",
    "zero emphasis.style_control",
    "zero emphasis.batch",
    "zero emphasis.voice_transfer.fidelity",
    "zero emphasis.voice_transfer.expressiveness",
    "zero emphasis.style_control.control",
    "zero emphasis.batch.fidelity",
    "zero first.real_time",
    "zero first.style_control",
}
"""Mutants that survive: each is shown to change no first model, status or departure of any class
without preferences, and no pin."""


@cache
def shipped_answers() -> list[Any]:
    return answers(SHIPPED)


def answers(solver: Solver) -> list[Any]:
    """What an equivalent mutant leaves alone."""
    found: list[Any] = [pin.to_dict() for pin in Pins.of(solver).pins]
    for profile in examples(SHIPPED):
        decision = solver.decide(profile)
        verdict = compare(chart_of(solver.catalogue), decision)
        first = decision.ids[0] if decision.keys else None
        statuses = tuple(standing.status for standing in decision.standings)
        found.append((first, statuses, verdict.agrees, verdict.blocked_by))
    return found


def caught(solver: Solver) -> bool:
    return not verify(solver, SCENARIOS, PINS).holds


def check_mutant(name: str) -> None:
    try:
        solver = MUTANTS[name]()
    except InputError:  # the mutant is no catalogue at all
        return
    if caught(solver):
        assert name not in EQUIVALENT, "no longer equivalent: take it off the list"
    else:
        assert name in EQUIVALENT
        assert answers(solver) == shipped_answers()


@pytest.mark.parametrize("name", SAMPLE)
def test_some_mutations_are_caught(name: str) -> None:
    check_mutant(name)
    assert name not in EQUIVALENT


@pytest.mark.long
@pytest.mark.parametrize("name", MUTANTS)
def test_mutations_are_caught_or_change_nothing(name: str) -> None:
    check_mutant(name)


def test_no_flip_of_the_guides_table_is_equivalent() -> None:
    assert not EQUIVALENT & set(dict(flips()))


def test_most_mutants_are_not_equivalent() -> None:
    assert set(SAMPLE) | EQUIVALENT <= set(MUTANTS)
    assert len(MUTANTS) >= 50


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("high <= check.amount, violated", "high < check.amount, violated"),
        ("violated=low > check.amount", "violated=low >= check.amount"),
        ("met=low >= check.amount", "met=low > check.amount"),
        ("violated=high < check.amount", "violated=high <= check.amount"),
    ],
)
def test_a_bound_that_is_off_by_its_end_is_caught(
    old: str, new: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Path(constraints.__file__).read_text("utf-8")
    assert source.count(old) == 1
    namespace = dict(vars(constraints))
    exec(compile(source.replace(old, new), "mutant", "exec"), namespace)  # noqa: S102
    mutant = namespace["own_verdict"].__code__
    monkeypatch.setattr(constraints.own_verdict, "__code__", mutant)
    assert caught(Solver(CATALOGUE, WEIGHTS))


def heavy_pro() -> dict[str, Any]:
    data = copy.deepcopy(WEIGHING)
    data["emphasis"]["real_time"]["latency"] = 0
    return data


@pytest.mark.usefixtures("_without_the_dead")
def test_a_counterexample_is_a_small_profile_that_recommend_reproduces(tmp_path: Path) -> None:
    solver = Solver(CATALOGUE, parse(Weights, heavy_pro(), "mutant"))
    proof = verify(solver, SCENARIOS, PINS)
    assert proof.theorem is not None
    assert not proof.theorem.holds
    small = proof.counterexample
    assert small is not None
    assert refutes(solver, small)
    assert list(small.to_dict()["require"]) == ["real_time"]

    text = (data_folder("weights") / "default.toml").read_text("utf-8")
    mutant = tmp_path / "mutant.toml"
    head, _, tail = text.partition("[emphasis.real_time]\nlatency = ")
    mutant.write_text(f"{head}[emphasis.real_time]\nlatency = 0\n{tail.partition(chr(10))[2]}")
    out = tmp_path / "counterexample.toml"
    failed = run("verify", "--weights", str(mutant), "--counterexample", str(out))
    assert (failed.returncode, failed.stderr) == (5, f"Wrote {out}\n")
    assert "NOT proved." in failed.stdout
    told = " ".join(failed.stdout.split())
    assert "against the guide, MARS-Pro leads MARS-Flash by 0." in told
    assert "otherwise, all at once: none" in told
    assert "stated together: voice and emotion transfer + on-device speech" in told
    again = run("recommend", str(out), "--json", "--weights", str(mutant))
    assert again.returncode in {0, 3}
    answer = json.loads(again.stdout)
    assert answer["flowchart"]["answer"] != [answer["shortlist"][0]["model"]]
    assert not answer["flowchart"]["agrees"]


@pytest.mark.usefixtures("_without_the_dead")
def test_a_certificate_is_reproduced_and_a_stale_one_fails(tmp_path: Path) -> None:
    certificate = tmp_path / "certificate.json"
    assert run("verify", "--certificate", str(certificate)).returncode == 0
    first = certificate.read_bytes()
    again = run("verify", "--certificate", str(certificate), "--json")
    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout.encode() == first == certificate.read_bytes()
    data = json.loads(first)
    assert data["holds"] is True
    assert data["catalogue"]["sha256"] == CATALOGUE.sha256
    certificate.write_bytes(first.replace(CATALOGUE.sha256.encode(), b"0" * 64))
    stale = run("verify", "--certificate", str(certificate))
    assert stale.returncode == 5
    assert "it is stale" in stale.stderr


@pytest.mark.usefixtures("_without_the_dead")
def test_a_certificate_is_written_where_nobody_reads_the_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(*_: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(terminal, "show", closed)
    certificate = tmp_path / "certificate.json"
    with pytest.raises(BrokenPipeError):
        run("verify", "--certificate", str(certificate))
    assert json.loads(certificate.read_bytes())["holds"] is True


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, marks=() if path.stem == "default" else pytest.mark.long, id=path.stem)
        for path in WEIGHT_FILES
    ],
)
def test_the_shipped_certificates_are_those_of_the_shipped_weights(path: Path) -> None:
    certificate = path.with_suffix(".certificate.json").read_text("utf-8")
    assert json.loads(certificate) == json.loads(json.dumps(proof_of(path).to_dict()))


def test_pins_are_written_and_read_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert PINS is not None
    written = tmp_path / "guide" / "pins.toml"
    written.parent.mkdir()
    assert run("verify", "--pin", str(written)).returncode == 0
    assert load_pins(DECLARED, tmp_path) == PINS == Pins.of(SHIPPED)
    amounts = [column for column in SHIPPED.table if column.thresholds]
    assert [column.requirement.name for column in amounts] == [
        "max_ttfb_ms",
        "max_memory_mb",
        "min_sample_rate_hz",
    ]
    assert len(PINS.pins) == 16 + sum(len(column.intervals) for column in amounts) + 4
    assert len({(fact.model, fact.fact) for fact in PINS.facts}) == len(PINS.facts) > 20

    monkeypatch.setattr(proving, "prove", lambda _: theorem())  # which asks for no pin

    def with_pins(pins: tuple[Pin, ...]) -> Pins:
        return Pins(schema=1, facts=PINS.facts, pins=pins)

    lost = verify(SHIPPED, SCENARIOS, with_pins(PINS.pins[1:]))
    assert [(p.pinned, bool(p.found)) for p in lost.unpinned] == [(None, True)]
    wrong = Pin(**{**dict(PINS.pins[0]), "agrees": False})
    assert len(verify(SHIPPED, SCENARIOS, with_pins((wrong, *PINS.pins[1:]))).unpinned) == 1
    fewer = Pins(schema=1, facts=PINS.facts[1:], pins=PINS.pins)
    assert len(verify(SHIPPED, SCENARIOS, fewer).unpinned) == 1


def test_the_pinned_profiles_ask_for_every_need_number_and_beta() -> None:
    asked = list(pinned_profiles(SHIPPED))
    assert len(set(asked)) == len(asked)
    needs = [p.needs for p in asked if not p.accept_beta]
    for size in range(len(DECLARED.needs) + 1):
        for some in itertools.combinations(DECLARED.need, size):
            assert some in needs
    for column in SHIPPED.table:
        name = column.requirement.name
        if column.thresholds:
            alone = {p.require[name] for p in asked if tuple(p.require) == (name,)}
            assert {interval.representative for interval, _ in column.intervals} <= alone
            assert set(column.thresholds) <= alone
    assert {p.needs for p in asked if p.accept_beta} == {(name,) for name in DECLARED.need}


@pytest.mark.parametrize(("most", "largest"), [(3, 0), (5, 1), (10, 1), (11, 2), (16, 4)])
def test_the_pinned_combinations_are_bounded_the_fewest_needs_first(
    most: int, largest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pinning, "MOST", most)
    amounts = sum(len(c.intervals) for c in SHIPPED.table if c.thresholds)
    sizes = [len(p.needs) for p in pinned_profiles(SHIPPED)][: -amounts - 4]
    assert max(sizes) == largest
    assert len(sizes) <= most


@given(pooled())
@settings(max_examples=8)
def test_pins_of_any_catalogue_are_reproduced(one: World) -> None:
    assert verify(one.solver, None, Pins.of(one.solver)).unpinned == ()


# The parts of a catalogue's folder.


@pytest.fixture
def folder(tmp_path: Path, _without_the_dead: None) -> Path:
    """A copy of the shipped catalogue."""
    return Path(shutil.copytree(data_folder("models"), tmp_path / "models"))


def said(folder: Path, *words: str, code: int = 0) -> str:
    """What `verify` says of a catalogue."""
    found = run("verify", "--models", str(folder), *words)
    assert (found.returncode, found.stderr) == (code, "")
    return found.stdout


def data_of(folder: Path, code: int = 0) -> dict[str, Any]:
    """What `verify` says of a catalogue, as data."""
    data: dict[str, Any] = json.loads(said(folder, "--json", code=code))
    return data


def told(folder: Path, code: int = 0) -> tuple[dict[str, Any], str]:
    """What `verify` says of a catalogue, as data and as text."""
    return data_of(folder, code), said(folder, code=code)


def test_a_folder_with_all_parts_is_proved_like_the_shipped_one(folder: Path) -> None:
    data, text = told(folder)
    assert data["holds"]
    assert data["theorem"]["cells"] == theorem().cells
    assert len(data["lines"]) == 24
    assert "24 of 24 lines of the guide have their models first" in text


def test_lines_and_pins_are_those_of_the_folder_and_never_the_shipped_ones(folder: Path) -> None:
    (folder / "guide" / "lines.toml").unlink()
    (folder / "guide" / "pins.toml").unlink()
    data, text = told(folder)
    assert (data["holds"], data["lines"], data["pins"]) == (True, None, None)
    assert data["theorem"]["holds"]
    assert "the catalogue has no guide/lines.toml" in text
    assert "the catalogue has no guide/pins.toml" in text
    assert "Proved." in text


def test_a_folder_without_a_guide_has_its_pins_alone_to_prove(folder: Path) -> None:
    shutil.rmtree(folder / "guide")
    data, text = told(folder)
    assert (data["holds"], data["theorem"], data["lines"], data["pins"]) == (True, None, None, None)
    assert data["flowchart"] is None
    assert text.startswith("There is nothing to prove: ")
    assert "`mars-solver verify --models DIR --pin DIR/guide/pins.toml`" in text

    (folder / "guide").mkdir()
    pins = folder / "guide" / "pins.toml"
    assert run("verify", "--models", str(folder), "--pin", str(pins)).returncode == 0
    data, text = told(folder)
    assert data["pins"]["holds"]
    assert data["pins"]["count"] > 20
    assert text.startswith("Proved.")
    pins.write_text(pins.read_text("utf-8").replace("mars-flash", "mars-instruct", 1), "utf-8")
    data, text = told(folder, code=5)
    assert len(data["pins"]["failed"]) == 1
    assert "NOT proved." in text


def test_a_requirement_that_no_pin_states_yet_is_left_to_pin_and_no_fault(folder: Path) -> None:
    path = folder / "mars-pro.toml"
    before, _, after = path.read_text("utf-8").partition("[price_usd_per_mchar]\n")
    priced = after.replace('value = "unknown"', "value = 60", 1)
    path.write_text(f"{before}[price_usd_per_mchar]\n{priced}", "utf-8")
    data, text = told(folder)
    assert data["pins"]["new"] == ["max_price_usd_per_mchar"]
    assert "no pin is about price per million characters [max_price_usd_per_mchar]" in text
    pins = folder / "guide" / "pins.toml"
    words = ("verify", "--models", str(folder), "--pin", str(pins))
    assert run(*words).returncode == 2
    assert run(*words, "--force").returncode == 0
    data = data_of(folder)
    assert data["pins"]["new"] == []
    path.write_text(path.read_text("utf-8").replace("value = 60", "value = 61"), "utf-8")
    data = data_of(folder, code=5)
    assert len(data["pins"]["failed"]) == 4


def test_a_fact_of_an_attribute_that_no_pin_is_about_is_left_to_pin(folder: Path) -> None:
    path = folder / "mars-pro.toml"
    claim = 'value = 7\nsource = "guide"\nas_of = "2026-11"\ngrade = "stated"\n'
    path.write_text(f"{path.read_text('utf-8')}\n[awards]\n{claim}", "utf-8")
    declared = folder / "attributes.toml"
    awards = '[attributes.awards]\nkind = "number"\nlabel = "Awards"\n'
    declared.write_text(f"{declared.read_text('utf-8')}\n{awards}", "utf-8")
    data, text = told(folder)
    assert data["pins"]["new"] == ["awards"]
    assert "no pin is about awards [awards] yet" in text


def test_a_line_that_has_another_model_first_fails(folder: Path) -> None:
    lines = folder / "guide" / "lines.toml"
    turned = lines.read_text("utf-8").replace('["mars-flash"]', '["mars-nano"]', 1)
    lines.write_text(turned, "utf-8")
    data, text = told(folder, code=5)
    assert [line["line"] for line in data["lines"] if not line["holds"]] == ["F1"]
    assert "F1: expected mars-nano first, found mars-flash" in text


def test_faults_of_lines_and_pins_are_named_at_once(folder: Path) -> None:
    lines, pins = folder / "guide" / "lines.toml", folder / "guide" / "pins.toml"
    for path, old in ((lines, "real_time = true"), (pins, "{ real_time = true }")):
        path.write_text(
            path.read_text("utf-8").replace(old, old.replace("time", "tme"), 1), "utf-8"
        )
    found = run("verify", "--models", str(folder))
    assert found.returncode == 2
    faults = found.stderr.splitlines()
    assert f"{lines}: labels.0.profile.require.real_tme" in faults[0]
    assert f"{pins}: pins.1.profile.require.real_tme" in faults[1]
    assert all("did you mean `real_time`?" in line for line in faults)


def test_a_catalogue_of_other_things_is_pinned_and_proved() -> None:
    """No attribute, need or model in common with the shipped catalogue."""
    chart = {
        "schema": 1,
        "source": "leaflet",
        "as_of": "2026",
        "needs": {"cheap": {"label": "Cheap", "stated_by": [], "below": {"max_price": 350}}},
        "no_need": [next(iter(foreign.MODELS))],
        "batch": [next(iter(foreign.MODELS))],
        "questions": [{"need": "cheap", "text": "Cheap?", "answer": list(foreign.MODELS)}],
    }
    files = {"attributes": foreign.ATTRIBUTES, "sources": foreign.SOURCES, **foreign.MODELS}
    solver = Solver(
        build_catalogue({**files, "guide/flowchart": chart}),
        parse(Weights, foreign.WEIGHTS, "weights"),
    )
    proof = verify(solver, None, Pins.of(solver))
    assert proof.theorem is not None
    assert proof.theorem.cells > 1000
    assert not proof.unpinned
    assert any(pin.profile.needs == ("cheap",) for pin in Pins.of(solver).pins)
    assert not any(pin.profile.accept_beta for pin in Pins.of(solver).pins) or any(
        model.beta for model in solver.catalogue.models
    )


def test_the_proof_is_exact() -> None:
    margin = theorem().margin
    assert isinstance(margin.points if margin else None, Fraction)
    assert all(isinstance(r.most, Fraction) for r in theorem().reaches)


def test_a_guide_without_a_flowchart_has_no_theorem() -> None:
    with pytest.raises(ValueError, match="without a guide"):
        prove(foreign.foreign_solver())
