"""The emulator for tests: as a process of its own, or within the test's.

with running_emulator(projects=3, tls=True, faults=[{"match": {"method": "POST"}, "fault": 503}]) as emulator:
    emulator.url, emulator.port, emulator.ca_path, emulator.api_key
    emulator.requests()      # {"GET /project": 1, …}
"""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import json
import pathlib
import selectors
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import typing as t
import urllib.parse

from tests.emulator.application import BASE, Application
from tests.emulator.certificates import tls_files
from tests.emulator.cli import DEFAULT_KEY
from tests.emulator.faults import Faults
from tests.emulator.server import Server
from tests.emulator.state import State

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
START_SECONDS = 30.0
STOP_SECONDS = 10.0
Rules = t.Sequence[t.Mapping[str, t.Any]]


class Answer(t.NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> t.Any:
        return json.loads(self.body)


@dataclasses.dataclass
class Emulator:
    """A running emulator. `ca_path` is None where it speaks plain HTTP."""

    url: str
    api_key: str
    ca_path: pathlib.Path | None
    directory: pathlib.Path

    @property
    def host(self) -> str:
        return "127.0.0.1"

    @property
    def connection(self) -> dict[str, t.Any]:
        """How every REST module reaches it, as options."""
        return {"host": self.host, "port": self.port, "api_key": self.api_key, "ca_path": str(self.ca_path)}

    @property
    def port(self) -> int:
        return urllib.parse.urlsplit(self.url).port or 0

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: t.Mapping[str, str] | None = None,
        timeout: float = 30.0,
    ) -> Answer:
        """One request on a connection of its own; `path` is absolute."""
        if self.ca_path is None:
            connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        else:
            context = ssl.create_default_context(cafile=str(self.ca_path))
            connection = http.client.HTTPSConnection(self.host, self.port, timeout=timeout, context=context)
        with contextlib.closing(connection):
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())

    def api(
        self, method: str, path: str, document: t.Any = None, key: str | None = None, timeout: float = 30.0
    ) -> Answer:
        """One request to the Hopsworks API with the first key, or another; `path` begins below /hopsworks-api/api."""
        headers = {"Authorization": f"ApiKey {key or self.api_key}"}
        body = None
        if document is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(document).encode()
        return self.send(method, BASE + path, body, headers, timeout)

    def upload(
        self, project: str, name: str, content: bytes, directory: str = "Resources", key: str | None = None
    ) -> Answer:
        """Puts a file into a project, in one chunk."""
        fields = {
            "flowChunkNumber": 1,
            "flowChunkSize": max(1, len(content)),
            "flowCurrentChunkSize": len(content),
            "flowTotalSize": len(content),
            "flowIdentifier": f"{len(content)}_{name}",
            "flowFilename": name,
            "flowRelativePath": name,
            "flowTotalChunks": 1,
            "templateId": -1,
        }
        return self.send_form(f"{self.project_path(project)}/dataset/upload/{directory}", fields, content, name, key)

    def send_form(
        self, path: str, fields: t.Mapping[str, t.Any], content: bytes, name: str, key: str | None = None
    ) -> Answer:
        mark = "emulator-form-boundary"
        parts = [f'--{mark}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items()]
        parts.append(f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n')
        body = "".join(parts).encode() + content + f"\r\n--{mark}--\r\n".encode()
        headers = {
            "Authorization": f"ApiKey {key or self.api_key}",
            "Content-Type": f"multipart/form-data; boundary={mark}",
        }
        return self.send("POST", BASE + path, body, headers)

    def control(self, method: str, name: str, document: t.Any = None) -> t.Any:
        """One request to /_emulator/<name>; its JSON. Fails on anything but success."""
        body = None if document is None else json.dumps(document).encode()
        answer = self.send(method, f"/_emulator/{name}", body)
        if answer.status != 200:
            raise ValueError(f"{method} /_emulator/{name}: {answer.status} {answer.body.decode()}")
        return answer.json()

    def requests(self) -> dict[str, int]:
        """Requests since the start or the last reset: `GET /project` -> count."""
        return t.cast(dict[str, int], self.control("GET", "requests"))

    def reset_requests(self) -> None:
        self.control("DELETE", "requests")

    def log(self) -> list[dict[str, t.Any]]:
        """Every request in the order of arrival: method, path, route, status, fault."""
        return t.cast(list[dict[str, t.Any]], self.control("GET", "log"))

    def add_key(
        self,
        key: str,
        user: str | None = None,
        admin: bool = False,
        scopes: t.Sequence[str] | None = None,
        roles: t.Mapping[str, str] | None = None,
        **more: t.Any,
    ) -> str:
        """Adds an identity and returns its key; without `scopes` it has all of them, without `roles` no project."""
        self.control(
            "POST", "keys", {"key": key, "user": user, "admin": admin, "scopes": scopes, "roles": roles, **more}
        )
        return key

    def remove_key(self, key: str) -> None:
        self.control("DELETE", "keys", {"key": key})

    def set_variables(self, **values: t.Any) -> None:
        self.control("PUT", "variables", values)

    def set_project(self, name: str, **values: t.Any) -> None:
        """Set ``status`` (DONE, ONGOING, FAILED) or ``has_featurestore`` of a project."""
        self.control("PUT", "projects", {"name": name, **values})

    def set_version(self, version: str) -> None:
        """Set the release that the server says it is."""
        self.control("PUT", "settings", {"version": version})

    def set_faults(self, rules: Rules) -> None:
        self.control("POST", "faults", list(rules))

    def faults(self) -> list[dict[str, t.Any]]:
        """The rules in force, each with `seen` (requests that matched) and `hits` (times it struck)."""
        return t.cast(list[dict[str, t.Any]], self.control("GET", "faults"))

    def set_latency(self, milliseconds: float) -> None:
        self.control("PUT", "settings", {"latency_ms": milliseconds})

    def state(self, project: str | None = None) -> dict[str, t.Any]:
        """All that the emulator holds, or one project: its id, featurestoreId, team, connectors, files."""
        if project is None:
            return t.cast(dict[str, t.Any], self.control("GET", "state"))
        shown = self.control("GET", f"state?project={urllib.parse.quote(project)}")
        return t.cast(dict[str, t.Any], shown["projects"][project])

    def project_path(self, project: str) -> str:
        return f"/project/{self.state(project)['id']}"

    def store_path(self, project: str) -> str:
        """`/project/<id>/featurestores/<id>/storageconnectors` of a project's own feature store."""
        shown = self.state(project)
        return f"/project/{shown['id']}/featurestores/{shown['featurestoreId']}/storageconnectors"

    def connector(self, project: str, name: str = "kafka_connector") -> dict[str, t.Any] | None:
        """The stored connector, None where there is none."""
        return t.cast(dict[str, t.Any] | None, self.state(project)["connectors"].get(name))

    def files(self, project: str) -> dict[str, dict[str, t.Any]]:
        return t.cast(dict[str, dict[str, t.Any]], self.state(project)["files"])


class ProcessEmulator(Emulator):
    """An emulator that can be killed and started again on the same port with the same state."""

    def __init__(self, command: list[str], api_key: str, tls: bool, directory: pathlib.Path) -> None:
        self._command = command
        self._process, url = _start(command)
        super().__init__(url, api_key, directory / "tls" / "ca.pem" if tls else None, directory)

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """Ends it with SIGTERM; its exit status."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def restart(self) -> None:
        """Starts it again after kill() or stop(), with what its state file keeps; faults and counts begin anew."""
        self._process, _url = _start([*self._command, "--port", str(self.port)])


def _start(command: list[str]) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True)
    if process.stdout is None:
        raise RuntimeError("no output")
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        line = process.stdout.readline() if selector.select(START_SECONDS) else ""
    if not line.startswith("ready "):
        process.kill()
        process.wait()
        raise RuntimeError(f"the emulator did not start: {line!r}")
    return process, line.split()[1]


@contextlib.contextmanager
def running_emulator(
    projects: int = 3,
    tls: bool = True,
    latency_ms: float = 0,
    faults: Rules = (),
    api_key: str = DEFAULT_KEY,
    state: bool = False,
) -> t.Iterator[ProcessEmulator]:
    """An emulator in a process of its own.

    :param state: keep the state in a file, so that it survives kill() and restart().
    """
    directory = pathlib.Path(tempfile.mkdtemp(prefix="hopsworks-emulator-"))
    command = [sys.executable, "-m", "tests.emulator", "--projects", str(projects), "--api-key", api_key]
    command += ["--latency-ms", str(latency_ms), "--tied"]
    if tls:
        command += ["--tls-dir", str(directory / "tls")]
    if state:
        command += ["--state", str(directory / "state")]
    if faults:
        (directory / "faults.json").write_text(json.dumps(list(faults)))
        command += ["--faults", str(directory / "faults.json")]
    try:
        emulator = ProcessEmulator(command, api_key, tls, directory)
        try:
            yield emulator
        finally:
            emulator.stop()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextlib.contextmanager
def emulator_in_thread(
    projects: int = 3, tls: bool = False, latency_ms: float = 0, faults: Rules = (), api_key: str = DEFAULT_KEY
) -> t.Iterator[Emulator]:
    """An emulator in this process: starts in milliseconds, cannot be killed."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="hopsworks-emulator-"))
    try:
        files = tls_files(directory / "tls")
        application = Application(State(projects, api_key), Faults(faults), latency_ms / 1000)
        server = Server(application.handle, 0, files.context(), plain=not tls)
        thread = threading.Thread(target=server.serve, daemon=True)
        thread.start()
        scheme = "https" if tls else "http"
        try:
            yield Emulator(f"{scheme}://127.0.0.1:{server.port}", api_key, files.ca if tls else None, directory)
        finally:
            server.stop()
            thread.join(STOP_SECONDS)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
