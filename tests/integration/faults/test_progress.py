# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who watches a long task sees how far it is; nobody else does."""

from __future__ import annotations

import json
import os
import pathlib
import pty
import re
import subprocess
import sys
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.progress import Progress

from tests.conftest import COLLECTIONS, ROOT
from tests.emulator.fixtures import Emulator, running_emulator
from tests.integration.faults import bed

LINE = re.compile(r"(\d+) of 60 projects, (\d+) changed, 0 failed, about \d+ s left")


@pytest.fixture(scope="module")
def emulator() -> t.Iterator[Emulator]:
    """Slow enough that there is something to tell: 180 requests by one worker."""
    with running_emulator(projects=60, tls=True, latency_ms=25) as running:
        yield running


def play(emulator: Emulator, folder: pathlib.Path, terminal: bool, callback: str = "default", **task: t.Any) -> str:
    """What ansible-playbook prints."""
    plain = {"bootstrap.servers": f"{folder.name}:9092", "security.protocol": "PLAINTEXT"}
    options = bed.options(emulator, workers=1, timeout=30, properties=plain)
    del options["truststore"]
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "tasks": [{"hopsworks.kafka.kafka_connector": options, **task}],
    }
    playbook = folder / "play.json"
    playbook.write_text(json.dumps([play]))
    command: list[t.Any] = [
        pathlib.Path(sys.executable).with_name("ansible-playbook"),
        "-i",
        "localhost,",
        "-c",
        "local",
    ]
    command += ["-e", f"ansible_python_interpreter={sys.executable}", playbook]
    log = folder / "log"
    env = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_CONFIG": str(ROOT / "tests" / "ansible.cfg"),
        "ANSIBLE_STDOUT_CALLBACK": callback,
        "ANSIBLE_LOG_PATH": str(log),
        "ANSIBLE_NOCOLOR": "1",
        "TERM": "xterm",
    }
    env.pop("ANSIBLE_FORCE_COLOR", None)
    if not terminal:
        return subprocess.run(command, env=env, check=True, capture_output=True, text=True, timeout=120).stdout
    outside, inside = pty.openpty()
    with subprocess.Popen(command, env=env, stdin=inside, stdout=inside, stderr=inside) as process:
        os.close(inside)
        out = b""
        while True:
            try:
                data = os.read(outside, 65536)
            except OSError:
                break
            if not data:
                break
            out += data
        os.close(outside)
    assert process.returncode == 0, out.decode()
    assert not LINE.search(log.read_text()), "progress is for the screen, not for the log"
    return out.decode()


def test_on_a_terminal(emulator: Emulator, tmp_path: pathlib.Path) -> None:
    out = play(emulator, tmp_path, terminal=True)
    told = [(int(done), int(changed)) for done, changed in LINE.findall(out)]
    assert len(told) >= 2, out
    assert told == sorted(told) and told[-1][0] <= 60
    assert all(done == changed for done, changed in told)
    assert re.search(r"localhost\s*: ok=1\s+changed=1", out)


@pytest.mark.parametrize(
    ("terminal", "callback", "task"),
    [(False, "default", {}), (True, "minimal", {}), (True, "default", {"no_log": True})],
    ids=["not a terminal", "another callback", "no_log"],
)
def test_quiet(
    emulator: Emulator, tmp_path: pathlib.Path, terminal: bool, callback: str, task: dict[str, t.Any]
) -> None:
    assert "s left" not in play(emulator, tmp_path, terminal, callback, **task)


# --- the lines --------------------------------------------------------------------------------------------------------


def test_a_line_a_second_at_most() -> None:
    lines: list[str] = []
    now = 100.0
    progress = Progress(8, lines.append, lambda: now)
    for second, (changed, failed) in enumerate([(True, False), (False, True), (False, False), (True, True)]):
        now = 100.0 + (second + 1) * 0.6
        progress.note(changed, failed)
    assert lines == [
        "2 of 8 projects, 1 changed, 1 failed, about 4 s left",
        "4 of 8 projects, 2 changed, 2 failed, about 2 s left",
    ]
