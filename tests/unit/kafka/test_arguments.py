"""What is left of a module's options for others to see."""

from __future__ import annotations

import uuid

from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import arguments

JAAS = 'org.apache.kafka.common.security.plain.PlainLoginModule required username="fraud" password="pass-of-fraud";'


def test_what_is_shown_and_what_is_registered() -> None:
    given = {
        "api_key": "key.0123456789",
        "properties": {"security.protocol": "SASL_SSL", "sasl.jaas.config": JAAS, "ssl.key.password": "key-password"},
        "truststore": None,
        "keystore": {"path": "/a.p12", "password": "store-password", "key_password": None, "content": None},
        "projects": [
            "project_1",
            {"name": "PLAIN", "properties": {"sasl.jaas.config": JAAS.replace("pass-of-fraud", "other-secret")}},
        ],
        "workers": 16,
        "check_files": True,
    }
    assert arguments.mask(given) == {
        "api_key": "********",
        "properties": {"security.protocol": "SASL_SSL", "sasl.jaas.config": "********", "ssl.key.password": "********"},
        "truststore": None,
        "keystore": {"path": "/a.p12", "password": "********", "key_password": None, "content": None},
        "projects": ["project_1", {"name": "PLAIN", "properties": {"sasl.jaas.config": "********"}}],
        "workers": 16,
        "check_files": True,
    }
    listed = arguments.listed_secrets(given)
    assert {"key.0123456789", "pass-of-fraud", "key-password", "store-password", JAAS} <= listed
    # Not the names that stand beside secrets, nor the secrets of single projects, of which there is no bound.
    assert not {"SASL_SSL", "PLAIN", "project_1", "true", "fraud", "other-secret"} & listed


def test_short_secrets_are_masked_but_not_searched_for() -> None:
    given = {"api_key": "a.b", "keystore": {"password": "kafka"}}
    assert arguments.mask(given) == {"api_key": "********", "keystore": {"password": "********"}}
    assert arguments.listed_secrets(given) == set()


def test_unknown_names_are_masked_wherever_they_stand() -> None:
    name = f"x{uuid.uuid4().hex}"
    shown = arguments.mask(
        {
            "properties": {name: "a", "acks": "all", "client.id": 5, "schema.registry.url": "https://u:p@h/?t=v"},
            "truststore": {"path": "/a", name: "b"},
            "keystore": "/a.p12",
            "projects": [
                "one",
                {"name": "two", name: "c", "properties": {name: 5}, "keystore": {"content": "x", name: "y"}},
                {"name": "three", "properties": "d", "truststore": ["e"]},
                {"name": {name: "f"}},
                ["g"],
            ],
            "service_commands": {"restart": "/bin/restart --key v", "status": None},
            "metrics_url": "http://user:word@host:1/metrics",
            "path_map": {"/a": "/b"},
            "topics": ["t", {"name": "u", "operations": ["read"]}],
            "workers": 3,
        }
    )
    mask = "********"
    assert shown == {
        "properties": {
            name: mask,
            "acks": "all",
            "client.id": 5,
            "schema.registry.url": f"https://{mask}@h/?t={mask}",
        },
        "truststore": {"path": "/a", name: mask},
        "keystore": mask,
        "projects": [
            "one",
            {"name": "two", name: mask, "properties": {name: mask}, "keystore": {"content": mask, name: mask}},
            {"name": "three", "properties": mask, "truststore": mask},
            {"name": {name: mask}},
            mask,
        ],
        "service_commands": {"restart": f"/bin/restart {mask}", "status": None},
        "metrics_url": f"http://{mask}@host:1/metrics",
        "path_map": {"/a": "/b"},
        "topics": ["t", {"name": "u", "operations": ["read"]}],
        "workers": 3,
    }


def test_variables() -> None:
    flag = "enable_bring_your_own_kafka"
    assert arguments.mask({"variables": {flag: True, "mood": "x"}}) == {"variables": {flag: True, "mood": "********"}}
    listed = [{"name": flag, "value": "true", "visibility": "USER"}, {"name": "mood", "value": "x", "valeu": "y"}, "z"]
    assert arguments.mask({"variables": listed}) == {
        "variables": [listed[0], {"name": "mood", "value": "********", "valeu": "********"}, "********"]
    }
    assert arguments.mask({"variables": "mood=x"}) == {"variables": "********"}
    given = {"variables": [{"name": "db_password", "value": 1234567890}, {"name": "mood", "value": "some project"}]}
    assert arguments.listed_secrets(given) == {"1234567890"}


def test_words_beside_unknown_names_are_not_searched_for() -> None:
    given = {
        "properties": {"my.project": "project_1", "my.password": "long-enough", "connection.url": "x://u:word5678@h"}
    }
    assert arguments.listed_secrets(given) == {"long-enough", "u:word5678", "word5678"}


def test_a_declaration_inside_of_an_option() -> None:
    """As the two clusters of kafka_carry_over."""
    side = {
        "properties": {"acks": "all", "sasl.jaas.config": JAAS},
        "keystore": {"path": "/a.p12", "password": "store-password"},
        "truststore": None,
        "x": "y",
    }
    given = {
        "source": side,
        "target": side,
        "ranges": [{"topic": "orders", "partition": 0, "start": 1, "end": 2, "x": 3}],
    }
    shown = {
        "properties": {"acks": "all", "sasl.jaas.config": "********"},
        "keystore": {"path": "/a.p12", "password": "********"},
        "truststore": None,
        "x": "********",
    }
    assert arguments.mask(given) == {
        "source": shown,
        "target": shown,
        "ranges": [{"topic": "orders", "partition": 0, "start": 1, "end": 2, "x": "********"}],
    }
    assert {"pass-of-fraud", "store-password"} <= arguments.listed_secrets(given)
    assert arguments.listed_secrets({"source": "text"}) == set()
