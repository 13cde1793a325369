"""Requests: what is repeated and what is not, what each failure is called, and that every wait ends."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import threading
import time
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.request_errors import (
    ApiError,
    AuthenticationError,
    RequestError,
    TransportError,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.session import ServerSeen, Session, connection

from tests.emulator.certificates import tls_files
from tests.emulator.fixtures import Emulator, emulator_in_thread

STORE = "/project/{project}/featurestores/{store}"
OPTIONS: dict[str, t.Any] = {"host": "h", "port": 443, "api_key": "a.b", "timeout": 30, "workers": 16}


@pytest.fixture(scope="module")
def emulator() -> t.Iterator[Emulator]:
    with emulator_in_thread(projects=2, tls=True) as running:
        yield running


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


def counted(function: t.Callable[..., t.Any], calls: list[t.Any]) -> t.Callable[..., t.Any]:
    def call(*arguments: t.Any, **named: t.Any) -> t.Any:
        calls.append((*arguments[1:], named))
        return function(*arguments, **named)

    return call


class Slept(list[float]):
    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def opened(emulator: Emulator, timeout: float = 5, **options: t.Any) -> tuple[Session, Slept]:
    slept = Slept()
    at = dataclasses.replace(connection({**OPTIONS, **emulator.connection}), timeout=timeout)
    seen = ServerSeen()
    seen.once = True
    return Session(at, options.get("server_seen", seen), slept), slept


def struck(emulator: Emulator, fault: t.Any, method: str = "GET", timeout: float = 5, **match: t.Any) -> t.Any:
    """One request of that method under a fault; its answer or error, and the pauses made."""
    emulator.reset_requests()
    emulator.set_faults([{"match": {"method": method, **match}, "fault": fault}])
    session, slept = opened(emulator, timeout)
    try:
        answer = (
            session.call(method, "/project/getAll") if method == "GET" else session.call(method, "/project", json={})
        )
    except RequestError as error:
        answer = error
    finally:
        session.close()
        seen = sum(emulator.requests().values())
        emulator.set_faults([])
    return answer, slept, seen


def test_an_answer(emulator: Emulator) -> None:
    session, slept = opened(emulator)
    names = [project["name"] for project in session.call("GET", "/project/getAll")]
    assert names == ["project_1", "project_2"] and slept == []


def test_the_connection_is_kept(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    session, _slept = opened(emulator)
    opened_ones: list[t.Any] = []
    monkeypatch.setattr(socket.socket, "connect", counted(socket.socket.connect, opened_ones))
    for _number in range(3):
        session.call("GET", "/project")
        with pytest.raises(ApiError):
            session.call("GET", "/project/{project}", {"project": 1})
    assert len(opened_ones) == 1


def test_ids_are_quoted(emulator: Emulator) -> None:
    emulator.reset_requests()
    session, _slept = opened(emulator)
    with pytest.raises(ApiError):
        session.call("GET", "/project/{project}/dataset/{path}", {"project": 119, "path": "Resources/a b?c#d"})
    assert emulator.log()[-1]["path"].endswith("/dataset/Resources%2Fa%20b%3Fc%23d")


@pytest.mark.parametrize(
    "fault",
    [
        429,
        502,
        503,
        504,
        "truncated_json",
        "wrong_length",
        "reset_before_commit",
        "reset_after_commit",
        "close_mid_stream",
    ],
    ids=str,
)
def test_passing_failures_are_repeated(emulator: Emulator, fault: t.Any) -> None:
    answer, slept, seen = struck(emulator, fault, nth=[1, 2])
    assert [project["name"] for project in answer] == ["project_1", "project_2"]
    assert seen == 3 and len(slept) == 2


@pytest.mark.parametrize("fault", [429, 503, "reset_before_commit", "reset_after_commit"], ids=str)
def test_a_post_never_is(emulator: Emulator, fault: t.Any) -> None:
    answer, slept, seen = struck(emulator, fault, method="POST")
    assert isinstance(answer, RequestError) and answer.temporary and answer.outcome_unknown is (fault != 429)
    assert seen == 1 and slept == []


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (400, "refused"),
        (403, "not_a_member"),
        (404, "project_not_found"),
        (500, "server_error"),
        ({"status": 418, "body": "no"}, "refused"),
        ("html", "not_json"),
        ({"kind": "status", "status": 200, "body": "text"}, "not_json"),
        ({"kind": "status", "status": 302, "headers": {"Location": "https://elsewhere/"}, "body": ""}, "redirected"),
    ],
    ids=str,
)
def test_lasting_failures_are_not_repeated(emulator: Emulator, fault: t.Any, reason: str) -> None:
    answer, slept, seen = struck(emulator, fault)
    assert (answer.reason, seen, slept) == (reason, 1, [])


def test_a_bad_key(emulator: Emulator) -> None:
    answer, _slept, seen = struck(emulator, 401)
    assert isinstance(answer, AuthenticationError) and answer.cluster_wide and seen == 1


def test_attempts_end(emulator: Emulator) -> None:
    # No pause is really waited, so the time is for ten attempts alone, on a busy machine too.
    answer, slept, seen = struck(emulator, 503, timeout=60)
    assert (answer.reason, answer.status) == ("unavailable", 503)
    assert seen == 10 and len(slept) == 9


def test_a_server_that_never_answered_is_tried_less(emulator: Emulator) -> None:
    emulator.set_faults([{"match": {}, "fault": "reset_before_commit"}])
    session, slept = opened(emulator, server_seen=ServerSeen())
    with pytest.raises(TransportError):
        session.call("GET", "/project")
    emulator.set_faults([])
    assert len(slept) == 2


def test_the_failure_before_is_told_if_time_runs_out_in_a_repeated_attempt(emulator: Emulator) -> None:
    late = {"kind": "slow_first_byte", "seconds": 30}
    emulator.set_faults([{"match": {"nth": 1}, "fault": "reset_before_commit"}, {"match": {}, "fault": late}])
    session, slept = opened(emulator, timeout=1)
    with pytest.raises(TransportError) as raised:
        session.call("GET", "/project")
    emulator.set_faults([])
    assert raised.value.reason == "cut_off" and len(slept) == 1


@pytest.mark.parametrize("after", ["2", "+2s"])
def test_retry_after(emulator: Emulator, after: str) -> None:
    _answer, slept, seen = struck(emulator, {"status": 429, "headers": {"Retry-After": after}}, nth=1)
    assert seen == 2 and 1 <= slept[0] <= 2.3
    answer, slept, seen = struck(emulator, {"status": 503, "headers": {"Retry-After": "60"}}, nth=1)
    assert (answer.retry_after, slept, seen) == (60.0, [], 1)


@pytest.mark.parametrize(
    "fault", [{"kind": "slow_first_byte", "seconds": 5}, {"kind": "slow_body", "seconds": 10}], ids=str
)
def test_a_slow_answer_ends(emulator: Emulator, fault: t.Any) -> None:
    emulator.set_faults([{"match": {}, "fault": fault}])
    session, _slept = opened(emulator, timeout=0.5)
    started = time.monotonic()
    with pytest.raises(TransportError) as slow:
        session.call("POST", "/project", json={})
    emulator.set_faults([])
    assert slow.value.reason == "timeout" and time.monotonic() - started < 2.5


def listening(serve: t.Callable[[socket.socket], None]) -> tuple[socket.socket, int]:
    listener = socket.create_server(("127.0.0.1", 0))

    def loop() -> None:
        while True:
            try:
                client, _address = listener.accept()
            except OSError:
                return
            with client:
                serve(client)

    threading.Thread(target=loop, daemon=True).start()
    return listener, listener.getsockname()[1]


def failure(host: str, port: int, **options: t.Any) -> TransportError:
    session = Session(
        connection({**OPTIONS, "host": host, "port": port, "timeout": 2, **options}), ServerSeen(), Slept()
    )
    with pytest.raises(TransportError) as failed:
        session.call("GET", "/project")
    assert "a.b" not in str(failed.value)
    return failed.value


def test_what_the_network_does(emulator: Emulator, tmp_path: t.Any) -> None:
    listener, port = listening(lambda client: None)
    assert failure("127.0.0.1", port).reason in ("tls", "cut_off")
    listener.close()
    refused = failure("127.0.0.1", port)
    assert (refused.reason, refused.outcome_unknown) == ("unreachable", False)
    assert f"127.0.0.1:{port} refused the connection" in str(refused)
    listener, port = listening(lambda client: client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    assert failure("127.0.0.1", port).reason == "no_tls"
    listener.close()
    # The system's resolver may take its time on a busy machine.
    assert failure("no-such-host.invalid", 443, timeout=30).reason == "unknown_host"
    other = tls_files(tmp_path / "other")
    distrusted = failure(emulator.host, emulator.port, ca_path=str(other.ca))
    assert distrusted.reason == "certificate" and "ca_path" in distrusted.remedy and not distrusted.temporary


def test_a_name_that_is_not_in_the_certificate(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *more, **named: real("127.0.0.1" if "example" in str(host) else host, *more, **named),
    )
    error = failure("hopsworks.example.com", emulator.port, ca_path=str(emulator.ca_path))
    assert error.reason == "certificate" and "certificate" in error.remedy


def test_verification_is_off_only_when_asked(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    assert failure(emulator.host, emulator.port).reason == "certificate"
    given = {**OPTIONS, **emulator.connection, "ca_path": None}
    lenient = {**given, "validate_certs": False}
    assert Session(connection(lenient)).call("GET", "/project")
    # The environment does not turn it on again, nor off.
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(emulator.ca_path))
    assert Session(connection(given)).call("GET", "/project")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", ssl.get_default_verify_paths().openssl_cafile)
    assert Session(connection(lenient)).call("GET", "/project")


def test_the_authorities_are_read_once(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """To read those of a system takes longer than a request."""
    read: list[t.Any] = []
    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", counted(ssl.SSLContext.load_verify_locations, read))
    at = connection({**OPTIONS, **emulator.connection})
    for _number in range(3):
        assert Session(at).call("GET", "/project")
    assert len(read) == 1


def test_a_folder_of_authorities(emulator: Emulator, tmp_path: pathlib.Path) -> None:
    assert failure(emulator.host, emulator.port, ca_path=str(tmp_path)).reason == "certificate"
    (tmp_path / "ca.pem").write_bytes(emulator.ca_path.read_bytes())
    subprocess.run(["openssl", "rehash", tmp_path], check=True)
    at = connection({**OPTIONS, **emulator.connection, "ca_path": str(tmp_path)})
    assert Session(at).call("GET", "/project")


def test_no_authorities(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("none here\n")
    with pytest.raises(InputError, match=r"option ca_path, .*empty\.pem: it contains no certificate"):
        connection({**OPTIONS, "ca_path": str(empty)})
    os.mkfifo(tmp_path / "pipe.pem")
    for path in (tmp_path / "pipe.pem", pathlib.Path("/dev/zero")):
        with pytest.raises(InputError, match=f"option ca_path, {path}: it cannot be read: Not a regular file"):
            connection({**OPTIONS, "ca_path": str(path)})
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "gone.pem"))
    with pytest.raises(InputError, match=r"environment variable REQUESTS_CA_BUNDLE, .*gone\.pem: it cannot be read"):
        connection(OPTIONS)
    assert connection({**OPTIONS, "validate_certs": False})


def test_a_proxy_that_is_reached_by_tls(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    """It is verified by the same authorities."""
    files = tls_files(tmp_path / "proxy")
    server = files.context()

    def serve(client: socket.socket) -> None:
        with contextlib.suppress(OSError), server.wrap_socket(client, server_side=True) as inside:
            inside.recv(65536)
            inside.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")

    listener, port = listening(serve)
    monkeypatch.setenv("HTTPS_PROXY", f"https://127.0.0.1:{port}")
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    denied = failure(emulator.host, emulator.port, ca_path=str(files.ca))
    assert denied.reason == "proxy" and "407" in str(denied)
    assert "407" not in str(failure(emulator.host, emulator.port, ca_path=str(emulator.ca_path)))
    listener.close()


def test_a_flood_within_one_call_of_openssl_ends_in_time() -> None:
    """A client skips HelloRequest messages during a handshake, without coming back while more of them arrive.

    The server is a process of its own, so that it is faster than the client.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        child = os.fork()
        if child == 0:
            flood(listener)
        began = time.monotonic()
        try:
            error = failure("127.0.0.1", port, timeout=1)
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    # Without the limit it does not end at all; the rest is for a busy machine.
    assert error.reason == "timeout" and time.monotonic() - began < 5


def flood(listener: socket.socket) -> t.NoReturn:
    hello_request = b"\x16\x03\x03\x00\x04" + b"\0" * 4
    try:
        while True:
            client, _address = listener.accept()
            with contextlib.suppress(OSError), client:
                while True:
                    client.sendall(hello_request * 2000)
    finally:
        os._exit(0)


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("hopsworks.example.com", "https://hopsworks.example.com:443"),
        ("::1", "https://[::1]:443"),
        ("[::1]", "https://[::1]:443"),
    ],
)
def test_hosts(given: str, url: str) -> None:
    assert connection({**OPTIONS, "host": given}).url == f"{url}/hopsworks-api/api"


@pytest.mark.parametrize(
    "options",
    [
        {"host": "https://h"}, {"host": "h/x"}, {"host": "h:443"}, {"host": ""}, {"host": "a b"}, {"host": "u@h"},
        {"api_key": ""}, {"api_key": "a b"}, {"api_key": "a.b\n"}, {"api_key": "ä.b"},
        {"port": 0}, {"port": 65536}, {"timeout": 0}, {"workers": 0}, {"workers": 65}, {"ca_path": "/no/such"},
    ],
    ids=str,
)  # fmt: skip
def test_bad_options(options: dict[str, t.Any]) -> None:
    with pytest.raises(InputError) as refused:
        connection({**OPTIONS, **options})
    assert next(iter(options)) in str(refused.value)
    assert "a.b" not in str(refused.value)


def test_the_key_is_in_no_repr() -> None:
    assert "a.b" not in repr(connection(OPTIONS))
