"""No secret comes out: not in results, diffs, messages, errors, verbose output or logs of a real ansible-playbook."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import typing as t
import urllib.parse

import pytest

from tests.emulator.fixtures import Emulator
from tests.integration.projects.conftest import LOGIN, RUN_SECONDS, Modules, environment
from tests.unit.kafka import pki

ROOT = pathlib.Path(__file__).resolve().parents[3]
KEY = "canary.apikey0123456789"

#: Every place in which an option may hold a secret, each with a text of its own.
CANARIES = {
    "api key": KEY,
    "login": "canary-of-the-login",
    "login of a project": "canary-of-the-projects-login",
    "client secret": "canary-of-the-client-secret",
    "own password": "canary-of-a-custom-password",
    "store password": "canary-of-the-truststore",
    "key store password": "canary-of-the-keystore",
    "key password": "canary-of-the-private-key",
    "key store password of a project": "canary-of-the-projects-keystore",
    "login on the server": "canary-of-the-old-login",
    "variable": "canary-of-a-variable",
}


def declaration(directory: pathlib.Path) -> dict[str, t.Any]:
    ca, identity = pki.authority(), pki.issue("leaky", issuer=pki.authority())
    (directory / "ca.pem").write_text(ca.pem)
    key = identity.key_pem(CANARIES["key password"])
    return {
        "properties": {
            "bootstrap.servers": "kafka.example.com:9093",
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "PLAIN",
            "sasl.jaas.config": LOGIN.format("hopsworks", CANARIES["login"]),
            "my.interceptor.password": CANARIES["own password"],
            "my.interceptor.client.secret": CANARIES["client secret"],
        },
        "truststore": {"path": str(directory / "ca.pem"), "password": CANARIES["store password"]},
        "keystore": {
            "content": key + identity.pem,
            "password": CANARIES["key store password"],
            "key_password": CANARIES["key password"],
        },
        "projects": [
            "project_1",
            {
                "name": "project_2",
                "properties": {"sasl.jaas.config": LOGIN.format("two", CANARIES["login of a project"])},
                "keystore": {
                    "content": key + identity.pem,
                    "password": CANARIES["key store password of a project"],
                    "key_password": CANARIES["key password"],
                },
            },
        ],
    }


def spellings(secret: str) -> set[str]:
    """A secret as it may appear: bare, in JSON, in Base64, in a URL."""
    raw = secret.encode()
    coded = {base64.b64encode(raw[start:]).decode().rstrip("=")[2:-3] for start in range(3)}
    return {secret, json.dumps(secret)[1:-1], urllib.parse.quote(secret, safe=""), *coded}


def assert_clean(text: str, private_key: str) -> None:
    for name, secret in CANARIES.items():
        for spelling in spellings(secret):
            assert spelling not in text, f"{name} leaked"
    for line in private_key.splitlines():
        if "-----" not in line:
            assert line not in text, "the private key leaked"


def play(
    emulator: Emulator, directory: pathlib.Path, tasks: list[dict[str, t.Any]], *arguments: str
) -> tuple[int, str, str]:
    """Exit status of ansible-playbook -vvvv, everything it printed, and everything it left in its folder."""
    playbook = directory / "play.yml"
    playbook.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    program = pathlib.Path(sys.executable).with_name("ansible-playbook")
    # A short path: ansible-core makes a Unix socket below it, and the name of a socket has room for 107 bytes.
    with tempfile.TemporaryDirectory(prefix="leaks-") as folder:
        done = subprocess.run(
            [program, "-i", "localhost,", "-c", "local", "-vvvv", *arguments, playbook],
            env={
                **environment(),
                "HOPSWORKS_API_KEY": KEY,
                "ANSIBLE_CONFIG": str(ROOT / "tests" / "ansible.cfg"),
                "ANSIBLE_INJECT_INVOCATION": "1",
                "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
                "ANSIBLE_LOG_PATH": f"{folder}/ansible.log",
                "ANSIBLE_LOCAL_TEMP": f"{folder}/local",
                "ANSIBLE_REMOTE_TEMP": f"{folder}/remote",
                "TMPDIR": folder,
            },
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
            check=False,
        )
        files = [path for path in pathlib.Path(folder).rglob("*") if path.is_file()]
        left = [path.read_bytes().decode("utf-8", "replace") for path in files]
    return done.returncode, done.stdout + done.stderr, "\n".join(left)


def tasks(emulator: Emulator, directory: pathlib.Path, **options: t.Any) -> list[dict[str, t.Any]]:
    server = emulator.connection
    server.pop("api_key")
    return [
        {
            "hopsworks.kafka.kafka_connector": {**server, **declaration(directory), **options},
            "register": "done",
            "ignore_errors": bool(options.get("ignored")),
        },
        {"ansible.builtin.debug": {"var": "done"}},
        {"hopsworks.kafka.kafka_connector_info": {**server, "projects": declaration(directory)["projects"]}},
        {"hopsworks.kafka.hopsworks_variable": {**server, "variables": {"some_password": CANARIES["variable"]}}},
    ]


@pytest.fixture
def leaky(hopsworks: Modules) -> Modules:
    """A server on which project_1 has a connector with secrets of its own."""
    emulator = hopsworks.emulator
    roles = {f"project_{number}": "Data owner" for number in range(1, 5)}
    emulator.add_key(KEY, user="canary", admin=True, roles=roles)
    jaas = LOGIN.format("old", CANARIES["login on the server"])
    old = {
        "name": "kafka_connector",
        "storageConnectorType": "KAFKA",
        "bootstrapServers": "old.example.com:1",
        "sslTruststorePassword": CANARIES["login on the server"],
        "options": [{"name": "sasl.jaas.config", "value": jaas}],
    }
    emulator.control("PUT", "connectors", {"project": "project_1", "connector": old})
    return hopsworks


@pytest.mark.parametrize("arguments", [["--check", "--diff"], ["--diff"]], ids=str)
def test_success(leaky: Modules, tmp_path: pathlib.Path, arguments: list[str]) -> None:
    private_key = pki.issue("leaky", issuer=pki.authority()).key_pem()
    status, output, left = play(leaky.emulator, tmp_path, tasks(leaky.emulator, tmp_path), *arguments)
    assert status == 0, output[-3000:]
    # The test sees what it should: results, diff and invocation are there, and readable.
    for text in ("project_2", "SASL_SSL", "my.interceptor.password", "module_args", "old.example.com:1", "--- before"):
        assert text in output, text
    assert_clean(output, private_key)
    assert_clean(left, private_key)


@pytest.mark.parametrize(
    ("project", "fault"),
    [
        ("project_1", {"status": 500, "body": {"errorCode": 120000, "usrMsg": "cannot use " + CANARIES["login"]}}),
        (
            "project_2",
            {"status": 400, "body": {"errorCode": 270136, "usrMsg": "refused " + CANARIES["login of a project"]}},
        ),
        ("project_2", {"status": 500, "body": "Traceback: " + CANARIES["login of a project"]}),
        ("project_1", "html"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_failure(leaky: Modules, tmp_path: pathlib.Path, project: str, fault: t.Any) -> None:
    """Also where the server quotes what it was sent."""
    leaky.emulator.set_faults([{"match": {"route": "*/storageconnectors*", "method": "P*"}, "fault": fault}])
    options = {**declaration(tmp_path), "api_key": KEY, "timeout": 1}
    chosen = [item for item in options["projects"] if project in str(item)]
    done = leaky.connector(diff=True, **{**options, "projects": chosen})
    assert done["failed"]
    assert_clean(str(done), pki.issue("leaky", issuer=pki.authority()).key_pem())


def test_bad_input(leaky: Modules, tmp_path: pathlib.Path) -> None:
    given = declaration(tmp_path)
    broken = [
        {"properties": {**given["properties"], "sasl.jaas.config": "nonsense " + CANARIES["login"]}},
        {"keystore": {**given["keystore"], "key_password": CANARIES["key store password"]}},
        {"keystore": {**given["keystore"], "content": CANARIES["key password"]}},
        {"projects": [{"name": "project_1", "keystore": {"content": "x", "password": CANARIES["login of a project"]}}]},
        {"projects": [{"name": "project_1", "password": CANARIES["login of a project"]}]},
        {"projects": [{"nam": "project_1", "properties": given["properties"]}]},
        {"api_key": KEY + "é"},
        {"host": None},
    ]
    for options in broken:
        done = leaky.connector(**{"api_key": KEY, **given, **options})
        assert done["failed"], options
        assert_clean(str(done), pki.issue("leaky", issuer=pki.authority()).key_pem())


@pytest.mark.parametrize("module", ["kafka_connector", "kafka_connector_info", "kafka_probe", "onlinefs_config"])
@pytest.mark.parametrize(
    "wrong",
    [{"truststore": "/etc/kafka/ca.pem"}, {"keystore": ["/etc/kafka/key.p12"]}, {"slice": 5}, {"probes": ["fraud"]}],
    ids=str,
)
def test_an_option_of_the_wrong_type(
    leaky: Modules, tmp_path: pathlib.Path, module: str, wrong: dict[str, t.Any]
) -> None:
    """ansible-core would refuse it before it knows what is secret, and show everything."""
    given = {"properties": declaration(tmp_path)["properties"], **wrong}
    if module.startswith("kafka_connector"):
        given["api_key"] = KEY
    play_of = [{f"hopsworks.kafka.{module}": given}]
    status, output, left = play(leaky.emulator, tmp_path, play_of)
    assert status != 0
    private_key = pki.issue("leaky", issuer=pki.authority()).key_pem()
    assert_clean(output, private_key)
    assert_clean(left, private_key)
    [name] = wrong
    if name in ("truststore", "keystore"):
        assert f"option {name}: it must be a dictionary" in output, output[-2000:]


@pytest.fixture
def system_log() -> t.Iterator[t.Callable[[], str]]:
    """What modules send to the system's log, which is a socket of the test's own for as long as it runs. Needs root."""
    place, aside = pathlib.Path("/dev/log"), pathlib.Path("/dev/log.aside")
    there = place.is_symlink() or place.exists()
    if there:
        place.rename(aside)
    received: list[bytes] = []

    def receive(server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:  # or modules wait until there is room
                received.append(server.recv(1 << 20))

    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
            server.bind(str(place))
            threading.Thread(target=receive, args=(server,), daemon=True).start()
            yield lambda: b"\n".join(received).decode("utf-8", "replace")
            server.shutdown(socket.SHUT_RDWR)
    finally:
        place.unlink(missing_ok=True)
        if there:
            aside.rename(place)


def test_the_system_log(leaky: Modules, tmp_path: pathlib.Path, system_log: t.Callable[[], str]) -> None:
    """A module's options are logged where it runs: not the stores, with their line breaks, nor any login."""
    given = declaration(tmp_path)
    identity = pki.issue("leaky", issuer=pki.authority())
    key = {"content": identity.key_pem() + identity.pem, "password": "back\\slash-" + CANARIES["store password"]}
    kafka = {"properties": given["properties"], "keystore": key, "truststore": given["truststore"]}
    probes = [{"name": "fraud", **kafka}]
    home = {"home": str(tmp_path), "service_version": "3.8", "service_manager": "none"}
    server = {**leaky.emulator.connection, "api_key": KEY}
    tasks = [
        {"hopsworks.kafka.kafka_probe": {**kafka, "timeout": 1}},
        {"hopsworks.kafka.kafka_probe": {"probes": probes, "timeout": 1}},
        {"hopsworks.kafka.onlinefs_config": {**kafka, **home}},
        {"hopsworks.kafka.kafka_connector_info": {**server, **kafka, "projects": given["projects"]}},
        {"hopsworks.kafka.kafka_connector": {**server, **kafka}, "async": 60, "poll": 1},
        {"hopsworks.kafka.hopsworks_variable": {**server, "variables": {"some_password": CANARIES["variable"]}}},
    ]
    play(leaky.emulator, tmp_path, [{**task, "ignore_errors": True} for task in tasks])
    text = system_log()
    for module in ("kafka_probe", "onlinefs_config", "kafka_connector_info", "kafka_connector", "hopsworks_variable"):
        assert f"ansible-hopsworks.kafka.{module}" in text or f"ansible-{module}" in text, text[:3000]
    assert_clean(text, identity.key_pem())
    assert "back" + "\\" not in text and "BEGIN PRIVATE KEY" not in text
    # It finds what is there.
    with pytest.raises(AssertionError, match="leaked"):
        assert_clean(text + str(kafka), identity.key_pem())


def test_a_short_secret_garbles_nothing(leaky: Modules) -> None:
    """A weak password is a part of many words; those must stay as they are."""
    properties = {
        "bootstrap.servers": "kafka.example.com:9092",
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "PLAIN",
        "sasl.jaas.config": LOGIN.format("kafka", "kafka"),
    }
    done = leaky.connector(projects=["project_3"], properties=properties)
    assert done["results"][0]["project"] == "project_3"
    assert done["invocation"]["module_args"]["name"] == "kafka_connector"
    assert done["invocation"]["module_args"]["properties"]["sasl.jaas.config"] == "********"
    assert os.environ.get("HOPSWORKS_API_KEY") != KEY
