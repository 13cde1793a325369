"""Hosts: this collection beside a plain role, on the same ten SSH hosts, in one run.

The plain role does what a user would write without a module: a template for each properties file, a copy loop for the
stores, and the service started. It checks nothing, keeps nothing and proves nothing. Both sides are whole
``ansible-playbook`` processes over SSH with pipelining and as many forks as hosts. They take turns, so that a busy
machine is busy for both, and the median counts. Modules are counted on the hosts: each tells the system's log that it
was called.
"""

from __future__ import annotations

import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import typing as t

from tests.bench.measure import require
from tests.conftest import COLLECTIONS, ROOT
from tests.hosts import lab
from tests.hosts.bed import first_configuration
from tests.kafka import certificates

COUNT = 10
ROUNDS = 3
SIDES = ("plain", "ours")
NAME = "bench-hosts"
#: Answers on the port of the metrics, and needs no Kafka: neither side restarts it here.
SERVICE = "/usr/bin/python3 -m http.server 12800 --directory /onlinefs/bin"
FILES = ("onlinefs-kafka.properties", "onlinefs-kafka-vector-db.properties", "producer.properties")
STORES = ("truststore.jks", "keystore.jks")
#: The plain role's files have a folder of their own, so that the sides can take turns.
PLACE = "/srv/hops/onlinefs/plain"

TEMPLATE = """\
bootstrap.servers={{ servers }}
security.protocol=SSL
ssl.truststore.location=/onlinefs/etc/truststore.jks
ssl.truststore.password=store-Secret-1
ssl.keystore.location=/onlinefs/etc/keystore.jks
ssl.keystore.password=store-Secret-1
ssl.key.password=store-Secret-1
group.id=onlinefs_rondb
auto.offset.reset=earliest
enable.auto.commit=false
"""
PLAIN = f"""
- hosts: onlinefs
  gather_facts: false
  become: true
  tasks:
    - ansible.builtin.template:
        src: onlinefs-kafka.properties.j2
        dest: {PLACE}/{FILES[0]}
        owner: onlinefs
        group: onlinefs
        mode: "{{{{ file_mode }}}}"
    - ansible.builtin.template:
        src: onlinefs-kafka.properties.j2
        dest: {PLACE}/{FILES[1]}
        owner: onlinefs
        group: onlinefs
        mode: "{{{{ file_mode }}}}"
    - ansible.builtin.template:
        src: onlinefs-kafka.properties.j2
        dest: {PLACE}/{FILES[2]}
        owner: onlinefs
        group: onlinefs
        mode: "{{{{ file_mode }}}}"
    - ansible.builtin.copy:
        src: "{{{{ item }}}}"
        dest: {PLACE}/
        owner: onlinefs
        group: onlinefs
        mode: "{{{{ file_mode }}}}"
      loop: [{", ".join(STORES)}]
    - ansible.builtin.service:
        name: onlinefs
        state: started
"""
OURS = """
- hosts: onlinefs
  gather_facts: false
  roles:
    - hopsworks.kafka.onlinefs
"""


class Run(t.NamedTuple):
    seconds: float
    modules: int
    changed: int


class Bench:
    """The hosts, and the two playbooks over them."""

    def __init__(self, made: lab.Lab, folder: pathlib.Path) -> None:
        self._lab = made
        self._folder = folder
        stores = certificates.make(folder / "certificates", ["kafka.example.com"], ["alice"])
        for name, source in zip(STORES, (stores["ca"]["jks"], stores["alice"]["jks"]), strict=True):
            (folder / name).write_bytes(pathlib.Path(source).read_bytes())
        (folder / "onlinefs-kafka.properties.j2").write_text(TEMPLATE)
        (folder / "plain.yml").write_text(PLAIN)
        (folder / "ours.yml").write_text(OURS)
        store = {"type": "JKS", "password": certificates.STORE_PASSWORD}
        self._variables: dict[str, t.Any] = {
            "servers": "kafka.example.com:9093",
            "onlinefs_service_version": "3.8",
            "onlinefs_properties": {"bootstrap.servers": "kafka.example.com:9093", "security.protocol": "SSL"},
            "onlinefs_truststore": {"path": str(folder / STORES[0]), **store},
            "onlinefs_keystore": {"path": str(folder / STORES[1]), **store},
            # There is no Kafka here; a change without restart asks for none of these.
            "onlinefs_probe": "never",
            "onlinefs_verify_consumer_group": False,
            "onlinefs_service_settle": 0,
        }

    def play(self, side: str, mode: str) -> Run:
        """One ansible-playbook process, timed; `mode` of the files is what differs between runs."""
        given = {**self._variables, "file_mode": mode, "onlinefs_file_mode": mode}
        (self._folder / "given.json").write_text(json.dumps(given))
        tool = str(pathlib.Path(sys.executable).with_name("ansible-playbook"))
        command = [tool, "-i", str(self._lab.folder / "inventory.ini"), f"{side}.yml", "-e", "@given.json"]
        before, started = self._modules(), time.monotonic()
        done = subprocess.run(
            [*command, "--forks", str(COUNT)],
            cwd=self._folder,
            env={
                **os.environ,
                "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
                "ANSIBLE_CONFIG": str(ROOT / "tests/ansible.cfg"),
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        seconds = time.monotonic() - started
        if done.returncode:
            raise SystemExit(f"the benchmark's playbook failed:\n{done.stdout[-3000:]}\n{done.stderr[-2000:]}")
        changed = sum(int(word[8:]) for word in done.stdout.split() if word.startswith("changed="))
        return Run(seconds, self._modules() - before, changed)

    def _modules(self) -> int:
        """Modules that the hosts were asked for since they started."""
        logs = (host.run("journalctl", "--no-pager", "--output=cat") for host in self._lab.hosts)
        return sum(log.count("Invoked with") for log in logs)


def beside_a_plain_role() -> float:
    """Prints seconds and module runs of both sides; returns the smaller ratio, plain ÷ ours."""
    lab.down(NAME)
    with tempfile.TemporaryDirectory() as scratch:
        made = lab.up(COUNT, NAME, command=SERVICE)
        try:
            for host in made.hosts:
                first_configuration(host, "kafka.example.com:9092")
                host.run("install", "--directory", "--owner=onlinefs", "--group=onlinefs", PLACE)
                host.run("touch", "/srv/hops/onlinefs/bin/metrics")  # what the service answers with
                host.run("systemctl", "enable", "--quiet", "--now", "onlinefs")
            return _compare(Bench(made, pathlib.Path(scratch)))
        finally:
            lab.down(NAME)


def _compare(bench: Bench) -> float:
    runs: dict[tuple[str, str], list[Run]] = {}
    for side in SIDES:
        bench.play(side, "0640")
    for number in range(ROUNDS):
        for what in ("change", "no change"):
            for side in SIDES:
                run = bench.play(side, ("0600", "0640")[number % 2])
                print(f"  {what}, {side}: {run.seconds:.1f} s", flush=True)
                runs.setdefault((side, what), []).append(run)
    ratios = []
    print(f"{COUNT} hosts over SSH, {ROUNDS} rounds, medians")
    for what in ("change", "no change"):
        seconds = {side: statistics.median(run.seconds for run in runs[side, what]) for side in SIDES}
        modules = {side: max(run.modules for run in runs[side, what]) / COUNT for side in SIDES}
        ratios.append(seconds["plain"] / seconds["ours"])
        for side in SIDES:
            print(f"  {what:9} {side:5} {seconds[side]:6.1f} s  {modules[side]:.1f} modules a host")
        print(f"  {what:9} ratio {ratios[-1]:.1f}")
        require(f"{what}: at most 2 modules a host", modules["ours"] <= 2)
    require("ratio to a plain role at least 5", min(ratios) >= 5)
    quiet = all(run.changed == 0 for run in runs["ours", "no change"])
    require("the run without a change changes nothing", quiet)
    require("every host was changed by the other", all(run.changed == COUNT for run in runs["ours", "change"]))
    return min(ratios)
