"""What is left of a module's options for others to see."""

from __future__ import annotations

import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import arguments

JAAS = 'org.apache.kafka.common.security.plain.PlainLoginModule required username="fraud" password="pass-of-fraud";'


class Module:
    def __init__(self, **params: t.Any) -> None:
        self.params = params
        # What Ansible makes of no_log options: every word in them.
        self.no_log_values = {"SASL_SSL", "PLAIN", "project_1", "true", "key.0123456789"}


def test_conceal() -> None:
    module = Module(
        api_key="key.0123456789",
        properties={"security.protocol": "SASL_SSL", "sasl.jaas.config": JAAS, "ssl.key.password": "key-password"},
        truststore=None,
        keystore={"path": "/a.p12", "password": "store-password", "key_password": None, "content": None},
        projects=[
            "project_1",
            {"name": "PLAIN", "properties": {"sasl.jaas.config": JAAS.replace("pass-of-fraud", "other-secret")}},
        ],
        workers=16,
        check_files=True,
    )
    given = module.params
    assert arguments.mask_params(module) is given
    assert module.params == {
        "api_key": "********",
        "properties": {"security.protocol": "SASL_SSL", "sasl.jaas.config": "********", "ssl.key.password": "********"},
        "truststore": None,
        "keystore": {"path": "/a.p12", "password": "********", "key_password": None, "content": None},
        "projects": ["project_1", {"name": "PLAIN", "properties": {"sasl.jaas.config": "********"}}],
        "workers": 16,
        "check_files": True,
    }
    assert given["properties"]["ssl.key.password"] == "key-password", "the options themselves stay as they are"
    assert {"key.0123456789", "pass-of-fraud", "key-password", "store-password", JAAS} <= module.no_log_values
    # Not the names that stand beside secrets, nor the secrets of single projects, of which there is no bound.
    assert not {"SASL_SSL", "PLAIN", "project_1", "true", "fraud", "other-secret"} & module.no_log_values


def test_short_secrets_are_masked_but_not_searched_for() -> None:
    module = Module(api_key="a.b", keystore={"password": "kafka"})
    arguments.mask_params(module)
    assert module.params == {"api_key": "********", "keystore": {"password": "********"}}
    assert module.no_log_values == set()


def test_numbers_and_lists_of_names_and_values() -> None:
    shown, secrets = arguments.mask(
        {"password": 1234567890, "variables": [{"name": "db_password", "value": "x"}, {"name": "flag", "value": "y"}]}
    )
    assert shown == {
        "password": "********",
        "variables": [{"name": "db_password", "value": "********"}, {"name": "flag", "value": "y"}],
    }
    assert secrets == {"1234567890"}
