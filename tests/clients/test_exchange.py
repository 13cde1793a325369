"""A record goes to a real Kafka and comes back, by a producer and a consumer made of the client's options alone."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from tests.clients.conftest import Client
from tests.clients.rollout import roll_out
from tests.emulator.fixtures import ProcessEmulator
from tests.kafka.fixtures import kafka  # noqa: F401  (a fixture)

TOPIC, GROUP = "orders", "onlinefs"
USER = "alice"
MODULES = {"PLAIN": "plain.Plain", "SCRAM-SHA-256": "scram.Scram", "SCRAM-SHA-512": "scram.Scram"}


def _declaration(broker: dict[str, t.Any], way: str) -> dict[str, t.Any]:
    """The options of a task for one way of authentication."""
    authority, own = broker["certificates"]["ca"], broker["certificates"][USER]
    listener = broker["listeners"]["mtls" if way == "mTLS" else "sasl_ssl"]
    properties = {"bootstrap.servers": listener["bootstrap"], "security.protocol": listener["security_protocol"]}
    if way != "mTLS":
        password = broker["users"][USER]["password"]
        login = f'org.apache.kafka.common.security.{MODULES[way]}LoginModule required username="{USER}"'
        properties["sasl.mechanism"] = way
        properties["sasl.jaas.config"] = f'{login} password="{password}";'
    return {
        "properties": properties,
        "truststore": {"path": authority["pem"]},
        # The client needs a key store beside every trust store, though no broker asks for it with SASL.
        "keystore": {"path": own["p12"], "password": own["password"]},
    }


@pytest.mark.parametrize("way", [*MODULES, "mTLS"])
def test_a_record_there_and_back(
    client: Client,
    server: ProcessEmulator,
    project: str,
    kafka: dict[str, t.Any],  # noqa: F811  (the fixture)
    tmp_path: pathlib.Path,
    way: str,
) -> None:
    roll_out(server, tmp_path, projects=[project], **_declaration(kafka, way))
    outcome = client.run(server, ["exchange", "effective", TOPIC, GROUP], project=project)
    assert outcome.value()["same"] is True


def test_a_wrong_password_is_no_exchange(
    client: Client,
    server: ProcessEmulator,
    project: str,
    kafka: dict[str, t.Any],  # noqa: F811  (the fixture)
    tmp_path: pathlib.Path,
) -> None:
    declaration = _declaration(kafka, "PLAIN")
    password = kafka["users"][USER]["password"]
    login = declaration["properties"]["sasl.jaas.config"]
    declaration["properties"]["sasl.jaas.config"] = login.replace(password, "wrong-password")
    roll_out(server, tmp_path, projects=[project], **declaration)
    step = ["exchange", "effective", TOPIC, GROUP, 5]
    assert "not delivered" in client.run(server, step, project=project).error()["text"]
