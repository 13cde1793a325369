"""The real Hopsworks clients, each in a virtual environment of its own, against the emulator.

`make clients` makes the environments; CLIENTS="5.2.1 5.0.11 4.8.8" says which. Every call of a client is a process of
its own: the client keeps what it has downloaded in /tmp, and what it is logged in to in the process.
"""

from __future__ import annotations

import atexit
import contextlib
import dataclasses
import functools
import json
import os
import pathlib
import selectors
import shutil
import subprocess
import typing as t
import uuid

import pytest

from tests.emulator.fixtures import ROOT, Emulator, ProcessEmulator, running_emulator
from tests.kafka.fixtures import kafka

__all__ = ["kafka"]

SCRIPT = pathlib.Path(__file__).with_name("client.py")
VERSIONS = os.environ.get("CLIENTS", "5.2.1").split()
CALL_SECONDS = 120
PASSWORD = "changeit-please"


class Outcome(t.NamedTuple):
    """What a client answered: `values` by step where the step worked, `errors` where it did not."""

    login: dict[str, t.Any]
    steps: list[dict[str, t.Any]]

    def value(self, number: int = 0) -> t.Any:
        assert "ok" in self.login, self.login
        assert "ok" in self.steps[number], self.steps[number]
        return self.steps[number]["ok"]

    def error(self, number: int = 0) -> dict[str, t.Any]:
        assert "ok" in self.login, self.login
        assert "error" in self.steps[number], self.steps[number]
        return t.cast("dict[str, t.Any]", self.steps[number]["error"])


class Worker:
    """The script in the virtual environment of one release."""

    def __init__(self, version: str) -> None:
        python = ROOT / f".venv-client-{version}" / "bin" / "python"
        if not python.exists():
            pytest.fail(f"there is no client {version} here: make clients CLIENTS={version}")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HOPSWORKS_")}
        self._process = subprocess.Popen(
            [python, "-B", SCRIPT], env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def ask(self, request: dict[str, t.Any]) -> dict[str, t.Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            assert selector.select(CALL_SECONDS), f"the client has not answered within {CALL_SECONDS} s"
        return t.cast("dict[str, t.Any]", json.loads(self._process.stdout.readline()))

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


@functools.lru_cache
def _worker(version: str) -> Worker:
    worker = Worker(version)
    atexit.register(worker.stop)
    return worker


@dataclasses.dataclass
class Client:
    """One release of the client."""

    version: str
    directory: pathlib.Path

    def at_least(self, *release: int) -> bool:
        return tuple(int(part) for part in self.version.split(".")) >= release

    def run(
        self,
        emulator: Emulator,
        *steps: t.Sequence[t.Any],
        project: str = "project_1",
        ca_path: pathlib.Path | None = None,
        api_key: str | None = None,
    ) -> Outcome:
        request = {
            "host": emulator.host,
            "port": emulator.port,
            "project": project,
            "api_key": api_key or emulator.api_key,
            "ca_path": str(ca_path or emulator.ca_path),
            "directory": str(self.directory),
            "steps": steps,
        }
        answer = _worker(self.version).ask(request)
        assert answer.get("version") == self.version, answer
        return Outcome(answer["login"], answer["steps"])


@pytest.fixture(params=VERSIONS)
def client(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Client:
    return Client(request.param, tmp_path)


@pytest.fixture(autouse=True)
def tidy() -> t.Iterator[None]:
    """Removes what the clients leave in /tmp, a place that no setting changes: PEM files and stores of these tests."""
    before = _leftovers()
    yield
    for path in _leftovers() - before:
        with contextlib.suppress(OSError):
            path.unlink()


def _leftovers() -> set[pathlib.Path]:
    patterns = ("kafka_sc_*_*.pem", "clienttest-*", "kafka_clienttest_*")
    return {path for pattern in patterns for path in pathlib.Path("/tmp").glob(pattern)}


@pytest.fixture(scope="module")
def server() -> t.Iterator[ProcessEmulator]:
    """One emulator over TLS with the flag on; each test takes projects of its own."""
    with running_emulator(projects=1, tls=True) as running:
        running.set_variables(enable_bring_your_own_kafka="true")
        yield running


@pytest.fixture
def project(server: ProcessEmulator) -> str:
    return new_project(server)


def new_project(server: Emulator) -> str:
    """A project whose name no other test uses: what a client downloads of it has a name of its own in /tmp."""
    name = f"clienttest_{uuid.uuid4().hex[:12]}"
    server.control("POST", "projects", {"name": name})
    return name


@dataclasses.dataclass
class Stores:
    """Stores of one client made by keytool, under names that no other test uses."""

    truststore: pathlib.Path
    keystore: pathlib.Path


class StoreMaker:
    """Makes stores with the JDK's own tool, so that no code of the collection is a party to it."""

    def __init__(self, directory: pathlib.Path) -> None:
        self._directory = directory

    def __call__(
        self, kind: str = "JKS", password: str = PASSWORD, key_password: str | None = None, name: str = ""
    ) -> Stores:
        stem = name or f"clienttest-{uuid.uuid4().hex[:8]}"
        directory = self._directory / uuid.uuid4().hex
        directory.mkdir()
        suffix = "jks" if kind == "JKS" else "p12"
        stores = Stores(directory / f"{stem}_truststore.{suffix}", directory / f"{stem}_keystore.{suffix}")
        own = ["-keystore", str(stores.keystore), "-storepass", password]
        keytool(
            *["-genkeypair", "-alias", "client", "-keyalg", "RSA", "-dname", "CN=client", "-storetype"],
            kind,
            "-keypass",
            key_password or password,
            *own,
        )
        certificate = str(directory / "certificate.pem")
        keytool("-exportcert", "-rfc", "-alias", "client", "-file", certificate, *own)
        trust = ["-keystore", str(stores.truststore), "-storepass", password, "-storetype", kind]
        keytool("-importcert", "-noprompt", "-alias", "ca", "-file", certificate, *trust)
        return stores


def keytool(*words: str) -> None:
    if shutil.which("keytool") is None:
        pytest.fail("keytool is missing: install a JRE (Debian: default-jre-headless)")
    subprocess.run(["keytool", *words], check=True, capture_output=True, timeout=60)


@pytest.fixture
def make_stores(tmp_path: pathlib.Path) -> StoreMaker:
    return StoreMaker(tmp_path)


def put_connector(
    emulator: Emulator, project: str, body: dict[str, t.Any], stores: Stores | None = None
) -> dict[str, t.Any]:
    """Creates a connector through the API, its stores uploaded first; the connector as the server then has it."""
    if stores is not None:
        for path, field in ((stores.truststore, "sslTruststore"), (stores.keystore, "sslKeystore")):
            if f"{field}Location" in body:
                assert emulator.upload(project, path.name, path.read_bytes()).status == 200
    answer = emulator.api("POST", emulator.store_path(project), body)
    assert answer.status == 201, answer.body
    return t.cast("dict[str, t.Any]", answer.json())


def with_stores(project: str, stores: Stores, **changes: t.Any) -> dict[str, t.Any]:
    """The fields of a connector that has both stores; a value of None leaves a field out."""
    fields = {
        "sslTruststoreLocation": f"/Projects/{project}/Resources/{stores.truststore.name}",
        "sslTruststorePassword": PASSWORD,
        "sslKeystoreLocation": f"/Projects/{project}/Resources/{stores.keystore.name}",
        "sslKeystorePassword": PASSWORD,
        "sslKeyPassword": PASSWORD,
        **changes,
    }
    return {name: value for name, value in fields.items() if value is not None}
