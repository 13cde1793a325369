# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests do with a cluster: write rows, read them with an independent client, and run the module's work."""

from __future__ import annotations

import itertools
import time
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.module_task import RunMode
from ansible_collections.hopsworks.kafka.plugins.module_utils._moves import carry_over_task
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclOperation,
    AclPermissionType,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)

from tests.kafka import admin, cluster

_SECONDS = 30
_number = itertools.count(1)
#: Not long ago, or a broker deletes the rows while a test runs: their time is kept, and its retention counts from it.
_TIME = int(time.time() * 1000) - 3_600_000


class Row(t.NamedTuple):
    """A record as a consumer gets it."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    time: int


def row(number: int, size: int = 20) -> Row:
    """A row whose content tells which one it is."""
    value = None if number % 7 == 3 else (b"value %d " % number).ljust(size, b".")
    return Row(b"key %d" % number, value, (("number", b"%d" % number),), _TIME + number * 10)


class Side:
    """One of the two clusters."""

    def __init__(self, description: cluster.Description) -> None:
        self.description = description
        self.servers = str(description["listeners"]["plaintext"]["bootstrap"])
        self.admin = admin.client(description)

    def make(self, topic: str, partitions: int = 1, **config: str) -> None:
        given = {name.replace("_", "."): value for name, value in config.items()}
        self.admin.create_topics([NewTopic(topic, partitions, 1, config=given)])[topic].result(timeout=_SECONDS)
        end = time.monotonic() + _SECONDS
        while not admin._knows(self.admin, [topic]):
            assert time.monotonic() < end
            time.sleep(0.05)

    def producer(self, **more: t.Any) -> Producer:
        given = {name.replace("_", "."): value for name, value in more.items()}
        return Producer({"bootstrap.servers": self.servers, "linger.ms": 5000, "log_level": 0, **given})

    def write(self, topic: str, rows: t.Iterable[Row], partition: int = 0, **more: t.Any) -> None:
        out = self.producer(**more)
        for each in rows:
            out.produce(topic, each.value, each.key, partition, timestamp=each.time, headers=list(each.headers))
            out.poll(0)
        assert out.flush(_SECONDS) == 0

    def read(self, topic: str, partition: int = 0, isolation: str = "read_committed") -> list[Row]:
        """Every row of a partition, by an independent client."""
        reader = Consumer(
            {
                "bootstrap.servers": self.servers,
                "group.id": "reader",
                "isolation.level": isolation,
                "enable.partition.eof": True,
                "enable.auto.commit": False,
                "log_level": 0,
            }
        )
        reader.assign([TopicPartition(topic, partition, OFFSET_BEGINNING)])
        rows: list[Row] = []
        end = time.monotonic() + _SECONDS
        try:
            while time.monotonic() < end:
                message = reader.poll(1)
                if message is None:
                    continue
                if message.error():
                    assert message.error().name() == "_PARTITION_EOF", message.error()
                    return rows
                headers = tuple(message.headers() or ())
                rows.append(Row(message.key(), message.value(), headers, message.timestamp()[1]))
        finally:
            reader.close()
        raise AssertionError("the end of the partition was not reached")

    def ends(self, topic: str) -> dict[int, tuple[int, int]]:
        """The first and the next offset of each partition."""
        reader = Consumer({"bootstrap.servers": self.servers, "group.id": "reader", "log_level": 0})
        try:
            parts = reader.list_topics(topic, timeout=_SECONDS).topics[topic].partitions
            return {part: reader.get_watermark_offsets(TopicPartition(topic, part), timeout=_SECONDS) for part in parts}
        finally:
            reader.close()

    def allow(self, user: str, *rights: tuple[str, str, str]) -> None:
        """Rights of a user: kind, name, operation."""
        kinds = {"topic": ResourceType.TOPIC, "group": ResourceType.GROUP, "id": ResourceType.TRANSACTIONAL_ID}
        rules = [
            AclBinding(
                kinds[kind],
                name,
                ResourcePatternType.LITERAL,
                f"User:{user}",
                "*",
                AclOperation[operation],
                AclPermissionType.ALLOW,
            )
            for kind, name, operation in rights
        ]
        for future in self.admin.create_acls(rules).values():
            future.result(timeout=_SECONDS)

    def login(self, user: str = "alice", listener: str = "sasl_plaintext") -> dict[str, t.Any]:
        """The declaration of a user."""
        password = self.description["users"][user]["password"]
        module = "org.apache.kafka.common.security.plain.PlainLoginModule"
        given = self.description["listeners"][listener]
        made: dict[str, t.Any] = {
            "properties": {
                "bootstrap.servers": given["bootstrap"],
                "security.protocol": given["security_protocol"],
                "sasl.mechanism": "PLAIN",
                "sasl.jaas.config": f'{module} required username="{user}" password="{password}";',
            }
        }
        if "SSL" in given["security_protocol"]:
            made["truststore"] = {"path": self.description["certificates"]["ca"]["pem"]}
        return made


class Pair:
    """An old and a new cluster."""

    def __init__(self, old: Side, new: Side) -> None:
        self.old = old
        self.new = new

    def make(self, old_partitions: int = 1, new_partitions: int = 1, **config: str) -> str:
        """A topic in both; returns its name."""
        topic = f"carried_{next(_number)}"
        self.old.make(topic, old_partitions, **config)
        self.new.make(topic, new_partitions)
        return topic

    def options(self, *ranges: tuple[str, int, int, int], **more: t.Any) -> dict[str, t.Any]:
        """The options of the module."""
        names = ("topic", "partition", "start", "end")
        return {
            "source": {"properties": {"bootstrap.servers": self.old.servers}},
            "target": {"properties": {"bootstrap.servers": self.new.servers}},
            "ranges": [dict(zip(names, item, strict=True)) for item in ranges],
            "accept_deleted": False,
            "timeout": 60.0,
            **more,
        }

    def run(self, *ranges: tuple[str, int, int, int], check: bool = False, **more: t.Any) -> dict[str, t.Any]:
        """Run the work of the module."""
        result = carry_over_task.TASK.execute(self.options(*ranges, **more), RunMode(check_mode=check))
        assert "exception" not in result, result["exception"]
        return result

    def carry(self, *ranges: tuple[str, int, int, int], **more: t.Any) -> dict[str, t.Any]:
        """Run it, and expect it to succeed."""
        result = self.run(*ranges, **more)
        assert not result.get("failed"), result["msg"]
        return result
