# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A token endpoint that answers whatever it likes: bounded in time and bytes, and always a fault with a name."""

from __future__ import annotations

import contextlib
import math
import socket
import time
import typing as t

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._brokers import token_requests, tokens

from tests.probe import servers

OK = b"HTTP/1.1 200 OK\r\n"


def answering(*parts: bytes, pause: float = 0.0, endless: bytes = b"") -> servers.Serve:
    def serve(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            connection.recv(65536)
            for part in parts:
                connection.sendall(part)
            while endless:
                connection.sendall(endless)
                time.sleep(pause)
            # Read what is left of the request: a close before that resets the connection.
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(1)
            while connection.recv(65536):
                pass

    return serve


def fetch(serve: servers.Serve, timeout: float = 0.6) -> tokens.Token:
    with servers.server(serve) as address:
        return token_requests.fetch(tokens.TokenEndpoint(f"http://{address}/token", "id", "canary-Secret"), (), timeout)


def body(content: bytes) -> bytes:
    return OK + b"Content-Length: %d\r\n\r\n" % len(content) + content


@pytest.mark.parametrize(
    ("serve", "reason"),
    [
        (answering(endless=b"H", pause=0.1), "token_endpoint_timeout"),
        (answering(OK, endless=b"X", pause=0.1), "token_endpoint_timeout"),
        (answering(endless=b"HTTP/1.1 100 Continue\r\n\r\n", pause=0.01), "token_endpoint_timeout"),
        (answering(OK + b"Content-Length: 90000\r\n\r\n", endless=b" ", pause=0.1), "token_endpoint_timeout"),
        (answering(OK + b"\r\n", endless=b" " * 4096), "token_invalid_answer"),
        (answering(OK, endless=b"A: b\r\n"), "token_invalid_answer"),
        (answering(body(b"[" * 60_000)), "token_invalid_answer"),
        (answering(body(b'{"access_token": 7}')), "token_invalid_answer"),
        (answering(body(b'{"access_token": "t", "expires_in": {}}')), "token_invalid_answer"),
        (answering(body(b"[]")), "token_invalid_answer"),
        (answering(b"\xff\xfe\x00"), "token_invalid_answer"),
        (answering(b"HTTP/1.1 999 \xff\r\n\r\n"), "token_invalid_answer"),
        (answering(b"HTTP/1.1 401 No\r\n\r\n" + b"{" * 60_000), "token_denied"),
        (answering(), "token_invalid_answer"),
    ],
)
def test_hostile_endpoints(serve: servers.Serve, reason: str) -> None:
    began = time.monotonic()
    with pytest.raises(tokens.TokenFault) as raised:
        fetch(serve)
    assert (raised.value.reason, bool(raised.value.detail)) == (reason, True)
    assert time.monotonic() - began < 1.6
    assert "canary-Secret" not in str(raised.value)


@pytest.mark.parametrize(("told", "life"), [("60", 120), ("600", 600), ("NaN", 120), ("Infinity", 365 * 86400)])
def test_the_life_of_a_token_is_a_sound_number(told: str, life: int) -> None:
    token = fetch(answering(body(f'{{"access_token": "t", "expires_in": {told}}}'.encode())), 5)
    assert math.isclose(token.expires, time.time() + life, abs_tol=10)


@pytest.mark.parametrize("url", ["http://[::1/token", "http://127.0.0.1:99999/token", "ftp://idp/token", "http:///"])
def test_urls_that_are_none(url: str) -> None:
    with pytest.raises(tokens.TokenFault) as raised:
        token_requests.fetch(tokens.TokenEndpoint(url, "id", "s"), (), 2)
    assert raised.value.reason == "token_endpoint_unreachable"


def test_a_name_server_that_never_answers_does_not_hold_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_args: t.Any, **_more: t.Any) -> t.NoReturn:
        time.sleep(5)
        raise OSError

    monkeypatch.setattr(token_requests.socket, "getaddrinfo", never)
    began = time.monotonic()
    with pytest.raises(tokens.TokenFault) as raised:
        token_requests.fetch(tokens.TokenEndpoint("http://idp.example/token", "id", "s"), (), 0.3)
    assert raised.value.reason == "token_endpoint_timeout"
    assert time.monotonic() - began < 2
