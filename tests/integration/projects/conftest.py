"""Fixtures of the tests of projects: an emulator, the modules as processes, declarations of Kafka clients."""

from __future__ import annotations

import dataclasses
import json
import multiprocessing
import os
import pathlib
import tempfile
import typing as t

import pytest
from ansible.module_utils.common.parameters import PASS_VARS

from tests.conftest import COLLECTIONS
from tests.emulator.fixtures import ProcessEmulator, running_emulator
from tests.integration.projects import forked

RUN_SECONDS = 120
MODULES = "ansible_collections.hopsworks.kafka.plugins.modules"

PLAIN = {"bootstrap.servers": "kafka.example.com:9092", "security.protocol": "PLAINTEXT"}
LOGIN = 'org.apache.kafka.common.security.plain.PlainLoginModule required username="{}" password="{}";'


def sasl(user: str = "hopsworks", password: str = "correct-horse") -> dict[str, str]:
    return {
        "bootstrap.servers": "kafka.example.com:9093",
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "PLAIN",
        "sasl.jaas.config": LOGIN.format(user, password),
    }


def environment() -> dict[str, str]:
    """Return the environment without settings of proxies."""
    kept = {name: value for name, value in os.environ.items() if not name.upper().endswith("_PROXY")}
    return {**kept, "PYTHONPATH": str(COLLECTIONS), "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS)}


def start(module: str, options: t.Mapping[str, t.Any], check: bool = False, diff: bool = False) -> Run:
    """Start a module as a process of its own, as Ansible does."""
    arguments = {**options, "_ansible_check_mode": check, "_ansible_diff": diff}
    if "inject_invocation" in PASS_VARS:  # from ansible-core 2.21 on, only where it is asked for
        arguments["_ansible_inject_invocation"] = True
    return Run(module, json.dumps({"ANSIBLE_MODULE_ARGS": arguments}))


class Run:
    """A running module. Its process is forked from one that has imported the code already, to save time."""

    def __init__(self, module: str, arguments: str) -> None:
        self._folder = tempfile.TemporaryDirectory()
        folder = pathlib.Path(self._folder.name)
        (folder / "in").write_text(arguments)
        self._process = FORKS.Process(target=forked.run, args=(f"{MODULES}.{module}", str(folder), environment()))
        self._process.start()

    def finish(self) -> dict[str, t.Any]:
        """Return the result of the module."""
        self._process.join(RUN_SECONDS)
        assert self._process.exitcode is not None, "the module did not end"
        folder = pathlib.Path(self._folder.name)
        out, err = (folder / "out").read_text(), (folder / "err").read_text()
        self._folder.cleanup()
        assert out.strip(), err
        assert "Traceback" not in err, err
        result: dict[str, t.Any] = json.loads(out.strip().splitlines()[-1])
        # From ansible-core 2.19 on, a module hands over a warning as an object.
        result["warnings"] = [_text(warning) for warning in result.get("warnings", [])]
        return result


FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.integration.projects.forked"])


def _text(warning: t.Any) -> str:
    return warning if isinstance(warning, str) else str(warning["event"]["msg"])


@dataclasses.dataclass
class Modules:
    """The modules, connected to one emulator."""

    emulator: ProcessEmulator

    def run(self, module: str, check: bool = False, diff: bool = False, **options: t.Any) -> dict[str, t.Any]:
        return start(module, {**self.emulator.connection, **options}, check, diff).finish()

    def connector(self, **options: t.Any) -> dict[str, t.Any]:
        """Run kafka_connector; requests are counted from zero."""
        self.emulator.reset_requests()
        return self.run("kafka_connector", **options)

    def writes(self) -> dict[str, int]:
        """Return the requests since the last kafka_connector that were not GET, by method and route."""
        return {route: count for route, count in self.emulator.requests().items() if not route.startswith("GET ")}

    def count(self) -> int:
        return sum(self.emulator.requests().values())


@pytest.fixture(scope="session")
def _process() -> t.Iterator[ProcessEmulator]:
    with running_emulator(projects=4) as emulator:
        yield emulator


@pytest.fixture
def hopsworks(_process: ProcessEmulator) -> t.Iterator[Modules]:
    """An emulator with four empty projects. The tests share it, and it is emptied between them."""
    # The requests that emptied it after the test before do not count.
    _process.reset_requests()
    yield Modules(_process)
    _process.set_faults([])
    _process.set_latency(0)
    for project, shown in _process.state()["projects"].items():
        path = _process.store_path(project)
        for name in own(shown["connectors"]):
            _process.api("DELETE", f"{path}/{name}")
        for file in shown["files"]:
            if file.endswith(".jks"):
                relative = file.split("/", 3)[3].replace("/", "%2F")
                _process.api("DELETE", f"{_process.project_path(project)}/dataset/{relative}")


def own(connectors: t.Mapping[str, t.Any]) -> list[str]:
    """Return the names of connectors that tests created: a new project has two of other types."""
    return [name for name, connector in connectors.items() if connector["storageConnectorType"] in ("KAFKA", "S3")]


def actions(result: t.Mapping[str, t.Any]) -> dict[str, str]:
    return {entry["project"]: entry["action"] for entry in result["results"]}


def prediction(result: t.Mapping[str, t.Any]) -> list[t.Any]:
    """Return what check mode and a run must agree on."""
    keys = ("project", "action", "changed", "changes")
    return [result["changed"], *[[entry[key] for key in keys] for entry in result["results"]]]


def stores(directory: pathlib.Path, name: str = "client") -> dict[str, dict[str, str]]:
    """Write a trust store and a key store as PEM files; return the options for them."""
    from tests.unit.kafka import pki

    ca, identity = pki.authority(), pki.issue(name, issuer=pki.authority())
    trusted, own = directory / "ca.pem", directory / f"{name}.pem"
    trusted.write_text(ca.pem)
    own.write_text(identity.key_pem() + identity.pem)
    return {"truststore": {"path": str(trusted)}, "keystore": {"path": str(own)}}


SSL = {"bootstrap.servers": "kafka.example.com:9094", "security.protocol": "SSL"}
