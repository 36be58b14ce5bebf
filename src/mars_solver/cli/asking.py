"""What every command takes that answers a profile: the same options, and flags of requirements."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from inspect import Parameter, Signature, signature
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer
from typer.core import TyperCommand, TyperGroup

from mars_solver.cli import options
from mars_solver.errors import InputError, Problem
from mars_solver.vocabulary import Kind

if TYPE_CHECKING:
    from mars_solver.inputs.catalogue.attributes import Declarations, Requirement


@dataclass(frozen=True, slots=True)
class AnswerOptions:
    """The options of a command that answers a profile."""

    profile: options.ProfileFile = None
    preset: options.AskedPreset = None
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


def answering(
    app: typer.Typer, *examples: str
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return the decorator of a command that takes `AnswerOptions` beside options of its own.

    Args:
        app: that the command is one of.
        examples: of its arguments, with what the shipped catalogue has in braces.
    """

    def register(command: Callable[..., None]) -> Callable[..., None]:
        hints = get_type_hints(command, include_extras=True)
        own = [
            each.replace(annotation=hints[name], kind=Parameter.KEYWORD_ONLY)
            for name, each in signature(command).parameters.items()
            if name != "asked"
        ]
        shared = parameters_of(AnswerOptions)

        def run(**values: Any) -> None:
            asked = AnswerOptions(**{each.name: values.pop(each.name) for each in shared})
            command(asked, **values)

        run.__name__, run.__doc__ = command.__name__, command.__doc__
        app.command(cls=RequirementFlags, epilog=shown(*examples))(taking([*own, *shared], run))
        return command

    return register


def parameters_of(kind: type) -> list[Parameter]:
    """Return the fields of a dataclass of options as parameters of a command."""
    hints = get_type_hints(kind, include_extras=True)
    return [
        Parameter(
            each.name, Parameter.KEYWORD_ONLY, default=each.default, annotation=hints[each.name]
        )
        for each in fields(kind)
    ]


def taking(parameters: Sequence[Parameter], run: Callable[..., None]) -> Callable[..., None]:
    """Return a function of any keywords as one that declares its parameters."""
    run.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run


def shown(*examples: str) -> str:
    """Return examples of commands as the end of a help."""
    return "\n\n".join(["Examples:", *(f"mars-solver {each}" for each in examples)])


class Commands(TyperGroup):
    """All commands; what is near to an unknown one is named."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that arguments begin with, and the rest of them.

        Raises:
            InputError: where there is none of that name.
        """
        names = self.list_commands(ctx)
        if args[0] not in names and not args[0].startswith("-") and not ctx.resilient_parsing:
            from mars_solver.inputs.parsing import not_one_of  # noqa: PLC0415  (loads when used)

            said = not_one_of(args[0], names, kind="command")
            raise InputError([Problem("mars-solver", "", *said)])
        return super().resolve_command(ctx, args)


class Command(TyperCommand):
    """A command that names what is near to an unknown option, and ends its help with examples."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Return what is left of the arguments."""
        if strange := self._strange(args):
            self._refuse(strange, [])
        return super().parse_args(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help, its lines as wide as the terminal, with shipped names in its examples."""
        paragraphs = (self.help or "").split("\n\n")
        self.help = "\n\n".join(" ".join(each.split()) for each in paragraphs)
        if "{" in (self.epilog or ""):
            from mars_solver.cli.completing import examples  # noqa: PLC0415  (loads when used)

            self.epilog = examples(self.epilog or "")
        super().format_help(ctx, formatter)

    def _strange(self, args: Sequence[str]) -> list[str]:
        """Return the long options among arguments that are none of the command's own."""
        given = args[: args.index("--")] if "--" in args else args
        flags = [word.partition("=")[0] for word in given if word.startswith("--")]
        return [flag for flag in flags if flag not in self._own()]

    def _own(self) -> set[str]:
        own = {name for each in self.params for name in (*each.opts, *each.secondary_opts)}
        return own | {"--help"}

    def _refuse(self, flags: Iterable[str], more: Iterable[str], hint: str = "") -> None:
        """Raise the error of options that a command does not have."""
        from mars_solver.inputs.parsing import not_one_of  # noqa: PLC0415  (loads when used)

        place = f"mars-solver {self.name}"
        problems = []
        for flag in flags:
            _, found, near = not_one_of(flag, [*self._own(), *more], kind="option")
            name = flag.removeprefix("--").replace("-", "_")
            todo = "; ".join(filter(None, [near, hint.format(name=name)])) or f"see {place} --help"
            problems.append(Problem(place, "", "", found, todo))
        raise InputError(problems)


class RequirementFlags(Command):
    """A command with a flag for each shipped requirement: `--NAME`, `--NAME VALUE`.

    They are read as `--require --NAME=VALUE`. What is shipped is looked up where a flag is none of
    the command's own, for the help, and to complete a line.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Return what is left of the arguments, flags of requirements read as `--require`."""
        words, strange = args, self._strange(args)
        if strange and not ctx.resilient_parsing:
            known = {_flag(each.name) for each in _shipped().requirements}
            if none := [flag for flag in strange if flag not in known]:
                own = any(word.partition("=")[0] == "--models" for word in args)
                hint = "a requirement of a catalogue of your own is --require {name}=VALUE"
                self._refuse(none, known, hint if own else "")
            words = list(_opened(args, _shipped()))
        return TyperCommand.parse_args(self, ctx, words)

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters; for help and completion also a flag for each requirement."""
        flags = self._flags if ctx.resilient_parsing or "help" in ctx.meta else []
        return [*super().get_params(ctx), *flags]

    @cached_property
    def _flags(self) -> list[Any]:
        """The options of a command that takes nothing but flags of requirements."""

        def nothing(**_: Any) -> None:
            """Do nothing."""

        scratch = typer.Typer(add_completion=False)
        scratch.command()(taking([_option(each) for each in _shipped().requirements], nothing))
        command = typer.main.get_command(scratch)
        return [each for each in command.params if each.name != "help"]

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help, with the flags of requirements."""
        ctx.meta["help"] = True
        super().format_help(ctx, formatter)


def _shipped() -> Declarations:
    from mars_solver.inputs.files import load_declarations  # noqa: PLC0415  (loads when used)

    return load_declarations()


def _flag(requirement: str) -> str:
    return f"--{requirement.replace('_', '-')}"


def _option(requirement: Requirement) -> Parameter:
    """Return the flag of a requirement as a parameter of a function."""
    from mars_solver.cli.completing import members  # noqa: PLC0415  (loads when used)

    alone = requirement.kind is Kind.CAPABILITY
    option = typer.Option(
        _flag(requirement.name),
        metavar=_metavar(requirement),
        help=_sentence(requirement),
        rich_help_panel=requirement.group or "Other requirements",
        autocompletion=members(requirement.name) if requirement.kind is Kind.SET else None,
    )
    annotation: Any = Annotated[bool | None, option] if alone else Annotated[str | None, option]
    name = f"_{requirement.name}"
    return Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _metavar(requirement: Requirement) -> str | None:
    """Return how the help shows the value of a flag."""
    if requirement.kind is Kind.CAPABILITY:
        return None
    return "A,B,..." if requirement.kind is Kind.SET else (requirement.unit or "N")


def _sentence(requirement: Requirement) -> str:
    """Return the label and the sentence of a requirement, as the help shows them."""
    label, said = requirement.label, requirement.describe
    same = said.lower().startswith(label.lower())
    return f"{said[0].upper()}{said[1:]}." if same else f"{label}: {said}."


def _opened(args: Sequence[str], declared: Declarations) -> Iterator[str]:
    """Yield arguments with each flag of a requirement as the value of `--require`."""
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
            if not equals and known[flag].kind is not Kind.CAPABILITY:
                value = next(words, "")
                if not value:
                    raise InputError([Problem(flag, "", "a value", "nothing")])
                equals = "="
            yield from ("--require", f"{flag}{equals}{value}")
