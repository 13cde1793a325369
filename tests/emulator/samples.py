"""Bodies that tests send, and what they compare answers with."""

from __future__ import annotations

import typing as t

from tests.emulator.fixtures import Answer


def kafka_connector(**changes: t.Any) -> dict[str, t.Any]:
    """A body that the server accepts; a value of None leaves the field out."""
    body = {
        "type": "featureStoreKafkaConnectorDTO",
        "name": "kafka_connector",
        "description": "Kafka of the platform",
        "storageConnectorType": "KAFKA",
        "bootstrapServers": "broker-1:9093,broker-2:9093",
        "securityProtocol": "SASL_SSL",
        "sslEndpointIdentificationAlgorithm": "HTTPS",
        "options": [{"name": "sasl.mechanism", "value": "PLAIN"}],
        **changes,
    }
    return {name: value for name, value in body.items() if value is not None}


def s3_connector(**changes: t.Any) -> dict[str, t.Any]:
    body = {"type": "featurestoreS3ConnectorDTO", "name": "bucket", "storageConnectorType": "S3", "bucket": "data"}
    return {**body, **changes}


def refusal(answer: Answer) -> tuple[int, int, str]:
    """Status, errorCode and errorMsg of an answer that must be an error in the server's form.

    Fields that are null must be absent from it.
    """
    body = answer.json()
    assert set(body) <= {"errorCode", "errorMsg", "usrMsg"}, body
    assert None not in body.values(), body
    return answer.status, body["errorCode"], body["errorMsg"]


def user_message(answer: Answer) -> str | None:
    return t.cast("str | None", answer.json().get("usrMsg"))
