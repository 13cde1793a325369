# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which projects a rollout reaches, and what the key may do: over the emulator, with requests counted."""

from __future__ import annotations

import typing as t

import pytest

from tests.integration.projects.conftest import PLAIN, Modules

SCOPES = ["PROJECT", "FEATURESTORE", "DATASET_VIEW", "DATASET_CREATE", "DATASET_DELETE", "ADMIN"]
OWNED = dict.fromkeys(("project_1", "project_2"), "Data owner")
STORE = "GET /project/{pid}/featurestores/{fsid}"
CONNECTOR = STORE + "/storageconnectors/{name}"
RIGHTS = {
    STORE + "/storageconnectors": 1,
    "GET /project/{pid}/dataset/{path}": 1,
    "GET /project/{pid}/dataset/upload/{path}": 1,
    "DELETE /project/{pid}/dataset/{path}": 1,
    "GET /admin/configuration": 1,
}
CLUSTER = {"GET /project": 1, "GET /project/getAll": 1, "GET /variables/versions": 1}


def look(hopsworks: Modules, **options: t.Any) -> dict[str, t.Any]:
    hopsworks.emulator.reset_requests()
    return hopsworks.run("hopsworks_projects_info", properties=PLAIN, **options)


def reasons(result: dict[str, t.Any]) -> dict[str, str | None]:
    return {entry["project"]: entry["reason"] for entry in result["projects"]}


def problems(result: dict[str, t.Any]) -> list[str]:
    return [problem["reason"] for problem in result["problems"]]


def test_all_projects_of_an_administrator(hopsworks: Modules) -> None:
    done = look(hopsworks)
    assert not done.get("failed") and not done["changed"]
    assert (done["user"], done["admin"], done["release"]) == ("admin", True, "5.2.1")
    assert set(reasons(done).values()) == {None} and done["left_behind"] == [] and done["problems"] == []
    assert hopsworks.emulator.requests() == {**CLUSTER, **RIGHTS, STORE: 4}


def test_nothing_is_written_to_find_out(hopsworks: Modules) -> None:
    before = hopsworks.emulator.state()
    look(hopsworks)
    assert hopsworks.emulator.state() == before
    writing = [entry for entry in hopsworks.emulator.log() if entry["method"] != "GET"]
    assert [(entry["method"], entry["status"]) for entry in writing] == [("DELETE", 400)]


def test_without_the_rights_it_takes_one_request_a_project(hopsworks: Modules) -> None:
    done = look(hopsworks, check_rights=False)
    assert done["admin"] is None
    assert hopsworks.emulator.requests() == {**CLUSTER, STORE: 4}


def test_projects_that_are_not_reached(hopsworks: Modules) -> None:
    emulator = hopsworks.emulator
    roles = {**OWNED, "project_3": "Data scientist"}
    key = emulator.add_key("engineer.0123456789", user="engineer", scopes=SCOPES, roles=roles)
    done = look(hopsworks, api_key=key, admin=False, projects=["project_1"])
    assert reasons(done) == {
        "project_1": None,
        "project_2": "not_chosen",
        "project_3": "not_owned",
        "project_4": "not_a_member",
    }
    assert not done.get("failed") and done["left_behind_blocking"] == ["project_2", "project_3", "project_4"]
    assert [entry["project"] for entry in done["left_behind"]] == ["project_2", "project_3", "project_4"]
    assert all(entry["message"] for entry in done["left_behind"])
    rights = {request: count for request, count in RIGHTS.items() if "admin" not in request}
    # Two requests at most for a project, and none for one of which the user is no member.
    assert emulator.requests() == {**CLUSTER, **rights, STORE: 3, CONNECTOR: 2}


def test_a_connector_with_the_declared_brokers_is_reached_whoever_wrote_it(hopsworks: Modules) -> None:
    hopsworks.connector(properties=PLAIN, projects=["project_2", "project_3"])
    hopsworks.connector(properties={**PLAIN, "bootstrap.servers": "other:9092"}, projects=["project_4"])
    done = look(hopsworks, projects=["project_1"])
    assert reasons(done) == {"project_1": None, "project_2": None, "project_3": None, "project_4": "not_chosen"}


def test_brokers_of_their_own(hopsworks: Modules) -> None:
    own = {"name": "project_2", "properties": {"bootstrap.servers": "other.example.com:9092"}}
    done = look(hopsworks, projects=["project_1", own, "project_3", "project_4"])
    assert [entry["reason"] for entry in done["left_behind"]] == ["own_brokers"]
    hopsworks.connector(properties={**PLAIN, "bootstrap.servers": "other:9092"}, projects=["project_4"])
    assert look(hopsworks)["left_behind"] == []
    kept = look(hopsworks, existing="keep")
    assert kept["left_behind_blocking"] == ["project_4"]
    assert hopsworks.emulator.requests()[CONNECTOR] == 4


def test_projects_that_are_not_there_yet_block_nothing(hopsworks: Modules) -> None:
    emulator = hopsworks.emulator
    emulator.set_project("project_2", has_featurestore=False)
    emulator.set_project("project_3", status="ONGOING")
    try:
        done = look(hopsworks)
    finally:
        emulator.set_project("project_2", has_featurestore=True)
        emulator.set_project("project_3", status="DONE")
    assert [(entry["project"], entry["reason"]) for entry in done["left_behind"]] == [
        ("project_2", "no_feature_store"),
        ("project_3", "not_done"),
    ]
    assert not done.get("failed") and done["left_behind_blocking"] == []


def test_the_projects_of_other_slices_are_not_left_behind(hopsworks: Modules) -> None:
    parts = [look(hopsworks, slice={"index": index, "count": 2}) for index in (0, 1)]
    assert [done["left_behind"] for done in parts] == [[], []]
    assert sorted([*reasons(parts[0]), *reasons(parts[1])]) == [f"project_{number}" for number in range(1, 5)]
    assert set(reasons(parts[0])).isdisjoint(reasons(parts[1]))
    part = look(hopsworks, slice={"index": 0, "count": 2}, projects=["project_1", "project_2"])
    assert {entry["project"] for entry in part["left_behind"]} == set(reasons(parts[0])) - {"project_1", "project_2"}


@pytest.mark.parametrize("missing", SCOPES)
def test_a_scope_that_is_missing_is_found_out_without_a_write(hopsworks: Modules, missing: str) -> None:
    scopes = [scope for scope in SCOPES if scope != missing]
    key = hopsworks.emulator.add_key("narrow.0123456789", user="narrow", admin=True, scopes=scopes, roles=OWNED)
    before = hopsworks.emulator.state()
    done = look(hopsworks, api_key=key)
    assert done["failed"] and missing in done["msg"]
    assert hopsworks.emulator.state() == before
    if missing == "PROJECT":
        assert done["error"]["reason"] == "missing_scope"
        return
    assert problems(done) == ["missing_scope"]
    assert done["problems"][0]["message"] == f"The API key lacks the scope {missing}"
    assert done["admin"] is (missing != "ADMIN")
    of_project = [] if missing == "ADMIN" else [missing]
    assert [entry["missing_rights"] for entry in done["projects"]] == [of_project, of_project, [], []]
    assert sum(hopsworks.emulator.requests().values()) <= 3 + 5 + 2 * 4


def test_a_user_who_is_no_administrator(hopsworks: Modules) -> None:
    key = hopsworks.emulator.add_key("plain.0123456789", user="plain", scopes=SCOPES, roles=OWNED)
    done = look(hopsworks, api_key=key)
    assert problems(done) == ["not_admin"] and done["admin"] is False
    assert not look(hopsworks, api_key=key, admin=False).get("failed")


def test_a_service_user(hopsworks: Modules) -> None:
    more = {"platform_roles": ["HOPS_SERVICE_USER"]}
    key = hopsworks.emulator.add_key("service.0123456789", user="service", scopes=SCOPES, roles=OWNED, **more)
    done = look(hopsworks, api_key=key, admin=False)
    assert problems(done) == ["service_user"] and "service user" in done["msg"]
    written = hopsworks.connector(api_key=key, properties=PLAIN, workers=1)
    assert written["failed"] and written["results"][0]["error"]["reason"] == "service_user"
    assert "not an administrator" not in written["msg"]


def test_named_projects_without_the_role(hopsworks: Modules) -> None:
    roles = {"project_1": "Data owner", "project_2": "Data scientist"}
    key = hopsworks.emulator.add_key("engineer.0123456789", user="engineer", scopes=SCOPES, roles=roles)
    done = look(hopsworks, api_key=key, admin=False, projects=["project_1", "project_2", "project_3"])
    assert problems(done) == ["not_data_owner"]
    assert done["problems"][0]["projects"] == ["project_2", "project_3"]
    missing = {entry["project"]: entry["missing_rights"] for entry in done["projects"]}
    assert missing == {"project_1": [], "project_2": ["Data owner"], "project_3": ["Data owner"], "project_4": []}


def test_an_old_release_is_refused(hopsworks: Modules) -> None:
    hopsworks.emulator.set_version("3.3.0")
    try:
        done = look(hopsworks)
    finally:
        hopsworks.emulator.set_version("5.2.1")
    assert done["failed"] and done["release"] == "3.3.0" and problems(done) == ["release_too_old"]
    assert "starts with 3.4" in done["msg"]


def test_a_list_that_cannot_be_read_is_not_known(hopsworks: Modules) -> None:
    hopsworks.emulator.set_faults([{"match": {"route": "/project/getAll"}, "fault": 500}])
    done = look(hopsworks)
    assert done["left_behind"] is None and done["left_behind_blocking"] is None
    assert "not known" in done["left_behind_error"] and "GET /project/getAll" in done["left_behind_error"]
    assert done["left_behind_error"] in done["msg"] and set(reasons(done).values()) == {None}


def test_an_unknown_project_is_refused(hopsworks: Modules) -> None:
    done = look(hopsworks, projects=["project_1", "porject_2"])
    assert done["failed"] and "porject_2" in done["msg"] and "projects" not in done


@pytest.mark.parametrize(("version", "reasons"), [("5.2.1", []), ("3.4.0", []), ("3.3.9", ["release_too_old"])])
def test_the_release_alone_takes_one_request(hopsworks: Modules, version: str, reasons: list[str]) -> None:
    hopsworks.emulator.set_version(version)
    try:
        hopsworks.emulator.reset_requests()
        found = hopsworks.run("hopsworks_projects_info", check_projects=False)
        assert hopsworks.emulator.requests() == {"GET /variables/versions": 1}
    finally:
        hopsworks.emulator.set_version("5.2.1")
    assert (found["release"], found["projects"], found["left_behind"]) == (version, [], None)
    assert [problem["reason"] for problem in found["problems"]] == reasons
    assert bool(found.get("failed")) is bool(reasons)
