"""A converged `site` beside a playbook of the same plays that does nothing, both in one run.

Small: 3 hosts and 25 projects. Large: 10 hosts and 1,000 projects, and a server that takes 20 ms to answer; there the
bound is what the plays alone and the requests cost, divided among the workers. The hosts are those of the lab,
on this machine. Both sides are whole ``ansible-playbook`` processes; they take turns, and the median counts.
"""

from __future__ import annotations

import json
import os
import pathlib
import re
import shlex
import ssl
import statistics
import sys
import tempfile
import typing as t
import urllib.request

import yaml

from tests.bench import measure
from tests.bench.measure import require
from tests.conftest import ROOT, link_collection
from tests.lab import __main__ as lab

ROUNDS = 3
#: The workers of the modules, unless a user says otherwise.
WORKERS = 25
LATENCY = 0.020
#: A converged site may take so many times what its plays alone take.
SMALL_RATIO, LARGE_RATIO = 4.0, 1.5
PLAYBOOKS = ROOT / "playbooks"


def nothing(playbook: pathlib.Path = PLAYBOOKS / "site.yml") -> list[dict[str, t.Any]]:
    """The plays of `site`, each on the same hosts, with nothing to do."""
    plays = []
    for play in yaml.safe_load(playbook.read_text()):
        imported = play.get("ansible.builtin.import_playbook")
        if imported:
            plays += nothing(playbook.parent / imported)
            continue
        hosts = "onlinefs" if ".hosts" in play["hosts"] else "localhost"
        noop = {"ansible.builtin.meta": "noop", "name": "Nothing"}
        plays.append({"name": play["name"], "hosts": hosts, "gather_facts": False, "tasks": [noop]})
    return plays


class Bench:
    """A lab, and the two playbooks over it."""

    def __init__(self, folder: pathlib.Path, projects: int, hosts: int, latency_ms: int = 0) -> None:
        self.folder = folder
        self.hosts = hosts
        self.note = lab.up(folder, projects, hosts, latency_ms)
        _ask_as_quickly_as_systemd(folder / "inventory.yml")
        (folder / "nothing.yml").write_text(json.dumps(nothing()))

    def play(self, playbook: str) -> measure.Process:
        """One ansible-playbook process, timed."""
        tool = str(pathlib.Path(sys.executable).with_name("ansible-playbook"))
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("HOPSWORKS_")},
            "ANSIBLE_COLLECTIONS_PATH": str(link_collection()),
            "ANSIBLE_CONFIG": str(ROOT / "tests" / "ansible.cfg"),
            # As for the hosts that are reached by SSH; tests/ansible.cfg says so for those alone.
            "ANSIBLE_PIPELINING": "true",
        }
        # How long a service must keep running is the user's choice, and nothing but a wait.
        options = ["--forks", str(self.hosts), "-e", "onlinefs_service_settle=0"]
        command = [tool, "-i", "inventory.yml", playbook, *options]
        return measure.process(command, environment=environment, folder=self.folder)

    def requests(self) -> int:
        """Requests since the last call."""
        context = ssl.create_default_context(cafile=self.note["ca"])
        counts = []
        for method in ("GET", "DELETE"):
            request = urllib.request.Request(f"{self.note['url']}/_emulator/requests", method=method)
            with urllib.request.urlopen(request, context=context, timeout=30) as answer:
                counts.append(json.load(answer))
        return sum(counts[0].values())


def _ask_as_quickly_as_systemd(inventory: pathlib.Path) -> None:
    """Ask for the state of the service without a Python: ``systemctl is-active`` takes a few milliseconds, too."""
    hosts = json.loads(inventory.read_text())
    for host in hosts["all"]["children"]["onlinefs"]["hosts"].values():
        home = shlex.quote(host["onlinefs_home"])
        host["onlinefs_service_commands"]["status"] = shlex.join(
            ["sh", "-c", f'grep -qaF {home} "/proc/$(cat {home}/onlinefs.pid)/cmdline"']
        )
    inventory.write_text(json.dumps(hosts, indent=2))


def converged() -> None:
    """Print seconds, ratios and requests of both sizes."""
    for projects, hosts, latency in ((25, 3, 0), (1000, 10, 20)):
        with tempfile.TemporaryDirectory() as scratch:
            folder = pathlib.Path(scratch) / "lab"
            try:
                _compare(Bench(folder, projects, hosts, latency), projects, latency)
            finally:
                lab.down(folder)


def _compare(bench: Bench, projects: int, latency: int) -> None:
    first = bench.play("hopsworks.kafka.site")
    print(f"{projects} projects, {bench.hosts} hosts: first run {first.seconds:.1f} s", flush=True)
    bench.requests()
    runs: dict[str, list[float]] = {"nothing.yml": [], "hopsworks.kafka.site": []}
    for _round in range(ROUNDS):
        for playbook, seconds in runs.items():
            done = bench.play(playbook)
            seconds.append(done.seconds)
            print(f"  {playbook}: {done.seconds:.2f} s", flush=True)
            changed = sum(int(count) for count in re.findall(r"changed=(\d+)", done.output))
            require(f"{playbook} changes nothing", changed == 0)
    requests = bench.requests() / ROUNDS
    plays, site = (statistics.median(seconds) for seconds in runs.values())
    print(f"  plays alone {plays:.2f} s, converged site {site:.2f} s, {requests / projects:.1f} requests a project")
    if latency:
        bound = plays + requests / WORKERS * LATENCY
        require(f"at most {LARGE_RATIO} x {bound:.2f} s: {site / bound:.1f} x", site <= LARGE_RATIO * bound)
    else:
        require(f"at most {SMALL_RATIO:.0f} x the plays alone: {site / plays:.1f} x", site <= SMALL_RATIO * plays)
