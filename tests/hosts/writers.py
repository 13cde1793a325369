"""Programs of projects' users that write all the time, and the rows that OnlineFS has read: counted by identity.

Each writer is one project's program. It asks the Hopsworks API for the connector that an insert uses, as the real
client does at its start, makes a producer of that, and writes rows to the project's topic. A program that is started
again every few seconds asks again; a running stream does not, and holds the connector that it began with.

A row is `RUN:PROJECT:NUMBER`. It counts when a broker has acknowledged it.
"""

from __future__ import annotations

import base64
import collections
import contextlib
import functools
import ssl
import threading
import time
import typing as t
import urllib.parse
from pathlib import Path

from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.dialect_python_client import python_client
from ansible_collections.hopsworks.kafka.plugins.module_utils._keystores import jks
from confluent_kafka import Producer

from tests.hosts import service
from tests.hosts.move_bed import MoveBed, topic_of
from tests.hosts.system import HostsError
from tests.onlinefs import managed

#: How often a writer looks at the clock; it then writes what is due.
_TICK = 0.04
_FLUSH_SECONDS = 30
_KEYS = 50
GROUP = managed.GROUPS["onlinefs-kafka.properties"]


class Acknowledged(t.NamedTuple):
    """A row that a broker has taken, and where it lies."""

    row: str
    cluster: str
    topic: str
    partition: int
    offset: int


class Client:
    """The part of the Hopsworks client that makes a producer's configuration of a connector.

    What becomes of the options is the collection's prediction, which tests/clients compares with the real client.
    """

    def __init__(self, bed: MoveBed, scratch: Path) -> None:
        self._bed = bed
        self._scratch = scratch

    def configuration(self, project: str) -> dict[str, t.Any]:
        """What a producer of this project is made of at this moment."""
        emulator = self._bed.hopsworks
        answer = emulator.api("GET", f"{emulator.store_path(project)}/kafka_connector/byok?external=true")
        if answer.status != 200:
            raise HostsError(f"{project}: its connector cannot be read: {answer.status}")
        connector = answer.json()
        if not connector["externalKafka"]:
            # The Kafka that Hopsworks manages. The old cluster stands for it, and asks for no certificate.
            return {"bootstrap.servers": self._bed.plaintext("old")}
        predicted = python_client(connector)
        if not predicted.confluent:
            raise HostsError(f"{project}: {'; '.join(predicted.problems)}")
        return {**predicted.confluent, **self._certificates(project, connector)}

    def _certificates(self, project: str, connector: t.Mapping[str, t.Any]) -> dict[str, str]:
        """The stores of the connector as PEM files, as the client makes them."""
        if not connector.get("sslTruststoreLocation"):
            return {}
        trusted = self._store(project, connector, "Truststore")
        own = next(each for each in self._store(project, connector, "Keystore") if isinstance(each, jks.PrivateKey))
        key = base64.encodebytes(own.pkcs8_der).decode()
        texts = {
            "ca": "".join(ssl.DER_cert_to_PEM_cert(each.der) for each in trusted if isinstance(each, jks.TrustedCert)),
            "certificate": "".join(map(ssl.DER_cert_to_PEM_cert, own.chain)),
            "key": f"-----BEGIN PRIVATE KEY-----\n{key}-----END PRIVATE KEY-----\n",
        }
        made = {}
        for name, text in texts.items():
            path = self._scratch / f"{project}-{name}.pem"
            path.write_text(text)
            made[f"ssl.{name}.location"] = str(path)
        return made

    def _store(self, project: str, connector: t.Mapping[str, t.Any], which: str) -> list[jks.Entry]:
        emulator = self._bed.hopsworks
        location = urllib.parse.quote(str(connector[f"ssl{which}Location"]), safe="")
        answer = emulator.api("GET", f"{emulator.project_path(project)}/dataset/download/with_auth/{location}")
        if answer.status != 200:
            raise HostsError(f"{project}: {location} cannot be downloaded: {answer.status}")
        return jks.read(answer.body, connector[f"ssl{which}Password"])


class Writer:
    """One project's program, as a thread.

    :param pause: seconds between two rows.
    :param renewed: after so many seconds the program is started again, and asks for its connector; None: it is a
        stream, and holds its connector until `renew` is called.
    """

    def __init__(self, client: Client, run: str, project: str, pause: float, renewed: float | None) -> None:
        self.project = project
        self.acknowledged: list[Acknowledged] = []
        self.refused: list[str] = []
        self.failure: BaseException | None = None
        self.clusters: list[str] = []
        self._client = client
        self._run = run
        self._pause = pause
        self._renewed = renewed
        self._stop = threading.Event()
        self._renew = threading.Event()
        self._thread = threading.Thread(target=self._work, name=f"writer {project}")

    def start(self) -> None:
        self._thread.start()

    def renew(self) -> None:
        """Start the program again: it asks for its connector."""
        self._renew.set()

    def stop(self) -> None:
        self._stop.set()

    def join(self) -> None:
        self._thread.join(_FLUSH_SECONDS + 10)
        if self.failure is not None:
            raise self.failure
        if self._thread.is_alive():
            raise HostsError(f"the writer of {self.project} does not end")

    def _work(self) -> None:
        try:
            self._write()
        except BaseException as error:
            self.failure = error

    def _write(self) -> None:
        topic, number, due = topic_of(self.project), 0, time.monotonic()
        while not self._stop.is_set():
            configuration = self._client.configuration(self.project)
            servers = str(configuration["bootstrap.servers"])
            if self.clusters[-1:] != [servers]:
                self.clusters.append(servers)
            producer = Producer({**configuration, "linger.ms": 5, "log_level": 0})
            end = None if self._renewed is None else time.monotonic() + self._renewed
            self._renew.clear()
            while not (self._stop.is_set() or self._renew.is_set() or (end and time.monotonic() >= end)):
                while due <= time.monotonic():
                    row = f"{self._run}:{self.project}:{number}"
                    producer.produce(
                        topic,
                        row.encode(),
                        f"key-{number % _KEYS}".encode(),
                        headers={"number": str(number)},
                        on_delivery=functools.partial(self._taken, row, servers),
                    )
                    number += 1
                    due += self._pause
                producer.poll(0)
                self._stop.wait(_TICK)
            producer.flush(_FLUSH_SECONDS)

    def _taken(self, row: str, servers: str, error: t.Any, message: t.Any) -> None:
        if error is not None:
            self.refused.append(f"{row}: {error}")
        else:
            place = (message.topic(), message.partition(), message.offset())
            self.acknowledged.append(Acknowledged(row, servers, *place))


class Writers:
    """A writer for each project; in the lab's network, like the threads that it starts."""

    def __init__(
        self, bed: MoveBed, scratch: Path, pause: float, renewed: t.Mapping[str, float | None] | None = None
    ) -> None:
        """:param renewed: by project; those not named are streams."""
        client, run = Client(bed, scratch), f"{time.monotonic_ns():x}"
        self.writers = [Writer(client, run, project, pause, (renewed or {}).get(project)) for project in bed.projects]

    @contextlib.contextmanager
    def at_work(self) -> t.Iterator[Writers]:
        """They write for the block. A writer that failed fails it."""
        for writer in self.writers:
            writer.start()
        try:
            yield self
        finally:
            for writer in self.writers:
                writer.stop()
            for writer in self.writers:
                writer.join()

    def renew(self) -> None:
        """Start all programs again."""
        for writer in self.writers:
            writer.renew()

    @property
    def acknowledged(self) -> list[Acknowledged]:
        return [row for writer in self.writers for row in list(writer.acknowledged)]

    @property
    def refused(self) -> list[str]:
        return [text for writer in self.writers for text in list(writer.refused)]


class Read:
    """The rows that OnlineFS has read, on all hosts; how often each, by row."""

    def __init__(self, bed: MoveBed, group: str = GROUP) -> None:
        self.rows: collections.Counter[str] = collections.Counter()
        self._bed = bed
        self._group = group
        self._places: dict[str, int] = {}

    def update(self) -> Read:
        """Take in what was written down since the last time."""
        for host in self._bed.lab.hosts:
            path = host.root() / service.DATA / "logs/records"
            if not path.exists():
                continue
            with path.open("rb") as file:
                file.seek(self._places.get(host.name, 0))
                content = file.read()
            whole = content[: content.rfind(b"\n") + 1]
            self._places[host.name] = self._places.get(host.name, 0) + len(whole)
            for line in whole.decode().splitlines():
                group, _topic, _partition, _offset, row = line.split(" ", 4)
                if group == self._group:
                    self.rows[row] += 1
        return self

    def missing(self, rows: t.Iterable[Acknowledged], seconds: float = 0) -> list[Acknowledged]:
        """The rows that are not read within so many seconds."""
        wanted, end = list(rows), time.monotonic() + seconds
        while True:
            self.update()
            wanted = [each for each in wanted if each.row not in self.rows]
            if not wanted or time.monotonic() >= end:
                return wanted
            time.sleep(0.2)
