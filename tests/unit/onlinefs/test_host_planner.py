# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a host: pure, so each rule is one small case."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.files import Attributes, File
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.host_planner import diffs, plan_host, restarts
from hypothesis import given
from hypothesis import strategies as some

STORE = "kafka_0123abcd_truststore.jks"
Files: t.TypeAlias = dict[str, File | None]
NAMES = ("onlinefs-kafka.properties", "producer.properties", STORE)


def file(text: str, mode: int = 0o640) -> File:
    return File(text.encode(), Attributes(0, 0, mode))


def test_stores_are_written_before_the_files_that_name_them() -> None:
    plan = plan_host(
        {"producer.properties": file("a=1"), STORE: file("x"), "onlinefs-kafka.properties": file("a=1")}, {}, []
    )
    assert [str(action) for action in plan.actions] == [
        f"write {STORE}",
        "write producer.properties",
        "write onlinefs-kafka.properties",
        "restart service",
    ]


def test_superseded_stores_go_last_and_need_no_restart() -> None:
    plan = plan_host({}, {STORE: file("x")}, [STORE])
    assert [str(action) for action in plan.actions] == [f"clean {STORE}"] and not restarts(plan)


def test_a_file_that_is_to_go() -> None:
    plan = plan_host({"producer.properties": None}, {"producer.properties": file("a=1")}, [])
    assert [str(action) for action in plan.actions] == ["remove producer.properties", "restart service"]


def test_an_interrupted_run_is_reason_enough_for_a_restart() -> None:
    plan = plan_host({"producer.properties": file("a=1")}, {"producer.properties": file("a=1")}, [], interrupted=True)
    assert [str(action) for action in plan.actions] == ["restart service"]


def test_where_nobody_is_to_restart_the_service_it_is_told() -> None:
    plan = plan_host({"producer.properties": file("a=1")}, {}, [], managed=False)
    assert not restarts(plan) and "must be restarted" in plan.notes[0]


@pytest.mark.parametrize(
    ("before", "after", "client_id", "told"),
    [
        ("onlinefs_h_1", "onlinefs_h_2", "onlinefs_h", False),
        ("onlinefs_h_1", "onlinefs_h_2", "", True),
        ("onlinefs_h_1", "mine_2", "onlinefs_h", True),
        ("mine_1", "onlinefs_h_2", "onlinefs_h", True),
        ("onlinefs_h", "onlinefs_h_2", "onlinefs_h", True),
        ("onlinefs.h_1", "onlinefs_h_2", "onlinefs.h", True),
    ],
)
def test_the_number_of_a_client_id_is_no_difference(before: str, after: str, client_id: str, told: bool) -> None:
    name = "onlinefs-kafka.properties"
    current, desired = (file(f"client.id={value}\na={number}") for number, value in enumerate((before, after)))
    plan = plan_host({name: desired}, {name: current}, [], client_id=client_id)
    assert [change.what for change in plan.changes] == [*([f"{name}: client.id"] if told else []), f"{name}: a"]
    assert [str(action) for action in plan.actions] == [f"write {name}", "restart service"]


def test_a_drift_of_mode_or_owner_has_a_diff() -> None:
    name, current = "producer.properties", file("a=1", 0o666)
    [entry] = diffs(plan_host({name: file("a=1")}, {name: current}, []), {name: current})
    assert entry["before"].splitlines()[0] == "# owner: root, group: root, mode: 0666"
    assert entry["after"].splitlines()[0] == "# owner: root, group: root, mode: 0640"
    assert entry["before"].splitlines()[1:] == entry["after"].splitlines()[1:]
    [entry] = diffs(plan_host({name: file("a=2")}, {name: file("a=1")}, []), {name: file("a=1")})
    assert "owner" not in entry["before"] + entry["after"]


def test_what_the_service_user_wrote_reaches_no_terminal_as_a_command() -> None:
    name = "producer.properties"
    planted = file("\\u001b[2J\\u009b2J\\nx" + "y" * 5000 + "=1")
    [change] = plan_host({name: file("")}, {name: planted}, []).changes
    what = change.to_result()["what"]
    assert what.startswith(f"{name}: \\x1b[2J\\x9b2J x") and what.isprintable() and len(what) == 300
    site = file("<onlinefs><kafkaConsumer><topicPattern>\u009b2J</topicPattern></kafkaConsumer></onlinefs>")
    [entry] = diffs(
        plan_host({"onlinefs-site.xml": file("<onlinefs/>")}, {"onlinefs-site.xml": site}, []),
        {"onlinefs-site.xml": site},
    )
    assert "\u009b" not in entry["before"] and "2J" in entry["before"]


CONTENTS = some.sampled_from(["", "a=1", "a=1\nb=2", "b=2\na=1", "# a comment\na=1", "a=2"])
FILES = some.dictionaries(
    some.sampled_from(NAMES), some.none() | some.builds(file, CONTENTS, some.sampled_from([0o600, 0o640]))
)


@given(desired=FILES, current=FILES)
def test_once_done_nothing_is_left_to_do(desired: Files, current: Files) -> None:
    plan = plan_host(desired, current, [])
    after = dict(current)
    for action in plan.actions:
        if action.verb != "restart":
            after[action.target] = action.payload
    assert not plan_host(desired, after, []).changed
    assert plan.changed == any(desired[name] != current.get(name) for name in desired)


@given(desired=FILES, current=FILES)
def test_the_order_of_what_is_given_never_matters(desired: Files, current: Files) -> None:
    def told(desired: Files, current: Files) -> list[str]:
        return sorted(map(str, plan_host(desired, current, []).actions))

    assert told(desired, current) == told(dict(reversed(desired.items())), dict(reversed(current.items())))
