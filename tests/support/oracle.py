"""An independent reading of the rules: plain loops over plain data, slow and without cleverness.

It reads the content of files as dictionaries and imports nothing that decides. Where the product
has masks, tables and caches, this has lists, and fractions instead of scaled whole numbers.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction
from functools import cached_property
from typing import Any

from constraint import Problem

MET, UNVERIFIED, VIOLATED = 0, 1, 2
INFINITY = float("inf")
LARGEST = 10**9
BEST = 10**6
Setting = dict[str, str]
Data = Mapping[str, Any]


@dataclass(frozen=True)
class Asked:
    """One requirement that can be asked."""

    name: str
    attribute: str
    kind: str
    ceiling: bool


@dataclass(frozen=True)
class Stand:
    """How one model stands."""

    status: str
    configuration: Setting | None
    violated: tuple[str, ...]
    unverified: tuple[str, ...]
    refused: bool


@dataclass(frozen=True)
class Ruling:
    """The answer to one profile."""

    stands: dict[str, Stand]
    scores: dict[str, tuple[Fraction, Fraction, Fraction]]
    """Low, middle, high."""
    weights: dict[str, int]
    """By criterion."""
    ranking: tuple[str, ...]


def listed(value: Any) -> list[Any]:
    """One word as a list of one."""
    return [value] if isinstance(value, str) else list(value or [])


def grade(known: bool | None) -> int:
    return {True: MET, None: UNVERIFIED, False: VIOLATED}[known]


class Oracle:
    """Reads one catalogue and one file of weights."""

    def __init__(self, files: Data, weights: Data) -> None:
        declared = files["attributes"]
        self.weights = weights
        self.attributes: dict[str, Data] = declared.get("attributes", {})
        self.variables = {
            name: [v if isinstance(v, str) else v["value"] for v in domain]
            for name, domain in declared.get("variables", {}).items()
        }
        self.spare = {
            (name, v["value"])
            for name, domain in declared.get("variables", {}).items()
            for v in domain
            if not isinstance(v, str) and v.get("spare")
        }
        self.guide: Data | None = files.get("guide/flowchart")
        models = [data for key, data in files.items() if key not in NO_MODELS]
        self.models = {data["id"]: data for data in sorted(models, key=lambda data: data["id"])}
        self._known: dict[tuple[str, str], tuple[dict[Any, bool | None], bool | None]] = {}
        self._settings: dict[str, list[Setting]] = {}
        self._anywhere: dict[str, set[Any]] = {}

    # ------------------------------------------------------------ what can be asked

    @cached_property
    def asked(self) -> dict[str, Asked]:
        """Every requirement, in declared order."""
        found = []
        for name, a in self.attributes.items():
            if a["kind"] in {"capability", "set"}:
                found.append(Asked(name, name, a["kind"], ceiling=False))
            bounds = a.get("requirements", {})
            if bounds.get("max"):
                found.append(Asked(bounds["max"], name, a["kind"], ceiling=True))
            if bounds.get("min"):
                found.append(Asked(bounds["min"], name, a["kind"], ceiling=False))
        return {each.name: each for each in found}

    @cached_property
    def criteria(self) -> dict[str, str]:
        """The attribute that each criterion scores."""
        return {a["criterion"]: n for n, a in self.attributes.items() if a.get("criterion")}

    def stated(self, profile: Data) -> dict[str, Any]:
        """The stated requirements, in declared order, members as they are compared."""
        require = profile.get("require") or {}
        found = {}
        for name, asked in self.asked.items():
            value = require.get(name)
            if asked.kind == "set" and value:
                members = [self.member(asked.attribute, each) for each in value]
                value = list(dict.fromkeys(members))
            if value:
                found[name] = value
        return found

    def needs(self, profile: Data) -> list[str]:
        """The stated needs, in the guide's order."""
        if self.guide is None:
            return []
        stated = self.stated(profile)
        found = []
        for question in self.guide["questions"]:
            need = self.guide["needs"][question["need"]]
            unless = need.get("unless", {})
            named = any(
                name in stated and not any(other in stated for other in listed(unless.get(name)))
                for name in listed(need.get("stated_by"))
            )
            low = any(
                name in stated and stated[name] < limit
                for name, limit in need.get("below", {}).items()
            )
            if named or low:
                found.append(question["need"])
        return found

    # ----------------------------------------------------------------- what is known

    def tag(self, attribute: str, text: str) -> str:
        """A language tag in its canonical spelling."""
        spelled = self.attributes[attribute].get("tags", {})
        aliases, scripts = spelled.get("aliases", {}), spelled.get("scripts", {})
        tag = text.strip(" ").lower().replace("_", "-")
        for _ in range(9):
            parts = tag.split("-")
            if len(parts) > 2 and scripts.get(f"{parts[0]}-{parts[2]}") == parts[1]:
                parts = [parts[0], *parts[2:]]
            for size in range(len(parts), 0, -1):
                head = "-".join(parts[:size])
                if head in aliases:
                    parts = [aliases[head], *parts[size:]]
                    break
            tag = "-".join(parts)
        return tag

    def member(self, attribute: str, written: Any) -> Any:
        """What members of a set are compared by."""
        kind = self.attributes[attribute].get("members", "text")
        if kind == "number":
            return float(written)
        return self.tag(attribute, written) if kind == "language" else written.strip(" ").lower()

    def can(self, model: Data, capability: str) -> bool | None:
        value = model.get(capability, {}).get("value")
        return value if isinstance(value, bool) else None

    def claim(self, model: Data, attribute: str) -> tuple[float, float] | None:
        """The claim range of a number; None where it is unknown."""
        fact = model.get(attribute, {})
        if "low" in fact:
            return fact["low"], fact["high"]
        value = fact.get("value")
        return None if value in {None, "unknown"} else (value, value)

    def members(self, model: Data, attribute: str) -> tuple[dict[Any, bool | None], bool | None]:
        """What is known of the members of a set, and of all others."""
        key = model["id"], attribute
        if key not in self._known:
            self._known[key] = self._members(model.get(attribute, {}), attribute)
        return self._known[key]

    def _members(self, table: Data, attribute: str) -> tuple[dict[Any, bool | None], bool | None]:
        words = {"yes": True, "no": False, "unknown": None}
        known: dict[Any, bool | None] = {}
        for key, each in table.items():
            if key in words and not isinstance(each, Mapping):
                known |= {self.member(attribute, member): words[key] for member in each}
            elif isinstance(each, Mapping):
                value = each["value"]
                known[self.member(attribute, key)] = value if isinstance(value, bool) else None
        return known, words[table.get("others", "unknown")]

    def listed_anywhere(self, attribute: str) -> set[Any]:
        """The members of a set that any model lists."""
        if attribute not in self._anywhere:
            each = [self.members(model, attribute)[0] for model in self.models.values()]
            self._anywhere[attribute] = {member for known in each for member in known}
        return self._anywhere[attribute]

    # ---------------------------------------------------------------------- verdicts

    def has(self, model: Data, attribute: str, member: Any) -> int:
        """The verdict of one member of a set."""
        known, others = self.members(model, attribute)
        kind = self.attributes[attribute].get("members", "text")
        if kind != "language" or "-" in member:
            return grade(known.get(member, others))
        locales = [m for m in self.listed_anywhere(attribute) if m.split("-")[0] == member]
        each = [known.get(locale, others) for locale in locales]
        if True in each or others is True:
            return MET
        return VIOLATED if others is False and all(one is False for one in each) else UNVERIFIED

    def judge(self, name: str, required: Any, model: Data, at: Setting) -> int:
        """The verdict of one requirement on one configuration of a model."""
        asked = self.asked[name]
        implied = [self.asked[each] for each in self.implied(asked.attribute)]
        along = [self.judge_alone(each, True, model, at) for each in implied]
        return max([self.judge_alone(asked, required, model, at), *along])

    def judge_alone(self, asked: Asked, required: Any, model: Data, at: Setting) -> int:
        attribute = self.attributes[asked.attribute]
        for variable, allowed in attribute.get("pins", {}).items():
            if at[variable] not in listed(allowed):
                return VIOLATED
        if asked.kind == "capability":
            return grade(self.can(model, asked.attribute))
        if asked.kind == "set":
            return max(self.has(model, asked.attribute, each) for each in required)
        low, high = self.claim(model, asked.attribute) or (0, INFINITY)
        if asked.ceiling:
            return MET if high <= required else VIOLATED if low > required else UNVERIFIED
        return MET if low >= required else VIOLATED if high < required else UNVERIFIED

    def verdicts(
        self, stated: Data, model: Data, at: Setting, policy: str = "flag"
    ) -> dict[str, int]:
        """The verdict of each stated requirement on one configuration."""
        found = {n: self.judge(n, v, model, at) for n, v in stated.items()}
        if policy == "reject":
            found = {n: VIOLATED if v == UNVERIFIED else v for n, v in found.items()}
        return found

    # ---------------------------------------------------------------- configurations

    def enablers(self, variable: str, value: str) -> list[str]:
        return self._enabling.get((variable, value), [])

    @cached_property
    def _enabling(self) -> dict[tuple[str, str], list[str]]:
        found: dict[tuple[str, str], list[str]] = {}
        for name, a in self.attributes.items():
            for variable, values in a.get("enables", {}).items():
                for value in listed(values):
                    found.setdefault((variable, value), []).append(name)
        return found

    def runnable(self, model: Data, at: Setting) -> bool:
        for variable, value in at.items():
            enabling = self.enablers(variable, value)
            if enabling and all(self.can(model, each) is False for each in enabling):
                return False
        return not any(
            all(at[variable] == value for variable, value in combination.items())
            for combination in model.get("impossible", [])
        )

    def settings(self, model: Data) -> list[Setting]:
        """The configurations of a model, in declared order."""
        if model["id"] not in self._settings:
            every = itertools.product(*self.variables.values())
            each = [dict(zip(self.variables, values, strict=True)) for values in every]
            self._settings[model["id"]] = [at for at in each if self.runnable(model, at)]
        return self._settings[model["id"]]

    def taste(self, stated: Data, model: Data, at: Setting, *, batch: bool) -> tuple[int, int, int]:
        """What decides between configurations that meet equally much."""
        amiss = sum(
            (at[variable] == "batch") != batch
            for variable, domain in self.variables.items()
            if "batch" in domain
        )
        rests = [self.enablers(variable, value) for variable, value in at.items()]
        unknown = sum(
            bool(enabling) and not any(self.can(model, each) for each in enabling)
            for enabling in rests
        )
        beyond = sum(
            not any(self.pinned(name, variable, value) for name in stated)
            for variable, value in at.items()
            if (variable, value) in self.spare
        )
        return amiss, unknown, beyond

    def implied(self, attribute: str) -> list[str]:
        """The capabilities that are checked along."""
        waiting, found = listed(self.attributes[attribute].get("implies")), []
        while waiting:
            each = waiting.pop(0)
            if each not in found and each != attribute:
                found.append(each)
                waiting += listed(self.attributes[each].get("implies"))
        return found

    def pins(self, attribute: str, variable: str) -> list[list[str]]:
        """What an attribute, and each that it implies, pins a variable to."""
        together = [attribute, *self.implied(attribute)]
        pins = [self.attributes[each].get("pins", {}).get(variable) for each in together]
        return [listed(each) for each in pins if each is not None]

    def allows(self, attribute: str, variable: str, value: str) -> bool:
        """Whether a configuration with a value can meet the requirement."""
        return all(value in each for each in self.pins(attribute, variable))

    def pinned(self, name: str, variable: str, value: str) -> bool:
        """Whether a requirement, or what it implies, asks for a value."""
        attribute = self.asked[name].attribute
        return bool(self.pins(attribute, variable)) and self.allows(attribute, variable, value)

    def stand(self, profile: Data, model: Data, policy: str = "flag") -> Stand:
        batch = profile.get("workflow") == "batch"
        refused = model["stage"]["value"] == "beta" and not profile.get("accept_beta")
        best: tuple[Any, Setting, list[str], list[str]] | None = None
        stated = self.stated(profile)
        for at in self.settings(model):
            verdicts = self.verdicts(stated, model, at, policy)
            lost = [name for name, verdict in verdicts.items() if verdict == VIOLATED]
            unsure = [name for name, verdict in verdicts.items() if verdict == UNVERIFIED]
            key = (len(lost), len(unsure), *self.taste(stated, model, at, batch=batch))
            if best is None or key < best[0]:
                best = key, at, lost, unsure
        if best is None:
            return Stand("excluded", None, (), (), refused)
        _, at, lost, unsure = best
        status = "excluded" if lost or refused else "unverified" if unsure else "meets"
        return Stand(status, at, tuple(lost), tuple(unsure), refused)

    # ------------------------------------------------------------------------ scores

    def value(self, criterion: str, at: float) -> int:
        """The value of a number: exact, rounded half to even."""
        curve = self.weights["curves"][criterion]
        anchors = [(each["at"], each["value"]) for each in curve["anchors"]]
        if at <= anchors[0][0]:
            return int(anchors[0][1])
        for (left, low), (right, high) in itertools.pairwise(anchors):
            if at <= right:
                if curve["scale"] == "linear":
                    share = (Fraction(at) - Fraction(left)) / (Fraction(right) - Fraction(left))
                    straight: Fraction = low + (high - low) * share
                    return round(straight)  # halves to even
                with localcontext(prec=90):
                    start, here, end = (Decimal(each).ln() for each in (left, at, right))
                    exact = low + (high - low) * (here - start) / (end - start)
                    near = exact.quantize(Decimal("1e-60"))
                    return int(near.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
        return int(anchors[-1][1])

    def known_to_weights(self, criterion: str) -> bool:
        capability = self.attributes[self.criteria[criterion]]["kind"] == "capability"
        curved = capability or criterion in self.weights.get("curves", {})
        return curved and criterion in self.weights["base"]

    def ends(self, model: Data, criterion: str) -> tuple[int, int]:
        """The least and the most value that a fact admits."""
        attribute = self.criteria[criterion]
        if self.attributes[attribute]["kind"] == "capability":
            known = self.can(model, attribute)
            return (0, BEST) if known is None else (BEST, BEST) if known else (0, 0)
        claim = self.claim(model, attribute)
        if claim is None:
            return 0, BEST
        low, high = sorted(self.value(criterion, end) for end in claim)
        return low, high

    def importance(self, profile: Data, criterion: str, *, neutral: bool = False) -> int:
        stated = (profile.get("prefer") or {}).get(criterion)
        if stated is not None and not neutral:
            return int(stated)
        live = self.attributes[self.criteria[criterion]].get("live", False)
        return 0 if live and profile.get("workflow") == "batch" else 5

    def weigh(self, profile: Data, *, neutral: bool = False) -> dict[str, int]:
        """The weight of each criterion that the weights know."""
        rows = [self.weights["base"]]
        emphasis, first = self.weights.get("emphasis", {}), self.weights.get("first", {})
        rows += [emphasis.get(need, {}) for need in self.needs(profile)]
        if profile.get("workflow") == "batch":
            rows.append(emphasis.get("batch", {}))
        if profile.get("primary"):
            rows.append(first.get(profile["primary"], {}))
        return {
            criterion: self.importance(profile, criterion, neutral=neutral)
            * sum(row.get(criterion, 0) for row in rows)
            for criterion in self.criteria
            if self.known_to_weights(criterion)
        }

    def score(
        self, profile: Data, model: Data, *, neutral: bool = False
    ) -> tuple[Fraction, Fraction, Fraction]:
        """The score as low, middle and high."""
        weights = self.weigh(profile, neutral=neutral)
        total = sum(weights.values())
        if not total:
            return Fraction(0), Fraction(0), Fraction(0)
        ends = {criterion: self.ends(model, criterion) for criterion in weights}
        low, high = (
            Fraction(sum(w * ends[c][end] for c, w in weights.items()), total * BEST)
            for end in (0, 1)
        )
        return low, (low + high) / 2, high

    # ----------------------------------------------------------------------- ranking

    def order(self, stand: Stand, policy: str) -> tuple[int, int]:
        """What ranks before the score."""
        if policy == "accept" or stand.status == "meets":
            return 0, 0
        return 1, len(stand.unverified)

    def rule(self, profile: Data, policy: str = "flag") -> Ruling:
        stands = {name: self.stand(profile, model, policy) for name, model in self.models.items()}
        scores = {name: self.score(profile, model) for name, model in self.models.items()}
        left = [name for name, stand in stands.items() if stand.status != "excluded"]

        def key(name: str) -> tuple[Any, ...]:
            level = self.score(profile, self.models[name], neutral=True)[1]
            return self.order(stands[name], policy), -scores[name][1], -level, name

        ranking = tuple(sorted(left, key=key))
        return Ruling(stands, scores, self.weigh(profile), ranking)

    def ranking(self, profile: Data, policy: str = "flag") -> tuple[str, ...]:
        return self.rule(profile, policy).ranking

    # ------------------------------------------------------------ why nothing is left

    def candidates(self, profile: Data) -> Iterator[tuple[Data, Setting]]:
        """Every configuration of every candidate."""
        for model in self.models.values():
            if model["stage"]["value"] == "released" or profile.get("accept_beta"):
                for at in self.settings(model):
                    yield model, at

    def lost(self, profile: Data, policy: str = "flag") -> set[frozenset[str]]:
        """What each configuration of each candidate violates."""
        stated = self.stated(profile)
        return {
            frozenset(
                name
                for name, verdict in self.verdicts(stated, model, at, policy).items()
                if verdict == VIOLATED
            )
            for model, at in self.candidates(profile)
        }

    def corrections(self, profile: Data, policy: str = "flag") -> set[frozenset[str]]:
        """The minimal sets without which a model is left; none where one is."""
        lost = self.lost(profile, policy)
        if frozenset() in lost:
            return set()
        return {each for each in lost if not any(other < each for other in lost)}

    def conflicts(self, profile: Data, policy: str = "flag") -> set[frozenset[str]]:
        """The minimal sets of requirements that no configuration of a candidate satisfies."""
        lost = self.lost(profile, policy)
        found: list[frozenset[str]] = []
        names = list(self.stated(profile))
        for size in range(1, len(names) + 1):
            for each in map(frozenset, itertools.combinations(names, size)):
                unsatisfiable = bool(lost) and all(each & violated for violated in lost)
                if unsatisfiable and not any(smaller <= each for smaller in found):
                    found.append(each)
        return set(found)

    def betas(self, profile: Data, policy: str = "flag") -> set[str]:
        """The betas that accepting would admit."""
        stands = self.rule(profile, policy).stands
        return {
            name
            for name, stand in stands.items()
            if stand.refused and stand.configuration is not None and not stand.violated
        }

    def move(
        self, name: str, required: Any, model: Data, at: Setting, worst: int
    ) -> tuple[Any, Any]:
        """The least change of a requirement after which its verdict is good enough.

        Returns the new value, None for a requirement that has to go, and how much is given up: a
        number for an amount, a set of members, infinity for all of it.
        """
        asked = self.asked[name]
        everything = frozenset(required) if asked.kind == "set" else INFINITY
        if asked.kind == "set":
            stay = [each for each in required if self.has(model, asked.attribute, each) <= worst]
            if stay and self.judge(name, stay, model, at) <= worst:
                return tuple(stay), frozenset(required) - frozenset(stay)
        elif asked.kind != "capability":
            low, high = self.claim(model, asked.attribute) or (0, INFINITY)
            for end in sorted((low, high), reverse=not asked.ceiling):
                if 0 < end <= LARGEST and self.judge(name, end, model, at) <= worst:
                    return end, abs(end - required)
        return None, everything

    def front(
        self, profile: Data, worst: int, keep: Iterable[str] = ()
    ) -> list[dict[str, tuple[Any, Any]]]:
        """The changes that no other ones better, over the configurations of every candidate."""
        changes: list[dict[str, tuple[Any, Any]]] = []
        for model, at in self.candidates(profile):
            needed = {
                name: self.move(name, required, model, at, worst)
                for name, required in self.stated(profile).items()
                if self.judge(name, required, model, at) > worst
            }
            if needed not in changes:
                changes.append(needed)
        return [
            each
            for each in changes
            if not any(other != each and gives_up_at_most(other, each) for other in changes)
            and not set(keep) & each.keys()
        ]

    def relaxations(
        self, profile: Data, policy: str = "flag", keep: Iterable[str] = ()
    ) -> set[tuple[str, frozenset[tuple[str, Any]]]]:
        """Every minimal relaxation: its status, and the new value of each changed requirement."""
        if self.ranking(profile, policy):
            return set()
        meeting, loosened = (
            {
                frozenset((name, to) for name, (to, _) in each.items())
                for each in self.front(profile, worst, keep)
            }
            for worst in (MET, UNVERIFIED)
        )
        found = {("meets", each) for each in meeting}
        if policy != "reject":
            found |= {("unverified", each) for each in loosened - meeting}
        return found

    def changed(self, profile: Data, values: Mapping[str, Any]) -> dict[str, Any]:
        """The profile with other values; `primary` goes with the need that it names."""
        require = dict(self.stated(profile))
        for name, value in values.items():
            require.pop(name, None)
            if value is not None:
                require[name] = list(value) if isinstance(value, tuple) else value
        new = {**profile, "require": require}
        if new.get("primary") and new["primary"] not in self.needs(new):
            new["primary"] = None
        return new

    # --------------------------------------------------------------------- the guide

    def answer(self, profile: Data) -> tuple[int | None, list[str]]:
        """The number of the guide's question that decides, and its models."""
        assert self.guide is not None
        needs, primary = self.needs(profile), profile.get("primary")
        questions = list(enumerate(self.guide["questions"], 1))
        asked = [q for q in questions if q[1]["need"] == primary]
        asked += [q for q in questions if q[1]["need"] != primary]
        for number, question in asked:
            if question["need"] in needs:
                return number, listed(question["answer"])
        batch = profile.get("workflow") == "batch"
        return None, listed(self.guide["batch" if batch else "no_need"])

    def guide_verdict(
        self, profile: Data, policy: str = "flag"
    ) -> tuple[int | None, tuple[str, ...], bool, set[str]] | None:
        """The guide's question and models, whether the answer agrees, and what blocks them."""
        if self.guide is None:
            return None
        ruling = self.rule(profile, policy)
        question, models = self.answer(profile)
        orders = {name: self.order(ruling.stands[name], policy) for name in ruling.ranking}
        best = min(orders.values(), default=None)
        premise = best is not None and all(orders.get(name) == best for name in models)
        if not ruling.ranking:
            agrees = False
        elif premise:
            agrees = list(ruling.ranking[: len(models)]) == models
        else:
            agrees = ruling.ranking[0] in models
        blocking: set[str] = set()
        if not agrees and not premise:
            for name in models:
                if name in ruling.stands:
                    stand = ruling.stands[name]
                    blocking |= {*stand.violated, *stand.unverified}
        return question, tuple(models), agrees, blocking

    # -------------------------------------------- the same as one constraint problem

    def posted(self, profile: Data, worst: int) -> set[tuple[str, tuple[str, ...]]]:
        """The models and settings that remain when every requirement is posted as a constraint.

        `worst` is the worst verdict that a requirement may have.
        """
        beta = bool(profile.get("accept_beta"))
        names = [n for n, m in self.models.items() if beta or m["stage"]["value"] == "released"]
        if not names:
            return set()
        problem = Problem()
        problem.addVariable("model", names)
        keys = [f"value of {variable}" for variable in self.variables]
        for key, domain in zip(keys, self.variables.values(), strict=True):
            problem.addVariable(key, domain)
        scope = ("model", *keys)

        def usable(name: str, *values: str) -> bool:
            return self.runnable(self.models[name], self._at(values))

        problem.addConstraint(usable, scope)
        for requirement, required in self.stated(profile).items():

            def holds(
                name: str, *values: str, asked: str = requirement, value: Any = required
            ) -> bool:
                return self.judge(asked, value, self.models[name], self._at(values)) <= worst

            problem.addConstraint(holds, scope)
        return {
            (found["model"], tuple(found[key] for key in keys)) for found in problem.getSolutions()
        }

    def _at(self, values: Iterable[str]) -> Setting:
        return dict(zip(self.variables, values, strict=True))


NO_MODELS = {"attributes", "sources", "guide/flowchart"}


def gives_up_at_most(
    one: Mapping[str, tuple[Any, Any]], other: Mapping[str, tuple[Any, Any]]
) -> bool:
    """Whether no requirement is changed more by one than by the other."""
    return all(name in other and excess <= other[name][1] for name, (_, excess) in one.items())
