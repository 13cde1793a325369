# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""What cannot work in a set of Kafka client properties, found before anything is connected to or written.

The rules are those of Kafka's clients: the security protocol, the stores and the SASL settings must go together, values
must have the type that Kafka expects, and names should be names that Kafka knows.
"""

from __future__ import annotations

import difflib
import functools
import re
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError

from . import jaas
from .java_configs import SETTINGS

PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")

#: Which login modules serve which mechanism.
MECHANISMS: t.Dict[str, t.Tuple[str, ...]] = {
    "PLAIN": (jaas.PLAIN_MODULE,),
    "SCRAM-SHA-256": (jaas.SCRAM_MODULE,),
    "SCRAM-SHA-512": (jaas.SCRAM_MODULE,),
    "OAUTHBEARER": (jaas.OAUTH_MODULE,),
    "GSSAPI": (jaas.KERBEROS_MODULE, "com.ibm.security.auth.module.Krb5LoginModule"),
    "AWS_MSK_IAM": (jaas.MSK_IAM_MODULE,),
}

STORE_LOCATIONS = ("ssl.truststore.location", "ssl.keystore.location")

#: Names of librdkafka's for what Java names otherwise, and what to give instead.
_LIBRDKAFKA_NAMES = {
    "metadata.broker.list": "bootstrap.servers",
    "sasl.mechanisms": "sasl.mechanism",
    "sasl.username": "username in sasl.jaas.config",
    "sasl.password": "password in sasl.jaas.config",
    "ssl.ca.location": "truststore",
    "ssl.ca.pem": "truststore",
    "ssl.certificate.location": "keystore",
    "ssl.certificate.pem": "keystore",
    "ssl.key.location": "keystore",
    "ssl.key.pem": "keystore",
    "sasl.oauthbearer.client.id": "sasl.oauthbearer.client.credentials.client.id",
    "sasl.oauthbearer.client.secret": "sasl.oauthbearer.client.credentials.client.secret",
    "sasl.oauthbearer.method": "sasl.oauthbearer.token.endpoint.url",
}

_NUMBERS = {
    "int": re.compile(r"-?[0-9]+"),
    "long": re.compile(r"-?[0-9]+"),
    "short": re.compile(r"-?[0-9]+"),
    "double": re.compile(r"-?[0-9]+(\.[0-9]+)?([eE]-?[0-9]+)?"),
}
_HOST = r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_.])?|\[[0-9A-Fa-f:.%A-Za-z0-9]*:[0-9A-Fa-f:.%A-Za-z0-9]*\])"
_SERVER = re.compile(rf"(?:([A-Za-z0-9_]+)://)?({_HOST}):([0-9]{{1,5}})")
_LAST_PORT = 65535
_IDEMPOTENT_IN_FLIGHT = 5


def bootstrap_servers(value: str) -> t.Tuple[str, ...]:
    """The servers of a ``bootstrap.servers``, each as ``host:port`` (IPv6 in brackets), in their order.

    :raises InputError: there is none, or one is not ``host:port``.
    """
    servers = [server.strip() for server in value.split(",") if server.strip()]
    if not servers:
        raise InputError(
            "property bootstrap.servers", "there is no server in it", "Give host:port, several with commas"
        )
    return tuple(_server(server) for server in servers)


def check(properties: t.Mapping[str, str], truststore: bool, keystore: bool) -> t.Tuple[str, ...]:
    """Check properties whose stores are given apart from them.

    :param truststore: whether certificates to trust are given; likewise ``keystore``.
    :returns: what should be told though it does not stop anything, as sentences without a full stop.
    :raises InputError: what cannot work.
    """
    for name, value in properties.items():
        _value(name, value)
    protocol = properties.get("security.protocol", "")
    if protocol not in PROTOCOLS:
        raise InputError(
            "property security.protocol",
            "it is missing" if not protocol else f"{protocol} is not known",
            f"Give one of {', '.join(PROTOCOLS)}",
        )
    _stores(properties, protocol, truststore, keystore)
    found = [_unknown(name) for name in properties if name not in SETTINGS]
    if protocol.startswith("SASL"):
        found += _sasl(properties)
    else:
        _no_sasl(properties, protocol)
    _contradictions(properties)
    return tuple(found)


def _server(server: str) -> str:
    match = _SERVER.fullmatch(server)
    if not match or not 0 < int(match.group(3)) <= _LAST_PORT:
        shown = server if len(server) < 100 else server[:97] + "..."
        cause = f"{shown} is not host:port"
        remedy = "Give each server as host:port, several with commas, an IPv6 address in brackets"
        raise InputError("property bootstrap.servers", cause, remedy)
    return f"{match.group(2)}:{match.group(3)}"


def _value(name: str, value: str) -> None:
    setting = SETTINGS.get(name)
    if setting is None:
        return
    number = _NUMBERS.get(setting.kind)
    if number is not None and not number.fullmatch(value.strip()):
        raise InputError(
            f"property {name}", f"its value is not a number of Kafka's type {setting.kind}", "Give a number"
        )
    if setting.kind == "boolean" and value.strip().lower() not in ("true", "false"):
        raise InputError(f"property {name}", "its value is neither true nor false", "Give true or false")
    if name == "ssl.endpoint.identification.algorithm" and value.lower() not in ("", "https"):
        raise InputError(
            f"property {name}",
            "Kafka knows https and the empty text only",
            'Give https; "" turns the check of names off',
        )


def _stores(properties: t.Mapping[str, str], protocol: str, truststore: bool, keystore: bool) -> None:
    given = [name for name in STORE_LOCATIONS if name in properties]
    given += [role for role, is_given in (("truststore", truststore), ("keystore", keystore)) if is_given]
    if given and not protocol.endswith("SSL"):
        raise InputError(
            "property security.protocol",
            f"it is {protocol}, which uses no certificates, and {' and '.join(given)} is given",
            f"Use {'SASL_SSL' if protocol.startswith('SASL') else 'SSL'}, or leave the stores out",
        )
    pem = properties.get("ssl.keystore.type", "").upper() == "PEM"
    if "ssl.keystore.location" in properties and "ssl.keystore.password" not in properties and not pem:
        raise InputError(
            "property ssl.keystore.location", "there is no ssl.keystore.password for it", "Give the store's password"
        )


def _sasl(properties: t.Mapping[str, str]) -> t.List[str]:
    mechanism = properties.get("sasl.mechanism")
    if not mechanism:
        raise InputError(
            "property sasl.mechanism",
            "it is missing, and Kafka would take GSSAPI (Kerberos)",
            f"Give one of {', '.join(MECHANISMS)}",
        )
    if mechanism not in MECHANISMS:
        near = difflib.get_close_matches(mechanism.upper(), MECHANISMS, 1)
        raise InputError(
            "property sasl.mechanism",
            f"{mechanism} is not known",
            f"Did you mean {near[0]}?" if near else f"Give one of {', '.join(MECHANISMS)}",
        )
    text = properties.get("sasl.jaas.config")
    if text is None:
        raise InputError(
            "property sasl.jaas.config",
            f"it is missing, and sasl.mechanism {mechanism} needs it",
            f"Give: {MECHANISMS[mechanism][0]} required …;",
        )
    login = jaas.parse(text)
    notes = _login_module(login, mechanism)
    if mechanism == "OAUTHBEARER":
        notes += _oauth(properties, login)
    return notes


def _login_module(login: jaas.Jaas, mechanism: str) -> t.List[str]:
    known = [module for modules in MECHANISMS.values() for module in modules]
    if login.module not in MECHANISMS[mechanism]:
        near = difflib.get_close_matches(login.module, known, 1, 0.8)
        if login.module in known or near:
            raise InputError(
                "property sasl.jaas.config",
                f"its login module {login.module} does not belong to sasl.mechanism {mechanism}",
                f"Use {MECHANISMS[mechanism][0]}",
            )
        return [f"property sasl.jaas.config: the login module {login.module} is not one of Kafka's own"]
    if mechanism.startswith(("PLAIN", "SCRAM")):
        for option in ("username", "password"):
            if not login.options.get(option):
                raise InputError(
                    "property sasl.jaas.config", f"there is no {option} in it", f'Add {option}="…" before the semicolon'
                )
    return []


def _oauth(properties: t.Mapping[str, str], login: jaas.Jaas) -> t.List[str]:
    url = properties.get("sasl.oauthbearer.token.endpoint.url")
    handler = properties.get("sasl.login.callback.handler.class")
    if not url and not handler and not any(name.startswith("unsecured") for name in login.options):
        raise InputError(
            "property sasl.mechanism",
            "OAUTHBEARER needs to know where its tokens come from",
            "Give sasl.oauthbearer.token.endpoint.url",
        )
    if url and not handler:
        return [
            "property sasl.oauthbearer.token.endpoint.url: Java clients use it only with "
            "sasl.login.callback.handler.class, see OAuthBearerLoginCallbackHandler of their release"
        ]
    return []


def _no_sasl(properties: t.Mapping[str, str], protocol: str) -> None:
    for name in ("sasl.jaas.config", "sasl.mechanism"):
        if name in properties:
            raise InputError(
                "property security.protocol",
                f"it is {protocol}, which does not log in, and {name} is given",
                f"Use {'SASL_SSL' if protocol == 'SSL' else 'SASL_PLAINTEXT'}, or leave the sasl properties out",
            )


def _contradictions(properties: t.Mapping[str, str]) -> None:
    def fault(name: str, cause: str, remedy: str) -> InputError:
        return InputError(f"property {name}", cause, remedy)

    idempotent = properties.get("enable.idempotence", "").lower()
    if idempotent == "true" and properties.get("acks", "all") not in ("all", "-1"):
        raise fault("acks", "enable.idempotence is true, and that needs acks=all", "Set acks to all")
    if idempotent == "true" and _number(properties, "retries", 1) == 0:
        raise fault("retries", "enable.idempotence is true, and that needs retries", "Leave it out")
    if idempotent == "true" and _number(properties, "max.in.flight.requests.per.connection", 5) > _IDEMPOTENT_IN_FLIGHT:
        raise fault(
            "max.in.flight.requests.per.connection",
            "enable.idempotence is true, and that allows 5 at most",
            "Set it to 5",
        )
    if idempotent == "false" and "transactional.id" in properties:
        raise fault("enable.idempotence", "it is false, and transactional.id needs it", "Leave one of them out")
    if _number(properties, "heartbeat.interval.ms", 0) >= _number(properties, "session.timeout.ms", float("inf")):
        raise fault("heartbeat.interval.ms", "it must be lower than session.timeout.ms", "Use a third of it")


def _number(properties: t.Mapping[str, str], name: str, default: float) -> float:
    return float(properties[name]) if name in properties else default


@functools.lru_cache(maxsize=256)
def _unknown(name: str) -> str:
    """Kept, because the search for a near name is slow, and many projects may share one."""
    if name in _LIBRDKAFKA_NAMES:
        raise InputError(
            f"property {name}", "this is librdkafka's name, and Java's are needed", f"Give {_LIBRDKAFKA_NAMES[name]}"
        )
    near = difflib.get_close_matches(name, SETTINGS, 1, 0.8)
    guess = f"; did you mean {near[0]}?" if near else ""
    return f"property {name}: no Kafka client knows it, and it is passed on as it is{guess}"
