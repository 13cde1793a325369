# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows are carried between two small Kafkas in this process, which fail at every request in turn, or are hostile."""

from __future__ import annotations

import base64
import random
import socket
import struct
import threading
import time
import tracemalloc
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers import transfer_client
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.wire_reader import unsigned_varint
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.module_task import RunMode
from ansible_collections.hopsworks.kafka.plugins.module_utils._moves import carry_over, carry_over_task, carry_writer

from tests.unit.brokers.test_record_batches import Row, decode, encode, hostile
from tests.unit.moves import fake_kafka
from tests.unit.moves.fake_kafka import FakeKafka

TOPIC = "orders"
GROUPS, PER_BATCH = 6, 5
ROWS = GROUPS * PER_BATCH


def row(number: int) -> Row:
    return Row(1000 + number, b"k%d" % number, b"v" * (number % 9), (("n", b"%d" % number),))


class Pair:
    def __init__(self, parts: int = 2) -> None:
        self.old = FakeKafka("old-cluster", {TOPIC: parts})
        self.new = FakeKafka("new-cluster", {TOPIC: parts})
        for part in range(parts):
            self.fill(part)

    def fill(self, part: int, **more: t.Any) -> None:
        for group in range(GROUPS):
            first = group * PER_BATCH
            rows = {offset: row(offset + 1000 * part) for offset in range(first, first + PER_BATCH)}
            self.old.logs[TOPIC, part].append(encode(rows, **more))

    def close(self) -> None:
        self.old.close()
        self.new.close()

    def run(self, check: bool = False, show: t.Any = None, **more: t.Any) -> dict[str, t.Any]:
        options = {
            "source": {"properties": {"bootstrap.servers": f"127.0.0.1:{self.old.port}"}},
            "target": {"properties": {"bootstrap.servers": f"127.0.0.1:{self.new.port}"}},
            "ranges": [
                {"topic": TOPIC, "partition": part, "start": 0, "end": ROWS} for part in range(self.old.topics[TOPIC])
            ],
            "accept_deleted": False,
            "timeout": 10.0,
            **more,
        }
        result = carry_over_task.TASK.execute(options, RunMode(check_mode=check, show=show))
        assert "exception" not in result, result["exception"]
        return result

    def arrived(self, part: int) -> list[Row]:
        return [each for batch in self.new.logs[TOPIC, part] for each in decode(batch)[1].values()]

    def complete(self) -> bool:
        return all(
            self.arrived(part) == [row(number + 1000 * part) for number in range(ROWS)]
            for part in range(self.new.topics[TOPIC])
        )


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> t.Iterator[Pair]:
    """Small answers and transactions, and no waiting."""
    monkeypatch.setattr(carry_writer, "_TRANSACTION_BYTES", 300)
    monkeypatch.setattr(transfer_client, "_PARTITION_BYTES", 500)
    monkeypatch.setattr(carry_over, "_AGAIN_SECONDS", 0.0)
    made = Pair()
    yield made
    made.close()


def test_each_row_arrives_once_and_a_second_run_carries_nothing(pair: Pair) -> None:
    predicted = pair.run(check=True)
    assert predicted["rows"] == 2 * ROWS and predicted["changed"] and not pair.arrived(0)
    assert not set(pair.new.asked) & {fake_kafka.INIT, fake_kafka.PRODUCE, fake_kafka.END}, "a dry run only reads"
    result = pair.run()
    assert (result["rows"], result["proved"], result["changed"]) == (2 * ROWS, True, True) and pair.complete()
    assert result["bytes"] == predicted["bytes"] == sum(len(batch) for log in pair.old.logs.values() for batch in log)
    again = pair.run()
    assert (again["rows"], again["changed"], again["carried_before"]) == (0, False, 2 * ROWS) and pair.complete()
    assert pair.new.committed[TOPIC, 1] == (ROWS, '{"old-cluster":{"1":[[0,30]]}}')


def test_what_was_carried_of_a_topic_that_was_deleted_is_not_carried_of_the_one_created_after_it(pair: Pair) -> None:
    """Its offsets begin anew, so those that were carried are other rows."""
    pair.old.ids = {TOPIC: b"\1" * 16}
    assert pair.run()["rows"] == pair.run()["carried_before"] == 2 * ROWS
    pair.old.ids = {TOPIC: b"\2" * 16}
    again = pair.run()
    assert (again["rows"], again["carried_before"], again["proved"]) == (2 * ROWS, 0, True)
    assert pair.run()["carried_before"] == 2 * ROWS
    assert len(pair.arrived(0)) == 2 * ROWS


@pytest.mark.parametrize("after", [False, True], ids=["the request is lost", "the answer is lost"])
@pytest.mark.parametrize("side", ["old", "new"])
def test_each_row_arrives_once_whichever_request_fails(pair: Pair, side: str, after: bool) -> None:
    """Once with a second run after the first has failed, once with another attempt in the same run."""
    pair.run()
    requests = len(getattr(pair, side).asked)
    assert requests > 6
    failed = 0
    for again in (True, False):
        for number in range(1, requests + 1):
            mine = Pair()
            cluster = getattr(mine, side)
            cluster.fails_at, cluster.after = number, after
            with pytest.MonkeyPatch.context() as patch:
                if again:
                    patch.setattr(carry_over, "_ATTEMPTS", 1)
                first = mine.run()
            if again and first.get("failed"):
                failed += 1
                second = mine.run()
                assert not second.get("failed") and second["rows"] + first["rows"] <= 2 * ROWS, second["msg"]
            else:
                # It had carried something, so it was tried again at once.
                assert first["rows"] == 2 * ROWS and first["proved"], (number, first["msg"])
            assert mine.complete(), f"request {number} of {requests}"
            mine.close()
    assert failed > 3


def test_what_was_carried_before_a_failure_is_told(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carry_over, "_ATTEMPTS", 1)
    pair.new.deaf[fake_kafka.END] = 2
    result = pair.run()
    assert result["failed"] and result["changed"] and 0 < result["rows"] < 2 * ROWS
    assert result["msg"].startswith(f"{result['rows']} rows were carried and committed. target: 127.0.0.1:")
    assert "Run the task again" in result["msg"]


def test_the_time_of_the_broker_and_old_formats(pair: Pair) -> None:
    pair.old.logs[TOPIC, 0].clear()
    pair.fill(0, attributes=0x08)
    result = pair.run()
    assert len(result["warnings"]) == 1 and "LogAppendTime" in result["warnings"][0] and pair.complete()
    pair.new.committed.clear()
    # The fake takes the last offset from where the newer format has it.
    old = struct.pack(">qiIbbi", 0, 88, 0, 1, 0, -1).ljust(23, b"\0") + struct.pack(">i", 4) + b"\0" * 73
    pair.old.logs[TOPIC, 1][0] = old
    failed = pair.run()
    assert failed["failed"] and "in the message format of Kafka before 0.11" in failed["msg"]


def test_rows_that_are_compacted_away(pair: Pair) -> None:
    """Without compression the batch is written anew; with zstd it cannot be."""
    rows = {offset: row(offset) for offset in (0, 3, 4)}
    pair.old.logs[TOPIC, 0][0] = encode(rows)
    result = pair.run()
    assert (result["rows"], result["empty"]) == (2 * ROWS - 2, 2) and not result["warnings"]
    assert pair.arrived(0) == [row(number) for number in range(ROWS) if number not in (1, 2)]
    pair.new.committed.clear()
    pair.old.logs[TOPIC, 0][0] = encode(rows, codec=4)
    failed = pair.run()
    assert failed["failed"] and "compacted away from a batch that is compressed with zstd" in failed["msg"]


def test_rows_that_vanish_on_the_way(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when their time is over between the plan and the fetch. The next attempt names how many they are."""
    fetches = 0

    def vanish(whole: bytes) -> bytes:
        nonlocal fetches
        fetches += 1
        pair.old.starts[TOPIC, 0] = 20
        return whole

    pair.old.strange[fake_kafka.FETCH] = vanish
    result = pair.run()
    assert result["failed"] and "it has deleted rows of the ranges" in result["msg"] and fetches


def test_a_broker_that_sends_nothing_is_waited_for_and_named(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carry_over, "_STALL_SECONDS", 0.3)
    pair.old.logs[TOPIC, 0] = pair.old.logs[TOPIC, 0][:3]
    end = pair.old.end
    monkeypatch.setattr(pair.old, "end", lambda part: ROWS if part[1] == 0 else end(part))
    result = pair.run()
    assert result["failed"] and "gives no committed rows from offset 15 on: the broker sends none" in result["msg"]


def test_rows_that_readers_do_not_get_are_not_proved(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new cluster says that all is committed, and then that it ends before the last row."""
    monkeypatch.setattr(carry_over, "_STALL_SECONDS", 0.1)
    monkeypatch.setattr(carry_over, "_ATTEMPTS", 1)
    read, end = pair.new._list_offsets, pair.new.end

    def short(version: int, body: t.Any) -> bytes:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pair.new, "end", lambda part: end(part) - 1)
            return read(version, body)

    monkeypatch.setattr(pair.new, "_list_offsets", short)
    result = pair.run(timeout=3.0)
    assert result["failed"] and not result["proved"] and result["rows"] == 2 * ROWS
    assert "target: the rows in orders, partition 0 are not committed yet" in result["msg"]


def test_progress_is_shown(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carry_over, "INTERVAL", 0.0)
    lines: list[str] = []
    pair.run(show=lines.append)
    assert lines[-1].startswith(f"{2 * ROWS} of at most {2 * ROWS} rows, 0 MB, ") and lines[-1].endswith(
        "about 0 s left"
    )


def test_too_many_ranges_to_mark(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    ranges = [{"topic": TOPIC, "partition": 0, "start": number * 2, "end": number * 2 + 1} for number in range(15)]
    monkeypatch.setattr(carry_over.carry_marks, "MAX_BYTES", 80)
    result = pair.run(ranges=ranges)
    assert result["failed"] and "so many ranges that they cannot be marked any more" in result["msg"]
    assert len(pair.arrived(0)) == result["rows"] < 15


# --- hostile brokers --------------------------------------------------------------------------------------------------


def garbage(whole: bytes) -> bytes:
    return whole[:8] + random.Random(len(whole)).randbytes(len(whole) - 8)


def huge(_whole: bytes) -> bytes:
    return b"\x7f\xff\xff\xff" + b"\0" * 1000


def large(whole: bytes) -> bytes:
    """As large as an answer may be, and full of nothing."""
    return struct.pack(">i", 24 * 1024 * 1024) + whole[4:8] + b"\0" * (24 * 1024 * 1024 - 4)


def wrong_number(whole: bytes) -> bytes:
    return whole[:4] + struct.pack(">i", 99) + whole[8:]


def silent(_whole: bytes) -> bytes:
    return b"\0"


def short(whole: bytes) -> bytes:
    return struct.pack(">i", len(whole) // 2) + whole[4 : len(whole) // 2 + 4]


def many(whole: bytes) -> bytes:
    return struct.pack(">i", len(whole)) + whole[4:8] + whole[8:].replace(b"\0\0\0\1", b"\x7f\xff\xff\xff") + b"\0" * 4


KINDS = (garbage, huge, large, wrong_number, silent, short, many)
PLACES = [("old", key) for key in (fake_kafka.METADATA, fake_kafka.LIST_OFFSETS, fake_kafka.FETCH, fake_kafka.VERSIONS)]
PLACES += [("new", key) for key in fake_kafka.OF_TARGET]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.usefixtures("pair")
def test_hostile_answers_cost_no_more_than_the_time_limit(kind: t.Callable[[bytes], bytes]) -> None:
    failed = 0
    for side, key in PLACES:
        mine = Pair()
        cluster = getattr(mine, side)
        cluster.strange = {key: kind}
        tracemalloc.start()
        began = time.monotonic()
        try:
            result = mine.run(timeout=1.0)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert time.monotonic() - began < 5, (side, key)
        # The broker is in this process, too, and holds its own answer several times.
        assert peak < 250 * 1024 * 1024, (side, key)
        # Where only the answer is lost, the marks tell that the rows are there.
        assert result.get("failed") or mine.complete(), (side, key)
        failed += bool(result.get("failed"))
        cluster.strange = {}
        assert not mine.run().get("failed") and mine.complete(), (side, key)
        mine.close()
    assert failed >= (1 if kind is many else 10)


def test_a_broker_that_keeps_openssl_busy_is_cut_off(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time limits of its socket do not end a handshake in which something always happens."""
    ended = threading.Event()

    def endless(connection: socket.socket, _host: str) -> socket.socket:
        connection.settimeout(30)
        connection.recv(1)
        ended.set()
        raise OSError

    monkeypatch.setattr(carry_over_task.tls_handshake, "secure", lambda _client: endless)
    began = time.monotonic()
    result = pair.run(timeout=1.0)
    assert result["failed"] and "not everything could be carried within 1 s" in result["msg"]
    assert time.monotonic() - began < 5 and ended.wait(5)


@pytest.mark.parametrize(
    "batch",
    [
        hostile(delta=3, count=4, body=b"\xff" * 40),
        hostile(first=2**62, body=b"x"),
        hostile(delta=2**31 - 1, count=2**31 - 1, body=b"x"),
        hostile(attributes=0x20, body=b"\1"),
        hostile(attributes=1, delta=40, count=1, body=b"no gzip"),
    ],
)
def test_hostile_batches_are_refused_or_passed_on_as_they_are(pair: Pair, batch: bytes) -> None:
    """What is in a batch is for the new cluster to check: it has the checksum."""
    pair.old.logs[TOPIC, 0][0] = batch
    result = pair.run(timeout=2.0)
    assert result.get("failed") or result["rows"] + result["empty"] == 2 * ROWS


def record(time_delta: int, offset_delta: int) -> bytes:
    """A record without key and value, and with whatever offset and time."""

    def varint(value: int) -> bytes:
        return unsigned_varint(value << 1 if value >= 0 else (-value << 1) - 1)

    body = b"\0" + varint(time_delta) + varint(offset_delta) + varint(-1) + varint(-1) + b"\0"
    return varint(len(body)) + body


@pytest.mark.parametrize(
    "records",
    [
        [record(2**68, 0), record(0, 1)],
        [record(-(2**68), 0), record(0, 1)],
        [record(0, 2**68), record(0, 1)],
        [record(0, -5), record(0, 1)],
        [record(0, 0), record(0, 0)],
        [record(0, 1), record(0, 0)],
        [record(0, 0), record(0, 5)],
    ],
    ids=["time", "early time", "offset", "negative offset", "offset twice", "backwards", "outside of its batch"],
)
def test_a_record_with_an_impossible_offset_or_time_is_a_fault(pair: Pair, records: list[bytes]) -> None:
    """It ended in a defect, or its row counted as one that is not there."""
    pair.old.logs[TOPIC, 0][0] = hostile(delta=4, count=2, body=b"".join(records))
    result = pair.run(ranges=[{"topic": TOPIC, "partition": 0, "start": 0, "end": 3}])
    assert result["failed"] and "impossible offset or time" in result["msg"] and not pair.arrived(0)


@pytest.mark.parametrize("spelling", [str, lambda text: base64.b64encode(text.encode()).decode()])
@pytest.mark.parametrize("side", ["source", "target"])
def test_a_cluster_whose_id_is_a_secret_or_has_no_end(pair: Pair, side: str, spelling: t.Callable[[str], str]) -> None:
    secret = "Hunter2-and-more"
    cluster = pair.old if side == "source" else pair.new
    properties = {"bootstrap.servers": f"127.0.0.1:{cluster.port}", "x.unknown": secret}
    cluster.cluster_id = f"{spelling(secret)}\u202e{'A' * 30_000}"
    result = pair.run(**{side: {"properties": properties}})
    assert pair.complete() and spelling(secret) not in str((result, pair.new.committed))
    assert len(result[f"{side}_cluster"]) <= 300 and result[f"{side}_cluster"].isprintable()


def test_a_batch_is_split_for_many_ranges_in_linear_time(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every second row of a batch of 40,000 is wanted, up to the last."""
    monkeypatch.setattr(transfer_client, "_PARTITION_BYTES", 4_000_000)
    records = b"".join(record(0, number) for number in range(40_000))
    pair.old.logs[TOPIC, 0][0] = hostile(delta=39_999, count=40_000, body=records)
    del pair.old.logs[TOPIC, 0][1:]
    ranges = [{"topic": TOPIC, "partition": 0, "start": n, "end": n + 1} for n in range(0, 40_000, 2)]
    begun = time.process_time()
    result = pair.run(check=True, ranges=ranges, timeout=30.0)
    assert (result.get("failed"), result["rows"], result["extra"]) == (None, 20_000, 0)
    assert time.process_time() - begun < 5
