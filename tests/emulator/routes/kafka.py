"""What is particular to Kafka connectors: their fields and checks (FeatureStoreKafkaConnectorController.java)."""

from __future__ import annotations

import json
import re
import typing as t

from tests.emulator import errors
from tests.emulator.state import Project

# The name of the server's class in the field `type` of a body.
CLASS = "featureStoreKafkaConnectorDTO"
PROTOCOLS = ("PLAINTEXT", "SASL_PLAINTEXT", "SASL_SSL", "SSL")
BOOTSTRAP_LENGTH = 1000
OPTIONS_LENGTH = 2000
FIELDS = (
    "bootstrapServers",
    "securityProtocol",
    "sslTruststoreLocation",
    "sslTruststorePassword",
    "sslKeystoreLocation",
    "sslKeystorePassword",
    "sslKeyPassword",
)
INTERNAL_BROKERS = "broker.kafka.service.consul:9091"
EXTERNAL_BROKERS = "203.0.113.10:9092,203.0.113.11:9092"


def bare_path(path: str) -> str:
    """A path without scheme and host, as Hadoop's Path reads it: `hdfs://nn:8020/Projects/p/x` -> `/Projects/p/x`."""
    return re.sub(r"^[A-Za-z][A-Za-z0-9+.-]*:(//[^/]*)?", "", path)


def require_readable(body: t.Mapping[str, t.Any]) -> None:
    """What the server's JSON library refuses before any check of its own."""
    protocol = body.get("securityProtocol")
    if protocol is not None and protocol not in PROTOCOLS:
        raise errors.MalformedBody(f"Cannot deserialize value of type SecurityProtocol from String {protocol!r}")
    options = body.get("options")
    if options is not None and not (isinstance(options, list) and all(isinstance(item, dict) for item in options)):
        raise errors.MalformedBody("Cannot deserialize instance of List<OptionDTO>")


def checked_fields(body: t.Mapping[str, t.Any], exists: t.Callable[[str], bool]) -> dict[str, t.Any]:
    """The fields that are stored, or the server's refusal; the checks are in its order.

    :param exists: whether a path is there, as the calling user sees it.
    """
    bootstrap, protocol = body.get("bootstrapServers"), body.get("securityProtocol")
    if not bootstrap:
        raise _illegal("Bootstrap server string cannot be null or empty.")
    if protocol is None:
        raise _illegal("Kafka security protocol cannot be null or empty.")
    if _java_length(bootstrap) > BOOTSTRAP_LENGTH:
        raise _illegal(f"Bootstrap server string is too long, can be maximum {BOOTSTRAP_LENGTH} characters.")
    options = [{"name": item.get("name"), "value": item.get("value")} for item in body.get("options") or []]
    if options and _java_length(json.dumps(options, ensure_ascii=False, separators=(",", ":"))) > OPTIONS_LENGTH:
        raise _illegal("Additional Kafka Option list is too long, please raise an Issue with the Hopsworks team.")
    if protocol == "SSL":
        _require_stores(body, exists)
    fields = {name: body[name] for name in FIELDS if body.get(name) is not None}
    fields["sslEndpointIdentificationAlgorithm"] = _algorithm(body.get("sslEndpointIdentificationAlgorithm"))
    fields["options"] = [{name: value for name, value in option.items() if value is not None} for option in options]
    return fields


def _java_length(text: str) -> int:
    """How long Java says that a text is: in units of UTF-16."""
    return len(text.encode("utf-16-le")) // 2


def _require_stores(body: t.Mapping[str, t.Any], exists: t.Callable[[str], bool]) -> None:
    for field, subject in (("sslTruststoreLocation", "Truststore"), ("sslKeystoreLocation", "Keystore")):
        location = body.get(field)
        if not location:
            raise _illegal(f"{subject} location is mandatory")
        if not exists(location):
            raise _illegal(f"{subject} location does not exists")
    if not body.get("sslKeyPassword"):
        raise _illegal("Key password cannot be null or empty for Kafka SSL Security Policy.")


def _algorithm(value: t.Any) -> str:
    if value is None:
        raise errors.ApiError(errors.GENERIC_ERROR)  # a NullPointerException
    if str(value).upper() not in ("", "HTTPS"):
        raise errors.ApiError(errors.ILLEGAL_ARGUMENT, "Invalid ssl endpoint identification algorithm provided")
    return str(value).upper()


def managed(store: Project, external: bool) -> dict[str, t.Any]:
    """The connector for the Kafka that Hopsworks manages: made for the answer, kept nowhere."""
    return {
        "type": CLASS,
        "id": -1,
        "name": "kafka_connector",
        "description": "Connector used for exchanging information within hopsworks",
        "featurestoreId": store.featurestore_id,
        "storageConnectorType": "KAFKA",
        "bootstrapServers": EXTERNAL_BROKERS if external else INTERNAL_BROKERS,
        "securityProtocol": "SSL",
        "sslEndpointIdentificationAlgorithm": "",
        "options": [],
        "externalKafka": False,
    }


def _illegal(text: str) -> errors.ApiError:
    return errors.ApiError(errors.ILLEGAL_CONNECTOR_ARGUMENT, text)
