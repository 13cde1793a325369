# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Hopsworks that answers whatever it likes: each task ends in time, within bounds, with a message of its own."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import typing as t

import pytest

from tests.conftest import COLLECTIONS, ROOT
from tests.emulator.certificates import tls_files

from .cases import NAMES, Case, cases
from .server import HostileHopsworks

TIMEOUT = 2
MAX_SECONDS = TIMEOUT + 1
MAX_MEGABYTES = 150
AT_ONCE = 12
CASES = {f"{number}.{case.name}": case for number, case in enumerate(cases())}
#: Of an answer with a right shape, what follows from its content.
ABOUT_PROJECTS = ("Data owner", "does not exist", "no project is selected", "no member")

Outcomes = dict[str, dict[str, t.Any]]


def job(key: str, case: Case, port: int, ca: pathlib.Path) -> dict[str, t.Any]:
    options: dict[str, t.Any] = {
        "host": "127.0.0.1",
        "port": port,
        "api_key": key,
        "validate_certs": True,
        "ca_path": str(ca),
        "timeout": TIMEOUT,
        "workers": 2,
    }
    if case.task == "hopsworks_variable":
        return {"task": case.task, "options": {**options, "variables": {"enable_bring_your_own_kafka": True}}}
    properties = {"bootstrap.servers": "kafka.example.com:9092"}
    options.update(name="kafka_connector", directory="Resources", check_files=False, properties=properties)
    options["projects"] = ["one", "two"] if case.request == "GET project/getAll" else None
    if case.task == "kafka_connector_info":
        return {"task": case.task, "options": {**options, "effective": True, "check_files": True}}
    if case.task == "hopsworks_projects_info":
        more = {"existing": "update", "check_rights": False, "check_projects": True, "admin": False, "projects": None}
        return {"task": case.task, "options": {**options, **more}}
    absent = case.request in ("GET connectors", "DELETE connector")
    state = {
        "state": "absent" if absent else "present",
        "existing": "update",
        "remove_shared_stores": True,
        "recreate_unreadable": False,
    }
    return {"task": case.task, "options": {**options, **state}}


def run(keys: t.Sequence[str], folder: pathlib.Path, at_once: int) -> Outcomes:
    """What came of each case, by its key; ``{}`` where the process died without a word."""
    folder.mkdir()
    tls = tls_files(folder / "tls")
    server = HostileHopsworks(tls.context(), CASES)
    subprocess.run(
        [sys.executable, "-m", "tests.integration.hostile.hopsworks.runner", str(folder), str(at_once)],
        input="\n".join(json.dumps(job(key, CASES[key], server.port, tls.ca)) for key in keys),
        text=True,
        check=True,
        cwd=ROOT,
        env={"PYTHONPATH": f"{COLLECTIONS}:{ROOT}", "PATH": "/usr/bin:/bin"},
        timeout=600,
    )
    server.close()
    found: Outcomes = {}
    for number, key in enumerate(keys):
        file = folder / f"{number}.json"
        done = json.loads(file.read_text()) if file.exists() else {}
        found[key] = {**done, "reached": key in server.reached}
    return found


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    folder = tmp_path_factory.mktemp("hostile")
    found = run(list(CASES), folder / "all", AT_ONCE)
    # Beside eleven others on a busy machine a case may have waited for a processor: what was late, or had no time left
    # for its request, runs again, alone.
    late = [key for key, done in found.items() if not done["reached"] or done.get("seconds", 0) >= MAX_SECONDS]
    return {**found, **(run(late, folder / "late", 1) if late else {})}


@pytest.mark.parametrize("key", CASES)
def test_a_hostile_answer(key: str, outcomes: Outcomes) -> None:
    case, outcome = CASES[key], outcomes[key]
    assert "result" in outcome, "the process died without a word"
    assert outcome["reached"], "the request was never sent"
    assert outcome["seconds"] < MAX_SECONDS
    assert outcome["megabytes"] < MAX_MEGABYTES
    result = outcome["result"]
    assert "raw" not in result, result
    text = json.dumps(result)
    assert "defect" not in text and "Traceback" not in text and "exception" not in result, text[:2000]
    assert "canary-pass" not in text
    assert key not in text, "the API key is shown"
    assert not any(ord(character) < 32 for character in result["msg"] if character != "\n")
    assert len(result["msg"]) < 5000
    assert case.harmless or result["failed"], "a wrong answer was taken for a right one"
    if result["failed"]:
        assert NAMES[case.request] in text or any(cause in text for cause in ABOUT_PROJECTS), result["msg"]


def test_there_are_enough_and_all_are_different() -> None:
    assert len(CASES) >= 300
    assert len({(case.task, case.request, case.name) for case in CASES.values()}) == len(CASES)


TASK_NAMES = ["kafka_connector", "kafka_connector_info", "hopsworks_projects_info", "hopsworks_variable"]


@pytest.mark.parametrize("task", TASK_NAMES)
def test_a_sound_server_passes(task: str, tmp_path: pathlib.Path) -> None:
    """What the hostile answers start from: else they would prove nothing."""
    sound = Case("sound", task, "none")
    CASES["sound"] = sound
    try:
        outcome = run(["sound"], tmp_path / "sound", 1)["sound"]
    finally:
        del CASES["sound"]
    assert not outcome["result"]["failed"], outcome
