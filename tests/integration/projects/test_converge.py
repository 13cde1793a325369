"""What kafka_connector does to projects, how many requests it needs, and what check mode predicts."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from tests.integration.projects.conftest import PLAIN, SSL, Modules, actions, prediction, sasl, stores

CREATE = "POST /project/{pid}/featurestores/{fsid}/storageconnectors"
REPLACE = "PUT /project/{pid}/featurestores/{fsid}/storageconnectors/{name}"
DELETE = "DELETE /project/{pid}/featurestores/{fsid}/storageconnectors/{name}"
UPLOAD = "POST /project/{pid}/dataset/upload/{path}"
REMOVE = "DELETE /project/{pid}/dataset/{path}"
LIST = "GET /project/{pid}/featurestores/{fsid}/storageconnectors"


def test_check_then_run_then_again(hopsworks: Modules) -> None:
    foretold = hopsworks.connector(check=True, properties=sasl())
    assert hopsworks.writes() == {}
    done = hopsworks.connector(properties=sasl())
    assert prediction(foretold) == prediction(done)
    assert set(actions(done).values()) == {"created"}
    assert done["counts"]["created"] == 4
    assert hopsworks.writes() == {CREATE: 4}
    again = hopsworks.connector(properties=sasl())
    assert not again["changed"]
    assert set(actions(again).values()) == {"unchanged"}
    # The list of projects, and two for each: its feature store and its connector.
    assert hopsworks.count() == 1 + 2 * 4


def test_what_is_written_is_what_was_declared(hopsworks: Modules) -> None:
    hopsworks.connector(properties={**sasl("fraud", "quo'te"), "linger.ms": 5, "enable.idempotence": True})
    connector = hopsworks.emulator.connector("project_1")
    assert connector is not None
    assert connector["type"] == "featureStoreKafkaConnectorDTO"
    assert connector["bootstrapServers"] == "kafka.example.com:9093"
    assert connector["sslEndpointIdentificationAlgorithm"] == "HTTPS"
    names = [option["name"] for option in connector["options"]]
    assert names.index("sasl.jaas.config") < names.index("sasl.mechanism")
    values = {option["name"]: option["value"] for option in connector["options"]}
    assert values["linger.ms"] == "5"
    assert values["enable.idempotence"] == "true"


def test_only_what_differs_is_written(hopsworks: Modules) -> None:
    hopsworks.connector(properties=sasl())
    altered = dict(
        hopsworks.emulator.connector("project_2") or {}, bootstrapServers="elsewhere:9093", description="ours"
    )
    hopsworks.emulator.control("PUT", "connectors", {"project": "project_2", "connector": altered})
    foretold = hopsworks.connector(check=True, diff=True, properties=sasl())
    done = hopsworks.connector(diff=True, properties=sasl())
    assert prediction(foretold) == prediction(done)
    assert hopsworks.writes() == {REPLACE: 1}
    assert actions(done)["project_2"] == "updated"
    assert done["counts"] == {
        "created": 0, "updated": 1, "deleted": 0, "unchanged": 3, "skipped": 0, "failed": 0, "not_owned": 0,
    }  # fmt: skip
    (entry,) = [entry for entry in done["results"] if entry["changed"]]
    assert entry["changes"] == [
        {"what": "bootstrap.servers", "before": "elsewhere:9093", "after": "kafka.example.com:9093"}
    ]
    assert done["diff"] == [
        {
            "before": "bootstrap.servers: elsewhere:9093\n",
            "after": "bootstrap.servers: kafka.example.com:9093\n",
            "before_header": "project project_2",
            "after_header": "project project_2",
        }
    ]
    # A full body was put: the secret and the description of before are still there.
    now = hopsworks.emulator.connector("project_2") or {}
    assert now["description"] == "ours"
    assert "correct-horse" in str(now["options"])


def test_a_secret_that_differs_is_changed_and_not_shown(hopsworks: Modules) -> None:
    hopsworks.connector(properties=sasl(password="correct-horse"))
    done = hopsworks.connector(diff=True, properties=sasl(password="battery-staple"))
    change = {"what": "sasl.jaas.config", "before": "********", "after": "******** (changed)"}
    assert all(entry["changes"] == [change] for entry in done["results"])
    assert "battery-staple" in str(hopsworks.emulator.connector("project_1"))
    assert "correct-horse" not in str(done) and "battery-staple" not in str(done)
    (diff,) = done["diff"]
    assert diff["after"] == "sasl.jaas.config: ******** (changed)\n"
    assert diff["after_header"] == "4 projects: project_1, project_2, project_3, project_4"


def test_existing_keep(hopsworks: Modules) -> None:
    hopsworks.connector(projects=["project_1"], properties=PLAIN)
    hopsworks.connector(projects=["project_2"], properties={**PLAIN, "linger.ms": 7})
    foretold = hopsworks.connector(check=True, properties=PLAIN, existing="keep")
    done = hopsworks.connector(properties=PLAIN, existing="keep")
    assert prediction(foretold) == prediction(done)
    assert actions(done) == {
        "project_1": "unchanged", "project_2": "skipped", "project_3": "created", "project_4": "created",
    }  # fmt: skip
    assert done["results"][1]["changes"] == [{"what": "linger.ms", "before": "7", "after": None}]
    assert "linger.ms" in str(hopsworks.emulator.connector("project_2"))


def test_overrides(hopsworks: Modules) -> None:
    projects: list[t.Any] = [
        "project_3",
        {"name": "project_1", "properties": {"sasl.jaas.config": sasl("one", "secret-of-one")["sasl.jaas.config"]}},
        {"name": "project_2", "properties": {"linger.ms": None, "acks": "all"}},
    ]
    done = hopsworks.connector(projects=projects, properties={**sasl(), "linger.ms": 3})
    assert [entry["project"] for entry in done["results"]] == ["project_3", "project_1", "project_2"]
    options = {
        name: {option["name"]: option["value"] for option in (hopsworks.emulator.connector(name) or {})["options"]}
        for name in ("project_1", "project_2", "project_3")
    }
    assert 'username="one" password="secret-of-one"' in options["project_1"]["sasl.jaas.config"]
    assert options["project_1"]["linger.ms"] == "3"
    assert "linger.ms" not in options["project_2"] and options["project_2"]["acks"] == "all"
    assert 'password="correct-horse"' in options["project_3"]["sasl.jaas.config"]
    assert hopsworks.emulator.connector("project_4") is None
    assert not hopsworks.connector(projects=projects, properties={**sasl(), "linger.ms": 3})["changed"]


def test_stores_come_into_the_projects(hopsworks: Modules, tmp_path: pathlib.Path) -> None:
    given = {"properties": SSL, **stores(tmp_path)}
    foretold = hopsworks.connector(check=True, **given)
    done = hopsworks.connector(**given)
    assert prediction(foretold) == prediction(done)
    # For each project: two stores, one connector. Nothing is asked for that an upload tells.
    assert hopsworks.emulator.requests() == {
        "GET /project": 1,
        "GET /project/{pid}/featurestores/{fsid}": 4,
        "GET /project/{pid}/featurestores/{fsid}/storageconnectors/{name}": 4,
        UPLOAD: 8,
        CREATE: 4,
    }
    connector = hopsworks.emulator.connector("project_1") or {}
    assert connector["sslTruststoreLocation"].startswith("/Projects/project_1/Resources/kafka_project_1_")
    assert set(hopsworks.emulator.files("project_1")) >= {
        connector["sslTruststoreLocation"],
        connector["sslKeystoreLocation"],
    }
    assert connector["sslKeyPassword"] == connector["sslKeystorePassword"]
    assert not hopsworks.connector(**given)["changed"]
    assert hopsworks.count() == 1 + 2 * 4


def test_new_certificates_replace_the_old_files(hopsworks: Modules, tmp_path: pathlib.Path) -> None:
    names = ["project_1", "project_2"]
    hopsworks.connector(projects=names, properties=SSL, **stores(tmp_path, "old"))
    before = {name: set(hopsworks.emulator.files(name)) for name in names}
    # Another connector of project_2 uses the old key store, so that must stay.
    old = hopsworks.emulator.connector("project_2") or {}
    other = {**old, "name": "other", "sslTruststoreLocation": old["sslTruststoreLocation"]}
    hopsworks.emulator.control("PUT", "connectors", {"project": "project_2", "connector": other})
    given = {"projects": names, "properties": SSL, **stores(tmp_path, "new")}
    foretold = hopsworks.connector(check=True, **given)
    assert hopsworks.writes() == {}
    done = hopsworks.connector(**given)
    assert prediction(foretold) == prediction(done)
    after = {name: set(hopsworks.emulator.files(name)) for name in names}
    gone = before["project_1"] - after["project_1"]
    assert len(gone) == 1 and gone.pop() == (
        f"/Projects/project_1/Resources/{old['sslKeystoreLocation'].rsplit('/', 1)[1]}".replace(
            "project_2", "project_1"
        )
    )
    assert before["project_2"] <= after["project_2"]
    # The order: the new file first, then the connector, and only then the old file goes.
    writes = [entry["route"] for entry in hopsworks.emulator.log() if entry["method"] != "GET"]
    assert writes.index("/project/{pid}/featurestores/{fsid}/storageconnectors/{name}") < writes.index(
        "/project/{pid}/dataset/{path}"
    )
    assert writes[0] == "/project/{pid}/dataset/upload/{path}"
    assert hopsworks.emulator.requests()[LIST] == 2
    assert not hopsworks.connector(**given)["changed"]


def test_a_file_that_is_there_already_is_not_sent_twice(hopsworks: Modules, tmp_path: pathlib.Path) -> None:
    given = {"projects": ["project_1"], "properties": SSL, **stores(tmp_path)}
    hopsworks.connector(**given)
    files = hopsworks.emulator.files("project_1")
    # As after a run that was killed between upload and POST.
    hopsworks.emulator.control(
        "PUT",
        "connectors",
        {"project": "project_1", "connector": {"name": "kafka_connector", "storageConnectorType": "KAFKA"}},
    )
    done = hopsworks.connector(**given)
    assert actions(done) == {"project_1": "updated"}
    assert hopsworks.emulator.files("project_1") == files
    assert not hopsworks.connector(**given)["changed"]


def test_a_damaged_file_is_replaced(hopsworks: Modules, tmp_path: pathlib.Path) -> None:
    given = {"projects": ["project_1"], "properties": SSL, **stores(tmp_path)}
    hopsworks.connector(**given)
    connector = hopsworks.emulator.connector("project_1") or {}
    whole = hopsworks.emulator.files("project_1")
    place = connector["sslKeystoreLocation"]
    name = place.rsplit("/", 1)[1]
    path = hopsworks.emulator.project_path("project_1")
    hopsworks.emulator.api("DELETE", f"{path}/dataset/Resources%2F{name}")
    hopsworks.emulator.upload("project_1", name, b"half")
    # The connector says nothing of it, so it is found on demand only.
    assert not hopsworks.connector(**given)["changed"]
    foretold = hopsworks.connector(check=True, check_files=True, **given)
    done = hopsworks.connector(check_files=True, **given)
    assert prediction(foretold) == prediction(done)
    assert actions(done) == {"project_1": "updated"}
    assert hopsworks.emulator.files("project_1") == whole
    again = hopsworks.connector(check_files=True, **given)
    assert not again["changed"]
    assert hopsworks.count() == 1 + 3


def test_what_a_killed_run_left_behind_is_found_on_demand(hopsworks: Modules, tmp_path: pathlib.Path) -> None:
    given = {"projects": ["project_1"], "properties": SSL, **stores(tmp_path)}
    hopsworks.connector(**given)
    hopsworks.emulator.upload("project_1", "kafka_project_1_0a1b2c3d_keystore.jks", b"left behind")
    hopsworks.emulator.upload("project_1", "kafka_project_1_somebody_elses.jks", b"not ours")
    done = hopsworks.connector(check_files=True, **given)
    assert done["results"][0]["changes"] == [
        {
            "what": "file /Projects/project_1/Resources/kafka_project_1_0a1b2c3d_keystore.jks",
            "before": "superseded",
            "after": None,
        }
    ]
    files = hopsworks.emulator.files("project_1")
    assert "/Projects/project_1/Resources/kafka_project_1_somebody_elses.jks" in files
    assert "/Projects/project_1/Resources/kafka_project_1_0a1b2c3d_keystore.jks" not in files


def test_files_that_were_deleted_are_found_when_the_server_refuses(hopsworks: Modules, tmp_path: pathlib.Path) -> None:
    given = {"projects": ["project_1"], **stores(tmp_path)}
    hopsworks.connector(properties=SSL, **given)
    connector = hopsworks.emulator.connector("project_1") or {}
    name = connector["sslKeystoreLocation"].rsplit("/", 1)[1]
    hopsworks.emulator.api("DELETE", f"{hopsworks.emulator.project_path('project_1')}/dataset/Resources%2F{name}")
    done = hopsworks.connector(properties={**SSL, "linger.ms": 4}, **given)
    assert actions(done) == {"project_1": "updated"}
    assert connector["sslKeystoreLocation"] in hopsworks.emulator.files("project_1")
    assert not hopsworks.connector(check_files=True, properties={**SSL, "linger.ms": 4}, **given)["changed"]


def test_a_truststore_alone_gets_a_placeholder(hopsworks: Modules, tmp_path: pathlib.Path) -> None:
    given = {"projects": ["project_1"], "properties": sasl(), "truststore": stores(tmp_path)["truststore"]}
    assert hopsworks.connector(**given)["changed"]
    assert (hopsworks.emulator.connector("project_1") or {})["sslKeystoreLocation"] in hopsworks.emulator.files(
        "project_1"
    )
    assert not hopsworks.connector(**given)["changed"]


def test_absent(hopsworks: Modules, tmp_path: pathlib.Path) -> None:
    hopsworks.connector(projects=["project_1", "project_2"], properties=SSL, **stores(tmp_path))
    foretold = hopsworks.connector(check=True, diff=True, state="absent")
    assert hopsworks.writes() == {}
    done = hopsworks.connector(diff=True, state="absent")
    assert prediction(foretold) == prediction(done)
    assert foretold["diff"] == done["diff"]
    assert actions(done) == {
        "project_1": "deleted", "project_2": "deleted", "project_3": "unchanged", "project_4": "unchanged",
    }  # fmt: skip
    assert hopsworks.writes() == {DELETE: 2}
    assert hopsworks.emulator.connector("project_1") is None
    assert not hopsworks.connector(state="absent")["changed"]
    assert hopsworks.count() == 1 + 2 * 4


def test_absent_spares_the_stores_of_others(hopsworks: Modules, tmp_path: pathlib.Path) -> None:
    hopsworks.connector(projects=["project_1", "project_2"], properties=SSL, **stores(tmp_path))
    for name in ("project_1",):
        other = {**(hopsworks.emulator.connector(name) or {}), "name": "other"}
        hopsworks.emulator.control("PUT", "connectors", {"project": name, "connector": other})
    foretold = hopsworks.connector(check=True, state="absent")
    done = hopsworks.connector(state="absent")
    assert prediction(foretold) == prediction(done)
    assert done["failed"]
    entry = done["results"][0]
    assert entry["action"] == "failed" and not entry["changed"]
    assert entry["error"]["reason"] == "shared_stores" and "other" in entry["error"]["message"]
    assert actions(done)["project_2"] == "deleted"
    assert hopsworks.emulator.connector("project_1") is not None
    done = hopsworks.connector(state="absent", projects=["project_1"], remove_shared_stores=True)
    assert actions(done) == {"project_1": "deleted"}


def test_another_name_gives_a_warning(hopsworks: Modules) -> None:
    done = hopsworks.connector(projects=["project_1"], name="my_kafka", properties=PLAIN)
    assert any("my_kafka" in warning and "kafka_connector" in warning for warning in done["warnings"])
    assert hopsworks.emulator.connector("project_1", "my_kafka") is not None
    assert not hopsworks.connector(projects=["project_1"], name="my_kafka", properties=PLAIN)["changed"]
    hopsworks.connector(projects=["project_1"], name="my_kafka", state="absent")


def test_a_connector_of_another_type_is_left_alone(hopsworks: Modules) -> None:
    bucket = {"name": "kafka_connector", "storageConnectorType": "S3", "bucket": "b"}
    hopsworks.emulator.control("PUT", "connectors", {"project": "project_1", "connector": bucket})
    for state in ("present", "absent"):
        done = hopsworks.connector(projects=["project_1"], properties=PLAIN, state=state)
        assert done["results"][0]["error"]["reason"] == "wrong_type"
        assert hopsworks.writes() == {}


def test_what_the_python_client_cannot_do_is_said_once(hopsworks: Modules) -> None:
    done = hopsworks.connector(
        properties={
            "bootstrap.servers": "b:1",
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "OAUTHBEARER",
            "sasl.jaas.config": (
                "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required "
                'clientId="a" clientSecret="b";'
            ),
            "sasl.oauthbearer.token.endpoint.url": "https://id.example.com/token",
            "sasl.login.callback.handler.class": (
                "org.apache.kafka.common.security.oauthbearer.secured.OAuthBearerLoginCallbackHandler"
            ),
        }
    )
    told = [warning for warning in done["warnings"] if "Python client" in warning]
    assert told and len(told) == len(set(told))


@pytest.mark.parametrize(
    "options",
    [
        {"projects": ["project_1", "no_such_project"]},
        {"projects": ["project_1", "project_1"]},
        {"projects": []},
        {"projects": [{"name": "project_1", "password": "x"}]},
        {"projects": [{"properties": {}}]},
        {"project_query": "[?name=='nothing']"},
        {"project_query": "[?name=="},
        {"project_query": "length(@)"},
        {"exclude": ["project_*"]},
        {"slice": {"index": 2, "count": 2}},
        {"name": ""},
        {"name": "types"},
        {"name": "x" * 1001},
        {"description": "x" * 1001},
        {"directory": "../Logs"},
        {"host": "https://127.0.0.1"},
        {"api_key": "with blank"},
        {"workers": 0},
        {"timeout": 0},
        {"ca_path": "/no/such/file"},
        {"properties": {"bootstrap.servers": "no port", "security.protocol": "PLAINTEXT"}},
        {"properties": {**PLAIN, "security.protocol": "SSL"}},
        {"properties": {**PLAIN, "x" * 1500: "y" * 600}},
        {"properties": {**PLAIN, "some.password": "********"}},
        {"truststore": {"path": "/no/such/store"}},
        {"projects": ["project_2", {"name": "project_1", "properties": {"security.protocol": "NONSENSE"}}]},
        {"projects": ["project_2", {"name": "project_1", "keystore": {"content": "nonsense!"}}]},
    ],
    ids=lambda options: str(options)[:60],
)
def test_bad_input_is_named_before_anything_is_written(hopsworks: Modules, options: dict[str, t.Any]) -> None:
    done = hopsworks.connector(**{"properties": PLAIN, **options})
    assert done["failed"] and done["msg"]
    assert not done.get("changed")
    assert hopsworks.writes() == {}
    overrides = options.get("projects") or []
    if len(overrides) > 1 and isinstance(overrides[1], dict):
        assert "project_1" in done["msg"]
