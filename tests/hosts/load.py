"""A producer that writes throughout, and a look at the hosts meanwhile: `python -m tests.hosts.load NAME start|stop`.

`stop` waits until the consumers have everything, then prints what was seen, as JSON:

    written, missing    records written, and those that no consumer has written down
    samples             how often was looked at the hosts
    down                which hosts refused connections to the service's port, each time that changed; first []
    members             the fewest and the most members of the consumer group
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import typing as t
from pathlib import Path

from confluent_kafka import KafkaException, Producer

from tests.conftest import ROOT
from tests.hosts.bed import GROUP, TOPIC, Bed
from tests.hosts.system import HostsError, wait_until
from tests.kafka import admin

#: Between two records. OnlineFS's own load comes in rows of feature groups; here it is the gaps that matter.
PAUSE = 0.02
_LOOK = 0.05
_ARRIVAL_SECONDS = 60


class Load:
    """The producer and the observers, as threads of this process. It must be in the lab's network."""

    def __init__(self, bed: Bed) -> None:
        self._bed = bed
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=work) for work in (self._write, self._look, self._count)]
        self._config = {"bootstrap.servers": bed.kafka["listeners"]["plaintext"]["bootstrap"], "log_level": 0}
        self._written: list[str] = []
        self._down: list[list[str]] = []
        self._members: list[int] = []
        self._samples = 0

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> dict[str, t.Any]:
        """End the threads, wait for the last records to arrive, and say what was seen."""
        self._stop.set()
        for thread in self._threads:
            thread.join(30)
        wanted = set(self._written)
        end = time.monotonic() + _ARRIVAL_SECONDS
        while wanted - set(self._bed.records()) and time.monotonic() < end:
            time.sleep(0.2)
        return {
            "written": len(self._written),
            "missing": len(wanted - set(self._bed.records())),
            "samples": self._samples,
            "down": self._down,
            "members": [min(self._members), max(self._members)],
        }

    def _write(self) -> None:
        producer = Producer({**self._config, "linger.ms": 0})
        mark = f"load-{time.monotonic_ns()}"
        while not self._stop.wait(PAUSE):
            producer.produce(TOPIC, f"{mark}-{len(self._written)}".encode(), on_delivery=self._delivered)
            self._written.append(f"{mark}-{len(self._written)}")
            producer.poll(0)
        if producer.flush(20):
            raise HostsError("Kafka did not take all records")

    @staticmethod
    def _delivered(error: t.Any, _record: t.Any) -> None:
        if error is not None:
            raise HostsError(f"Kafka did not take a record: {error}")

    def _look(self) -> None:
        while not self._stop.wait(_LOOK):
            down = [host.name for host in self._bed.lab.hosts if not _answers(host.address)]
            self._samples += 1
            if not self._down or self._down[-1] != down:
                self._down.append(down)

    def _count(self) -> None:
        client = admin.client(self._bed.kafka)
        while not self._stop.wait(0.3):
            try:
                described = client.describe_consumer_groups([GROUP], request_timeout=5)[GROUP].result(6)
            except KafkaException:
                continue  # the broker is slow; what is not seen is not counted
            self._members.append(len(described.members))


def _answers(address: str) -> bool:
    """Whether something listens on the port of the metrics; a slow answer is one."""
    try:
        with contextlib.suppress(TimeoutError):
            socket.create_connection((address, 12800), timeout=1).close()
    except ConnectionRefusedError:
        return False
    return True


def _place(bed: Bed) -> Path:
    return bed.lab.folder / "load"


def start(bed: Bed) -> None:
    """Start it as a process of its own in the lab's network; it is at work on return."""
    place = _place(bed)
    place.mkdir(exist_ok=True)
    for old in place.iterdir():
        old.unlink()
    with open(place / "log", "wb") as log:
        subprocess.Popen(
            bed.lab.inside(sys.executable, "-m", "tests.hosts.load", bed.lab.name, "run"),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    wait_until((place / "pid").exists, 30, f"the load on lab {bed.lab.name}")


def stop(bed: Bed) -> dict[str, t.Any]:
    """End it and return what it saw."""
    place = _place(bed)
    os.kill(int((place / "pid").read_text()), signal.SIGTERM)
    wait_until((place / "seen.json").exists, _ARRIVAL_SECONDS + 60, f"the end of the load: {place / 'log'}")
    return t.cast("dict[str, t.Any]", json.loads((place / "seen.json").read_text()))


def _run(bed: Bed) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    load, place = Load(bed), _place(bed)
    load.start()
    (place / "pid").write_text(str(os.getpid()))
    signal.sigwait([signal.SIGTERM])
    (place / "seen.new").write_text(json.dumps(load.stop()))
    (place / "seen.new").rename(place / "seen.json")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.hosts.load", description=__doc__)
    parser.add_argument("name", help="of the lab")
    parser.add_argument("command", choices=["start", "stop", "run"])
    given = parser.parse_args(arguments)
    bed = Bed(given.name)
    if given.command == "run":
        _run(bed)
    elif given.command == "start":
        start(bed)
    else:
        print(json.dumps(stop(bed)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
