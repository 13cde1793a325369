"""Runs tests in a forked child, on a target as it is or broken.

The parent has the slow libraries imported, but neither the targets nor the tests: each child imports those anew, which
takes a fraction of a second. The target's text is replaced at import; no file is touched.
"""

from __future__ import annotations

import ast
import collections
import contextlib
import importlib.abc
import importlib.util
import json
import os
import pathlib
import signal
import sys
import time
import types
import typing as t

import pytest

PREFIX = "ansible_collections.hopsworks.kafka.plugins.module_utils."
#: Few examples, and none made smaller: what counts is whether a test fails.
PROFILE = "mutation"
OPTIONS = (
    "-q",
    "-x",
    "--assert=plain",
    "--tb=native",
    f"--hypothesis-profile={PROFILE}",
    "-p",
    "no:cacheprovider",
    "-p",
    "_hypothesis_pytestplugin",
)

ASLEEP = 10


class Coverage(t.NamedTuple):
    """By file and line of a target, the tests that run it; and the seconds that each test computes."""

    lines: dict[tuple[str, int], set[str]]
    seconds: dict[str, float]


class _Broken(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives a module another text."""

    def __init__(self, module: str, file: pathlib.Path, tree: ast.Module) -> None:
        self._module, self._file, self._tree = module, file, tree

    def find_spec(self, fullname: str, path: t.Any, target: t.Any = None) -> t.Any:
        return importlib.util.spec_from_loader(fullname, self) if fullname == self._module else None

    def exec_module(self, module: types.ModuleType) -> None:
        module.__file__ = str(self._file)
        exec(compile(self._tree, str(self._file), "exec"), module.__dict__)


def prepare() -> None:
    """What is done once, for all children: slow imports, and how hypothesis works."""
    import confluent_kafka  # noqa: F401
    import cryptography.hazmat.primitives.asymmetric.rsa
    import cryptography.hazmat.primitives.serialization.pkcs12
    import cryptography.x509  # noqa: F401
    import hypothesis
    import requests  # noqa: F401

    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
    hypothesis.settings.register_profile(
        PROFILE, max_examples=40, phases=phases, deadline=None, database=None, derandomize=True
    )


def name_of(file: pathlib.Path) -> str:
    return PREFIX + f"{file.parent.name}.{file.stem}"


def start(file: pathlib.Path, tree: ast.Module, tests: t.Sequence[str], seconds: float) -> int:
    """Starts the tests on a broken target; the process's id. It exits 0 only if all of them passed.

    :param seconds: of computing, after which it is ended: a loop without end. Waiting may take ``ASLEEP`` times that.
    """
    child = os.fork()
    if child:
        return child
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.alarm(int(ASLEEP * seconds))
    _silence()
    sys.meta_path.insert(0, _Broken(name_of(file), file, tree))
    code = 1
    with contextlib.suppress(BaseException):
        # By file, for pytest takes long to find hundreds of tests by name.
        files = sorted({test.split("::")[0] for test in tests})
        code = int(pytest.main([*OPTIONS, *files], plugins=[_Chosen(tests)]))
    os._exit(code)


def cover(files: t.Sequence[pathlib.Path], tests: t.Sequence[str], report: pathlib.Path) -> Coverage:
    """Which test runs which line. Fails where a test fails on the targets as they are."""
    child = os.fork()
    if not child:
        tracer = _Tracer({str(file) for file in files})
        code = int(pytest.main([*OPTIONS, *tests], plugins=[tracer]))
        report.write_text(json.dumps([[[*place, sorted(run)] for place, run in tracer.lines.items()], tracer.seconds]))
        os._exit(code)
    _pid, status = os.waitpid(child, 0)
    if status:
        raise SystemExit("the tests must pass before anything is broken")
    lines, took = json.loads(report.read_text())
    return Coverage({(file, line): set(run) for file, line, run in lines}, took)


class _Chosen:
    """A pytest plugin: these tests, in this order."""

    def __init__(self, tests: t.Sequence[str]) -> None:
        self._places = {test: place for place, test in enumerate(tests)}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        chosen = [item for item in items if item.nodeid in self._places]
        items[:] = sorted(chosen, key=lambda item: self._places[item.nodeid])


class _Tracer:
    """A pytest plugin."""

    def __init__(self, files: set[str]) -> None:
        self._files = files
        self._real: dict[str, str] = {}
        self.lines: dict[tuple[str, int], set[str]] = collections.defaultdict(set)
        self.seconds: dict[str, float] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        # A Java machine for each mutant is too much.
        items[:] = [item for item in items if "java" not in getattr(item, "fixturenames", ())]

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> t.Iterator[None]:
        test = item.nodeid

        def local(frame: types.FrameType, event: str, _argument: t.Any) -> t.Any:
            self.lines[self._file(frame), frame.f_lineno].add(test)
            return local

        def trace(frame: types.FrameType, event: str, _argument: t.Any) -> t.Any:
            return local if self._file(frame) in self._files else None

        started = time.process_time()
        sys.settrace(trace)
        try:
            yield
        finally:
            sys.settrace(None)
            self.seconds[test] = time.process_time() - started

    def _file(self, frame: types.FrameType) -> str:
        name = frame.f_code.co_filename
        if name not in self._real:
            self._real[name] = os.path.realpath(name)
        return self._real[name]


def _silence() -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
