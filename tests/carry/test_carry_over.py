# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows are carried from one real cluster to another: each once, unchanged, in order."""

from __future__ import annotations

import typing as t

import pytest
from confluent_kafka import Producer, TopicPartition

from .clusters import Pair, Row, row

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")


def test_rows_arrive_unchanged_in_order_once(pair: Pair) -> None:
    topic = pair.make(3, 3)
    written = {part: [row(number) for number in range(part * 1000, part * 1000 + 300)] for part in range(3)}
    for part, rows in written.items():
        pair.old.write(topic, rows, part)
    ranges = [(topic, part, 0, 300) for part in range(3)]
    shown: list[str] = []
    predicted = pair.carry(*ranges, check=True)
    assert predicted["changed"] and predicted["rows"] == 900 and not predicted["proved"]
    assert set(pair.new.ends(topic).values()) == {(0, 0)}, "a dry run writes nothing"
    result = pair.carry(*ranges)
    assert (result["changed"], result["rows"], result["proved"], result["warnings"]) == (True, 900, True, [])
    assert {name: result[name] for name in ("rows", "bytes", "extra", "empty", "carried_before", "deleted")} == {
        name: predicted[name] for name in ("rows", "bytes", "extra", "empty", "carried_before", "deleted")
    }
    assert {part: pair.new.read(topic, part) for part in range(3)} == written
    again = pair.carry(*ranges)
    assert (again["changed"], again["rows"], again["carried_before"]) == (False, 0, 900)
    assert {part: pair.new.read(topic, part) for part in range(3)} == written
    assert [part["target_end"] for part in result["partitions"]] == [300] * 3 and shown == []


@pytest.mark.parametrize("codec", CODECS)
def test_rows_of_every_compression(pair: Pair, codec: str) -> None:
    topic = pair.make()
    written = [row(number, 200) for number in range(400)]
    pair.old.write(topic, written, compression_type=codec)
    assert pair.carry((topic, 0, 0, 400))["rows"] == 400
    assert pair.new.read(topic) == written


def test_from_the_newest_release_to_the_oldest(pair: Pair) -> None:
    back = Pair(pair.new, pair.old)
    topic = back.make(2, 2)
    for part in range(2):
        back.old.write(topic, [row(number) for number in range(50)], part, compression_type="zstd")
    assert back.carry((topic, 0, 0, 50), (topic, 1, 10, 10))["rows"] == 50
    assert back.carry((topic, 0, 0, 50), (topic, 1, 0, 50))["rows"] == 50
    assert back.new.read(topic, 0) == back.new.read(topic, 1) == [row(number) for number in range(50)]


def test_ranges_are_exact_without_compression_and_with_gzip(pair: Pair) -> None:
    for codec in ("none", "gzip"):
        topic = pair.make()
        pair.old.write(topic, [row(number) for number in range(100)], compression_type=codec)
        first = pair.carry((topic, 0, 17, 40), (topic, 0, 38, 50), (topic, 0, 70, 71))
        assert (first["rows"], first["extra"], first["warnings"]) == (34, 0, [])
        assert pair.new.read(topic) == [row(number) for number in (*range(17, 50), 70)]
        rest = pair.carry((topic, 0, 0, 100))
        assert (rest["rows"], rest["carried_before"]) == (66, 34)
        assert sorted(pair.new.read(topic)) == sorted(row(number) for number in range(100))


def test_other_rows_of_a_compressed_batch_come_along_and_are_told(pair: Pair) -> None:
    topic = pair.make()
    pair.old.write(topic, [row(number) for number in range(30)], compression_type="lz4")
    pair.old.write(topic, [row(number) for number in range(30, 60)], compression_type="lz4")
    first = pair.carry((topic, 0, 25, 60))
    assert (first["rows"], first["extra"], first["changed"]) == (35, 25, True)
    assert first["warnings"] == [
        "Rows outside of the ranges came along, because they share a compressed batch with rows in them: "
        f"25 of {topic}, partition 0"
    ]
    second = pair.carry((topic, 0, 0, 60))
    assert (second["rows"], second["changed"], second["carried_before"]) == (0, False, 60), "none comes twice"
    assert pair.new.read(topic) == [row(number) for number in range(60)]


def test_aborted_rows_are_left_out(pair: Pair) -> None:
    topic = pair.make()
    out = pair.old.producer(transactional_id=topic)
    out.init_transactions(30)
    kept = []
    for number in range(10):
        out.begin_transaction()
        for each in range(number * 10, number * 10 + 10):
            write(out, topic, row(each))
        out.flush(30)
        if number % 3:
            out.commit_transaction(30)
            kept += [row(each) for each in range(number * 10, number * 10 + 10)]
        else:
            out.abort_transaction(30)
    [(_first, end)] = pair.old.ends(topic).values()
    assert end == 110, "a record for the end of each transaction"
    result = pair.carry((topic, 0, 0, end))
    assert (result["rows"], result["empty"]) == (60, 50)
    assert pair.new.read(topic) == kept and len(pair.new.read(topic, isolation="read_uncommitted")) == 60
    assert not pair.carry((topic, 0, 0, end))["changed"]


def write(out: Producer, topic: str, each: Row) -> None:
    out.produce(topic, each.value, each.key, 0, timestamp=each.time, headers=list(each.headers))


def test_a_topic_with_fewer_partitions(pair: Pair) -> None:
    topic = pair.make(5, 2)
    for part in range(5):
        pair.old.write(topic, [row(part * 100 + number) for number in range(40)], part)
    ranges = [(topic, part, 0, 40) for part in range(5)]
    result = pair.carry(*ranges)
    assert result["rows"] == 200 and [part["to_partition"] for part in result["partitions"]] == [0, 1, 0, 1, 0]
    assert result["warnings"] == [
        "The topic has fewer partitions in the new Kafka, so rows go to other ones: "
        f"{topic}, partition 2 to 0; {topic}, partition 3 to 1; {topic}, partition 4 to 0"
    ]
    for target in range(2):
        read = pair.new.read(topic, target)
        for part in range(target, 5, 2):
            written = [row(part * 100 + number) for number in range(40)]
            assert [each for each in read if each in written] == written, "the order of each partition"
    assert pair.carry(*ranges)["rows"] == 0
    pair.new.admin.create_partitions([new_partitions(topic, 5)])[topic].result(timeout=30)
    assert pair.carry(*ranges)["rows"] == 0, "what was carried is known, although it went to another partition"


def new_partitions(topic: str, count: int) -> t.Any:
    from confluent_kafka.admin import NewPartitions  # type: ignore[attr-defined]

    return NewPartitions(topic, count)


def test_rows_that_are_deleted_already_are_never_left_out_silently(pair: Pair) -> None:
    topic = pair.make()
    pair.old.write(topic, [row(number) for number in range(50)], compression_type="none")
    pair.old.admin.delete_records([TopicPartition(topic, 0, 20)])
    refused = pair.run((topic, 0, 5, 50))
    assert refused["failed"] and not refused["changed"] and f"15 of {topic}, partition 0" in refused["msg"]
    assert pair.new.ends(topic)[0] == (0, 0)
    result = pair.carry((topic, 0, 5, 50), accept_deleted=True)
    assert (result["rows"], result["deleted"]) == (30, 15)
    assert [warning for warning in result["warnings"] if "lost" in warning]
    assert pair.new.read(topic) == [row(number) for number in range(20, 50)]


def test_times_of_the_broker_are_told(pair: Pair) -> None:
    topic = pair.make(message_timestamp_type="LogAppendTime")
    pair.old.write(topic, [row(number) for number in range(5)])
    result = pair.carry((topic, 0, 0, 5))
    assert any("LogAppendTime" in warning and topic in warning for warning in result["warnings"])
    assert pair.new.read(topic) == [row(number) for number in range(5)]


def test_over_tls_with_a_login(pair: Pair) -> None:
    topic = pair.make()
    pair.old.write(topic, [row(number) for number in range(50)])
    name = "hopsworks_kafka_carry_over"
    pair.old.allow("alice", ("topic", topic, "READ"))
    pair.new.allow("alice", ("topic", topic, "READ"), ("topic", topic, "WRITE"))
    pair.new.allow("alice", ("group", name, "READ"), ("id", name, "WRITE"))
    source, target = pair.old.login(listener="sasl_ssl"), pair.new.login(listener="sasl_ssl")
    assert pair.carry((topic, 0, 0, 50), source=source, target=target)["rows"] == 50
    assert pair.new.read(topic) == [row(number) for number in range(50)]


# --- refused before anything is written -------------------------------------------------------------------------------


def test_a_topic_that_is_missing_stops_all(pair: Pair) -> None:
    topic = pair.make()
    pair.old.write(topic, [row(1)])
    pair.old.make(f"only_old_{topic}")
    result = pair.run((topic, 0, 0, 1), (f"only_old_{topic}", 0, 0, 0))
    assert result["failed"] and not result["changed"]
    assert result["msg"].startswith("target: these topics do not exist") and f"only_old_{topic}" in result["msg"]
    assert pair.new.ends(topic)[0] == (0, 0)


@pytest.mark.parametrize(
    ("part", "start", "end", "said"),
    [
        (0, 0, 6, "ends at offset 5, before 6"),
        (3, 0, 1, "the source has no such partitions"),
        (0, 3, 2, "start and end are not a range"),
        (-1, 0, 1, "partition is not the number"),
    ],
)
def test_a_range_that_is_not_there(pair: Pair, part: int, start: int, end: int, said: str) -> None:
    topic = pair.make()
    pair.old.write(topic, [row(number) for number in range(5)])
    result = pair.run((topic, part, start, end))
    assert result["failed"] and said in result["msg"]
    assert pair.new.ends(topic)[0] == (0, 0)


def test_the_same_cluster_is_refused(pair: Pair) -> None:
    topic = pair.make()
    pair.old.write(topic, [row(1)])
    result = Pair(pair.old, pair.old).run((topic, 0, 0, 1))
    assert result["failed"] and "they are the same cluster" in result["msg"]
    assert pair.old.ends(topic)[0] == (0, 1)
