# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kafka_carry_over beside Kafka's own mirror, MirrorMaker 2, from one broker to another on this machine.

MirrorMaker 2 is timed from its first row in the new cluster to its last, so without the start of its JVM and of its
connectors. kafka_carry_over is timed as a whole process, with the marks of what was carried and its proof.
``CARRY_OVER_ROWS`` sets another number of rows.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import typing as t

from confluent_kafka import Consumer, Producer, TopicPartition

from tests.bench.measure import require
from tests.conftest import ROOT
from tests.kafka.batches import make_topic
from tests.kafka.cluster import Description
from tests.kafka.fixtures import running_kafka
from tests.kafka.jars import classpath, java

ROWS = int(os.environ.get("CARRY_OVER_ROWS", "1000000"))
SIZE = 1000
PARTITIONS = 4
TOPIC = "bench_onlinefs"
MODULE = ROOT / "plugins" / "modules" / "kafka_carry_over.py"
#: The last release of MirrorMaker 2 that Maven Central has.
MIRROR = "4.3.1"
_SECONDS = 1800
_JVM = ("-Xms256m", "-Xmx1g")

Ends = dict[int, int]


def beside_mirror_maker() -> None:
    """Prints seconds, rates, memory and the ratio."""
    with running_kafka() as old, running_kafka() as new, tempfile.TemporaryDirectory() as scratch:
        for side in (old, new):
            make_topic(side, TOPIC, PARTITIONS)
        fill(old)
        ranges = [
            {"topic": TOPIC, "partition": part, "start": 0, "end": end}
            for part, end in sorted(ends(old, TOPIC).items())
        ]
        theirs = mirror(old, new, pathlib.Path(scratch))
        options = {
            "source": {"properties": {"bootstrap.servers": servers(old)}},
            "target": {"properties": {"bootstrap.servers": servers(new)}},
            "ranges": ranges,
        }
        ours, megabytes_held, result = carried(options)
    if result["rows"] != ROWS or not result["proved"]:
        raise SystemExit(f"not everything was carried: {result['msg']}")
    megabytes = ROWS * SIZE / 1e6
    print(f"{ROWS} rows of {SIZE} bytes, {PARTITIONS} partitions, both brokers on this machine")
    print(f"  MirrorMaker 2 ({MIRROR})   {theirs:7.1f} s  {megabytes / theirs:6.1f} MB/s")
    print(f"  kafka_carry_over         {ours:7.1f} s  {megabytes / ours:6.1f} MB/s")
    print(f"  memory of kafka_carry_over: {megabytes_held:.0f} MB")
    print(f"  ratio: {theirs / ours:.2f} times as fast as MirrorMaker 2")
    require("at least half as fast as MirrorMaker 2", theirs / ours >= 0.5)
    require("less than 200 MB of memory", megabytes_held < 200)


def carried(options: dict[str, t.Any]) -> tuple[float, float, dict[str, t.Any]]:
    """Run the module as a process of its own; return its seconds, the most memory that it held, and its result.

    Not what the kernel counts for a child that has ended: that includes the memory of this process, which it was
    forked from.
    """
    environment = {**os.environ, "PYTHONPATH": str(ROOT / ".build" / "collections")}
    began = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, str(MODULE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )
    assert child.stdin and child.stdout
    child.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": options}))
    child.stdin.close()
    peak = 0
    while child.poll() is None:
        with contextlib.suppress(OSError, StopIteration):
            lines = pathlib.Path(f"/proc/{child.pid}/status").read_text().splitlines()
            peak = max(peak, int(next(line for line in lines if line.startswith("VmHWM")).split()[1]))
        time.sleep(0.05)
    seconds = time.perf_counter() - began
    return seconds, peak / 1024, json.loads(child.stdout.read())


def servers(side: Description) -> str:
    return str(side["listeners"]["plaintext"]["bootstrap"])


def fill(side: Description) -> None:
    """Write the rows, as the Hopsworks Python client does: with librdkafka and its defaults."""
    out = Producer({"bootstrap.servers": servers(side), "log_level": 0})
    body = os.urandom(SIZE)
    for number in range(ROWS):
        while True:
            with contextlib.suppress(BufferError):
                out.produce(TOPIC, body, b"%d" % number, partition=number % PARTITIONS)
                break
            out.poll(0.1)
    if out.flush(300):
        raise SystemExit("the rows could not be written")


def ends(side: Description, topic: str) -> Ends:
    """The end of each partition; none if there is no such topic yet."""
    reader = Consumer({"bootstrap.servers": servers(side), "group.id": "bench", "log_level": 0})
    try:
        found = reader.list_topics(timeout=30).topics
        if topic not in found:
            return {}
        return {
            part: reader.get_watermark_offsets(TopicPartition(topic, part), timeout=30)[1]
            for part in found[topic].partitions
        }
    finally:
        reader.close()


def mirror(old: Description, new: Description, folder: pathlib.Path) -> float:
    """Run MirrorMaker 2 until it has copied everything; return the seconds from its first row to its last."""
    copied = f"old.{TOPIC}"
    settings = {
        "clusters": "old, new",
        "old.bootstrap.servers": servers(old),
        "new.bootstrap.servers": servers(new),
        "old->new.enabled": "true",
        "old->new.topics": TOPIC,
        "new->old.enabled": "false",
        "tasks.max": str(PARTITIONS),
        "replication.factor": "1",
        "offset-syncs.topic.replication.factor": "1",
        "checkpoints.topic.replication.factor": "1",
        "heartbeats.topic.replication.factor": "1",
        "offset.storage.replication.factor": "1",
        "status.storage.replication.factor": "1",
        "config.storage.replication.factor": "1",
        "emit.heartbeats.enabled": "false",
        "emit.checkpoints.enabled": "false",
        "sync.topic.acls.enabled": "false",
    }
    (folder / "mirror.properties").write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
    (folder / "log4j2.properties").write_text("status = error\nrootLogger.level = warn\n")
    path = classpath(MIRROR, ("connect-mirror", "connect-runtime"))
    command = [java(), *_JVM, f"-Dlog4j2.configurationFile={folder / 'log4j2.properties'}", "-cp", path]
    command += ["org.apache.kafka.connect.mirror.MirrorMaker", str(folder / "mirror.properties")]
    with (folder / "mirror.log").open("wb") as log:
        child = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        return _copied(child, new, copied, folder / "mirror.log")
    finally:
        child.kill()
        child.wait()


def _copied(child: subprocess.Popen[bytes], new: Description, topic: str, log: pathlib.Path) -> float:
    began, first = time.monotonic(), None
    while time.monotonic() - began < _SECONDS:
        if child.poll() is not None:
            break
        rows = sum(ends(new, topic).values())
        if rows and first is None:
            first = time.monotonic()
        if rows >= ROWS and first is not None:
            return max(time.monotonic() - first, 0.001)
        time.sleep(0.05)
    raise SystemExit(f"MirrorMaker 2 did not copy everything:\n{log.read_text(errors='replace')[-3000:]}")
