# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service restarted and looked at, and the proof that it works."""

from __future__ import annotations

import http.server
import pathlib
import threading
import time
import types
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.health_check import (
    ConsumerGroup,
    HealthCheck,
    answer,
    last_lines,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.host_error import HostError
from ansible_collections.hopsworks.kafka.plugins.module_utils._onlinefs.service import (
    CommandService,
    State,
    SystemdUnit,
)


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
    with pytest.raises(HostError, match="not done after 1 s"):
        CommandService("onlinefs", command, "", 1).restart()
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
        CommandService("onlinefs", command, "", 5).restart()


def test_words_are_not_read_by_a_shell(tmp_path: pathlib.Path) -> None:
    command = script(tmp_path / "status", f'printf "%s" "$1" > {tmp_path}/argument\n')
    assert CommandService("onlinefs", "true", f"{command} 'a b; $(id)'", 5).state().running
    assert (tmp_path / "argument").read_text() == "a b; $(id)"


def test_commands_that_are_none() -> None:
    with pytest.raises(InputError, match="not a command"):
        CommandService("onlinefs", "it's", "", 5)
    with pytest.raises(InputError, match="no restart"):
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
    with pytest.raises(InputError, match="systemd knows no unit onlinefs"):
        SystemdUnit("onlinefs", 5).check()


def test_a_unit_is_restarted_and_its_state_read(systemctl: pathlib.Path) -> None:
    shown(systemctl)
    unit = SystemdUnit("onlinefs", 5)
    unit.check()
    unit.restart()
    assert unit.state() == State(True, False, "7 0", "active (running), pid 7, 0 restarts, result success")
    assert "restart onlinefs" in (systemctl / "calls").read_text().splitlines()
    shown(systemctl, ActiveState="activating", SubState="auto-restart", Result="exit-code", NRestarts="4")
    state = unit.state()
    assert not state.running and state.failed and "4 restarts" in state.text
    shown(systemctl, MainPID="8")
    assert unit.state().identity != "7 0"


# --- the proof --------------------------------------------------------------------------------------------------------


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
    proof = HealthCheck(Shown(STARTING, STARTING, UP), metrics.url, 10, 0.3).prove()
    assert proof.to_result() == {"service": "active", "metrics": "ok", "group": None}


def test_a_service_that_falls_over_again_and_again_is_found_out(metrics: types.SimpleNamespace) -> None:
    service = Shown(UP, UP, State(True, False, "9 1", "active, 1 restarts"))
    with pytest.raises(HostError, match="did not stay up: active, 1 restarts"):
        HealthCheck(service, metrics.url, 10, 2).prove()


def test_a_service_that_is_down_is_not_waited_for() -> None:
    began = time.monotonic()
    with pytest.raises(HostError, match="does not run: failed"):
        HealthCheck(Shown(State(False, True, "", "failed")), "", 60, 0).prove()
    assert time.monotonic() - began < 2


def test_metrics_that_do_not_answer(metrics: types.SimpleNamespace) -> None:
    metrics.status = 503
    with pytest.raises(HostError, match=r"metrics at .* do not answer: status 503"):
        HealthCheck(Shown(UP), metrics.url, 0.5, 0).prove()
    assert "refused" in answer("http://127.0.0.1:1/metrics")
    with pytest.raises(InputError, match="not an http or https URL"):
        answer("12800/metrics")


def test_the_group_decides() -> None:
    def group(joined: bool | None) -> t.Callable[[float], ConsumerGroup]:
        return lambda _seconds: ConsumerGroup("g", "onlinefs_h1_1", joined, "why")

    assert HealthCheck(Shown(UP), "", 1, 0, group(True)).prove().group
    assert HealthCheck(Shown(UP), "", 1, 0, group(None)).prove().group
    with pytest.raises(HostError, match="cannot be looked at: why"):
        HealthCheck(Shown(UP), "", 1, 0, group(None), True).prove()
    with pytest.raises(HostError, match="no member onlinefs_h1_1 in it: why"):
        HealthCheck(Shown(UP), "", 1, 0, group(False)).prove()


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
