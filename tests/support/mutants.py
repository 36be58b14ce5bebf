"""Mutants of the modules that decide: small changes of them, each of which a test has to notice.

A mutant has one expression or statement changed. The tests are collected once; then a fork for each
mutant puts the changed functions in the place of the right ones, and runs the tests of its module
until one fails. What no test can notice is listed, with the reason, in `equivalent_mutants.toml`.

    python tests/support/mutants.py                   # all of them
    python tests/support/mutants.py --sample 60       # some of all, the same each time
    python tests/support/mutants.py solving/scoring   # those of some modules
"""

from __future__ import annotations

import argparse
import ast
import gc
import hashlib
import json
import math
import os
import resource
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from itertools import accumulate
from pathlib import Path
from types import FunctionType
from typing import Any, Final, NamedTuple

import pytest
from _pytest.runner import runtestprotocol
from hypothesis import Phase, settings

from mars_solver import Solver
from random_catalogues import WORLDS, world

ROOT: Final = Path(__file__).resolve().parents[2]
EQUIVALENT: Final = Path(__file__).with_name("equivalent_mutants.toml")
LEAST: Final = 0.97
"""The share of the mutants that tests have to notice, those aside that none can notice."""
FEW: Final = 50
"""How many examples a search makes at first; mutants that this leaves get all of them."""
SHORT: Final = 4
"""How many seconds of tests, the most promising ones, run at first."""
LONGEST: Final = 15
"""How many seconds of processor time a test gets: a mutant may run for ever."""
BYTES: Final = 6 * 2**30
"""How much memory a fork gets: a mutant may never have enough."""
REPORTED: Final = 50
"""After how many mutants the run says how far it is."""
_SETTINGS: Final = "_hypothesis_internal_use_settings"
"""Where Hypothesis keeps the settings of a test."""
_CACHE: Final = type(lru_cache(int))

_RELAXATIONS = "tests/explaining/test_relaxations.py"
_SENSITIVITY = "tests/explaining/test_sensitivity.py"
_SOLVING = ("tests/solving/", _RELAXATIONS)
TESTS: Final[Mapping[str, tuple[str, ...]]] = {
    "solving/constraints": _SOLVING,
    "solving/flowchart": _SOLVING,
    "solving/scoring": _SOLVING,
    "solving/solver": (*_SOLVING, _SENSITIVITY),
    "solving/table": (*_SOLVING, _SENSITIVITY),
    "solving/whatif": (
        _RELAXATIONS,
        _SENSITIVITY,
        "tests/explaining/test_decision_map.py",
        "tests/explaining/test_counterfactual.py",
    ),
    "explaining/diagnosis": (_RELAXATIONS, "tests/explaining/test_counterfactual.py"),
    "explaining/sensitivity": (_SENSITIVITY,),
}
"""The modules that are changed, each with the tests that have to notice."""


class Mutant(NamedTuple):
    """One change of one module."""

    module: str
    where: str
    """The function or the constant in which it is."""
    before: str
    """The lines that are changed, joined into one."""
    after: str
    source: bytes = b""
    """The whole module with the change."""


Trial = tuple[Mutant, list[pytest.Item]]
"""A mutant and the tests to run on it."""


# --------------------------------------------------------------------------- changes

Node = ast.expr | ast.stmt
_NOTHING: Final = ast.Constant(None)
_COMPARED: Final[Mapping[type[ast.cmpop], tuple[type[ast.cmpop], ...]]] = {
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt), ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
}  # fmt: skip
_COMPUTED: Final[Mapping[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.MatMult: ast.Mult,
    ast.LShift: ast.RShift, ast.RShift: ast.LShift, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
    ast.BitXor: ast.BitAnd,
}  # fmt: skip
_CALLED: Final = {"min": "max", "max": "min", "any": "all", "all": "any", "ceil": "floor"}


def _changes(node: ast.AST) -> Iterator[tuple[Node, Node]]:  # noqa: PLR0912
    """Yield what can be changed at a node: an expression or statement, and what it becomes."""
    match node:
        case ast.Compare(left, operators, right):
            for i, operator in enumerate(operators):
                for swapped in _COMPARED[type(operator)]:
                    others = [*operators[:i], swapped(), *operators[i + 1 :]]
                    yield node, ast.Compare(left, others, right)
        case ast.BoolOp(operator, values):
            yield node, ast.BoolOp(ast.Or() if isinstance(operator, ast.And) else ast.And(), values)
        case ast.BinOp(left, operator, value):
            yield node, ast.BinOp(left, _COMPUTED[type(operator)](), value)
        case ast.UnaryOp(operand=operand):
            yield node, operand
        case ast.Constant(bool(constant)):
            yield node, ast.Constant(not constant)
        case ast.Constant(int(constant)):
            yield from ((node, ast.Constant(constant + by)) for by in (1, -1))
        case ast.Call(function, arguments, keywords):
            match function:
                case ast.Name(name) if name in _CALLED:
                    yield function, ast.Name(_CALLED[name])
                case ast.Attribute(value, name) if name in _CALLED:
                    yield function, ast.Attribute(value, _CALLED[name])
            unsorted = [keyword for keyword in keywords if keyword.arg != "key"]
            if len(unsorted) < len(keywords):
                yield node, ast.Call(function, arguments, unsorted)
        case ast.Return(ast.Tuple(parts)) | ast.Lambda(body=ast.Tuple(parts)):
            yield from ((part, _NOTHING) for part in parts if ast.unparse(part) != "None")
        case ast.Return(ast.expr() as value) if ast.unparse(value) != "None":
            yield value, _NOTHING
        case ast.AugAssign(target, operator, value):
            yield node, ast.AugAssign(target, _COMPUTED[type(operator)](), value)
            yield node, ast.Pass()
        case ast.Expr(ast.Call()) | ast.Assign([ast.Attribute() | ast.Subscript()]) | ast.Delete():
            yield node, ast.Pass()
        case ast.Continue():
            yield node, ast.Break()
        case ast.If(test) | ast.IfExp(test) | ast.While(test):
            yield from ((test, ast.Constant(always)) for always in (True, False))
        case ast.comprehension(ifs=tests):
            yield from ((test, ast.Constant(True)) for test in tests)


def _nodes(node: ast.AST, where: str = "") -> Iterator[tuple[str, ast.AST]]:
    """Yield the nodes below one, each with the function or the constant in which it is.

    Left out are types and what only they need, decorators, texts, what a `repr` says, and whether
    `zip` is strict.
    """
    for field, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            inside = where
            match child:
                case ast.FunctionDef(name="__repr__") | ast.keyword(arg="strict") | ast.JoinedStr():
                    continue
                case ast.If(test=ast.Name("TYPE_CHECKING")):
                    continue
                case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                    inside = f"{where}.{name}".lstrip(".")
                case ast.AnnAssign(target=ast.Name(name)) if isinstance(node, ast.Module):
                    inside = name
            if isinstance(child, ast.AST) and field not in {
                "annotation",
                "returns",
                "decorator_list",
            }:
                yield inside, child
                yield from _nodes(child, inside)


def mutants_of(module: str, source: bytes) -> Iterator[Mutant]:
    """Yield every mutant of the source of a module."""
    starts = [0, *accumulate(map(len, source.splitlines(keepends=True)))]
    for where, node in _nodes(ast.parse(source)):
        for old, new in _changes(node):
            text = ast.unparse(ast.fix_missing_locations(new))
            spelled = (f"({text})" if isinstance(new, ast.expr) else text).encode()
            first, last = starts[old.lineno - 1], starts[old.end_lineno or 0]
            start = first + old.col_offset
            end = starts[(old.end_lineno or 0) - 1] + (old.end_col_offset or 0)
            changed = source[:start] + spelled + source[end:]
            lines = source[first:last], changed[first : last + len(changed) - len(source)]
            before, after = (" ".join(each.decode().split()) for each in lines)
            yield Mutant(module, where, before, after, changed)


def source_of(module: str) -> bytes:
    """Return the source of a module."""
    spec = find_spec("mars_solver")
    assert spec is not None
    assert spec.origin is not None
    return (Path(spec.origin).parent / f"{module}.py").read_bytes()


def every_mutant(modules: Sequence[str] = tuple(TESTS)) -> list[Mutant]:
    """Return all mutants of some modules."""
    return [mutant for module in modules for mutant in mutants_of(module, source_of(module))]


def equivalent() -> list[Mapping[str, str]]:
    """Return what is listed as equivalent: single changes, or all of a function or constant."""
    return list(tomllib.loads(EQUIVALENT.read_text("utf-8"))["equivalent"])


def is_one_of(mutant: Mutant, entry: Mapping[str, str]) -> bool:
    """Return whether an entry of the list is about a mutant."""
    return all(getattr(mutant, key) == entry[key] for key in entry if key != "why")


def entry_of(mutant: Mutant) -> str:
    """Return what the list would say of a mutant, but for the reason."""
    texts = ((key, getattr(mutant, key)) for key in ("module", "where", "before", "after"))
    lines = [f"{key} = {json.dumps(text, ensure_ascii=False)}" for key, text in texts]
    return "\n".join(["[[equivalent]]", *lines, "\n"])


def sample(mutants: Sequence[Mutant], count: int) -> list[Mutant]:
    """Return some mutants, by a lot that stays as it is when others come and go."""

    def lot(mutant: Mutant) -> bytes:
        return hashlib.sha256("\n".join(mutant[:4]).encode()).digest()

    return sorted(mutants, key=lot)[:count]


# ---------------------------------------------------------------------------- trials


def install(mutant: Mutant) -> None:
    """Change the running code: functions and constants of a module, and what was made of them."""
    module = import_module(f"mars_solver.{mutant.module.replace('/', '.')}")
    changed: dict[str, Any] = {"__name__": module.__name__}
    exec(compile(mutant.source, mutant.module, "exec"), changed)  # noqa: S102
    if mutant.where in changed:
        setattr(module, mutant.where, changed[mutant.where])
    living = gc.get_objects()
    functions = [each for each in living if isinstance(each, FunctionType)]
    new = {each.__qualname__: each for each in functions if each.__globals__ is changed}
    for old in functions:
        if old.__globals__ is vars(module) and (other := new.get(old.__qualname__)):
            old.__code__, old.__defaults__ = other.__code__, other.__defaults__
            old.__kwdefaults__ = other.__kwdefaults__
    for each in living:
        if type(each) is _CACHE and each.__module__.startswith("mars_solver"):
            each.cache_clear()
    for solver in [each for each in living if type(each) is Solver]:
        catalogue, weights = solver.catalogue, solver.weights
        vars(solver).clear()
        Solver.__init__(solver, catalogue, weights)


def attempt(mutant: Mutant, items: Sequence[pytest.Item], most: int, pipe: int) -> int:
    """Run tests on a mutant until one fails, and write its name to a pipe; for a fork.

    Args:
        mutant: to install.
        items: the tests.
        most: the most examples of a search.
        pipe: where the name goes.
    """
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, sys.stdout.fileno())
    os.dup2(silent, sys.stderr.fileno())
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    install(mutant)
    for item in items:
        test = getattr(item, "obj", None)
        if own := getattr(test, _SETTINGS, None):
            setattr(test, _SETTINGS, settings(own, max_examples=min(own.max_examples, most)))
        end = int(time.process_time()) + LONGEST
        resource.setrlimit(resource.RLIMIT_CPU, (end, resource.RLIM_INFINITY))
        if any(report.failed for report in runtestprotocol(item, log=False)):
            os.write(pipe, item.nodeid.encode())
            return 1
    return 0


class Laboratory:
    """A plugin of pytest that tries mutants with the tests that it collects.

    Attributes:
        living: the mutants that no test noticed.
        broken: the tests that fail without a change.
    """

    def __init__(self, mutants: Sequence[Mutant], jobs: int) -> None:
        self.living = list(mutants)
        self.broken: list[str] = []
        self._jobs = jobs
        self._noticed: Counter[str] = Counter()
        self._seconds: dict[str, float] = {}

    def pytest_collection(self) -> None:
        """Let searches stop at the first example that fails."""
        settings.register_profile("mutants", phases=[Phase.explicit, Phase.generate])
        settings.load_profile("mutants")

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run all tests on the right code, then on mutants: first the promising ones, then all."""
        items = [each for each in session.items if "tmp_path" not in each.fixturenames]  # type: ignore[attr-defined]
        for seed in range(WORLDS):
            assert world(seed).catalogue.models  # made once, for all forks
        module = self.living[0].module
        right = Mutant(module, "", "", "", source_of(module))
        found = self._tried([(right, [each]) for each in items], FEW)
        self.broken = [failed for _, failed in found if failed]
        for most in (FEW, sys.maxsize):
            trials = [
                (mutant, [item for item in items if item.nodeid.startswith(TESTS[mutant.module])])
                for mutant in self.living
            ]
            self.living = self._left(trials, most)
        return True

    def _left(self, trials: Sequence[Trial], most: int) -> list[Mutant]:
        """Return the mutants that no test notices, and say how far it is meanwhile."""
        living = []
        for tried, (mutant, failed) in enumerate(self._tried(trials, most), 1):
            if not failed:
                living.append(mutant)
                if most > FEW:
                    sys.stdout.write(entry_of(mutant))
            if not failed or tried % REPORTED == 0 or tried == len(trials):
                sys.stderr.write(f"tried {tried} of {len(trials)}: {len(living)} live\n")
            sys.stdout.flush()
        return living

    def _chosen(self, items: list[pytest.Item], most: int) -> list[pytest.Item]:
        """Return tests in the order of how many mutants they notice in a second of their time.

        Among those that noticed none, examples come first, and then the widest searches.
        """
        fork = min(self._seconds.values())
        seconds = {item: self._seconds[item.nodeid] - fork + 0.01 for item in items}

        def promise(item: pytest.Item) -> tuple[float, float]:
            own = getattr(getattr(item, "obj", None), _SETTINGS, None)
            rate = self._noticed[item.nodeid] / seconds[item]
            return rate, own.max_examples if own else math.inf

        best = sorted(items, key=promise, reverse=True)
        if most > FEW:
            return best
        spent = accumulate(seconds[item] for item in best)
        return [item for item, after in zip(best, spent, strict=True) if after < SHORT]

    def _tried(self, trials: Sequence[Trial], most: int) -> Iterator[tuple[Mutant, str]]:
        """Yield each mutant with what makes it fail: a test, or nothing at all."""
        waiting = list(reversed(trials))
        running: dict[int, tuple[Mutant, str, int]] = {}
        while waiting or running:
            while waiting and len(running) < self._jobs:
                mutant, items = waiting.pop()
                end, pipe = os.pipe()
                child = os.fork()
                if not child:
                    code = 1
                    try:
                        tests = self._chosen(items, most) if mutant.where else items
                        code = attempt(mutant, tests, most, pipe)
                    finally:
                        os._exit(code)
                os.close(pipe)
                running[child] = mutant, items[0].nodeid, end
            child, status, used = os.wait4(-1, 0)
            mutant, first, end = running.pop(child)
            with os.fdopen(end) as read:
                failed = read.read() or "nothing: it cannot start, or does not end"
            if not mutant.where:
                self._seconds[first] = used.ru_utime
            elif status:
                self._noticed[failed] += 1
            yield mutant, failed if status else ""


def main() -> int:
    """Try mutants and print those that live.

    Exits with 1 where too many live, with 2 where tests fail without a change.
    """
    parser = argparse.ArgumentParser(description="Mutation testing of the modules that decide.")
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="without any, all")
    parser.add_argument("--sample", type=int, metavar="N", help="at most N mutants")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N")
    asked = parser.parse_args()
    modules, listed = asked.modules or list(TESTS), equivalent()
    every = every_mutant(modules)
    unlike = [each for each in every if not any(is_one_of(each, entry) for entry in listed)]
    chosen = sample(unlike, asked.sample or len(unlike))
    laboratory = Laboratory(chosen, asked.jobs)
    tests = sorted({test for module in modules for test in TESTS[module]})
    flags = [
        "-qq",
        "-s",
        "--assert=plain",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:unraisableexception",
        f"--rootdir={ROOT}",
    ]
    if pytest.main([*flags, *tests], [laboratory]) or laboratory.broken:
        sys.stdout.write("\n    ".join(["These tests fail without a change:", *laboratory.broken]))
        return 2
    noticed = len(chosen) - len(laboratory.living)
    sys.stdout.write(
        f"{noticed} of {len(chosen)} mutants are noticed ({noticed / len(chosen):.1%}); "
        f"{len(every) - len(unlike)} of {len(every)} are equivalent\n"
    )
    return int(noticed < LEAST * len(chosen))


if __name__ == "__main__":
    sys.exit(main())
