"""The faults that `make mutants` plants: which they are, and that a loaded program runs them."""

import ast
import importlib.util
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.mutants import _plant
from tests.mutations import mutations

SOURCE = '''
"""A module with a little of everything."""

from dataclasses import dataclass
from functools import cache

MOST = 3


@cache
def enough(n: int) -> bool:
    """Whether it is."""
    return n >= MOST


@dataclass(frozen=True, slots=True)
class Tally:
    step: int = 1

    @property
    def next(self) -> int:
        return self.step + 1
'''


@pytest.fixture
def module(tmp_path: Path) -> Iterator[ModuleType]:
    path = tmp_path / "little.py"
    path.write_text(SOURCE)
    spec = importlib.util.spec_from_file_location("little", path)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "little", loaded)
        spec.loader.exec_module(loaded)
        yield loaded


def changes(source: str) -> list[str]:
    return [mutation.change for mutation in mutations(ast.parse(source))]


def plant(module: ModuleType, change: str) -> None:
    tree = ast.parse(inspect.getsource(module))
    _plant(next(m for m in mutations(tree) if m.change == change), tree, module)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("a < b", ["a < b → a <= b", "a < b → a >= b", "a < b → a != b"]),
        ("a is b", ["a is b → a is not b"]),
        ("0 <= a < 9", ["0 <= a < 9 → 0 < a < 9", "0 <= a < 9 → 0 <= a <= 9"]),
        ("a and b", ["a and b → a or b", "a and b → b", "a and b → a"]),
        ("not a", ["not a → a"]),
        ("a - b", ["a - b → a + b"]),
        ("a if b else c", ["a if b else c → a", "a if b else c → c"]),
        ("7", ["7 → 8", "7 → 6"]),
        ("True", ["True → False"]),
        ("'x'", ["'x' → 'x~'"]),
        ("f(a, k=b)", ["f(a, k=b) → f(a)"]),
        ("min(a, b)", ["min(a, b) → max(a, b)"]),
        ("sorted(a)", ["sorted(a) → a"]),
        ("(a, b)", ["(a, b) → (b,)", "(a, b) → (a,)"]),
        ("[a for a in b if a]", ["for a in b if a → for a in b", "for a in b if a → for a in b if not a"]),
        ("[a for a in b if a is c]", ["for a in b if a is c → for a in b", "a is c → a is not c"]),
    ],
)
def test_an_expression_is_changed_in_every_one_of_these_ways(source: str, told: list[str]) -> None:
    assert set(told) <= set(changes(f"v = {source}"))


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("a += b", ["a += b → a -= b", "a += b → pass"]),
        ("a = b", ["a = b → a = None"]),
        ("f()", ["f() → pass"]),
        ("raise a", ["raise a → pass"]),
        ("del a", ["del a → pass"]),
        ("if a:\n  b", ["if a: → if not a:"]),
        ("for a in b:\n  c", ["for a in b: → for a in ():"]),
        ("while a:\n  continue", ["continue → break", "continue → pass", "while a: → while not a:"]),
        ("def f():\n  return a", ["return a → return None", "return a → pass"]),
        ("match a:\n  case 'b' if c:\n    d()", ["case 'b' if c: → case []:", "case 'b' if c: → case 'b':"]),
        ("match a:\n  case 'b' | 'c':\n    d()", ["'b' | 'c' → 'c'", "'b' | 'c' → 'b'"]),
    ],
)
def test_a_statement_is_changed_in_every_one_of_these_ways(source: str, told: list[str]) -> None:
    assert set(told) <= set(changes(source))


@pytest.mark.parametrize(
    "source", ["import a", '"""Words."""', "def f() -> int:\n  return None", "@cache\ndef f(): ..."]
)
def test_what_makes_no_judgement_is_left_alone(source: str) -> None:
    assert changes(source) == []


def test_every_fault_can_be_compiled() -> None:
    for n in range(len(list(mutations(ast.parse(SOURCE))))):
        tree = ast.parse(SOURCE)
        list(mutations(tree))[n].plant()
        compile(tree, "little", "exec")


def test_whoever_has_a_function_already_runs_the_fault(module: ModuleType) -> None:
    enough = module.enough
    assert enough(3)
    plant(module, "n >= MOST → n > MOST")
    enough.cache_clear()
    assert not enough(3)


def test_a_property_a_default_and_a_constant_are_changed_in_what_is_loaded(module: ModuleType) -> None:
    tally, enough = module.Tally, module.enough
    plant(module, "self.step + 1 → self.step - 1")
    assert tally(step=5).next == 4
    plant(module, "1 → 2")
    assert tally().step == 2
    plant(module, "3 → 4")
    assert module.MOST == 4
    assert not enough(3)
