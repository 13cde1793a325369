"""OnlineFS at work in a lab: `python -m tests.hosts.bed up NAME COUNT`, `python -m tests.hosts.bed down NAME`.

On every host runs onlinefs.service with the Java consumer. Its first configuration reads from the plain listener of a
real Kafka in the lab's network, as from the Kafka that Hopsworks manages. Beside the lab's inventory lies a declaration
for another listener of that Kafka (SASL_SSL, SCRAM), so `ansible-playbook hopsworks.kafka.onlinefs` needs nothing else.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import time
import typing as t
import urllib.request
from pathlib import Path

from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclOperation,
    AclPermissionType,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)

from tests.conftest import COLLECTIONS, ROOT
from tests.hosts import lab, library, service
from tests.hosts.system import HostsError, cgroup_processes, process_name, run, wait_until
from tests.kafka import admin, cluster
from tests.onlinefs import java, managed

#: Read by every host; more partitions than hosts, so that each of them has its share.
TOPIC = "load_onlinefs"
PARTITIONS = 6
GROUP = managed.GROUPS["onlinefs-kafka.properties"]
COMMAND = f"/bin/sh /{service.CONSUMER}/onlinefs"
ETC = service.DATA / "etc"
STATE = Path("var/lib/hopsworks_kafka") / str(service.HOME).replace("/", "-")

#: A member that joins waits for the others, which learn of it by their next heartbeat.
QUICK = {"heartbeat.interval.ms": 500}

File = tuple[bytes, int, int, int]


@dataclasses.dataclass(frozen=True)
class Ran:
    """What a run of ansible-playbook came to."""

    code: int
    output: str

    def recap(self, host: str, count: str) -> int:
        """A number from the recap (ok, changed, failed); 0 for a host that is not in it."""
        lines = [line for line in self.output.splitlines() if line.startswith(f"{host} ") and "unreachable=" in line]
        return int(lines[-1].split(f"{count}=")[1].split()[0]) if lines else 0


class Bed:
    """The parts of a lab in which OnlineFS is at work."""

    def __init__(self, name: str) -> None:
        self.lab = lab.Lab(name)
        self.inventory = self.lab.folder / "inventory.ini"

    @property
    def kafka(self) -> cluster.Description:
        return cluster.load(self.lab.folder / "kafka")

    @property
    def declared(self) -> dict[str, t.Any]:
        """The variables that lie beside the inventory."""
        return t.cast("dict[str, t.Any]", json.loads((self.lab.folder / "group_vars/all.json").read_text()))

    def declare(self, **variables: t.Any) -> None:
        """Change variables beside the inventory."""
        path = self.lab.folder / "group_vars/all.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({**(self.declared if path.exists() else {}), **variables}, indent=2))

    def command(self, playbook: str | Path, *options: str) -> list[str]:
        """ansible-playbook in the lab's network: from there the controller reaches Kafka too."""
        tool = str(Path(sys.executable).with_name("ansible-playbook"))
        return self.lab.inside(tool, "-i", str(self.inventory), str(playbook), *options)

    def environment(self) -> dict[str, str]:
        settings = {"ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "ANSIBLE_CONFIG": str(ROOT / "tests/ansible.cfg")}
        return {**os.environ, **settings, "ANSIBLE_NOCOLOR": "1"}

    def play(
        self,
        *options: str,
        playbook: str | Path = "hopsworks.kafka.onlinefs",
        environment: t.Mapping[str, str] | None = None,
        seconds: float = 240,
        **variables: t.Any,
    ) -> Ran:
        """Run a playbook over the hosts to its end; variables win over the declared ones."""
        extra = ["-e", json.dumps(variables)] if variables else []
        done = subprocess.run(
            self.command(playbook, *extra, *options),
            cwd=self.lab.folder,
            env={**self.environment(), **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        return Ran(done.returncode, done.stdout + done.stderr)

    def files(self, host: lab.Host) -> dict[str, File]:
        """Content, mode, user and group of every file in the configuration directory."""
        found = {}
        for path in sorted((host.root() / ETC).iterdir()):
            status = path.stat()
            found[path.name] = (path.read_bytes(), status.st_mode & 0o7777, status.st_uid, status.st_gid)
        return found

    def pid(self, host: lab.Host) -> int | None:
        """The machine's process id of the host's service; None while it is down."""
        return next((pid for pid in cgroup_processes(host.cgroup) if process_name(pid) == "java"), None)

    def records(self) -> list[str]:
        """The values that the main group of all hosts has written down, in no order; twice where read twice."""
        found: list[str] = []
        for host in self.lab.hosts:
            path = host.root() / service.DATA / "logs/records"
            lines = path.read_text().splitlines() if path.exists() else []
            found += [line.split(" ", 4)[4] for line in lines if line.startswith(f"{GROUP} {TOPIC} ")]
        return found

    def metrics(self, host: lab.Host) -> str:
        """What the service tells of itself; empty while it does not answer."""
        with self.lab.entered():
            try:
                return str(urllib.request.urlopen(f"http://{host.address}:12800/metrics", timeout=3).read().decode())
            except OSError:
                return ""

    def serves(self, host: lab.Host) -> bool:
        """Whether the service is in its group and has partitions."""
        mark = f'onlinefs_assigned_partitions{{group="{GROUP}"}} '
        return any(line.startswith(mark) and line != f"{mark}0" for line in self.metrics(host).splitlines())

    def wait_until_serving(self, seconds: float = 60) -> None:
        for host in self.lab.hosts:
            wait_until(lambda host=host: self.serves(host), seconds, f"{host.name}: its service in its group")


def up(name: str, count: int, with_library: bool = True) -> Bed:
    """Make the lab and start everything in it.

    :param with_library: confluent-kafka is on the hosts, for the whole of the probe.
    """
    consumer = java.build()
    lab.up(count, name, command=COMMAND, consumer=consumer)
    bed = Bed(name)
    try:
        folder = bed.lab.folder / "kafka"
        start = ["-m", "tests.kafka", "start", "--host", lab.BROKERS[0], "--dir", str(folder)]
        run("env", "-C", str(ROOT), *bed.lab.inside(sys.executable, *start), timeout=120)
        with bed.lab.entered():
            prepare(bed.kafka)
        _declare(bed)
        for host in bed.lab.hosts:
            if with_library:
                library.install(host.root())
            first_configuration(host, bed.kafka["listeners"]["plaintext"]["bootstrap"])
            host.run("systemctl", "enable", "--quiet", "--now", "onlinefs")
        bed.wait_until_serving()
    except BaseException:
        lab.down(name)
        raise
    return bed


def login(user: str, password: str) -> str:
    """What `sasl.jaas.config` says for SCRAM."""
    return f'org.apache.kafka.common.security.scram.ScramLoginModule required username="{user}" password="{password}";'


def prepare(kafka: cluster.Description) -> None:
    """The topic, and the rights: OnlineFS's groups for everybody, its topics for alice by any way to log in."""
    client = admin.client(kafka)
    rules = [
        AclBinding(kind, name, ResourcePatternType.PREFIXED, user, "*", AclOperation.READ, AclPermissionType.ALLOW)
        for kind, name, user in (
            (ResourceType.GROUP, "onlinefs_", "User:*"),
            (ResourceType.TOPIC, "project_", "User:alice"),
            (ResourceType.TOPIC, TOPIC, "User:alice"),
        )
    ]
    for futures in (client.create_topics([NewTopic(TOPIC, PARTITIONS, 1)]), client.create_acls(rules)):
        for future in futures.values():
            future.result(20)


def _declare(bed: Bed) -> None:
    (bed.lab.folder / "host_vars").mkdir()
    kafka = bed.kafka
    bed.declare(
        hopsworks_kafka_properties={
            "bootstrap.servers": kafka["listeners"]["sasl_ssl"]["bootstrap"],
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.jaas.config": login("alice", kafka["users"]["alice"]["password"]),
        },
        hopsworks_kafka_truststore={"path": kafka["certificates"]["ca"]["pem"]},
        lab_kafka=kafka,
        onlinefs_service_version="3.8",
        onlinefs_consumer_properties=QUICK,
        onlinefs_vector_db_properties=QUICK,
        onlinefs_service_settle=1,
        onlinefs_service_timeout=60,
    )


def first_configuration(host: lab.Host, servers: str) -> None:
    """What the installer leaves; owners and modes differ, so that a way back that forgets them is seen."""
    attributes = {"onlinefs-kafka-vector-db.properties": (0, service.GROUP_ID, 0o640)}
    for name, text in managed.files(servers).items():
        path = host.root() / ETC / name
        user, group, mode = attributes.get(name, (service.USER_ID, service.GROUP_ID, 0o750))
        path.write_text(text)
        os.chown(path, user, group)
        path.chmod(mode)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.hosts.bed", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    start = commands.add_parser("up", help="start the lab; prints its inventory")
    start.add_argument("name")
    start.add_argument("count", type=int)
    start.add_argument("--without-library", action="store_true", help="no confluent-kafka on the hosts")
    commands.add_parser("down", help="end it").add_argument("name")
    given = parser.parse_args(arguments)
    try:
        if given.command == "down":
            lab.down(given.name)
        else:
            began = time.monotonic()
            made = up(given.name, given.count, not given.without_library)
            print(f"{made.inventory} ({time.monotonic() - began:.1f} s)")
    except HostsError as error:
        print(f"tests.hosts.bed: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
