"""Roles, scopes, keys, disabled types; and how the server is reached."""

from __future__ import annotations

import itertools
import pathlib
import socket
import typing as t

import pytest

from tests.emulator.certificates import tls_files
from tests.integration.projects.conftest import PLAIN, SSL, Modules, actions, stores

SCOPES = ["PROJECT", "FEATURESTORE", "DATASET_VIEW", "DATASET_CREATE", "DATASET_DELETE"]


@pytest.fixture
def key(hopsworks: Modules) -> str:
    """The key of a user who is Data owner of two projects and Data scientist of a third."""
    roles = {"project_1": "Data owner", "project_2": "Data scientist", "project_3": "Data owner"}
    return hopsworks.emulator.add_key("engineer.0123456789", user="engineer", scopes=SCOPES, roles=roles)


def test_all_projects_are_those_of_a_data_owner(hopsworks: Modules, key: str) -> None:
    done = hopsworks.connector(api_key=key, properties=PLAIN)
    assert actions(done) == {"project_1": "created", "project_3": "created"}
    assert done["counts"]["not_owned"] == 1
    assert "left out 1 more where the user is not Data owner" in done["msg"]


def test_a_named_project_without_the_role_fails_alone(hopsworks: Modules, key: str) -> None:
    done = hopsworks.connector(api_key=key, projects=["project_1", "project_2", "project_4"], properties=PLAIN)
    assert done["failed"]
    assert actions(done) == {"project_1": "created", "project_2": "failed", "project_4": "failed"}
    reasons = [entry["error"] and entry["error"]["reason"] for entry in done["results"]]
    assert reasons == [None, "not_data_owner", "not_a_member"]
    # One request more tells a project of others from one that there is not.
    assert hopsworks.emulator.requests()["GET /project/getAll"] == 1


def test_an_unknown_project_stops_it_all(hopsworks: Modules, key: str) -> None:
    done = hopsworks.connector(api_key=key, projects=["project_1", "porject_3"], properties=PLAIN)
    assert done["failed"] and "porject_3" in done["msg"] and "results" not in done
    assert hopsworks.writes() == {}


@pytest.mark.parametrize(
    ("query", "chosen"),
    [
        ("[?role == 'Data owner'].name", ["project_1", "project_3"]),
        ("[?name == 'project_3']", ["project_3"]),
        ("[?owner == 'admin@hopsworks.ai' || id > `0`] | [::-1]", ["project_3", "project_1"]),
        ("[].project", ["project_1", "project_3"]),
        ("[?created > '2000'] | [0]", ["project_1"]),
    ],
)
def test_a_query(hopsworks: Modules, key: str, query: str, chosen: list[str]) -> None:
    done = hopsworks.connector(api_key=key, project_query=query, properties=PLAIN)
    assert [entry["project"] for entry in done["results"]] == chosen


def test_exclusion(hopsworks: Modules) -> None:
    done = hopsworks.connector(exclude=["project_1", "*_[34]"], properties=PLAIN)
    assert list(actions(done)) == ["project_2"]


def test_slices_are_disjoint_and_complete(hopsworks: Modules) -> None:
    parts = [
        list(actions(hopsworks.connector(check=True, slice={"index": index, "count": 3}, properties=PLAIN)))
        for index in range(3)
    ]
    assert sorted(itertools.chain(*parts)) == ["project_1", "project_2", "project_3", "project_4"]


@pytest.mark.parametrize(
    ("given", "reason"),
    [("nodot", "bad_api_key"), ("unknown.secret", "bad_api_key"), ("emulator.wrong", "bad_api_key")],
)
def test_a_bad_key(hopsworks: Modules, given: str, reason: str) -> None:
    done = hopsworks.connector(api_key=given, properties=PLAIN)
    assert done["failed"] and done["error"]["reason"] == reason
    assert given not in str(done)
    assert "HOPSWORKS_API_KEY" in done["msg"]


@pytest.mark.parametrize("missing", ["PROJECT", "FEATURESTORE", "DATASET_CREATE"])
def test_a_missing_scope(hopsworks: Modules, tmp_path: pathlib.Path, missing: str) -> None:
    scopes = [scope for scope in SCOPES if scope != missing]
    roles = {"project_1": "Data owner", "project_2": "Data owner"}
    key = hopsworks.emulator.add_key("narrow.0123456789", user="narrow", scopes=scopes, roles=roles)
    done = hopsworks.connector(api_key=key, properties=SSL, workers=1, **stores(tmp_path))
    error = done.get("error") or done["results"][0]["error"]
    assert done["failed"] and error["reason"] == "missing_scope" and missing in error["remedy"]
    assert hopsworks.emulator.connector("project_1") is None
    if missing != "PROJECT":
        # It holds for all projects, so no other is tried.
        assert done["results"][1]["error"]["reason"] == "not_attempted"


def test_files_that_may_not_be_removed_fail_their_project_alone(hopsworks: Modules, tmp_path: pathlib.Path) -> None:
    scopes = [scope for scope in SCOPES if scope != "DATASET_DELETE"]
    roles = {"project_1": "Data owner", "project_2": "Data owner"}
    key = hopsworks.emulator.add_key("narrow.0123456789", user="narrow", scopes=scopes, roles=roles)
    hopsworks.connector(api_key=key, properties=SSL, **stores(tmp_path, "old"))
    done = hopsworks.connector(api_key=key, properties=SSL, workers=1, **stores(tmp_path, "new"))
    assert done["failed"] and done["changed"]
    for entry in done["results"]:
        assert (entry["action"], entry["changed"], entry["error"]["reason"]) == ("failed", True, "missing_scope")
    assert not hopsworks.connector(properties=SSL, **stores(tmp_path, "new"), projects=["project_1"])["changed"]


def test_a_directory_that_there_is_not(hopsworks: Modules, tmp_path: pathlib.Path) -> None:
    given = {"projects": ["project_1"], "properties": SSL, "directory": "NoSuchDataset", **stores(tmp_path)}
    for check_files in (False, True):
        done = hopsworks.connector(check_files=check_files, **given)
        assert done["results"][0]["error"]["reason"] == "no_dataset"
        assert "option directory" in done["msg"] and not done["changed"]


def test_a_type_that_is_switched_off(hopsworks: Modules) -> None:
    hopsworks.emulator.set_variables(enable_kafka_storage_connectors="false")
    try:
        done = hopsworks.connector(properties=PLAIN, workers=1)
    finally:
        hopsworks.emulator.set_variables(enable_kafka_storage_connectors="true")
    assert done["results"][0]["error"]["reason"] == "type_disabled"
    assert "enable_kafka_storage_connectors" in done["results"][0]["error"]["remedy"]
    assert done["results"][1]["error"]["reason"] == "not_attempted"


def test_a_certificate_that_cannot_be_verified(hopsworks: Modules, tmp_path: pathlib.Path) -> None:
    other = tls_files(tmp_path)
    done = hopsworks.connector(ca_path=str(other.ca), properties=PLAIN)
    assert done["failed"] and done["error"]["reason"] == "certificate" and "ca_path" in done["msg"]
    assert hopsworks.connector(ca_path=None, validate_certs=False, check=True, properties=PLAIN)["changed"]


def test_nobody_listens(hopsworks: Modules) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    done = hopsworks.connector(port=port, properties=PLAIN)
    assert done["failed"] and done["error"]["reason"] == "unreachable" and f"127.0.0.1:{port}" in done["msg"]


def test_a_name_that_does_not_resolve(hopsworks: Modules) -> None:
    # Longer than the system's resolver waits for a name server (RES_TIMEOUT is 5 s, in up to two attempts).
    done = hopsworks.connector(host="no-such-host.invalid", timeout=20, properties=PLAIN)
    assert done["failed"] and done["error"]["reason"] == "unknown_host"


def test_a_proxy_that_wants_a_login(hopsworks: Modules, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    from tests.integration.projects import conftest

    listener = socket.create_server(("127.0.0.1", 0))
    answered: list[bytes] = []

    def serve() -> None:
        while True:
            try:
                client, _address = listener.accept()
            except OSError:
                return
            with client:
                answered.append(client.recv(65536))
                client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")

    threading.Thread(target=serve, daemon=True).start()
    proxy = f"http://127.0.0.1:{listener.getsockname()[1]}"
    monkeypatch.setattr(
        conftest, "environment", lambda inherit=conftest.environment: {**inherit(), "HTTPS_PROXY": proxy}
    )
    done: t.Any = hopsworks.connector(host="hopsworks.example.com", properties=PLAIN)
    listener.close()
    assert done["failed"] and done["error"]["reason"] == "proxy" and "407" in done["msg"]
    assert len(answered) == 1 and b"ApiKey" not in answered[0]


def test_a_netrc_does_not_replace_the_key(
    hopsworks: Modules, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    assert not hopsworks.connector(check=True, properties=PLAIN).get("failed")
