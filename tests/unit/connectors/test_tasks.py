# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole tasks on the emulator, with options as ansible-core hands them over: what they write, predict and read."""

from __future__ import annotations

import typing as t

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.hopsworks.kafka.plugins.module_utils._connectors import (
    connector_info,
    connector_task,
    reach_task,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._connectors.argument_spec import (
    connector_info_spec,
    connector_spec,
    projects_info_spec,
)

from tests.emulator.fixtures import Emulator, emulator_in_thread
from tests.unit.connectors.test_desired import LOGIN, SASL
from tests.unit.kafka import pki

CANARY = "canary-S3CRET"
DECLARED = {**SASL, "security.protocol": "SASL_SSL", "sasl.jaas.config": LOGIN.format(CANARY), "linger.ms": 5}
STORES = {
    "truststore": {"content": pki.authority().pem, "type": "PEM"},
    "keystore": {"content": pki.client("ec").key_pem() + pki.client("ec").pem, "type": "PEM"},
}


@pytest.fixture
def emulator() -> t.Iterator[Emulator]:
    with emulator_in_thread(projects=3, tls=True) as running:
        yield running


def checked(spec: dict[str, t.Any], emulator: Emulator, given: dict[str, t.Any]) -> dict[str, t.Any]:
    """The options as a module gets them: types and defaults are those of its argument specification."""
    requirements = {**spec}
    validator = ArgumentSpecValidator(requirements.pop("argument_spec"), **requirements)
    connection = {name: str(value) for name, value in emulator.connection.items()}
    validated = validator.validate({**connection, **given})
    assert not validated.error_messages, validated.error_messages
    return t.cast("dict[str, t.Any]", validated.validated_parameters)


def write(emulator: Emulator, check: bool = False, **given: t.Any) -> dict[str, t.Any]:
    result = connector_task.run(checked(connector_spec(), emulator, given), check, True)
    assert CANARY not in str(result)
    return result


def read(emulator: Emulator, **given: t.Any) -> dict[str, t.Any]:
    result = connector_info.run(checked(connector_info_spec(), emulator, given))
    assert CANARY not in str(result)
    return result


def everything(emulator: Emulator) -> list[t.Any]:
    names = [f"project_{number}" for number in (1, 2, 3)]
    return [(emulator.connector(name), sorted(emulator.files(name))) for name in names]


def counted(result: dict[str, t.Any]) -> dict[str, int]:
    return {action: count for action, count in result["counts"].items() if count}


def test_check_mode_predicts_a_rollout_and_the_second_run_writes_nothing(emulator: Emulator) -> None:
    before = everything(emulator)
    predicted = write(emulator, check=True, properties=DECLARED, **STORES)
    assert everything(emulator) == before
    done = write(emulator, properties=DECLARED, **STORES)
    assert counted(predicted) == counted(done) == {"created": 3}
    assert predicted["results"] == done["results"] and predicted["diff"] == done["diff"]
    assert done["changed"] and not done["failed"]
    after = everything(emulator)
    for connector, files in after:
        assert connector is not None
        assert (connector["securityProtocol"], connector["bootstrapServers"]) == ("SASL_SSL", SASL["bootstrap.servers"])
        places = {connector["sslTruststoreLocation"], connector["sslKeystoreLocation"]}
        assert len(places) == 2 and places <= set(files)
    again = write(emulator, properties=DECLARED, check_files=True, **STORES)
    assert (again["changed"], counted(again)) == (False, {"unchanged": 3})
    assert everything(emulator) == after


def test_one_project_alone_and_one_left_as_it_is(emulator: Emulator) -> None:
    write(emulator, properties=DECLARED, projects=["project_2"])
    assert [connector is not None for connector, _files in everything(emulator)] == [False, True, False]
    kept = write(
        emulator, properties={**DECLARED, "linger.ms": 9}, existing="keep", projects=["project_2", "project_1"]
    )
    assert counted(kept) == {"created": 1, "skipped": 1}
    assert [entry["project"] for entry in kept["results"]] == ["project_2", "project_1"]
    updated = write(
        emulator, properties={**DECLARED, "linger.ms": 9}, project_query="[?project.name=='project_2'].project.name"
    )
    assert counted(updated) == {"updated": 1}
    (change,) = updated["results"][0]["changes"]
    assert change == {"what": "linger.ms", "before": "5", "after": "9"}


def test_a_connector_of_another_name_in_another_directory(emulator: Emulator) -> None:
    write(
        emulator,
        properties=DECLARED,
        projects=["project_1"],
        name="mine",
        directory="Jupyter",
        description="ours",
        **STORES,
    )
    found = emulator.connector("project_1", "mine")
    assert found is not None and found["description"] == "ours"
    assert found["sslTruststoreLocation"].startswith("/Projects/project_1/Jupyter/")
    assert emulator.connector("project_1") is None


def test_taking_it_back_removes_connectors_and_stores(emulator: Emulator) -> None:
    before = everything(emulator)
    write(emulator, properties=DECLARED, **STORES)
    gone = write(emulator, state="absent", remove_shared_stores=True)
    assert counted(gone) == {"deleted": 3}
    assert everything(emulator) == before
    assert counted(write(emulator, state="absent")) == {"unchanged": 3}


def test_one_project_that_fails_stops_no_other(emulator: Emulator) -> None:
    emulator.set_faults([{"match": {"method": "POST", "project": "project_2"}, "fault": 500}])
    result = write(emulator, properties=DECLARED, projects=["project_1", "project_2", "project_3"])
    assert result["failed"] and result["changed"]
    assert [entry["action"] for entry in result["results"]] == ["created", "failed", "created"]
    error = result["results"][1]["error"]
    assert error["message"] and error["message"] in result["msg"] and "project_2" in result["msg"]


def test_what_is_read_of_a_connector(emulator: Emulator) -> None:
    emulator.set_variables(enable_bring_your_own_kafka="true")
    write(emulator, properties=DECLARED, projects=["project_1"], **STORES)
    result = read(emulator, effective=True, check_files=True, projects=["project_1", "project_2"])
    first, second = result["results"]
    assert not result["failed"] and not result["changed"]
    assert result["msg"] == "2 projects: 1 with the connector, 1 without, 0 not readable"
    assert (first["exists"], first["missing_files"], first["error"]) == (True, [], None)
    assert first["effective"] == {
        "external": True,
        "id": first["connector"]["id"],
        "bootstrap_servers": SASL["bootstrap.servers"],
        "security_protocol": "SASL_SSL",
    }
    assert first["connector"]["name"] == "kafka_connector"
    assert {option["name"]: option["value"] for option in first["connector"]["options"]}["linger.ms"] == "5"
    assert first["declaration"]["properties"]["linger.ms"] == "5"
    assert first["declaration"]["properties"]["bootstrap.servers"] == SASL["bootstrap.servers"]
    assert first["secrets"] == sorted(first["secrets"]) and "sasl.jaas.config" in first["secrets"]
    assert not set(first["secrets"]) & set(first["declaration"]["properties"])
    assert (second["exists"], second["connector"], second["effective"]["external"]) == (False, None, False)


def test_a_store_that_is_gone_is_named(emulator: Emulator) -> None:
    write(emulator, properties=DECLARED, projects=["project_1"], **STORES)
    connector = emulator.connector("project_1")
    assert connector is not None
    gone = connector["sslKeystoreLocation"]
    path = emulator.project_path("project_1") + "/dataset/" + gone.partition("/project_1/")[2]
    assert emulator.api("DELETE", path).status in (200, 204)
    (entry,) = read(emulator, check_files=True, projects=["project_1"])["results"]
    assert entry["missing_files"] == [gone]


def test_a_project_that_cannot_be_read_is_an_error_of_its_own(emulator: Emulator) -> None:
    emulator.set_faults(
        [{"match": {"method": "GET", "project": "project_2", "route": "*storageconnectors*"}, "fault": 500}]
    )
    result = read(emulator)
    assert result["failed"]
    assert [entry["error"] is None for entry in result["results"]] == [True, False, True]
    assert "1 not readable" in result["msg"] and "project project_2: " in result["msg"]


# --- which projects a rollout reaches


def look(emulator: Emulator, **given: t.Any) -> dict[str, t.Any]:
    result = reach_task.run(checked(projects_info_spec(), emulator, {"properties": DECLARED, **given}))
    assert CANARY not in str(result) and not result["changed"]
    return result


def reasons(result: dict[str, t.Any]) -> list[str | None]:
    return [entry["reason"] for entry in result["projects"]]


SCOPES = ("PROJECT", "FEATURESTORE", "DATASET_VIEW", "DATASET_CREATE", "DATASET_DELETE", "ADMIN")


def engineer(emulator: Emulator, scopes: t.Sequence[str] = SCOPES) -> str:
    roles = {"project_1": "Data owner", "project_2": "Data scientist"}
    return emulator.add_key("engineer.0123456789", user="engineer", scopes=scopes, roles=roles)


def test_an_administrator_reaches_everything(emulator: Emulator) -> None:
    result = look(emulator)
    assert not result["failed"] and result["problems"] == [] and result["left_behind"] == []
    assert (result["user"], result["admin"], result["left_behind_error"]) == ("admin", True, None)
    assert result["release"] and result["msg"] == "3 of 3 projects reached"
    assert [entry["project"] for entry in result["projects"]] == ["project_1", "project_2", "project_3"]
    assert {(entry["reached"], *entry["missing_rights"]) for entry in result["projects"]} == {(True,)}
    assert look(emulator, check_rights=False)["admin"] is None


def test_who_is_left_behind(emulator: Emulator) -> None:
    result = look(emulator, api_key=engineer(emulator), admin=False, projects=["project_1"])
    assert reasons(result) == [None, "not_owned", "not_a_member"]
    assert [entry["project"] for entry in result["left_behind"]] == ["project_2", "project_3"]
    assert result["left_behind_blocking"] == ["project_2", "project_3"]
    assert result["user"] == "engineer" and result["left_behind_message"] in result["msg"]
    assert result["msg"].startswith("1 of 3 projects reached | ")


def test_a_connector_that_names_the_declared_kafka_is_reached(emulator: Emulator) -> None:
    write(emulator, properties=DECLARED, projects=["project_2"])
    write(emulator, properties={**DECLARED, "bootstrap.servers": "other:9092"}, projects=["project_3"])
    assert reasons(look(emulator, projects=["project_1"])) == [None, None, "not_chosen"]
    kept = look(emulator, existing="keep")
    assert reasons(kept) == [None, None, "own_brokers"]
    own = {"name": "project_1", "properties": {"bootstrap.servers": "mine:9092"}}
    assert reasons(look(emulator, projects=[own, "project_2", "project_3"])) == ["own_brokers", None, None]


def test_scopes_that_the_key_lacks(emulator: Emulator) -> None:
    key = engineer(emulator, [scope for scope in SCOPES if scope not in ("FEATURESTORE", "DATASET_CREATE")])
    result = look(emulator, api_key=key, projects=["project_1"])
    assert result["failed"] and {problem["reason"] for problem in result["problems"]} >= {"missing_scope"}
    assert {"FEATURESTORE", "DATASET_CREATE"} <= set(result["projects"][0]["missing_rights"])
    assert all(set(problem) >= {"reason", "message", "remedy"} for problem in result["problems"])


def test_a_list_of_all_projects_that_cannot_be_read_is_told(emulator: Emulator) -> None:
    emulator.set_faults([{"match": {"route": "*getAll*"}, "fault": 500}])
    result = look(emulator)
    assert (result["left_behind"], result["left_behind_blocking"], result["left_behind_message"]) == (None, None, None)
    assert result["left_behind_error"] and result["left_behind_error"] in result["msg"]


def test_a_project_of_ours_that_cannot_be_read(emulator: Emulator) -> None:
    emulator.set_faults([{"match": {"project": "project_2", "route": "*featurestores*"}, "fault": 500}])
    result = look(emulator)
    assert reasons(result) == [None, "not_readable", None]
    assert result["failed"]


def test_wrong_input_is_told_before_anything_is_read(emulator: Emulator) -> None:
    emulator.reset_requests()
    result = look(emulator, project_query="[?")
    assert result["failed"] and result["error"]["reason"] == "bad_input"
    assert emulator.requests() == {}


def test_projects_of_others_are_counted_and_left_alone(emulator: Emulator) -> None:
    key = engineer(emulator)
    result = write(emulator, api_key=key, properties=DECLARED)
    assert counted(result) == {"created": 1, "not_owned": 1}
    assert "left out 1 more" in result["msg"]
    assert read(emulator, api_key=key)["not_owned"] == 1
    assert [connector is not None for connector, _files in everything(emulator)] == [True, False, False]


# --- what clients are given, and the connector, in one request -------------------------------------------------------

EFFECTIVE = {"properties": DECLARED, "effective": True, "check_files": True}
BY_NAME = "GET /project/{pid}/featurestores/{fsid}/storageconnectors/{name}"
GIVEN = "GET /project/{pid}/featurestores/{fsid}/storageconnectors/kafka_connector/byok"


@pytest.fixture
def rolled_out(emulator: Emulator) -> Emulator:
    write(emulator, properties=DECLARED, **STORES)
    emulator.set_variables(enable_bring_your_own_kafka="true")
    emulator.reset_requests()
    return emulator


def test_a_project_whose_clients_use_the_connector_is_read_once(rolled_out: Emulator) -> None:
    found = read(rolled_out, **EFFECTIVE, **STORES)
    assert found["settled"] is True and not found["failed"]
    # One connector is read by its name as well, for the whole cluster.
    assert (rolled_out.requests()[GIVEN], rolled_out.requests()[BY_NAME]) == (3, 1)
    assert found["results"] == [
        {**entry, "effective": given["effective"], "missing_files": []}
        for entry, given in zip(
            read(rolled_out, properties=DECLARED, **STORES)["results"], found["results"], strict=True
        )
    ]


def test_an_altered_connector_is_found_in_that_one_request(rolled_out: Emulator) -> None:
    write(rolled_out, properties={**DECLARED, "linger.ms": 9}, projects=["project_2"], **STORES)
    found = read(rolled_out, **EFFECTIVE, **STORES)
    assert found["settled"] is False
    assert [bool(entry["differs"]) for entry in found["results"]] == [False, True, False]


def test_where_kafka_connectors_are_disabled_every_project_says_so(rolled_out: Emulator) -> None:
    rolled_out.set_variables(enable_kafka_storage_connectors="false")
    found = read(rolled_out, **EFFECTIVE, **STORES)
    assert [entry["error"]["reason"] for entry in found["results"]] == ["type_disabled"] * 3
    assert found["failed"] and found["settled"] is False


def test_a_connector_of_another_name_is_read_by_its_name(rolled_out: Emulator) -> None:
    found = read(rolled_out, **EFFECTIVE, **STORES, name="mine")
    assert [entry["exists"] for entry in found["results"]] == [False] * 3
    assert rolled_out.requests()[BY_NAME] == 3 and found["settled"] is False


@pytest.mark.parametrize("without", ["effective", "properties"])
def test_what_was_not_looked_at_is_not_settled(rolled_out: Emulator, without: str) -> None:
    given: dict[str, t.Any] = {**EFFECTIVE, **(STORES if without != "properties" else {})}
    del given[without]
    assert read(rolled_out, **given)["settled"] is False


def test_nor_is_a_project_that_uses_the_managed_kafka_or_lacks_a_file(rolled_out: Emulator) -> None:
    name = sorted(rolled_out.files("project_3"))[0]
    rolled_out.api(
        "DELETE", f"{rolled_out.project_path('project_3')}/dataset{name.removeprefix('/Projects/project_3')}"
    )
    found = read(rolled_out, **EFFECTIVE, **STORES)
    assert [entry["missing_files"] for entry in found["results"]] == [[], [], [name]]
    assert found["settled"] is False
    write(rolled_out, properties=DECLARED, check_files=True, **STORES)
    assert read(rolled_out, **EFFECTIVE, **STORES)["settled"] is True
    rolled_out.set_variables(enable_bring_your_own_kafka="false")
    assert read(rolled_out, **EFFECTIVE, **STORES)["settled"] is False
