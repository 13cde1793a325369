"""The stand-in for OnlineFS walks into the traps of a move as the real service does: saved offsets carry no cluster."""

from __future__ import annotations

import typing as t
import uuid
from pathlib import Path

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]

from tests.hosts.move_bed import CLUSTERS, MoveBed
from tests.kafka import admin
from tests.onlinefs import local
from tests.onlinefs.saved_offsets import SavedOffsets


class Table(t.NamedTuple):
    """A topic of both clusters with one partition, that no host reads, and a table of saved offsets."""

    bed: MoveBed
    topic: str
    saved: SavedOffsets

    def write(self, which: str, rows: t.Iterable[int]) -> None:
        producer = Producer({"bootstrap.servers": self.bed.plaintext(which), "log_level": 0})
        for row in rows:
            producer.produce(self.topic, str(row).encode())
        assert producer.flush(20) == 0

    def offset(self) -> int | None:
        return self.saved.rows().get((local.GROUP, self.topic, 0))


@pytest.fixture
def table(moving: MoveBed) -> t.Iterator[Table]:
    moving.stop_services()
    topic = f"trap-{uuid.uuid4().hex[:8]}"
    for which in CLUSTERS:
        client = admin.client(moving.cluster(which))
        client.create_topics([NewTopic(topic, 1, 1)])[topic].result(20)
    with SavedOffsets().served() as saved:
        yield Table(moving, topic, saved)


def numbers(*parts: range) -> list[str]:
    return [str(number) for part in parts for number in part]


@pytest.mark.parametrize("offsets", ["table", "kafka"])
def test_projects_first_and_their_rows_lie_under_the_saved_offsets(table: Table, tmp_path: Path, offsets: str) -> None:
    """The naive order: rows are in the new Kafka before OnlineFS is. Those up to the saved offset are never read."""
    url = table.saved.url if offsets == "table" else ""
    table.write("old", range(100))
    with local.running(tmp_path, table.bed.plaintext("old"), table.topic, url) as service:
        service.wait_until(lambda: len(service.rows()) == 100, "all rows of the old Kafka")
        if url:
            service.wait_until(lambda: table.offset() == 100, "the saved offset")
    table.write("new", range(100, 250))
    with local.running(tmp_path, table.bed.plaintext("new"), table.topic, url) as service:
        service.wait_until(lambda: service.rows()[-1] == "249", "the last row of the new Kafka")
        skipped = sorted(set(numbers(range(250))) - set(service.rows()), key=int)
    assert skipped == (numbers(range(100, 200)) if offsets == "table" else [])


def test_hosts_first_and_a_saved_offset_beyond_the_end_is_reset(table: Table, tmp_path: Path) -> None:
    """The order of `site`, where Kafka's client library decides: it begins at the first row."""
    table.saved.save(local.GROUP, table.topic, 0, 100)
    with local.running(tmp_path, table.bed.plaintext("new"), table.topic, table.saved.url) as service:
        service.wait_until(lambda: service.metric("onlinefs_assigned_partitions") == 1, "its partition")
        service.wait_until(
            lambda: f"Resetting offset for partition {table.topic}-0 to position" in service.log(), "the reset"
        )
        table.write("new", range(150))
        service.wait_until(lambda: len(service.rows()) == 150, "all rows")
        service.wait_until(lambda: table.offset() == 150, "the saved offset")


def test_hosts_first_and_a_service_that_stops_beyond_the_end_reads_nothing(table: Table, tmp_path: Path) -> None:
    """Where the service refuses the offset, it reads nothing until that is deleted, and its metrics answer."""
    table.saved.save(local.GROUP, table.topic, 0, 100)
    table.write("new", range(50))
    with local.running(tmp_path, table.bed.plaintext("new"), table.topic, table.saved.url, "stop") as service:
        service.wait_until(lambda: service.metric("onlinefs_kafka_errors_total") >= 2, "two attempts")
        assert "the saved offset 100 is beyond the end, 50" in service.log()
        assert service.metric("onlinefs_assigned_partitions") == 0
        assert service.rows() == []
        table.saved.clear()
        service.wait_until(lambda: service.rows() == numbers(range(50)), "all rows")


def test_two_hosts_on_two_clusters_skip_rows_for_each_other(table: Table, tmp_path: Path) -> None:
    """Why a move is not rolled host by host: what one saves in the old Kafka, the other takes for the new one."""
    with local.running(tmp_path / "new", table.bed.plaintext("new"), table.topic, table.saved.url) as ahead:
        table.write("new", range(1000, 1010))
        ahead.wait_until(lambda: table.offset() == 10, "its offset")
    table.write("old", range(100))
    table.saved.save(local.GROUP, table.topic, 0, 99)
    with local.running(tmp_path / "old", table.bed.plaintext("old"), table.topic, table.saved.url) as behind:
        behind.wait_until(lambda: table.offset() == 100, "the offset of the other one")
        table.write("new", range(1010, 1200))
        with local.running(tmp_path / "new", table.bed.plaintext("new"), table.topic, table.saved.url) as ahead:
            ahead.wait_until(lambda: ahead.rows()[-1] == "1199", "the last row of the new Kafka")
            skipped = sorted(set(numbers(range(1000, 1200))) - set(ahead.rows()), key=int)
    assert skipped == numbers(range(1010, 1100))
