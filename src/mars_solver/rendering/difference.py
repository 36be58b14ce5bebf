"""What a change changes, in sentences: for a terminal, or as Markdown for a review."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from rich.console import Group, RenderableType
from rich.text import Text

from mars_solver.escaping import markdown
from mars_solver.inputs.profile import requirement_text
from mars_solver.rendering.console import section
from mars_solver.rendering.words import Section, answer_text, digests, interval_text
from mars_solver.vocabulary import Policy, number

if TYPE_CHECKING:
    from mars_solver.proving.difference import AnswerMove, ExactDifference, MovedProfile, Shortlist
    from mars_solver.solving.solver import Solver

NOTHING: Final = "No answer changes."
_POLICIES: Final[dict[Policy, str]] = {
    "flag": "",
    "accept": " What the facts leave open counts as met.",
    "reject": " What the facts leave open counts as not met.",
}


def difference_report(found: ExactDifference) -> RenderableType:
    """Return a difference for people."""
    parts: list[RenderableType] = [Text(headline(found), style="bold"), Text()]
    for each in _sections(found):
        parts += section(each.title, each.lines)
    return Group(*parts, Text("\n".join(_identities(found)), style="dim"))


def difference_markdown(found: ExactDifference) -> str:
    """Return a difference as Markdown: what a review of a change shows."""
    lines = [f"**{headline(found)}**", ""]
    if found.moves:
        lines += ["| from | to | without preferences | in all | smallest profile |"]
        lines += ["|---|---|--:|--:|---|"]
        lines += [f"| {' | '.join(map(markdown, _row(move, found)))} |" for move in found.moves]
        lines.append("")
    for each in _sections(found):
        if each.title != _MOVES:
            lines += [f"**{each.title}**", ""]
            lines += [*(f"- {markdown(line)}" for line in each.lines), ""]
    return "\n".join([*lines, *(f"<sub>{markdown(line)}</sub>  " for line in _identities(found))])


_MOVES: Final = "Which answers change"


def headline(found: ExactDifference) -> str:
    """Return in how many profiles the answer changes."""
    policy = _POLICIES[found.unknown]
    neutral = sum(move.neutral for move in found.moves)
    if not found.moves:
        return ("Something changes, but no answer." if found.changes else NOTHING) + policy
    plain = (
        f"The answer changes in {_share(neutral, found.cells)} profiles without preferences"
        if neutral
        else f"The answer changes in none of {number(found.cells)} profiles without preferences"
    )
    if found.vectors is None:
        return f"{plain}.{policy}"
    every = sum(move.all or 0 for move in found.moves)
    whole = found.cells * found.vectors
    return f"{plain}, and in {_share(every, whole)} with every importance.{policy}"


def _share(part: int, whole: int) -> str:
    """Return how many of how many, with the share where it is more than nothing."""
    share = 100 * part / whole
    rounded = f"{share:.1g}" if share < 1 else f"{share:.0f}"
    return f"{number(part)} of {number(whole)} ({rounded} %)"


def _sections(found: ExactDifference) -> Iterator[Section]:
    if found.moves:
        yield Section(_MOVES, tuple(_move_text(move, found) for move in found.moves))
        yield Section("By status", tuple(_statuses(found)))
    if found.lines:
        yield Section("Lines of the guide", tuple(_moved(found.lines, found)))
    if found.pins:
        yield Section("Pinned profiles", tuple(_moved(found.pins, found)))
    if scope := tuple(_scope(found)):
        yield Section("What can be asked", scope)
    if found.vectors is None:
        many = len(found.criteria)
        yield Section(
            "Importances",
            (f"{many} criteria have too many importances to try all: only none is stated here.",),
        )


def _row(move: AnswerMove, found: ExactDifference) -> tuple[str, ...]:
    """Return a move as the cells of a table."""
    return (
        answer_text(move.old, _names(found)),
        answer_text(move.new, _names(found)),
        number(move.neutral),
        "" if move.all is None else number(move.all),
        _witness(move, found),
    )


def _move_text(move: AnswerMove, found: ExactDifference) -> str:
    old, new, neutral, every, witness = _row(move, found)
    counts = f"{neutral} without preferences" + (f", {every} in all" if every else "")
    return f"{old} → {new}: {counts}. Smallest: {witness}"


def _names(found: ExactDifference) -> dict[str, str]:
    """Return the names of the models of both sides."""
    return found.old.catalogue.names | found.new.catalogue.names


def _witness(move: AnswerMove, found: ExactDifference) -> str:
    """Return the smallest profile of a move, each number with those that do the same."""
    declared = found.new.declared
    profile = move.witness
    said = []
    for name, value in profile.require.items():
        requirement = declared.requirement[name]
        if name in move.ranges:
            unit = requirement.unit
            said.append(f"{declared.phrase(name)} {interval_text(move.ranges[name], unit)}")
        else:
            said.append(requirement_text(requirement, value))
    said += [f"importance of {declared.phrase(n)} {i}" for n, i in profile.prefer.items()]
    if profile.batch:
        said.append("batch work")
    if profile.primary:
        said.append(f"{declared.phrase(profile.primary)} comes first")
    if profile.accept_beta:
        said.append("betas accepted")
    return "; ".join(said) or "nothing is asked for"


def _statuses(found: ExactDifference) -> Iterator[str]:
    for (old, new), (neutral, every) in found.statuses().items():
        moved = f"{old} → {new}" if old != new else f"{old} as before, another model"
        counts = f"{number(neutral)} without preferences"
        yield f"{moved}: {counts}" + ("" if found.vectors is None else f", {number(every)} in all")


def _moved(moved: Iterable[MovedProfile], found: ExactDifference) -> Iterator[str]:
    for each in moved:
        title = each.name or "; ".join(each.profile.statements())
        yield f"{title}: {_shortlist(each.old, found)} → {_shortlist(each.new, found)}"


def _shortlist(models: Shortlist | None, found: ExactDifference) -> str:
    if models is None:
        return "cannot be asked"
    names = _names(found)
    return ", ".join(f"{names[model]} ({status})" for model, status in models) or "no model"


def _scope(found: ExactDifference) -> Iterator[str]:
    """Yield what only one side declares, and how many profiles only one side can be asked."""
    for kind, (added, dropped) in found.declared.items():
        if added:
            yield f"{kind} added: {', '.join(added)}"
        if dropped:
            yield f"{kind} dropped: {', '.join(dropped)}"
    for only, which in ((found.only_old, "before"), (found.only_new, "now")):
        if only:
            yield f"{number(only)} profiles without preferences could be asked only {which}"


def _identities(found: ExactDifference) -> tuple[str, str]:
    def line(word: str, solver: Solver) -> str:
        return f"{word}: {digests(solver)}"

    return line("before", found.old), line("now", found.new)
