# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""What is known of a login: what the listener said of it before, where tokens come from, and why it was refused."""

from __future__ import annotations

import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import probe_transport, wire
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.client import KafkaClient
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.dialect_librdkafka import LibrdkafkaConfig

_KAFKA_4 = (4, 0)
#: Before this release librdkafka repeated the SCRAM client nonce, which Kafka 4.0 and newer refuse (its pull request
#: 4895).
_SCRAM_FIXED = (2, 6, 1)
_FAULT_DETAILS = {
    "closed": "the connection was closed without an answer",
    "silent": "no answer",
    "http": "an HTTP server answers there",
    "not_kafka": "what answers there does not speak Kafka's protocol",
    "tls": "the port answers in TLS inside of TLS",
}


class TokenFault(Exception):
    """No token could be had.

    :param reason: a code of :mod:`probe_reasons`.
    :param detail: what was seen, without secrets.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


class Token:
    """A token, which is a secret.

    :param expires: seconds since 1970.
    :param principal: who it says that it is for.
    :param doubt: why a broker with a right clock would refuse it; empty where it looks good.
    """

    def __init__(self, value: str, expires: float, principal: str = "", doubt: str = "") -> None:
        self.value = value
        self.expires = expires
        self.principal = principal
        self.doubt = doubt


class Endpoint:
    """Where tokens come from, and what is shown there (OAuth 2 client credentials, RFC 6749 section 4.4).

    :param encode: encode id and secret as RFC 6749 says; Java does so when sasl.oauthbearer.header.urlencode is true.
    """

    def __init__(self, url: str, client_id: str, secret: str, scope: str = "", encode: bool = False) -> None:
        self.url = url
        self.client_id = client_id
        self.secret = secret
        self.scope = scope
        self.encode = encode


class Fault(t.NamedTuple):
    """Why a server cannot be used: the stage that failed, a code of :mod:`probe_reasons`, and what was seen."""

    stage: str
    reason: str
    detail: str


def logs_in(client: KafkaClient) -> bool:
    """Whether the declaration logs in with SASL."""
    return client.properties["security.protocol"].startswith("SASL")


def unanswered(one: probe_transport.Checked, client: KafkaClient) -> t.Optional[Fault]:
    """What is wrong with the answers that a server gave before any login; None where they fit the declaration."""
    sasl = logs_in(client)
    if one.fault:
        reason = one.fault if one.fault in ("silent", "closed") else "not_kafka"
        detail = one.fault_detail or _FAULT_DETAILS.get(one.fault, "")
        return Fault("sasl" if sasl else "metadata", reason, detail)
    answer = one.answer
    no_login = answer is None or answer.error == wire.ILLEGAL_SASL_STATE
    if sasl and no_login:
        return Fault("sasl", "sasl_not_enabled", "the listener takes no login")
    if answer is None or no_login:
        return None
    offered = ", ".join(answer.mechanisms) or "none"
    if not sasl:
        return Fault("sasl", "sasl_expected", f"mechanisms that the listener offers: {offered}")
    if answer.error:
        mechanism = client.properties["sasl.mechanism"]
        return Fault("sasl", "mechanism_not_offered", f"{mechanism} is not among those offered: {offered}")
    return None


def get_token(client: KafkaClient, config: LibrdkafkaConfig, timeout: float) -> t.Optional[Token]:
    """The token for OAUTHBEARER or AWS_MSK_IAM; None for mechanisms without, and for grants that the library sees to.

    :raises TokenFault: there is none to be had.
    """
    endpoint = token_endpoint(client, config)
    if config.msk_iam is None and endpoint is None:
        if config.needs and client.properties.get("sasl.mechanism") == "OAUTHBEARER":
            raise TokenFault(
                "token_source_unknown", "the tokens come from a Java class, which is of no use to the probe"
            )
        return None
    # Only here: it takes a while to import, and few logins need it.
    from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import probe_token  # noqa: PLC0415

    if endpoint is None:
        return probe_token.fetch_msk_iam(config.msk_iam) if config.msk_iam else None
    return probe_token.fetch(endpoint, client.truststore.certificates if client.truststore else (), timeout)


def token_source(client: KafkaClient, config: LibrdkafkaConfig) -> str:
    """What a report calls the place that tokens come from."""
    endpoint = token_endpoint(client, config)
    if endpoint is None:
        return client.properties["sasl.mechanism"]
    # Without user, query and fragment, where a secret may be.
    address, _question_mark, _query = endpoint.url.partition("?")
    scheme, separator, rest = address.partition("#")[0].partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"


def token_endpoint(client: KafkaClient, config: LibrdkafkaConfig) -> t.Optional[Endpoint]:
    """Where tokens come from, for the grant with an id and a secret; the library knows the other by itself."""
    given = config.config
    if given.get("sasl.oauthbearer.method") != "oidc" or "sasl.oauthbearer.grant.type" in given:
        return None
    return Endpoint(
        url=given["sasl.oauthbearer.token.endpoint.url"],
        client_id=given.get("sasl.oauthbearer.client.id", ""),
        secret=given.get("sasl.oauthbearer.client.secret", ""),
        scope=given.get("sasl.oauthbearer.scope", ""),
        encode=client.properties.get("sasl.oauthbearer.header.urlencode", "").lower() == "true",
    )


def for_library(config: LibrdkafkaConfig, token: t.Optional[Token]) -> t.Dict[str, str]:
    """The library's configuration; without its own way to tokens where there is one already."""
    if token is None:
        return dict(config.config)
    return {name: value for name, value in config.config.items() if not name.startswith("sasl.oauthbearer.")}


def why_refused(
    client: KafkaClient,
    token: t.Optional[Token],
    releases: t.Optional[wire.Releases],
    library: t.Tuple[int, ...],
) -> str:
    """Tell a wrong password from a token, and from a library that a right password does not help."""
    mechanism = client.properties["sasl.mechanism"]
    if mechanism in ("OAUTHBEARER", "AWS_MSK_IAM"):
        return "token_not_valid_now" if token and token.doubt else "token_refused"
    if library < _SCRAM_FIXED and shuts_out_old_clients(mechanism, releases):
        return "client_too_old"
    return "credentials_refused"


def shuts_out_old_clients(mechanism: str, releases: t.Optional[wire.Releases]) -> bool:
    """Whether brokers of these releases refuse this mechanism from old clients though the password is right."""
    newer = releases is not None and releases.oldest is not None and releases.oldest >= _KAFKA_4
    return mechanism.startswith("SCRAM") and newer
