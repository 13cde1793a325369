"""How the failures of a server are reported. Every fault at every request is tested in integration/faults."""

from __future__ import annotations

import time
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._connectors import connector_task

from tests.emulator.fixtures import Emulator, ProcessEmulator, Rules, running_emulator
from tests.integration.projects.conftest import Modules, actions, own, sasl, start

PROJECTS = 12
STORE = "/project/{pid}/featurestores/{fsid}"
ALL = f"{STORE}/storageconnectors"
ONE = f"{ALL}/{{name}}"

DEFAULTS: dict[str, t.Any] = {
    "validate_certs": True,
    "timeout": 4,
    "workers": 6,
    "name": "kafka_connector",
    "state": "present",
    "existing": "update",
    "directory": "Resources",
    "check_files": False,
    "remove_shared_stores": False,
    "recreate_unreadable": False,
    "properties": sasl(),
}


@pytest.fixture(scope="module")
def server() -> t.Iterator[ProcessEmulator]:
    with running_emulator(projects=PROJECTS) as emulator:
        yield emulator


@pytest.fixture
def hopsworks(server: ProcessEmulator, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[ProcessEmulator]:
    """The server; after each test every connector is removed."""
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    server.reset_requests()
    yield server
    server.set_faults([])
    run(server, state="absent")


def run(emulator: Emulator, **options: t.Any) -> dict[str, t.Any]:
    """Run the task of kafka_connector within this process; return what the module would return."""
    return connector_task.run({**DEFAULTS, **emulator.connection, **options}, False, False)


def struck(emulator: Emulator, faults: Rules, **options: t.Any) -> dict[str, t.Any]:
    """Run while the faults are active. Check that the report is true and that the next run repairs everything."""
    emulator.set_faults(faults)
    result = run(emulator, **options)
    assert all(rule["hits"] for rule in emulator.faults()), "a fault never struck"
    emulator.set_faults([])
    for entry in result["results"]:
        there = emulator.connector(entry["project"]) is not None
        if entry["action"] in ("created", "updated", "unchanged"):
            assert there and entry["error"] is None, entry
        else:
            assert entry["error"] and entry["error"]["remedy"], entry
            assert entry["changed"] or not there, entry
    healthy = run(emulator, **options)
    assert not healthy["failed"]
    for entry in healthy["results"]:
        connectors = emulator.state(entry["project"])["connectors"]
        assert own(connectors) == ["kafka_connector"]
        assert "correct-horse" in str(connectors), "a secret is lost"
    assert not run(emulator, **options)["changed"]
    return result


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"status": 403, "body": "<html>"}, "forbidden"),
        (
            {"status": 403, "body": {"errorCode": 160000, "errorMsg": "No valid role found for this user"}},
            "not_a_member",
        ),
        (404, "project_not_found"),
        (500, "server_error"),
        ("html", "not_json"),
        ({"kind": "slow_first_byte", "seconds": 9}, "timeout"),
        ({"kind": "slow_body", "seconds": 30}, "timeout"),
        ({"status": 503, "headers": {"Retry-After": "3600"}}, "unavailable"),
        ({"status": 302, "headers": {"Location": "https://login.example.com/"}, "body": ""}, "redirected"),
    ],
    ids=str,
)
def test_a_project_that_fails_stops_no_other(hopsworks: ProcessEmulator, fault: t.Any, reason: str) -> None:
    started = time.monotonic()
    result = struck(hopsworks, [{"match": {"method": "GET", "route": STORE, "project": "project_7"}, "fault": fault}])
    assert time.monotonic() - started < 4 * DEFAULTS["timeout"]
    entry = result["results"][6]
    assert (entry["action"], entry["changed"], entry["error"]["reason"]) == ("failed", False, reason)
    assert result["failed"] and result["changed"]
    assert result["counts"]["created"] == PROJECTS - 1
    assert "project_7" in result["msg"]


@pytest.mark.parametrize("commit", [True, False])
def test_a_server_that_fails_at_a_post_is_not_asked_twice(hopsworks: ProcessEmulator, commit: bool) -> None:
    """An internal error does not say whether the write was done, so the task reads again and does not write again."""
    match = {"method": "POST", "route": ALL, "project": "project_7"}
    result = struck(hopsworks, [{"match": match, "fault": {"status": 500, "commit": commit}}])
    entry = result["results"][6]
    assert entry["action"] == ("created" if commit else "failed")
    assert entry["changed"] is commit


def test_a_revoked_key_ends_the_run(hopsworks: ProcessEmulator) -> None:
    result = struck(hopsworks, [{"match": {"method": "GET", "route": ONE, "from": 4}, "fault": 401}], workers=1)
    found = [entry["error"] and entry["error"]["reason"] for entry in result["results"]]
    assert found == [None] * 3 + ["bad_api_key"] + ["not_attempted"] * (PROJECTS - 4)
    assert actions(result)["project_12"] == "skipped"
    assert result["changed"] and result["failed"]


def test_a_server_that_is_gone_is_left_alone(hopsworks: ProcessEmulator) -> None:
    """After many projects in a row without an answer, the others are not attempted."""
    result = struck(
        hopsworks, [{"match": {"route": STORE, "from": 3}, "fault": "reset_before_commit"}], workers=1, timeout=3
    )
    reasons = [entry["error"] and entry["error"]["reason"] for entry in result["results"]]
    assert reasons[:2] == [None, None]
    assert reasons[2:8] == ["cut_off"] * 6
    assert reasons[8:] == ["not_attempted"] * 4


def test_a_restart_in_mid_run(tmp_path: t.Any) -> None:
    with running_emulator(projects=30, state=True, latency_ms=20) as emulator:
        process = start("kafka_connector", {**emulator.connection, "properties": sasl(), "workers": 2, "timeout": 20})
        while sum(emulator.requests().values()) < 20:
            time.sleep(0.01)
        emulator.kill()
        time.sleep(0.5)
        emulator.restart()
        result = process.finish()
        assert not result.get("failed"), result["msg"]
        assert result["counts"]["created"] == 30
        assert not Modules(emulator).connector(properties=sasl())["changed"]


def test_a_project_that_is_deleted_in_mid_run(hopsworks: ProcessEmulator) -> None:
    listed = {"match": {"method": "GET", "route": STORE, "project": "project_3", "nth": 1}}
    body = {"errorCode": 150004, "errorMsg": "Project wasn't found."}
    result = struck(hopsworks, [{**listed, "fault": {"status": 404, "body": body}}])
    assert result["results"][2]["error"] == {
        "reason": "project_not_found",
        "message": "project not found (Project wasn't found) [GET /project/{project}/featurestores/{name}]",
        "remedy": "Check its name; it may just have been deleted",
        "http_status": 404,
        "error_code": 150004,
    }


def test_somebody_else_was_first(hopsworks: ProcessEmulator) -> None:
    """A person creates a different connector between our GET and our POST."""
    body = {"errorCode": 270042, "errorMsg": "Connector not found"}
    theirs = {"name": "kafka_connector", "storageConnectorType": "KAFKA", "bootstrapServers": "theirs:1", "options": []}
    hopsworks.control("PUT", "connectors", {"project": "project_2", "connector": theirs})
    unseen = [
        {
            "match": {"method": "GET", "route": ONE, "project": "project_2", "nth": 1},
            "fault": {"status": 404, "body": body},
        }
    ]
    result = struck(hopsworks, unseen)
    entry = result["results"][1]
    assert entry["action"] == "updated"
    assert entry["notes"] == ["somebody else created the connector during this run"]
    assert {"what": "bootstrap.servers", "before": "theirs:1", "after": "kafka.example.com:9093"} in entry["changes"]


def test_somebody_else_was_first_and_is_left_alone(hopsworks: ProcessEmulator) -> None:
    body = {"errorCode": 270042, "errorMsg": "Connector not found"}
    theirs = {"name": "kafka_connector", "storageConnectorType": "KAFKA", "bootstrapServers": "theirs:1", "options": []}
    hopsworks.control("PUT", "connectors", {"project": "project_2", "connector": theirs})
    hopsworks.set_faults(
        [
            {
                "match": {"method": "GET", "route": ONE, "project": "project_2", "nth": 1},
                "fault": {"status": 404, "body": body},
            }
        ]
    )
    entry = run(hopsworks, existing="keep")["results"][1]
    assert (entry["action"], entry["changed"]) == ("skipped", False)
    assert (hopsworks.connector("project_2") or {})["bootstrapServers"] == "theirs:1"


def test_somebody_else_deleted_it(hopsworks: ProcessEmulator) -> None:
    run(hopsworks)
    stale = {"name": "kafka_connector", "storageConnectorType": "KAFKA", "bootstrapServers": "stale:1"}
    path = hopsworks.store_path("project_2")
    hopsworks.api("DELETE", f"{path}/kafka_connector")
    seen = [
        {
            "match": {"method": "GET", "route": ONE, "project": "project_2", "nth": 1},
            "fault": {"status": 200, "body": stale},
        }
    ]
    result = struck(hopsworks, seen)
    entry = result["results"][1]
    assert (entry["action"], entry["changed"]) == ("created", True)
    assert entry["notes"] == ["somebody else deleted the connector during this run"]
