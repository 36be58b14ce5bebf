"""The command `measure`: the plan that its options make, and what is written of it."""

from __future__ import annotations

import os
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from mars_solver import __version__
from mars_solver.cli import terminal
from mars_solver.cli.flags import profile_from
from mars_solver.cli.measure_options import MeasureOptions
from mars_solver.errors import Faults, InputError, Problem, gather, rerooted, shown
from mars_solver.inputs import files
from mars_solver.inputs.catalogue.catalogue import Catalogue
from mars_solver.inputs.catalogue.endpoints import SPEECH_MODEL, Endpoint, SpeechRequest, request_to
from mars_solver.inputs.catalogue.models import Model
from mars_solver.inputs.documents import decode
from mars_solver.inputs.parsing import not_one_of, parse
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
from mars_solver.rendering.console import to_json
from mars_solver.solving.constraints import Check, checks
from mars_solver.vocabulary import Verdict


def measure(asked: MeasureOptions) -> None:
    """Measure, or compute from samples, and write what is asked for.

    Raises:
        InputError: with every fault of the options, and where there is no fact to state.
    """
    _check_outputs(asked)
    catalogue = files.load_catalogue(asked.models)
    if asked.sources:
        found, taken = _recomputed(asked, catalogue)
    else:
        found, taken = _made(asked, catalogue, _planned(asked, catalogue))
    if asked.html:
        files.write_whole(asked.html, report.page(found, taken, catalogue))
    text = to_json(found.to_dict()) if asked.as_json else report.report(found, catalogue)
    terminal.write(text)
    fact = measurements_toml(found)
    if asked.output:
        files.write_whole(asked.output, fact)
        terminal.tell(f"Wrote {asked.output}; use it with --measurements {asked.output}")


def _check_outputs(asked: MeasureOptions) -> None:
    """Refuse files that cannot be written, or that would be written over."""
    faults = Faults()
    for flag, path in (("-o", asked.output), ("--samples", asked.samples), ("--html", asked.html)):
        if path is None:
            continue
        if problem := files.unwritable(Path(path), flag):
            faults.problems.append(problem)
        elif Path(path).exists() and not asked.force:
            hint = "--force writes over it"
            faults.problems.append(Problem(flag, "", "", f"{path} is there already", hint))
    faults.check()


def _recomputed(asked: MeasureOptions, catalogue: Catalogue) -> tuple[Measurement, list[Sample]]:
    """Return what the samples of files show, with the percentile and confidence of the options."""
    for flag, value in (("--url", asked.url), ("--endpoint", asked.endpoint)):
        if value is not None:
            raise InputError([Problem(flag, "", "", "--from asks nobody", "drop one of them")])
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


@dataclass(frozen=True, slots=True)
class _Planned:
    """What is to be measured."""

    plan: probe.Plan
    setup: Setup
    settles: Check | None


def _planned(asked: MeasureOptions, catalogue: Catalogue) -> _Planned:
    """Return the plan that the options make, or every fault of them."""
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
            "model": asked.model,
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
    return _Planned(plan, setup, settles)


def _kinds(asked: MeasureOptions) -> tuple[Connection, ...]:
    """Return the connections that are wanted, in turn."""
    if asked.both or (asked.warm and asked.cold):
        return tuple(Connection)
    return (Connection.COLD if asked.cold else Connection.WARM,)


def _timed(name: str | None, catalogue: Catalogue) -> str:
    """Return the attribute that is measured: the one named, or the only one in ms."""
    timed = [each for each, a in catalogue.declared.attributes.items() if a.unit == "ms"]
    chosen = timed[0] if name is None and len(timed) == 1 else name
    if chosen not in timed:
        raise InputError([Problem("--attribute", "", *not_one_of(name, timed))])
    return str(chosen)


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


_FLAGS: Final = {
    "url": "--url",
    "method": "--method",
    "headers": "--header",
    "body": "--body",
    "key": "--key",
    "audio": "--audio",
    "sample_rate": "--sample-rate",
}
"""The flag that states each part of an endpoint."""


def _request(asked: MeasureOptions, catalogue: Catalogue) -> SpeechRequest:
    """Return the request to the endpoint, with the secret from the environment."""
    model, endpoint, values = gather(
        lambda: _model(asked.model, catalogue), lambda: _endpoint(asked), lambda: _values(asked)
    )
    own = {SPEECH_MODEL: model.speech_model.value} if model.speech_model else {}
    return request_to(endpoint, {**own, **values}, os.environ)


def _model(name: str | None, catalogue: Catalogue) -> Model:
    """Return a model by its id."""
    models = {model.id: model for model in catalogue.models}
    if name not in models:
        raise InputError([Problem("--model", "", *not_one_of(name, models))])
    return models[name]


def _values(asked: MeasureOptions) -> dict[str, str]:
    """Return what `--set` says."""
    pairs = [text.partition("=") for text in asked.values or ()]
    wrong = [
        Problem("--set", "", "NAME=VALUE", shown(name)) for name, equals, _ in pairs if not equals
    ]
    if wrong:
        raise InputError(wrong)
    return {name.strip(): value for name, _, value in pairs}


def _endpoint(asked: MeasureOptions) -> Endpoint:
    """Return the endpoint that the options name or describe."""
    known = files.load_endpoints(asked.models)
    if (asked.url is None) == (asked.endpoint is None):
        found, hint = "--url and --endpoint ask two", "drop one of them"
        if asked.url is None:
            found = "nothing says whom to ask"
            hint = " or ".join(["add --url URL", *(f"--endpoint {name}" for name in known)])
        raise InputError([Problem("measure", "", "", found, hint)])
    if asked.endpoint is not None:
        if asked.endpoint not in known:
            raise InputError([Problem("--endpoint", "", *not_one_of(asked.endpoint, known))])
        return known[asked.endpoint]
    pairs = [header.partition(":") for header in asked.header or ()]
    described = {
        "url": asked.url,
        "method": asked.method,
        "headers": {name.strip(): value.strip() for name, _, value in pairs},
        "body": asked.body and decode(files.read_long(asked.body), asked.body),
        "key": asked.key,
        "audio": asked.audio,
        "sample_rate": asked.sample_rate,
    }

    def at_flag(problem: Problem) -> Problem:
        part, _, rest = problem.path.partition(".")
        return replace(problem, place=_FLAGS.get(part, problem.place), path=rest)

    with rerooted(at_flag):
        return parse(Endpoint, described, "measure")


def _made(
    asked: MeasureOptions, catalogue: Catalogue, run: _Planned
) -> tuple[Measurement, list[Sample]]:
    """Make the requests, writing each sample as it comes."""
    plan, setup = run.plan, run.setup
    taken: list[Sample] = []

    def settled() -> bool:
        check = run.settles
        if check is None:
            return False
        found = measurement_of(setup, taken).verdict(check, catalogue)
        terminal.tell(f"After {len(taken)} requests {asked.until_settled} is {found.name.lower()}")
        return found is not Verdict.UNVERIFIED

    for line in _announced(run):
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
            found = f"no request was made: {stopped}"
            raise InputError([Problem("measure", "", "", found)])
    if stopped != "complete":
        terminal.tell(f"Stopped after {len(taken)} of {plan.total} requests: {stopped}")
    return measurement_of(setup, taken), taken


def _announced(run: _Planned) -> list[str]:
    """Return what is about to happen, and what the looks cost."""
    plan, setup = run.plan, run.setup
    seconds = plan.total / plan.rate
    requests = f"{plan.warm_up} requests to warm up, then {plan.total} that count"
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
