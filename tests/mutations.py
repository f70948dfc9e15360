"""The small faults that can be planted in a module, one at a time: its syntax tree in, mutations out."""

import ast
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass
from typing import Any

Shape = ast.AST
Variants = Iterator[Shape]

_ORDER: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE, ast.NotEq),
    ast.LtE: (ast.Lt, ast.Gt, ast.Eq),
    ast.Gt: (ast.GtE, ast.LtE, ast.NotEq),
    ast.GtE: (ast.Gt, ast.Lt, ast.Eq),
    ast.Eq: (ast.NotEq, ast.LtE, ast.GtE),
    ast.NotEq: (ast.Eq, ast.Lt, ast.Gt),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_SUMS: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.FloorDiv, ast.Add),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Mult, ast.Mod),
    ast.Mod: (ast.FloorDiv, ast.Mult),
    ast.Pow: (ast.Mult,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd, ast.BitXor),
    ast.BitXor: (ast.BitOr,),
}
_TWINS = {"min": "max", "max": "min", "any": "all", "all": "any"}
_UNDONE = {"sorted", "reversed", "int"}  # `sorted(x)` becomes `x`
_LEFT_ALONE = {"annotation", "returns", "decorator_list", "ctx", "type_params"}  # no judgement is made there


@dataclass(frozen=True)
class Mutation:
    """One fault: where it is, what stood there and what stands there now. `plant` changes the tree for good."""

    where: str  # the function, as in `Case.close`; empty in the module itself
    lines: range  # of the statement it is in
    before: str
    after: str
    plant: Callable[[], None]

    @property
    def change(self) -> str:
        return f"{self.before} → {self.after}"


def mutations(tree: ast.Module) -> Iterator[Mutation]:
    """Every mutation of a module, from its first line to its last."""
    yield from _within(tree, "", range(0))


def _within(parent: Shape, where: str, lines: range) -> Iterator[Mutation]:
    for name, value in ast.iter_fields(parent):
        if name in _LEFT_ALONE:
            continue
        for nth, node in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(node, ast.AST) or _is_left_alone(node) or _is_an_empty_end(node, parent):
                continue
            inside, here = where, lines
            if isinstance(node, ast.stmt):
                here = range(node.lineno, (node.end_lineno or node.lineno) + 1)
            for after in _variants(node):
                plant = _planter(parent, name, nth if isinstance(value, list) else None, after)
                yield Mutation(where, here, _text(node), _text(after), plant)
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                inside = f"{where}.{node.name}".lstrip(".")
            yield from _within(node, inside, here)


def _is_left_alone(node: Shape) -> bool:
    docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return docstring or isinstance(node, ast.Import | ast.ImportFrom)


def _is_an_empty_end(node: Shape, parent: Shape) -> bool:
    """A function's last `return None`, which would be no other without it."""
    ends = isinstance(parent, ast.FunctionDef) and node is parent.body[-1] and isinstance(node, ast.Return)
    return ends and (node.value is None or _is_none(node.value))  # type: ignore[attr-defined]


def _planter(parent: Shape, name: str, nth: int | None, after: Shape) -> Callable[[], None]:
    def plant() -> None:
        if nth is None:
            setattr(parent, name, after)
        else:
            getattr(parent, name)[nth] = after
        ast.fix_missing_locations(after)

    return plant


def _text(node: Shape) -> str:
    """As it is written; of a compound statement the first line."""
    return ast.unparse(node).strip().partition("\n")[0]


def _changed(node: Shape, **fields: Any) -> Shape:
    twin = copy(node)
    for name, value in fields.items():
        setattr(twin, name, value)
    return twin


def _without(items: list[Any]) -> Iterator[list[Any]]:
    return (items[:n] + items[n + 1 :] for n in range(len(items)))


def _variants(node: Shape) -> Variants:
    made = _OF.get(type(node))
    for after in made(node) if made else ():
        yield after if hasattr(after, "lineno") else ast.copy_location(after, node)


# what may stand instead


def _compare(node: ast.Compare) -> Variants:
    for n, op in enumerate(node.ops):
        for other in _ORDER[type(op)]:
            yield _changed(node, ops=[*node.ops[:n], other(), *node.ops[n + 1 :]])


def _bool_op(node: ast.BoolOp) -> Variants:
    yield _changed(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
    for rest in _without(node.values):
        yield _changed(node, values=rest) if len(rest) > 1 else rest[0]


def _unary(node: ast.UnaryOp) -> Variants:
    yield node.operand


def _sum(node: ast.BinOp | ast.AugAssign) -> Variants:
    for other in _SUMS.get(type(node.op), ()):
        yield _changed(node, op=other())
    if isinstance(node, ast.AugAssign):
        yield ast.Pass()


def _either(node: ast.IfExp) -> Variants:
    yield node.body
    yield node.orelse


def _constant(node: ast.Constant) -> Variants:
    if isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node.value, int):
        yield ast.Constant(node.value + 1)
        yield ast.Constant(node.value - 1)
    elif isinstance(node.value, str):
        yield ast.Constant(f"{node.value}~")


def _call(node: ast.Call) -> Variants:
    for rest in _without(node.keywords):
        yield _changed(node, keywords=rest)
    if isinstance(node.func, ast.Name):
        if twin := _TWINS.get(node.func.id):
            yield _changed(node, func=ast.Name(twin, ast.Load()))
        if node.func.id in _UNDONE:
            yield node.args[0]


def _display(node: ast.Tuple | ast.List | ast.Set) -> Variants:
    if isinstance(node, ast.Set) or isinstance(node.ctx, ast.Load):
        for rest in _without(node.elts):
            if rest or not isinstance(node, ast.Set):
                yield _changed(node, elts=rest)


def _comprehension(node: ast.comprehension) -> Variants:
    for n, rest in enumerate(_without(node.ifs)):
        yield _changed(node, ifs=rest)
        if not _has_opposite(node.ifs[n]):
            yield _changed(node, ifs=[*node.ifs[:n], _not(node.ifs[n]), *node.ifs[n + 1 :]])


def _condition(node: ast.If | ast.While) -> Variants:
    if not _has_opposite(node.test):
        yield _changed(node, test=_not(node.test))
    if node.orelse:
        yield _changed(node, orelse=[])


def _has_opposite(test: ast.expr) -> bool:
    """Whether its own variants turn it round already."""
    return isinstance(test, ast.Compare) or (isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not))


def _not(test: ast.expr) -> ast.expr:
    return ast.copy_location(ast.UnaryOp(ast.Not(), test), test)


def _loop(node: ast.For) -> Variants:
    yield _changed(node, iter=ast.Tuple([], ast.Load()))


def _dropped(node: ast.stmt) -> Variants:
    yield ast.Pass()


def _returned(node: ast.Return) -> Variants:
    if node.value is not None and not _is_none(node.value):
        yield ast.Return(ast.Constant(None))
    yield ast.Pass()


def _assigned(node: ast.Assign | ast.AnnAssign) -> Variants:
    if node.value is not None and not _is_none(node.value):
        yield _changed(node, value=ast.Constant(None))


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _skipped(node: ast.Continue | ast.Break) -> Variants:
    yield ast.Break() if isinstance(node, ast.Continue) else ast.Continue()
    yield ast.Pass()


def _case(node: ast.match_case) -> Variants:
    yield _changed(node, pattern=ast.MatchSequence([]), guard=None)  # which a word never is
    if node.guard is not None:
        yield _changed(node, guard=None)


def _either_pattern(node: ast.MatchOr) -> Variants:
    for rest in _without(node.patterns):
        yield _changed(node, patterns=rest) if len(rest) > 1 else rest[0]


_OF: dict[type[Shape], Callable[[Any], Variants]] = {
    ast.Compare: _compare,
    ast.BoolOp: _bool_op,
    ast.UnaryOp: _unary,
    ast.BinOp: _sum,
    ast.AugAssign: _sum,
    ast.IfExp: _either,
    ast.Constant: _constant,
    ast.Call: _call,
    ast.Tuple: _display,
    ast.List: _display,
    ast.Set: _display,
    ast.comprehension: _comprehension,
    ast.If: _condition,
    ast.While: _condition,
    ast.For: _loop,
    ast.Expr: _dropped,
    ast.Raise: _dropped,
    ast.Delete: _dropped,
    ast.Return: _returned,
    ast.Assign: _assigned,
    ast.AnnAssign: _assigned,
    ast.Continue: _skipped,
    ast.Break: _skipped,
    ast.match_case: _case,
    ast.MatchOr: _either_pattern,
}
