# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Log in as a declaration says: get its token, and configure librdkafka for it."""

from __future__ import annotations

import typing as t

from .tokens import Token, TokenEndpoint, TokenFault

if t.TYPE_CHECKING:
    from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.declaration import KafkaDeclaration
    from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.dialect_librdkafka import LibrdkafkaConfig


def logs_in(client: KafkaDeclaration) -> bool:
    """Tell whether the declaration logs in with SASL."""
    return client.properties["security.protocol"].startswith("SASL")


def get_token(client: KafkaDeclaration, config: LibrdkafkaConfig, timeout: float) -> t.Optional[Token]:
    """Return the token for OAUTHBEARER or AWS_MSK_IAM; None for other mechanisms and for librdkafka's own grants.

    :raises TokenFault: no token could be obtained.
    """
    endpoint = token_endpoint(client, config)
    if config.msk_iam is None and endpoint is None:
        if config.needs and client.properties.get("sasl.mechanism") == "OAUTHBEARER":
            raise TokenFault(
                "token_source_unknown", "the tokens come from a Java class, which only Java clients can use"
            )
        return None
    # Imported here, because it is slow and few logins need it.
    from . import token_requests  # noqa: PLC0415

    if endpoint is None:
        return token_requests.fetch_msk_iam(config.msk_iam) if config.msk_iam else None
    return token_requests.fetch(endpoint, client.truststore.certificates if client.truststore else (), timeout)


def token_source(client: KafkaDeclaration, config: LibrdkafkaConfig) -> str:
    """Return the name of the source of tokens in reports."""
    endpoint = token_endpoint(client, config)
    if endpoint is None:
        return client.properties["sasl.mechanism"]
    # Without user, query and fragment, where a secret may be.
    address, _question_mark, _query = endpoint.url.partition("?")
    scheme, separator, rest = address.partition("#")[0].partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"


def token_endpoint(client: KafkaDeclaration, config: LibrdkafkaConfig) -> t.Optional[TokenEndpoint]:
    """Return the token endpoint for the grant with an id and a secret; None for others, which librdkafka requests."""
    given = config.config
    if given.get("sasl.oauthbearer.method") != "oidc" or "sasl.oauthbearer.grant.type" in given:
        return None
    return TokenEndpoint(
        url=given["sasl.oauthbearer.token.endpoint.url"],
        client_id=given.get("sasl.oauthbearer.client.id", ""),
        secret=given.get("sasl.oauthbearer.client.secret", ""),
        scope=given.get("sasl.oauthbearer.scope", ""),
        encode=client.properties.get("sasl.oauthbearer.header.urlencode", "").lower() == "true",
    )


def for_library(config: LibrdkafkaConfig, token: t.Optional[Token]) -> t.Dict[str, str]:
    """Return librdkafka's configuration, without its own request for a token if there is one already."""
    if token is None:
        return dict(config.config)
    return {name: value for name, value in config.config.items() if not name.startswith("sasl.oauthbearer.")}
