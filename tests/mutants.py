"""Plant one small fault after another in the pure modules, and see that some test notices each.

    python -m tests.mutants [module ...]

pyproject.toml names the modules, the tests and the least share that must be noticed; tests/survivors.toml the faults
that nothing can notice, each with why. Every fault is tried in a process of its own, forked when all is loaded.
"""

import argparse
import ast
import gc
import importlib
import inspect
import os
import pickle
import signal
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pytest

from tests.mutations import Mutation, mutations

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 5.0  # seconds of processor time that a test may take beyond ten times its own
_CACHED = type(cache(int))
NOTICED, SURVIVED, ENDLESS = "noticed", "survived", "endless"


@dataclass
class Baseline:
    """What the sound program's tests did: how long each took, and which lines of the modules it ran."""

    seconds: dict[int, float] = field(default_factory=dict)
    ran: dict[str, dict[int, set[int]]] = field(default_factory=dict)  # module, line: tests

    def tests_of(self, module: str, mutation: Mutation) -> list[int]:
        """The tests that may notice it; all, if it is run only as the module is loaded."""
        lines = self.ran.get(module, {})
        found = set[int]().union(*(lines.get(line, set()) for line in mutation.lines))
        return sorted(found or self.seconds)


class Hunt:
    """A pytest plugin that runs the tests again and again, each time with another fault planted."""

    def __init__(self, modules: list[str], accepted: list[dict[str, str]]) -> None:
        self.modules, self.accepted = modules, accepted
        self.tally: dict[str, Counter[str]] = {}
        self.survivors: list[tuple[str, Mutation]] = []
        self.killers: Counter[int] = Counter()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        loaded = {name: importlib.import_module(name) for name in self.modules}
        gc.freeze()  # what a fork does not look through it need not copy
        gc.disable()
        baseline = _apart(lambda: _baseline(session, list(loaded.values())))
        if not isinstance(baseline, Baseline):
            raise pytest.UsageError("The tests must pass before a fault is planted.")
        for name, module in loaded.items():
            tree = ast.parse(inspect.getsource(module))
            self.tally[name] = Counter()
            for mutation in mutations(tree):
                if self.tally[name].total() % 100 == 0:
                    _say(f"{name}:{mutation.lines.start} ... {self.tally[name].total()} tried")
                tests = baseline.tests_of(name, mutation)
                plant = partial(_plant, mutation, tree, module)
                end = self._try(session, {n: baseline.seconds[n] for n in tests}, plant)
                self.tally[name][end] += 1
                if end != NOTICED:
                    self._tell(name, mutation, end)
            _say(f"{name}: {self._figures(self.tally[name])}")
        return True

    def _try(self, session: pytest.Session, tests: dict[int, float], plant: Callable[[], None]) -> str:
        order = sorted(
            tests, key=lambda n: tests[n] / (1 + self.killers[n])
        )  # quick, and noticed much so far
        found = _apart(lambda: _first_to_notice(session, {n: tests[n] for n in order}, plant))
        if found is None:
            return ENDLESS
        if found == len(session.items):
            return SURVIVED
        self.killers[found] += 1
        return NOTICED

    def _tell(self, module: str, mutation: Mutation, end: str) -> None:
        if end == SURVIVED:
            self.survivors.append((module, mutation))
        _say(f"  {end}: {module}:{mutation.lines.start} {mutation.where}: {mutation.change}")

    @staticmethod
    def _figures(tally: Counter[str]) -> str:
        total = tally.total()
        share = 100 * (total - tally[SURVIVED]) / total if total else 100
        return (
            f"{total} faults, {tally[NOTICED]} noticed, {tally[ENDLESS]} ran for ever, "
            f"{tally[SURVIVED]} survived: {share:.1f} %"
        )

    def verdict(self, least: float) -> int:
        """Say what came of it; 1 when too many survived, or one that nobody has accounted for."""
        whole = sum(self.tally.values(), Counter[str]())
        share = 100 * (whole.total() - whole[SURVIVED]) / max(1, whole.total())
        known = {(row["where"], row["change"]) for row in self.accepted}
        new = [(m, f) for m, f in self.survivors if (f"{m}:{f.where}", f.change) not in known]
        _say(f"all: {self._figures(whole)}")
        for module, mutation in new:
            _say(f"  not accounted for: {module}:{mutation.lines.start} {mutation.change}")
        return int(bool(new) or share < least)


def _say(line: str) -> None:
    os.write(1, f"{line}\n".encode())


# a process for each


def _apart(task: Callable[[], Any]) -> Any:
    """What the task answers in a fork of this process; None when it was stopped."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        _answer(task, into)
    os.close(into)
    with os.fdopen(out, "rb") as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    return pickle.loads(told) if told else None  # noqa: S301 - our own child's


def _answer(task: Callable[[], Any], into: int) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    try:
        with os.fdopen(into, "wb") as pipe:
            pickle.dump(task(), pipe)
    finally:
        os._exit(0)


def _baseline(session: pytest.Session, modules: list[ModuleType]) -> Baseline | None:
    found = Baseline()
    now = -1
    for module in modules:
        tree = ast.parse(inspect.getsource(module))
        lines: dict[int, set[int]] = found.ran.setdefault(module.__name__, {})
        vars(module)["__ran__"] = lambda line, lines=lines: lines.setdefault(line, set()).add(now)
        _probe(tree)
        _load(tree, module)
    for now, item in enumerate(session.items):
        _forget()
        began = time.process_time()
        if not _passes(item):
            return None
        found.seconds[now] = time.process_time() - began
    return found


def _passes(item: pytest.Item) -> bool:
    """Run a test that needs nothing but its parameters."""
    given = getattr(item, "callspec", None)
    try:
        item.obj(**given.params if given else {})  # type: ignore[attr-defined]
    except BaseException:
        return False
    return True


def _probe(tree: ast.Module) -> None:
    """Before every statement of a function: tell that it is run."""
    within = [
        inner for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) for inner in ast.walk(node)
    ]
    for node in {id(node): node for node in within}.values():
        for name in ("body", "orelse"):
            if isinstance(block := getattr(node, name, None), list):
                told = [(ast.parse(f"__ran__({stmt.lineno})").body[0], stmt) for stmt in block]
                setattr(node, name, [line for pair in told for line in pair])


def _forget() -> None:
    """Empty our caches, so that every test runs every line it stands on."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in ("dispatch", "tests"):
            for made in list(vars(module).values()):
                if isinstance(made, _CACHED):
                    made.cache_clear()


def _first_to_notice(session: pytest.Session, tests: dict[int, float], plant: Callable[[], None]) -> int:
    """The first test that fails with the fault planted; the number of tests if none does."""
    try:
        plant()
    except Exception:
        return next(iter(tests), 0)  # it cannot even be loaded
    for n, seconds in tests.items():
        # Of this process's own time, however busy the machine: the signal ends it.
        signal.setitimer(signal.ITIMER_PROF, PATIENCE + 10 * seconds)
        if not _passes(session.items[n]):
            return n
    return len(session.items)


# planting


def _plant(mutation: Mutation, tree: ast.Module, module: ModuleType) -> None:
    mutation.plant()
    _forget()
    _load(tree, module, constants=not mutation.where)


def _load(tree: ast.Module, module: ModuleType, *, constants: bool = False) -> None:
    """Change the loaded module: everybody who has its functions already runs the new ones."""
    fresh = ModuleType(module.__name__)
    fresh.__file__ = module.__file__
    exec(compile(tree, str(module.__file__), "exec"), fresh.__dict__)  # noqa: S102 - our own module
    for name, new in vars(fresh).items():
        old = vars(module).get(name)
        if getattr(new, "__module__", None) == module.__name__ and not isinstance(new, type):
            _transplant(module, name, old, new)
        elif isinstance(new, type) and new.__module__ == module.__name__:
            for member, body in list(vars(new).items()):
                _transplant(old, member, vars(old).get(member), body)
        elif constants and not name.startswith("__") and not isinstance(new, ModuleType):
            _rebind(name, old, new)


def _transplant(owner: Any, name: str, old: Any, new: Any) -> None:
    if isinstance(old, property) and isinstance(new, property):
        old, new = old.fget, new.fget
    old, new = inspect.unwrap(old), inspect.unwrap(new)
    if not isinstance(old, FunctionType) or not isinstance(new, FunctionType):
        return
    if len(old.__code__.co_freevars) != len(new.__code__.co_freevars):
        twin = FunctionType(new.__code__, old.__globals__, name, new.__defaults__, new.__closure__)
        setattr(owner, name, twin)
        return
    old.__code__, old.__defaults__, old.__kwdefaults__ = new.__code__, new.__defaults__, new.__kwdefaults__


def _rebind(name: str, old: object, new: object) -> None:
    for module in list(sys.modules.values()):
        if vars(module).get(name) is old and old is not new:
            setattr(module, name, new)


def main() -> int:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mutants"]
    accepted = tomllib.loads((ROOT / "tests" / "survivors.toml").read_text()).get("survivor", [])
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("modules", nargs="*", default=settings["modules"])
    options.add_argument("--tests", nargs="*", default=settings["tests"], help="files; by default all named")
    given = options.parse_args()
    hunt = Hunt(given.modules, accepted)
    # Pure tests: what they load names servers, and calls none.
    os.environ.setdefault("TEST_DATABASE_URL", "sqlite:///:memory:")
    os.environ.setdefault("TEST_REDIS_URL", "redis://127.0.0.1:9/0")
    begun = time.monotonic()
    quiet = ["-q", "-s", "-p", "no:randomly", "-p", "no:cacheprovider", "--hypothesis-profile=repeated"]
    if end := pytest.main([*quiet, *given.tests], plugins=[hunt]):
        return int(end)
    _say(f"{time.monotonic() - begun:.0f} s")
    return hunt.verdict(settings["least"])


if __name__ == "__main__":
    sys.exit(main())
