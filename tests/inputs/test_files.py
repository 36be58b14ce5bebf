"""Folders of a catalogue: what may be absent, what stands in for it, and weights of other ones."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from command import run
from mars_solver import (
    InputError,
    Problem,
    Profile,
    load_catalogue,
    load_measurements,
    load_profile,
    load_weights,
    recommend,
)
from mars_solver.inputs.catalogue import starting
from mars_solver.inputs.catalogue.starting import init_folder
from mars_solver.inputs.files import (
    data_folder,
    load_declarations,
    read_if_there,
    write_whole,
)
from mars_solver.inputs.parsing import parse
from mars_solver.inputs.profile import parse_profile
from mars_solver.inputs.weights import Weights
from mars_solver.solving.solver import Solver
from random_catalogues import fact
from small import ATTRIBUTES, build, changed, files, model
from strategies import SHIPPED, WEIGHING

SURVEY = """
schema = 1
[survey]
title = "A public comparison"
where = "example.org"
date = "2026-02-08"
"""


def foreign(folder: Path) -> Path:
    """Three models of another vendor: sources and models alone."""
    folder.mkdir()
    (folder / "sources.toml").write_text(SURVEY, "utf-8")
    for key, ttfb, fidelity, transfer in (
        ("a", 300, 5, True),
        ("b", 400, 4, False),
        ("c", 150, 4, True),
    ):
        told = 'source = "survey", as_of = "2026-02", grade = "third-party"'
        facts = {
            "stage": '"released"',
            "speech_model": f'"model-{key}"',
            "ttfb_ms": str(ttfb),
            "fidelity": str(fidelity),
            "voice_transfer": str(transfer).lower(),
            "real_time": "true",
            "public_api": "true",
        }
        lines = [f"{name} = {{ value = {value}, {told} }}" for name, value in facts.items()]
        head = f'schema = 1\nid = "vendor-{key}"\nname = "Vendor {key}"\n'
        (folder / f"vendor-{key}.toml").write_text(head + "\n".join(lines), "utf-8")
    return folder


def test_a_folder_with_sources_and_models_alone_is_answered(tmp_path: Path) -> None:
    catalogue = load_catalogue(foreign(tmp_path / "models"))
    assert catalogue.flowchart is None
    assert catalogue.declared.needs == ()
    assert dict(catalogue.calls) == {}
    assert list(catalogue.declared.attributes) == list(SHIPPED.declared.attributes)
    answer = recommend({"require": {"real_time": True}}, catalogue=catalogue)
    assert {c.model for c in answer.shortlist} == {"vendor-a", "vendor-b", "vendor-c"}
    assert answer.status == "meets"
    assert answer.flowchart is None
    plain = answer.to_dict()
    assert plain["flowchart"] is None
    assert plain["calls"] == {}
    assert "mars" not in json.dumps({**plain, "schema": None}).lower()
    assert any("this catalogue has no needs" in note for note in answer.notes)


def test_without_a_guide_there_is_no_need_to_put_first(tmp_path: Path) -> None:
    catalogue = load_catalogue(foreign(tmp_path / "models"))
    with pytest.raises(InputError, match="this catalogue has no guide"):
        recommend({"require": {"real_time": True}, "primary": "real_time"}, catalogue=catalogue)
    batch = recommend({"workflow": "batch", "require": {"real_time": True}}, catalogue=catalogue)
    assert batch.status == "meets"


def test_a_profile_for_the_shipped_catalogue_is_read_by_another(tmp_path: Path) -> None:
    catalogue = load_catalogue(foreign(tmp_path / "models"))
    profile = Profile(require={"voice_transfer": True}, prefer={"latency": 9})
    answer = recommend(profile, catalogue=catalogue)
    assert [c.model for c in answer.shortlist] == ["vendor-c", "vendor-a"]


def test_a_folder_may_declare_attributes_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    write(folder, files())
    catalogue = load_catalogue(folder)
    assert catalogue.sha256 == build().sha256
    weights = parse(Weights, {"schema": 1, "name": "own", "base": {"speed": 10}}, "w")
    answer = recommend({"require": {"max_price": 20}}, catalogue=catalogue, weights=weights)
    assert [c.model for c in answer.shortlist] == ["a", "b"]
    assert answer.notes is not None


def write(folder: Path, content: dict[str, Any]) -> None:
    """Write files as JSON, which a catalogue's files may be as well."""
    folder.mkdir()
    for name, data in content.items():
        (folder / f"{name}.toml").write_text(json.dumps(data), "utf-8")


def test_a_copy_of_the_shipped_folder_is_the_shipped_catalogue(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(data_folder("models"), copy)
    assert load_catalogue(copy).sha256 == SHIPPED.catalogue.sha256
    shutil.rmtree(copy / "guide")
    assert load_catalogue(copy).flowchart is None


def test_files_that_cannot_be_read_are_named_with_all_other_faults(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    write(folder, files(a=model("a", price=fact(value="x")), b=model("b")))
    (folder / "c.toml").write_text("schema = ", "utf-8")
    (folder / "d.toml").write_text("", "utf-8")
    (folder / "attributes.toml").write_bytes(b"\xff")
    with pytest.raises(InputError) as caught:
        load_catalogue(folder)
    assert [Path(p.place).name for p in caught.value.problems] == [
        "attributes.toml",
        "c.toml",
        "d.toml",
    ]
    (folder / "attributes.toml").write_text(json.dumps(ATTRIBUTES), "utf-8")
    with pytest.raises(InputError) as caught:
        load_catalogue(folder)
    assert [(Path(p.place).name, p.path) for p in caught.value.problems] == [
        ("a.toml", "price.value"),
        ("c.toml", ""),
        ("d.toml", ""),
    ]
    with pytest.raises(InputError, match="name a folder with one TOML file"):
        load_catalogue(tmp_path / "nowhere")


# ---------------------------------------------------------------------------- the guide

GUIDE = {
    "schema": 1,
    "source": "test",
    "as_of": "2026",
    "needs": {
        "speed_first": {
            "label": "Speed",
            "stated_by": "quick",
            "below": {"max_price": 5},
            "live": True,
        },
        "talk": {"label": "Talk", "stated_by": ["tongues"]},
    },
    "no_need": ["a"],
    "batch": ["b"],
    "questions": [
        {"need": "talk", "text": "?", "answer": ["b"]},
        {"need": "speed_first", "text": "?", "answer": ["a", "nobody"]},
    ],
}


def test_a_guide_brings_needs_in_the_order_of_its_questions() -> None:
    declared = build(**{"guide/flowchart": GUIDE}).declared
    assert [need.name for need in declared.needs] == ["talk", "speed_first"]
    assert declared.needs_of({"max_price": 4.9}) == ("speed_first",)
    assert declared.needs_of({"max_price": 5}) == ()
    assert declared.needs_of({"tongues": ("en",), "quick": True}) == ("talk", "speed_first")
    profile = parse_profile({"require": {"quick": True}, "primary": "speed_first"}, "p", declared)
    assert profile.context.primary == "speed_first"
    with pytest.raises(InputError, match="drop workflow, or drop max_price or raise it to 5"):
        parse_profile({"require": {"max_price": 4}, "workflow": "batch"}, "p", declared)
    with pytest.raises(InputError, match="a need that is stated"):
        parse_profile({"require": {"quick": True}, "primary": "talk"}, "p", declared)
    assert profile.revised(require={"quick": None}).primary is None


@pytest.mark.parametrize(
    ("path", "value", "where", "expected", "hint"),
    [
        ("needs.talk.stated_by", ["tongue"], "needs.talk.stated_by", "a requirement", "tongues?"),
        ("needs.talk.below", {"min_quality": 3}, "needs.talk.below", "one of max_price", ""),
        (
            "needs.talk.below",
            {"max_price": 0},
            "needs.talk.below.max_price",
            "a number above 0",
            "",
        ),
        *(
            (f"needs.{need}.unless", {name: other}, f"needs.{need}.unless.{name}", expected, hint)
            for need, name, other, expected, hint in [
                ("talk", "tongues", "quik", "a requirement", "quick?"),
                ("talk", "quick", "tongues", "a requirement of stated_by that is not in below", ""),
                ("speed_first", "quick", "tongues", "nothing for a live need", "drop unless"),
            ]
        ),
        ("needs.talk.label", "", "needs.talk.label", "one line", ""),
        ("needs.batch", {"label": "B"}, "questions", "each of speed_first, talk, batch once", ""),
        ("source", "tst", "source", "a key of sources.toml", "did you mean test?"),
        ("questions", [], "questions", "each of speed_first, talk once", ""),
        ("no_need", [], "no_need", "a list of at least 1", ""),
    ],
)
def test_a_fault_of_the_guide_is_named(
    path: str, value: Any, where: str, expected: str, hint: str
) -> None:
    with pytest.raises(InputError) as caught:
        build(**{"guide/flowchart": changed(GUIDE, path, value)})
    (problem,) = caught.value.problems
    assert (problem.place, problem.path) == ("models/guide/flowchart.toml", where)
    assert problem.expected.startswith(expected)
    assert hint in problem.hint


# -------------------------------------------------------------------------- the weights


def test_a_criterion_that_the_weights_do_not_know_counts_nothing(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    content = {"schema": 1, "name": "own", "base": {"speed": 10, "cheapness": 5}}
    file.write_text(json.dumps(content), "utf-8")
    weights = load_weights(file)
    catalogue = build()
    solver = Solver(catalogue, weights)
    profile = parse_profile({"prefer": {"speed": 3}}, "p", catalogue.declared)
    assert solver.decide(profile).weights == (30, 0)
    preferred = parse_profile({"prefer": {"cheapness": 3}}, "p", catalogue.declared)
    with pytest.raises(InputError) as caught:
        solver.decide(preferred)
    (problem,) = caught.value.problems
    assert problem.path == "prefer.cheapness"
    assert str(file) in problem.expected
    assert problem.hint.startswith("add curves.cheapness to it")
    assert solver.notes == ()


def test_rows_that_the_catalogue_lacks_are_noted() -> None:
    content = {
        "schema": 1,
        "name": "own",
        "base": {"speed": 10, "taste": 5},
        "emphasis": {"talk": {"speed": 1}, "batch": {"speed": 1}},
        "first": {"smell": {"speed": 1}},
    }
    weights = parse(Weights, content, "w")
    assert Solver(build(), weights).notes == (
        "the weights own: this catalogue has no criteria taste; ignored",
        "the weights own: this catalogue has no needs smell, talk; ignored",
    )
    guided = Solver(build(**{"guide/flowchart": GUIDE}), weights)
    assert guided.notes[1].endswith("no needs smell; ignored")
    assert SHIPPED.notes == ()


def test_the_shipped_weights_name_their_file() -> None:
    weights = load_weights()
    assert weights.place.endswith("default.toml")
    assert weights == parse(Weights, WEIGHING, "elsewhere")
    assert hash(weights) == hash(parse(Weights, WEIGHING, "elsewhere"))


# ---------------------------------------------------------------- a catalogue to start from


@pytest.mark.parametrize("there", [False, True])
def test_a_catalogue_that_cannot_be_written_whole_is_not_begun(
    there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, kept = tmp_path / "own", []
    if there:
        folder.mkdir()
        (folder / "model-a.toml").write_text("mine", "utf-8")
        kept = ["model-a.toml"]

    def written(path: Path, text: str) -> None:
        if path.name == "model-b.toml":
            raise InputError([Problem(str(path), "", "a writable file", "no space left on device")])
        path.write_text(text, "utf-8")

    monkeypatch.setattr(starting, "write_whole", written)
    with pytest.raises(InputError, match="no space left"):
        init_folder(folder, force=True)
    assert folder.exists() == there
    assert sorted(path.name for path in folder.rglob("*")) == kept


def test_what_is_written_to_start_from_is_a_catalogue(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "mine"
    paths = init_folder(folder)
    assert sorted(path.name for path in paths) == [
        "attributes.toml",
        "model-a.toml",
        "model-b.toml",
        "sources.toml",
    ]
    catalogue = load_catalogue(folder)
    assert catalogue.flowchart is None
    assert list(catalogue.declared.attributes) == list(SHIPPED.declared.attributes)
    assert [model.id for model in catalogue.models] == ["model-a", "model-b"]
    assert "en-us" in (folder / "model-a.toml").read_text("utf-8")
    # A schema that is named beside it would be looked for in vain.
    assert not any("#:schema" in path.read_text("utf-8") for path in paths)
    with pytest.raises(
        InputError, match=r"attributes\.toml: is there already; name another folder"
    ):
        init_folder(folder)
    known = [set(model.facts) for model in catalogue.models]
    assert known == [set(SHIPPED.declared.attributes)] * 2
    answer = recommend({"require": {"real_time": True}}, catalogue=catalogue)
    assert [(c.model, c.status) for c in answer.shortlist] == [
        ("model-a", "meets"),
        ("model-b", "unverified"),
    ]
    for path in paths:
        text = path.read_text("utf-8")
        assert text.startswith("#")
        assert "mars" not in text.replace("MARS", "").lower() or path.name == "attributes.toml"


@pytest.mark.usefixtures("_without_the_dead")
def test_the_command_line_writes_one_and_checks_it(tmp_path: Path) -> None:
    folder = str(tmp_path / "mine")
    written = run("init", folder)
    assert (written.returncode, written.stdout) == (0, "")
    assert "attributes.toml" in written.stderr
    assert "no fault found" in run("catalogue", folder, "--check").stdout
    again = run("init", folder)
    assert again.returncode == 2
    assert again.stderr.count("write over them with --force") == 4
    assert run("init", folder, "--force").returncode == 0


def test_files_that_are_there_are_not_written_over(tmp_path: Path) -> None:
    init_folder(tmp_path)
    kept = tmp_path / "model-a.toml"
    kept.write_text("# mine\n", "utf-8")
    with pytest.raises(InputError) as caught:
        init_folder(tmp_path)
    assert len(caught.value.problems) == 4
    assert all("--force" in problem.hint for problem in caught.value.problems)
    assert kept.read_text("utf-8") == "# mine\n"
    init_folder(tmp_path, force=True)
    assert len(load_catalogue(tmp_path).models) == 2
    with pytest.raises(InputError, match="a folder"):
        init_folder(kept)


@pytest.mark.parametrize("path", [5, b"x", ["a"], 1.5, b""], ids=repr)
def test_what_is_no_path_is_bad_input(path: Any) -> None:
    for load in (
        load_profile,
        load_catalogue,
        load_weights,
        load_declarations,
        lambda where: load_measurements(where, load_catalogue()),
    ):
        with pytest.raises(InputError, match=r"path: found .*; expected a path, as text or a Path"):
            load(path)


def test_what_is_written_under_a_name_is_read_under_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("kept", "-"):  # in the place of a file that is written, no standard input
        assert read_if_there(name) is None
        write_whole(name, "whole")
        assert read_if_there(name) == "whole"
