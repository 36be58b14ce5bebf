"""The command `measure`: the plan that its options make, and what is written of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from mars_solver import __version__
from mars_solver.cli import reading, terminal
from mars_solver.cli.flags import profile_from
from mars_solver.cli.measure_options import MeasureOptions
from mars_solver.errors import Faults, InputError, Problem, gather, rerooted, shown
from mars_solver.inputs import files
from mars_solver.inputs.catalogue.catalogue import Catalogue
from mars_solver.inputs.catalogue.endpoints import SPEECH_MODEL, Endpoint, SpeechRequest, request_to
from mars_solver.inputs.catalogue.models import Model
from mars_solver.inputs.documents import decode
from mars_solver.inputs.parsing import did_you_mean, not_one_of, parse
from mars_solver.measuring import probe, report
from mars_solver.measuring.measurement import Measurement, measurement_of, measurements_toml
from mars_solver.measuring.samples import (
    SCHEMA_OF_SAMPLES,
    Connection,
    Sample,
    Setup,
    line_of,
    read_samples,
)
from mars_solver.measuring.statistics import samples_needed, tail_of
from mars_solver.measuring.texts import digest, read_texts
from mars_solver.rendering import console
from mars_solver.solving.constraints import Check, checks
from mars_solver.vocabulary import Verdict, counted


def measure(asked: MeasureOptions) -> None:
    """Measure, or compute from samples, and write what is asked for.

    Raises:
        InputError: with every fault of the options, and where there is no fact to state.
    """
    gather(lambda: _check_together(asked), lambda: _check_outputs(asked))
    catalogue = files.load_catalogue(asked.models)
    if asked.sources:
        found, taken = _recomputed(asked, catalogue)
    else:
        found, taken = _made(asked, catalogue)
    told, faults = [], Faults()
    with faults:
        fact = measurements_toml(found)
        if asked.output:
            files.write_whole(asked.output, fact)
            told.append(f"Wrote {asked.output}; use it with --measurements {asked.output}")
    with faults:
        if asked.html:
            files.write_whole(asked.html, report.page(found, taken, catalogue))
            told.append(f"Wrote {asked.html}")
    # After the files, which are written also where nothing can be printed.
    if asked.as_json:
        terminal.write(console.to_json(found.to_dict()))
    else:
        terminal.show(console.lines(report.report(found, catalogue)))
    for line in told:
        terminal.tell(line)
    faults.check()


_OF_SAMPLES: Final = {
    "sources", "output", "html", "percentile", "confidence", "models", "force", "as_json",
}  # fmt: skip
"""The options that say something beside `--from`."""
_OF_ENDPOINT: Final = {"url", "method", "header", "body", "key", "audio", "sample_rate"}
"""The options that describe an endpoint, which say nothing beside `--endpoint`."""


def _check_together(asked: MeasureOptions) -> None:
    """Refuse options that would say nothing beside another one."""
    given, idle, why = asked.given(), set(), ""
    if asked.sources:
        idle, why = given.keys() - _OF_SAMPLES, "--from asks nobody"
    elif asked.endpoint is not None:
        idle, why = given.keys() & _OF_ENDPOINT, "--endpoint says that itself"
    if idle:
        raise InputError(Problem(given[name], "", "", why, "drop one of them") for name in idle)


def _check_outputs(asked: MeasureOptions) -> None:
    """Refuse files that cannot be written, that are there or read, or that would hold two."""
    paths = {"output": asked.output, "samples": asked.samples, "html": asked.html}
    named = {f"--{name}": Path(path) for name, path in paths.items() if path is not None}
    faults = Faults(filter(None, (files.unwritable(path, flag) for flag, path in named.items())))
    faults.check()
    reading.check_free(force=asked.force, **paths)
    read = [("--body", asked.body), ("--texts", asked.texts)]
    read += [("--from", path) for path in asked.sources or ()]
    known = [(flag, Path(path)) for flag, path in read if path is not None]
    known += named.items()
    first = {files.target(path): flag for flag, path in reversed(known)}
    for flag, path in named.items():
        if (other := first[files.target(path)]) != flag:
            found = f"{path}, as {other} has"
            faults.problems.append(Problem(flag, "", "a file of its own", found))
    faults.check()


def _recomputed(asked: MeasureOptions, catalogue: Catalogue) -> tuple[Measurement, list[Sample]]:
    """Return what the samples of files show, with the percentile and confidence of the options."""
    setup, taken = read_samples(asked.sources or ())
    if setup.model not in catalogue.names:
        raise InputError([Problem("--from", "model", *not_one_of(setup.model, catalogue.names))])
    with rerooted(lambda problem: replace(problem, place="--from", path="attribute")):
        _timed(setup.attribute, catalogue)
    said = {"percentile": asked.percentile, "confidence": asked.confidence}
    given = {name: value for name, value in said.items() if value is not None}
    return measurement_of(_setup({**setup.model_dump(by_alias=True), **given}), taken), taken


def _setup(data: dict[str, object]) -> Setup:
    """Return how samples are made; what flags say of it is checked."""
    with rerooted(lambda problem: replace(problem, place=f"--{problem.path}", path="")):
        return parse(Setup, data, "measure")


# ---------------------------------------------------------------------- to measure


def _planned(asked: MeasureOptions, catalogue: Catalogue) -> tuple[probe.Plan, Setup, Check | None]:
    """Return what to ask, how that is recorded, and the requirement that it is to settle."""
    request, texts, (attribute, settles) = gather(
        lambda: _request(asked, catalogue),
        lambda: read_texts(asked.texts),
        lambda: _settled_by(asked.until_settled, _timed(asked.attribute, catalogue), catalogue),
    )
    kinds = _kinds(asked)
    quarters = (4, 2, 1) if settles else ()
    plan = probe.Plan(
        request,
        texts,
        kinds,
        asked.requests,
        asked.warm_up,
        asked.rate,
        asked.concurrency,
        asked.timeout,
        asked.max_seconds,
        tuple(sorted({-(-asked.requests // part) * len(kinds) for part in quarters})),
    )
    setup = _setup(
        {
            "schema": SCHEMA_OF_SAMPLES,
            "model": catalogue.model_called(asked.model or ""),
            "attribute": attribute,
            "endpoint": asked.endpoint or request.place,
            "region": asked.region,
            "texts": digest(texts),
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "rate": asked.rate,
            "concurrency": asked.concurrency,
            "timeout_s": asked.timeout,
            "percentile": asked.percentile or "95",
            "confidence": asked.confidence or "95",
            "looks": plan.looks,
            "made_with": f"mars-solver {__version__}, {probe.CLIENT}",
        }
    )
    return plan, setup, settles


def _kinds(asked: MeasureOptions) -> tuple[Connection, ...]:
    """Return the connections that are wanted, in turn."""
    if asked.both or (asked.warm and asked.cold):
        return tuple(Connection)
    return (Connection.COLD if asked.cold else Connection.WARM,)


def _timed(name: str | None, catalogue: Catalogue) -> str:
    """Return the attribute that is measured: the one named, or the only one in ms."""
    timed = [each for each, a in catalogue.declared.attributes.items() if a.unit == "ms"]
    chosen = timed[0] if name is None and len(timed) == 1 else name
    if chosen is None or chosen not in timed:
        expected = f"an attribute in ms: {', '.join(timed) or 'there is none'}"
        near = did_you_mean(name or "", timed)
        raise InputError([Problem("--attribute", "", expected, shown(name), near)])
    return chosen


def _settled_by(text: str | None, attribute: str, catalogue: Catalogue) -> tuple[str, Check | None]:
    """Return the attribute, and the requirement of it that `--until-settled` names."""
    if text is None:
        return attribute, None
    flag = "--until-settled"
    with rerooted(lambda problem: replace(problem, place=flag)):
        (check,) = checks(profile_from({}, flag, catalogue.declared, require=[text]))
    if check.requirement.attribute != attribute:
        named = [r.name for r in catalogue.declared.requirements if r.attribute == attribute]
        expected = f"a requirement of {attribute}: {', '.join(named) or 'there is none'}"
        raise InputError([Problem(flag, "", expected, check.requirement.name)])
    return attribute, check


def _request(asked: MeasureOptions, catalogue: Catalogue) -> SpeechRequest:
    """Return the request to the endpoint, with the secret from the environment."""
    model, endpoint, values = gather(
        lambda: _model(asked.model, catalogue),
        lambda: _endpoint(asked),
        lambda: _pairs("--set", asked.values, "=", "NAME=VALUE"),
    )
    if idle := [name for name in values if name not in endpoint.names]:
        found, near = "the request has no {{{}}}", endpoint.names
        raise InputError(
            Problem("--set", "", "", found.format(name), did_you_mean(name, near)) for name in idle
        )
    own = {SPEECH_MODEL: model.speech_model.value} if model.speech_model else {}
    return request_to(endpoint, {**own, **values}, os.environ)


def _model(name: str | None, catalogue: Catalogue) -> Model:
    """Return a model by its id or its name."""
    called = catalogue.model_called(name or "")
    model = next((each for each in catalogue.models if each.id == called), None)
    if model is None:
        raise InputError([Problem("--model", "", *not_one_of(name, catalogue.names))])
    return model


def _pairs(flag: str, texts: Sequence[str] | None, sign: str, form: str) -> dict[str, str]:
    """Return what the values of a flag say: names, each once, and what they are to be."""
    found: dict[str, str] = {}
    faults = Faults()
    for text in texts or ():
        name, told, value = (part.strip() for part in text.partition(sign))
        if not told:
            # What is no pair may be a secret, of which no more than a word is shown.
            faults.problems.append(Problem(flag, "", form, shown(name.partition(" ")[0])))
        if name in found:
            faults.problems.append(Problem(flag, name, "each name once", "it again"))
        found[name] = value
    faults.check()
    return found


def _endpoint(asked: MeasureOptions) -> Endpoint:
    """Return the endpoint that the options name or describe."""
    if asked.endpoint is not None or asked.url is None:
        known = files.load_endpoints(asked.models)
        if asked.endpoint is None:
            hint = " or ".join(["add --url URL", *(f"--endpoint {name}" for name in known)])
            raise InputError([Problem("measure", "", "", "nothing says whom to ask", hint)])
        if asked.endpoint not in known:
            expected = f"an endpoint of the catalogue: {', '.join(known) or 'there is none'}"
            near = did_you_mean(asked.endpoint, known) or "describe any other one with --url"
            raise InputError([Problem("--endpoint", "", expected, shown(asked.endpoint), near)])
        return known[asked.endpoint]
    described = {
        "url": asked.url,
        "method": asked.method,
        "headers": _pairs("--header", asked.header, ":", "NAME: VALUE"),
        "body": asked.body and decode(files.read_long(asked.body), asked.body),
        "key": asked.key,
        "audio": asked.audio,
        "sample_rate": asked.sample_rate,
    }

    def at_flag(problem: Problem) -> Problem:
        part, _, rest = problem.path.partition(".")
        flag = "header" if part == "headers" else part.replace("_", "-")
        return replace(problem, place=f"--{flag}", path=rest)

    with rerooted(at_flag):
        return parse(Endpoint, described, "measure")


def _made(asked: MeasureOptions, catalogue: Catalogue) -> tuple[Measurement, list[Sample]]:
    """Make the requests, writing each sample as it comes."""
    plan, setup, settles = _planned(asked, catalogue)
    taken: list[Sample] = []

    def settled() -> bool:
        if settles is None:
            return False
        found = measurement_of(setup, taken).verdict(settles, catalogue)
        terminal.tell(
            f"After {counted(len(taken), 'request')} {asked.until_settled} is {found.name.lower()}"
        )
        return found is not Verdict.UNVERIFIED

    for line in _announced(plan, setup):
        terminal.tell(line)
    keeping = files.written_by_line(asked.samples) if asked.samples else nullcontext(lambda _: None)
    with keeping as keep, terminal.progress(f"Measuring {setup.model}") as progress:
        keep(line_of(setup))

        def record(sample: Sample) -> None:
            taken.append(sample)
            keep(line_of(sample))
            progress(len(taken), plan.total)

        stopped = probe.run(plan, record, settled=settled, tell=terminal.tell)
        if not taken:
            raise InputError([Problem("measure", "", "", f"no request was made: {stopped}")])
    if stopped != "complete":
        terminal.tell(f"Stopped after {len(taken)} of {counted(plan.total, 'request')}: {stopped}")
    return measurement_of(setup, taken), taken


def _announced(plan: probe.Plan, setup: Setup) -> list[str]:
    """Return what is about to happen, and what the looks cost."""
    seconds = plan.total / plan.rate
    requests = f"{counted(plan.warm_up, 'request')} to warm up, then {plan.total} that count"
    lines = [f"{requests}, {plan.rate:g} a second, to {setup.endpoint}: about {seconds:.0f} s"]
    if seconds > plan.seconds:
        lines.append(f"No request begins after {plan.seconds:g} s: raise --max-seconds for all")
    if len(plan.looks) > 1:
        many, error = len(plan.looks), float(100 * (1 - setup.sure))
        shared, alone = (samples_needed(setup.share, tail_of(setup.sure, k)) for k in (many, 1))
        sizes = ", ".join(map(str, plan.looks))
        lines.append(
            f"Looks after {sizes} requests share the error of {error:g} %, so that an upper end"
            f" takes {shared} samples instead of {alone}; unshared, up to {many * error:g} % of"
            " such runs would settle wrongly"
        )
    return lines
