"""A record goes to a real Kafka and comes back, by a producer and a consumer made of the client's options alone."""

from __future__ import annotations

import typing as t

import pytest

from tests.clients.conftest import Client, new_project
from tests.clients.rollout import roll_out
from tests.emulator.fixtures import ProcessEmulator

TOPIC, GROUP = "orders", "onlinefs"
USER = "alice"
MODULES = {"PLAIN": "plain.Plain", "SCRAM-SHA-256": "scram.Scram", "SCRAM-SHA-512": "scram.Scram"}

WAYS, WRONG = (*MODULES, "mTLS"), "wrong password"


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


@pytest.fixture(scope="module")
def rolled_out(
    server: ProcessEmulator,
    kafka: dict[str, t.Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, str]:
    """One run of one task: every project with its own way in. The project of each way."""
    declarations = {way: _declaration(kafka, way) for way in WAYS}
    declarations[WRONG] = _declaration(kafka, "PLAIN")
    properties = declarations[WRONG]["properties"]
    password = kafka["users"][USER]["password"]
    properties["sasl.jaas.config"] = properties["sasl.jaas.config"].replace(password, "wrong-password")
    projects = {way: new_project(server) for way in declarations}
    base = declarations["PLAIN"]
    # A property that is null is taken away again: with client certificates there is no login.
    gone = dict.fromkeys(base["properties"])
    wanted = [
        {"name": project, "properties": {**gone, **declarations[way]["properties"]}}
        for way, project in projects.items()
    ]
    roll_out(server, tmp_path_factory.mktemp("rollout"), projects=wanted, **base)
    return projects


@pytest.mark.parametrize("way", WAYS)
def test_a_record_there_and_back(client: Client, server: ProcessEmulator, rolled_out: dict[str, str], way: str) -> None:
    outcome = client.run(server, ["exchange", "effective", TOPIC, GROUP], project=rolled_out[way])
    assert outcome.value()["same"] is True


def test_a_wrong_password_is_no_exchange(client: Client, server: ProcessEmulator, rolled_out: dict[str, str]) -> None:
    outcome = client.run(server, ["exchange", "effective", TOPIC, GROUP, 5], project=rolled_out[WRONG])
    assert "not delivered" in outcome.error()["text"]
