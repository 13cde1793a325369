# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pytest plugin for mutmut: which tests may notice a mutant, in which order, and for how long."""

from __future__ import annotations

import contextlib
import os
import pathlib
import re
import signal
import typing as t

import hypothesis
import pytest
from mutmut.mutation import trampoline
from mutmut.state import state
from mutmut.stats import record_trampoline_hit

PROFILE = "mutation"
#: What the tests of one mutant may take, as measured without it. Those of its own room come first, the fastest first.
MAX_SECONDS = 20.0
#: Tests that compare the tables with the clients, which mutants do not touch; and those that repeat their work a great
#: many times.
LEFT_OUT = (
    "test_transaction.py::test_killed_",
    "test_group_client.py::test_a_group_with_very_many_members",
    "test_configs.py::",
)

hypothesis.settings.register_profile(
    PROFILE,
    max_examples=20,
    phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
    deadline=None,
    database=None,
    derandomize=True,
)

PARENT = os.getpid()
#: In mutmut's folder, which is made anew for each run.
CALLED_IN_CHILDREN = pathlib.Path.cwd() / "called-in-children"
#: What a child has recorded, by its number: once is enough.
RECORDED: set[tuple[int, str]] = set()
#: The tests that fail without any mutant, such as one of the size of a file. They can notice none.
FAIL_ANYWAY = pathlib.Path.cwd() / "fail-anyway"


def pytest_configure() -> None:
    """Record calls in children as well; some of them are not root any more."""
    CALLED_IN_CHILDREN.touch()
    CALLED_IN_CHILDREN.chmod(0o666)
    trampoline.record_trampoline_hit = record


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out the tests that start Java, and those of the list; for a mutant, choose and order the others."""
    items[:] = [
        item
        for item in items
        if "java" not in getattr(item, "fixturenames", ()) and not any(name in item.nodeid for name in LEFT_OUT)
    ]
    for item in items:
        # mutmut hands the ids of tests to pytest, which finds none of some that hold other characters.
        function, _bracket, parameters = item.nodeid.partition("[")
        if not re.fullmatch(r"[\w.\]-]*", parameters, re.ASCII):
            item._nodeid = function
    known = FAIL_ANYWAY.read_text().splitlines() if FAIL_ANYWAY.exists() else []
    items[:] = [item for item in items if item.nodeid not in known]
    if os.environ.get("MUTANT_UNDER_TEST") == "":
        # The second run without a mutant, which would say what the first one has said.
        del items[1:]
    if mutant():
        room = f"/tests/unit/{mutant().partition('.')[0]}/"
        items.sort(key=lambda item: (room not in item.nodeid, seconds(item)))
        spent = 0.0
        for number, item in enumerate(items):
            spent += seconds(item)
            if spent > MAX_SECONDS and number:
                del items[number:]
                break


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> t.Generator[None, object, object]:
    """End the process, by the default action of the signal, when a test takes far longer than without a mutant."""
    if mutant():
        signal.alarm(30 + 20 * int(seconds(item)))
    try:
        return (yield)
    finally:
        signal.alarm(0)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> t.Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note a test that fails while mutmut measures the tests, and go on: mutmut ends at the first one."""
    report = yield
    if os.environ.get("MUTANT_UNDER_TEST") == "stats" and report.failed:
        with FAIL_ANYWAY.open("a") as stream:
            stream.write(f"{report.nodeid}\n")
        report.outcome = "passed"
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown() -> None:
    """Add what the children of a test called to what mutmut knows; it clears that in its own hook, which comes next."""
    if os.environ.get("MUTANT_UNDER_TEST") == "stats":
        state()._stats.update(CALLED_IN_CHILDREN.read_text().split())
        CALLED_IN_CHILDREN.write_text("")


def record(name: str, caller: str | None = None) -> None:
    """Record a call while mutmut measures the tests, in a forked child too: much of the code runs in one."""
    process = os.getpid()
    if process == PARENT:
        record_trampoline_hit(name, caller)
    elif (process, name) not in RECORDED:
        RECORDED.add((process, name))
        with contextlib.suppress(OSError), CALLED_IN_CHILDREN.open("a") as stream:
            stream.write(f"{name}\n")


def mutant() -> str:
    """Return the mutant under test, such as ``kafka.jaas.x_parse__mutmut_4``; empty while mutmut measures the tests."""
    return os.environ.get("MUTANT_UNDER_TEST", "").partition(".module_utils._")[2]


def seconds(item: pytest.Item) -> float:
    """Return what mutmut measured for a test; 0 while it still measures."""
    return float(state().duration_by_test.get(item.nodeid, 0))


@pytest.fixture(autouse=True, scope="session")
def few_examples() -> None:
    """Load the profile after the one of tests/unit/conftest.py."""
    hypothesis.settings.load_profile(PROFILE)
