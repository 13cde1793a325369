"""The declaration as a Java client's properties."""

from __future__ import annotations

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import declaration, dialect_java
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.kafka.test_declaration import PLAIN, SERVERS, keystore, truststore


def test_stores_become_locations_and_passwords() -> None:
    declared = declaration.declare({**PLAIN, "client.id": "x"}, truststore(), keystore())
    assert declared.truststore and declared.keystore
    properties = dialect_java.java_properties(declared, "/etc/t.jks", "/etc/k.jks")
    assert properties == {
        **declared.properties,
        "ssl.truststore.location": "/etc/t.jks",
        "ssl.truststore.password": declared.truststore.password,
        "ssl.truststore.type": "JKS",
        "ssl.keystore.location": "/etc/k.jks",
        "ssl.keystore.password": declared.keystore.password,
        "ssl.keystore.type": "JKS",
        "ssl.key.password": declared.keystore.password,
    }
    assert list(properties)[:3] == ["bootstrap.servers", "security.protocol", "client.id"]
    assert list(properties)[2:] == sorted(list(properties)[2:])


def test_without_stores_nothing_is_added() -> None:
    assert (
        dialect_java.java_properties(declaration.declare(PLAIN), "/unused", "/unused")
        == declaration.declare(PLAIN).properties
    )


def test_a_store_needs_its_place() -> None:
    with pytest.raises(InputError, match="truststore: its location"):
        dialect_java.java_properties(declaration.declare(PLAIN, truststore()))
    with pytest.raises(InputError, match="keystore: its location"):
        dialect_java.java_properties(declaration.declare(PLAIN, None, keystore()), "/t.jks")


@given(st.permutations(sorted(PLAIN)))
def test_the_order_given_never_matters(names: list[str]) -> None:
    declared = declaration.declare({name: PLAIN[name] for name in names})
    expected = dialect_java.java_properties(declaration.declare(PLAIN))
    assert list(dialect_java.java_properties(declared).items()) == list(expected.items())


def test_each_client_gets_what_it_takes() -> None:
    properties = {**SERVERS, "group.id": "g", "acks": "all", "retries": "3", "client.rack": "r", "my.own": "1"}
    common = {**SERVERS, "my.own": "1"}
    assert dialect_java.for_consumer(properties) == {**common, "group.id": "g", "client.rack": "r"}
    assert dialect_java.for_producer(properties) == {**common, "acks": "all", "retries": "3", "client.rack": "r"}
