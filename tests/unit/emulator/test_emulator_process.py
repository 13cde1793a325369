"""The command line, the ready line, the end, and a state that outlives the process."""

from __future__ import annotations

import json
import pathlib
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from tests.emulator.cli import arguments
from tests.emulator.fixtures import ROOT, running_emulator
from tests.emulator.journal import Journal
from tests.emulator.samples import kafka_connector


def test_the_ready_line_and_the_end(tmp_path: pathlib.Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tests.emulator", "--port", str(port), "--projects", "2"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"ready http://127.0.0.1:{port}\n"
        # A client that is connected and silent does not hold up the end.
        with socket.create_connection(("127.0.0.1", port)):
            process.send_signal(signal.SIGTERM)
            assert process.wait(5) == 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_all_options_together(tmp_path: pathlib.Path) -> None:
    rules = {"faults": [{"match": {"route": "/project"}, "fault": 503}]}
    (tmp_path / "faults.json").write_text(json.dumps(rules))
    options = {
        "--projects": 1,
        "--tls-dir": tmp_path / "tls",
        "--latency-ms": 5,
        "--faults": tmp_path / "faults.json",
        "--state": tmp_path / "state",
        "--api-key": "mine.secret",
    }
    command = [sys.executable, "-m", "tests.emulator", *(str(word) for pair in options.items() for word in pair)]
    for _start in range(2):
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert re.fullmatch(r"ready https://127\.0\.0\.1:[1-9]\d*\n", process.stdout.readline())
            process.terminate()
            assert process.wait(5) == 0
        made = {path.name: path.read_bytes() for path in (tmp_path / "tls").iterdir()}
    assert set(made) == {"ca.pem", "cert.pem", "key.pem"}
    assert made["key.pem"] == (tmp_path / "tls" / "key.pem").read_bytes()
    assert (tmp_path / "tls" / "key.pem").stat().st_mode & 0o777 == 0o600


def test_a_tied_one_ends_with_the_process_that_started_it() -> None:
    script = (
        "import subprocess, sys, time; subprocess.Popen([sys.executable, '-m', 'tests.emulator', '--tied']).wait(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        port = int(starter.stdout.readline().rsplit(":", 1)[1])
        starter.kill()
    deadline = time.monotonic() + 10
    with pytest.raises(ConnectionRefusedError):
        while time.monotonic() < deadline:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            time.sleep(0.05)


def test_a_key_needs_its_form(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        arguments(["--api-key", "nodot"])
    assert "prefix.secret" in capsys.readouterr().err


def test_the_state_outlives_a_kill() -> None:
    with running_emulator(projects=2, state=True) as emulator:
        emulator.add_key("sci.secret", "sam", scopes=["PROJECT"], roles={"project_2": "Data scientist"})
        emulator.set_variables(enable_bring_your_own_kafka="true")
        emulator.upload("project_1", "a.jks", b"content")
        emulator.api("POST", emulator.store_path("project_1"), kafka_connector())
        emulator.api("POST", emulator.store_path("project_2"), kafka_connector())
        emulator.api("DELETE", emulator.store_path("project_2") + "/kafka_connector")
        emulator.control("POST", "projects", {"name": "late"})
        emulator.control("DELETE", "projects", {"name": "late"})
        files = emulator.project_path("project_2") + "/dataset/Resources/"
        emulator.api("POST", files + "made")
        for name in ("kept", "gone"):
            emulator.upload("project_2", name, b"content")
        emulator.api("DELETE", files + "gone")
        emulator.api("PUT", emulator.store_path("project_1") + "/kafka_connector", kafka_connector(description="new"))
        emulator.api("POST", "/admin/configuration/made", {"value": "1"})
        emulator.api("POST", "/project", {"projectName": "fraud", "featureStoreTopic": "topic"})
        emulator.remove_key(emulator.add_key("gone.secret", "gus"))
        member = {"projectTeamPK": {"teamMember": "gus@hopsworks.ai"}, "teamRole": "Data scientist"}
        emulator.api("POST", emulator.project_path("fraud") + "/projectMembers", {"projectTeam": [member]})
        before, port = emulator.state(), emulator.port
        assert before["projects"]["fraud"]["team"] == {"admin": "Data owner", "gus": "Data scientist"}
        for end in (emulator.kill, emulator.stop):
            end()
            emulator.restart()
            assert (emulator.state(), emulator.port) == (before, port)
        assert emulator.api("GET", "/project", key="gone.secret").status == 401
        members = emulator.api("GET", "/project", key="sci.secret").json()
        assert [item["project"]["name"] for item in members] == ["project_2"]
        created = emulator.api("POST", emulator.store_path("project_2"), kafka_connector()).json()
        assert created["id"] not in {record["id"] for record in before["projects"]["project_1"]["connectors"].values()}


def test_what_was_answered_is_there_after_a_kill_at_any_moment() -> None:
    with running_emulator(projects=4, state=True) as emulator:
        paths = [emulator.store_path(f"project_{number}") for number in range(1, 5)]
        answered: list[str] = []

        def write(project: int) -> None:
            for number in range(1000):
                name = f"connector_{project}_{number}"
                try:
                    if emulator.api("POST", paths[project - 1], kafka_connector(name=name)).status != 201:
                        return
                except (OSError, ValueError):
                    return
                answered.append(name)

        writers = [threading.Thread(target=write, args=(number,)) for number in range(1, 5)]
        for writer in writers:
            writer.start()
        deadline = time.monotonic() + 20
        while len(answered) < 100 and time.monotonic() < deadline:
            time.sleep(0.001)
        emulator.kill()
        for writer in writers:
            writer.join(10)
        emulator.restart()
        kept = {name for project in emulator.state()["projects"].values() for name in project["connectors"]}
        assert len(answered) >= 100
        assert set(answered) <= kept
        assert len(kept) - len(answered) <= 4 + 2 * 4  # one under way of each writer, two of each project's own


def test_a_line_that_was_cut_is_dropped(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "state"
    journal = Journal(path)
    journal.rewrite([{"number": 1}])
    journal.append(lambda: {"number": 2})
    path.write_bytes(path.read_bytes() + b'{"number": 3')
    assert journal.read() == [{"number": 1}, {"number": 2}]


def test_nothing_is_written_without_a_file(tmp_path: pathlib.Path) -> None:
    journal = Journal(None)
    journal.rewrite([{"number": 1}])

    def never() -> dict[str, int]:
        raise AssertionError

    journal.append(never)
    assert journal.read() == []
