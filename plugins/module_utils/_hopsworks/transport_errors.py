# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Turn exceptions of requests, urllib3, http and ssl into errors, by their types."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import typing as t

from .request_errors import CHECK_NETWORK, CHECK_SERVER, TransportError
from .transport import REQUESTS_ERROR

if REQUESTS_ERROR is None:
    import requests.exceptions
    import urllib3.exceptions

_HOST = "Check option host, and the name servers of the machine where the task runs"
_HOST_AND_PORT = "Check host and port, and that the server is running"
_SLOW = "Check host and port, raise timeout, or find out why the server is slow"
_PROXY = "Check HTTPS_PROXY and NO_PROXY in the environment of this task"

#: Codes of X509_verify_cert_error_string(3) that have a remedy of their own.
_VERIFY_REMEDIES = {
    9: "Check the clocks: the certificate is valid from a later date",
    10: "Renew the certificate of the server",
    62: "Give in host a name that the server's certificate contains",
    64: "Give in host an address that the server's certificate contains, or the server's name",
}
_CA_PATH = "Give in ca_path the certificate of the authority that signed it"

#: The names of OpenSSL's errors about bytes that are not TLS.
_NOT_TLS = frozenset(("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "PACKET_LENGTH_TOO_LONG"))

#: http.client gives the status of a proxy's refusal only in the text (HTTPConnection._tunnel).
_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3})\b")

#: The number of exceptions in a chain that are examined.
_MAX_CHAIN = 30


def causes(error: BaseException) -> t.List[BaseException]:
    """Return an exception and those that caused it, the outermost first.

    ``requests`` and urllib3 hand the original on as an argument, as ``reason``, as ``__cause__`` or as ``__context__``.
    """
    found: t.List[BaseException] = []
    waiting: t.List[t.Any] = [error]
    while waiting and len(found) < _MAX_CHAIN:
        each = waiting.pop(0)
        if isinstance(each, BaseException) and not any(each is one for one in found):
            found.append(each)
            waiting += [*each.args, getattr(each, "reason", None), each.__cause__, each.__context__]
    return found


def transport_error(request: str, error: BaseException, host: str, port: int, timeout: float) -> TransportError:
    """Return the error for an exception of an exchange. Only texts of OpenSSL are quoted.

    :param timeout: the number of seconds that the exchange had.
    """
    chain = causes(error)
    where = f"{host}:{port}"

    def first(*types: t.Type[BaseException]) -> t.Optional[BaseException]:
        return next((each for each in chain if isinstance(each, types)), None)

    def made(reason: str, cause: str, remedy: str, temporary: bool = True, sent: bool = True) -> TransportError:
        return TransportError(reason, cause, remedy, request=request, temporary=temporary, sent=sent)

    if first(requests.exceptions.InvalidProxyURL, requests.exceptions.InvalidSchema):
        return made("proxy", "the URL of the proxy is not valid", _PROXY, temporary=False, sent=False)
    if first(requests.exceptions.InvalidURL, urllib3.exceptions.LocationParseError):
        return made("unknown_host", f"{host} is not a host name", _HOST, temporary=False, sent=False)
    proxy = first(requests.exceptions.ProxyError, urllib3.exceptions.ProxyError)
    whose = "the proxy" if proxy else where
    unverified = first(ssl.SSLCertVerificationError)
    if isinstance(unverified, ssl.SSLCertVerificationError):
        cause = f"the certificate of {whose} cannot be verified: {unverified.verify_message.rstrip('.')}"
        remedy = _VERIFY_REMEDIES.get(unverified.verify_code, _CA_PATH)
        return made("certificate", cause, remedy, temporary=False, sent=False)
    if any(isinstance(each, ssl.SSLError) and getattr(each, "reason", None) in _NOT_TLS for each in chain):
        remedy = _PROXY if proxy else "Check host and port: Hopsworks is reached by HTTPS only"
        return made("no_tls", f"{whose} does not speak TLS", remedy, temporary=False, sent=False)
    if proxy:
        status = next((found[1] for found in map(_TUNNEL.match, map(str, chain)) if found), None)
        cause = f"the proxy answered {status}" if status else "no connection through the proxy"
        if status == "407":
            cause = "the proxy requires a login (407)"
        return made("proxy", cause, _PROXY, temporary=status != "407", sent=False)
    if first(socket.gaierror):
        return made("unknown_host", f"the name {host} does not resolve", _HOST, sent=False)
    if first(ConnectionRefusedError):
        return made("unreachable", f"{where} refused the connection", _HOST_AND_PORT, sent=False)
    if first(socket.timeout, requests.exceptions.Timeout, urllib3.exceptions.ReadTimeoutError):
        connecting = first(requests.exceptions.ConnectTimeout, urllib3.exceptions.ConnectTimeoutError)
        cause = f"{where} did not answer within {timeout:g} s"
        return made("timeout", cause, _SLOW, sent=connecting is None)
    if first(urllib3.exceptions.NewConnectionError):
        return made("unreachable", f"no connection to {where}", CHECK_NETWORK, sent=False)
    if first(ConnectionError, http.client.IncompleteRead, ssl.SSLEOFError, ssl.SSLZeroReturnError):
        middle = first(http.client.IncompleteRead, requests.exceptions.ChunkedEncodingError)
        cause = f"the connection ended {'in the middle of' if middle else 'before'} the answer"
        return made("cut_off", cause, CHECK_NETWORK)
    if first(ssl.SSLError):
        return made("tls", f"the TLS connection to {where} failed", CHECK_NETWORK)
    if first(http.client.HTTPException, ValueError):
        cause = "Hopsworks answered something that is not HTTP"
        return made("unexpected_answer", cause, CHECK_SERVER, temporary=False)
    return made("unreachable", f"no connection to {where}", CHECK_NETWORK)
