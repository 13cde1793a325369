# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Get tokens for OAUTHBEARER. The client library could do it too, but does not say what is wrong with them."""

from __future__ import annotations

import base64
import binascii
import http.client
import json
import socket
import ssl
import time
import typing as t
import urllib.parse

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.deadline import TooLate, within
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka.dialect_librdkafka import MskIam

from .tokens import Token, TokenEndpoint, TokenFault

try:
    from aws_msk_iam_sasl_signer import MSKAuthTokenProvider  # type: ignore[import-not-found]
except ImportError:
    MSKAuthTokenProvider = None

_MAX_ANSWER_BYTES = 64 * 1024
_MAX_CODE = 64
#: The clock difference that Kafka's own validator allows (sasl.oauthbearer.clock.skew.seconds).
_SKEW = 30
#: librdkafka itself rejects an expired token. Whether a token is too old is decided by the broker.
_LEAST_LIFE, _MOST_LIFE = 120, 365 * 86400
_OK, _BAD_REQUEST, _UNAUTHORIZED, _FORBIDDEN = 200, 400, 401, 403


def fetch(endpoint: TokenEndpoint, authorities: t.Sequence[bytes], timeout: float) -> Token:
    """Get a token.

    :param authorities: certificates (DER) to trust besides those of the system.
    :param timeout: seconds.
    :raises TokenFault: no token could be obtained.
    """
    status, date, body = _bounded(endpoint, authorities, timeout)
    if status in (_BAD_REQUEST, _UNAUTHORIZED, _FORBIDDEN):
        raise TokenFault("token_denied", f"status {status}{_error_code(body)}")
    if status != _OK:
        raise TokenFault("token_invalid_answer", f"status {status}")
    try:
        answer = json.loads(body)
        value = answer["access_token"]
        life = float(answer.get("expires_in", _LEAST_LIFE))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise TokenFault("token_invalid_answer", "the answer is not JSON with an access_token") from None
    if not isinstance(value, str) or not value:
        raise TokenFault("token_invalid_answer", "the access_token is not a text")
    claims = _claims(value)
    doubt = _doubt(claims, time.time())
    if doubt and date is not None and abs(date - time.time()) > _SKEW:
        doubt += f"; the token endpoint's clock differs from this machine's by {date - time.time():+.0f} s"
    # NaN is not a lifetime either.
    life = min(life, _MOST_LIFE) if life >= _LEAST_LIFE else _LEAST_LIFE
    return Token(value, time.time() + life, str(claims.get("sub", "")), doubt)


def _bounded(
    endpoint: TokenEndpoint, authorities: t.Sequence[bytes], timeout: float
) -> t.Tuple[int, t.Optional[float], bytes]:
    """Ask within ``timeout`` seconds in all, however slowly the endpoint answers: the timeouts of sockets start anew
    with every byte."""
    try:
        # The socket's own timeout gives the better message.
        return within(timeout + 0.05, lambda: _post(endpoint, authorities, timeout))
    except TooLate:
        raise TokenFault("token_endpoint_timeout", f"no complete answer within {timeout:.1f} s") from None


def fetch_msk_iam(how: MskIam) -> Token:
    """Make a token for Amazon MSK with the library that AWS publishes for it.

    :raises TokenFault: the library is missing, or it has no credentials or no region.
    """
    if MSKAuthTokenProvider is None:
        raise TokenFault("signer_missing", "AWS_MSK_IAM needs the library aws-msk-iam-sasl-signer-python")
    if not how.region:
        raise TokenFault("signer_failed", "the region of the cluster cannot be derived from the servers' names")
    try:
        if how.role_arn:
            session = how.role_session or "hopsworks-kafka"
            made = MSKAuthTokenProvider.generate_auth_token_from_role_arn(how.region, how.role_arn, session)
        elif how.profile:
            made = MSKAuthTokenProvider.generate_auth_token_from_profile(how.region, how.profile)
        else:
            made = MSKAuthTokenProvider.generate_auth_token(how.region)
    except Exception as error:  # whatever the AWS libraries raise: their texts may hold keys
        raise TokenFault("signer_failed", f"the signer raised {type(error).__name__}") from None
    return Token(made[0], made[1] / 1000)


def _post(
    endpoint: TokenEndpoint, authorities: t.Sequence[bytes], timeout: float
) -> t.Tuple[int, t.Optional[float], bytes]:
    """Return status, the server's clock (seconds since 1970) and body of the answer."""
    try:
        parts = urllib.parse.urlsplit(endpoint.url)
        _port = parts.port
    except ValueError:  # unbalanced brackets, or an invalid port
        raise TokenFault("token_endpoint_unreachable", "the URL is not an http or https URL") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise TokenFault("token_endpoint_unreachable", "the URL is not an http or https URL")
    form = {"grant_type": "client_credentials"}
    if endpoint.scope:
        form["scope"] = endpoint.scope
    quote: t.Callable[[str], str] = urllib.parse.quote_plus if endpoint.encode else str
    basic = base64.b64encode(f"{quote(endpoint.client_id)}:{quote(endpoint.secret)}".encode()).decode()
    headers = {
        "Authorization": f"Basic {basic}",
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "application/json",
    }
    connection = _connection(parts, authorities, timeout)
    try:
        path = urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, ""))
        connection.request("POST", path, urllib.parse.urlencode(form), headers)
        answer = connection.getresponse()
        body = answer.read(_MAX_ANSWER_BYTES + 1)
        if len(body) > _MAX_ANSWER_BYTES:
            raise TokenFault("token_invalid_answer", f"the answer is longer than {_MAX_ANSWER_BYTES} bytes")
        return answer.status, _clock(answer.getheader("Date")), body
    except socket.timeout:
        raise TokenFault("token_endpoint_timeout", f"no answer within {timeout:.1f} s") from None
    except ssl.SSLError as error:
        said = getattr(error, "verify_message", None) or error.reason or "TLS failed"
        raise TokenFault("token_endpoint_tls", said) from None
    except http.client.HTTPException as error:
        raise TokenFault("token_invalid_answer", f"the answer is not HTTP: {type(error).__name__}") from None
    except (OSError, ValueError) as error:  # the latter: an invalid port or name
        said = getattr(error, "strerror", None) or type(error).__name__
        raise TokenFault("token_endpoint_unreachable", said) from None
    finally:
        connection.close()


def _connection(
    parts: urllib.parse.SplitResult, authorities: t.Sequence[bytes], timeout: float
) -> http.client.HTTPConnection:
    host = parts.hostname or ""
    if parts.scheme == "http":
        return http.client.HTTPConnection(host, parts.port, timeout=timeout)
    context = ssl.create_default_context()
    if authorities:
        context.load_verify_locations(cadata=b"".join(authorities))
    return http.client.HTTPSConnection(host, parts.port, timeout=timeout, context=context)


def _clock(date: t.Optional[str]) -> t.Optional[float]:
    try:
        return time.mktime(time.strptime(date or "", "%a, %d %b %Y %H:%M:%S GMT")) - time.timezone
    except ValueError:
        return None


def _error_code(body: bytes) -> str:
    """Return the error of RFC 6749 section 5.2, a word. Nothing else of a foreign body is repeated."""
    try:
        code = json.loads(body).get("error", "")
    except (ValueError, AttributeError, RecursionError):
        return ""
    is_code = isinstance(code, str) and len(code) <= _MAX_CODE and code.replace("_", "").isalpha()
    return f", {code}" if is_code else ""


def _claims(token: str) -> t.Dict[str, t.Any]:
    """Return the claims of a JWT, unverified; empty for a token that is not a JWT."""
    parts = token.split(".")
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (IndexError, ValueError, binascii.Error, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _doubt(claims: t.Mapping[str, t.Any], now: float) -> str:
    """Return why the times in a token do not hold now; empty if they do."""
    times = {name: claims[name] for name in ("nbf", "iat", "exp") if isinstance(claims.get(name), (int, float))}
    if times.get("nbf", now) > now + _SKEW:
        return f"it is valid only in {times['nbf'] - now:.0f} s"
    if times.get("iat", now) > now + _SKEW:
        return f"its issue time is {times['iat'] - now:.0f} s in the future"
    if times.get("exp", now) < now - _SKEW:
        return f"it expired {now - times['exp']:.0f} s ago"
    return ""
