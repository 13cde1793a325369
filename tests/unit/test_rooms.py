"""The rooms of module_utils and their arrows, read from the imports: downwards only, no circles, relative inside."""

from __future__ import annotations

import ast
import pathlib
import re
import typing as t

import pytest

from tests.conftest import ROOT

UTILS = ROOT / "plugins" / "module_utils"
PREFIX = "ansible_collections.hopsworks.kafka.plugins"


def read_map(text: str) -> dict[str, set[str]]:
    """The rooms of a drawing, each with those it may use: ``_room  what it holds  uses _one, _two``."""
    lines = re.findall(r"^  (_\w+) +[^_\n]*?(?:uses (.*))?$", text, re.MULTILINE)
    return {room: set(uses.split(", ")) - {""} for room, uses in lines}


ROOMS = read_map((ROOT / "CONTRIBUTING.md").read_text())


def modules() -> dict[str, pathlib.Path]:
    """Every module of module_utils, as ``room.module``."""
    return {f"{path.parent.name}.{path.stem}": path for path in UTILS.glob("*/*.py") if path.stem != "__init__"}


def imports(source: str, module: str) -> t.Iterator[str]:
    """The modules of module_utils that a source imports, as ``room.module``; also those imported inside functions."""
    room = module.split(".")[0]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            assert not any(alias.name.startswith(PREFIX) for alias in node.names), "use from … import"
        if not isinstance(node, ast.ImportFrom):
            continue
        if node.level:
            assert node.level == 1, f"{module}: a relative import leaves the room"
            base = room if node.module is None else f"{room}.{node.module}"
        elif (node.module or "").startswith(f"{PREFIX}.module_utils"):
            base = str(node.module).removeprefix(f"{PREFIX}.module_utils").lstrip(".")
            assert base.split(".")[0] != room, f"{module}: imports inside a room are relative"
        else:
            assert not (node.module or "").startswith(PREFIX), f"{module} imports {node.module}, which lies above it"
            continue
        if "." in base:
            yield base
        else:
            yield from (f"{base}.{alias.name}" for alias in node.names)


GRAPH = {module: set(imports(path.read_text(), module)) for module, path in modules().items()}


def test_every_module_lies_in_a_room() -> None:
    assert {path.name for path in UTILS.iterdir() if path.is_dir() and path.name != "__pycache__"} == set(ROOMS)
    assert [path.name for path in UTILS.glob("*.py")] in ([], ["__init__.py"])


def test_every_import_is_of_a_module_that_exists() -> None:
    assert {used for uses in GRAPH.values() for used in uses} <= set(GRAPH)


@pytest.mark.parametrize("room", ROOMS)
def test_arrows_point_downwards(room: str) -> None:
    used = {
        (module, other)
        for module, uses in GRAPH.items()
        if module.startswith(f"{room}.")
        for other in uses
        if other.split(".")[0] not in ROOMS[room] | {room}
    }
    assert used == set()


def test_the_allowed_arrows_have_no_circle_and_are_all_used() -> None:
    assert circles(ROOMS) == []
    arrows = {(module.split(".")[0], other.split(".")[0]) for module, uses in GRAPH.items() for other in uses}
    allowed = {(room, other) for room, others in ROOMS.items() for other in others}
    assert allowed - arrows == set()


def test_no_two_modules_import_each_other() -> None:
    assert circles(GRAPH) == []


def circles(graph: t.Mapping[str, t.Collection[str]]) -> list[str]:
    """What is left of a graph when everything that uses nothing is taken away, again and again."""
    left = {node: set(uses) for node, uses in graph.items()}
    while done := {node for node, uses in left.items() if not uses}:
        left = {node: uses - done for node, uses in left.items() if node not in done}
    return sorted(left)


def types_of(source: str) -> set[str]:
    """The classes and the aliases of types that a module defines for others."""
    found = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and "t." in ast.unparse(node.value):
            found.add(node.targets[0].id)
    return {name for name in found if re.fullmatch("[A-Z][A-Za-z]*[a-z][A-Za-z]*", name)}


def test_no_two_types_have_the_same_name() -> None:
    paths = [path for place in ("module_utils/*", "plugin_utils") for path in (UTILS.parent).glob(f"{place}/*.py")]
    named: dict[str, list[str]] = {}
    for path in paths:
        for name in types_of(path.read_text()):
            named.setdefault(name, []).append(f"{path.parent.name}/{path.name}")
    assert {name: found for name, found in named.items() if len(found) > 1} == {}
    assert len(named) > 100


def test_types_are_found() -> None:
    source = "Result = t.Dict[str, t.Any]\nMAX = 1\n_Own = t.Tuple[int, int]\nclass Host:\n    pass\ndef run(): pass\n"
    assert types_of(source) == {"Result", "Host"}


def test_the_map_is_read() -> None:
    drawn = "  _one   this and that\n  _two   more    uses _one\n  _three all    uses _one, _two\ntests/  other\n"
    assert read_map(drawn) == {"_one": set(), "_two": {"_one"}, "_three": {"_one", "_two"}}


def test_circles_are_found() -> None:
    assert circles({"a": ["b"], "b": ["c"], "c": []}) == []
    assert circles({"a": ["b"], "b": ["a"], "c": ["a"], "d": []}) == ["a", "b", "c"]


def test_imports_are_read_in_every_form() -> None:
    utils = f"{PREFIX}.module_utils"
    source = f"""
from . import one
from .two import name
def inside():
    from {utils}._common import plan, errors as e
    from {utils}._keystores.jks import read
"""
    found = ["_probe.one", "_probe.two", "_common.plan", "_common.errors", "_keystores.jks"]
    assert sorted(imports(source, "_probe.probe")) == sorted(found)
    for bad in ("from ..x import y", f"from {utils}._probe.x import y", f"from {PREFIX}.modules.m import f"):
        with pytest.raises(AssertionError):
            list(imports(bad, "_probe.probe"))


def test_find_your_way_leads_somewhere() -> None:
    """Each answer in CONTRIBUTING names files that exist, and names that are defined in the file before them."""
    section = (ROOT / "CONTRIBUTING.md").read_text().partition("## Find your way")[2].partition("\n## ")[0]
    answers = [answer for _question, answer in re.findall(r"^\| (.+\?) \| (.+) \|$", section, re.MULTILINE)]
    assert len(answers) > 1
    for answer in answers:
        source = ""
        for name in re.findall(r"`([\w/.]+)`", answer):
            if "/" in name:
                source = (UTILS / name).read_text()
            elif not name.endswith("Error"):
                assert re.search(rf"^ *def {name}\(|^{name}\b.* = ", source, re.MULTILINE), f"{name}: {answer}"
