# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the token of a login comes from, and what librdkafka is told of it."""

from __future__ import annotations

import base64
import json
import time
import typing as t
import urllib.parse

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers import login, tokens
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import declaration, dialect_librdkafka, jaas

from tests.probe import servers
from tests.unit.brokers.test_token_requests import answering, body

SERVERS = {"bootstrap.servers": "b:9092", "security.protocol": "SASL_PLAINTEXT"}
OAUTH = {**SERVERS, "sasl.mechanism": "OAUTHBEARER", "sasl.login.callback.handler.class": "com.example.Handler"}
LOGIN = {"clientId": "the id", "clientSecret": "canary/Secret", "scope": "s"}


def declared(url: str = "", **changes: str) -> tuple[declaration.KafkaDeclaration, dialect_librdkafka.LibrdkafkaConfig]:
    config = jaas.render(jaas.Jaas(jaas.OAUTH_MODULE, "required", LOGIN))
    source = {"sasl.oauthbearer.token.endpoint.url": url} if url else {}
    properties = {**OAUTH, "sasl.jaas.config": config, **source, **changes}
    client = declaration.declare(properties, None, None)
    return client, dialect_librdkafka.librdkafka(client)


def plain() -> tuple[declaration.KafkaDeclaration, dialect_librdkafka.LibrdkafkaConfig]:
    config = jaas.render(jaas.Jaas(jaas.PLAIN_MODULE, "required", {"username": "u", "password": "canary"}))
    properties = {**SERVERS, "sasl.mechanism": "PLAIN", "sasl.jaas.config": config}
    client = declaration.declare(properties, None, None)
    return client, dialect_librdkafka.librdkafka(client)


def jwt(**claims: t.Any) -> str:
    parts = ({"alg": "none"}, {"sub": "alice", "exp": time.time() + 600, **claims})
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + "."


class Endpoint:
    """A token endpoint that keeps what it was asked."""

    def __init__(self, token: str, expires_in: int = 300) -> None:
        self.asked = b""
        self._answer = body(json.dumps({"access_token": token, "expires_in": expires_in}).encode())

    def __call__(self, connection: t.Any) -> None:
        with connection:
            while b"\r\n\r\n" not in self.asked or not self.asked.partition(b"\r\n\r\n")[2]:
                self.asked += connection.recv(65536)
            connection.sendall(self._answer)

    @property
    def credentials(self) -> str:
        line = next(line for line in self.asked.split(b"\r\n") if line.lower().startswith(b"authorization: basic "))
        return base64.b64decode(line.split()[-1]).decode()

    @property
    def form(self) -> dict[str, list[str]]:
        return urllib.parse.parse_qs(self.asked.partition(b"\r\n\r\n")[2].decode())


def test_who_logs_in() -> None:
    assert login.logs_in(plain()[0])
    assert not login.logs_in(declaration.declare({**SERVERS, "security.protocol": "PLAINTEXT"}, None, None))


@pytest.mark.parametrize("encoded", [False, True])
def test_a_token_is_requested_with_the_id_and_the_secret(encoded: bool) -> None:
    endpoint = Endpoint(jwt())
    with servers.server(endpoint) as address:
        changes = {"sasl.oauthbearer.header.urlencode": "true"} if encoded else {}
        token = login.get_token(*declared(f"http://{address}/token", **changes), 5)
    assert token is not None
    assert (token.value, token.principal, token.doubt) == (jwt_of(endpoint), "alice", "")
    assert 0 < token.expires - time.time() <= 600
    assert endpoint.credentials == ("the+id:canary%2FSecret" if encoded else "the id:canary/Secret")
    assert endpoint.form == {"grant_type": ["client_credentials"], "scope": ["s"]}


def jwt_of(endpoint: Endpoint) -> str:
    return str(json.loads(endpoint._answer.partition(b"\r\n\r\n")[2])["access_token"])


def test_an_endpoint_that_refuses() -> None:
    answer = b'HTTP/1.1 401 No\r\nContent-Length: 26\r\n\r\n{"error":"invalid_client"}'
    with servers.server(answering(answer)) as address, pytest.raises(tokens.TokenFault) as raised:
        login.get_token(*declared(f"http://{address}/token"), 5)
    assert raised.value.reason == "token_denied"
    assert "invalid_client" in raised.value.detail and "canary" not in str(raised.value)


def test_other_logins_need_no_token() -> None:
    assert login.get_token(*plain(), 5) is None
    assert login.token_source(*plain()) == "PLAIN"


def test_tokens_of_a_java_class_are_a_fault_with_a_name() -> None:
    with pytest.raises(tokens.TokenFault) as raised:
        login.get_token(*declared(), 5)
    assert raised.value.reason == "token_source_unknown"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://idp.example.com/a/token", "https://idp.example.com/a/token"),
        ("https://u:canary@idp.example.com/token", "https://idp.example.com/token"),
        ("https://idp.example.com/token?key=canary#canary", "https://idp.example.com/token"),
        ("https://idp.example.com:8443/token#canary?x", "https://idp.example.com:8443/token"),
    ],
)
def test_the_source_is_named_without_what_may_be_secret(url: str, shown: str) -> None:
    assert login.token_source(*declared(url)) == shown


def test_the_library_requests_no_second_token() -> None:
    client, config = declared("https://idp.example.com/token")
    assert "sasl.oauthbearer.client.secret" in login.for_library(config, None)
    with_token = login.for_library(config, tokens.Token("t", 0))
    assert with_token["sasl.mechanism"] == "OAUTHBEARER" and with_token["bootstrap.servers"] == "b:9092"
    assert not [name for name in with_token if name.startswith("sasl.oauthbearer.")]
    assert login.logs_in(client)
