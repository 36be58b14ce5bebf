"""Wording that several renderers share: models, ranges, changes, facts, digests.

People read labels. A key stands in square brackets beside its label where one would type it, and so
does the key of a source; a terminal shows what is in brackets dim.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from mars_solver.explaining.changes import PREFER
from mars_solver.vocabulary import ACCEPT_BETA, MAX_NUMBER, Status, amounts, member_text, number

if TYPE_CHECKING:
    from mars_solver.explaining.changes import Change
    from mars_solver.inputs.catalogue.attributes import Declarations
    from mars_solver.inputs.catalogue.catalogue import Catalogue
    from mars_solver.proving.moves import Answer
    from mars_solver.solving.solver import Solver
    from mars_solver.solving.table import Interval

_DIGEST: Final = 12
"""How many digits of a SHA-256 are shown."""
_LEAST: Final = 0.001
"""The smallest lead that is shown, in points."""
MARKS: Final = {
    Status.MEETS.word: "✓",
    Status.UNVERIFIED.word: "?",
    Status.EXCLUDED.word: "–",
}
"""The mark of each status: meets everything, not confirmed, ruled out."""
CONTRADICTION: Final = "contradicts the rest of the profile"
"""What is said of a value that cannot be asked for beside all else."""


MOST_NAMES: Final = 8
"""So many models are named of a longer list."""


@dataclass(frozen=True, slots=True)
class Section:
    """A titled list of sentences. A section without lines has nothing to say."""

    title: str
    lines: tuple[str, ...]

    def cut(self, most: int, option: str) -> Section:
        """Return the section with so many lines, and how many more an option shows."""
        more = len(self.lines) - most
        if more <= 1:
            return self
        return Section(self.title, (*self.lines[:most], f"and {number(more)} more ({option})"))


def digests(solver: Solver) -> str:
    """Return the line that identifies the catalogue and the weights of an answer."""
    weights = solver.weights
    return f"{catalogue_digest(solver.catalogue)} · weights {weights.name} {_short(weights.sha256)}"


def catalogue_digest(catalogue: Catalogue) -> str:
    """Return the line that identifies a catalogue: its date and its digest."""
    return f"Facts as of {catalogue.as_of} · catalogue {_short(catalogue.sha256)}"


def _short(sha256: str) -> str:
    return sha256[:_DIGEST]


def first_of(names: Sequence[str]) -> list[str]:
    """Return names, or the first of many and how many more there are."""
    more = len(names) - MOST_NAMES
    return [*names] if more <= 0 else [*names[:MOST_NAMES], f"{number(more)} more"]


def keyed(declared: Declarations, name: str) -> str:
    """Return a label for within a sentence, with the key that one would type."""
    return f"{declared.phrase(name)} [{name}]"


def signed(points: float) -> str:
    """Return a lead in points with its sign."""
    return f"{points:+.3f}".replace("-", "−")


def lead_text(points: float) -> str:
    """Return how far one model is ahead of another one."""
    return f"{points:.3f} points" if points >= _LEAST else f"less than {_LEAST} points"


def answer_text(answer: Answer | None, names: Mapping[str, str]) -> str:
    """Return the first model of an answer with its status."""
    if answer is None or not answer.model:
        return "no model"
    return f"{names[answer.model]} ({answer.status})"


def interval_text(interval: Interval, unit: str = "") -> str:
    """Return an interval in words."""
    if interval.low == interval.high:
        return amounts(unit, interval.low)[0]
    words = {
        "from" if interval.low_included else "above": interval.low,
        "up to" if interval.high_included else "below": interval.high,
    }
    ends = {word: end for word, end in words.items() if 0 < end < MAX_NUMBER}
    if not ends:
        return "any"
    return ", ".join(map(" ".join, zip(ends, amounts(unit, *ends.values()), strict=True)))


def change_text(change: Change, declared: Declarations) -> str:
    """Return a change of a profile as an instruction."""
    name, old, new = change.requirement, change.from_, change.to
    if name == ACCEPT_BETA:
        return "accept betas"
    if name.startswith(PREFER):
        criterion = keyed(declared, name.removeprefix(PREFER))
        return f"set the importance of {criterion} from {old} to {new}"
    if name == "primary":
        return f"drop “{declared.need[str(old)].label}” as the need that comes first"
    if new is None:
        return f"drop {keyed(declared, name)}"
    if isinstance(new, list) and isinstance(old, list):
        unit = declared.requirement[name].unit
        dropped = ", ".join(member_text(each, unit) for each in old if each not in new)
        return f"drop {dropped} from {keyed(declared, name)}"
    requirement = declared.requirement[name]
    verb = "raise" if requirement.ceiling else "lower"
    before, after = amounts(requirement.unit, cast("float", old), cast("float", new))
    return f"{verb} {keyed(declared, name)} from {before} to {after}"
