"""What a project needs: the profile, parsed and checked against itself."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal, NamedTuple, Self, get_args

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from mars_solver.errors import InputError
from mars_solver.inputs.parsing import (
    Amount,
    Flag,
    Importance,
    Input,
    Issue,
    Locales,
    TextLine,
    choice,
    invalid,
    parse,
    problems_of,
)
from mars_solver.vocabulary import (
    BATCH,
    BIT,
    CRITERIA,
    CRITERION_NAMES,
    NEEDS,
    NEUTRAL_IMPORTANCE,
    REQUIREMENT,
    REQUIREMENTS,
    Kind,
    Need,
    NeedName,
    requirement_text,
)

Workflow = Literal["batch"]
_PLACE = "Profile"


def _table(value: object) -> object:
    """Return an absent table as an empty one, and any mapping as a dict."""
    if value is None:
        return {}
    return dict(value) if isinstance(value, Mapping) else value


class Context(NamedTuple):
    """What the weights of the criteria and the guide's answer depend on.

    Thresholds, locales and importances are left out: they change neither.
    """

    needs: tuple[NeedName, ...] = ()
    """The stated needs, in the flowchart's order."""
    primary: NeedName | None = None
    """The stated need that comes first."""
    batch: bool = False
    """Whether the workflow is batch."""


class Requirements(Input):
    """The hard requirements; None, false and an empty list mean "not stated"."""

    real_time: Flag = False
    max_ttfb_ms: Amount = None
    voice_transfer: Flag = False
    short_reference: Flag = False
    style_control: Flag = False
    on_device: Flag = False
    offline: Flag = False
    max_memory_mb: Amount = None
    self_hosted: Flag = False
    public_api: Flag = False
    languages: Locales = Field(default_factory=tuple)
    min_sample_rate_hz: Amount = None

    @cached_property
    def stated(self) -> int:
        """The mask of the stated requirements."""
        return sum(BIT[r.name] for r in REQUIREMENTS if getattr(self, r.name))

    @cached_property
    def needs(self) -> tuple[NeedName, ...]:
        """The needs that these requirements state, in the flowchart's order."""
        return tuple(
            need.name
            for need in NEEDS
            if any(getattr(self, name) for name in need.stated_by)
            or (
                need.ceiling
                and (getattr(self, need.ceiling[0]) or need.ceiling[1]) < need.ceiling[1]
            )
        )


class Preferences(Input):
    """The importance of each criterion, 0 to 10; None means "not stated"."""

    latency: Importance = None
    fidelity: Importance = None
    expressiveness: Importance = None
    control: Importance = None
    footprint: Importance = None


class Profile(Input):
    """What one project needs.

    Args:
        name: what the project calls itself; any printable line.
        workflow: "batch" where latency is no concern; its importance is then 0 unless stated.
        primary: the stated need that comes first.
        accept_beta: whether beta models are candidates.
        require: the hard requirements, by name.
        prefer: importances of the criteria, by name; 5 is neutral, 0 switches a criterion off.

    Raises:
        InputError: with every fault, where a field is unknown, has a wrong type or value, or
            contradicts another one.
    """

    name: TextLine = None
    workflow: Annotated[Workflow | None, choice(BATCH)] = None
    primary: Annotated[NeedName | None, choice(*get_args(NeedName))] = None
    accept_beta: Flag = False
    require: Annotated[Requirements, BeforeValidator(_table)] = Field(default_factory=Requirements)
    prefer: Annotated[Preferences, BeforeValidator(_table)] = Field(default_factory=Preferences)

    def __init__(
        self,
        *,
        name: str | None = None,
        workflow: Workflow | None = None,
        primary: NeedName | None = None,
        accept_beta: bool | None = False,
        require: Requirements | Mapping[str, object] | None = None,
        prefer: Preferences | Mapping[str, object] | None = None,
        **unknown: object,
    ) -> None:
        try:
            self.__pydantic_validator__.validate_python(
                {
                    "name": name,
                    "workflow": workflow,
                    "primary": primary,
                    "accept_beta": accept_beta,
                    "require": require,
                    "prefer": prefer,
                    **unknown,
                },
                self_instance=self,
            )
        except ValidationError as error:
            raise InputError(problems_of(error, type(self), _PLACE)) from None

    @classmethod
    def model_validate(cls, obj: Any, **_: Any) -> Self:
        """Return the profile that a mapping describes.

        Raises:
            InputError: with every fault of the mapping.
        """
        return obj if isinstance(obj, cls) else parse(cls, _table(obj), _PLACE)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        """Refuse what contradicts itself."""
        issues: list[Issue] = []
        needs = self.require.needs
        if self.primary and self.primary not in needs:
            stated = ", ".join(needs) or "none"
            hint = f"state a requirement of {self.primary} under require, or drop primary"
            issues.append(("primary", f"a need that is stated ({stated})", self.primary, hint))
        if self.workflow == BATCH and "real_time" in needs:
            cause = "real_time" if self.require.real_time else "max_ttfb_ms"
            limit = NEEDS[0].ceiling
            hint = f"drop workflow, or drop {cause}" + (
                f" or raise it to {limit[1]}" if cause == "max_ttfb_ms" and limit else ""
            )
            issues.append(("workflow", f"none beside {cause}, which needs real time", BATCH, hint))
        if issues:
            raise invalid(*issues)
        return self

    @property
    def batch(self) -> bool:
        """Whether the workflow is batch."""
        return self.workflow == BATCH

    @cached_property
    def context(self) -> Context:
        """What the weights of the criteria and the guide's answer depend on."""
        return Context(self.require.needs, self.primary, self.batch)

    @cached_property
    def importances(self) -> tuple[int, ...]:
        """The importance of each criterion in declared order, defaults filled in."""
        return tuple([self._importance(name) for name in CRITERION_NAMES])

    def _importance(self, name: str) -> int:
        stated: int | None = getattr(self.prefer, name)
        if stated is not None:
            return stated
        return 0 if self.batch and name == "latency" else NEUTRAL_IMPORTANCE

    def statements(self) -> list[str]:
        """Return what the profile states, in words: a line for each part that is stated."""
        stated = self.to_dict()
        needs = [requirement_text(name, value) for name, value in stated["require"].items()]
        lines = ["Requires " + ("; ".join(needs) if needs else "nothing")]
        if stated["prefer"]:
            prefers = ", ".join(f"{name} {value}" for name, value in stated["prefer"].items())
            lines.append(f"Prefers {prefers} (5 is neutral)")
        if self.batch:
            lines.append("Workflow: batch, so latency counts only where it is stated")
        if self.primary:
            lines.append(f"First comes {self.primary}")
        if self.accept_beta:
            lines.append("Betas are accepted")
        return lines

    def to_dict(self) -> dict[str, Any]:
        """Return what is stated, as plain JSON values; parsing it gives an equal profile."""
        return {
            **{
                key: value
                for key in ("name", "workflow", "primary")
                if (value := getattr(self, key)) is not None
            },
            "accept_beta": self.accept_beta,
            "require": {
                r.name: list(value) if isinstance(value, tuple) else value
                for r in REQUIREMENTS
                if (value := getattr(self.require, r.name))
            },
            "prefer": {
                name: value
                for name in CRITERION_NAMES
                if (value := getattr(self.prefer, name)) is not None
            },
        }


def parse_profile(data: object, place: str) -> Profile:
    """Return the profile that `data`, a mapping, describes.

    Raises:
        InputError: with every fault of `data`, each under `place`.
    """
    return parse(Profile, _table(data), place)


def profile_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a profile."""
    schema = Profile.model_json_schema()
    definitions = schema["$defs"]
    for name, field in definitions["Requirements"]["properties"].items():
        unit = REQUIREMENT[name].unit
        field["description"] = REQUIREMENT[name].describe + (f", in {unit}" if unit else "")
    for criterion in CRITERIA:
        field = definitions["Preferences"]["properties"][criterion.name]
        field["description"] = f"importance of {criterion.describe}: 5 neutral, 0 off"
    for table in ("require", "prefer"):
        reference = schema["properties"][table]
        schema["properties"][table] = {"anyOf": [reference, {"type": "null"}]}
    real_time = next(need for need in NEEDS if need.name == "real_time")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "mars-solver/profile/1",
        **schema,
        "allOf": [
            *(
                {"if": _has("primary", {"const": need.name}), "then": _states(need)}
                for need in NEEDS
            ),
            {"if": _has("workflow", {"const": BATCH}), "then": {"not": _states(real_time)}},
        ],
    }


def _states(need: Need) -> dict[str, Any]:
    """Return the schema of profiles that state a need."""
    stating = [(name, _STATED[REQUIREMENT[name].kind]) for name in need.stated_by]
    if need.ceiling:
        name, limit = need.ceiling
        stating.append((name, {"type": "number", "exclusiveMaximum": limit}))
    return {"anyOf": [_has("require", _has(name, value)) for name, value in stating]}


def _has(key: str, value: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of tables in which a key has a value of some schema."""
    return {"type": "object", "properties": {key: value}, "required": [key]}


_STATED: dict[Kind, dict[str, Any]] = {
    Kind.CAPABILITY: {"const": True},
    Kind.CEILING: {"type": "number"},
}
