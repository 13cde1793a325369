"""A lab for the playbooks, and a way to run them over it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import pathlib
import re
import ssl
import subprocess
import sys
import typing as t
import urllib.request

import pytest

from tests.conftest import link_collection
from tests.lab import __main__ as lab

PROJECTS, HOSTS = 4, 2
ROOT = lab.ROOT


@dataclasses.dataclass
class Run:
    code: int
    output: str

    @property
    def changed(self) -> dict[str, int]:
        """``{host: tasks that changed something}`` of the recap."""
        found = re.findall(r"^(\S+) +: ok=\d+ +changed=(\d+)", self.output, re.MULTILINE)
        return {host: int(count) for host, count in found}

    def __str__(self) -> str:
        return self.output[-6000:]


class Bed:
    """The lab's server, brokers and hosts."""

    def __init__(self, directory: pathlib.Path, moves: bool) -> None:
        self.directory = directory
        self.note = lab.up(directory, PROJECTS, HOSTS, moves=moves)
        self._context = ssl.create_default_context(cafile=self.note["ca"])

    def play(
        self,
        name: str,
        *arguments: str,
        start: pathlib.Path | None = None,
        environment: t.Mapping[str, str] | None = None,
        **variables: t.Any,
    ) -> Run:
        """Run a playbook of the collection in a process of its own, started beside the inventory or elsewhere."""
        extra = self.directory / "extra.json"
        extra.write_text(json.dumps(variables))
        command = [str(pathlib.Path(sys.executable).parent / "ansible-playbook")]
        command += [
            "-i",
            str(self.directory / "inventory.yml"),
            f"hopsworks.kafka.{name}",
            "-e",
            f"@{extra}",
            *arguments,
        ]
        settings = {
            **{name: value for name, value in os.environ.items() if not name.startswith("HOPSWORKS_")},
            "ANSIBLE_COLLECTIONS_PATH": str(link_collection()),
            "ANSIBLE_CONFIG": str(ROOT / "tests" / "ansible.cfg"),
            "ANSIBLE_INJECT_INVOCATION": "1",
            **(environment or {}),
        }
        result = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
            cwd=start or self.directory,
            env=settings,
        )
        return Run(result.returncode, result.stdout + result.stderr)

    def inventory(self, **groups: t.Any) -> str:
        """Write a further inventory, for a second ``-i``; its groups and hosts add to those of the lab."""
        path = self.directory / "further.yml"
        path.write_text(json.dumps(groups))
        return str(path)

    def control(self, method: str, name: str, body: t.Any = None) -> t.Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.note['url']}/_emulator/{name}", data=data, method=method)
        with urllib.request.urlopen(request, context=self._context, timeout=10) as answer:
            return json.load(answer)

    def api(self, method: str, path: str, project: str) -> None:
        """Send a request to the server as its administrator.

        :param path: below the project; ``{store}`` stands for its feature store.
        """
        shown = self.control("GET", f"state?project={project}")["projects"][project]
        path = path.replace("{store}", str(shown["featurestoreId"]))
        url = f"{self.note['url']}/hopsworks-api/api/project/{shown['id']}/{path}"
        headers = {"Authorization": f"ApiKey {self.note['api_key']}"}
        urllib.request.urlopen(
            urllib.request.Request(url, method=method, headers=headers), context=self._context, timeout=10
        ).close()

    def writes(self) -> int:
        """Requests since the last reset that may have written: preflight sends one that the server must refuse."""
        log: list[dict[str, t.Any]] = self.control("GET", "log")
        return sum(entry["method"] != "GET" and entry["status"] < 400 for entry in log)

    def connectors(self) -> dict[str, t.Any]:
        """``{project: its kafka_connector or None}`` as the server has them."""
        projects = self.control("GET", "state")["projects"]
        return {name: project["connectors"].get("kafka_connector") for name, project in projects.items()}

    def variable(self) -> t.Any:
        """``enable_bring_your_own_kafka`` as the server has it."""
        return self.control("GET", "state")["variables"].get("enable_bring_your_own_kafka")

    def files(self) -> dict[str, str]:
        """``{path: owner, mode and digest}`` of every file of every host that the service reads."""
        found = {}
        for home in self.note["homes"]:
            for path in sorted(pathlib.Path(home, "etc").rglob("*")):
                stat = path.stat()
                digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
                found[str(path)] = f"{stat.st_uid}:{stat.st_gid} {stat.st_mode:o} {digest}"
        return found


@pytest.fixture(scope="module")
def bed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Bed]:
    """A module whose first rollout is to be a move to another Kafka says so: ``MOVES = True``."""
    directory = tmp_path_factory.mktemp("site") / "lab"
    made = None
    try:
        made = Bed(directory, getattr(request.module, "MOVES", False))
        yield made
    finally:
        lab.down(directory)
