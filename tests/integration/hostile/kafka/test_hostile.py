# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A broker that answers whatever it likes: the probe and the group check end in time, within bounds, with a reason."""

from __future__ import annotations

import base64
import json
import pathlib
import subprocess
import sys
import typing as t

import pytest

from tests.conftest import COLLECTIONS, ROOT
from tests.emulator.certificates import tls_files

from .broker import GROUP, MEMBER
from .cases import PASSWORD, Case, cases
from .server import HostileServers

TIMEOUT = 2.0
AT_ONCE = 14
MAX_SECONDS = TIMEOUT + 1
MAX_MEGABYTES = 150
CASES = cases()
KINDS = ("probe", "group")
JAAS = f'org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="{PASSWORD}";'

Outcomes = dict[tuple[str, str], dict[str, t.Any]]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    """What came of every case, by its name and kind; ``{}`` where the process died without a word."""
    folder = tmp_path_factory.mktemp("hostile")
    found = run([(case, kind) for case in CASES for kind in KINDS], folder / "all", AT_ONCE)
    # On a busy machine the time may be over before the hostile answer, or the end: such a case runs again, alone.
    again = [
        (case, kind)
        for case in CASES
        for kind in KINDS
        if found[case.name, kind] and late(case, found[case.name, kind])
    ]
    if len(again) < len(found) / 4:
        found.update(run(again, folder / "again", 1))
    return found


def late(case: Case, done: dict[str, t.Any]) -> bool:
    """Whether a case did not get to its hostile answer, or took too long; a sound one, whether it failed."""
    if case.mutate or case.raw:
        return not done["reached"] or done["seconds"] >= MAX_SECONDS
    return not (done["result"].get("ok") or done["result"].get("joined"))


def run(chosen: t.Sequence[tuple[Case, str]], folder: pathlib.Path, at_once: int) -> Outcomes:
    """Run cases, each of a kind."""
    folder.mkdir()
    tls = tls_files(folder / "tls")
    servers = HostileServers(tls.context())
    names, ports, lines = [], [], []
    for case, kind in chosen:
        # The group check has no first look of its own at versions and mechanisms, so nothing is skipped there.
        served = Case(**{**vars(case), "skip": case.skip if kind == "probe" else 0})
        names.append((case.name, kind))
        ports.append(servers.serve(served))
        lines.append(json.dumps(job(case, kind, ports[-1], tls.ca)))
    subprocess.run(
        [sys.executable, "-m", "tests.integration.hostile.kafka.runner", str(folder), str(at_once)],
        input="\n".join(lines),
        text=True,
        check=True,
        cwd=ROOT,
        env={"PYTHONPATH": f"{COLLECTIONS}:{ROOT}", "PATH": "/usr/bin:/bin"},
        timeout=600,
    )
    found: Outcomes = {}
    for number, (name, port) in enumerate(zip(names, ports, strict=True)):
        file = folder / f"{number}.json"
        found[name] = {**json.loads(file.read_text()), "reached": port in servers.reached} if file.exists() else {}
    servers.close()
    return found


def job(case: Case, kind: str, port: int, ca: pathlib.Path) -> dict[str, t.Any]:
    protocol = f"{'SASL_' if case.sasl else ''}{'SSL' if case.tls else 'PLAINTEXT'}"
    properties = {"bootstrap.servers": f"127.0.0.1:{port}", "security.protocol": protocol}
    if case.sasl:
        properties.update({"sasl.mechanism": "PLAIN", "sasl.jaas.config": JAAS})
    store = {"content": ca.read_text()} if case.tls else None
    return {"kind": kind, "properties": properties, "truststore": store, "timeout": TIMEOUT}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_hostile_broker(case: Case, kind: str, outcomes: Outcomes) -> None:
    outcome = outcomes[case.name, kind]
    assert outcome, "the process died without a word"
    assert outcome["seconds"] < MAX_SECONDS
    assert outcome["megabytes"] < MAX_MEGABYTES
    shown = json.dumps(outcome)
    assert PASSWORD not in shown and base64.b64encode(f"\0u\0{PASSWORD}".encode()).decode() not in shown
    check = check_probe if kind == "probe" else check_group
    check(outcome["result"], case)


def check_probe(result: dict[str, t.Any], case: Case) -> None:
    failure = next((entry for entry in result["stages"] if entry["ok"] is False), None)
    if failure is None:
        assert case.ends_well, "nothing failed"
        return
    assert result["failed_stage"] == failure["stage"]
    assert failure["reason"] and failure["detail"], failure
    assert failure["reason"] != "internal", failure
    # TLS that is not declared is never what failed for its time, and no stage before the one in progress is blamed.
    assert case.tls or failure["stage"] != "tls" or failure["reason"] == "tls_expected", failure
    for entry in result["stages"]:
        assert len(entry["detail"]) < 3000
        assert not any(ord(character) < 32 for character in entry["detail"] + entry["target"])


def check_group(result: dict[str, t.Any], _case: Case) -> None:
    if result["joined"]:  # what is odd does not concern the group
        assert result["members"], result
        return
    assert result["reason"], result
    assert "defect" not in result["reason"]
    assert (result["name"], result["client_id"]) == (GROUP, MEMBER)
    assert len(result["reason"]) < 1000


@pytest.mark.parametrize("name", ["sound", "sound_login", "sound_tls"])
def test_a_sound_broker_passes(name: str, outcomes: Outcomes) -> None:
    """What the hostile ones start from: else they would prove nothing."""
    assert outcomes[name, "probe"]["result"]["ok"], outcomes[name, "probe"]
    assert outcomes[name, "group"]["result"]["joined"], outcomes[name, "group"]
    assert outcomes[name, "group"]["result"]["partitions"] == 1


def test_there_are_enough_and_each_does_what_it_says(outcomes: Outcomes) -> None:
    assert len(CASES) >= 150
    assert len({case.name for case in CASES}) == len(CASES)
    hostile = [case.name for case in CASES if case.mutate or case.raw]
    assert [name for name in hostile if not outcomes[name, "probe"].get("reached")] == []


def test_a_crash_of_the_library_is_named(outcomes: Outcomes) -> None:
    """Some of these crash librdkafka. If a release is mended against all of them, find others."""
    crashed = [
        name
        for name, outcome in outcomes.items()
        if name[1] == "probe" and any(entry["reason"] == "library_crashed" for entry in outcome["result"]["stages"])
    ]
    assert crashed
