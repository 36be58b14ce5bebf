"""The proof: what it counts, what it finds, and that every mutation of the guide is caught."""

from __future__ import annotations

import copy
import itertools
import json
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mars_solver.solving.cells import NUMERIC, axis, critical_values, locale_lists

from command import run
from mars_solver import Catalogue, Profile, Solver, load_catalogue, load_weights
from mars_solver.errors import InputError
from mars_solver.inputs.catalogue import build_catalogue
from mars_solver.inputs.files import data_folder
from mars_solver.inputs.parsing import parse
from mars_solver.inputs.weights import Weights
from mars_solver.proving import proof as proving
from mars_solver.proving.pins import Pin, Pins, load_pins, load_scenarios
from mars_solver.proving.proof import Proof, refutes, verify
from mars_solver.proving.theorem import Theorem, _profile, classes, prove
from mars_solver.solving import constraints
from mars_solver.solving.flowchart import compare
from mars_solver.solving.solver import Decision
from mars_solver.vocabulary import CAPABILITIES, CRITERION_NAMES, NEEDS
from strategies import Pooled, built, catalogue_dicts, pooled, profile_dicts

CATALOGUE, WEIGHTS = load_catalogue(), load_weights()
SHIPPED = Solver(CATALOGUE, WEIGHTS)
SCENARIOS, PINS = load_scenarios(), load_pins()


def raw(name: str) -> Any:
    return tomllib.loads((data_folder("models") / f"{name}.toml").read_text("utf-8"))


RAW_MODELS = {model.id: raw(model.id) for model in CATALOGUE.models}
RAW_CHART, RAW_SOURCES = raw("guide/flowchart"), raw("sources")
RAW_WEIGHTS = tomllib.loads((data_folder("weights") / "default.toml").read_text("utf-8"))


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
        margin = proof.theorem.margin
        assert margin is not None
        least = Fraction(5, 100) if path.stem == "default" else Fraction(1, 100)
        assert margin.points > least


def test_the_proof_counts_every_cell_once() -> None:
    axes = [len(axis(critical_values(CATALOGUE, r))) + 1 for r in NUMERIC]
    lists = len(locale_lists(CATALOGUE)) + 1
    flags = 2 ** len(CAPABILITIES)
    needed = counted_by_needs()
    assert sum(needed.values()) == flags * axes[0] * axes[1]
    expected = sum(
        count * axes[2] * lists * (1 + len(needs)) * 2 * (1 if "real_time" in needs else 2)
        for needs, count in needed.items()
    )
    found = theorem()
    assert found.cells == expected
    assert found.cells == found.agreements + found.departures + found.infeasible


def counted_by_needs() -> Counter[tuple[str, ...]]:
    """Cells of the requirements that can state a need, by the needs that they state."""
    counts: Counter[tuple[str, ...]] = Counter()
    ceiling, memory, _ = NUMERIC
    for some in itertools.product((False, True), repeat=len(CAPABILITIES)):
        flags: dict[str, Any] = dict(zip(CAPABILITIES, some, strict=True))
        for one in (None, *axis(critical_values(CATALOGUE, ceiling))):
            stated = one.representative if one else None
            base = Profile(require={**flags, ceiling.name: stated}).require.needs
            every = len(axis(critical_values(CATALOGUE, memory)))
            on_device = tuple(n.name for n in NEEDS if n.name in {*base, "on_device"})
            counts[base] += 1
            counts[on_device] += every
    return counts


def slow_theorem(solver: Solver) -> Counter[str]:
    """The same counts from deciding one profile of every cell on its own."""
    counts: Counter[str] = Counter()
    dimensions: list[list[tuple[str, Any]]] = [
        [(name, False), (name, True)] for name in CAPABILITIES
    ]
    for requirement in NUMERIC:
        cells = axis(critical_values(solver.catalogue, requirement))
        dimensions.append(
            [(requirement.name, None), *((requirement.name, c.representative) for c in cells)]
        )
    dimensions.append(
        [("languages", []), *(("languages", t) for t in locale_lists(solver.catalogue))]
    )
    for combination in itertools.product(*dimensions):
        require = dict(combination)
        needs = Profile(require=require).require.needs
        for workflow in (None,) if "real_time" in needs else (None, "batch"):
            for primary, betas in itertools.product((None, *needs), (False, True)):
                profile = Profile(
                    workflow=workflow,
                    primary=primary,
                    accept_beta=betas,
                    require=require,
                )
                counts.update(tally(solver, solver.decide(profile)))
    return counts


def tally(solver: Solver, decision: Decision) -> Iterator[str]:
    verdict = compare(solver.catalogue.flowchart, decision)
    yield "cells"
    if not decision.ranking:
        yield "infeasible"
    elif verdict.agrees:
        yield "agreements"
    else:
        yield "departures"
        yield from (f"blocked by {name}" for name in verdict.blocked_by)


@pytest.mark.long
def test_deciding_every_cell_on_its_own_gives_the_same_counts() -> None:
    known = {"memory_mb", "sample_rate_hz"}
    kept = {
        name: {fact: claim for fact, claim in RAW_MODELS[name].items() if fact not in known}
        for name in ("mars-flash", "mars-pro", "mars-nano")
    }
    solver = Solver(build_catalogue(kept, RAW_SOURCES, RAW_CHART), WEIGHTS)
    found, slow = prove(solver), slow_theorem(solver)
    assert found.cells == slow["cells"]
    assert found.infeasible == slow["infeasible"]
    assert found.agreements == slow["agreements"]
    assert found.departures == slow["departures"]
    assert found.blocked_by == Counter(
        {k.removeprefix("blocked by "): n for k, n in slow.items() if k.startswith("blocked by ")}
    )


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
        assert not refutes(solver, Profile.model_validate(data))
    else:
        assert found.counterexample is not None
        assert refutes(solver, found.counterexample)


@given(pooled())
def test_locale_lists_stand_for_every_list(one: Pooled) -> None:
    catalogue = one.solver.catalogue

    def standing(tags: tuple[str, ...]) -> tuple[int, ...]:
        worth = {True: 0, None: 1, False: 2}
        return tuple(max(worth[m.speaks(t)] for t in tags) for m in catalogue.models)

    tags = [*sorted({t for m in catalogue.models for t in m.languages}), "qq-qq"]
    every = {
        standing(some)
        for size in range(1, len(tags) + 1)
        for some in itertools.combinations(tags, size)
    }
    found = [standing(each) for each in locale_lists(catalogue)]
    assert set(found) == every
    assert len(found) == len(every)


def examples(solver: Solver) -> Iterator[Profile]:
    """A profile of every class in which some model is left."""
    for member, members in classes(solver, ()).items():
        if any(member.orders):
            for primary, betas in itertools.product((None, *member.needs), (False, True)):
                yield _profile(members.example, member, primary=primary, accept_beta=betas)


def test_within_their_reach_importances_keep_every_agreement_and_beyond_they_do_not() -> None:
    every = theorem().reaches
    assert len(every) == 2 * (len(CRITERION_NAMES) + 1)
    reaches = {reach.criterion: reach for reach in every if not reach.batch}
    assert list(reaches) == [*CRITERION_NAMES, "all"]
    assert 3 < reaches["latency"].least < 4
    assert 7 < reaches["latency"].most < 8
    assert 1 < reaches["all"].most < 2
    kept: Counter[int] = Counter()
    for profile in examples(SHIPPED):
        if profile.batch or not premise(profile):
            continue
        kept[5] += 1
        for importance in (3, 4, 7, 8):
            moved = Profile.model_validate({**profile.to_dict(), "prefer": {"latency": importance}})
            kept[importance] += compare(CATALOGUE.flowchart, SHIPPED.decide(moved)).agrees
    assert kept[4] == kept[5]
    assert kept[3] < kept[5]
    assert kept[7] == kept[5]
    assert kept[8] < kept[5]


def premise(profile: Profile) -> bool:
    """Whether the guide's models stand best."""
    decision = SHIPPED.decide(profile)
    if not decision.ranking:
        return False
    models = compare(CATALOGUE.flowchart, decision).answer
    best = decision.order(decision.ranking[0])
    left = {decision.standings[p].model.id: decision.order(p) for p in decision.ranking}
    return all(left.get(model) == best for model in models)


# Mutations: each is caught by the proof, or changes no first model, status or departure of any
# class without preferences, and no pin.

Mutant = tuple[str, Callable[[], Solver]]


def catalogue_with(change: Callable[[dict[str, Any], dict[str, Any]], None]) -> Catalogue:
    models, chart = copy.deepcopy(RAW_MODELS), copy.deepcopy(RAW_CHART)
    change(models, chart)
    return build_catalogue(models, RAW_SOURCES, chart)


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
    vectors = [("base",), *(("emphasis", need) for need in RAW_WEIGHTS["emphasis"])]
    vectors += [("first", need) for need in RAW_WEIGHTS["first"]]
    for path in vectors:

        def weights(path: tuple[str, ...] = path) -> Weights:
            data = copy.deepcopy(RAW_WEIGHTS)
            vector = data
            for part in path:
                vector = vector[part]
            for criterion in vector:
                vector[criterion] = 0
            return parse(Weights, data, "mutant")

        yield f"zero {'.'.join(path)}", lambda weights=weights: Solver(CATALOGUE, weights())  # type: ignore[misc]


def entries() -> Iterator[Mutant]:
    """Any single emphasis without effect."""
    for need, vector in RAW_WEIGHTS["emphasis"].items():
        for criterion in (name for name, weight in vector.items() if weight):

            def weights(need: str = need, criterion: str = criterion) -> Weights:
                data = copy.deepcopy(RAW_WEIGHTS)
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
    "zero emphasis.on_device",
    "zero emphasis.batch",
    "zero emphasis.voice_transfer.fidelity",
    "zero emphasis.voice_transfer.expressiveness",
    "zero emphasis.style_control.control",
    "zero emphasis.on_device.footprint",
    "zero emphasis.batch.fidelity",
    "zero first.real_time",
    "zero first.style_control",
    "zero first.on_device",
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
        verdict = compare(solver.catalogue.flowchart, decision)
        first = decision.standings[decision.ranking[0]].model.id if decision.ranking else None
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
    data = copy.deepcopy(RAW_WEIGHTS)
    data["emphasis"]["real_time"]["latency"] = 0
    return data


def test_a_counterexample_is_a_small_profile_that_recommend_reproduces(tmp_path: Path) -> None:
    solver = Solver(CATALOGUE, parse(Weights, heavy_pro(), "mutant"))
    proof = verify(solver, SCENARIOS, PINS)
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
    assert (failed.returncode, failed.stderr) == (5, "")
    assert "The proof FAILS." in failed.stdout
    again = run("recommend", str(out), "--json", "--weights", str(mutant))
    assert again.returncode in {0, 3}
    answer = json.loads(again.stdout)
    assert answer["flowchart"]["answer"] != [answer["shortlist"][0]["model"]]
    assert not answer["flowchart"]["agrees"]


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


def test_the_shipped_certificates_are_those_of_the_shipped_weights() -> None:
    for path in WEIGHT_FILES:
        proof = proof_of(path)
        certificate = path.with_suffix(".certificate.json").read_text("utf-8")
        assert json.loads(certificate) == json.loads(json.dumps(proof.to_dict()))


def test_pins_are_written_and_read_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = tmp_path / "guide" / "pins.toml"
    written.parent.mkdir()
    assert run("verify", "--pin", str(written)).returncode == 0
    assert load_pins(tmp_path) == PINS == Pins.of(SHIPPED)
    cells = sum(len(axis(critical_values(CATALOGUE, r))) for r in NUMERIC)
    assert len(PINS.pins) == 16 + cells + 3
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


def test_the_proof_is_exact() -> None:
    margin = theorem().margin
    assert isinstance(margin.points if margin else None, Fraction)
    assert all(isinstance(r.most, Fraction) for r in theorem().reaches)
