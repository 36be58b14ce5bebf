"""Questions on a terminal: what a profile leaves open, until nothing can change the winner."""

from __future__ import annotations

import sys
from dataclasses import replace

from mars_solver.cli import terminal
from mars_solver.cli.flags import profile_from
from mars_solver.errors import InputError, Problem, rerooted
from mars_solver.explaining.asking import PRIMARY, FollowUp, Interview
from mars_solver.explaining.recommendation import Recommendation
from mars_solver.inputs.profile import Profile
from mars_solver.vocabulary import ACCEPT_BETA, BATCH, Kind

_NO = frozenset({"", "n", "no"})
_YES = frozenset({"y", "yes"})


def settled(answer: Recommendation) -> Recommendation:
    """Return the answer after every question whose reply can change which model comes first.

    The end of the input ends the questions.

    Raises:
        InputError: where standard input is no terminal.
    """
    if sys.stdin is None or not sys.stdin.isatty():
        hint = "state what you know in the profile or with flags, or run it on a terminal"
        raise InputError([Problem("--ask", "", "", "standard input is no terminal", hint)])
    interview = Interview(answer)
    while (follow_up := interview.ask) is not None:
        reply = terminal.question(f"{follow_up.text} {_choices(follow_up, interview)}")
        if reply is None:
            terminal.tell("No more questions: the answer is for what is known so far.")
            break
        if reply.strip().lower() in _NO:
            interview = interview.denying(follow_up.field)
            continue
        try:
            interview = interview.told(stated_by(interview.answer.profile, follow_up.field, reply))
        except InputError as error:
            for problem in error.problems:
                terminal.tell(f"error: {problem}")
    else:
        terminal.tell("No further question can change which model comes first.")
    return interview.answer


def _choices(follow_up: FollowUp, interview: Interview) -> str:
    """Return what can be replied, as a prompt shows it; no is the default."""
    requirement = interview.answer.solver.declared.requirement.get(follow_up.field)
    if requirement is None or requirement.kind is Kind.CAPABILITY:
        words = [str(each.value) for each in follow_up.replies if each.value is not None]
        return "[yes/NO]:" if len(words) == 1 else f"[{'/'.join(words)}/NO]:"
    if requirement.kind is Kind.SET:
        return "[A,B,.../NO]:"
    return f"[{requirement.unit or 'a number'}/NO]:"


def stated_by(profile: Profile, field: str, reply: str) -> Profile:
    """Return a profile that also states what a reply says of a field.

    Raises:
        InputError: where the reply is none to the question, or contradicts the profile.
    """
    declared, word = profile.declared, reply.strip()
    yes = word.lower() in _YES
    stated: dict[str, str | bool] = {field: word}
    require: list[str] = []
    if field in declared.requirement:
        alone = yes and declared.requirement[field].kind is Kind.CAPABILITY
        stated, require = {}, [field if alone else f"{field}={word}"]
    elif yes and field != PRIMARY:
        stated = {field: True if field == ACCEPT_BETA else BATCH}
    document = {**profile.to_dict(), **stated}
    with rerooted(lambda problem: replace(problem, place="the reply")):
        return profile_from(document, "the reply", declared, require=require)
