# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""python -m tests.kafka.batches > tests/unit/brokers/batches.json: record batches as a real broker stores them."""

from __future__ import annotations

import json
import sys
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.transfer_client import Fetched, RecordSource
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.deadline import Deadline
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.declaration import declare
from confluent_kafka import Producer
from confluent_kafka.admin import NewTopic

from . import admin
from .fixtures import running_kafka

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
ROWS = 12
TIME = 1_700_000_000_000


def make_topic(kafka: t.Mapping[str, t.Any], name: str, partitions: int = 1, **config: str) -> None:
    """Make a topic, and wait until it is there."""
    config = {key.replace("_", "."): value for key, value in config.items()}
    client = admin.client(kafka)  # held by a name: its futures end with it
    client.create_topics([NewTopic(name, partitions, 1, config=config)])[name].result(timeout=30)


def producer(kafka: t.Mapping[str, t.Any], **more: t.Any) -> Producer:
    """A producer that may write everything."""
    config = {name.replace("_", "."): value for name, value in more.items()}
    return Producer({"bootstrap.servers": kafka["listeners"]["plaintext"]["bootstrap"], "linger.ms": 100, **config})


def fetch(kafka: t.Mapping[str, t.Any], topic: str) -> Fetched:
    """What a fetch from the start of the first partition brings."""
    declared = declare({"bootstrap.servers": kafka["listeners"]["plaintext"]["bootstrap"]})
    with RecordSource(declared, None, Deadline(30)) as source:
        [where] = set(source.metadata([topic]).leaders.values())
        [found] = source.answer(where, source.request(where, {(topic, 0): 0}))
    return found


def main() -> None:
    """Print the JSON."""
    made: dict[str, t.Any] = {}
    with running_kafka() as kafka:
        for codec in CODECS:
            make_topic(kafka, codec)
            rows = [(b"key-%d" % number, b"value " * number, TIME + number) for number in range(ROWS)]
            out = producer(kafka, compression_type=codec)
            for key, value, when in rows:
                out.produce(codec, value, key, timestamp=when, headers={"number": b"%d" % (when - TIME)})
            out.flush(30)
            data = bytes(fetch(kafka, codec).records).hex()
            made[codec] = {"rows": [(key.hex(), value.hex(), when) for key, value, when in rows], "data": data}
        make_topic(kafka, "transactions")
        made["transactions"] = _transactions(kafka)
    json.dump(made, sys.stdout, indent=1)
    print()


def _transactions(kafka: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    kept, lost, plain = (
        producer(kafka, **more)
        for more in ({"transactional_id": "kept"}, {"transactional_id": "lost"}, {"enable_idempotence": True})
    )
    committed: list[str] = []

    def write(out: Producer, value: bytes, stays: bool) -> None:
        out.produce("transactions", value, b"k")
        out.flush(30)
        if stays:
            committed.append(value.hex())

    for out in (kept, lost):
        out.init_transactions(30)
        out.begin_transaction()
    write(kept, b"kept 1", stays=True)
    write(lost, b"lost 1", stays=False)
    write(plain, b"plain 1", stays=True)
    write(kept, b"kept 2", stays=True)
    lost.abort_transaction(30)
    write(plain, b"plain 2", stays=True)
    kept.commit_transaction(30)
    lost.begin_transaction()
    write(lost, b"kept 3, by the other", stays=True)
    lost.commit_transaction(30)
    found = fetch(kafka, "transactions")
    return {"data": bytes(found.records).hex(), "aborted": list(found.aborted), "committed": committed}


if __name__ == "__main__":
    main()
