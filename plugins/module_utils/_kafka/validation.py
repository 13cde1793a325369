# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Check Kafka client properties before anything is connected to or written.

The rules are those of Kafka's clients: security protocol, stores and SASL properties must match, values must have the
type and range that Kafka expects, and names should be names that Kafka knows.
"""

from __future__ import annotations

import difflib
import functools
import re
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError

from . import jaas
from .java_configs import SETTINGS, Setting

PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")

#: The login modules of each mechanism.
MECHANISMS: t.Dict[str, t.Tuple[str, ...]] = {
    "PLAIN": (jaas.PLAIN_MODULE,),
    "SCRAM-SHA-256": (jaas.SCRAM_MODULE,),
    "SCRAM-SHA-512": (jaas.SCRAM_MODULE,),
    "OAUTHBEARER": (jaas.OAUTH_MODULE,),
    "GSSAPI": (jaas.KERBEROS_MODULE, "com.ibm.security.auth.module.Krb5LoginModule"),
    "AWS_MSK_IAM": (jaas.MSK_IAM_MODULE,),
}

STORE_LOCATIONS = ("ssl.truststore.location", "ssl.keystore.location")

#: Names of librdkafka to what Java's clients use instead.
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

_INTEGER = re.compile(r"-?[0-9]+")
_DOUBLE = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE]-?[0-9]+)?")
_NUMBERS = {"int": _INTEGER, "long": _INTEGER, "short": _INTEGER, "double": _DOUBLE}
#: The bits of Java's types.
_BITS = {"short": 16, "int": 32, "long": 64}
_MAX_DIGITS = 20
_HOST = r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_.])?|\[[0-9A-Fa-f:.%A-Za-z0-9]*:[0-9A-Fa-f:.%A-Za-z0-9]*\])"
_SERVER = re.compile(rf"(?:([A-Za-z0-9_]+)://)?({_HOST}):([0-9]{{1,5}})")
_LIKE_A_SERVER = re.compile(r"[A-Za-z0-9_.:/\[\]-]{1,100}")
_LAST_PORT = 65535
_IDEMPOTENT_IN_FLIGHT = 5


def bootstrap_servers(value: str) -> t.Tuple[str, ...]:
    """Return the servers of a ``bootstrap.servers``, each as ``host:port`` (IPv6 in brackets), in their order.

    :raises InputError: there is none, or one is not ``host:port``.
    """
    servers = [server.strip() for server in value.split(",") if server.strip()]
    if not servers:
        raise InputError("property bootstrap.servers", "no server given", "Give host:port, separated by commas")
    return tuple(_server(server) for server in servers)


def check(properties: t.Mapping[str, str], truststore: bool, keystore: bool) -> t.Tuple[str, ...]:
    """Check properties whose stores are given separately.

    :param truststore: whether certificates to trust are given; likewise ``keystore``.
    :returns: warnings, as sentences without a full stop.
    :raises InputError: a client with these properties cannot work.
    """
    for name, value in properties.items():
        _value(name, value)
    protocol = properties.get("security.protocol", "")
    if protocol not in PROTOCOLS:
        raise InputError(
            "property security.protocol",
            "unknown protocol" if protocol else "missing",
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
        # It may be anything by mistake, even a password.
        shown = server if _LIKE_A_SERVER.fullmatch(server) else "an entry"
        cause = f"{shown} is not host:port"
        remedy = "Give each server as host:port, separated by commas, an IPv6 address in brackets"
        raise InputError("property bootstrap.servers", cause, remedy)
    return f"{match.group(2)}:{match.group(3)}"


def _value(name: str, value: str) -> None:
    setting = SETTINGS.get(name)
    if setting is None:
        return
    if setting.kind in _NUMBERS:
        _number_of(name, setting, value.strip())
    if setting.kind == "boolean" and value.strip().lower() not in ("true", "false"):
        raise InputError(f"property {name}", "the value is neither true nor false", "Give true or false")
    given = value.strip().upper() if setting.ignore_case else value.strip()
    if setting.values and given not in setting.values and name != "security.protocol":  # see check()
        raise InputError(
            f"property {name}", "Kafka's clients refuse the value", f"Give one of {', '.join(setting.values)}"
        )
    if name == "ssl.endpoint.identification.algorithm" and value.lower() not in ("", "https"):
        raise InputError(
            f"property {name}",
            "Kafka accepts https and the empty string only",
            'Give https, or "" to turn off the check of host names',
        )


def _number_of(name: str, setting: Setting, value: str) -> None:
    if not _NUMBERS[setting.kind].fullmatch(value) or len(value) > _MAX_DIGITS:
        raise InputError(
            f"property {name}", f"the value is not a number of Kafka's type {setting.kind}", "Give a number"
        )
    low, high = setting.low, setting.high
    if setting.kind in _BITS:
        half: int = 1 << (_BITS[setting.kind] - 1)
        low, high = -half if low is None else low, half - 1 if high is None else high
    number = float(value) if setting.kind == "double" else int(value)
    if (low is not None and number < low) or (high is not None and number > high):
        raise InputError(
            f"property {name}", "Kafka's clients refuse the number", f"Give a number between {low} and {high}"
        )


def _stores(properties: t.Mapping[str, str], protocol: str, truststore: bool, keystore: bool) -> None:
    given = [name for name in STORE_LOCATIONS if name in properties]
    given += [role for role, is_given in (("truststore", truststore), ("keystore", keystore)) if is_given]
    if given and not protocol.endswith("SSL"):
        raise InputError(
            "property security.protocol",
            f"{protocol} uses no certificates, but {' and '.join(given)} is given",
            f"Use {'SASL_SSL' if protocol.startswith('SASL') else 'SSL'}, or omit the stores",
        )
    pem = properties.get("ssl.keystore.type", "").upper() == "PEM"
    if "ssl.keystore.location" in properties and "ssl.keystore.password" not in properties and not pem:
        raise InputError(
            "property ssl.keystore.location", "ssl.keystore.password is missing", "Give the password of the store"
        )


def _sasl(properties: t.Mapping[str, str]) -> t.List[str]:
    mechanism = properties.get("sasl.mechanism")
    if not mechanism:
        raise InputError(
            "property sasl.mechanism",
            "missing; Kafka's default is GSSAPI (Kerberos)",
            f"Give one of {', '.join(MECHANISMS)}",
        )
    if mechanism not in MECHANISMS:
        near = difflib.get_close_matches(mechanism.upper(), MECHANISMS, 1)
        raise InputError(
            "property sasl.mechanism",
            "unknown mechanism",
            f"Did you mean {near[0]}?" if near else f"Give one of {', '.join(MECHANISMS)}",
        )
    text = properties.get("sasl.jaas.config")
    if text is None:
        raise InputError(
            "property sasl.jaas.config",
            f"missing, and sasl.mechanism {mechanism} needs it",
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
                f"the login module {login.module} does not match sasl.mechanism {mechanism}",
                f"Use {MECHANISMS[mechanism][0]}",
            )
        return [f"property sasl.jaas.config: the login module {login.module} is not one of Kafka's own"]
    if mechanism.startswith(("PLAIN", "SCRAM")):
        for option in ("username", "password"):
            if not login.options.get(option):
                raise InputError(
                    "property sasl.jaas.config", f"{option} is missing", f'Add {option}="…" before the semicolon'
                )
    return []


def _oauth(properties: t.Mapping[str, str], login: jaas.Jaas) -> t.List[str]:
    url = properties.get("sasl.oauthbearer.token.endpoint.url")
    handler = properties.get("sasl.login.callback.handler.class")
    if not url and not handler and not any(name.startswith("unsecured") for name in login.options):
        raise InputError(
            "property sasl.mechanism",
            "OAUTHBEARER needs a source of tokens",
            "Give sasl.oauthbearer.token.endpoint.url",
        )
    if url and not handler:
        return [
            "property sasl.oauthbearer.token.endpoint.url: Java clients use it only together with "
            "sasl.login.callback.handler.class (OAuthBearerLoginCallbackHandler of their release)"
        ]
    return []


def _no_sasl(properties: t.Mapping[str, str], protocol: str) -> None:
    for name in ("sasl.jaas.config", "sasl.mechanism"):
        if name in properties:
            raise InputError(
                "property security.protocol",
                f"{protocol} has no login, but {name} is given",
                f"Use {'SASL_SSL' if protocol == 'SSL' else 'SASL_PLAINTEXT'}, or omit the sasl properties",
            )


def _contradictions(properties: t.Mapping[str, str]) -> None:
    def fault(name: str, cause: str, remedy: str) -> InputError:
        return InputError(f"property {name}", cause, remedy)

    idempotent = properties.get("enable.idempotence", "").lower()
    if idempotent == "true" and properties.get("acks", "all") not in ("all", "-1"):
        raise fault("acks", "enable.idempotence is true and needs acks=all", "Set acks to all")
    if idempotent == "true" and _number(properties, "retries", 1) == 0:
        raise fault("retries", "enable.idempotence is true and needs retries", "Omit it")
    if idempotent == "true" and _number(properties, "max.in.flight.requests.per.connection", 5) > _IDEMPOTENT_IN_FLIGHT:
        raise fault(
            "max.in.flight.requests.per.connection",
            "enable.idempotence is true and allows 5 at most",
            "Give a number between 1 and 5",
        )
    if idempotent == "false" and "transactional.id" in properties:
        raise fault("enable.idempotence", "false, and transactional.id needs it", "Omit one of them")
    if _number(properties, "heartbeat.interval.ms", 0) >= _number(properties, "session.timeout.ms", float("inf")):
        raise fault(
            "heartbeat.interval.ms", "must be lower than session.timeout.ms", "Give a third of session.timeout.ms"
        )


def _number(properties: t.Mapping[str, str], name: str, default: float) -> float:
    return float(properties[name]) if name in properties else default


@functools.lru_cache(maxsize=256)
def _unknown(name: str) -> str:
    """Return the warning about an unknown name. Cached, as the search for a near name is slow."""
    if name in _LIBRDKAFKA_NAMES:
        raise InputError(
            f"property {name}",
            "this is librdkafka's name, but the name of Java's clients is needed",
            f"Give {_LIBRDKAFKA_NAMES[name]}",
        )
    near = difflib.get_close_matches(name, SETTINGS, 1, 0.8)
    guess = f"; did you mean {near[0]}?" if near else ""
    return f"property {name}: unknown to Kafka's clients, passed on unchanged{guess}"
