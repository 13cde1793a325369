# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A text that looks like a secret is shown nowhere, wherever a user has put it by mistake."""

from __future__ import annotations

import contextlib
import functools
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import HopsworksKafkaError, InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.plan import Change
from ansible_collections.hopsworks.kafka.plugins.module_utils._connectors import connector_info
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks import variables_task
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import arguments, dialect_librdkafka
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.declaration import (
    declare,
    store_option,
    with_located_stores,
)
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.java_configs import SETTINGS

CANARY = "cnHunter2xyz99"
SHAPES = {
    "assignment": f"password={CANARY}",
    "JAAS": f'x.LoginModule required password="{CANARY}" other="{CANARY}";',
    "login before an address": f"user:{CANARY}@h:1",
    "URL": f"https://user:{CANARY}@h/?a={CANARY}",
    "private key": f"-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----",
    "control characters": f"\x1b[2Jtoken={CANARY}\x07",
}
LOGIN = 'org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="p";'
BASE: dict[str, t.Any] = {
    "bootstrap.servers": "h:1",
    "security.protocol": "SASL_SSL",
    "sasl.mechanism": "PLAIN",
    "sasl.jaas.config": LOGIN,
}


def told(work: t.Callable[[], t.Any]) -> str:
    """What is shown of an attempt: its error. Another exception is a defect, and ends the test."""
    try:
        work()
    except HopsworksKafkaError as error:
        return f"{error} {error.subject} {error.cause} {error.remedy}"
    return ""


def notes(properties: t.Mapping[str, t.Any]) -> str:
    """The notes and warnings about a declaration."""
    declared = declare(properties)
    translated = dialect_librdkafka.librdkafka(declared)
    return str((declared.notes, translated.ignored, translated.needs))


@pytest.mark.parametrize("shape", SHAPES)
def test_as_the_value_of_any_property(shape: str) -> None:
    for name in [*SETTINGS, "x.unknown"]:
        properties = {**BASE, name: SHAPES[shape]}
        shown = told(lambda properties=properties: notes(properties))  # type: ignore[misc]
        with contextlib.suppress(HopsworksKafkaError):
            shown += notes(properties)
        assert CANARY not in shown and "\x1b" not in shown, name
        assert CANARY not in str(arguments.mask({"properties": properties}))


@pytest.mark.parametrize("value", ["x", None, {}], ids=["text", "null", "dictionary"])
@pytest.mark.parametrize("shape", SHAPES)
def test_as_a_name(shape: str, value: t.Any) -> None:
    text = SHAPES[shape]
    assert CANARY not in told(lambda: declare({**BASE, text: value}))
    for options in (
        {"properties": {text: value}},
        {"projects": [{text: value}, {"name": text}]},
        {"variables": {text: value}},
        {"variables": [{"name": "a", text: value}]},
        {"service_commands": {text: value}},
        {"path_map": {text: value}},
        {"host": text, "name": text, "topics": [text, {"name": text}]},
    ):
        shown = str(arguments.mask(options))
        assert CANARY not in shown and "\\x1b[" not in shown.replace("\\\\x1b", ""), options
    change = str(Change(text, None, "x").to_result())
    assert CANARY not in change
    variables = [{"name": text, "value": value}], [{"name": "a", "value": 1, text: 2}]
    for each in (*variables, [{"name": "a", "value": 1, "visibility": text}]):
        assert CANARY not in told(lambda each=each: variables_task.declared(each))  # type: ignore[misc]


def load(role: str, given: dict[str, str]) -> None:
    declare(BASE, **{role: store_option(role, given)})


@pytest.mark.parametrize("role", ["truststore", "keystore"])
@pytest.mark.parametrize("shape", SHAPES)
def test_in_a_store(shape: str, role: str) -> None:
    text = SHAPES[shape]
    for given in (
        {"path": text},
        {"content": text},
        {"path": "/nowhere", "type": text},
        {"content": text, "password": text},
    ):
        assert CANARY not in told(functools.partial(load, role, given)), given
    properties = {**BASE, f"ssl.{role}.location": text}
    assert CANARY not in told(lambda: with_located_stores(properties, lambda path: path, lambda _path: b""))


def test_an_unknown_command_of_the_service_is_a_secret() -> None:
    shown = arguments.mask({"service_commands": {"restart": f"x --token {CANARY}", "token": CANARY}})
    assert CANARY not in str(shown) and shown["service_commands"]["restart"].startswith("x ")


def test_the_subject_of_an_error_stays_readable() -> None:
    for subject in ("property ssl.keystore.password", "truststore /etc/kafka/ca.pem", "option ranges, item 3", "host"):
        assert str(InputError(subject, "missing")) == f"{subject}: missing."
    assert len(str(InputError(f"truststore {'/x' * 5000}", "too long"))) < 400


@pytest.mark.parametrize("shape", SHAPES)
def test_in_a_connector_that_a_member_of_a_project_wrote(shape: str) -> None:
    text = SHAPES[shape]
    connector = {
        **dict.fromkeys(("name", "description", "bootstrapServers", "securityProtocol", "sslTruststoreLocation"), text),
        "externalKafka": True,
        "options": [{"name": text, "value": text}, {"name": "client.id", "value": text}],
    }
    declared, secrets = connector_info.declaration("fraud", connector)
    shown = str((connector_info.masked_connector(connector), connector_info._effective(connector), declared, secrets))
    assert CANARY not in shown and "\\x1b[" not in shown.replace("\\\\x1b", "")


def test_a_number_that_only_newer_java_clients_refuse() -> None:
    assert "retry.backoff.max.ms" in notes({**BASE, "retry.backoff.max.ms": "abc"})
