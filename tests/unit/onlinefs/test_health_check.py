# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service restarted and its state read, and the check that it works."""

from __future__ import annotations

import contextlib
import http.server
import os
import pathlib
import socket
import threading
import time
import types
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers.group_membership import ConsumerGroup
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.defects import DefectError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.arguments import mask
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs import metrics_page, options
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.generations import FileSet
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.health_check import (
    NOT_OURS,
    HealthCheck,
    last_lines,
    require_joined,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.host_error import HostError
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.service import (
    CommandService,
    State,
    SystemdUnit,
)

from tests.unit.onlinefs.support import Home


def script(path: pathlib.Path, text: str) -> str:
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return str(path)


# --- commands ---------------------------------------------------------------------------------------------------------


def test_a_service_left_running_does_not_hold_the_restart(tmp_path: pathlib.Path) -> None:
    command = script(tmp_path / "restart", "echo started; sleep 20 &\n")
    began = time.monotonic()
    CommandService("onlinefs", command, "", 10).restart()
    assert time.monotonic() - began < 5


def test_a_restart_that_hangs_is_ended_with_all_it_started(tmp_path: pathlib.Path) -> None:
    command = script(tmp_path / "restart", f"sleep 60 & echo $! > {tmp_path}/pid; wait\n")
    with pytest.raises(HostError, match="not finished after 3 s"):
        CommandService("onlinefs", command, "", 3).restart()
    pid = int((tmp_path / "pid").read_text())
    deadline = time.monotonic() + 5
    while pathlib.Path(f"/proc/{pid}/cmdline").exists() and time.monotonic() < deadline:
        if pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            break
        time.sleep(0.05)
    else:
        assert not pathlib.Path(f"/proc/{pid}").exists()


def test_a_restart_that_fails_says_what_the_command_said(tmp_path: pathlib.Path) -> None:
    command = script(tmp_path / "restart", "echo port taken; exit 3\n")
    with pytest.raises(HostError, match="exit status 3: port taken"):
        CommandService("onlinefs", command, "", 20).restart()


def test_a_command_that_writes_without_end_is_ended(tmp_path: pathlib.Path) -> None:
    command = script(tmp_path / "restart", "exec yes\n")
    with pytest.raises(HostError, match="it wrote more than 16777216 bytes"):
        CommandService("onlinefs", command, "", 60).restart()


def test_the_end_of_a_long_output_is_shown_from_the_start_of_a_line(tmp_path: pathlib.Path) -> None:
    text = (
        "i=0; while [ $i -lt 3000 ]; do echo 'filler of some length in a line'; i=$((i+1)); done; echo cause; exit 1\n"
    )
    command = script(tmp_path / "restart", text)
    with pytest.raises(HostError, match=r"cause\.$") as caught:
        CommandService("onlinefs", command, "", 60).restart()
    assert len(str(caught.value)) < 2200


def test_half_a_secret_at_the_cut_of_a_long_output_is_not_shown(tmp_path: pathlib.Path) -> None:
    secret = "".join(f"{number:05d}" for number in range(8000))
    (tmp_path / "output").write_text(f"{secret} {secret}\n")
    command = script(tmp_path / "restart", f"cat {tmp_path}/output; exit 1\n")
    with pytest.raises(HostError) as caught:
        CommandService("onlinefs", command, "", 60, {secret}).restart()
    assert "0799" not in str(caught.value)


@pytest.mark.parametrize(
    ("words", "secret"),
    [
        ("--password canary-1", "canary-1"),
        ("--api-key=canary-1", "canary-1"),
        ("DB_PASSWORD=canary-1", "canary-1"),
        ("-p canary-1", "canary-1"),
        ("https://root:canary-1@host/", "canary-1"),
        ("--password 'canary one'", "canary one"),
    ],
)
@pytest.mark.parametrize("way", ["fails", "hangs", "status"])
def test_a_password_in_a_command_is_never_shown(
    home: Home, tmp_path: pathlib.Path, words: str, secret: str, way: str
) -> None:
    """The command repeats it as it is, so nothing but its place in the options tells that it is one."""
    end = "sleep 60" if way == "hangs" else "exit 3"
    command = script(tmp_path / "tool", f'for word in "$@"; do echo "got ${{word##*=}}"; done; {end}\n')
    commands = {"restart": f"{command} {words}", "status": f"{command} {words}"}
    params = home.params(service_manager="command", service_commands=commands, service_timeout=2)
    service = options.service(params)
    if way == "status":
        told = service.state().text
    else:
        with pytest.raises(HostError) as caught:
            service.restart()
        told = str(caught.value)
    assert secret not in told
    assert secret in options.secrets(params)
    assert secret not in repr(mask(params)) and "/tool" in repr(mask(params))
    assert ("got" in told) == (way != "hangs")


def test_words_are_not_read_by_a_shell(tmp_path: pathlib.Path) -> None:
    command = script(tmp_path / "status", f'printf "%s" "$1" > {tmp_path}/argument\n')
    assert CommandService("onlinefs", "true", f"{command} 'a b; $(id)'", 5).state().running
    assert (tmp_path / "argument").read_text() == "a b; $(id)"


def test_commands_that_are_none() -> None:
    with pytest.raises(InputError, match="not a command"):
        CommandService("onlinefs", "it's", "", 5)
    with pytest.raises(InputError, match="restart is missing"):
        CommandService("onlinefs", "", "", 5).check()
    with pytest.raises(HostError, match="cannot be run"):
        CommandService("onlinefs", "/nowhere/at-all", "", 5).restart()


# --- systemd ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def systemctl(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """A systemctl that answers from a file and writes down how it was called."""
    (tmp_path / "bin").mkdir()
    script(
        tmp_path / "bin/systemctl", f'echo "$@" >> {tmp_path}/calls\n[ "$1" = show ] && cat {tmp_path}/shown\nexit 0\n'
    )
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    (tmp_path / "calls").write_text("")
    return tmp_path


def shown(where: pathlib.Path, **given: str) -> None:
    values = {
        "LoadState": "loaded",
        "ActiveState": "active",
        "SubState": "running",
        "Result": "success",
        "MainPID": "7",
        "NRestarts": "0",
        "ExecMainStatus": "0",
        **given,
    }
    (where / "shown").write_text("".join(f"{name}={value}\n" for name, value in values.items()))


def test_a_unit_that_is_not_there_is_refused(systemctl: pathlib.Path) -> None:
    shown(systemctl, LoadState="not-found")
    with pytest.raises(InputError, match="systemd has no unit onlinefs"):
        SystemdUnit("onlinefs", 5).check()


def test_a_unit_is_restarted_and_its_state_read(systemctl: pathlib.Path) -> None:
    shown(systemctl)
    unit = SystemdUnit("onlinefs", 5)
    unit.check()
    unit.restart()
    assert unit.state() == State(True, False, "7 0", "active (running), pid 7, 0 restarts, result success")
    calls = [line for line in (systemctl / "calls").read_text().splitlines() if not line.startswith("show")]
    # Without the first, systemd refuses to start a unit that failed often.
    assert calls == ["reset-failed onlinefs", "restart onlinefs"]
    shown(systemctl, ActiveState="activating", SubState="auto-restart", Result="exit-code", NRestarts="4")
    state = unit.state()
    assert not state.running and state.failed and "4 restarts" in state.text
    shown(systemctl, MainPID="8")
    assert unit.state().identity != "7 0"


def test_a_unit_that_failed_often_is_started_again(systemctl: pathlib.Path) -> None:
    unit = SystemdUnit("onlinefs", 5)
    unit.stop()
    unit.start()
    calls = (systemctl / "calls").read_text().splitlines()
    assert calls == ["stop onlinefs", "reset-failed onlinefs", "start onlinefs"]


# --- the check --------------------------------------------------------------------------------------------------------


class Shown:
    """A service with the states that a test gives, the last one for ever."""

    name = "onlinefs"

    def __init__(self, *states: State) -> None:
        self.states = list(states)

    def check(self) -> None: ...

    def restart(self) -> None: ...

    def state(self) -> State:
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]


UP = State(True, False, "7 0", "active")
STARTING = State(False, False, "7 0", "activating")


@pytest.fixture
def metrics() -> t.Iterator[types.SimpleNamespace]:
    told = types.SimpleNamespace(status=200, url="")

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(told.status)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    told.url = f"http://127.0.0.1:{server.server_address[1]}/metrics"
    yield told
    server.shutdown()
    server.server_close()


def test_a_service_that_works(metrics: types.SimpleNamespace) -> None:
    health = HealthCheck(Shown(STARTING, STARTING, UP), metrics.url, 10, 0.3).wait({})
    assert health.to_result() == {"service": "active", "metrics": "ok", "group": None}


def test_a_service_that_falls_over_again_and_again_is_found_out(metrics: types.SimpleNamespace) -> None:
    service = Shown(UP, UP, State(True, False, "9 1", "active, 1 restarts"))
    with pytest.raises(HostError, match="did not keep running: active, 1 restarts"):
        HealthCheck(service, metrics.url, 10, 2).wait({}, {})


def test_a_service_that_is_down_is_not_waited_for() -> None:
    began = time.monotonic()
    with pytest.raises(HostError, match="does not run: failed"):
        HealthCheck(Shown(State(False, True, "", "failed")), "", 60, 0).wait({})
    assert time.monotonic() - began < 2


def test_metrics_that_do_not_answer(metrics: types.SimpleNamespace) -> None:
    metrics.status = 503
    with pytest.raises(HostError, match=r"metrics at .* do not answer: status 503"):
        HealthCheck(Shown(UP), metrics.url, 0.5, 0).wait({})
    assert "refused" in metrics_page.status("http://127.0.0.1:1/metrics")


class Groups:
    """Looks at groups as a test says."""

    def __init__(self, *groups: ConsumerGroup) -> None:
        self.groups = list(groups)

    def members(self, _files: FileSet, _seconds: float) -> dict[str, frozenset[str] | None]:
        return {}

    def look(self, _files: FileSet, _before: object, _seconds: float) -> list[ConsumerGroup]:
        if not self.groups:
            raise KeyError("canary")
        return self.groups


def test_the_group_decides() -> None:
    own = {"member_id": "m", "partitions": [{"topic": "a", "partition": 0, "lag": None}]}
    group = ConsumerGroup("g", "onlinefs_h1_1", True, partitions=1, own=(own,))
    assert HealthCheck(Shown(UP), "", 1, 0, Groups(group)).wait({}).groups == (group,)
    assert HealthCheck(Shown(UP), "", 1, 0, Groups(group)).wait({}, {}).groups == (group,)
    with pytest.raises(HostError, match="no member onlinefs_h1_1 in it: why"):
        HealthCheck(Shown(UP), "", 1, 0, Groups(ConsumerGroup("g", "onlinefs_h1_1", False, "why"))).wait({})


@pytest.mark.parametrize(
    ("joined", "reason", "told"),
    [
        (True, "", ""),
        (None, NOT_OURS, ""),
        (None, "why", "could not be asked for its members: why"),
        (False, "why", "no member onlinefs_h1_1 in it: why"),
    ],
)
def test_a_member_that_is_not_there_or_not_seen(joined: bool | None, reason: str, told: str) -> None:
    group = ConsumerGroup("g", "onlinefs_h1_1", joined, reason)
    with pytest.raises(HostError, match=told) if told else contextlib.nullcontext():
        require_joined(group)


def test_a_defect_of_the_check_counts_as_failed_and_shows_no_value() -> None:
    with pytest.raises(DefectError) as caught:
        HealthCheck(Shown(UP), "", 1, 0, Groups()).wait({})
    assert "KeyError" in str(caught.value) and "canary" not in str(caught.value) + caught.value.traceback
    assert HealthCheck(Shown(UP), "", 1, 0, Groups()).before_restart({}) == {}


# --- the metrics page -------------------------------------------------------------------------------------------------


def answering(answer: t.Callable[[socket.socket], None]) -> t.Iterator[str]:
    """A server that does what a test says with each connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _address = server.accept()
                    with connection, contextlib.suppress(OSError):
                        connection.recv(4096)
                        answer(connection)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/metrics"
        server.shutdown(socket.SHUT_RDWR)


def drip(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"H")
        time.sleep(0.1)


def endless(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"x" * 65536)


def no_end_of_headers(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    drip(connection)


@pytest.mark.parametrize(
    ("answer", "seen"),
    [
        (lambda c: c.sendall(b"HTTP/1.1 200 OK\r\n\r\n"), "ok"),
        (lambda c: c.sendall(b"HTTP/1.0 200\r\n\r\n"), "ok"),
        (lambda c: c.sendall(b"HTTP/1.1 503 Service Unavailable\r\n\r\n"), "status 503"),
        (lambda c: c.sendall(b"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\n\r\n"), "status 301"),
        (lambda c: c.sendall(b"SSH-2.0-OpenSSH_9.6\r\n"), "the answer is not HTTP"),
        (lambda c: c.sendall(b"HTTP/1.1 2000 OK\r\n"), "the answer is not HTTP"),
        (lambda _: None, "the connection was closed without an answer"),
        (lambda _: time.sleep(3), "no answer within 1 s"),
        (drip, "no answer within 1 s"),
        (endless, "the answer is not HTTP"),
        (no_end_of_headers, "ok"),
    ],
)
def test_what_a_metrics_page_answers(answer: t.Callable[[socket.socket], None], seen: str) -> None:
    for url in answering(answer):
        began = time.monotonic()
        assert metrics_page.status(url, 1) == seen
        assert time.monotonic() - began < 2


def test_a_name_server_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()

    def silent(*_arguments: object) -> list[t.Any]:
        answered.wait(20)
        raise OSError("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    began = time.monotonic()
    assert metrics_page.status("http://metrics.example.org/", 0.5) == "no answer within 0 s"
    assert time.monotonic() - began < 5
    answered.set()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("12800/metrics", "not an http or https URL"),
        ("ftp://host/metrics", "not an http or https URL"),
        ("http:///metrics", "not an http or https URL"),
        ("http://host:99999/", "not a URL"),
        ("http://host/\u00e4", "not a URL"),
        ("http://u:canary@host/", "it contains a login"),
        ("http://host/a b", "a character that no URL has"),
        ("http://host/a\x01b", "a character that no URL has"),
        ("http://ho st/", "a character that no URL has"),
    ],
)
def test_metrics_urls_that_are_refused(home: Home, url: str, told: str) -> None:
    with pytest.raises(InputError, match=told) as caught:
        home.run(metrics_url=url)
    assert "option metrics_url" in str(caught.value) and "canary" not in str(caught.value)
    assert not home.state.exists()


def test_a_metrics_url_is_shown_without_its_query(home: Home) -> None:
    assert "canary" not in repr(mask(home.params(metrics_url="http://h/m?token=canary")))
    assert mask(home.params(metrics_url="http://h/m"))["metrics_url"] == "http://h/m"
    assert metrics_page.shown("http://[::1]:1/m?token=canary") == "http://[::1]:1/m"
    with pytest.raises(HostError) as caught:
        HealthCheck(Shown(UP), "http://127.0.0.1:1/m?token=canary", 0.1, 0).wait({})
    assert "metrics at http://127.0.0.1:1/m do not answer" in str(caught.value) and "canary" not in str(caught.value)


# --- the log ----------------------------------------------------------------------------------------------------------


def test_a_log_is_shown_without_secrets(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "log"
    lines = [f"line {number}" for number in range(100)]
    lines += [
        "ssl.key.password=abc, next",
        'username="u" password="p q";',
        "token: xyz",
        "the canary sang",
        "\xff" * 900,
    ]
    path.write_bytes("\n".join(lines).encode("latin-1"))
    told = last_lines(str(path), {"canary"})
    assert len(told) == 20 and all(len(line) <= 400 for line in told)
    text = "\n".join(told)
    for secret in ("abc", "p q", "xyz", "canary"):
        assert secret not in text
    assert "next" in text and 'username="u"' in text
    assert "cannot be read" in last_lines(str(tmp_path / "none"), set())[0]


@pytest.mark.parametrize("kind", ["pipe", "endless device", "directory", "socket"])
def test_a_log_that_is_none_is_not_waited_for(tmp_path: pathlib.Path, kind: str) -> None:
    path = tmp_path / "log"
    listening = socket.socket(socket.AF_UNIX)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "directory":
        path.mkdir()
    elif kind == "socket":
        listening.bind(str(path))
    else:
        path.symlink_to("/dev/zero")
    began = time.monotonic()
    [told] = last_lines(str(path), set())
    assert "cannot be read" in told and time.monotonic() - began < 5
    listening.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="gives files to others")
def test_a_log_that_leads_to_a_file_of_root_is_not_shown(tmp_path: pathlib.Path) -> None:
    (tmp_path / "secret").write_text("the-canary-of-root\n")
    (tmp_path / "secret").chmod(0o600)
    tmp_path.chmod(0o755)
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "onlinefs.log").symlink_to(tmp_path / "secret")
    os.chown(logs, 4713, 4713)
    [line] = last_lines(str(logs / "onlinefs.log"), set())
    assert "permission denied" in line and "canary" not in line


def test_half_a_secret_at_the_cut_of_a_large_log_is_not_shown(tmp_path: pathlib.Path) -> None:
    (tmp_path / "log").write_text("canary-of-the-cut " * 4000 + "\nlast line\n")
    assert last_lines(str(tmp_path / "log"), {"canary-of-the-cut"}) == ["last line"]
