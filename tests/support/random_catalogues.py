"""Random catalogues with attributes of every kind, their weights, and profiles over them.

All is plain data from a seed: what the files of a catalogue would hold. Numbers come from few
values, so that what is asked meets the ends of facts exactly, and just misses them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache, cached_property
from random import Random
from typing import Any

from mars_solver.inputs.catalogue.catalogue import Catalogue, build_catalogue, by_id
from mars_solver.inputs.catalogue.models import parse_model
from mars_solver.inputs.parsing import parse
from mars_solver.inputs.profile import Profile, parse_profile
from mars_solver.inputs.weights import Weights
from mars_solver.solving.solver import Solver
from oracle import NO_MODELS, Oracle

Table = dict[str, Any]
ENDS: Sequence[float] = (0, 1, 2.5, 3, 10, 50, 99.5, 100, 10**9, 10**12)
TAGS = (
    "en-us", "en-gb", "hi-in", "de-de", "pt-br", "pt-pt", "zh-cn", "zh-tw", "zh-cn-sichuan",
    "es-419", "fil-ph",
)  # fmt: skip
SPELLED: Mapping[str, tuple[str, ...]] = {
    "en-us": ("en-us", "EN_US"),
    "en-gb": ("en-gb", "en-uk", "en_UK"),
    "zh-cn": ("zh-cn", "cmn-cn", "zh-Hans-CN", "cmn_hans_cn"),
    "zh-tw": ("zh-tw", "zh-hant-tw"),
}
MEMBERS: Mapping[str, tuple[Any, ...]] = {
    "language": TAGS,
    "number": (8000, 16000, 22050, 0.5),
    "text": ("wav", "mp3", "Flac", "pcm_s16le"),
}
ASKABLE_BESIDE: Mapping[str, tuple[Any, ...]] = {
    "language": ("pt", "zh", "EN", "cmn", "qq", "qq-qq", "pt-ao", "en-uk", "zh-hans-cn"),
    "number": (11025,),
    "text": ("ogg", "WAV"),
}
TAG_TABLES = {
    "aliases": {"en-uk": "en-gb", "cmn": "zh"},
    "scripts": {"zh-cn": "hans", "zh-tw": "hant"},
}
SOURCES: Table = {
    "schema": 1,
    "test": {"title": "a test", "where": "here", "date": "2026"},
}


def fact(**content: Any) -> Table:
    """A claim of the test's own source."""
    return {"source": "test", "as_of": "2026", "grade": "stated", **content}


# ----------------------------------------------------------------------- declarations


def random_variables(rng: Random) -> Table:
    """Up to three variables of a configuration, with spare values and one for batch work."""
    variables: Table = {}
    for i in range(rng.choice([0, 1, 2, 2, 3])):
        domain: list[Any] = []
        for j in range(rng.randint(1, 3)):
            value = "batch" if i == 0 and j == 1 and rng.random() < 0.6 else f"v{i}_{j}"
            spare = rng.random() < 0.25
            domain.append({"value": value, "spare": True} if spare else value)
        variables[f"v{i}"] = domain
    return variables


def _values(domain: Sequence[Any]) -> list[str]:
    return [each if isinstance(each, str) else each["value"] for each in domain]


def _some_values(rng: Random, variables: Table) -> Table:
    """Values of one variable, or of none."""
    if not variables or rng.random() < 0.5:
        return {}
    name = rng.choice(sorted(variables))
    values = _values(variables[name])
    return {name: sorted(rng.sample(values, rng.randint(1, len(values))))}


def random_attribute(rng: Random, name: str, variables: Table) -> Table:
    """One attribute of any kind."""
    kind = rng.choice(["capability", "capability", "number", "ordinal", "set"])
    attribute: Table = {"kind": kind, "label": f"The {name}"}
    required = kind in {"capability", "set"}
    if kind == "capability" and (values := _some_values(rng, variables)):
        attribute["enables"] = values
    if kind == "ordinal":
        attribute["scale"] = [1, 5]
    if kind in {"number", "ordinal"}:
        bounds = {key: f"{key}_{name}" for key in ("max", "min") if rng.random() < 0.6}
        required = bool(bounds)
        if bounds:
            attribute["requirements"] = bounds
    if kind == "set":
        attribute["members"] = rng.choice(["language", "number", "text"])
        if attribute["members"] == "language":
            attribute["tags"] = TAG_TABLES
    if kind != "set" and rng.random() < 0.6:
        attribute["criterion"] = f"c_{name}"
        if rng.random() < 0.3:
            attribute["live"] = True
    if required and (values := _some_values(rng, variables)):
        attribute["pins"] = values
    return attribute


def random_attributes(rng: Random, variables: Table, count: int) -> Table:
    """Attributes of every kind, some of which imply others."""
    attributes = {f"a{i}": random_attribute(rng, f"a{i}", variables) for i in range(count)}
    capabilities = [name for name, a in attributes.items() if a["kind"] == "capability"]
    for name, attribute in attributes.items():
        required = attribute["kind"] in {"capability", "set"} or "requirements" in attribute
        others = [each for each in capabilities if each != name]
        if required and others and rng.random() < 0.15:
            attribute["implies"] = rng.sample(others, min(len(others), rng.randint(1, 2)))
    return attributes


# ----------------------------------------------------------------------------- models


def random_fact(rng: Random, attribute: Table, ends: Sequence[float]) -> Table | None:
    """What is claimed of one attribute; None for nothing."""
    chance = rng.random()
    if chance < 0.2:
        return None
    if attribute["kind"] == "set":
        return random_set(rng, attribute)
    if chance < 0.3:
        return fact(value="unknown", note="nothing found")
    if attribute["kind"] == "capability":
        return fact(value=rng.random() < 0.6)
    places = range(1, 6) if attribute["kind"] == "ordinal" else ends
    low, high = sorted(rng.choices(places, k=2))
    if attribute["kind"] == "number" and rng.random() < 0.15:
        return fact(low=low, high=float("inf"))
    return fact(value=low) if rng.random() < 0.4 else fact(low=low, high=high)


def random_set(rng: Random, attribute: Table) -> Table:
    """What is claimed of the members of a set: some listed together, some alone."""
    pool = MEMBERS[attribute.get("members", "text")]
    members = rng.sample(pool, rng.randint(0, len(pool)))
    table: Table = {}
    for member in members:
        spelled = rng.choice(SPELLED.get(member, (member,)))
        word = rng.choice(["yes", "yes", "no", "unknown"])
        if rng.random() < 0.5:
            table.setdefault(word, []).append(spelled)
        else:
            value = {"yes": True, "no": False, "unknown": "unknown"}[word]
            table[str(spelled)] = fact(value=value)
    if rng.random() < 0.6:
        table["others"] = rng.choice(["yes", "no", "unknown"])
    if any(not isinstance(each, dict) for each in table.values()):
        table |= fact()
    return table


def random_model(
    rng: Random,
    name: str,
    attributes: Table,
    variables: Table,
    ends: Mapping[str, Sequence[float]],
) -> Table:
    """A model that something can run."""
    stage = "beta" if rng.random() < 0.25 else "released"
    model = {"schema": 1, "id": name, "name": name.upper(), "stage": fact(value=stage)}
    for key, attribute in attributes.items():
        claimed = random_fact(rng, attribute, ends.get(key, ENDS))
        if claimed is not None:
            model[key] = claimed
    if variables and rng.random() < 0.3:
        model["impossible"] = [
            {
                variable: rng.choice(_values(variables[variable]))
                for variable in rng.sample(sorted(variables), rng.randint(1, len(variables)))
            }
            for _ in range(rng.randint(1, 2))
        ]
    files = {"attributes": {"attributes": attributes, "variables": variables}, name: model}
    if Oracle(files, {}).settings(model):
        return model
    for key, attribute in attributes.items():
        if attribute.get("enables"):
            model.pop(key, None)
    model.pop("impossible", None)
    return model


# ---------------------------------------------------------------------- guide, weights


def random_guide(rng: Random, oracle: Oracle, models: Sequence[str]) -> Table:
    """Needs that requirements state, and questions about them."""
    names = list(oracle.asked)
    ceilings = [n for n, a in oracle.asked.items() if a.ceiling]
    needs: Table = {}
    for i in range(rng.randint(1, 4)):
        need: Table = {"label": f"Need {i}", "live": rng.random() < 0.3}
        need["stated_by"] = rng.sample(names, min(len(names), rng.randint(0, 2)))
        if ceilings and rng.random() < 0.5:
            need["below"] = {rng.choice(ceilings): rng.choice([1, 3, 70, 100])}
        silenced = [name for name in need["stated_by"] if name not in need.get("below", {})]
        if silenced and not need["live"] and rng.random() < 0.5:
            others = rng.sample(names, min(len(names), rng.randint(1, 2)))
            need["unless"] = {rng.choice(silenced): others}
        needs[f"n{i}"] = need
    order = rng.sample(sorted(needs), len(needs))

    def answer() -> list[str]:
        return rng.sample([*models, "m-other"], rng.randint(1, min(3, len(models))))

    return {
        "schema": 1,
        "source": "test",
        "as_of": "2026",
        "needs": needs,
        "no_need": answer(),
        "batch": answer(),
        "questions": [{"need": need, "text": "?", "answer": answer()} for need in order],
    }


def random_curve(rng: Random) -> Table:
    """A value function of two to four anchors that rises or falls."""
    count = rng.randint(2, 4)
    at = sorted(rng.sample([1, 2.5, 3, 10, 50, 100, 1000], count))
    values = [0, *sorted(rng.choices(range(10**6 + 1), k=count - 2)), 10**6]
    if rng.random() < 0.5:
        values.reverse()
    anchors = [{"at": a, "value": v} for a, v in zip(at, values, strict=True)]
    return {"scale": rng.choice(["linear", "log"]), "anchors": anchors}


def random_weights(rng: Random, oracle: Oracle) -> Table:
    """Weights with rows that are missing, and rows that the catalogue has no use for."""
    criteria = [*oracle.criteria, "c_elsewhere"]

    def row(share: float) -> Table:
        return {c: rng.choice([0, 1, 40, 100, 10**6]) for c in criteria if rng.random() < share}

    needs = [*(oracle.guide or {"needs": {}})["needs"], "batch", "n_elsewhere"]
    kinds = {c: oracle.attributes[name]["kind"] for c, name in oracle.criteria.items()}
    return {
        "schema": 1,
        "name": "random",
        "curves": {
            c: random_curve(rng)
            for c in criteria
            if kinds.get(c) != "capability" and rng.random() < 0.85
        },
        "base": row(0.85),
        "emphasis": {need: row(0.5) for need in needs if rng.random() < 0.7},
        "first": {need: row(0.5) for need in needs if need != "batch" and rng.random() < 0.7},
    }


# ----------------------------------------------------------------------------- worlds


class World:
    """One catalogue with weights: as data, as the product has it, and as the oracle does."""

    def __init__(self, files: Table, weighing: Table, name: str = "changed") -> None:
        self.files = files
        self.weighing = weighing
        self.name = name

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name})"

    @cached_property
    def catalogue(self) -> Catalogue:
        return build_catalogue(self.files)

    @cached_property
    def weights(self) -> Weights:
        return parse(Weights, self.weighing, "weights")

    @cached_property
    def solver(self) -> Solver:
        return Solver(self.catalogue, self.weights)

    @cached_property
    def oracle(self) -> Oracle:
        return Oracle(self.files, self.weighing)

    @cached_property
    def askable(self) -> dict[str, list[Any]]:
        """For each requirement: what is worth asking for; for a set, members."""
        return {name: self._worth_asking(name) for name in self.oracle.asked}

    def _worth_asking(self, name: str) -> list[Any]:
        asked = self.oracle.asked[name]
        if asked.kind == "capability":
            return [True]
        if asked.kind == "set":
            members = self.oracle.attributes[asked.attribute].get("members", "text")
            spelled = [s for each in MEMBERS[members] for s in SPELLED.get(each, (each,))]
            return [*spelled, *ASKABLE_BESIDE[members]]
        claims = (self.oracle.claim(m, asked.attribute) for m in self.oracle.models.values())
        ends = {end for claim in claims if claim for end in claim if 0 < end <= 10**9}
        near = {n for end in ends for n in (end, end * 0.999, end * 1.001) if n <= 10**9}
        return sorted(near | {1, 70, 10**9})

    @cached_property
    def models(self) -> dict[str, Table]:
        """The models as plain data, by id."""
        return {name: data for name, data in self.files.items() if name not in NO_MODELS}

    def with_models(self, models: dict[str, Table]) -> World:
        """The same declarations, guide and weights with other models."""
        rest = {name: data for name, data in self.files.items() if name not in self.models}
        other = World({**rest, **models}, self.weighing)
        declared = self.catalogue.declared
        parsed = [parse_model(data, declared, f"{name}.toml") for name, data in models.items()]
        other.__dict__["catalogue"] = replace(self.catalogue, models=by_id(parsed))
        return other

    def profile(self, data: Table) -> Profile:
        """The profile that plain data describe."""
        return parse_profile(data, "Profile", self.catalogue.declared)


@cache
def world(seed: int) -> World:
    """One random catalogue, the same for a seed."""
    rng = Random(f"world {seed}")
    variables = random_variables(rng)
    count = rng.choice([1, 2, 4, 6, 8, 12, 30])
    attributes = random_attributes(rng, variables, count)
    names = [f"m{i}" for i in range(rng.choice([1, 2, 3, 4, 5, 6, 8, 40]))]
    files: Table = {
        "attributes": {"schema": 1, "variables": variables, "attributes": attributes},
        "sources": SOURCES,
    }
    for name in names:
        files[name] = random_model(rng, name, attributes, variables, {})
    if rng.random() < 0.6:
        files["guide/flowchart"] = random_guide(rng, Oracle(files, {}), names)
    return World(files, random_weights(rng, Oracle(files, {})), f"world {seed}")


def bare_world(attributes: Table, models: Table, variables: Table | None = None) -> World:
    """Few models over few attributes, labelled by their names; nothing is scored."""
    files: Table = {
        "attributes": {
            "schema": 1,
            "variables": variables or {},
            "attributes": {name: {"label": name, **rest} for name, rest in attributes.items()},
        },
        "sources": SOURCES,
    }
    for name, facts in models.items():
        stage = fact(value="released")
        files[name] = {"schema": 1, "id": name, "name": name.upper(), "stage": stage, **facts}
    return World(files, {"schema": 1, "name": "none", "curves": {}, "base": {}}, "bare")


WORLDS = 200
"""How many random catalogues there are: they are built once, as that takes longer than to ask."""


def random_profile(rng: Random, where: World, most: int = 5) -> Table:
    """A profile as plain data that does not contradict itself."""
    oracle = where.oracle
    names = list(oracle.asked)
    require: Table = {}
    for name in rng.sample(names, min(len(names), rng.randint(0, most))):
        values = where.askable[name]
        if oracle.asked[name].kind == "set":
            require[name] = rng.sample(values, rng.randint(1, min(3, len(values))))
        else:
            require[name] = rng.choice(values)
    scored = [c for c in oracle.criteria if oracle.known_to_weights(c)]
    chosen = rng.sample(scored, rng.choice([0, 0, rng.randint(0, len(scored))]))
    data: Table = {
        "require": require,
        "prefer": {c: rng.randint(0, 10) for c in chosen},
        "accept_beta": rng.random() < 0.5,
    }
    needs = oracle.needs(data)
    if needs and rng.random() < 0.4:
        data["primary"] = rng.choice(needs)
    live = any(oracle.guide["needs"][need].get("live") for need in needs) if oracle.guide else False
    if not live and rng.random() < 0.4:
        data["workflow"] = "batch"
    return data
