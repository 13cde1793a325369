# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The token endpoint for OAUTHBEARER: OAuth client credentials in, RS256 tokens out, and the JWKS that brokers read.

POST /token            a good token for a known client (HTTP Basic or client_id and client_secret in the form)
POST /token/skewed     a token whose times lie an hour ahead: what a server with a wrong clock gives
POST /token/expired    a token that ended an hour ago
POST /token/audience   a token for another audience
POST /token/forged     a token signed with a key that the JWKS does not hold
POST /token/garbage    an answer that is no JSON
POST /token/silent     no answer for a minute
GET  /jwks             the public key
"""

from __future__ import annotations

import argparse
import base64
import http.server
import json
import pathlib
import ssl
import threading
import time
import typing as t
import urllib.parse

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

ISSUER = "https://tokens.test.example"
AUDIENCE = "kafka"
_HOUR = 3600


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _number(value: int) -> str:
    return _b64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


class Issuer:
    """Signs tokens; knows which clients may have them."""

    def __init__(self, clients: t.Mapping[str, str]) -> None:
        self.clients = dict(clients)
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._forger = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def jwks(self) -> dict[str, t.Any]:
        """The public key, as brokers read it."""
        numbers = self._key.public_key().public_numbers()
        key = {
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": "k1",
            "n": _number(numbers.n),
            "e": _number(numbers.e),
        }
        return {"keys": [key]}

    def token(self, subject: str, kind: str) -> dict[str, t.Any]:
        """The body of an answer with a token of `kind` for `subject`."""
        shift = {"skewed": _HOUR, "expired": -2 * _HOUR}.get(kind, 0)
        issued = int(time.time()) + shift
        claims = {
            "iss": ISSUER,
            "sub": subject,
            "aud": "somebody-else" if kind == "audience" else AUDIENCE,
            "iat": issued,
            "nbf": issued,
            "exp": issued + _HOUR,
            "scope": "kafka",
        }
        head = {"alg": "RS256", "typ": "JWT", "kid": "k1"}
        signed = ".".join(_b64(json.dumps(part).encode()) for part in (head, claims))
        key = self._forger if kind == "forged" else self._key
        signature = key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return {"access_token": f"{signed}.{_b64(signature)}", "token_type": "Bearer", "expires_in": _HOUR}


class _Handler(http.server.BaseHTTPRequestHandler):
    issuer: t.ClassVar[Issuer]
    protocol_version = "HTTP/1.1"
    timeout = 60

    def log_message(self, format: str, *args: t.Any) -> None:
        """Says nothing: the form holds secrets."""

    def _answer(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        """The JWKS."""
        if self.path == "/jwks":
            self._answer(200, json.dumps(self.issuer.jwks()).encode())
        else:
            self._answer(404, b"{}")

    def do_POST(self) -> None:
        """A token."""
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode())
        kind = urllib.parse.urlsplit(self.path).path.replace("/token", "").strip("/")
        client, secret = self._client(form)
        if kind == "silent":
            time.sleep(60)
        if kind == "garbage":
            self._answer(200, b"<html>please log in</html>", "text/html")
        elif self.issuer.clients.get(client) != secret:
            self._answer(401, json.dumps({"error": "invalid_client"}).encode())
        elif form.get("grant_type") != ["client_credentials"]:
            self._answer(400, json.dumps({"error": "unsupported_grant_type"}).encode())
        else:
            self._answer(200, json.dumps(self.issuer.token(client, kind)).encode())

    def _client(self, form: t.Mapping[str, list[str]]) -> tuple[str, str]:
        scheme, _space, value = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "basic":
            name, _colon, secret = base64.b64decode(value).decode().partition(":")
            return urllib.parse.unquote(name), urllib.parse.unquote(secret)
        return form.get("client_id", [""])[0], form.get("client_secret", [""])[0]


def main() -> None:
    """Serve over HTTP and HTTPS until killed; write `ready` when both ports listen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--tls-port", type=int, required=True)
    parser.add_argument("--certificate", required=True, help="PEM with key and chain")
    parser.add_argument("--clients", required=True, help="JSON file: {client id: secret}")
    given = parser.parse_args()
    _Handler.issuer = Issuer(json.loads(pathlib.Path(given.clients).read_text()))
    plain = http.server.ThreadingHTTPServer((given.host, given.port), _Handler)
    secure = http.server.ThreadingHTTPServer((given.host, given.tls_port), _Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(given.certificate)
    secure.socket = context.wrap_socket(secure.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=secure.serve_forever, daemon=True).start()
    print("ready", flush=True)
    plain.serve_forever()


if __name__ == "__main__":
    main()
