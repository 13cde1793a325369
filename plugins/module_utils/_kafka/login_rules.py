# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Check logins with OAUTHBEARER and Kerberos as Java's clients do."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError

from . import jaas

_EXTENSION = "extension_"
#: Kafka's handlers that fetch tokens: of today, and the name that clients before 4.0 have as well.
_TOKEN_HANDLERS = tuple(
    f"org.apache.kafka.common.security.oauthbearer.{package}OAuthBearerLoginCallbackHandler"
    for package in ("", "secured.")
)
_URL = re.compile(r"(?:https?|file):", re.IGNORECASE)


def check(mechanism: str, properties: t.Mapping[str, str], login: jaas.Jaas) -> t.List[str]:
    """Return notes.

    :param mechanism: ``GSSAPI`` or ``OAUTHBEARER``.
    :raises InputError: no Java client could log in with it.
    """
    return _kerberos(properties, login) if mechanism == "GSSAPI" else _oauth(properties, login)


def _oauth(properties: t.Mapping[str, str], login: jaas.Jaas) -> t.List[str]:
    url = properties.get("sasl.oauthbearer.token.endpoint.url", "")
    handler = properties.get("sasl.login.callback.handler.class", "")
    if not url and not handler and not any(name.startswith("unsecured") for name in login.options):
        raise InputError(
            "property sasl.mechanism",
            "OAUTHBEARER needs a source of tokens",
            "Give sasl.oauthbearer.token.endpoint.url",
        )
    if f"{_EXTENSION}auth" in login.options:
        raise InputError("property sasl.jaas.config", "an extension cannot be called auth", "Choose another name")
    if handler in _TOKEN_HANDLERS:
        return _fetched_token(properties, login, url, handler)
    if url and not handler:
        return [
            "property sasl.oauthbearer.token.endpoint.url: Java clients use it only together with "
            "sasl.login.callback.handler.class (OAuthBearerLoginCallbackHandler of their release)"
        ]
    return []


def _fetched_token(properties: t.Mapping[str, str], login: jaas.Jaas, url: str, handler: str) -> t.List[str]:
    """Check a login whose token Kafka's own handler fetches."""
    subject = "property sasl.oauthbearer.token.endpoint.url"
    if not url:
        raise InputError(subject, "missing, and the login handler needs it", "Give the address of the token endpoint")
    if not _URL.match(url):
        raise InputError(subject, "not an address that Java reads", "Give https://HOST/PATH, or file:///PATH")
    notes = []
    if handler == _TOKEN_HANDLERS[1]:
        notes.append(
            "property sasl.login.callback.handler.class: clients from Kafka 4.0 on refuse this class, earlier "
            f"ones accept both. For all from 3.3 on: {_TOKEN_HANDLERS[0]}"
        )
    if url.startswith("file:"):
        return [
            *notes,
            f"{subject}: Java reads the token from this file, which must be there on the host of the client",
        ]
    for name, option in (("client.id", "clientId"), ("client.secret", "clientSecret")):
        full = f"sasl.oauthbearer.client.credentials.{name}"
        if option not in login.options and full not in properties:
            raise InputError("property sasl.jaas.config", f"{option} is missing", f'Add {option}="…"')
        if option not in login.options:
            notes.append(f"property {full}: clients of Kafka 3.4 refuse it without {option} in sasl.jaas.config")
    return [
        *notes,
        f"{subject}: Java clients from Kafka 4.0 on accept it only where the system property "
        "org.apache.kafka.sasl.oauthbearer.allowed.urls has it",
    ]


def _kerberos(properties: t.Mapping[str, str], login: jaas.Jaas) -> t.List[str]:
    if not properties.get("sasl.kerberos.service.name") and not login.options.get("serviceName"):
        raise InputError(
            "property sasl.kerberos.service.name", "missing, and Kerberos needs it", "Give the brokers' name, kafka"
        )
    return ["property sasl.mechanism: Java fetches a Kerberos ticket when the client starts, which is not tried here"]
