"""What the Hopsworks Python client makes of a connector. The real client is compared with in tests/clients."""

from __future__ import annotations

import typing as t

import confluent_kafka
import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import declaration, dialect_connector, jaas
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.dialect_python_client import (
    Prediction,
    python_client,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.librdkafka_configs import PROPERTIES

from tests.unit.kafka.test_declaration import PLAIN, SCRAM, SERVERS, keystore, truststore

PLACES = ("/Projects/fraud/Resources/kafka_t.jks", "/Projects/fraud/Resources/kafka_k.jks")
USER = {"username": "alice", "password": "S3CRET"}


def predict(properties: dict[str, t.Any], *options: declaration.StoreOption | None, **fields: t.Any) -> Prediction:
    dto = dialect_connector.connector(declaration.declare(properties, *options), *PLACES)
    predicted = python_client({"id": 100, **dto, **fields}, project_id=119)
    assert not any("S3CRET" in problem for problem in predicted.problems)
    return predicted


def login(options: dict[str, str], module: str = jaas.PLAIN_MODULE) -> str:
    return jaas.render(jaas.Jaas(module, "required", options))


def test_client_certificates() -> None:
    predicted = predict({**SERVERS, "security.protocol": "SSL", "linger.ms": 5}, truststore(), keystore())
    assert predicted.problems == [] and predicted.dropped == []
    assert predicted.confluent == {
        "linger.ms": "5",
        "bootstrap.servers": "kafka:9092",
        "security.protocol": "SSL",
        "ssl.endpoint.identification.algorithm": "HTTPS",
        "ssl.ca.location": "/tmp/kafka_sc_119_100_ca_chain.pem",
        "ssl.certificate.location": "/tmp/kafka_sc_119_100_client_cert.pem",
        "ssl.key.location": "/tmp/kafka_sc_119_100_client_key.pem",
    }
    assert predicted.kafka["ssl.truststore.location"] == "/tmp/kafka_t.jks"
    assert predicted.kafka["ssl.key.password"] == predicted.kafka["ssl.keystore.password"]


@pytest.mark.parametrize("properties", [PLAIN, SCRAM, {**SCRAM, "sasl.mechanism": "SCRAM-SHA-256"}])
def test_logins_that_work(properties: dict[str, str]) -> None:
    predicted = predict({**properties, "ssl.endpoint.identification.algorithm": ""})
    assert predicted.problems == []
    assert predicted.confluent["sasl.username"] == "alice"
    assert predicted.confluent["sasl.password"] == "S3CRET"
    assert predicted.confluent["ssl.endpoint.identification.algorithm"] == "none"
    assert [name for name in predicted.confluent if name.startswith("sasl.mechanism")][-1] == "sasl.mechanism"
    assert predicted.confluent["sasl.mechanism"] == properties["sasl.mechanism"]


def test_what_is_dropped_is_named() -> None:
    predicted = predict({**PLAIN, "client.id": "x", "group.id": "g", "ssl.enabled.protocols": "TLSv1.3"})
    assert predicted.dropped == ["client.id", "ssl.enabled.protocols"]
    assert predicted.confluent["group.id"] == "g"


#: What the client hands on as it is (hopsworks 5.2.1, hsfs/storage_connector.py, confluent_options).
HANDED_ON = [
    "acks",
    "compression.type",
    "connections.max.idle.ms",
    "delivery.timeout.ms",
    "enable.idempotence",
    "group.id",
    "linger.ms",
    "message.max.bytes",
    "reconnect.backoff.max.ms",
    "reconnect.backoff.ms",
    "request.timeout.ms",
    "retries",
    "retry.backoff.ms",
    "socket.connection.setup.timeout.ms",
    "transaction.timeout.ms",
    "transactional.id",
]
#: Of these, what takes a word. All others take a number.
WORDS = {"acks", "compression.type", "enable.idempotence", "group.id", "transactional.id"}


@pytest.mark.parametrize("name", HANDED_ON)
def test_what_is_handed_on(name: str) -> None:
    predicted = predict(SERVERS, **options((name, "2000")))
    assert predicted.confluent[name] == "2000" and predicted.dropped == [] and predicted.problems == []


@pytest.mark.parametrize("ending", ["p12", "pfx", "pkcs12", "pem", "crt", "cer", "PFX"])
def test_endings_of_stores_that_are_no_jks(ending: str) -> None:
    place = {"sslKeystoreLocation": f"/Projects/x/Resources/k.{ending}"}
    (problem,) = predict({**SERVERS, "security.protocol": "SSL"}, truststore(), keystore(), **place).problems
    assert f"k.{ending} is not one" in problem


def test_a_truststore_alone_does_not_work() -> None:
    predicted = predict(PLAIN, truststore())
    (problem,) = predicted.problems
    assert "ssl.keystore.location, ssl.keystore.password is missing" in problem
    assert predicted.confluent == {}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"sslKeystoreLocation": "/Projects/x/Resources/k.p12"},
            "reads JKS stores only, and /Projects/x/Resources/k.p12",
        ),
        ({"sslTruststoreLocation": "/Projects/x/Resources/ca.PEM"}, "reads JKS stores only"),
        ({"sslKeyPassword": "another"}, "opens the private key with the password of its store"),
        ({"sslTruststorePassword": None}, "ssl.truststore.password is missing"),
        ({"sslKeystoreLocation": ""}, "ssl.keystore.location is missing"),
    ],
)
def test_stores_that_the_client_cannot_open(fields: dict[str, t.Any], words: str) -> None:
    (problem,) = predict({**SERVERS, "security.protocol": "SSL"}, truststore(), keystore(), **fields).problems
    assert words in problem


def options(*pairs: tuple[str, str]) -> dict[str, t.Any]:
    return {"options": [{"name": name, "value": value} for name, value in pairs]}


SWAPPED = f'{jaas.PLAIN_MODULE} required password="S3CRET" username="alice";'
TOKENS_OF_A_USER = login(USER, jaas.OAUTH_MODULE)
BARE = f"{jaas.PLAIN_MODULE} required username=alice password=S3CRET;"
QUOTED = login({"username": "alice", "password": 'S3CRET"x'})
BACKSLASH = login({"username": "ali\\ce", "password": "S3CRET"})
UNENDED = f'{jaas.PLAIN_MODULE} required username="alice" password="S3CRET"'
STRANGE = login(USER, "com.example.VaultLogin")
TOKENS = login({"clientId": "a", "clientSecret": "S3CRET"}, jaas.OAUTH_MODULE)


@pytest.mark.parametrize(
    ("fields", "words", "works_at_all"),
    [
        (options(("sasl.jaas.config", SWAPPED), ("sasl.mechanism", "PLAIN")), "needs username before password", False),
        (options(("sasl.jaas.config", BARE), ("sasl.mechanism", "PLAIN")), "both in quotes", False),
        (
            options(("sasl.jaas.config", TOKENS), ("sasl.mechanism", "OAUTHBEARER")),
            "cannot log in by other means",
            False,
        ),
        (options(("sasl.jaas.config", QUOTED), ("sasl.mechanism", "PLAIN")), "takes another password out of", True),
        (options(("sasl.jaas.config", BACKSLASH), ("sasl.mechanism", "PLAIN")), "takes another username out of", True),
        (options(("sasl.jaas.config", UNENDED), ("sasl.mechanism", "PLAIN")), "Java clients do not read", True),
        (options(("sasl.jaas.config", STRANGE), ("sasl.mechanism", "PLAIN")), "does not know the login module", True),
        (
            options(("sasl.mechanism", "SCRAM-SHA-512"), ("sasl.jaas.config", login(USER, jaas.SCRAM_MODULE))),
            "would use SCRAM-SHA-256 instead of SCRAM-SHA-512",
            True,
        ),
        (options(("sasl.mechanism", "GSSAPI")), "cannot log in with GSSAPI", True),
        (options(("sasl.jaas.config", TOKENS_OF_A_USER)), "cannot log in with OAUTHBEARER", True),
        (options(), "finds no mechanism", True),
    ],
)
def test_logins_that_do_not_work(fields: dict[str, t.Any], words: str, works_at_all: bool) -> None:
    predicted = predict(PLAIN, **fields)
    assert any(words in problem for problem in predicted.problems), predicted.problems
    assert bool(predicted.confluent) == works_at_all


def test_a_login_module_alone_is_enough_for_two_mechanisms() -> None:
    for module in (jaas.PLAIN_MODULE, jaas.SCRAM_MODULE):
        assert predict(PLAIN, **options(("sasl.jaas.config", login(USER, module)))).problems == []


@pytest.mark.parametrize(
    ("name", "value", "fits"),
    [
        ("linger.ms", "900000", True),
        ("linger.ms", "900001", False),
        ("connections.max.idle.ms", "-1", False),
        ("retries", "x", False),
    ],
)
def test_numbers_that_librdkafka_refuses(name: str, value: str, fits: bool) -> None:
    predicted = predict(SERVERS, **options((name, value)))
    assert (predicted.problems == []) is fits


@pytest.mark.parametrize("name", sorted(set(HANDED_ON) - WORDS))
def test_the_ranges_are_librdkafkas(name: str) -> None:
    low, high = t.cast("tuple[int, int]", PROPERTIES[name][1:3])
    quiet = {"bootstrap.servers": "127.0.0.1:1", "log_level": 0}
    more = {"delivery.timeout.ms": 2147483647} if name == "linger.ms" else {}
    more.update({"reconnect.backoff.max.ms": 3600000} if name == "reconnect.backoff.ms" else {})
    more.update({"reconnect.backoff.ms": 0} if name == "reconnect.backoff.max.ms" else {})
    for number in (low, high):
        assert predict(SERVERS, **options((name, str(number)))).problems == []
        confluent_kafka.Producer({**quiet, **more, name: number})
    for number in (low - 1, high + 1):
        assert len(predict(SERVERS, **options((name, str(number)))).problems) == 1
        with pytest.raises(confluent_kafka.KafkaException):
            confluent_kafka.Producer({**quiet, **more, name: number})


def test_a_certificate_file_among_the_options_counts_beside_stores_only() -> None:
    given = options(("ssl.ca.location", "/etc/ca.pem"))
    assert "ssl.ca.location" not in predict(PLAIN, **given).confluent
    ssl = {**SERVERS, "security.protocol": "SSL"}
    assert predict(ssl, truststore(), keystore(), **given).confluent["ssl.ca.location"] == "/etc/ca.pem"


def test_renamed_options() -> None:
    confluent = predict(SERVERS, **options(("queued.max.requests", "7"), ("queued.max.request.bytes", "9"))).confluent
    assert confluent["queue.buffering.max.messages"] == "7" and confluent["queue.buffering.max.kbytes"] == "9"


def test_reprs_hide_everything() -> None:
    assert "S3CRET" not in repr(predict(PLAIN))
