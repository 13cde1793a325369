# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Check Kafka client properties before anything is connected to or written.

The rules are those of Kafka's clients: security protocol, stores and SASL properties must match, values must have the
type and range that Kafka expects, and names should be names that Kafka knows.
"""

from __future__ import annotations

import functools
import re
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError

from . import jaas
from .java_configs import SETTINGS

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

#: The beginnings of the properties that name versions, suites and algorithms.
_TLS_NAMES = (
    "ssl.enabled.",
    "ssl.protocol",
    "ssl.cipher.",
    "ssl.endpoint.",
    "ssl.trustmanager.",
    "ssl.keymanager.",
    "ssl.secure.",
    "ssl.provider",
)
#: The properties with the same meaning as the fields of a store option, by role and field.
STORE_PROPERTIES: t.Dict[str, t.Dict[str, str]] = {
    "truststore": {
        "path": "ssl.truststore.location",
        "type": "ssl.truststore.type",
        "password": "ssl.truststore.password",
    },
    "keystore": {
        "path": "ssl.keystore.location",
        "type": "ssl.keystore.type",
        "password": "ssl.keystore.password",
        "key_password": "ssl.key.password",
    },
}
STORE_LOCATIONS = tuple(fields["path"] for fields in STORE_PROPERTIES.values())

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

#: The ends of the names of properties that name classes.
_CLASS_NAMES = ("class", "classes", "serializer", "reporters", "strategy", "security.providers")
_PLACEHOLDER = re.compile(r"\$\{([^}:]*):[^}]*\}")
_HOST = r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_.])?|\[[0-9A-Fa-f:.%A-Za-z0-9]*:[0-9A-Fa-f:.%A-Za-z0-9]*\])"
_SERVER = re.compile(rf"(?:([A-Za-z0-9_]+)://)?({_HOST}|):([0-9]{{1,5}})")
#: An IPv6 address without brackets, as Java takes it.
_BARE = re.compile(r"([0-9A-Fa-f]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f.]*):([0-9]{1,5})")
_LIKE_A_SERVER = re.compile(r"[A-Za-z0-9_.:/\[\]-]{1,100}")
_LAST_PORT = 65535


def bootstrap_servers(value: str) -> t.Tuple[str, ...]:
    """Return the servers of a ``bootstrap.servers``, each as ``host:port`` (IPv6 in brackets), in their order.

    :raises InputError: there is none, or one is not ``host:port``.
    """
    servers = [server.strip() for server in value.split(",") if server.strip()]
    if not servers:
        raise InputError("property bootstrap.servers", "no server given", "Give host:port, separated by commas")
    return tuple(_server(server) for server in servers)


def check(properties: t.Mapping[str, str], truststore: bool, keystore: bool) -> t.Tuple[str, ...]:
    """Check properties whose stores are given separately, after :func:`java_rules.judge` did.

    :param truststore: whether certificates to trust are given as an option; likewise ``keystore``.
    :returns: warnings, as sentences without a full stop.
    :raises InputError: a client with these properties cannot work.
    """
    found: t.List[str] = []
    protocol = properties.get("security.protocol", "")
    if protocol not in PROTOCOLS:
        raise InputError(
            "property security.protocol",
            "unknown protocol" if protocol else "missing",
            f"Give one of {', '.join(PROTOCOLS)}",
        )
    check_placeholders(properties)
    if any(name.endswith(_CLASS_NAMES) for name in properties):
        from . import class_notes  # noqa: PLC0415  (rarely needed)

        found += class_notes.classes(properties)
    found += _stores(properties, protocol, truststore, keystore)
    if protocol.endswith("SSL") and any(name.startswith(_TLS_NAMES) for name in properties):
        from . import java_tls  # noqa: PLC0415  (rarely needed)

        found += java_tls.check(properties)
    found += [_unknown(name) for name in properties if name not in SETTINGS]
    if protocol.startswith("SASL"):
        found += _sasl(properties)
    else:
        found += _no_sasl(properties, protocol)
    return tuple(found)


def _server(server: str) -> str:
    match = _SERVER.fullmatch(_BARE.sub(r"[\1]:\2", server) if _BARE.fullmatch(server) else server)
    if not match or not 0 < int(match.group(3)) <= _LAST_PORT:
        # It may be anything by mistake, even a password.
        shown = server if _LIKE_A_SERVER.fullmatch(server) else "an entry"
        cause = f"{shown} is not host:port"
        if " " in server or ";" in server:
            cause += ", of which clients of Kafka 3.4 take a part, and later ones nothing"
        remedy = "Give each server as host:port, separated by commas, an IPv6 address in brackets"
        raise InputError("property bootstrap.servers", cause, remedy)
    return f"{match.group(2) or 'localhost'}:{match.group(3)}"


def _stores(properties: t.Mapping[str, str], protocol: str, truststore: bool, keystore: bool) -> t.List[str]:
    options = [role for role, is_given in (("truststore", truststore), ("keystore", keystore)) if is_given]
    if not protocol.endswith("SSL"):
        if options:
            raise InputError(
                "property security.protocol",
                f"{protocol} uses no certificates, but {' and '.join(options)} is given",
                f"Use {_with_certificates(protocol)}, or omit the stores",
            )
        located = [name for name in STORE_LOCATIONS if properties.get(name)]
        return [
            f"property {name}: {protocol} uses no certificates, so it has no effect. Should security.protocol be "
            f"{_with_certificates(protocol)}?"
            for name in located
        ]
    pem = properties.get("ssl.keystore.type", "").upper() == "PEM"
    if properties.get("ssl.keystore.location") and "ssl.keystore.password" not in properties and not pem:
        raise InputError(
            "property ssl.keystore.location", "ssl.keystore.password is missing", "Give the password of the store"
        )
    return []


def _with_certificates(protocol: str) -> str:
    return "SASL_SSL" if protocol.startswith("SASL") else "SSL"


def _sasl(properties: t.Mapping[str, str]) -> t.List[str]:
    mechanism = properties.get("sasl.mechanism")
    if not mechanism:
        raise InputError(
            "property sasl.mechanism",
            "missing; Kafka's default is GSSAPI (Kerberos)",
            f"Give one of {', '.join(MECHANISMS)}",
        )
    if mechanism not in MECHANISMS:
        near = _near(mechanism.upper(), MECHANISMS, 0.6)
        raise InputError(
            "property sasl.mechanism",
            "unknown mechanism: Kafka's brokers have none of this name",
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
    if mechanism in ("GSSAPI", "OAUTHBEARER"):
        from . import login_rules  # noqa: PLC0415  (rarely needed)

        notes += login_rules.check(mechanism, properties, login)
    return notes


def _login_module(login: jaas.Jaas, mechanism: str) -> t.List[str]:
    known = [module for modules in MECHANISMS.values() for module in modules]
    if login.module not in MECHANISMS[mechanism]:
        near = _near(login.module, known)
        if login.module in known or near:
            raise InputError(
                "property sasl.jaas.config",
                f"the login module {login.module} does not match sasl.mechanism {mechanism}",
                f"Use {MECHANISMS[mechanism][0]}",
            )
        return [
            f"property sasl.jaas.config: the login module {login.module} is not one of Kafka's own: Java needs it on "
            "the class path"
        ]
    if mechanism.startswith(("PLAIN", "SCRAM")):
        for option in ("username", "password"):
            if login.options.get(option) == "":
                raise InputError(
                    "property sasl.jaas.config", f"{option} is empty, and Kafka's brokers refuse that", "Give it"
                )
            if option not in login.options:
                raise InputError(
                    "property sasl.jaas.config", f"{option} is missing", f'Add {option}="…" before the semicolon'
                )
    return []


def check_placeholders(properties: t.Mapping[str, str]) -> None:
    """Check that no value is one that a config provider of Java puts in its place.

    :raises InputError: one is.
    """
    providers = {part.strip() for part in properties.get("config.providers", "").split(",") if part.strip()}
    for name, value in properties.items() if providers else ():
        if any(match.group(1) in providers for match in _PLACEHOLDER.finditer(value)):
            raise InputError(
                f"property {name}",
                "its value is a placeholder of config.providers: Java clients put the value in its place, but other "
                "clients do not, and this collection does not either",
                "Give the value itself",
            )


def _no_sasl(properties: t.Mapping[str, str], protocol: str) -> t.List[str]:
    given = [name for name in ("sasl.jaas.config", "sasl.mechanism") if name in properties]
    login = "SASL_SSL" if protocol == "SSL" else "SASL_PLAINTEXT"
    return [
        f"property {name}: {protocol} has no login, so it has no effect. Should security.protocol be {login}?"
        for name in given
    ]


def _near(text: str, known: t.Iterable[str], cutoff: float = 0.8) -> t.List[str]:
    import difflib  # noqa: PLC0415  (needed for mistakes only)

    return difflib.get_close_matches(text, list(known), 1, cutoff)


@functools.lru_cache(maxsize=256)
def _unknown(name: str) -> str:
    """Return the warning about an unknown name. Cached, as the search for a near name is slow."""
    if name in _LIBRDKAFKA_NAMES:
        raise InputError(
            f"property {name}",
            "this is librdkafka's name, but the name of Java's clients is needed",
            f"Give {_LIBRDKAFKA_NAMES[name]}",
        )
    near = _near(name, SETTINGS)
    guess = f"; did you mean {near[0]}?" if near else ""
    return f"property {name}: unknown to Kafka's clients, passed on unchanged{guess}"
