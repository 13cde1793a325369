# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A connector that nobody can read any more, as the user who created it has left; projects that are not ready yet."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from tests.integration.projects.conftest import PLAIN, SSL, Modules, actions, stores

PROJECT = "project_1"
ALL = ["PROJECT", "FEATURESTORE", "DATASET_VIEW", "DATASET_CREATE", "DATASET_DELETE"]
CONNECTORS = "/project/{pid}/featurestores/{fsid}/storageconnectors"
DELETE, POST = f"DELETE {CONNECTORS}/{{name}}", f"POST {CONNECTORS}"


@pytest.fixture
def given(hopsworks: Modules, tmp_path: pathlib.Path) -> dict[str, t.Any]:
    """Create a connector as a user who then leaves the project; return its declaration."""
    declared = {"properties": SSL, "projects": [PROJECT], **stores(tmp_path)}
    roles = {PROJECT: "Data owner"}
    key = hopsworks.emulator.add_key("leaver.0123456789", user="leaver", scopes=ALL, roles=roles)
    assert not hopsworks.connector(api_key=key, **declared).get("failed")
    hopsworks.emulator.add_key(key, user="leaver", scopes=ALL, roles={})
    return declared


def error(result: dict[str, t.Any]) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", result["results"][0]["error"])


def test_it_is_named_and_nothing_is_written(hopsworks: Modules, given: dict[str, t.Any]) -> None:
    for more in ({}, {"state": "absent"}, {"existing": "keep"}):
        done = hopsworks.connector(**{**given, **more})
        assert done["failed"] and not done["changed"] and hopsworks.writes() == {}
        assert error(done)["reason"] == "unreadable_connector" and error(done)["error_code"] == 270126
        assert "has left the project" in done["msg"] and "recreate_unreadable" in done["msg"]


def test_its_clients_are_told_apart(hopsworks: Modules, given: dict[str, t.Any]) -> None:
    hopsworks.emulator.set_variables(enable_bring_your_own_kafka="true")
    try:
        for effective in (False, True):
            shown = hopsworks.run("kafka_connector_info", projects=[PROJECT], effective=effective)
            assert shown["failed"] and error(shown)["reason"] == "unreadable_connector"
            assert shown["results"][0]["exists"] is True and shown["results"][0]["effective"] is None
            assert "0 with the connector, 0 without, 1 not readable" in shown["msg"]
    finally:
        hopsworks.emulator.set_variables(enable_bring_your_own_kafka="false")


def test_it_is_repaired_when_told(hopsworks: Modules, given: dict[str, t.Any]) -> None:
    foretold = hopsworks.connector(check=True, recreate_unreadable=True, **given)
    assert hopsworks.writes() == {}
    done = hopsworks.connector(recreate_unreadable=True, **given)
    assert actions(done) == {PROJECT: "updated"} and done["changed"]
    assert done["results"][0]["changes"] == foretold["results"][0]["changes"]
    assert done["results"][0]["changes"][0] == {
        "what": "connector",
        "before": "unreadable: the user who created it has left the project",
        "after": "created again",
    }
    assert hopsworks.writes() == {DELETE: 1, POST: 1, "POST /project/{pid}/dataset/upload/{path}": 2}
    # The DELETE removed the stores of the same names, so they were uploaded after it.
    assert not hopsworks.connector(check_files=True, **given)["changed"]
    shown = hopsworks.run("kafka_connector_info", projects=[PROJECT], check_files=True)
    assert shown["results"][0]["missing_files"] == [] and shown["results"][0]["error"] is None


def test_only_what_is_unreadable_is_recreated(hopsworks: Modules, given: dict[str, t.Any]) -> None:
    hopsworks.connector(recreate_unreadable=True, **given)
    changed = {**given, "properties": {**SSL, "linger.ms": "7"}}
    hopsworks.connector(recreate_unreadable=True, **changed)
    assert DELETE not in hopsworks.writes() and POST not in hopsworks.writes()


@pytest.mark.parametrize("state", ["present", "absent"])
def test_another_error_of_the_server_is_no_reason_to_delete(
    hopsworks: Modules, given: dict[str, t.Any], state: str
) -> None:
    route = f"{CONNECTORS}/{{name}}"
    hopsworks.emulator.set_faults([{"match": {"method": "GET", "route": route}, "fault": 500}])
    done = hopsworks.connector(recreate_unreadable=True, state=state, **given)
    assert done["failed"] and error(done)["reason"] == "server_error" and hopsworks.writes() == {}
    hopsworks.emulator.set_faults([])
    hopsworks.emulator.set_project(PROJECT, has_featurestore=False)
    try:
        assert actions(hopsworks.connector(recreate_unreadable=True, **given)) == {PROJECT: "skipped"}
    finally:
        hopsworks.emulator.set_project(PROJECT, has_featurestore=True)
    assert hopsworks.writes() == {}


def test_it_is_deleted_when_told(hopsworks: Modules, given: dict[str, t.Any]) -> None:
    gone = {"projects": [PROJECT], "state": "absent", "recreate_unreadable": True}
    assert actions(hopsworks.connector(**gone)) == {PROJECT: "deleted"}
    assert hopsworks.emulator.connector(PROJECT) is None
    assert actions(hopsworks.connector(**gone)) == {PROJECT: "unchanged"}


def test_a_connector_of_another_name_may_be_of_another_type(hopsworks: Modules, tmp_path: pathlib.Path) -> None:
    declared = {"properties": PLAIN, "projects": [PROJECT], "name": "other"}
    key = hopsworks.emulator.add_key("leaver.0123456789", user="leaver", scopes=ALL, roles={PROJECT: "Data owner"})
    hopsworks.connector(api_key=key, **declared)
    hopsworks.emulator.add_key(key, user="leaver", scopes=ALL, roles={})
    done = hopsworks.connector(recreate_unreadable=True, **declared)
    assert done["failed"] and error(done)["reason"] == "unreadable_connector" and hopsworks.writes() == {}


@pytest.mark.parametrize(
    ("route", "fault"),
    [
        (f"{CONNECTORS}/{{name}}", {"method": "DELETE"}),
        (CONNECTORS, {"method": "POST"}),
        ("/project/{pid}/dataset/upload/{path}", {"method": "POST"}),
    ],
)
def test_a_run_that_fails_in_the_middle_is_completed_by_the_next_one(
    hopsworks: Modules, given: dict[str, t.Any], route: str, fault: dict[str, str]
) -> None:
    hopsworks.emulator.set_faults([{"match": {"route": route, **fault}, "fault": 500}])
    stopped = hopsworks.connector(recreate_unreadable=True, timeout=4, **given)
    assert stopped["failed"], stopped
    hopsworks.emulator.set_faults([])
    done = hopsworks.connector(recreate_unreadable=True, **given)
    assert not done.get("failed") and done["changed"], done
    assert not hopsworks.connector(check_files=True, **given)["changed"]


@pytest.mark.parametrize("module", ["kafka_connector", "kafka_connector_info"])
def test_projects_that_are_not_ready_are_passed_over_by_name(hopsworks: Modules, module: str) -> None:
    emulator = hopsworks.emulator
    emulator.set_project("project_2", status="ONGOING")
    emulator.set_project("project_3", has_featurestore=False)
    emulator.set_project("project_4", status="FAILED")
    try:
        done = hopsworks.run(module, properties=PLAIN)
        absent = hopsworks.run("kafka_connector", state="absent")
    finally:
        emulator.set_project("project_3", has_featurestore=True)
        for project in ("project_2", "project_4"):
            emulator.set_project(project, status="DONE")
    reason = "reason" if module == "kafka_connector" else "skipped"
    assert not done.get("failed") and not absent.get("failed")
    assert {entry["project"]: entry[reason] for entry in done["results"]} == {
        "project_1": None,
        "project_2": "not_done",
        "project_3": "no_feature_store",
        "project_4": "not_done",
    }
    if module == "kafka_connector":
        assert list(actions(done).values()) == ["created", "skipped", "skipped", "skipped"]
        assert "no feature store yet: project_3" in done["msg"]
        assert "not created completely: project_2, project_4" in done["msg"]
        assert actions(absent)["project_3"] == "skipped"
