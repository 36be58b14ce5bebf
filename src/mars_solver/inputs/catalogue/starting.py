"""A catalogue to start from: what is declared, two example models, and comments that teach."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from mars_solver.errors import InputError, Problem
from mars_solver.inputs.catalogue.attributes import Attribute
from mars_solver.inputs.catalogue.catalogue import ATTRIBUTES, SOURCES, Catalogue
from mars_solver.inputs.catalogue.facts import UNKNOWN, Member
from mars_solver.inputs.files import (
    catalogue_file,
    load_catalogue,
    read_if_there,
    reason,
    there,
    write_whole,
)
from mars_solver.stopping import at_stop
from mars_solver.vocabulary import Kind

_DATE: Final = "2026-01"
_SCHEMA_LINE: Final = f"#:schema ../docs/schemas/{ATTRIBUTES}.json\n"
"""What the shipped declarations begin with, which leads nowhere from another folder."""
_SOURCES: Final = f"""\
# What the source keys of the model files mean. Each claim names one of them.
schema = 1

[example]
title = "Where you read it: replace this"
where = "example.org/models"
date = "{_DATE}"

# A source that lists members of a set for several models together proves nothing about one of
# them: what only such a list knows stays unverified, with the list as its evidence.
#   shared.ATTRIBUTE = ["member", "member"]
#   shared_by = ["model-a"]
"""
_HEAD: Final = """\
# {about}
# The file is named after the id. A fact is a table under the name of its attribute, with a value
# (or low and high), its source, the date and a grade: stated, derived, judged, third-party or
# measured. What is absent is unknown: the solver never guesses.
schema = 1
id = "{id}"
name = "{name}"

# What each claim below may leave out.
[defaults]
source = "example"
as_of = "{date}"
grade = "stated"

[stage]
value = "released"  # or "beta": a beta is a candidate only where a profile accepts betas

# The model's name in a call; leave it out where there is none.
[speech_model]
value = "{id}"

# How to get the model, in one line.
[availability]
value = "say here how to get it"
{more}
"""
_IMPOSSIBLE: Final = """
# Combinations of values of a configuration that the model cannot run, where there are any:
#   [[impossible]]
#   {example}
"""


def init_folder(folder: str | Path, *, force: bool = False) -> tuple[Path, ...]:
    """Write a small catalogue to start from, with comments that say what each file is for.

    The declarations are those of the shipped catalogue; there is no guide, and so no need.

    Args:
        folder: where the files are to be; made where it is absent.
        force: whether files that are there are written over.

    Returns:
        The paths of the files.

    Raises:
        InputError: where a file is there already, or cannot be written.
    """
    home, shipped = Path(folder), load_catalogue()
    declared = read_if_there(catalogue_file(f"{ATTRIBUTES}.toml")) or ""
    texts = {
        ATTRIBUTES: declared.removeprefix(_SCHEMA_LINE),
        SOURCES: _SOURCES,
        "model-a": _model(shipped, "model-a", "Model A", known=True),
        "model-b": _model(shipped, "model-b", "Model B", known=False),
    }
    paths = {home / f"{name}.toml": text for name, text in texts.items()}
    known = [path for path in paths if there(path)]
    if known and not force:
        hint = "name another folder, or write over them with --force"
        raise InputError([Problem(str(path), "", "", "is there already", hint) for path in known])
    fresh, made = [path for path in paths if path not in known], not there(home)

    def undo() -> None:
        for path in fresh:
            path.unlink(missing_ok=True)
        if made:
            home.rmdir()

    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError([Problem(str(home), "", "a folder", reason(error))]) from None
    with at_stop(undo):
        try:
            for path, text in paths.items():
                write_whole(path, text)
        except InputError:
            undo()
            raise
    return tuple(paths)


def _model(shipped: Catalogue, key: str, name: str, *, known: bool) -> str:
    """Return the text of a model file: all is known of the first model, of the other little."""
    about = "An example with placeholder facts: replace them with what you know."
    if not known:
        about = "An example of facts that leave much open: ranges, disputes, and what is unknown."
    domains = [f'{n} = "{d[-1].value}"' for n, d in shipped.declared.variables.items()]
    more = _IMPOSSIBLE.format(example="\n#   ".join(domains[:2])) if domains and not known else ""
    head = _HEAD.format(about=about, id=key, name=name, date=_DATE, more=more)
    facts = [
        "\n".join(_fact(shipped, attribute, a, known=known))
        for attribute, a in shipped.declared.attributes.items()
    ]
    return f"{head.rstrip()}\n\n" + "\n\n".join(facts) + "\n"


def _fact(shipped: Catalogue, name: str, attribute: Attribute, *, known: bool) -> Iterator[str]:
    """Yield the lines of one fact, with what it is about."""
    unit = f", in {attribute.unit}" if attribute.unit else ""
    about = f": {attribute.describe}" if attribute.describe else ""
    yield f"# {attribute.label}{about}{unit}."
    yield f"[{name}]"
    match Kind(attribute.kind):
        case Kind.CAPABILITY:
            yield from ["value = true"] if known else _open("nobody has said so yet")
        case Kind.SET:
            yield from _members(shipped, name, attribute, known=known)
        case Kind.ORDINAL if attribute.scale:
            low, high = attribute.scale
            yield from (
                [f"value = {high}", 'grade = "judged"', 'note = "say why"']
                if known
                else [f"low = {low}", f"high = {high}", 'grade = "judged"', 'note = "say why"']
            )
        case _:
            yield from ["value = 100"] if known else _range(name)


def _open(note: str) -> list[str]:
    return [f'value = "{UNKNOWN}"  # evidence that settles nothing', f'note = "{note}"']


def _range(name: str) -> list[str]:
    """Return a range, and a claim that disagrees."""
    return [
        "low = 100",
        "high = inf  # no upper end is known",
        "",
        f"[[{name}.other_claims]]",
        "value = 50",
        'why_not = "a claim that disagrees stays here, with the reason why it was not chosen"',
    ]


def _members(shipped: Catalogue, name: str, attribute: Attribute, *, known: bool) -> Iterator[str]:
    """Yield the members of a set: some that the shipped catalogue knows, or else examples."""
    examples: dict[str, list[Member]] = {
        "number": [16000, 24000],
        "language": ["en-us", "fr-fr"],
        "text": ["one", "another"],
    }
    known_members = shipped.known_members(name) if attribute.members == "text" else ()
    listed = list(known_members) or examples[attribute.members]
    if known:
        yield f"yes = {json.dumps(listed[:2])}"
        yield 'others = "no"  # for every member that is not listed'
        return
    yield f'others = "{UNKNOWN}"'
    yield f'{json.dumps(str(listed[0]))} = {{ value = true, note = "a claim about one member" }}'
