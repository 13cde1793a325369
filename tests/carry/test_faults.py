# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong on the way: kills at any point, two runs at once, missing rights, brokers that die."""

from __future__ import annotations

import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import threading
import time
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers import transfer_client
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.cluster_client import ClusterFault
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.transfer_client import TransactionalTarget
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.deadline import Deadline
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.module_task import RunMode
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.declaration import declare
from ansible_collections.hopsworks.kafka.plugins.module_utils._moves import carry_over, carry_over_task, carry_writer
from confluent_kafka import Consumer, TopicPartition

from tests.kafka import cluster
from tests.kafka.fixtures import running_kafka

from .clusters import Pair, Side, row

NAME = "hopsworks_kafka_carry_over"
ROWS = 20_000
#: Small transactions, so that a kill is often inside or between some.
SMALL = 64 * 1024
_RUN = """
import json, sys
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.module_task import RunMode
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers import transfer_client
from ansible_collections.hopsworks.kafka.plugins.module_utils._moves import carry_over_task, carry_writer
carry_writer._TRANSACTION_BYTES = transfer_client._PARTITION_BYTES = {small}
print("ready", flush=True)
print(json.dumps(carry_over_task.TASK.execute(json.load(sys.stdin), RunMode())))
"""


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carry_writer, "_TRANSACTION_BYTES", SMALL)
    monkeypatch.setattr(transfer_client, "_PARTITION_BYTES", SMALL)


class Process:
    """A run in a process of its own."""

    def __init__(self, options: t.Mapping[str, t.Any], small: str = str(SMALL)) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        self.child = subprocess.Popen(
            [sys.executable, "-c", _RUN.replace("{small}", small)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        assert self.child.stdin and self.child.stdout
        self.child.stdin.write(json.dumps(options))
        self.child.stdin.close()
        assert self.child.stdout.readline() == "ready\n"

    def kill(self) -> bool:
        """Kill it; return whether it was still at work."""
        working = self.child.poll() is None
        self.child.send_signal(signal.SIGKILL)
        self.child.wait()
        return working

    def result(self) -> dict[str, t.Any]:
        assert self.child.stdout
        return dict(json.loads(self.child.stdout.read()))


def test_killed_at_random_points_each_row_arrives_once(pair: Pair, request: pytest.FixtureRequest) -> None:
    """Kill -9 of the run, again and again. What was committed stays, what was not is carried by the next run."""
    lots = random.Random(20261129)
    soak = request.config.getoption("--soak")
    kills = 0
    for _round in range(10 if soak else 2):
        topic = pair.make(2, 2)
        for part in range(2):
            rows = [row(number, 100) for number in range(part * ROWS, part * ROWS + ROWS)]
            pair.old.write(topic, rows, part, compression_type=("none", "lz4")[part], batch_size=8192)
        options = pair.options((topic, 0, 0, ROWS), (topic, 1, 0, ROWS))
        for _kill in range(8):
            process = Process(options)
            time.sleep(lots.uniform(0, 0.6))
            kills += process.kill()
        last = Process(options).result()
        assert not last.get("failed"), last["msg"]
        for part in range(2):
            read = pair.new.read(topic, part)
            assert len(read) == ROWS
            assert read == [row(number, 100) for number in range(part * ROWS, part * ROWS + ROWS)]
        assert last["carried_before"] + last["rows"] == 2 * ROWS
        assert pair.carry((topic, 0, 0, ROWS), (topic, 1, 0, ROWS))["rows"] == 0
    assert kills >= 3, "no run was killed at work"


@pytest.mark.usefixtures("small")
def test_the_run_that_started_first_ends_and_says_why(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    topic = pair.make()
    pair.old.write(topic, [row(number, 100) for number in range(ROWS)], batch_size=8192)
    commit, second, entered = carry_writer.Writer.commit, threading.Event(), threading.Event()

    def late(writer: carry_writer.Writer, offsets: carry_writer.Offsets) -> None:
        if not second.is_set() and threading.current_thread() is not threading.main_thread():
            entered.set()
            second.wait(30)
        commit(writer, offsets)

    monkeypatch.setattr(carry_writer.Writer, "commit", late)
    results: list[dict[str, t.Any]] = []
    first = threading.Thread(target=lambda: results.append(pair.run((topic, 0, 0, ROWS))))
    first.start()
    assert entered.wait(30)
    other = Process(pair.options((topic, 0, 0, ROWS))).result()
    second.set()
    first.join(60)
    assert other["rows"] == ROWS and not other.get("failed")
    [result] = results
    assert result["failed"] and "another run has started since" in result["msg"], result
    assert pair.new.read(topic) == [row(number, 100) for number in range(ROWS)]


# --- rights -----------------------------------------------------------------------------------------------------------

TARGET = [("topic", "WRITE"), ("topic", "READ"), ("group", "READ"), ("id", "WRITE")]


@pytest.mark.parametrize(
    ("source", "target", "said"),
    [
        (0, None, "source: this principal may not see {topic}. Allow it Read on them"),
        (None, (0, 1), "target: this principal may not see {topic}. Allow it Read and Write on them"),
        (None, (0,), "target: not allowed to write (topic {topic}): this principal needs Write on topic {topic}"),
        (None, (1,), "mark what is carried (topic {topic}): this principal needs Read on topic {topic}"),
        (None, (2,), "this principal needs Read on group hopsworks_kafka_carry_over"),
        (None, (3,), "this principal needs Describe and Write on transactional id hopsworks_kafka_carry_over"),
    ],
)
def test_each_missing_right_is_named(pair: Pair, source: int | None, target: tuple[int, ...] | None, said: str) -> None:
    topic = pair.make()
    pair.old.write(topic, [row(1)])
    names = {"topic": topic, "group": NAME, "id": NAME}
    user = "no_describe"
    if source is None:
        pair.old.allow(user, ("topic", topic, "READ"))
    given = [(kind, names[kind], right) for number, (kind, right) in enumerate(TARGET) if number not in (target or ())]
    pair.new.allow(user, *given)
    try:
        result = pair.run((topic, 0, 0, 1), source=pair.old.login(user), target=pair.new.login(user))
        assert result["failed"] and not result["changed"] and said.format(topic=topic) in result["msg"], result["msg"]
        assert pair.new.read(topic, isolation="read_uncommitted") == [], "not even an aborted row"
    finally:
        for side in (pair.old, pair.new):
            forget(side, user)


def forget(side: Side, user: str) -> None:
    from confluent_kafka.admin import (  # type: ignore[attr-defined]
        AclBindingFilter,
        AclOperation,
        AclPermissionType,
        ResourcePatternType,
        ResourceType,
    )

    every = AclBindingFilter(
        ResourceType.ANY,
        None,
        ResourcePatternType.ANY,
        f"User:{user}",
        None,
        AclOperation.ANY,
        AclPermissionType.ANY,
    )
    for future in side.admin.delete_acls([every]).values():
        future.result(timeout=30)


# --- clusters that fail -----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("small")
def test_a_broker_that_dies_and_comes_back(pair: Pair) -> None:
    """The run waits for it and goes on: each row once."""
    with running_kafka() as description:
        mine = Pair(pair.old, Side(description))
        topic = mine.make()
        mine.old.write(topic, [row(number, 100) for number in range(ROWS)], batch_size=8192)
        results: list[dict[str, t.Any]] = []
        shown = threading.Event()

        def run() -> None:
            options = mine.options((topic, 0, 0, ROWS), timeout=120.0)
            results.append(carry_over_task.TASK.execute(options, RunMode()))

        commit = carry_writer.Writer.commit
        count = 0

        def counting(writer: carry_writer.Writer, offsets: carry_writer.Offsets) -> None:
            nonlocal count
            count += 1
            if count == 5:
                cluster.stop_node(description, 1)
                shown.set()
            commit(writer, offsets)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(carry_writer.Writer, "commit", counting)
            patch.setattr(carry_over, "_ATTEMPTS", 60)
            thread = threading.Thread(target=run)
            thread.start()
            assert shown.wait(60)
            cluster.start_node(description, 1)
            thread.join(120)
        [result] = results
        assert not result.get("failed"), result["msg"]
        assert result["rows"] == ROWS and mine.new.read(topic) == [row(number, 100) for number in range(ROWS)]
        assert not mine.carry((topic, 0, 0, ROWS))["changed"]


def test_a_transaction_that_has_not_ended_is_told(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carry_over, "_STALL_SECONDS", 2.0)
    topic = pair.make()
    pair.old.write(topic, [row(number) for number in range(5)])
    out = pair.old.producer(transactional_id=topic)
    out.init_transactions(30)
    out.begin_transaction()
    out.produce(topic, b"open", b"k")
    out.flush(30)
    result = pair.run((topic, 0, 0, 6))
    assert result["failed"] and "from offset 5 on: a transaction that has not ended holds them back" in result["msg"]
    out.commit_transaction(30)
    assert pair.carry((topic, 0, 0, 6))["rows"] + result["rows"] == 6
    assert len(pair.new.read(topic)) == 6


def test_an_offset_of_somebody_else_is_not_taken_for_a_mark(pair: Pair) -> None:
    topic = pair.make()
    pair.old.write(topic, [row(1)])
    other = Consumer({"bootstrap.servers": pair.new.servers, "group.id": NAME})
    part = TopicPartition(topic, 0, 1, "by hand")
    other.commit(offsets=[part], asynchronous=False)
    other.close()
    result = pair.run((topic, 0, 0, 1))
    assert result["failed"] and f"group {NAME} has an offset in {topic}, partition 0" in result["msg"]


@pytest.mark.parametrize("side", ["old", "new"])
def test_kafka_takes_no_offset_of_a_partition_that_it_does_not_have(pair: Pair, side: str) -> None:
    """So the marks lie with the partition that the rows go to, by the number of the one that they come from."""
    topic = pair.make()
    declared = declare({"bootstrap.servers": getattr(pair, side).servers})
    with TransactionalTarget(declared, None, Deadline(30), f"id of {topic}", f"group of {topic}") as target:
        target.start()
        target.add([(topic, 0)])
        target.add_offsets()
        target.commit_offsets({(topic, 0): (5, "{}")})
        with pytest.raises(ClusterFault, match="does not know the partition"):
            target.commit_offsets({(topic, 9): (5, "{}")})
        target.end(commit=True)
        assert target.marks([(topic, 0)]) == {(topic, 0): (5, "{}")}


def test_the_time_limit_holds(pair: Pair) -> None:
    """Nothing listens at the target."""
    topic = pair.make()
    pair.old.write(topic, [row(1)])
    began = time.monotonic()
    target = {"properties": {"bootstrap.servers": "127.0.0.1:1"}}
    result = pair.run((topic, 0, 0, 1), target=target, timeout=2.0)
    assert (
        result["failed"] and time.monotonic() - began < 3 and "target: 127.0.0.1:1: Connection refused" in result["msg"]
    )


def test_a_batch_that_is_too_large_for_the_new_topic(pair: Pair) -> None:
    topic = pair.make()
    small = f"{topic}_small"
    pair.old.make(small)
    pair.new.make(small, max_message_bytes="1000")
    pair.old.write(small, [row(1, 5000)])
    result = pair.run((small, 0, 0, 1))
    assert result["failed"] and f"(topic {small}): a batch is larger than max.message.bytes" in result["msg"]


def test_memory_stays_flat(pair: Pair) -> None:
    """300 MB of rows, in a process of its own."""
    topic = pair.make()
    out = pair.old.producer(queue_buffering_max_kbytes=200_000)
    for number in range(300):
        out.produce(topic, os.urandom(1000) * 900, b"%d" % number)
        out.poll(0)
        if number % 50 == 49:
            out.flush(60)
    assert out.flush(60) == 0
    process = Process(pair.options((topic, 0, 0, 300)), "4 * 1024 * 1024")
    peak = 0
    status = pathlib.Path(f"/proc/{process.child.pid}/status")
    while process.child.poll() is None:
        lines = [line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM")]
        peak = max([peak, *map(int, lines)])
        time.sleep(0.02)
    assert process.result()["rows"] == 300 and 0 < peak < 200 * 1024
