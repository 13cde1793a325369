"""kafka_connector_info and hopsworks_variable, each as a process."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from tests.integration.projects.conftest import PLAIN, SSL, Modules, sasl, stores


def test_what_is_there(hopsworks: Modules) -> None:
    hopsworks.connector(projects=["project_1"], properties={**sasl(), "linger.ms": 5})
    hopsworks.emulator.set_variables(enable_bring_your_own_kafka="true")
    hopsworks.emulator.reset_requests()
    seen = hopsworks.run("kafka_connector_info", effective=True)
    assert not seen["changed"] and seen["msg"].startswith("4 projects: 1 with the connector, 3 without, 0 not readable")
    # What clients are given is read in one request with the connector, if it is the project's own.
    assert hopsworks.count() == 1 + (2 + 3 * 3) + 1
    first, second = seen["results"][:2]
    assert first["exists"] is True
    assert first["connector"]["options"][1] == {"name": "sasl.jaas.config", "value": "********"}
    assert first["effective"] == {
        "external": True,
        "id": first["connector"]["id"],
        "bootstrap_servers": "kafka.example.com:9093",
        "security_protocol": "SASL_SSL",
    }
    assert second["exists"] is False and second["connector"] is None
    assert second["effective"]["external"] is False and second["effective"]["id"] == -1
    assert "correct-horse" not in str(seen)
    hopsworks.emulator.set_variables(enable_bring_your_own_kafka="false")
    seen = hopsworks.run("kafka_connector_info", effective=True)
    assert not any(entry["effective"]["external"] for entry in seen["results"])


def test_what_was_read_can_be_given_back(hopsworks: Modules) -> None:
    own: list[t.Any] = [
        {"name": "project_1", "properties": {"linger.ms": 9}},
        {"name": "project_2", "properties": {"acks": 1}},
    ]
    hopsworks.connector(projects=own, properties=sasl())
    seen = hopsworks.run("kafka_connector_info", projects=own)
    given = [entry["declaration"] for entry in seen["results"]]
    assert seen["results"][0]["secrets"] == ["sasl.jaas.config"]
    common = {"sasl.jaas.config": sasl()["sasl.jaas.config"]}
    done = hopsworks.connector(projects=given, properties=common)
    assert not done["changed"] and not done.get("failed")


def test_files_that_are_missing(hopsworks: Modules, tmp_path: pathlib.Path) -> None:
    hopsworks.connector(projects=["project_1"], properties=SSL, **stores(tmp_path))
    location = (hopsworks.emulator.connector("project_1") or {})["sslKeystoreLocation"]
    name = location.rsplit("/", 1)[1]
    hopsworks.emulator.api("DELETE", f"{hopsworks.emulator.project_path('project_1')}/dataset/Resources%2F{name}")
    seen = hopsworks.run("kafka_connector_info", check_files=True)
    assert [entry["missing_files"] for entry in seen["results"]] == [[location], None, None, None]


def test_a_project_that_cannot_be_read_fails_the_task(hopsworks: Modules) -> None:
    hopsworks.emulator.set_faults([{"match": {"project": "project_2"}, "fault": 403}])
    seen = hopsworks.run("kafka_connector_info")
    assert seen["failed"]
    assert [entry["exists"] for entry in seen["results"]] == [False, None, False, False]
    assert seen["results"][1]["error"]["reason"] == "not_a_member"


def test_a_server_that_is_gone_is_left_alone(hopsworks: Modules) -> None:
    hopsworks.emulator.set_faults([{"match": {"route": "/project/{pid}/*"}, "fault": 401}])
    seen = hopsworks.run("kafka_connector_info", workers=1)
    assert [entry["error"]["reason"] for entry in seen["results"]] == ["bad_api_key"] + ["not_attempted"] * 3


# --- variables -------------------------------------------------------------------------------------------------------

FLAG = "enable_bring_your_own_kafka"


@pytest.fixture
def variables(hopsworks: Modules) -> Modules:
    hopsworks.emulator.set_variables(
        enable_bring_your_own_kafka={"value": "false", "visibility": "USER", "hide": False},
        some_password={"value": "the-old-secret", "visibility": "ADMIN", "hide": True},
    )
    hopsworks.emulator.reset_requests()
    return hopsworks


def test_variables(variables: Modules) -> None:
    foretold = variables.run("hopsworks_variable", check=True, diff=True, variables={FLAG: True})
    assert foretold["changed"] and foretold["written"] == [] and variables.writes() == {}
    done = variables.run("hopsworks_variable", diff=True, variables={FLAG: True})
    assert done["changes"] == foretold["changes"] == [{"what": FLAG, "before": "false", "after": "true"}]
    assert done["diff"] == {"before": f"{FLAG}: false\n", "after": f"{FLAG}: true\n"}
    assert done["written"] == [FLAG]
    # The visibility is kept, which the server would reset.
    assert variables.emulator.state()["variables"][FLAG] == {
        "name": FLAG, "value": "true", "visibility": "USER", "hide": False,
    }  # fmt: skip
    variables.emulator.reset_requests()
    again = variables.run("hopsworks_variable", variables={FLAG: "true"})
    assert not again["changed"] and variables.count() == 1


def test_many_variables_and_their_visibility(variables: Modules) -> None:
    given = [
        {"name": FLAG, "value": False, "visibility": "ADMIN"},
        {"name": "online_kafka_storage_connector_name", "value": "kafka_connector"},
        {"name": "onlinefs_service_thread_number", "value": 12},
    ]
    done = variables.run("hopsworks_variable", variables=given)
    assert {"what": f"{FLAG}, visibility", "before": "USER", "after": "ADMIN"} in done["changes"]
    stored = variables.emulator.state()["variables"]
    assert stored[FLAG]["visibility"] == "ADMIN"
    assert stored["online_kafka_storage_connector_name"]["visibility"] == "ADMIN"
    assert stored["onlinefs_service_thread_number"]["value"] == "12"
    assert not variables.run("hopsworks_variable", variables=given)["changed"]


@pytest.mark.parametrize("as_list", [True, False])
def test_a_hidden_variable_is_not_shown(variables: Modules, as_list: bool) -> None:
    given: t.Any = {"some_password": "the-new-secret"}
    if as_list:
        given = [{"name": "some_password", "value": "the-new-secret"}]
    done = variables.run("hopsworks_variable", diff=True, variables=given)
    assert done["changes"] == [{"what": "some_password", "before": "********", "after": "******** (changed)"}]
    assert "the-new-secret" not in str(done) and "the-old-secret" not in str(done)
    assert variables.emulator.state()["variables"]["some_password"]["value"] == "the-new-secret"
    assert variables.emulator.state()["variables"]["some_password"]["hide"] is True


@pytest.mark.parametrize(
    ("admin", "scopes", "reason"), [(False, ["ADMIN"], "not_admin"), (True, ["PROJECT"], "missing_scope")]
)
def test_who_may_not(variables: Modules, admin: bool, scopes: list[str], reason: str) -> None:
    key = variables.emulator.add_key("other.0123456789", user="other", admin=admin, scopes=scopes)
    done = variables.run("hopsworks_variable", api_key=key, variables={FLAG: True})
    assert done["failed"] and done["error"]["reason"] == reason and done["error"]["remedy"]
    assert variables.writes() == {}


@pytest.mark.parametrize(
    "given", [[], {}, "text", [{"name": "a"}], {"a": None}, {"a": [1]}, [{"name": "a", "value": 1, "x": 2}]]
)
def test_bad_variables(variables: Modules, given: t.Any) -> None:
    done = variables.run("hopsworks_variable", variables=given)
    assert done["failed"] and variables.count() == 0


@pytest.mark.parametrize("fault", [503, "reset_before_commit", "reset_after_commit", 429], ids=str)
def test_variables_survive_what_passes(variables: Modules, fault: t.Any) -> None:
    variables.emulator.set_faults([{"match": {"method": "POST", "nth": 1}, "fault": fault}])
    given = {FLAG: True, f"another_{fault}": "x"}
    done = variables.run("hopsworks_variable", variables=given)
    assert done["changed"] and sorted(done["written"]) == sorted(given)
    variables.emulator.set_faults([])
    assert not variables.run("hopsworks_variable", variables=given)["changed"]


def test_plain_names_stay_readable(hopsworks: Modules) -> None:
    """Secrets are masked; public values beside them are not."""
    done = hopsworks.connector(projects=["project_1"], properties=PLAIN)
    assert done["invocation"]["module_args"]["projects"] == ["project_1"]
    assert done["invocation"]["module_args"]["properties"] == PLAIN
    assert done["results"][0]["project"] == "project_1"
