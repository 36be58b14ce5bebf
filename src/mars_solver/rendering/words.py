"""Sentences about an answer, for people: plain text, with no layout."""

from __future__ import annotations

import math

from mars_solver.explaining.findings import Finding
from mars_solver.explaining.recommendation import Candidate, Exclusion, Recommendation, Violation
from mars_solver.inputs.facts import Claim, Fact, NumberClaim, YesNoClaim
from mars_solver.vocabulary import ACCEPT_BETA, REQUIREMENT, number, requirement_text


def headline(answer: Recommendation) -> str:
    """Return the answer in one sentence."""
    best = answer.decision.winner
    if best is None:
        stated = answer.decision.question.stated
        return "No model meets every requirement." if stated else "There is no candidate."
    if not answer.decision.question.stated:
        return f"Use {best.model.name}: nothing is required, and it scores best."
    if not best.unverified:
        return f"Use {best.model.name}: every requirement is met."
    open_points = ", ".join(item.requirement for item in answer.shortlist[0].to_verify)
    return f"Use {best.model.name}, once you have verified {open_points}."


def reason(answer: Recommendation, candidate: Candidate) -> str:
    """Return why a model on the shortlist stands where it does."""
    points = [item for item in candidate.contributions if item.points > 0]
    if candidate.rank == 1:
        if not points:
            return "no criterion counts"
        strongest = sorted(points, key=lambda item: -item.points)
        return " + ".join(f"{item.criterion} {item.points:.2f}" for item in strongest)
    best = answer.shortlist[0]
    accepted = answer.decision.question.policy == "accept"
    if len(candidate.to_verify) > len(best.to_verify) and not accepted:
        return "unverified: " + ", ".join(item.requirement for item in candidate.to_verify)
    behind = [
        (ours.points - theirs.points, theirs.criterion)
        for ours, theirs in zip(best.contributions, candidate.contributions, strict=True)
    ]
    most, criterion = max(behind, key=lambda item: item[0])
    if candidate.score > best.score:
        return "scores higher, but fewer of its facts are settled"
    return f"{criterion} {most:.2f} behind" if most > 0 else "equal score, later id"


def exclusion_reason(exclusion: Exclusion) -> str:
    """Return the first reason why a model is excluded, and how many more there are."""
    first, *rest = exclusion.violations
    more = f" (and {len(rest)} more)" if rest else ""
    return violation_text(first) + more


def violation_text(violation: Violation) -> str:
    """Return a violated requirement with what was found and where."""
    if violation.requirement == ACCEPT_BETA:
        return f"a beta, and betas are not accepted [{violation.source}]"
    required = requirement_text(violation.requirement, violation.required)
    source = f" [{violation.source}]" if violation.source else ""
    return f"{required}: found {found_text(violation)}{source}"


def found_text(violation: Violation) -> str:
    """Return a finding in words."""
    found, unit = violation.found, REQUIREMENT[violation.requirement].unit
    if isinstance(found, list):
        if isinstance(violation.required, list):
            missed = [tag for tag in violation.required if tag not in found]
            return f"not {', '.join(map(str, missed))}"
        low, high = found
        return f"{_end(low)} to {_end(high)} {unit}".strip()
    if found is None:
        return "unknown"
    if isinstance(found, bool):
        return "yes" if found else "no"
    return found if isinstance(found, str) else f"{number(found)} {unit}".strip()


def _end(value: Finding) -> str:
    return number(value) if isinstance(value, int | float) else "∞"


def guide_text(answer: Recommendation) -> str:
    """Return what the guide says and whether the answer agrees."""
    verdict = answer.flowchart
    names = {model.id: model.name for model in answer.solver.catalogue.models}
    models = " or ".join(names.get(model, model) for model in verdict.answer)
    if verdict.question is None:
        why = "batch work with no further need" if answer.profile.batch else "no need stated"
    else:
        chart = answer.solver.catalogue.flowchart
        why = f"question {verdict.question}, {chart.questions[verdict.question - 1].need}"
    says = f"The guide says {models} ({why})"
    if verdict.agrees:
        return f"{says}; this answer agrees."
    if verdict.blocked_by:
        blocked = ", ".join(verdict.blocked_by)
        return f"{says}; this answer departs, because the facts do not settle or meet {blocked}."
    left = answer.decision.ids
    absent = [names.get(model, model) for model in verdict.answer if model not in left]
    if absent:
        return f"{says}; this answer departs, because {', '.join(absent)} is no candidate."
    order = " in its order" if left[0] in verdict.answer else ""
    cause = "the preferences" if answer.profile.to_dict()["prefer"] else "the weights"
    return f"{says}{order}; this answer departs, because of {cause}."


def settings(answer: Recommendation) -> str:
    """Return the winner's configuration in one line."""
    configuration = answer.shortlist[0].configuration
    return " · ".join(f"{key} {value}" for key, value in configuration._asdict().items())


def how_to_call(answer: Recommendation) -> tuple[str, str | None]:
    """Return how to call the winner: a sentence, and a Python example where there is one."""
    best = answer.shortlist[0]
    deployment = best.configuration.deployment
    if best.speech_model is None or deployment == "on_device":
        return (
            "No public endpoint or download of it is known: ask the vendor or a partner.",
            None,
        )
    language = next(iter(answer.profile.require.languages), "en-us")
    if deployment == "self_hosted":
        client = 'CambAI(tts_provider="baseten", provider_params={"api_key": KEY, "mars_url": URL})'
        sentence = f'On your own deployment, with camb-sdk; speech_model "{best.speech_model}".'
        voice = [
            '    request_options={"additional_body_parameters": {',
            '        "reference_audio": AUDIO,  # base64 of a sound file, or its URL',
            f'        "reference_language": "{language}",',
            "    }},",
        ]
    else:
        client = "CambAI()  # reads CAMB_API_KEY"
        sentence = f'Through the public API, with camb-sdk; speech_model "{best.speech_model}".'
        cloned = best.configuration.voice == "reference_audio"
        origin = "create_custom_voice(...)" if cloned else "list_voices()"
        voice = [f"    voice_id=VOICE_ID,  # from client.voice_cloning.{origin}"]
    lines = [
        "from camb.client import CambAI, save_stream_to_file",
        "",
        f"client = {client}",
        "audio = client.text_to_speech.tts(",
        '    text="Hello, how can I help you?",',
        f'    language="{language}",',
        f'    speech_model="{best.speech_model}",',
        *voice,
    ]
    if best.configuration.style == "directed":
        lines.append('    user_instructions="Speak warmly, a little slower than usual.",')
    return sentence, "\n".join([*lines, ")", 'save_stream_to_file(audio, "hello.wav")'])


def fact_text(fact: Fact | None) -> str:
    """Return a fact's value in words; an absent fact is unknown."""
    return "unknown" if fact is None else claim_text(fact)


def claim_text(claim: Claim) -> str:
    """Return a claim's value in words."""
    if isinstance(claim, YesNoClaim):
        return {True: "yes", False: "no", None: "unknown"}[claim.known]
    if isinstance(claim, NumberClaim):
        low, high = claim.range
        if low == high:
            return number(low)
        return f">= {number(low)}" if math.isinf(high) else f"{number(low)} – {number(high)}"
    return str(getattr(claim, "value", ""))
