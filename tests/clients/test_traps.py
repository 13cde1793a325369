"""Limits of the client, shown with the client itself: the collection avoids them or warns before the rollout."""

from __future__ import annotations

import hashlib
import typing as t

import pytest

from tests.clients.conftest import PASSWORD, Client, StoreMaker, put_connector, with_stores
from tests.emulator.fixtures import ProcessEmulator
from tests.emulator.samples import kafka_connector

PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"


def _options(**options: str) -> list[dict[str, str]]:
    return [{"name": name.replace("_", "."), "value": value} for name, value in options.items()]


def test_a_pkcs12_store_is_refused(
    client: Client, server: ProcessEmulator, project: str, make_stores: StoreMaker
) -> None:
    stores = make_stores("PKCS12")
    put_connector(server, project, kafka_connector(securityProtocol="SSL", **with_stores(project, stores)), stores)
    error = client.run(server, ["confluent_options", "effective"], project=project).error()
    assert "keystore" in error["text"].lower()
    assert "magic" in error["text"].lower()


def test_a_key_with_a_password_of_its_own_is_refused(
    client: Client, server: ProcessEmulator, project: str, make_stores: StoreMaker
) -> None:
    stores = make_stores(key_password="another-password")
    fields = with_stores(project, stores, sslKeyPassword="another-password")
    put_connector(server, project, kafka_connector(securityProtocol="SSL", **fields), stores)
    error = client.run(server, ["confluent_options", "effective"], project=project).error()
    assert "password" in error["text"].lower() or "decrypt" in error["text"].lower()


def test_a_truststore_without_a_keystore_is_refused(
    client: Client, server: ProcessEmulator, project: str, make_stores: StoreMaker
) -> None:
    stores = make_stores()
    fields = with_stores(project, stores, sslKeystoreLocation=None, sslKeystorePassword=None, sslKeyPassword=None)
    put_connector(server, project, kafka_connector(**fields), stores)
    error = client.run(server, ["confluent_options", "effective"], project=project).error()
    assert (error["type"], error["text"]) == ("KeyError", "'ssl.keystore.location'")


def test_a_password_before_the_user_is_refused(client: Client, server: ProcessEmulator, project: str) -> None:
    jaas = f'{PLAIN} required password="p" username="u";'
    put_connector(server, project, kafka_connector(options=_options(sasl_jaas_config=jaas)))
    assert client.run(server, ["confluent_options", "effective"], project=project).error()["type"] == "AttributeError"


@pytest.mark.parametrize(
    ("order", "used"),
    [
        (("sasl.jaas.config", "sasl.mechanism"), "SCRAM-SHA-512"),
        (("sasl.mechanism", "sasl.jaas.config"), "SCRAM-SHA-256"),
    ],
)
def test_the_later_of_two_names_for_the_mechanism_counts(
    client: Client, server: ProcessEmulator, project: str, order: tuple[str, str], used: str
) -> None:
    values = {"sasl.jaas.config": f'{SCRAM} required username="u" password="p";', "sasl.mechanism": "SCRAM-SHA-512"}
    put_connector(server, project, kafka_connector(options=[{"name": name, "value": values[name]} for name in order]))
    outcome = client.run(server, ["confluent_options", "effective"], ["producer", "effective"], project=project)
    options = outcome.value(0)["options"]
    assert (options["sasl.username"], options["sasl.password"]) == ("u", "p")
    assert [value for name, value in options.items() if name.startswith("sasl.mechanism")][-1] == used


def test_a_file_of_the_same_name_is_not_downloaded_again(
    client: Client, server: ProcessEmulator, project: str, make_stores: StoreMaker
) -> None:
    """Rotated under the same name, the client goes on with the old store: hence names with a hash of the content."""
    old, new = make_stores(name="clienttest-same"), make_stores(name="clienttest-same")
    renamed = make_stores(name="clienttest-other")

    def seen() -> t.Any:
        files = client.run(server, ["kafka_options", "effective"], project=project).value()["files"]
        return files["ssl.keystore.location"]

    put_connector(server, project, kafka_connector(securityProtocol="SSL", **with_stores(project, old)), old)
    digest = hashlib.sha256(old.keystore.read_bytes()).hexdigest()
    assert seen() == digest
    for stores, expected in ((new, digest), (renamed, hashlib.sha256(renamed.keystore.read_bytes()).hexdigest())):
        server.api("DELETE", server.store_path(project) + "/kafka_connector")
        body = kafka_connector(securityProtocol="SSL", **with_stores(project, stores))
        put_connector(server, project, body, stores)
        assert seen() == expected


def test_what_the_client_does_not_know_is_dropped(client: Client, server: ProcessEmulator, project: str) -> None:
    options = [
        {"name": "ssl.ca.location", "value": "/etc/ssl/ca.pem"},
        {"name": "max.request.size", "value": "1"},
        {"name": "queued.max.requests", "value": "10"},
        {"name": "acks", "value": "all"},
    ]
    put_connector(server, project, kafka_connector(options=options, sslEndpointIdentificationAlgorithm=""))
    assert client.run(server, ["confluent_options", "effective"], project=project).value()["options"] == {
        "queue.buffering.max.messages": "10",
        "acks": "all",
        "bootstrap.servers": "broker-1:9093,broker-2:9093",
        "security.protocol": "SASL_SSL",
        "ssl.endpoint.identification.algorithm": "none",
    }


def test_a_wrong_store_password(client: Client, server: ProcessEmulator, project: str, make_stores: StoreMaker) -> None:
    stores = make_stores()
    fields = with_stores(project, stores, sslKeystorePassword=PASSWORD + "x")
    put_connector(server, project, kafka_connector(securityProtocol="SSL", **fields), stores)
    error = client.run(server, ["confluent_options", "effective"], project=project).error()
    assert "password" in error["text"].lower() or "hash" in error["text"].lower()
