"""The command: from an endpoint to a fact, and to the answer that it turns."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from asgi import Client
from command import run
from mars_solver import Solver, load_catalogue, load_measurements, load_weights
from mars_solver.measuring.statistics import samples_needed, tail_of
from mars_solver.web.app import create_app
from speech import Answer, Speech, header, quiet, speaking, tone

SECRET = "s3cr3t-0123456789"  # noqa: S105
QUICK = ("--rate", "200", "--concurrency", "8", "--warm-up", "8")
SLOW = Answer(after=2100)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "body.json").write_text('{"text": "{text}"}', "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SPEECH_KEY", SECRET)
    return tmp_path


def to(server: Speech, *more: str) -> tuple[str, ...]:
    key = ("--header", "authorization: Bearer {key}", "--key", "SPEECH_KEY")
    return (
        "measure",
        "--url",
        server.url,
        "--body",
        "body.json",
        *key,
        "--model",
        "mars-pro",
        *more,
    )


def written(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text("utf-8"))["mars-pro"]["ttfb_ms"]  # type: ignore[no-any-return]


def test_u2_a_slow_pro_that_is_measured_gives_way_to_flash(folder: Path) -> None:
    asked = ("recommend", "--max-ttfb-ms", "2000", "--json")
    assert json.loads(run(*asked).stdout)["shortlist"][0]["model"] == "mars-pro"
    with speaking(lambda _: SLOW) as server:
        many = ("--requests", "20", "--concurrency", "20", "--warm-up", "0", "--cold")
        made = run(*to(server, *many, "--rate", "1000", "--region", "eu-central", "-o", "m.toml"))
    assert made.returncode == 0, made.stderr
    fact = written(folder / "m.toml")
    assert fact["low"] > 2000
    assert fact["high"] == float("inf")
    kept = ("statistic", "samples", "confidence", "region", "connection")
    assert [fact[key] for key in kept] == ["p95", 20, 0.95, "eu-central", "cold"]
    answer = json.loads(run(*asked, "--measurements", "m.toml").stdout)
    assert answer["shortlist"][0]["model"] == "mars-flash"
    assert "mars-pro" in {each["model"] for each in answer["excluded"]}
    catalogue = load_measurements(folder / "m.toml", load_catalogue())
    page = Client(create_app(Solver(catalogue, load_weights()))).get("/?max_ttfb_ms=2000").text
    assert "Use MARS-Flash" in page
    assert "p95 of 20 cold requests from eu-central, " in page


def test_samples_recompute_to_the_same_and_merge(folder: Path) -> None:
    answers = [Answer(status=500) if n % 20 == 19 else Answer() for n in range(200)]
    with speaking(answers.__getitem__) as server:
        for name in ("a", "b"):
            files = ("--samples", f"{name}.jsonl", "-o", f"{name}.toml", "--html", f"{name}.html")
            made = run(*to(server, *QUICK, "--requests", "80", *files))
            assert made.returncode == 0, made.stderr
    assert run("measure", "--from", "a.jsonl", "-o", "again.toml").returncode == 0
    assert (folder / "again.toml").read_text("utf-8") == (folder / "a.toml").read_text("utf-8")
    merged = run(
        "measure", "--from", "a.jsonl", "--from", "b.jsonl", "--percentile", "50", "--json"
    )
    found = json.loads(merged.stdout)
    (series,) = found["series"]
    assert (found["statistic"], series["samples"] + series["reconnected"]) == ("p50", 160)
    assert series["failures"] == {"status 500 (Internal Server Error)": 8}
    assert None in series["waits"]
    lines = (folder / "a.jsonl").read_text("utf-8").splitlines()
    assert len(lines) == 81
    report = (folder / "a.html").read_text("utf-8")
    assert report.count("<circle") == 80
    assert "<polyline" in report
    (folder / "b.jsonl").write_text(
        "\n".join([lines[0].replace("mars-pro", "mars-flash"), *lines[1:3], lines[3][:-9]]), "utf-8"
    )
    wrong = run("measure", "--from", "a.jsonl", "--from", "b.jsonl")
    assert wrong.returncode == 2
    assert "b.jsonl:4: " in wrong.stderr
    (folder / "b.jsonl").write_text("\n".join(lines[:3]), "utf-8")
    twice = run("measure", "--from", "a.jsonl", "--from", "b.jsonl")
    assert "b.jsonl: found those of a.jsonl again; expected each sample once" in twice.stderr
    (folder / "b.jsonl").write_text(lines[0], "utf-8")
    none = run("measure", "--from", "b.jsonl")
    assert "b.jsonl: found none; expected a sample on each line" in none.stderr


def test_the_secret_is_sent_and_is_in_no_output_and_no_file(folder: Path) -> None:
    with speaking(lambda n: Answer(status=401 if n == 9 else 200)) as server:
        files = ("-o", "m.toml", "--samples", "s.jsonl", "--html", "r.html")
        made = run(*to(server, *QUICK, "--requests", "30", *files))
        again = run(*to(server, "--requests", "1", *files))
    assert made.returncode == 0, made.stderr
    assert all(f"Bearer {SECRET}".encode() in head for head, _ in server.asked)
    assert "--samples: found s.jsonl; expected a file that is not there yet" in again.stderr
    shown = [
        made.stdout,
        made.stderr,
        again.stderr,
        *(p.read_text("utf-8") for p in folder.iterdir()),
    ]
    assert not any(SECRET in text for text in shown)


def test_the_report_says_what_was_measured_and_what_makes_it_doubtful(folder: Path) -> None:
    late = Answer(parts=((0, header() + quiet(100) + tone(100)),))
    with speaking(lambda n: late if n < 78 else Answer(status=503)) as server:
        made = run(*to(server, *QUICK, "--requests", "72"))
    assert folder.exists()
    lines = made.stdout.splitlines()
    assert lines[0].startswith("MARS-Pro, Time to first byte: p95 is ")
    assert "no upper end yet" in lines[0]
    assert "failed" in made.stdout
    assert "2 × status" in made.stdout
    assert "silence at the start: the audio begins with 100 ms of silence" in made.stdout


def test_where_no_connection_is_warm_the_report_says_so(folder: Path) -> None:
    with speaking(lambda _: Answer(close=True)) as server:
        made = run(*to(server, "--requests", "3", "--rate", "500", "--percentile", "05.0"))
    assert folder.exists()
    assert made.returncode == 2
    assert "p5 is not known: no request had a warm connection" in made.stdout
    assert "all 3 requests had to connect anew" in made.stderr
    assert "too few" not in made.stdout


def test_where_one_file_cannot_be_written_the_others_and_the_report_are(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Path(__file__).parents[2] / "benchmarks" / "profiles" / "slow-pro.jsonl"
    (folder / "gone").mkdir()

    def vanished(*_: object) -> str:
        (folder / "gone").rmdir()
        return ""

    monkeypatch.setattr("mars_solver.measuring.report.page", vanished)
    made = run("measure", "--from", str(known), "-o", "m.toml", "--html", "gone/r.html")
    assert made.returncode == 2
    assert "make the folder gone first" in made.stderr
    assert "p95 is 924 ms to 997 ms" in made.stdout
    assert written(folder / "m.toml")["high"] == 997


def test_where_too_many_requests_fail_no_fact_is_written(folder: Path) -> None:
    with speaking(lambda _: Answer(status=500)) as server:
        made = run(
            *to(server, "--requests", "20", "--warm-up", "0", "--rate", "500", "-o", "m.toml")
        )
    assert made.returncode == 2
    assert "20 × status" in made.stderr
    assert not (folder / "m.toml").exists()


def test_it_stops_where_the_requirement_is_settled_and_says_what_looking_costs(
    folder: Path,
) -> None:
    with speaking(lambda _: Answer(after=20)) as server:
        many = ("--requests", "400", "--until-settled", "max_ttfb_ms=10", "--cold")
        made = run(*to(server, *QUICK, *many, "-o", "m.toml"))
    assert "After 100 requests max_ttfb_ms=10 is violated" in made.stderr
    assert "takes 94 samples instead of 72" in made.stderr
    assert "Stopped after 100 of 400 requests: settled" in made.stderr
    assert written(folder / "m.toml")["samples"] == 100


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--model", "mars-pro"),
            "nothing says whom to ask; add --url URL or --endpoint tts-stream",
        ),
        (("--model", "mars-por", "--endpoint", "tts-stream"), "did you mean `mars-pro`?"),
        (("--model", "mars-pro", "--endpoint", "tts-strea"), "did you mean `tts-stream`?"),
        (("--model", "mars-pro", "--endpoint", "tts-stream"), "--set voice_id=VALUE"),
        (("--model", "mars-pro", "--endpoint", "tts-stream"), "CAMB_API_KEY"),
        (("--model", "mars-pro", "--url", "http://x/{text}", "--header", "a-key: b"), "--header"),
        (("--model", "mars-pro", "--url", "http://x/{text}", "--set", "a"), "--set"),
        (("--until-settled", "max_memory_mb=3"), "a requirement of ttfb_ms: max_ttfb_ms"),
        (("--attribute", "ttfb"), "did you mean `ttfb_ms`?"),
        (("--model", "mars-pro", "--url", "http://x/{text}", "--region", "a\nb"), "--region: "),
        (("--from", "none.jsonl"), "none.jsonl"),
        (("--from", "body.json"), "body.json:1: "),
        (("--from", "x", "--url", "http://x/{text}"), "--url: --from asks nobody"),
        (("--from", "x", "--warm-up", "3"), "--warm-up: --from asks nobody; drop one of them"),
        (
            ("--model", "mars-pro", "--endpoint", "tts-stream", "--audio", "encoded"),
            "--audio: --endpoint says that itself",
        ),
        (
            ("--model", "mars-pro", "--endpoint", "tts-stream", "--set", "voice=1"),
            "the request has no {voice}; did you mean `voice_id`?\n",
        ),
        (
            ("--model", "mars-pro", "--url", "http://x/{text}", "--header", "a b"),
            'found "a"; expec',
        ),
        (
            ("--model", "mars-pro", "--url", "http://x/{text}", "--set", "a=1", "--set", "a=2"),
            "a: f",
        ),
        (("-o", "m.x", "--samples", "./m.x"), "--samples: found m.x, as --output has"),
        (("--from", "body.json", "--force", "-o", "./body.json"), "found body.json, as --from has"),
        (("--model", "mars-pro", "-o", "nowhere/m.toml"), "nowhere: no such folder"),
    ],
)
def test_what_is_wrong_is_named_before_anybody_is_asked(
    folder: Path, arguments: tuple[str, ...], message: str
) -> None:
    assert folder.exists()
    called = run("measure", *arguments)
    assert called.returncode == 2
    assert message in called.stderr


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"mars-pro"', '"mars-x"', "--from: model: "),
        ('"ttfb_ms"', '"fidelity"', "--from: attribute: "),
        ('"2026-', '"x26-', "s.jsonl:1: started: "),
        ("mars-solver/samples/1", "x", "s.jsonl:1: schema: "),
        ('"outcome":"heard"', '"outcome":"fine"', "s.jsonl:2: outcome: "),
        ('"first_audio":', '"first_audio":NaN,"x":', "s.jsonl:2: marks."),
        ('"first_audio":', '"first_audio":-', "s.jsonl:2: marks.first_audio: "),
    ],
)
def test_a_file_that_measure_did_not_write_is_refused(
    folder: Path, old: str, new: str, message: str
) -> None:
    known = Path(__file__).parents[2] / "benchmarks" / "profiles" / "slow-pro.jsonl"
    (folder / "s.jsonl").write_text(known.read_text("utf-8").replace(old, new), "utf-8")
    called = run("measure", "--from", "s.jsonl")
    assert called.returncode == 2
    assert message in called.stderr


@pytest.mark.parametrize("percent", ["0.95", "100", "x", "95%"])
def test_a_percentage_is_one(folder: Path, percent: str) -> None:
    assert folder.exists()
    asked = ("--model", "mars-pro", "--url", "http://127.0.0.1:9/{text}", "--percentile", percent)
    called = run("measure", *asked)
    assert called.returncode == 2
    assert f'--percentile: found "{percent}"; expected percent, from 1 to 99.99' in called.stderr


@pytest.fixture
def running(folder: Path) -> Iterator[tuple[Speech, subprocess.Popen[str]]]:
    """A server, and a run against it that has had some answers; the last ones hang."""
    assert folder.exists()
    with speaking(lambda n: Answer() if n < 50 else Answer(hang=True)) as server:
        files = ("-o", "m.toml", "--samples", "s.jsonl", "--warm-up", "4", "--percentile", "2")
        command = to(server, "--requests", "1000", "--rate", "200", *files)
        with subprocess.Popen(
            [sys.executable, "-m", "mars_solver", *command], stderr=subprocess.PIPE, text=True
        ) as process:
            while len(server.asked) < 54:
                assert process.poll() is None
            yield server, process
            process.kill()


def test_an_interrupt_leaves_whole_files_of_what_was_measured(
    folder: Path, running: tuple[Speech, subprocess.Popen[str]]
) -> None:
    _, process = running
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    assert any("Interrupted" in line for line in process.stderr)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    lines = (folder / "s.jsonl").read_text("utf-8").splitlines()
    outcomes = [json.loads(line)["outcome"] for line in lines[1:]]
    assert outcomes.count("heard") == 46
    assert outcomes.count("abandoned") == len(outcomes) - 46 > 0
    assert written(folder / "m.toml")["statistic"] == "p2"


def test_a_kill_leaves_no_file_but_a_draft_and_no_list_of_processes_has_the_secret(
    folder: Path, running: tuple[Speech, subprocess.Popen[str]]
) -> None:
    server, process = running
    assert SECRET.encode() in server.asked[-1][0]
    arguments = Path(f"/proc/{process.pid}/cmdline")
    assert not arguments.exists() or SECRET.encode() not in arguments.read_bytes()
    process.kill()
    process.wait(60)
    assert not (folder / "m.toml").exists()
    assert not (folder / "s.jsonl").exists()
    (draft,) = folder.glob(".s.jsonl.*.draft")
    draft.rename(folder / "s.jsonl")
    found = json.loads(run("measure", "--from", "s.jsonl", "--json").stdout)
    assert sum(each["samples"] + each["reconnected"] for each in found["series"]) == 46


def test_an_answer_says_how_many_requests_would_settle_what_is_open() -> None:
    needed = samples_needed(Fraction(95, 100), tail_of(Fraction(95, 100)))
    explained = run("explain", "--max-ttfb-ms", "1000", "--voice-transfer").stdout
    assert f"a p95 takes {needed} requests or more" in " ".join(explained.split())
    client = Client(create_app(Solver(load_catalogue(), load_weights())))
    page = client.get("/?max_ttfb_ms=1000&voice_transfer=true").text
    assert f"a p95 takes {needed} requests or more" in page
