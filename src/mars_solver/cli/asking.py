"""What every command takes that answers a profile: the same options, and flags of requirements."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, fields
from inspect import Parameter, Signature, signature
from typing import TYPE_CHECKING, Any, Final, get_type_hints

import typer
from typer.core import TyperCommand

from mars_solver.cli import options
from mars_solver.errors import InputError, Problem
from mars_solver.vocabulary import Kind

if TYPE_CHECKING:
    from mars_solver.inputs.catalogue.attributes import Declarations


@dataclass(frozen=True, slots=True)
class AnswerOptions:
    """The options of a command that answers a profile."""

    profile: options.ProfileFile = None
    require: options.Require = None
    prefer: options.Prefer = None
    workflow: options.WorkflowFlag = None
    primary: options.Primary = None
    accept_beta: options.AcceptBeta = None
    keep: options.Keep = None
    measurements: options.Measurements = None
    measure: options.Measure = None
    models: options.ModelsFolder = None
    weights: options.WeightsFile = None
    unknown: options.Unknown = "flag"
    top: options.Top = None


def answering(app: typer.Typer) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return the decorator of a command that takes `AnswerOptions` beside options of its own."""

    def register(command: Callable[..., None]) -> Callable[..., None]:
        hints = get_type_hints(command, include_extras=True)
        own = [
            each.replace(annotation=hints[name], kind=Parameter.KEYWORD_ONLY)
            for name, each in signature(command).parameters.items()
            if name != "asked"
        ]
        shared = [
            Parameter(each.name, Parameter.KEYWORD_ONLY, default=each.default, annotation=hint)
            for each, hint in zip(
                fields(AnswerOptions),
                get_type_hints(AnswerOptions, include_extras=True).values(),
                strict=True,
            )
        ]

        def run(**values: Any) -> None:
            asked = AnswerOptions(**{each.name: values.pop(each.name) for each in shared})
            command(asked, **values)

        run.__name__, run.__doc__ = command.__name__, command.__doc__
        run.__signature__ = Signature([*own, *shared])  # type: ignore[attr-defined]
        run.__annotations__ = {each.name: each.annotation for each in (*own, *shared)}
        app.command(cls=RequirementFlags)(run)
        return command

    return register


class RequirementFlags(TyperCommand):
    """A command with a flag for each shipped requirement: `--NAME`, `--NAME VALUE`.

    They are read as `--require NAME=VALUE`. What is shipped is looked up where a flag is none of
    the command's own, and for the help.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Return what is left of the arguments, flags of requirements read as `--require`."""
        own = {name for each in self.params for name in (*each.opts, *each.secondary_opts)}
        strange = [a for a in args if a.startswith("--") and a.partition("=")[0] not in own]
        words = args
        if strange:
            words = list(_opened(args, _shipped()))
            _check_names(words, own)
        return super().parse_args(ctx, words)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help, with the flags of requirements."""
        lines = [
            f"{_flag(r.name)}{_TAKES.get(r.kind, '')}  {r.describe}"
            for r in _shipped().requirements
        ]
        self.epilog = "\n\n".join(["Each shipped requirement is a flag, too:", *lines])
        super().format_help(ctx, formatter)


_TAKES: Final = {Kind.NUMBER: " N", Kind.SET: " A,B,..."}
"""How the help shows the value of a flag, by the kind of its requirement."""


def _shipped() -> Declarations:
    from mars_solver.inputs.files import load_declarations  # noqa: PLC0415  (loads when used)

    return load_declarations()


def _flag(requirement: str) -> str:
    return f"--{requirement.replace('_', '-')}"


def _check_names(words: Sequence[str], own: Collection[str]) -> None:
    """Refuse a flag that may be meant for a requirement, with what to write for it.

    Flags that are only near to one of the command's own are left to the parser.
    """
    from mars_solver.inputs.parsing import did_you_mean  # noqa: PLC0415  (loads when used)

    given = words[: words.index("--")] if "--" in words else words
    flags = [word.partition("=")[0] for word in given if word.startswith("--")]
    known = {_flag(each.name) for each in _shipped().requirements}
    for flag in flags:
        own_catalogue = "--models" in flags
        if flag in own or (did_you_mean(flag, own) and not own_catalogue):
            continue
        hints = [did_you_mean(flag, known.union(own))]
        if own_catalogue:
            name = flag.removeprefix("--").replace("-", "_")
            hints.append(f"a requirement of a catalogue of your own is --require {name}=VALUE")
        if hint := "; ".join(filter(None, hints)):
            raise InputError([Problem(flag, "", "an option", "none of that name", hint)])


def _opened(args: Sequence[str], declared: Declarations) -> Iterator[str]:
    """Yield arguments with each flag of a requirement as `--require`."""
    known = {_flag(each.name): each for each in declared.requirements}
    words = iter(args)
    for word in words:
        flag, equals, value = word.partition("=")
        if word == "--":
            yield word
            yield from words
        elif flag not in known:
            yield word
        else:
            requirement = known[flag]
            if not equals and requirement.kind is not Kind.CAPABILITY:
                value = next(words, "")
                if not value:
                    raise InputError([Problem(flag, "", "a value", "nothing")])
                equals = "="
            yield from ("--require", f"{requirement.name}{equals}{value}")
