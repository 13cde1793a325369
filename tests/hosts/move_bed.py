"""A lab with two Kafka clusters and a Hopsworks: what a move from one Kafka to another needs.

The hosts begin as the installer leaves them, and read from the old cluster: it stands for the Kafka that Hopsworks
manages. Both clusters have the same topics and principals, each with its own authorities and passwords. The Hopsworks
API is the emulator, in the lab's network. The hosts keep their offsets as the real service does: in one table for all,
which knows no cluster (from 3.7 on), or in Kafka.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import signal
import subprocess
import sys
import typing as t
from pathlib import Path

from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import properties
from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclOperation,
    AclPermissionType,
    NewTopic,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from tests.conftest import ROOT
from tests.emulator.fixtures import ProcessEmulator, running_emulator
from tests.hosts import bed, lab, library, service
from tests.hosts.system import HostsError, cgroup_processes, process_name, run, wait_until
from tests.kafka import admin, cluster
from tests.kafka.settings import project_topic
from tests.onlinefs import java, managed
from tests.onlinefs.saved_offsets import SavedOffsets

#: The clusters by name: where each listens, and what its principals' passwords end with.
CLUSTERS = {"old": (lab.BROKERS[0], "of-the-old"), "new": (lab.BROKERS[1], "of-the-new")}
PARTITIONS = 3
_SECONDS = 30
_DROP_IN = "etc/systemd/system/onlinefs.service.d/saved-offsets.conf"
_ITERATIONS = 4096


@dataclasses.dataclass(frozen=True)
class Offsets:
    """:param start: the first offset that a partition still has; `end`: that of its next row."""

    start: int
    end: int


class MoveBed(bed.Bed):
    """The parts of the lab. Call its methods in the lab's network (`lab.entered()`)."""

    def __init__(self, name: str, projects: int) -> None:
        super().__init__(name)
        self.projects = [f"project_{number}" for number in range(1, projects + 1)]
        self.saved = SavedOffsets()
        self.emulator: ProcessEmulator | None = None

    @property
    def hopsworks(self) -> ProcessEmulator:
        if self.emulator is None:
            raise RuntimeError("the emulator does not run")
        return self.emulator

    @property
    def kafka(self) -> cluster.Description:
        return self.cluster("old")

    @property
    def topics(self) -> list[str]:
        return [topic_of(project) for project in self.projects]

    def cluster(self, which: str) -> cluster.Description:
        return cluster.load(self.lab.folder / which)

    def plaintext(self, which: str) -> str:
        """The servers of the listener on which everybody may do everything."""
        return str(self.cluster(which)["listeners"]["plaintext"]["bootstrap"])

    def declaration(self, which: str) -> dict[str, t.Any]:
        """The variables that declare a cluster: OnlineFS logs in as alice, each project as itself."""
        kafka, secret = self.cluster(which), CLUSTERS[which][1]
        return {
            "hopsworks_kafka_properties": {
                "bootstrap.servers": kafka["listeners"]["sasl_ssl"]["bootstrap"],
                "security.protocol": "SASL_SSL",
                "sasl.mechanism": "SCRAM-SHA-512",
                "sasl.jaas.config": bed.login("alice", f"alice-{secret}"),
            },
            "hopsworks_kafka_truststore": {"path": kafka["certificates"]["ca"]["pem"]},
            "hopsworks_kafka_projects": [
                {"name": project, "properties": {"sasl.jaas.config": bed.login(project, f"{project}-{secret}")}}
                for project in self.projects
            ],
        }

    def declare_cluster(self, which: str) -> None:
        """From now on the variables beside the inventory declare this cluster."""
        self.declare(**self.declaration(which))

    def offsets(self, which: str) -> dict[tuple[str, int], Offsets]:
        """Where each partition of the projects' topics begins and ends."""
        consumer = Consumer({"bootstrap.servers": self.plaintext(which), "group.id": "tests", "log_level": 0})
        try:
            found = {}
            for topic in self.topics:
                for number in range(PARTITIONS):
                    start, end = consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=_SECONDS)
                    found[topic, number] = Offsets(start, end)
            return found
        finally:
            consumer.close()

    def renew_topics(self, which: str) -> None:
        """Delete the projects' topics of a cluster and create them again, empty."""
        client = admin.client(self.cluster(which))
        _all(client.delete_topics(self.topics, operation_timeout=_SECONDS))

        def are_gone() -> bool:
            return not set(self.topics) & set(client.list_topics(timeout=_SECONDS).topics)

        wait_until(are_gone, _SECONDS, "the end of the topics")
        _all(client.create_topics([NewTopic(topic, PARTITIONS, 1) for topic in self.topics]))
        wait_until(lambda: all(_is_led(client, topic) for topic in self.topics), _SECONDS, "the leaders of the topics")

    def killed_at(self, task: str, hosts_done: int = 0, seconds: float = 240) -> str:
        """Run `site` until a task, kill it there with all its processes, and return its output.

        :param task: the end of the task's name.
        :param hosts_done: kill it when so many hosts are done with the task, one after the other; 0: when it begins.
        """
        own = {
            "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).with_name("callbacks")),
            "ANSIBLE_CALLBACKS_ENABLED": "end_at",
            "END_AT": task,
            "END_AFTER": str(hosts_done),
        }
        done = subprocess.run(
            self.command("hopsworks.kafka.site", *(["--forks", "1"] if hosts_done else [])),
            cwd=self.lab.folder,
            env={**self.environment(), **own},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
            start_new_session=True,
        )
        output = done.stdout + done.stderr
        if done.returncode != -signal.SIGKILL:
            raise HostsError(f"site was to be killed at {task!r}, and has ended with {done.returncode}: {output}")
        return output

    def configured(self, host: lab.Host) -> str:
        """The cluster that the live configuration of a host is for: `old` or `new`."""
        text = self.files(host)["onlinefs-kafka.properties"][0].decode("iso-8859-1")
        servers = properties.parse(text)["bootstrap.servers"]
        return next(which for which, (address, _secret) in CLUSTERS.items() if servers.startswith(f"{address}:"))

    def recorded(self, host: lab.Host) -> bool:
        """Whether the host has a record of what it has left."""
        return (host.root() / bed.STATE / "move.json").exists()

    def used(self, project: str) -> str:
        """The cluster that the programs of a project are sent to: `old` or `new`."""
        connector = self.hopsworks.connector(project)
        servers = connector["bootstrapServers"] if connector else self.plaintext("old")
        return next(which for which, (address, _secret) in CLUSTERS.items() if servers.startswith(f"{address}:"))

    def busy(self) -> bool:
        """Whether a module runs on a host: it goes on when its connection is lost."""
        return any(
            process_name(pid).startswith("python3") for host in self.lab.hosts for pid in cgroup_processes(host.cgroup)
        )

    def stop_services(self) -> None:
        """Stop OnlineFS on every host, so that no member of its groups is left."""
        on_all(self.lab.hosts, lambda host: host.run("systemctl", "stop", "onlinefs"))

    def reset(self, offsets: str = "table", beyond_the_end: str = "reset") -> None:
        """Begin anew: hosts as the installer left them, on the old cluster; topics empty; no connector; nothing read.

        :param offsets: `table`, as the real service from 3.7 on, or `kafka`.
        :param beyond_the_end: `reset` or `stop`: what the service does with a saved offset that is beyond the end.
        """
        self.stop_services()
        for which in CLUSTERS:
            self.renew_topics(which)
            client = admin.client(self.cluster(which))
            with contextlib.suppress(KafkaException):  # none there yet
                _all(client.delete_consumer_groups(list(managed.GROUPS.values())))
        self.saved.clear()
        store = self.hopsworks.store_path
        for project in self.projects:
            if self.hopsworks.connector(project):
                self.hopsworks.api("DELETE", f"{store(project)}/kafka_connector")
        on_all(self.lab.hosts, lambda host: self._reset_host(host, offsets, beyond_the_end))
        self.wait_until_serving()

    def _reset_host(self, host: lab.Host, offsets: str, beyond_the_end: str) -> None:
        root = host.root()
        for folder, pattern in ((bed.ETC, "*"), (service.DATA / "logs", "records")):
            for path in (root / folder).glob(pattern):
                path.unlink()
        run("rm", "-rf", str(root / bed.STATE))
        bed.first_configuration(host, self.plaintext("old"))
        drop_in = root / _DROP_IN
        drop_in.parent.mkdir(exist_ok=True)
        table = f"Environment=SAVED_OFFSETS={self.saved.url}\n" if offsets == "table" else ""
        drop_in.write_text(f"[Service]\n{table}Environment=BEYOND_THE_END={beyond_the_end}\n")
        host.run("systemctl", "daemon-reload")
        host.run("systemctl", "enable", "--quiet", "--now", "onlinefs")


def topic_of(project: str) -> str:
    """The online topic of a project."""
    return project_topic(int(project.rpartition("_")[2]))


def on_all(hosts: t.Sequence[lab.Host], work: t.Callable[[lab.Host], t.Any]) -> None:
    """Do the work on all hosts at once."""
    with concurrent.futures.ThreadPoolExecutor(len(hosts)) as pool:
        list(pool.map(work, hosts))


@contextlib.contextmanager
def move_bed(name: str, hosts: int, projects: int) -> t.Iterator[MoveBed]:
    """The lab for the block, gone after it."""
    lab.down(name)
    lab.up(hosts, name, command=bed.COMMAND, consumer=java.build(), data_size="128m")
    try:
        made = MoveBed(name, projects)
        with concurrent.futures.ThreadPoolExecutor() as pool:
            started = [pool.submit(_start_cluster, made, which) for which in CLUSTERS]
            for host in made.lab.hosts:
                library.install(host.root())
            for one in started:
                one.result()
        with contextlib.ExitStack() as stack:
            with made.lab.entered():
                for which in CLUSTERS:
                    _prepare(made, which)
                made.emulator = stack.enter_context(running_emulator(projects, tls=True))
                stack.enter_context(made.saved.served(lab.CONTROLLER))
                _declare(made)
            yield made
    finally:
        lab.down(name)


def _start_cluster(made: MoveBed, which: str) -> None:
    start = ["-m", "tests.kafka", "start", "--host", CLUSTERS[which][0], "--dir", str(made.lab.folder / which)]
    start += ["--projects", str(len(made.projects))]
    run("env", "-C", str(ROOT), *made.lab.inside(sys.executable, *start), timeout=180)


def _prepare(made: MoveBed, which: str) -> None:
    """The rights, and passwords that only this cluster knows."""
    kafka, secret = made.cluster(which), CLUSTERS[which][1]
    bed.prepare(kafka)
    client = admin.client(kafka)  # held by a name: its futures end with it
    how = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, _ITERATIONS)
    wanted = [
        UserScramCredentialUpsertion(user, how, f"{user}-{secret}".encode()) for user in ["alice", *made.projects]
    ]
    _all(client.alter_user_scram_credentials(wanted))
    rules = [
        AclBinding(kind, name, pattern, "User:alice", "*", operation, AclPermissionType.ALLOW)
        for kind, name, pattern, operation in (
            # What brings rows over writes them, and its marker, in transactions.
            (ResourceType.TOPIC, "project_", ResourcePatternType.PREFIXED, AclOperation.WRITE),
            (ResourceType.GROUP, "hopsworks_kafka_", ResourcePatternType.PREFIXED, AclOperation.READ),
            (ResourceType.TRANSACTIONAL_ID, "hopsworks_kafka_", ResourcePatternType.PREFIXED, AclOperation.WRITE),
        )
    ]
    _all(client.create_acls(rules))


def _is_led(client: t.Any, topic: str) -> bool:
    found = client.list_topics(timeout=_SECONDS).topics.get(topic)
    return (
        found is not None
        and len(found.partitions) == PARTITIONS
        and all(part.leader >= 0 for part in found.partitions.values())
    )


def _all(futures: t.Mapping[t.Any, t.Any]) -> None:
    for future in futures.values():
        future.result(_SECONDS)


def _declare(made: MoveBed) -> None:
    emulator = made.hopsworks
    (made.lab.folder / "host_vars").mkdir()
    made.declare(
        hopsworks_host=emulator.host,
        hopsworks_port=emulator.port,
        hopsworks_api_key=emulator.api_key,
        hopsworks_ca_path=str(emulator.ca_path),
        hopsworks_kafka_topics=made.topics,
        onlinefs_service_version="3.8",
        onlinefs_consumer_properties=bed.QUICK,
        onlinefs_vector_db_properties=bed.QUICK,
        onlinefs_service_settle=1,
        onlinefs_service_timeout=60,
    )
    made.declare_cluster("new")
