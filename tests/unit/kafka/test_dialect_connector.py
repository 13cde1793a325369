"""The declaration as a storage connector: every rule of the server is kept before anything is sent."""

from __future__ import annotations

import json
import typing as t

import confluent_kafka
import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import declaration, dialect_connector, jaas
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.dialect_librdkafka import librdkafka
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.dialect_python_client import python_client
from ansible_collections.hopsworks.kafka.plugins.module_utils._keystores import stores, x509
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.kafka.reference import Reference
from tests.unit.kafka.test_declaration import PLAIN, SCRAM, SERVERS, keystore, truststore

PLACES = ("/Projects/fraud/Resources/t.jks", "/Projects/fraud/Resources/k.jks")
SSL = {**SERVERS, "security.protocol": "SSL"}


def connector(properties: dict[str, t.Any], *stores: declaration.StoreOption | None) -> dict[str, t.Any]:
    return dialect_connector.connector(declaration.declare(properties, *stores), *PLACES)


def refusal(properties: dict[str, t.Any], *stores: declaration.StoreOption | None) -> InputError:
    with pytest.raises(InputError) as raised:
        connector(properties, *stores)
    assert "S3CRET" not in str(raised.value)
    return raised.value


def test_a_connector_with_stores() -> None:
    declared = declaration.declare({**SSL, "linger.ms": 5, "acks": "all"}, truststore(), keystore())
    assert declared.truststore and declared.keystore
    assert dialect_connector.connector(declared, *PLACES) == {
        "bootstrapServers": "kafka:9092",
        "securityProtocol": "SSL",
        "sslTruststoreLocation": PLACES[0],
        "sslTruststorePassword": declared.truststore.password,
        "sslKeystoreLocation": PLACES[1],
        "sslKeystorePassword": declared.keystore.password,
        "sslKeyPassword": declared.keystore.password,
        "sslEndpointIdentificationAlgorithm": "HTTPS",
        "options": [{"name": "acks", "value": "all"}, {"name": "linger.ms", "value": "5"}],
    }


def test_a_connector_that_logs_in() -> None:
    login = f"{jaas.SCRAM_MODULE} required  password='S3CRET'\n username=alice;"
    assert connector({**SCRAM, "sasl.jaas.config": login}) == {
        "bootstrapServers": "kafka:9092",
        "securityProtocol": "SASL_SSL",
        "sslEndpointIdentificationAlgorithm": "HTTPS",
        "options": [
            {
                "name": "sasl.jaas.config",
                "value": f'{jaas.SCRAM_MODULE} required username="alice" password="S3CRET";',
            },
            {"name": "sasl.mechanism", "value": "SCRAM-SHA-512"},
        ],
    }


@pytest.mark.parametrize(("given_value", "field"), [(None, "HTTPS"), ("https", "HTTPS"), ("HTTPS", "HTTPS"), ("", "")])
@pytest.mark.parametrize("protocol", ["PLAINTEXT", "SASL_SSL"])
def test_the_endpoint_algorithm_is_never_null(given_value: str | None, field: str, protocol: str) -> None:
    base = PLAIN if protocol == "SASL_SSL" else SERVERS
    fields = connector({**base, "ssl.endpoint.identification.algorithm": given_value})
    assert fields["sslEndpointIdentificationAlgorithm"] == field


def test_locations_in_the_project_are_taken_over() -> None:
    located = {
        "ssl.truststore.location": "/Projects/a/Resources/t.jks",
        "ssl.truststore.password": "pw",
        "ssl.keystore.location": "/Projects/a/Resources/k.jks",
        "ssl.keystore.password": "S3CRET",
        "ssl.keystore.type": "jks",
    }
    fields = connector({**SSL, **located})
    assert fields["sslTruststoreLocation"] == "/Projects/a/Resources/t.jks"
    assert fields["sslTruststorePassword"] == "pw"
    assert fields["sslKeystorePassword"] == fields["sslKeyPassword"] == "S3CRET"
    assert fields["options"] == []
    assert connector({**SSL, **located, "ssl.key.password": "other"})["sslKeyPassword"] == "other"
    assert refusal({**SSL, **located, "ssl.keystore.type": "PKCS12"}).subject == "property ssl.keystore.type"
    del located["ssl.keystore.location"], located["ssl.keystore.password"]
    assert refusal({**SSL, **located, "ssl.key.password": "x"}).subject == "keystore"


def test_ssl_needs_both_stores() -> None:
    cases = (((None, None), "truststore"), ((truststore(), None), "keystore"), ((None, keystore()), "truststore"))
    for options, missing in cases:
        error = refusal(SSL, *options)
        assert error.subject == missing
        assert "needs both a truststore and a keystore" in error.cause


def test_other_protocols_do_not() -> None:
    fields = connector(PLAIN, truststore())
    assert fields["sslTruststoreLocation"] == PLACES[0]
    assert not any("Keystore" in name or "KeyPassword" in name for name in fields)


def test_a_store_needs_its_place() -> None:
    with pytest.raises(InputError, match="truststore: its location in the project is missing"):
        dialect_connector.connector(declaration.declare(PLAIN, truststore()))
    with pytest.raises(InputError, match="keystore: its location in the project is missing"):
        dialect_connector.connector(declaration.declare(PLAIN, truststore(), keystore()), PLACES[0])


def servers(length: int) -> str:
    """A list of servers of exactly this length."""
    text = ",".join(f"kafka-{number:05}:9092" for number in range(length // 17 + 1))[:length]
    return text[: text.rindex(",")] + "," + "a" * (length - text.rindex(",") - 6) + ":9092"


def test_the_length_of_the_servers() -> None:
    assert len(connector({"bootstrap.servers": servers(1000)})["bootstrapServers"]) == 1000
    error = refusal({"bootstrap.servers": servers(1001)})
    assert error.cause == "1001 characters, and a connector stores 1000 at most"


@pytest.mark.parametrize("sign", ["x", "é", "😀", '"', "\\", "\n"])
def test_the_length_of_the_options_is_that_of_their_json_in_javas_characters(sign: str) -> None:
    def length(count: int) -> int:
        text = json.dumps([{"name": "my.own", "value": sign * count}], ensure_ascii=False, separators=(",", ":"))
        return sum(1 + (ord(character) > 0xFFFF) for character in text)

    longest = max(count for count in range(2000) if length(count) <= 2000)
    connector({**SERVERS, "my.own": sign * longest})
    error = refusal({**SERVERS, "my.own": sign * (longest + 1)})
    assert error.subject == "properties" and error.cause.startswith("200")
    assert error.remedy.endswith("the longest is my.own")


OPTIONS = st.dictionaries(
    st.from_regex(r"[a-z]{1,8}(\.[a-z]{1,8}){0,3}", fullmatch=True), st.text(max_size=10), max_size=8
)


@given(OPTIONS, st.randoms())
def test_nothing_is_dropped_and_order_never_matters(options: dict[str, str], random: t.Any) -> None:
    declared = declaration.KafkaDeclaration({**PLAIN, **options})
    fields = dialect_connector.connector(declared)
    names = [option["name"] for option in fields["options"]]
    assert set(names) == (set(PLAIN) | set(options)) - set(dialect_connector.FIELDS)
    assert names.index("sasl.jaas.config") < names.index("sasl.mechanism")
    shuffled = list(declared.properties.items())
    random.shuffle(shuffled)
    assert dialect_connector.connector(declaration.KafkaDeclaration(dict(shuffled))) == fields
    assert json.dumps(
        dialect_connector.connector(declaration.KafkaDeclaration(dict(shuffled)))["options"]
    ) == json.dumps(fields["options"])


@pytest.mark.parametrize(
    ("properties", "subject"),
    [
        ({"security.protocol": "PLAINTEXT"}, "property bootstrap.servers"),
        (SERVERS, "property security.protocol"),
        ({**SSL, "ssl.endpoint.identification.algorithm": "none"}, "property ssl.endpoint.identification.algorithm"),
        ({**SSL, "ssl.truststore.location": "/t", "ssl.keystore.location": "/k"}, "property ssl.key.password"),
        ({**SSL, "ssl.truststore.type": "PEM"}, "property ssl.truststore.type"),
    ],
)
def test_what_the_server_refuses_is_refused_however_the_client_was_made(
    properties: dict[str, str], subject: str
) -> None:
    with pytest.raises(InputError) as raised:
        dialect_connector.connector(declaration.KafkaDeclaration(properties))
    assert raised.value.subject == subject


# --- the placeholder -------------------------------------------------------------------------------------------------


def test_a_lonely_truststore_gets_a_placeholder() -> None:
    completed = dialect_connector.complete(declaration.declare(PLAIN, truststore()))
    assert completed.truststore and completed.keystore
    assert x509.key_matches_certificate(completed.keystore.private_key, completed.keystore.chain[0])
    fields = dialect_connector.connector(completed, *PLACES)
    assert fields["sslKeystoreLocation"] == PLACES[1]
    assert python_client(fields).problems == []
    translated = librdkafka(completed)
    confluent_kafka.Producer({**translated.config, "bootstrap.servers": "127.0.0.1:1", "log_level": 0})


def test_java_opens_the_placeholder(java: Reference) -> None:
    placeholder = dialect_connector.complete(declaration.declare(PLAIN, truststore())).keystore
    assert placeholder
    (entry,) = java.open(stores.keystore_jks(placeholder), "JKS", placeholder.password, placeholder.password)
    assert entry[1:] == (placeholder.chain[0], placeholder.private_key)


@pytest.mark.parametrize(
    ("properties", "options"),
    [
        (PLAIN, ()),
        (PLAIN, (truststore(), keystore())),
        (SSL, (truststore(),)),
        ({**PLAIN, "ssl.keystore.location": "/k.jks", "ssl.keystore.password": "x"}, (truststore(),)),
    ],
)
def test_nobody_else_gets_one(properties: dict[str, str], options: tuple[declaration.StoreOption, ...]) -> None:
    declared = declaration.declare(properties, *options)
    assert dialect_connector.complete(declared) == declared
