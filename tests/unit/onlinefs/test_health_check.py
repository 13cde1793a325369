# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service restarted and looked at, and the proof that it works."""

from __future__ import annotations

import concurrent.futures
import http.server
import pathlib
import threading
import time
import types
import typing as t

import confluent_kafka
import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers import consumer_groups
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.declaration import declare
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


# --- the consumer group -----------------------------------------------------------------------------------------------


class Admin:
    """Answers as a broker would."""

    def __init__(self, members: list[str], committed: int | None = 5, fault: str = "", partitions: int = 3) -> None:
        self.members, self.committed, self.fault, self.partitions = members, committed, fault, partitions

    def __call__(self, config: dict[str, t.Any]) -> Admin:
        self.config = config
        return self

    def _future(self, value: object) -> concurrent.futures.Future[t.Any]:
        future: concurrent.futures.Future[t.Any] = concurrent.futures.Future()
        if self.fault:
            code = getattr(confluent_kafka.KafkaError, self.fault)
            future.set_exception(confluent_kafka.KafkaException(confluent_kafka.KafkaError(code)))
        else:
            future.set_result(value)
        return future

    def describe_consumer_groups(self, names: list[str], request_timeout: float) -> dict[str, t.Any]:
        assignment = types.SimpleNamespace(topic_partitions=[None] * self.partitions)
        members = [types.SimpleNamespace(client_id=name, assignment=assignment) for name in self.members]
        described = types.SimpleNamespace(members=members, state=types.SimpleNamespace(name="STABLE"))
        return {names[0]: self._future(described)}

    def list_consumer_group_offsets(self, groups: list[t.Any], request_timeout: float) -> dict[str, t.Any]:
        partitions = [confluent_kafka.TopicPartition("t", 0, self.committed)] if self.committed is not None else []
        return {groups[0].group_id: self._future(types.SimpleNamespace(topic_partitions=partitions))}

    def list_offsets(self, wanted: dict[t.Any, t.Any], request_timeout: float) -> dict[t.Any, t.Any]:
        return {partition: self._future(types.SimpleNamespace(offset=12)) for partition in wanted}

    def list_topics(self, timeout: float) -> t.Any:
        return types.SimpleNamespace(cluster_id="the-cluster")

    def poll(self, _seconds: float) -> None: ...


def look(monkeypatch: pytest.MonkeyPatch, admin: Admin, client_id: str = "onlinefs_h1_1") -> ConsumerGroup:
    monkeypatch.setattr("confluent_kafka.admin.AdminClient", admin)
    client = declare({"bootstrap.servers": "k:1", "group.id": "g", "max.poll.records": 5, "client.id": "x"})
    return consumer_groups.wait_for_member(client, "g", client_id, 0.2)


def test_a_member_with_its_lag(monkeypatch: pytest.MonkeyPatch) -> None:
    admin = Admin(["onlinefs_h2_1", "onlinefs_h1_1"])
    assert look(monkeypatch, admin) == ConsumerGroup("g", "onlinefs_h1_1", True, "", 2, 6, 7, "the-cluster")
    assert "group.id" not in admin.config and admin.config["bootstrap.servers"] == "k:1"


def test_a_group_that_reads_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    group = look(monkeypatch, Admin(["onlinefs_h1_1"], partitions=0))
    assert group.joined and "reads nothing" in group.doubts()[0]
    assert look(monkeypatch, Admin(["onlinefs_h1_1"])).doubts() == []


def test_offsets_that_kafka_does_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    assert look(monkeypatch, Admin(["onlinefs_h1_1"], committed=None)).lag is None


def test_a_member_of_an_older_generation_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    group = look(monkeypatch, Admin(["onlinefs_h1_0"]))
    assert group.joined is False and "onlinefs_h1_0" in group.reason


def test_any_member_where_there_is_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert look(monkeypatch, Admin(["whoever"]), client_id="").joined


@pytest.mark.parametrize("fault", ["_TRANSPORT", "_TIMED_OUT", "_UNSUPPORTED_FEATURE", "GROUP_AUTHORIZATION_FAILED"])
def test_what_says_nothing_of_the_service(monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    assert look(monkeypatch, Admin([], fault=fault)).joined is None


def test_a_group_of_the_new_protocol_without_members_may_have_some(monkeypatch: pytest.MonkeyPatch) -> None:
    client = declare({"bootstrap.servers": "k:1", "group.protocol": "consumer"})
    monkeypatch.setattr("confluent_kafka.admin.AdminClient", Admin([]))
    assert consumer_groups.wait_for_member(client, "g", "c", 0.2).joined is None
    monkeypatch.setattr("confluent_kafka.admin.AdminClient", Admin(["c"]))
    assert consumer_groups.wait_for_member(client, "g", "c", 0.2).joined


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumer_groups, "HAS_CONFLUENT_KAFKA", False)
    assert consumer_groups.wait_for_member(declare({"bootstrap.servers": "k:1"}), "g", "c", 1).joined is None
