"""Questions on a terminal: what a profile leaves open, until nothing can change the winner."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from mars_solver.cli import terminal
from mars_solver.cli.flags import profile_from
from mars_solver.errors import InputError, Problem, rerooted
from mars_solver.explaining.asking import PRIMARY, FollowUp, Interview
from mars_solver.explaining.recommendation import Recommendation
from mars_solver.inputs.catalogue.attributes import Declarations
from mars_solver.inputs.profile import Profile
from mars_solver.vocabulary import ACCEPT_BETA, BATCH

_NO: Final = frozenset({"", "n", "no", "none", "skip", "unknown"})
_YES: Final = frozenset({"y", "yes"})
_SETTLED: Final = "No further question can change which model comes first."


def settled(answer: Recommendation) -> Recommendation:
    """Return the answer after every question whose reply can change which model comes first.

    The end of the input ends the questions.

    Raises:
        InputError: where standard input is no terminal.
    """
    if sys.stdin is None or not sys.stdin.isatty():
        hint = "state what you know in the profile or with flags, or run it on a terminal"
        raise InputError([Problem("--ask", "", "", "standard input is no terminal", hint)])
    interview, declared = Interview(answer), answer.solver.declared
    while (follow_up := interview.ask) is not None:
        reply = terminal.question(f"{follow_up.text}{_choices(follow_up, declared)}")
        if reply is None:
            terminal.tell("No more questions: the answer is for what is known so far.")
            break
        try:
            profile = stated_by(interview.answer.profile, follow_up.fields, reply)
            stated = {**profile.to_dict(), **profile.require}
            denied = [name for name in follow_up.fields if not stated.get(name)]
            interview = interview.told(profile, denied)
        except InputError as error:
            for problem in error.problems:
                terminal.tell(f"error: {problem}")
    else:
        for line in interview.bounds or (_SETTLED,):
            terminal.tell(line)
    return interview.answer


def _choices(follow_up: FollowUp, declared: Declarations) -> str:
    """Return what can be replied, as a prompt shows it; no is the default."""
    if follow_up.field in declared.requirement:
        return "\n[names with their values; Enter for none]:"
    words = [str(each.value) for each in follow_up.replies if each.value is not None]
    return f" [{'yes' if len(words) == 1 else '/'.join(words)}/NO]:"


def stated_by(profile: Profile, fields: Sequence[str], reply: str) -> Profile:
    """Return a profile that also states what a reply says of some fields.

    Raises:
        InputError: where the reply is none to the question, or contradicts the profile.
    """
    word, field = reply.strip(), fields[0]
    yes = word.lower() in _YES
    if word.lower() in _NO:
        return profile
    stated: dict[str, str | bool] = {}
    require: list[str] = []
    known = "|".join(map(re.escape, profile.declared.requirement))
    if field not in profile.declared.requirement:
        stated[field] = (field == ACCEPT_BETA or BATCH) if yes and field != PRIMARY else word
    elif len(fields) > 1 or re.match(rf"({known})\s*(=|$)", word, re.IGNORECASE):
        # What follows a name is its value, up to the next name.
        between = rf"[\s,;]+(?=(?:{known})\s*(?:[=,;\s]|$))"
        require = re.split(between, word.strip(" ,;"), flags=re.IGNORECASE)
    else:
        require = [field if yes else f"{field}={word}"]
    document = {**profile.to_dict(), **stated}

    def in_reply(problem: Problem) -> Problem:
        return replace(problem, place="the reply", hint=problem.hint.replace("--require ", ""))

    with rerooted(in_reply):
        return profile_from(document, "the reply", profile.declared, require=require)
