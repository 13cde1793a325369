# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two runs on one host at once: neither removes nor replaces a record of a move that it has not seen.

The record says what is left in the old Kafka. Without it, rows that nobody reads are not counted either.
"""

from __future__ import annotations

import os
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._moves import move_host, move_record
from ansible_collections.hopsworks.kafka.plugins.module_utils._moves.cluster_reader import Reading, read_cluster
from ansible_collections.hopsworks.kafka.plugins.module_utils._moves.move_record import MoveRecord
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.host_error import HostError
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.service import State

from tests.unit.moves.support import GROUP, MovingHost, Service

Work = t.Callable[[], object]
ANOTHER_RUN = "another run"


class Meanwhile(Service):
    """A service that lets something else happen, once, after it was asked for its state."""

    def __init__(self, host: MovingHost, work: Work) -> None:
        super().__init__(host)
        self._work: Work | None = work

    def state(self) -> State:
        state, work = super().state(), self._work
        self._work = None
        if work is not None:
            work()
        return state


def while_reading(monkeypatch: pytest.MonkeyPatch, work: Work, topics: bool = False) -> None:
    """Let something else happen, once, while Kafka is read, or while its topics are."""
    left = [work]

    def read(source: t.Any, seconds: float) -> Reading:
        if left and (source.topics is not None or not topics):
            left.pop()()
        return read_cluster(source, seconds)

    monkeypatch.setattr(move_host, "read_cluster", read)


def test_a_record_that_another_run_has_written_since_is_not_forgotten(host: MovingHost) -> None:
    """The first one has seen the service run, and so believes that the record is old."""
    host.run("left")
    Service(host).start()

    def meanwhile() -> None:
        host.old.committed[GROUP] = {}
        host.run("left", record_again=True)

    with pytest.raises(HostError, match=ANOTHER_RUN):
        host.run("stopped", service=Meanwhile(host, meanwhile))
    assert host.record is not None and not host.up


def test_a_record_that_was_closed_since_does_not_come_back(host: MovingHost, monkeypatch: pytest.MonkeyPatch) -> None:
    host.run("left")
    host.write(host.new)
    while_reading(monkeypatch, lambda: host.run("closed"), topics=True)
    with pytest.raises(HostError, match=ANOTHER_RUN):
        host.run("left", record_again=True)
    assert host.record is None


def test_the_first_of_two_that_leave_at_once_writes_the_record(
    host: MovingHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    while_reading(monkeypatch, lambda: host.run("left"))
    with pytest.raises(HostError, match=ANOTHER_RUN):
        host.run("left")
    assert host.record is not None and host.record.generation == 0


def test_what_is_left_is_not_recorded_once_the_host_has_another_configuration(
    host: MovingHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    while_reading(monkeypatch, lambda: host.write(host.new))
    with pytest.raises(HostError, match="configuration"):
        host.run("left")
    assert host.record is None


def test_going_back_does_not_forget_a_move_that_went_on(host: MovingHost) -> None:
    host.run("left")
    with pytest.raises(HostError, match="configuration"):
        host.run("returned", service=Meanwhile(host, lambda: host.write(host.new)))
    assert host.record is not None


def test_closing_forgets_only_the_move_that_was_seen(host: MovingHost, monkeypatch: pytest.MonkeyPatch) -> None:
    host.run("left")
    read = move_record.read
    seen: list[object] = []

    def meanwhile(generations: t.Any) -> t.Any:
        record = read(generations)
        if not seen:
            seen.append(record)
            host.old.committed = {}
            host.run("left", record_again=True)
        return record

    monkeypatch.setattr(move_record, "read", meanwhile)
    with pytest.raises(HostError, match=ANOTHER_RUN):
        host.run("closed")
    assert read(host.generations) is not None


# --- what the service's user, or its Kafka, says is written so that it can be read again ------------------------------


def servers(host: MovingHost, text: str) -> None:
    path = os.path.join(host.home.etc, "onlinefs-kafka.properties")
    with open(path, "w", encoding="ascii") as stream:
        stream.write(text)


@pytest.mark.parametrize(
    "text",
    [
        "bootstrap.servers=" + ",".join(f"kafka-{number}.example.org:9092" for number in range(400)) + "\n",
        "bootstrap.servers=\\ud800:9092\n",
        "bootstrap.servers=\\u001b[2J:9092\n",
        "group.id=onlinefs_rondb\n",
        "",
    ],
    ids=["long", "half a character", "escape", "none", "empty"],
)
def test_a_record_can_be_read_whatever_the_old_configuration_says(host: MovingHost, text: str) -> None:
    servers(host, text)
    host.old.members = {}
    found = host.run("left", accept_unreadable=True)
    assert found["changed"] and host.record is not None and host.record.to_result() == found["record"]
    found["record"]["old_servers"].encode()
    assert found["record"]["old_servers"].isprintable()
    assert host.run("left", accept_unreadable=True)["changed"] is False
    assert host.info()["record"] == found["record"]
    assert host.run("closed")["changed"] and host.record is None


@pytest.mark.parametrize("topic", ["a b_onlinefs", "x" * 300 + "_onlinefs", "ä_onlinefs", "/../_onlinefs"])
def test_a_topic_that_no_kafka_can_have_is_not_recorded(host: MovingHost, topic: str) -> None:
    """A record that names it could not be read again, and the move would neither go on nor back."""
    host.old.parts[topic, 0] = (0, 3)
    assert host.run("left")["changed"]
    assert host.record is not None and host.record.offsets is not None
    assert host.record.offsets.topics == {"a_onlinefs", "b_onlinefs"}


@pytest.mark.parametrize("part", [(-5, 3), (-5, -2), (9, 2)])
def test_offsets_that_no_kafka_can_have_are_not_known(host: MovingHost, part: tuple[int, int]) -> None:
    host.old.parts["a_onlinefs", 0] = part
    with pytest.raises(HostError, match="partitions without a leader"):
        host.run("left")
    assert host.record is None
    assert host.run("left", accept_unreadable=True)["changed"]
    assert host.record is not None and host.record.offsets is not None
    assert host.record.offsets.unknown == {("a_onlinefs", 0)}


def test_what_could_not_be_read_again_is_not_written(host: MovingHost) -> None:
    with host.generations.locked(1), pytest.raises(HostError, match="could not be read again"):
        move_record.write(host.generations, MoveRecord(None, None, "k1:1", "", 0, move_record.now(), None))
    assert host.record is None
