# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two runs, or a run and a person in the user interface, on the same projects."""

from __future__ import annotations

import collections
import threading
import typing as t

import pytest

from tests.emulator.fixtures import Emulator, emulator_in_thread
from tests.emulator.samples import kafka_connector
from tests.integration.faults import bed

PROJECTS = 30


def both(first: t.Mapping[str, t.Any], second: t.Mapping[str, t.Any]) -> list[bed.Result]:
    return [bed.finish(process) for process in [bed.start(first), bed.start(second)]]


def test_the_same_twice() -> None:
    with emulator_in_thread(projects=PROJECTS, tls=True, latency_ms=10) as emulator:
        wanted = bed.options(emulator)
        results = both(wanted, wanted)
        for result in results:
            assert not result.failed, result["msg"]
        # One POST of each run, at most.
        posts = collections.Counter(entry["path"] for entry in emulator.log() if entry["method"] == "POST")
        assert all(count <= 2 for path, count in posts.items() if path.endswith("/storageconnectors"))
        for name in bed.stored(emulator):
            actions = [result.by_project[name]["action"] for result in results]
            assert "created" in actions, f"{name}: nobody tells that it was written"
        bed.check_heals(emulator, wanted)


@pytest.mark.parametrize("check_files", [False, True])
def test_two_declarations(check_files: bool) -> None:
    """The later wins, whole: never the settings of one with the stores of the other, never a store that is gone."""
    with emulator_in_thread(projects=PROJECTS, tls=True, latency_ms=10) as emulator:
        assert not bed.run(bed.options(emulator)).failed
        given = [bed.options(emulator, bed.SECOND, check_files=check_files, timeout=10) for _unused in range(2)]
        given[1]["properties"] = {**given[1]["properties"], "bootstrap.servers": "other.example.com:9093"}
        given[1]["truststore"] = {"content": bed.THIRD}
        results = both(*given)
        for result in results:
            assert not result.failed, result["msg"]
        for name, project in bed.stored(emulator).items():
            kafka, files = bed.content(project)
            connector = kafka["kafka_connector"]
            places = {connector["sslTruststoreLocation"], connector["sslKeystoreLocation"]}
            assert places <= set(files), f"{name}: a store is lost"
            assert bed.SECRET in str(connector["options"]), f"{name}: a secret is lost"
        bed.check_heals(emulator, {**given[0], "check_files": True})


@pytest.fixture
def emulator() -> t.Iterator[Emulator]:
    with emulator_in_thread(projects=3, tls=True) as running:
        yield running


def between(emulator: Emulator, wanted: t.Mapping[str, t.Any], act: t.Callable[[], t.Any]) -> bed.Result:
    """A run during which somebody acts on project_2 after its connector was read and before it is written."""
    match = {"method": "GET", "route": "*/storageconnectors/{name}", "project": "project_2", "nth": 1}
    emulator.set_faults([{"match": match, "fault": {"kind": "slow_first_byte", "seconds": 0.5}}])

    def person() -> None:
        while not emulator.faults()[0]["hits"]:
            pass
        act()

    thread = threading.Thread(target=person)
    thread.start()
    result = bed.run(wanted)
    thread.join()
    return result


def test_a_person_creates_it(emulator: Emulator) -> None:
    wanted = bed.options(emulator)
    path = emulator.store_path("project_2")
    mine = kafka_connector(securityProtocol="PLAINTEXT", options=[])
    result = between(emulator, wanted, lambda: emulator.api("POST", path, mine))
    entry = result.by_project["project_2"]
    assert not result.failed, result["msg"]
    assert entry["notes"] == ["somebody else created the connector during this run"]
    before = {change["what"]: change["before"] for change in entry["changes"]}
    assert before["bootstrap.servers"] == mine["bootstrapServers"], "what was found is told"
    bed.check_heals(emulator, wanted)


def test_a_person_deletes_it(emulator: Emulator) -> None:
    bed.run(bed.options(emulator))
    wanted = bed.options(emulator, bed.SECOND)
    path = f"{emulator.store_path('project_2')}/kafka_connector"
    result = between(emulator, wanted, lambda: emulator.api("DELETE", path))
    entry = result.by_project["project_2"]
    assert not result.failed, result["msg"]
    assert entry["notes"] == ["somebody else deleted the connector during this run"]
    assert entry["action"] == "created"
    bed.check_heals(emulator, wanted)


def test_a_person_changes_it(emulator: Emulator) -> None:
    """The server has no locks: the run's PUT comes last, and puts the whole connector, secrets too."""
    bed.run(bed.options(emulator))
    wanted = bed.options(emulator, bed.SECOND)
    path = f"{emulator.store_path('project_2')}/kafka_connector"
    mine = kafka_connector(securityProtocol="PLAINTEXT", options=[])
    result = between(emulator, wanted, lambda: emulator.api("PUT", path, mine))
    assert not result.failed and result.by_project["project_2"]["action"] == "updated"
    bed.check_heals(emulator, {**wanted, "check_files": True})


def test_a_person_deletes_a_store(emulator: Emulator) -> None:
    bed.run(bed.options(emulator))
    path = bed.content(emulator.state("project_2"))[0]["kafka_connector"]["sslTruststoreLocation"]
    relative = path.removeprefix("/Projects/project_2/")
    wanted = bed.options(emulator)
    wanted["properties"] = {**wanted["properties"], "linger.ms": "5"}
    project = emulator.project_path("project_2")
    result = between(emulator, wanted, lambda: emulator.api("DELETE", f"{project}/dataset/{relative}"))
    assert not result.failed, result["msg"]
    # For SASL_SSL the server does not ask whether the file is there; who wants to know does.
    bed.check_heals(emulator, {**wanted, "check_files": True})
