"""A recommendation in words, without a layout: what the text and the page both show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mars_solver.rendering.words import (
    Section,
    change_text,
    digests,
    names_in,
)
from mars_solver.vocabulary import ACCEPT_BETA, REQUIREMENT, Status, number, requirement_text

if TYPE_CHECKING:
    from mars_solver.explaining.changes import Change
    from mars_solver.explaining.diagnosis import Relaxation
    from mars_solver.explaining.findings import Finding
    from mars_solver.explaining.recommendation import (
        Candidate,
        Exclusion,
        Recommendation,
        Violation,
    )


@dataclass(frozen=True, slots=True)
class RankingRow:
    """One model in the table of all models: the shortlist in order, then the excluded."""

    rank: int | None
    """None for an excluded model."""
    model: str
    name: str
    status: str
    score: float | None
    """0 to 1; None for an excluded model."""
    why: str


@dataclass(frozen=True, slots=True)
class Call:
    """How to call the winner."""

    sentence: str
    settings: str
    """The configuration in one line."""
    example: str | None
    """Python code; None where the model has no public endpoint."""


@dataclass(frozen=True, slots=True)
class Report:
    """A recommendation in words."""

    name: str | None
    requires: str
    headline: str
    ranking: tuple[RankingRow, ...]
    digests: str
    conflicts: Section
    ways_out: Section
    """The relaxations in order, then what else may be done."""
    to_verify: Section
    guide: str
    call: Call | None
    notes: Section


def report_of(answer: Recommendation) -> Report:
    """Return a recommendation in words."""
    return Report(
        name=answer.profile.name,
        requires="\n".join(answer.profile.statements()),
        headline=_headline(answer),
        ranking=tuple(_ranking(answer)),
        digests=digests(answer.solver),
        conflicts=Section("No model meets these together", tuple(_conflicts(answer))),
        ways_out=Section("Ways out, the cheapest first", tuple(_ways_out(answer))),
        to_verify=Section("Verify before you rely on it", tuple(_to_verify(answer))),
        guide=_guide(answer),
        call=_call(answer),
        notes=Section("Bear in mind", answer.notes),
    )


def _headline(answer: Recommendation) -> str:
    """Return the answer in one sentence."""
    decision = answer.decision
    best = decision.winner
    if best is None:
        stated = decision.question.stated
        return "No model meets every requirement." if stated else "There is no candidate."
    if not decision.question.stated:
        return f"Use {best.model.name}: nothing is required, and it scores best."
    if not best.unverified:
        return f"Use {best.model.name}: every requirement is met."
    open_points = ", ".join(item.requirement for item in answer.shortlist[0].to_verify)
    return f"Use {best.model.name}, once you have verified {open_points}."


def _ranking(answer: Recommendation) -> Iterator[RankingRow]:
    names = names_in(answer.solver.catalogue)
    for each in answer.shortlist:
        why = _rank_reason(answer, each)
        yield RankingRow(each.rank, each.model, names[each.model], each.status, each.score, why)
    for exclusion in answer.excluded:
        model, status = exclusion.model, Status.EXCLUDED.word
        yield RankingRow(None, model, names[model], status, None, _exclusion_reason(exclusion))


def _rank_reason(answer: Recommendation, candidate: Candidate) -> str:
    """Return why a model on the shortlist has its rank."""
    if candidate.rank == 1:
        points = [item for item in candidate.contributions if item.points > 0]
        strongest = sorted(points, key=lambda item: -item.points)
        listed = " + ".join(f"{item.criterion} {item.points:.2f}" for item in strongest)
        return listed or "no criterion counts"
    best = answer.shortlist[0]
    accepted = answer.decision.question.policy == "accept"
    if len(candidate.to_verify) > len(best.to_verify) and not accepted:
        return "unverified: " + ", ".join(item.requirement for item in candidate.to_verify)
    if candidate.score > best.score:
        return "scores higher, but fewer of its facts are settled"
    deficits = [
        (ours.points - theirs.points, theirs.criterion)
        for ours, theirs in zip(best.contributions, candidate.contributions, strict=True)
    ]
    largest, criterion = max(deficits, key=lambda deficit: deficit[0])
    return f"{criterion} {largest:.2f} behind" if largest > 0 else "equal score, later id"


def _exclusion_reason(exclusion: Exclusion) -> str:
    """Return the first reason why a model is excluded, and how many more there are."""
    first, *rest = exclusion.violations
    more = f" (and {len(rest)} more)" if rest else ""
    return _violation_text(first) + more


def _violation_text(violation: Violation) -> str:
    """Return a violated requirement, what the facts say of it, and their source."""
    if violation.requirement == ACCEPT_BETA:
        return f"a beta, and betas are not accepted [{violation.source}]"
    required = requirement_text(violation.requirement, violation.required)
    source = f" [{violation.source}]" if violation.source else ""
    return f"{required}: found {_finding_text(violation)}{source}"


def _finding_text(violation: Violation) -> str:
    """Return in words what the facts say of a violated requirement."""
    finding, unit = violation.found, REQUIREMENT[violation.requirement].unit
    if isinstance(finding, list):
        if isinstance(violation.required, list):
            missing = [tag for tag in violation.required if tag not in finding]
            return f"not {', '.join(map(str, missing))}"
        low, high = finding
        return f"{_end_text(low)} to {_end_text(high)} {unit}".strip()
    if finding is None:
        return "unknown"
    if isinstance(finding, bool):
        return "yes" if finding else "no"
    return finding if isinstance(finding, str) else f"{number(finding)} {unit}".strip()


def _end_text(end: Finding) -> str:
    """Return one end of a range; an open end is infinite."""
    return number(end) if isinstance(end, int | float) else "∞"


def _conflicts(answer: Recommendation) -> Iterator[str]:
    stated = answer.profile.to_dict()["require"]
    for conflict in answer.conflicts:
        yield " + ".join(requirement_text(name, stated[name]) for name in conflict)


def _ways_out(answer: Recommendation) -> Iterator[str]:
    """Yield the relaxations of an infeasible profile, then what else may be done."""
    if answer.shortlist or not answer.decision.question.stated:
        return
    names = names_in(answer.solver.catalogue)
    for each in answer.relaxations:
        yield relaxation_text(each, names)
    if answer.betas:
        betas = " and ".join(names[model] for model in answer.betas)
        yield f"Accepting betas would admit {betas} (--accept-beta)."
    if answer.relaxations and all(any(map(_drops, each.changes)) for each in answer.relaxations):
        yield (
            "No amount alone helps: each way out gives a requirement up. "
            "If none can go, ask the vendor."
        )


def relaxation_text(relaxation: Relaxation, names: dict[str, str]) -> str:
    """Return a relaxation with the models that it admits."""
    steps = ", ".join(map(change_text, relaxation.changes))
    admitted = ", ".join(names[model] for model in relaxation.admits)
    return f"{steps}: admits {admitted} ({relaxation.status})"


def _drops(change: Change) -> bool:
    """Return whether a change drops a requirement, or a part of it, rather than loosen a limit."""
    return change.requirement != "primary" and not isinstance(change.to, int | float)


def _to_verify(answer: Recommendation) -> Iterator[str]:
    if answer.shortlist:
        for item in answer.shortlist[0].to_verify:
            yield f"{item.requirement}: {item.note}"


def _guide(answer: Recommendation) -> str:
    """Return what the guide says and whether the answer agrees."""
    verdict, catalogue = answer.flowchart, answer.solver.catalogue
    names = names_in(catalogue)
    models = " or ".join(names.get(model, model) for model in verdict.answer)
    if verdict.question is None:
        why = "batch work with no further need" if answer.profile.batch else "no need stated"
    else:
        need = catalogue.flowchart.questions[verdict.question - 1].need
        why = f"question {verdict.question}, {need}"
    says = f"The guide says {models} ({why})"
    if verdict.agrees:
        return f"{says}; this answer agrees."
    if verdict.blocked_by:
        blocked = ", ".join(verdict.blocked_by)
        return f"{says}; this answer departs, because the facts do not settle or meet {blocked}."
    ranked = answer.decision.ids
    absent = [names.get(model, model) for model in verdict.answer if model not in ranked]
    if absent:
        return f"{says}; this answer departs, because {', '.join(absent)} is no candidate."
    order = " in its order" if ranked[0] in verdict.answer else ""
    cause = "the preferences" if answer.profile.to_dict()["prefer"] else "the weights"
    return f"{says}{order}; this answer departs, because of {cause}."


def _call(answer: Recommendation) -> Call | None:
    """Return how to call the winner, with a Python example where it has a public endpoint."""
    if not answer.shortlist:
        return None
    best = answer.shortlist[0]
    configuration = best.configuration
    settings = " · ".join(f"{key} {value}" for key, value in configuration._asdict().items())
    if best.speech_model is None or configuration.deployment == "on_device":
        sentence = "No public endpoint or download of it is known: ask the vendor or a partner."
        return Call(sentence, settings, None)
    language = next(iter(answer.profile.require.languages), "en-us")
    own = configuration.deployment == "self_hosted"
    where = "On your own deployment" if own else "Through the public API"
    sentence = f'{where}, with camb-sdk; speech_model "{best.speech_model}".'
    return Call(sentence, settings, _example(best, language))


def _example(best: Candidate, language: str) -> str:
    """Return Python code that calls a model with a public endpoint."""
    configuration = best.configuration
    if configuration.deployment == "self_hosted":
        client = 'CambAI(tts_provider="baseten", provider_params={"api_key": KEY, "mars_url": URL})'
        options = [
            '    request_options={"additional_body_parameters": {',
            '        "reference_audio": AUDIO,  # base64 of a sound file, or its URL',
            f'        "reference_language": "{language}",',
            "    }},",
        ]
    else:
        client = "CambAI()  # reads CAMB_API_KEY"
        cloned = configuration.voice == "reference_audio"
        origin = "create_custom_voice(...)" if cloned else "list_voices()"
        options = [f"    voice_id=VOICE_ID,  # from client.voice_cloning.{origin}"]
    if configuration.style == "directed":
        options.append('    user_instructions="Speak warmly, a little slower than usual.",')
    lines = [
        "from camb.client import CambAI, save_stream_to_file",
        "",
        f"client = {client}",
        "audio = client.text_to_speech.tts(",
        '    text="Hello, how can I help you?",',
        f'    language="{language}",',
        f'    speech_model="{best.speech_model}",',
        *options,
        ")",
        'save_stream_to_file(audio, "hello.wav")',
    ]
    return "\n".join(lines)
