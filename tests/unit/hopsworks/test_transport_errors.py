# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a failed exchange is called: by the types of the exceptions, however deep they are wrapped."""

from __future__ import annotations

import http.client
import socket
import ssl
import typing as t

import pytest
import requests.exceptions
import urllib3.exceptions
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.transport_errors import (
    causes,
    transport_error,
)

SECRET = "pw-Secret"


def unverified(code: int) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, SECRET)
    error.verify_code, error.verify_message = code, "what OpenSSL says."
    return error


def tls(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, SECRET)
    error.reason = reason
    return error


def raised(error: BaseException, by: BaseException) -> BaseException:
    error.__cause__ = by
    return error


NEW: t.Any = urllib3.exceptions.NewConnectionError(t.cast(t.Any, None), SECRET)
CONNECTING: t.Any = urllib3.exceptions.ConnectTimeoutError(None, SECRET)
READING: t.Any = urllib3.exceptions.ReadTimeoutError(t.cast(t.Any, None), "/", SECRET)

#: An exception, what it is called, whether it may pass, and whether the request may have been done.
TABLE: list[tuple[BaseException, str, bool, bool]] = [
    (requests.exceptions.InvalidProxyURL(SECRET), "proxy", False, False),
    (requests.exceptions.InvalidSchema(SECRET), "proxy", False, False),
    (requests.exceptions.InvalidURL(SECRET), "unknown_host", False, False),
    (urllib3.exceptions.LocationParseError(SECRET), "unknown_host", False, False),
    (unverified(20), "certificate", False, False),
    (tls("WRONG_VERSION_NUMBER"), "no_tls", False, False),
    (tls("HTTP_REQUEST"), "no_tls", False, False),
    (urllib3.exceptions.ProxyError(SECRET, OSError("Tunnel connection failed: 503 X")), "proxy", True, False),
    (urllib3.exceptions.ProxyError(SECRET, OSError("Tunnel connection failed: 407 X")), "proxy", False, False),
    (urllib3.exceptions.ProxyError(SECRET, ConnectionRefusedError()), "proxy", True, False),
    (urllib3.exceptions.ProxyError(SECRET, unverified(20)), "certificate", False, False),
    (raised(NEW, socket.gaierror(-2, SECRET)), "unknown_host", True, False),
    (ConnectionRefusedError(111, SECRET), "unreachable", True, False),
    (raised(CONNECTING, TimeoutError()), "timeout", True, False),
    (READING, "timeout", True, True),
    (TimeoutError(SECRET), "timeout", True, True),
    (requests.exceptions.ReadTimeout(SECRET), "timeout", True, True),
    (
        urllib3.exceptions.NewConnectionError(t.cast(t.Any, None), SECRET),
        "unreachable",
        True,
        False,
    ),
    (http.client.RemoteDisconnected(SECRET), "cut_off", True, True),
    (ConnectionResetError(104, SECRET), "cut_off", True, True),
    (http.client.IncompleteRead(b""), "cut_off", True, True),
    (ssl.SSLEOFError(8, SECRET), "cut_off", True, True),
    (ssl.SSLZeroReturnError(6, SECRET), "cut_off", True, True),
    (tls("TLSV1_ALERT_INTERNAL_ERROR"), "tls", True, True),
    (http.client.BadStatusLine(SECRET), "unexpected_answer", False, True),
    (http.client.LineTooLong(SECRET), "unexpected_answer", False, True),
    (ValueError(SECRET), "unexpected_answer", False, True),
    (OSError(113, SECRET), "unreachable", True, True),
]


def name(value: t.Any) -> str:
    return type(value).__name__ if isinstance(value, BaseException) else str(value)


@pytest.mark.parametrize(("error", "reason", "temporary", "sent"), TABLE, ids=name)
@pytest.mark.parametrize("wrapped", ["plain", "argument", "reason", "cause", "context"])
def test_what_each_is_called(error: BaseException, reason: str, temporary: bool, sent: bool, wrapped: str) -> None:
    outer: t.Any = error
    if wrapped == "argument":
        outer = requests.exceptions.ConnectionError(urllib3.exceptions.MaxRetryError(t.cast(t.Any, None), "/", None))
        outer.args = (error,)
    elif wrapped == "reason":
        outer = requests.exceptions.ConnectionError(urllib3.exceptions.HTTPError())
        outer.args[0].reason = error
    elif wrapped in ("cause", "context"):
        outer = urllib3.exceptions.HTTPError()
        setattr(outer, f"__{wrapped}__", error)
    made = transport_error("GET /project", outer, "hops", 443, 2.5)
    assert (made.reason, made.temporary, made.sent) == (reason, temporary, sent)
    assert "GET /project" in str(made) and SECRET not in str(made) and made.remedy


@pytest.mark.parametrize(
    ("code", "remedy"), [(9, "clocks"), (10, "Renew"), (62, "host"), (64, "address"), (20, "ca_path"), (0, "ca_path")]
)
def test_the_remedy_for_a_certificate_follows_the_code(code: int, remedy: str) -> None:
    made = transport_error("GET /project", unverified(code), "hops", 443, 2)
    assert remedy in made.remedy and "hops:443" in made.cause and made.cause.endswith("what OpenSSL says")


def test_a_proxy_is_told_from_the_server() -> None:
    made = transport_error("GET /project", urllib3.exceptions.ProxyError("x", unverified(20)), "hops", 443, 2)
    assert "of the proxy" in made.cause
    for status in ("407", "502"):
        by_proxy = urllib3.exceptions.ProxyError("x", OSError(f"Tunnel connection failed: {status} x"))
        assert status in transport_error("GET /project", by_proxy, "hops", 443, 2).cause


def test_the_seconds_and_the_place_are_told() -> None:
    assert "hops:443 did not answer within 2.5 s" in str(
        transport_error("GET /project", TimeoutError(), "hops", 443, 2.5)
    )


def test_a_circle_of_causes_ends() -> None:
    one, two = OSError("one"), OSError("two")
    one.__cause__, two.__context__ = two, one
    assert causes(one) == [one, two]
    long = last = OSError()
    for _number in range(1000):
        last.__cause__ = OSError()
        last = last.__cause__
    assert len(causes(long)) < 100
