"""The real client logs in, gets the connector, downloads its stores and makes Kafka options of it."""

from __future__ import annotations

import hashlib

import pytest

from tests.clients.conftest import Client, StoreMaker, put_connector, with_stores
from tests.emulator.fixtures import ProcessEmulator
from tests.emulator.samples import kafka_connector

STORE = "/project/{pid}/featurestores/{fsid}/storageconnectors"


def test_the_requests_of_a_login_and_of_an_insert(
    client: Client, server: ProcessEmulator, project: str, make_stores: StoreMaker
) -> None:
    stores = make_stores()
    put_connector(server, project, kafka_connector(securityProtocol="SSL", **with_stores(project, stores)), stores)
    server.reset_requests()
    outcome = client.run(server, ["describe", "kafka_connector"], ["kafka_options", "effective"], project=project)
    assert outcome.value(1)
    routes = [entry["route"] for entry in server.log()]
    expected = [
        "/variables/versions",
        "/project/getProjectInfo/{project_name}",
        "/project",
        "/project/{pid}/credentials",
        "/project/{pid}/featurestores/{fsid}",
        f"{STORE}/{{name}}",
        f"{STORE}/kafka_connector/byok",
        "/project/{pid}/dataset/download/with_auth/{path}",
        "/project/{pid}/dataset/download/with_auth/{path}",
    ]
    if client.at_least(5, 1):
        assert routes == expected
    else:
        # Older clients ask some things twice and read one more variable.
        assert [route for route in routes if route in expected[4:]] == expected[4:]
    assert {entry["status"] for entry in server.log()} == {200}


def test_the_connector_as_the_client_sees_it(client: Client, server: ProcessEmulator, project: str) -> None:
    created = put_connector(server, project, kafka_connector())
    plain, effective = client.run(
        server, ["describe", "kafka_connector"], ["describe", "effective"], project=project
    ).steps
    expected = {
        "id": created["id"],
        "name": "kafka_connector",
        "bootstrap_servers": "broker-1:9093,broker-2:9093",
        "security_protocol": "SASL_SSL",
        "options": {"sasl.mechanism": "PLAIN"},
    }
    assert plain["ok"] == {**expected, "external": None}
    assert effective["ok"] == {**expected, "external": True}


def test_one_that_is_not_there_is_none(client: Client, server: ProcessEmulator, project: str) -> None:
    assert client.run(server, ["describe", "kafka_connector"], project=project).value() is None


def test_client_certificates(client: Client, server: ProcessEmulator, project: str, make_stores: StoreMaker) -> None:
    stores = make_stores()
    body = kafka_connector(
        securityProtocol="SSL", options=[{"name": "linger.ms", "value": "5"}], **with_stores(project, stores)
    )
    connector = put_connector(server, project, body, stores)
    outcome = client.run(
        server,
        ["kafka_options", "effective"],
        ["confluent_options", "effective"],
        ["spark_options", "effective"],
        ["producer", "effective"],
        project=project,
    )
    kafka = outcome.value(0)
    assert kafka["options"] == {
        "linger.ms": "5",
        "bootstrap.servers": "broker-1:9093,broker-2:9093",
        "security.protocol": "SSL",
        "ssl.endpoint.identification.algorithm": "HTTPS",
        "ssl.truststore.location": f"/tmp/{stores.truststore.name}",
        "ssl.truststore.password": body["sslTruststorePassword"],
        "ssl.keystore.location": f"/tmp/{stores.keystore.name}",
        "ssl.keystore.password": body["sslKeystorePassword"],
        "ssl.key.password": body["sslKeyPassword"],
    }
    assert kafka["files"] == {
        "ssl.truststore.location": hashlib.sha256(stores.truststore.read_bytes()).hexdigest(),
        "ssl.keystore.location": hashlib.sha256(stores.keystore.read_bytes()).hexdigest(),
    }
    prefix = f"/tmp/kafka_sc_{server.state(project)['id']}_{connector['id']}"
    assert outcome.value(1)["options"] == {
        "linger.ms": "5",
        "bootstrap.servers": "broker-1:9093,broker-2:9093",
        "security.protocol": "SSL",
        "ssl.endpoint.identification.algorithm": "HTTPS",
        "ssl.ca.location": f"{prefix}_ca_chain.pem",
        "ssl.certificate.location": f"{prefix}_client_cert.pem",
        "ssl.key.location": f"{prefix}_client_key.pem",
    }
    assert outcome.value(2)["options"]["kafka.ssl.truststore.type"] == "PEM"
    assert outcome.value(3)


def test_the_managed_kafka_uses_the_projects_own_stores(client: Client, server: ProcessEmulator, project: str) -> None:
    """Without a connector: externalKafka is false, and the stores are those of GET /project/{id}/credentials."""
    outcome = client.run(
        server,
        ["describe", "effective"],
        ["confluent_options", "effective"],
        ["producer", "effective"],
        project=project,
    )
    assert (outcome.value(0)["id"], outcome.value(0)["external"]) == (-1, False)
    assert set(outcome.value(1)["files"]) == {"ssl.ca.location", "ssl.certificate.location", "ssl.key.location"}
    assert outcome.value(2)


def test_the_clients_own_save_is_refused_by_a_strict_server(
    client: Client, server: ProcessEmulator, project: str
) -> None:
    step = ["save", "made_by_client", "broker:9092"]
    if not client.at_least(5, 0):
        assert client.run(server, step, project=project).error()["type"] == "AttributeError"
        return
    error = client.run(server, step, project=project).error()
    assert (error["status"], error["code"]) == (500, 120000)
    assert server.connector(project, "made_by_client") is None
    server.control("PUT", "settings", {"lenient_types": True})
    try:
        assert client.run(server, step, project=project).value()["bootstrap_servers"] == "broker:9092"
    finally:
        server.control("PUT", "settings", {"lenient_types": False})


def test_the_clients_own_files(client: Client, server: ProcessEmulator, project: str) -> None:
    local, copy = client.directory / "clienttest-file.bin", client.directory / "copy.bin"
    local.write_bytes(b"content" * 1000)
    place = f"Resources/{local.name}"
    outcome = client.run(
        server,
        ["exists", place],
        ["upload", str(local), "Resources"],
        ["upload", str(local), "Resources"],
        ["upload", str(local), "Resources", True],
        ["exists", place],
        ["download", place, str(copy)],
        ["remove", place],
        ["exists", place],
        project=project,
    )
    assert outcome.value(0) is False
    assert outcome.value(1) == place
    assert "already exists" in outcome.error(2)["text"]
    assert outcome.value(3) == place
    assert outcome.value(4) is True
    assert outcome.value(5) == hashlib.sha256(local.read_bytes()).hexdigest()
    assert outcome.value(7) is False


# -------------------------------------------------------------------- refusals


def test_a_wrong_key(client: Client, server: ProcessEmulator, project: str) -> None:
    error = client.run(server, project=project, api_key="unknown.key").login["error"]
    assert (error["status"], error["code"]) == (401, 320013)


def test_a_wrong_authority(client: Client, server: ProcessEmulator, project: str, make_stores: StoreMaker) -> None:
    other = make_stores().truststore.parent / "certificate.pem"
    error = client.run(server, project=project, ca_path=other).login["error"]
    assert "SSL" in error["type"] or "SSL" in error["text"] or "certificate" in error["text"].lower()


def test_a_project_that_is_not_the_members(client: Client, server: ProcessEmulator, project: str) -> None:
    key = server.add_key("stranger.secret", "stranger", roles={"project_1": "Data owner"})
    error = client.run(server, project=project, api_key=key).login["error"]
    assert (error["status"], error["code"]) == (403, 160000)


def test_downloads_that_are_forbidden(
    client: Client, server: ProcessEmulator, project: str, make_stores: StoreMaker
) -> None:
    stores = make_stores()
    put_connector(server, project, kafka_connector(securityProtocol="SSL", **with_stores(project, stores)), stores)
    server.set_variables(download_allowed="false")
    try:
        error = client.run(server, ["kafka_options", "effective"], project=project).error()
    finally:
        server.set_variables(download_allowed="true")
    assert (error["status"], error["code"]) == (403, 110048)


def test_a_file_that_is_gone(client: Client, server: ProcessEmulator, project: str, make_stores: StoreMaker) -> None:
    stores = make_stores()
    put_connector(server, project, kafka_connector(**with_stores(project, stores)))
    error = client.run(server, ["kafka_options", "effective"], project=project).error()
    assert (error["status"], error["code"]) == (400, 110018)


@pytest.mark.parametrize("flag", ["true", "false"])
def test_the_flag_decides(client: Client, server: ProcessEmulator, project: str, flag: str) -> None:
    put_connector(server, project, kafka_connector())
    server.set_variables(enable_bring_your_own_kafka=flag)
    try:
        seen = client.run(server, ["describe", "effective"], project=project).value()
    finally:
        server.set_variables(enable_bring_your_own_kafka="true")
    assert seen["external"] is (flag == "true")
