"""The effective Kafka connector: flag, connector and network decide."""

from __future__ import annotations

import pytest

from tests.emulator.fixtures import Emulator
from tests.emulator.samples import kafka_connector, refusal, s3_connector, user_message


@pytest.mark.parametrize("flag", ["true", "false"])
@pytest.mark.parametrize("present", [True, False], ids=["connector", "none"])
@pytest.mark.parametrize("query", ["", "?external=true", "?external=True", "?external=False"])
def test_flag_connector_and_network(emulator: Emulator, flag: str, present: bool, query: str) -> None:
    emulator.set_variables(enable_bring_your_own_kafka=flag)
    path = emulator.store_path("project_1")
    created = emulator.api("POST", path, kafka_connector()).json() if present else None
    effective = emulator.api("GET", f"{path}/kafka_connector/byok{query}").json()
    if present and flag == "true":
        assert effective == {**(created or {}), "externalKafka": True}
        return
    brokers = effective.pop("bootstrapServers")
    assert ("," in brokers) == ("rue" in query)
    assert effective == {
        "type": "featureStoreKafkaConnectorDTO",
        "id": -1,
        "name": "kafka_connector",
        "description": "Connector used for exchanging information within hopsworks",
        "featurestoreId": emulator.state("project_1")["featurestoreId"],
        "storageConnectorType": "KAFKA",
        "securityProtocol": "SSL",
        "sslEndpointIdentificationAlgorithm": "",
        "options": [],
        "externalKafka": False,
    }
    assert (emulator.connector("project_1") is not None) == present


def test_a_connector_of_another_name_has_no_effect(emulator: Emulator) -> None:
    emulator.set_variables(enable_bring_your_own_kafka="true")
    path = emulator.store_path("project_1")
    emulator.api("POST", path, kafka_connector(name="my_kafka"))
    assert emulator.api("GET", f"{path}/kafka_connector/byok").json()["id"] == -1


def test_it_answers_even_where_the_type_is_disabled(emulator: Emulator) -> None:
    emulator.set_variables(enable_bring_your_own_kafka="true")
    path = emulator.store_path("project_1")
    emulator.api("POST", path, kafka_connector())
    emulator.set_variables(enable_kafka_storage_connectors="false")
    assert emulator.api("GET", f"{path}/kafka_connector/byok").json()["externalKafka"] is True


def test_the_plain_route_never_tells_external(emulator: Emulator) -> None:
    path = emulator.store_path("project_1")
    emulator.api("POST", path, kafka_connector(externalKafka=True))
    assert "externalKafka" not in emulator.api("GET", f"{path}/kafka_connector").json()


def test_a_connector_that_got_another_type(emulator: Emulator) -> None:
    """Made by an older server, before the name was reserved."""
    emulator.set_variables(enable_bring_your_own_kafka="true")
    path = emulator.store_path("project_1")
    emulator.control("PUT", "connectors", {"project": "project_1", "connector": s3_connector(name="kafka_connector")})
    answer = emulator.api("GET", f"{path}/kafka_connector/byok")
    assert refusal(answer) == (400, 270060, "Illegal storage connector type")
    assert user_message(answer) == "Storage connector type should be KAFKA"
