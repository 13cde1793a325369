# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kafka_connector against a server that fails, and what must hold whatever the fault was."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pathlib
import re
import subprocess
import sys
import typing as t

from ansible.module_utils import basic
from ansible_collections.hopsworks.kafka.plugins.modules import kafka_connector

from tests.conftest import COLLECTIONS
from tests.emulator.certificates import Authority, pem
from tests.emulator.fixtures import Emulator

SECRET = "a-password-that-nobody-may-see"
RUN_SECONDS = 60

#: Faults under which a request succeeds all the same.
SLOW = ("slow_first_byte", "slow_body")

#: Generations of trust: to roll out the next replaces the stores of the one before.
FIRST, SECOND, THIRD = (pem(Authority(name).certificate).decode() for name in ("first CA", "second CA", "third CA"))


def options(emulator: Emulator, authority: str = FIRST, **more: t.Any) -> dict[str, t.Any]:
    """A task on every project: five requests for each, two of them uploads."""
    return {
        **emulator.connection,
        "workers": 4,
        "timeout": 2,
        "properties": {
            "bootstrap.servers": "kafka.example.com:9093",
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "PLAIN",
            "sasl.jaas.config": "org.apache.kafka.common.security.plain.PlainLoginModule required "
            f'username="hopsworks" password="{SECRET}";',
        },
        "truststore": {"content": authority},
        **more,
    }


class Result(dict[str, t.Any]):
    """What the task returned."""

    @property
    def by_project(self) -> dict[str, dict[str, t.Any]]:
        return {entry["project"]: entry for entry in self["results"]}

    @property
    def failed(self) -> dict[str, str]:
        """Reason by project."""
        return {entry["project"]: entry["error"]["reason"] for entry in self["results"] if entry["error"]}


def run(given: t.Mapping[str, t.Any]) -> Result:
    """The module in this process, from its arguments to its JSON."""
    document = {"ANSIBLE_MODULE_ARGS": {"_ansible_diff": True, **given}}
    saved = basic._ANSIBLE_ARGS
    basic._ANSIBLE_ARGS = json.dumps(document).encode()
    # What ansible-core from 2.19 on wants to know besides.
    basic._ANSIBLE_PROFILE = "legacy"
    out = io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):
            kafka_connector.main()
    finally:
        basic._ANSIBLE_ARGS = saved
    return read(out.getvalue())


def read(text: str) -> Result:
    assert SECRET not in text
    return Result(json.loads(text[text.index("{") :]))


def start(given: t.Mapping[str, t.Any]) -> subprocess.Popen[str]:
    """The module as a process of its own, for runs at the same time. :func:`finish` ends it."""
    command = [sys.executable, "-c", _START, json.dumps({"ANSIBLE_MODULE_ARGS": {"_ansible_diff": True}})]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(COLLECTIONS)},
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(dict(given)))
    process.stdin.close()
    process.stdin = None
    return process


_START = """
import json, sys
from ansible.module_utils import basic
from ansible_collections.hopsworks.kafka.plugins.modules import kafka_connector
document = json.loads(sys.argv[1])
document["ANSIBLE_MODULE_ARGS"].update(json.load(sys.stdin))
basic._ANSIBLE_ARGS = json.dumps(document).encode()
basic._ANSIBLE_PROFILE = "legacy"
kafka_connector.main()
"""


def finish(process: subprocess.Popen[str]) -> Result:
    out, complaints = process.communicate(timeout=RUN_SECONDS)
    assert not complaints, complaints
    return read(out)


Stored = dict[str, t.Any]


def stored(emulator: Emulator) -> dict[str, Stored]:
    """What the server has of each project: the witness."""
    return t.cast("dict[str, Stored]", emulator.state()["projects"])


def content(project: Stored) -> tuple[t.Any, t.Any]:
    """Kafka connectors, and files of ours."""
    kafka = {name: found for name, found in project["connectors"].items() if found["storageConnectorType"] == "KAFKA"}
    return kafka, {path: file for path, file in project["files"].items() if "/kafka_" in path}


def check_report(result: Result, before: dict[str, Stored], after: dict[str, Stored]) -> None:
    """Every project has its entry; what was written is told, and where all went well nothing else."""
    assert [entry["project"] for entry in result["results"]] == list(before), "an entry for each, in order"
    assert sum(result["counts"].values()) == len(before)
    for name, entry in result.by_project.items():
        written = content(before[name]) != content(after[name])
        if written:
            assert entry["changed"], f"{name} was written, and nobody tells: {entry}"
        elif entry["error"] is None:
            assert not entry["changed"], f"{name} was not written, but is told so: {entry}"
        if entry["error"]:
            assert entry["action"] in ("failed", "skipped")
            assert entry["error"]["message"], entry
    assert result["changed"] == any(entry["changed"] for entry in result["results"])
    assert bool(result.get("failed")) == bool(result.failed)


def check_posts(emulator: Emulator) -> None:
    """After a POST that went wrong the next request of that project is no POST: first it is looked what came of it."""
    last: dict[str, dict[str, t.Any]] = {}
    for entry in emulator.log():
        found = re.match(r"/project/(\d+)/", entry["path"])
        if not found:
            continue
        before = last.get(found[1])
        if before and before["method"] == "POST" and entry["method"] == "POST":
            wrong = before["status"] >= 400 or before.get("fault", "slow") not in ("slow", *SLOW)
            assert not wrong, f"{before} followed by {entry}"
        last[found[1]] = entry


def check_converged(after: dict[str, Stored], wanted: t.Mapping[str, t.Any], names: t.Iterable[str]) -> None:
    """One connector as declared, with its two stores there; no other of our files."""
    for name in names:
        connectors, files = content(after[name])
        assert list(connectors) == ["kafka_connector"], name
        connector = connectors["kafka_connector"]
        assert connector["bootstrapServers"] == wanted["properties"]["bootstrap.servers"]
        # What the server keeps encrypted in real life is the secret itself here: none is lost.
        assert SECRET in str(connector["options"])
        places = {connector["sslTruststoreLocation"], connector["sslKeystoreLocation"]}
        assert len(places) == 2
        assert {pathlib.PurePosixPath(path).name for path in files} == {
            pathlib.PurePosixPath(place).name for place in places
        }, f"{name}: files lost or left over"


def check_heals(emulator: Emulator, wanted: t.Mapping[str, t.Any]) -> None:
    """Without faults: one more run at most, then there is nothing to do; and it is as declared."""
    emulator.set_faults([])
    repaired = run(wanted)
    assert not repaired.failed, repaired["msg"]
    again = run(wanted)
    assert not again["changed"] and not again.failed, again["msg"]
    state = stored(emulator)
    check_converged(state, wanted, state)
