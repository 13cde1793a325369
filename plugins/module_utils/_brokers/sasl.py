# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Log in to a broker with SASL: PLAIN (RFC 4616), SCRAM (RFC 5802) and OAUTHBEARER (RFC 7628).

Standard library only, so that a managed host can log in without confluent-kafka.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import struct
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import jaas
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.declaration import KafkaDeclaration

from . import wire
from .wire_reader import Reader

SASL_AUTHENTICATE = 36
_HASHES = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-512": "sha512"}
_TOKENS = ("OAUTHBEARER", "AWS_MSK_IAM")
#: What Kafka's own clients and brokers accept is 4096 to 16384: from fewer, who listens guesses the password sooner.
#: https://github.com/apache/kafka/blob/4.1.0/clients/src/main/java/org/apache/kafka/common/security/scram/internals/ScramMechanism.java
_MIN_ITERATIONS, _MAX_ITERATIONS = 4096, 1_000_000
_BINDING = base64.b64encode(b"n,,")  # no channel binding


class LoginRefused(Exception):
    """The broker refused the login, or the two sides cannot agree on one.

    :param final: another try with the same login will not help.
    """

    def __init__(self, cause: str, final: bool = True) -> None:
        super().__init__(cause)
        self.final = final


def supports(client: KafkaDeclaration) -> bool:
    """Tell whether :func:`log_in` knows the mechanism of a declaration."""
    mechanism = client.properties.get("sasl.mechanism", "")
    return mechanism == "PLAIN" or mechanism in _HASHES or mechanism in _TOKENS


def needs_token(client: KafkaDeclaration) -> bool:
    """Tell whether the mechanism of a declaration takes a token."""
    return client.properties.get("sasl.mechanism", "") in _TOKENS


def log_in(stream: wire.Stream, client: KafkaDeclaration, token: str = "") -> None:
    """Log in on a connection.

    :param client: a declaration with a mechanism that :func:`supports` knows.
    :param token: the token of OAUTHBEARER and AWS_MSK_IAM.
    :raises LoginRefused: the broker refused the login.
    :raises WireError: something else than Kafka answers.
    :raises OSError: the connection fails.
    """
    # Amazon's brokers take their signed token as OAUTHBEARER.
    mechanism = client.properties["sasl.mechanism"].replace("AWS_MSK_IAM", "OAUTHBEARER")
    handshake = wire.sasl_handshake(stream, mechanism)
    if handshake.error:
        offered = ", ".join(handshake.mechanisms) or "none"
        raise LoginRefused(f"the broker does not accept {mechanism}; it offers {offered}")
    options = jaas.parse(client.properties["sasl.jaas.config"]).options
    if mechanism == "OAUTHBEARER":
        extensions = [f"{name[10:]}={value}" for name, value in options.items() if name.startswith("extension_")]
        answer = _send(stream, "\x01".join(["n,,", f"auth=Bearer {token}", *extensions, "", ""]).encode())
        if answer:
            raise LoginRefused("the broker refused the token")
        return
    user, password = options.get("username", ""), options.get("password", "")
    if mechanism == "PLAIN":
        _send(stream, f"\0{user}\0{password}".encode())
    else:
        _scram(stream, _HASHES[mechanism], user, password, options.get("tokenauth", "").lower() == "true")


def _scram(stream: wire.Stream, algorithm: str, user: str, password: str, by_token: bool) -> None:
    nonce = secrets.token_urlsafe(24).encode()
    name = user.replace("=", "=3D").replace(",", "=2C").encode()
    first = b"n=" + name + b",r=" + nonce + (b",tokenauth=true" if by_token else b"")
    answer = _send(stream, b"n,," + first)
    given = _attributes(answer)
    try:
        salt, iterations = base64.b64decode(given[b"s"], validate=True), int(given[b"i"])
        combined = given[b"r"]
    except (KeyError, ValueError, binascii.Error):
        raise LoginRefused("the broker's answer is not SCRAM", final=False) from None
    if not combined.startswith(nonce) or not _MIN_ITERATIONS <= iterations <= _MAX_ITERATIONS:
        raise LoginRefused("the broker's answer is not SCRAM", final=False)
    salted = hashlib.pbkdf2_hmac(algorithm, password.encode(), salt, iterations)
    final = b"c=" + _BINDING + b",r=" + combined
    signed = first + b"," + answer + b"," + final
    key = _hmac(algorithm, salted, b"Client Key")
    signature = _hmac(algorithm, hashlib.new(algorithm, key).digest(), signed)
    proof = bytes(left ^ right for left, right in zip(key, signature))
    end = _attributes(_send(stream, final + b",p=" + base64.b64encode(proof)))
    wanted = base64.b64encode(_hmac(algorithm, _hmac(algorithm, salted, b"Server Key"), signed))
    if not hmac.compare_digest(end.get(b"v", b""), wanted):
        raise LoginRefused("the broker does not know the password", final=False)


def _hmac(algorithm: str, key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, algorithm).digest()


def _attributes(message: bytes) -> t.Dict[bytes, bytes]:
    parts = (part.partition(b"=") for part in message.split(b","))
    return {name: value for name, equals, value in parts if equals}


def _send(stream: wire.Stream, content: bytes) -> bytes:
    """Send one message of the login and return the broker's."""
    answer = Reader(wire.ask(stream, SASL_AUTHENTICATE, 0, struct.pack(">i", len(content)) + content))
    error, cause, message = answer.int16(), answer.string(), answer.data()
    if error:
        raise LoginRefused(cause or f"error {error}")
    return message
