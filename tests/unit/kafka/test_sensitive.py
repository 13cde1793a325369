"""Which values of a declaration are shown."""

from __future__ import annotations

import uuid

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import sensitive

MASK = "********"
JAAS = 'org.apache.kafka.common.security.plain.PlainLoginModule required username="me" password="of-mine";'


@pytest.mark.parametrize(
    "name",
    [
        "random",
        "aws.secret.access.key",
        "vault.private.key",
        "x.pwd",
        "custom.accesskey",
        "encryption.key",
        "db.pass",
        "http.basic.auth",
        "connection.string",
        "basic.auth.user.info",
        "sasl.username",
        "ssl.key.pem",
        "Client.Id",
        "client.id ",
        "",
    ],
)
@pytest.mark.parametrize("value", ["one", 5, True])
def test_the_value_of_a_name_that_is_not_public_is_masked(name: str, value: object) -> None:
    name = uuid.uuid4().hex if name == "random" else name
    assert sensitive.public_value(name, value) == MASK
    assert sensitive.secret_value(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("security.protocol", "SASL_SSL"),
        ("bootstrap.servers", "a:1,b:2"),
        ("fetch.max.bytes", 5),
        ("enable.auto.commit", False),
        ("sasl.mechanism", "SCRAM-SHA-512"),
        ("ssl.truststore.location", "/etc/a.jks"),
        ("schema.registry.url", "https://registry:8081/v1"),
        ("statistics.interval.ms", "5"),
        ("ssl.truststore.certificates", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"),
        ("my.own", None),
        ("my.own", ""),
    ],
)
def test_public_values_are_shown(name: str, value: object) -> None:
    assert sensitive.public_value(name, value) == value
    assert not sensitive.secret_value(name, value)


def test_secrets_in_public_values_are_masked() -> None:
    assert (
        sensitive.public_value("schema.registry.url", "https://u:p@h/x?token=y") == f"https://{MASK}@h/x?token={MASK}"
    )
    assert sensitive.public_value("sasl.mechanism", JAAS) == MASK
    assert sensitive.public_value("ssl.truststore.certificates", "-----BEGIN PRIVATE KEY-----\nab") == MASK
    assert sensitive.public_value("group.id", "password=of-mine") == f"password={MASK}"


def test_words_are_no_secrets_that_other_texts_are_cleaned_of() -> None:
    given = {"security.protocol": "SASL_SSL", "a": "SASL_SSL", "b": "5", "c": "true", "d": "kept-by-me", "e": True}
    assert sensitive.secrets_of(given) == {"kept-by-me"}
    assert sensitive.certain_secrets_of({**given, "a.password": "5"}) == {"5"}
    assert {JAAS, "of-mine"} <= sensitive.certain_secrets_of({"sasl.mechanism": JAAS})
    assert "me" not in sensitive.certain_secrets_of({"sasl.mechanism": JAAS})
    assert sensitive.certain_secrets_of({"client.id": "x://a%40b:c@h/?k=d"}) >= {"a%40b:c", "a@b:c", "c", "d"}
