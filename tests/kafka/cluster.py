# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts, checks and stops the nodes and the token endpoint, and writes the one JSON that describes them."""

from __future__ import annotations

import base64
import contextlib
import ctypes
import errno
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import typing as t
import uuid
import zipfile

from . import admin, certificates, settings
from .jars import NEWEST, HarnessError, classpath, jars, java

DESCRIPTION = "kafka.json"
_ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
_READY_SECONDS = 180
_FORMAT_SECONDS = 180
_PORTS = range(20000, 32000)
_PR_SET_PDEATHSIG = 1
_JVM = ("-Xms96m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")

_LOG4J = """status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{HH:mm:ss.SSS} %p %c{1} %m%n
rootLogger.level = info
rootLogger.appenderRef.out.ref = out
"""

Description = dict[str, t.Any]


def default_dir() -> pathlib.Path:
    """Where `start` keeps the run when no --dir is given."""
    return _ROOT / ".build" / "kafka"


def start(
    folder: pathlib.Path,
    version: str = NEWEST,
    nodes: int = 1,
    host: str = "127.0.0.1",
    bind: str | None = None,
    names: t.Sequence[str] = (),
    projects: int = 3,
    tied: bool = False,
) -> Description:
    """Start the cluster; return what the JSON says, once every listener and every login answers.

    :param host: the address that clients are told; also bound, unless `bind` says another (0.0.0.0).
    :param names: further names for the brokers' certificates.
    :param projects: how many principals project_N with a topic project_N_onlinefs each.
    :param tied: end the brokers when this process ends, however it ends.
    :raises HarnessError: nothing is left running then.
    """
    if folder.exists() and any(folder.iterdir()):
        if status(folder)["running"]:
            raise HarnessError(f"{folder} holds a broker that runs. Stop it first: python -m tests.kafka stop")
        stop(folder)
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    try:
        return _start(folder, version, nodes, host, bind or host, names, projects, tied)
    except BaseException:
        stop(folder)
        raise


def _start(
    folder: pathlib.Path,
    version: str,
    nodes: int,
    host: str,
    bind: str,
    names: t.Sequence[str],
    projects: int,
    tied: bool,
) -> Description:
    lib = jars(version)
    with _free_ports(bind, nodes * (len(settings.LISTENERS) + 1) + 3) as free:
        ports = iter(free)
        token_port, token_tls_port, refused_port = next(ports), next(ports), next(ports)
        members = []
        for number in range(1, nodes + 1):
            own = {name: next(ports) for name in [*(item.name for item in settings.LISTENERS), "controller"]}
            members.append(settings.Node(number, own, str(folder / f"node-{number}" / "data")))
    people = settings.users(projects)
    # alice comes first: the bad client certificates are hers.
    people_with_certificates = ["alice", "admin", *[user.name for user in people if user.name.startswith("no_")]]
    host_names = list(dict.fromkeys([host, "localhost", "127.0.0.1", *names]))
    made = certificates.make(folder / "certificates", host_names, people_with_certificates)
    token_host = host if bind == "0.0.0.0" else bind
    token_url = f"http://{token_host}:{token_port}"
    plan = settings.Plan(
        version=version,
        host=host,
        bind=bind,
        nodes=members,
        users=people,
        certificates=made,
        jwks_url=f"{token_url}/jwks",
        oauth_package=_oauth_package(lib, version),
        refused_port=refused_port,
    )
    description = _describe(folder, plan, token_url, f"https://{token_host}:{token_tls_port}")
    description["processes"]["tokens"] = _start_tokens(folder, plan, bind, token_port, token_tls_port, tied)
    save(folder, description)
    _format(folder, plan)
    for node in members:
        description["processes"][f"node-{node.id}"] = _start_node(folder, plan, node, tied)
        save(folder, description)
    _wait_until_ready(folder, plan, description)
    admin.prepare(description, people, replicas=min(3, nodes), projects=projects)
    return description


@contextlib.contextmanager
def _free_ports(host: str, count: int) -> t.Iterator[list[int]]:
    """Ports that nothing uses now, held until the block ends, so that none comes twice.

    They lie below those that the kernel gives to outgoing connections: until a broker takes them, none of these can.
    """
    candidates = random.sample(_PORTS, len(_PORTS))
    with contextlib.ExitStack() as held:
        found: list[int] = []
        while len(found) < count:
            probe = held.enter_context(socket.socket())
            port = candidates.pop()
            try:
                probe.bind((host, port))
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    continue
                raise HarnessError(
                    f"Cannot listen on {host}: {error.strerror}. Give an address of this machine"
                ) from None
            found.append(port)
        yield found


def _oauth_package(lib: pathlib.Path, version: str) -> str:
    """The handlers moved between releases: look where this one has them."""
    with zipfile.ZipFile(lib / f"kafka-clients-{version}.jar") as jar:
        names = jar.namelist()
    for package in ("oauthbearer", "oauthbearer.secured"):
        path = f"org/apache/kafka/common/security/{package.replace('.', '/')}/OAuthBearerValidatorCallbackHandler.class"
        if path in names:
            return f"org.apache.kafka.common.security.{package}"
    raise HarnessError(f"Kafka {version} has no OAUTHBEARER validator (it came with 3.1)")


def _describe(folder: pathlib.Path, plan: settings.Plan, token_url: str, token_tls_url: str) -> Description:
    listeners = {}
    for item in settings.LISTENERS:
        servers = [f"{plan.host}:{node.ports[item.name]}" for node in plan.nodes]
        listeners[item.name] = {
            "bootstrap": ",".join(servers),
            "servers": servers,
            "security_protocol": item.protocol,
            "mechanisms": settings.mechanisms(item, plan.version),
            "client_certificate": item.client_auth == "required",
            "server_certificate": item.certificate if "SSL" in item.protocol else None,
        }
    return {
        "version": plan.version,
        "dir": str(folder),
        "host": plan.host,
        "listeners": listeners,
        "users": {user.name: {"password": user.password, "note": user.note} for user in plan.users},
        "certificates": plan.certificates,
        "tokens": {
            "url": f"{token_url}/token",
            "tls_url": f"{token_tls_url}/token",
            "jwks_url": plan.jwks_url,
            "kinds": ["skewed", "expired", "audience", "forged", "garbage", "silent"],
        },
        "topics": [],
        "groups": [settings.GROUP],
        "refused_port": plan.refused_port,
        "processes": {},
    }


def save(folder: pathlib.Path, description: Description) -> None:
    """Write the JSON: whole or not at all, for the owner only (it holds the test users' passwords)."""
    scratch = folder / f".{DESCRIPTION}"
    scratch.write_text(json.dumps(description, indent=2))
    scratch.chmod(0o600)
    scratch.replace(folder / DESCRIPTION)


def load(folder: pathlib.Path) -> Description:
    """The JSON of a run. HarnessError when there is none."""
    try:
        return t.cast(Description, json.loads((folder / DESCRIPTION).read_text()))
    except FileNotFoundError:
        raise HarnessError(f"No broker was started in {folder}") from None


def _spawn(command: t.Sequence[str], log: pathlib.Path, tied: bool) -> dict[str, t.Any]:
    def tie() -> None:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=_ROOT,
            start_new_session=True,
            preexec_fn=tie if tied else None,
        )
    return {"pid": process.pid, "started": _started(process.pid), "log": str(log)}


def _started(pid: int) -> str | None:
    """When the process started, in the kernel's ticks: with the pid it names one process for ever. None when gone."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]


def _alive(process: t.Mapping[str, t.Any]) -> bool:
    return process["started"] is not None and _started(process["pid"]) == process["started"]


def _start_tokens(
    folder: pathlib.Path, plan: settings.Plan, bind: str, port: int, tls_port: int, tied: bool
) -> dict[str, t.Any]:
    clients = folder / "token-clients.json"
    clients.write_text(json.dumps({user.name: user.password for user in plan.users}))
    clients.chmod(0o600)
    command = [sys.executable, "-m", "tests.kafka.tokens", "--host", bind, "--port", str(port)]
    command += ["--tls-port", str(tls_port), "--certificate", str(plan.certificates["server"]["pem"])]
    return _spawn([*command, "--clients", str(clients)], folder / "tokens.log", tied)


def _format(folder: pathlib.Path, plan: settings.Plan) -> None:
    """Write server.properties and format the storage of every node, all at once."""
    cluster_id = base64.urlsafe_b64encode(b"\x01" + uuid.uuid4().bytes[1:]).decode().rstrip("=")
    scram = []
    if settings.SCRAM[0] in settings.mechanisms(_listener("sasl_ssl"), plan.version):
        for user in plan.users[: settings.SCRAM_USERS]:
            for mechanism in settings.SCRAM:
                scram += ["--add-scram", f"{mechanism}=[name={user.name},password={user.password}]"]
    running = []
    for node in plan.nodes:
        home = folder / f"node-{node.id}"
        home.mkdir()
        text = "".join(f"{name}={value}\n" for name, value in settings.server_properties(plan, node).items())
        (home / "server.properties").write_text(text)
        (home / "server.properties").chmod(0o600)
        (home / "log4j2.properties").write_text(_LOG4J)
        command = [java(), *_JVM, "-cp", classpath(plan.version), "kafka.tools.StorageTool", "format"]
        command += ["-t", cluster_id, "-c", str(home / "server.properties"), *scram]
        running.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
    for process in running:
        try:
            output, _none = process.communicate(timeout=_FORMAT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise HarnessError(f"Formatting the storage took more than {_FORMAT_SECONDS} s") from None
        if process.returncode != 0:
            raise HarnessError(f"Kafka {plan.version} could not format its storage:\n{output[-2000:]}")


def _listener(name: str) -> settings.Listener:
    return next(item for item in settings.LISTENERS if item.name == name)


def _start_node(folder: pathlib.Path, plan: settings.Plan, node: settings.Node, tied: bool) -> dict[str, t.Any]:
    home = folder / f"node-{node.id}"
    options = [
        *_JVM,
        f"-Dlog4j2.configurationFile={home / 'log4j2.properties'}",
        # From 4.0 on a JVM reads only the URLs that it is allowed.
        f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={plan.jwks_url}",
    ]
    command = [java(), *options, "-cp", classpath(plan.version), "kafka.Kafka", str(home / "server.properties")]
    return _spawn(command, home / "server.log", tied)


def start_node(description: Description, number: int) -> None:
    """Start one node again that `stop_node` ended."""
    folder = pathlib.Path(description["dir"])
    home = folder / f"node-{number}"
    options = [*_JVM, f"-Dlog4j2.configurationFile={home / 'log4j2.properties'}"]
    options.append(f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={description['tokens']['jwks_url']}")
    command = [java(), *options, "-cp", classpath(description["version"]), "kafka.Kafka"]
    process = _spawn([*command, str(home / "server.properties")], home / "server.log", tied=False)
    description["processes"][f"node-{number}"] = process
    save(folder, description)


def stop_node(description: Description, number: int) -> None:
    """Kill one node, as a broken machine would."""
    _kill([description["processes"][f"node-{number}"]])


def _wait_until_ready(folder: pathlib.Path, plan: settings.Plan, description: Description) -> None:
    """Every port listens and every login answers; or HarnessError with the end of the log that says why not."""
    end = time.monotonic() + _READY_SECONDS
    waiting = {
        f"{plan.host}:{port}" for node in plan.nodes for name, port in node.ports.items() if name != "controller"
    }
    waiting.add(plan.jwks_url.split("/")[2])
    while waiting:
        waiting = {address for address in waiting if not _answers(address)}
        _check_alive(description, end, f"these ports do not listen: {', '.join(sorted(waiting))}")
    while True:
        missing = admin.not_ready(description, len(plan.nodes))
        if not missing:
            return
        _check_alive(description, end, missing)


def _check_alive(description: Description, end: float, missing: str) -> None:
    for name, process in description["processes"].items():
        if not _alive(process):
            raise HarnessError(f"{name} ended while it started:\n{_tail(process['log'])}")
    if time.monotonic() > end:
        logs = "\n".join(_tail(process["log"]) for process in description["processes"].values())
        raise HarnessError(f"Kafka was not ready after {_READY_SECONDS} s: {missing}\n{logs}")
    time.sleep(0.1)


def _answers(address: str) -> bool:
    host, _colon, port = address.rpartition(":")
    with contextlib.suppress(OSError), socket.create_connection((host, int(port)), timeout=1):
        return True
    return False


def _tail(log: str, size: int = 3000) -> str:
    text = pathlib.Path(log).read_text(errors="replace") if pathlib.Path(log).exists() else ""
    return f"--- {log}\n{text[-size:]}"


def status(folder: pathlib.Path) -> dict[str, t.Any]:
    """{running: bool, processes: {name: bool}, description: path of the JSON or None}."""
    try:
        description = load(folder)
    except HarnessError:
        return {"running": False, "processes": {}, "description": None}
    alive = {name: _alive(process) for name, process in description["processes"].items()}
    return {"running": any(alive.values()), "processes": alive, "description": str(folder / DESCRIPTION)}


def stop(folder: pathlib.Path) -> None:
    """End every process of the run and remove its folder. A run that is not there is no error.

    They are killed, not asked: the data goes with the folder, so there is nothing to close in an orderly way.
    """
    with contextlib.suppress(HarnessError):
        _kill(list(load(folder)["processes"].values()))
    shutil.rmtree(folder, ignore_errors=True)


def _kill(processes: t.Sequence[t.Mapping[str, t.Any]]) -> None:
    for process in processes:
        if _alive(process):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process["pid"], signal.SIGKILL)
    end = time.monotonic() + 10
    for process in processes:
        while _alive(process) and time.monotonic() < end:
            time.sleep(0.01)
        with contextlib.suppress(ChildProcessError):  # a child of another process is not ours to reap
            os.waitpid(process["pid"], os.WNOHANG)
