"""Tables over catalogues of every width, and what is remembered between record batches."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from random import Random
from typing import Any

import pyarrow as pa
import pytest

from mars_solver import Solver
from mars_solver.batch.answers import Answerer, decide
from mars_solver.batch.kernel import kernel, questions
from mars_solver.batch.records import Records
from mars_solver.vocabulary import POLICIES, Policy
from oracle import Oracle
from random_catalogues import (
    SOURCES,
    TAG_TABLES,
    Table,
    World,
    random_guide,
    random_model,
    random_weights,
)
from strategies import SHIPPED_WORLD
from tables import Row, batch_of, expected, seeded_rows


@cache
def wide(requirements: int, models: int = 6, *, guided: bool = True) -> World:
    """A catalogue of so many requirements, some of every kind."""
    rng = Random(f"wide {requirements} {models} {guided}")
    variables: Table = {"where": ["here", "there"], "when": ["now", "batch"]}
    attributes: Table = {}
    left = requirements
    while left:
        name = f"a{len(attributes)}"
        attribute: Table = {"label": name.upper()}
        match len(attributes) % 4:
            case 0:
                attribute |= {"kind": "capability", "criterion": f"c_{name}"}
                if rng.random() < 0.5:
                    values = {"where": [rng.choice(["here", "there"])]}
                    attribute |= {"enables": values, "pins": values}
            case 1 if left > 1:
                bounds = {"max": f"max_{name}", "min": f"min_{name}"}
                attribute |= {"kind": "number", "criterion": f"c_{name}", "requirements": bounds}
                left -= 1
            case 2:
                members = rng.choice(["language", "number", "text"])
                attribute |= {"kind": "set", "members": members}
                if members == "language":
                    attribute["tags"] = TAG_TABLES
            case _:
                bounds = {"max": f"max_{name}"}
                attribute |= {"kind": "ordinal", "scale": [1, 5], "requirements": bounds}
        attributes[name] = attribute
        left -= 1
    files: Table = {
        "attributes": {"schema": 1, "variables": variables, "attributes": attributes},
        "sources": SOURCES,
    }
    names = [f"m{i}" for i in range(models)]
    for name in names:
        files[name] = random_model(rng, name, attributes, variables, {})
    if guided:
        files["guide/flowchart"] = random_guide(rng, Oracle(files, {}), names)
    return World(files, random_weights(rng, Oracle(files, {})))


def same(solver: Solver, made: list[Row], unknown: Policy = "flag", top: int = 3) -> None:
    """The batch path answers each row as the single path does."""
    found = decide(batch_of(made, solver.declared), solver, unknown, top).to_pylist()
    for number, (row, answer) in enumerate(zip(made, found, strict=True)):
        assert answer == expected(solver, row, number, unknown, top), row


@pytest.mark.parametrize("guided", [True, False], ids=["guide", "no guide"])
@pytest.mark.parametrize("requirements", [13, 33, 62])
def test_any_number_of_requirements_may_be_asked(requirements: int, *, guided: bool) -> None:
    where = wide(requirements, guided=guided)
    assert len(where.solver.declared.requirements) == requirements
    for seed, policy in enumerate(POLICIES):
        for share in (0.03, 0.1, 0.5):
            made = list(seeded_rows(60, seed, where, share))
            same(where.solver, made, policy)
    (answer,) = decide(batch_of([{}], where.solver.declared), where.solver).to_pylist()
    assert (answer["flowchart_agrees"] is not None) == guided


def test_rankings_that_take_more_than_a_machine_word_are_exact() -> None:
    where = wide(62, models=40)
    great = dict.fromkeys(where.oracle.criteria, 10**6)
    needs = list(where.files["guide/flowchart"]["needs"])
    weighing = {**where.weighing, "base": great, "emphasis": dict.fromkeys(needs, great)}
    other = World(where.files, {**weighing, "first": dict.fromkeys(needs, great)})
    everything = max(sum(ends) for ends in other.solver.middles) * 10 * 10**6 * (2 + len(needs))
    assert everything > 2**50  # beside 6 bits for the model, 6 for its standing and 1 more
    same(other.solver, list(seeded_rows(80, 5, other, 0.05)))


def test_what_the_weights_do_not_score_cannot_be_preferred() -> None:
    where = SHIPPED_WORLD
    criterion = where.solver.declared.criteria[0].name
    curves = {name: c for name, c in where.weighing["curves"].items() if name != criterion}
    other = World(where.files, {**where.weighing, "curves": curves})
    made: list[Row] = [{criterion: 5}, {criterion: None}, {criterion: 11}, {}]
    same(other.solver, made)
    found = decide(batch_of(made), other.solver).to_pylist()
    assert [row["status"] == "rejected" for row in found] == [True, False, True, False]
    assert "a criterion that the weights default score" in found[0]["reasons"][0]


@pytest.mark.parametrize(
    "column",
    [
        pa.array([[24000, 8000], [16000], [], None]),
        pa.array([[24000.0, 8000.0], [16000.0], [], None]),
        pa.array(["24000; 8000.0", "16000", "", None]),
        pa.array(["24000,8000", "16000", " ", None]).dictionary_encode(),
        pa.array([["24000", "8e3"], ["16000"], [], None], pa.large_list(pa.string())),
    ],
    ids=["whole", "real", "text", "dictionary", "lists of text"],
)
def test_numbers_are_listed_in_any_type(solver: Solver, column: pa.Array) -> None:
    name = next(r.name for r in solver.declared.requirements if r.members == "number")
    found = decide(pa.RecordBatch.from_arrays([column], [name]), solver).to_pylist()
    wanted: list[Row] = [{name: [24000, 8000]}, {name: [16000]}, {}, {}]
    assert found == [expected(solver, row, number) for number, row in enumerate(wanted)]


def test_what_is_no_number_is_refused_in_any_type(solver: Solver) -> None:
    name = next(r.name for r in solver.declared.requirements if r.members == "number")
    for column in (pa.array([[1.0, float("nan")]]), pa.array([["x"]]), pa.array(["1;"])):
        (row,) = decide(pa.RecordBatch.from_arrays([column], [name]), solver).to_pylist()
        assert row["status"] == "rejected"
        assert row["reasons"][0].startswith(f"{name}.")


# What is remembered


def test_a_question_is_decided_once_for_all_record_batches(
    solver: Solver, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = list(seeded_rows(500, seed=21))
    decided: list[int] = []
    work = questions.Questions._decide

    def counted(self: Any, rows: Any, which: Any) -> Any:
        decided.append(len(which))
        return work(self, rows, which)

    monkeypatch.setattr(questions.Questions, "_decide", counted)
    answerer = Answerer(solver)
    first = answerer.answer(Records(batch_of(made)))
    assert sum(decided) >= len(first.questions)
    decided.clear()
    again = answerer.answer(Records(batch_of(made[::-1])))
    assert decided == []
    assert set(again.questions.tolist()) == set(first.questions.tolist())
    assert (
        again.batch.column("model_1").to_pylist() == first.batch.column("model_1").to_pylist()[::-1]
    )


@pytest.mark.parametrize("memory", [0, 10**4, 10**9])
@pytest.mark.parametrize("where", [SHIPPED_WORLD, wide(33)], ids=["shipped", "wide"])
def test_no_answer_depends_on_what_is_remembered(
    where: World, memory: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "MEMO_BYTES", memory)
    monkeypatch.setattr(kernel, "MEMO_BYTES", memory)
    monkeypatch.setattr(kernel, "_MANY_MODELS", 0)
    solver, answerer = where.solver, Answerer(where.solver, "flag", 2)
    for seed in (1, 2, 1):
        for share in (0.03, 0.2):
            made = list(seeded_rows(60, seed, where, share)) * 2
            batch = answerer.answer(Records(batch_of(made, solver.declared)), at_once=50).batch
            wanted = [expected(solver, row, i, top=2) for i, row in enumerate(made)]
            assert batch.to_pylist() == wanted


def test_threads_may_share_what_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "_MANY_MODELS", 0)
    where = wide(33)
    answerer = Answerer(where.solver)
    tables = [
        batch_of(seeded_rows(300, seed, where, 0.05), where.solver.declared) for seed in range(12)
    ]
    alone = [Answerer(where.solver).answer(Records(each)).batch for each in tables]
    with ThreadPoolExecutor(6) as pool:
        for _ in range(3):
            shared = pool.map(lambda each: answerer.answer(Records(each), at_once=70), tables)
            for one, other in zip(alone, shared, strict=True):
                assert other.batch.to_pylist() == one.to_pylist()
