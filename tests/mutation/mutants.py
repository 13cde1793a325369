"""Every small way to break a module: one mutant for each place where an operator applies.

Operators: a comparison turned or widened, ``and`` for ``or``, ``not`` left out, a condition negated, arithmetic and set
operators exchanged, a number one more, a truth value turned, a name or key altered, a value returned as None, and a
statement left out. Docstrings, annotations, imports and texts for people (literals with a blank, f-strings) stay.
"""

from __future__ import annotations

import ast
import copy
import typing as t

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.Pow: ast.Mult,
}


class Mutant(t.NamedTuple):
    """A broken module.

    :ivar function: the function or class of the change; empty for what is outside of all.
    :ivar called: it is in a function's body. All else runs at import, before any test.
    :ivar what: the change, as ``before -> after``; names it in the list of equivalent ones.
    """

    function: str
    called: bool
    line: int
    what: str
    tree: ast.Module


def mutants(source: str) -> list[Mutant]:
    tree = ast.parse(source)
    found: list[Mutant] = []
    for path, function, called, line in _places(tree):
        node = _at(tree, path)
        for change in _changes(node):
            broken = copy.deepcopy(tree)
            before = _text(_at(broken, path))
            after = change(_at(broken, path))
            _put(broken, path, after)
            ast.fix_missing_locations(broken)
            found.append(Mutant(function, called, line, f"{before} -> {_text(after)}", broken))
    return found


Path = tuple[tuple[str, int | None], ...]


class _Place(t.NamedTuple):
    """A node, and what :class:`Mutant` says of it. One without a line, such as a comprehension's, has its parent's."""

    path: Path
    function: str = ""
    called: bool = False
    line: int = 0


def _places(tree: ast.Module) -> t.Iterator[_Place]:
    def walk(node: ast.AST, place: _Place) -> t.Iterator[_Place]:
        if isinstance(node, (ast.Import, ast.ImportFrom, ast.JoinedStr)):
            return
        place = place._replace(line=getattr(node, "lineno", place.line))
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            place = place._replace(function=f"{place.function}.{node.name}" if place.function else node.name)
        yield place
        for field, value in ast.iter_fields(node):
            if field in ("annotation", "returns", "decorator_list", "type_comment"):
                continue
            called = place.called or (isinstance(node, ast.FunctionDef) and field == "body")
            for index, item in enumerate(value) if isinstance(value, list) else [(None, value)]:
                if isinstance(item, ast.AST) and not (index is not None and _docstring(item)):
                    yield from walk(item, place._replace(path=(*place.path, (field, index)), called=called))

    yield from walk(tree, _Place(()))


def _docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _at(tree: ast.AST, path: Path) -> ast.AST:
    node: t.Any = tree
    for field, index in path:
        node = getattr(node, field)
        if index is not None:
            node = node[index]
    return t.cast(ast.AST, node)


def _put(tree: ast.AST, path: Path, new: ast.AST) -> None:
    field, index = path[-1]
    parent = _at(tree, path[:-1])
    if index is None:
        setattr(parent, field, new)
    else:
        getattr(parent, field)[index] = new


def _text(node: ast.AST) -> str:
    text = ast.unparse(node).splitlines()[0]
    return text if len(text) <= 100 else text[:97] + "..."


Change = t.Callable[[t.Any], ast.AST]


def _changes(node: ast.AST) -> t.Iterator[Change]:
    if isinstance(node, ast.Compare):
        for index, operator in enumerate(node.ops):
            yield _comparison(index, _COMPARISONS[type(operator)])
    elif isinstance(node, ast.BoolOp):
        yield _with(op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield lambda old: old.operand
    elif isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        yield _with(op=_OPERATORS[type(node.op)]())
    elif isinstance(node, ast.Constant):
        yield from _constants(node.value)
    elif isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
        yield _with(value=ast.Constant(None))
    elif isinstance(node, (ast.AugAssign, ast.Raise, ast.Continue, ast.Break, ast.Delete)) or (
        isinstance(node, ast.Expr) and isinstance(node.value, (ast.Call, ast.Yield, ast.YieldFrom))
    ):
        yield lambda old: ast.Pass()
    if isinstance(node, (ast.If, ast.IfExp, ast.While)) and not isinstance(node.test, (ast.Compare, ast.UnaryOp)):
        yield lambda old: _with(test=ast.UnaryOp(ast.Not(), old.test))(old)
    if isinstance(node, ast.comprehension):
        for index, test in enumerate(node.ifs):
            if not isinstance(test, ast.Compare):
                yield _filter(index)


def _constants(value: t.Any) -> t.Iterator[Change]:
    if isinstance(value, bool):
        yield lambda old: ast.Constant(not value)
    elif isinstance(value, (int, float)):
        yield lambda old: ast.Constant(value + 1)
    elif isinstance(value, str) and " " not in value:
        yield lambda old: ast.Constant(f"{value}XX")


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _with(**fields: t.Any) -> Change:
    def change(old: ast.AST) -> ast.AST:
        new = copy.copy(old)
        for name, value in fields.items():
            setattr(new, name, value)
        return new

    return change


def _comparison(index: int, operator: type[ast.cmpop]) -> Change:
    def change(old: ast.Compare) -> ast.AST:
        operators = list(old.ops)
        operators[index] = operator()
        return ast.Compare(old.left, operators, old.comparators)

    return change


def _filter(index: int) -> Change:
    def change(old: ast.comprehension) -> ast.AST:
        tests = list(old.ifs)
        tests[index] = ast.UnaryOp(ast.Not(), tests[index])
        return ast.comprehension(old.target, old.iter, tests, old.is_async)

    return change
