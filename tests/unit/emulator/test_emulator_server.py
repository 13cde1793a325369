"""The server itself: connections, TLS, counts, latency, many clients at once."""

from __future__ import annotations

import concurrent.futures
import http.client
import json
import pathlib
import socket
import ssl
import time
import typing as t

import pytest

from tests.emulator.fixtures import BASE, Emulator, emulator_in_thread
from tests.emulator.samples import kafka_connector


def _headers(emulator: Emulator) -> dict[str, str]:
    return {"Authorization": f"ApiKey {emulator.api_key}"}


def test_a_connection_is_kept_for_any_number_of_requests(emulator: Emulator) -> None:
    connection = http.client.HTTPConnection(emulator.host, emulator.port, timeout=5)
    used = set()
    for path in ("/project", "/nowhere", "/variables/versions", "/project"):
        connection.request("GET", BASE + path, headers=_headers(emulator))
        connection.getresponse().read()
        used.add(connection.sock and connection.sock.getsockname())
    assert len(used) == 1
    connection.request("GET", BASE + "/project", headers={**_headers(emulator), "Connection": "close"})
    response = connection.getresponse()
    assert response.getheader("Connection") == "close"
    assert response.read()
    assert connection.sock is None


def test_several_requests_sent_at_once_are_answered_in_order(emulator: Emulator) -> None:
    with socket.create_connection((emulator.host, emulator.port), timeout=5) as connection:
        one = f"GET {BASE}/variables/versions HTTP/1.1\r\nHost: x\r\n\r\n"
        two = f"GET {BASE}/project HTTP/1.0\r\nHost: x\r\n\r\n"
        connection.sendall((one + two).encode())
        received = b""
        while part := connection.recv(65536):
            received += part
    assert received.count(b"HTTP/1.1 ") == 2
    assert received.index(b"200 OK") < received.index(b"401 Unauthorized")


def test_a_body_in_chunks(emulator: Emulator) -> None:
    connection = http.client.HTTPConnection(emulator.host, emulator.port, timeout=5)
    text = json.dumps(kafka_connector()).encode()
    parts = iter([text[:10], text[10:]])
    path = BASE + emulator.store_path("project_1")
    connection.request("POST", path, parts, _headers(emulator), encode_chunked=True)
    assert connection.getresponse().status == 201


def test_a_client_that_waits_before_it_sends_its_body(emulator: Emulator) -> None:
    with socket.create_connection((emulator.host, emulator.port), timeout=5) as connection:
        head = f"POST {BASE}/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\nExpect: 100-continue\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 Continue")
        connection.sendall(b"email=x")
        assert connection.recv(1000).startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize(
    "junk", [b"\r\n\r\n", b"hello\r\n\r\n", b"GET /\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: 9\r\n\r\nx"]
)
def test_what_is_no_request_is_dropped_and_harms_nobody(emulator: Emulator, junk: bytes) -> None:
    with socket.create_connection((emulator.host, emulator.port), timeout=5) as connection:
        connection.sendall(junk)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1000) == b""
    assert emulator.api("GET", "/project").status == 200


def test_without_a_tls_directory_one_port_speaks_both(emulator: Emulator) -> None:
    assert emulator.url.startswith("http://")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPSConnection(emulator.host, emulator.port, timeout=5, context=context)
    connection.request("GET", BASE + "/variables/versions")
    assert connection.getresponse().status == 200
    assert emulator.send("GET", BASE + "/variables/versions").status == 200


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_with_one_it_speaks_tls_only_and_is_verified(name: str) -> None:
    with emulator_in_thread(projects=1, tls=True) as emulator:
        context = ssl.create_default_context(cafile=str(emulator.ca_path))
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        connection = http.client.HTTPSConnection(name, emulator.port, timeout=5, context=context)
        connection.request("GET", BASE + "/variables/versions")
        assert connection.getresponse().status == 200
        with pytest.raises(ssl.SSLCertVerificationError):
            socket_to = socket.create_connection((emulator.host, emulator.port), timeout=5)
            ssl.create_default_context().wrap_socket(socket_to, server_hostname=name)
        plain = http.client.HTTPConnection(emulator.host, emulator.port, timeout=5)
        with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
            plain.request("GET", BASE + "/variables/versions")
            plain.getresponse()


def test_counts_are_by_method_and_route_and_leave_out_their_own(emulator: Emulator) -> None:
    path = emulator.store_path("project_1")
    assert emulator.requests() == {}
    for project in ("project_1", "project_2"):
        emulator.api("GET", f"{emulator.store_path(project)}/kafka_connector")
    emulator.api("POST", path, kafka_connector())
    emulator.api("GET", "/nowhere")
    emulator.send("GET", BASE + "/project")
    route = "/project/{pid}/featurestores/{fsid}/storageconnectors"
    assert emulator.requests() == {
        f"GET {route}/{{name}}": 2,
        f"POST {route}": 1,
        "GET (none)": 1,
        "GET /project": 1,
    }
    assert [entry["status"] for entry in emulator.log()] == [404, 404, 201, 404, 401]
    emulator.reset_requests()
    assert emulator.requests() == {}
    assert emulator.log() == []


def test_latency_is_added_to_every_request_of_the_api_and_to_nothing_else(emulator: Emulator) -> None:
    emulator.set_latency(1000)
    started = time.monotonic()
    emulator.api("GET", "/project")
    assert time.monotonic() - started >= 1
    started = time.monotonic()
    emulator.requests()
    assert time.monotonic() - started < 1


def test_64_connections_at_once_wait_side_by_side(emulator: Emulator) -> None:
    emulator.set_latency(100)
    connections = [http.client.HTTPConnection(emulator.host, emulator.port, timeout=10) for _number in range(64)]

    def use(connection: http.client.HTTPConnection) -> int:
        for _request in range(3):
            connection.request("GET", BASE + "/project", headers=_headers(emulator))
            response = connection.getresponse()
            response.read()
        return response.status

    started = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        assert set(pool.map(use, connections)) == {200}
    assert time.monotonic() - started < 64 * 3 * 0.1 / 4
    assert emulator.requests() == {"GET /project": 192}


def test_two_that_create_at_the_same_time_make_one(emulator: Emulator) -> None:
    path = emulator.store_path("project_1")
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _number: emulator.api("POST", path, kafka_connector()).status, range(16)))
    assert sorted(answers) == [201] + [400] * 15


@pytest.mark.parametrize(
    ("method", "name", "body"),
    [
        ("POST", "keys", {"key": "nodot"}),
        ("POST", "keys", {"key": "a.b", "scopes": ["NONE"]}),
        ("POST", "keys", {"key": "a.b", "roles": {"nowhere": "Data owner"}}),
        ("POST", "keys", {"key": "a.b", "roles": {"project_1": "Owner"}}),
        ("DELETE", "keys", {"key": "unknown.x"}),
        ("PUT", "settings", {"speed": 1}),
        ("POST", "projects", {"name": "project_1"}),
        ("GET", "nothing", None),
    ],
)
def test_control_requests_that_make_no_sense(emulator: Emulator, method: str, name: str, body: t.Any) -> None:
    with pytest.raises(ValueError, match="/_emulator/"):
        emulator.control(method, name, body)


def test_the_state_with_contents(emulator: Emulator) -> None:
    emulator.upload("project_1", "a", b"abc")
    shown = emulator.control("GET", "state?project=project_1&contents=true")
    assert list(shown["projects"]) == ["project_1"]
    (file,) = shown["projects"]["project_1"]["files"].values()
    assert (file["content"], file["size"]) == ("YWJj", 3)
    assert emulator.directory.is_dir()
    assert isinstance(emulator.directory, pathlib.Path)
