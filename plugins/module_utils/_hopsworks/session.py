# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Requests to Hopsworks: one session per thread, typed errors, attempts repeated only where that is safe."""

from __future__ import annotations

import dataclasses
import json as jsonlib
import re
import ssl
import time
import typing as t
import urllib.parse

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError, MissingLibraryError

from .request_errors import RequestError, TransportError, api_error
from .retries import RetryPolicy, retry_after_seconds
from .transport import REQUESTS_ERROR, open_session, tls_context

if REQUESTS_ERROR is None:
    import requests
    import urllib3.exceptions

API = "/hopsworks-api/api"
MAX_WORKERS = 64
_CONNECT_SECONDS = 10.0
_CHUNK = 65536
_REPEATABLE = frozenset(("GET", "PUT", "DELETE"))
_OK, _REDIRECT, _ERROR = 200, 300, 400
#: Attempts at a server that has not answered once in this run: it is more likely named wrongly than restarting.
_FIRST_ATTEMPTS = 3


@dataclasses.dataclass(frozen=True)
class Connection:
    """Where Hopsworks is and who asks. Options of the same names, already checked.

    :param context: how the server is verified, by the sessions of all threads.
    :param timeout: seconds to wait for an answer, and for repeated attempts at one request.
    """

    host: str
    port: int
    api_key: str = dataclasses.field(repr=False)
    context: ssl.SSLContext
    timeout: float
    workers: int

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"https://{host}:{self.port}{API}"


def connection(options: t.Mapping[str, t.Any]) -> Connection:
    """The connection from a module's options.

    :raises InputError: an option that cannot be meant.
    :raises MissingLibraryError: requests is not installed.
    """
    if REQUESTS_ERROR is not None:
        raise MissingLibraryError("requests", "to talk to Hopsworks", REQUESTS_ERROR)
    host, key = str(options["host"]).strip(), str(options["api_key"])
    if "://" in host:
        raise InputError("option host", "it names a scheme", "Give the name alone, without https://")
    address = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not re.match(r"^[\w.-]+$|^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.%\w]*$", address) or re.match(r"^[^:]*:\d+$", address):
        raise InputError("option host", "it is not the name or address of a host", "Give the port in option port")
    if not key or not all("!" <= character <= "~" for character in key):
        raise InputError("option api_key", "it is empty, or holds blanks or letters that no key has", "Copy it again")
    for name, low, high in (("port", 1, 65535), ("timeout", 1, 3600), ("workers", 1, MAX_WORKERS)):
        if not low <= options[name] <= high:
            raise InputError(f"option {name}", f"{options[name]} is not between {low} and {high}", "Correct it")
    context = tls_context(options.get("validate_certs", True), options.get("ca_path"))
    return Connection(address, options["port"], key, context, float(options["timeout"]), options["workers"])


class ServerSeen:
    """Whether the server has answered at all in this run. Shared by the sessions of all threads."""

    def __init__(self) -> None:
        self.once = False


class Session:
    """A session of one thread: its connection is kept open between requests."""

    def __init__(
        self,
        connection: Connection,
        reached: t.Optional[ServerSeen] = None,
        sleep: t.Callable[[float], None] = time.sleep,
    ) -> None:
        self._connection = connection
        self._reached = reached or ServerSeen()
        self._sleep = sleep
        self._session = open_session(connection.url, connection.context)
        self._session.headers["Authorization"] = f"ApiKey {connection.api_key}"
        self._timeouts = (min(_CONNECT_SECONDS, connection.timeout), connection.timeout)

    def close(self) -> None:
        self._session.close()

    def call(
        self,
        method: str,
        route: str,
        ids: t.Optional[t.Mapping[str, t.Any]] = None,
        *,
        query: t.Optional[t.Mapping[str, t.Any]] = None,
        json: t.Any = None,
        form: t.Optional[t.Mapping[str, t.Any]] = None,
    ) -> t.Any:
        """One request, repeated after passing failures where a repetition does no harm (never a POST).

        :param route: for example ``/project/{project}/featurestores/{store}``.
        :param ids: what to put in the place of ``{project}`` and the like.
        :param query: after the question mark.
        :param json: body, sent as JSON.
        :param form: parts of a multipart form, as ``requests`` takes them in ``files``.
        :returns: the answer's JSON; None for an empty answer.
        :raises ApiError: the server answered with an error.
        :raises TransportError: there was no answer that could be read.
        """
        path = route.format_map({name: urllib.parse.quote(str(value), safe="") for name, value in (ids or {}).items()})
        started = time.monotonic()
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._once(method, f"{method} {route}", path, query, json, form)
            except RequestError as error:
                if not error.temporary or method not in _REPEATABLE:
                    raise
                patience = RetryPolicy(self._connection.timeout, 10 if self._reached.once else _FIRST_ATTEMPTS)
                wait = patience.wait(attempt, time.monotonic() - started, error.retry_after)
                if wait is None:
                    raise
                self._sleep(wait)

    def pause(self, attempt: int, error: RequestError) -> bool:
        """Waits before another attempt at a request that the caller has found worth repeating; False to give up."""
        patience = RetryPolicy(self._connection.timeout)
        wait = patience.wait(attempt, 0.0, error.retry_after)
        if wait is None:
            return False
        self._sleep(wait)
        return True

    def _once(
        self,
        method: str,
        request: str,
        path: str,
        query: t.Optional[t.Mapping[str, t.Any]],
        json: t.Any,
        form: t.Optional[t.Mapping[str, t.Any]],
    ) -> t.Any:
        try:
            # Prepared by itself: a session would merge its settings into each request, at a fifth of the time of all.
            prepared = requests.models.PreparedRequest()
            session = self._session
            prepared.prepare(
                method,
                self._connection.url + path,
                headers=session.headers,
                files=form,
                params=query,
                json=json,
                cookies=session.cookies if len(session.cookies) else None,
            )
            response = session.send(
                prepared,
                proxies=session.proxies,
                verify=session.verify,
                timeout=self._timeouts,
                allow_redirects=False,
                stream=True,
            )
            with response:
                body = self._body(response, request)
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
            raise _transport_error(request, error, self._connection) from None
        self._reached.once = True
        return _decoded(request, response, body)

    def _body(self, response: requests.Response, request: str) -> bytes:
        """The whole body, within the time for one answer however slowly its pieces come."""
        deadline = time.monotonic() + self._connection.timeout
        # read1 returns what is there; read waits until a chunk is full, which a trickle never ends.
        read = getattr(response.raw, "read1", None) or response.raw.read
        chunks: t.List[bytes] = []
        while True:
            chunk = read(_CHUNK, decode_content=True)
            if not chunk:
                break
            chunks.append(chunk)
            if time.monotonic() > deadline:
                raise TransportError(
                    "timeout",
                    f"the answer did not end within {self._connection.timeout:g} s",
                    "Raise timeout, or look why the server is slow",
                    request=request,
                    temporary=True,
                )
        body = b"".join(chunks)
        length = response.headers.get("Content-Length", "")
        if length.isdigit() and "Content-Encoding" not in response.headers and len(body) < int(length):
            raise TransportError(
                "cut_off", "the connection ended in the middle of the answer", _NETWORK, request=request, temporary=True
            )
        return body


_NETWORK = "Try again; if it stays so, look at the network and at proxies in between"


def _decoded(request: str, response: requests.Response, body: bytes) -> t.Any:
    status = response.status_code
    document: t.Any = None
    readable = True
    if body.strip():
        try:
            document = jsonlib.loads(body)
        except ValueError:
            readable = False
    start = body.lstrip()[:1]
    html, cut = start == b"<", not readable and start in (b"{", b"[")
    # An error of the server's own that is cut off lacks its code, so nobody knows which it is.
    if status >= _ERROR and not cut:
        retry_after = retry_after_seconds(response.headers.get("Retry-After"))
        raise api_error(request, status, document if isinstance(document, dict) else None, retry_after)
    if not cut and not _OK <= status < _REDIRECT:
        raise TransportError(
            "redirected",
            f"the server answers {status} and sends elsewhere",
            "Check host and port; is there a login page or proxy in between",
            request=request,
            status=status,
        )
    if not readable:
        raise TransportError(
            "not_json",
            f"the answer is {'a page of HTML' if html else 'JSON that ends in the middle' if cut else 'no JSON'}",
            _NETWORK if cut else "Check host and port; is there a login page or proxy in between",
            request=request,
            status=status,
            # A page will come again, half an answer hardly.
            temporary=cut,
        )
    return document


def _transport_error(request: str, error: Exception, connection: Connection) -> TransportError:
    """The error for an exception of the library. Of its text only what is known to be harmless is used."""
    text = str(error)
    where = f"{connection.host}:{connection.port}"
    reason, cause, remedy, temporary, sent = "unreachable", f"no connection to {where}", _NETWORK, True, True
    if "CERTIFICATE_VERIFY_FAILED" in text or "doesn't match" in text:
        found = re.search(r"certificate verify failed: ([^(\"']*)", text)
        detail = f": {found.group(1).strip()}" if found else ""
        reason, cause = "certificate", f"the certificate of {where} cannot be verified{detail}"
        temporary = sent = False
        remedy = "Give the authority that signed it in ca_path, and the host by the name that stands in the certificate"
    elif "WRONG_VERSION_NUMBER" in text or "HTTP_REQUEST" in text:
        reason, cause = "no_tls", f"{where} does not speak TLS"
        temporary = sent = False
        remedy = "Check host and port: Hopsworks is reached by HTTPS only"
    elif isinstance(error, requests.exceptions.ProxyError):
        denied = "407" in text
        reason, temporary, sent = "proxy", not denied, False
        cause = "the proxy wants a login (407)" if denied else "no connection through the proxy"
        remedy = "Check HTTPS_PROXY and NO_PROXY in the environment of this task"
    elif isinstance(error, requests.exceptions.SSLError):
        reason, cause = "tls", f"the TLS connection to {where} broke"
    elif isinstance(error, (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError)) or "timed out" in text:
        reason, cause = "timeout", f"{where} does not answer within {connection.timeout:g} s"
        sent = not isinstance(error, requests.exceptions.ConnectTimeout)
        remedy = "Check host and port, raise timeout, or look why the server is slow"
    elif "resolve" in text or "Name or service not known" in text or "getaddrinfo" in text:
        reason, cause, remedy = "unknown_host", f"the name {connection.host} does not resolve", "Check option host"
        sent = False
    elif "refused" in text:
        cause, remedy, sent = f"{where} refuses the connection", "Check host and port; is the server up", False
    elif isinstance(error, (requests.exceptions.ChunkedEncodingError, urllib3.exceptions.ProtocolError)):
        reason, cause = "cut_off", "the connection ended in the middle of the answer"
    elif "reset" in text or "aborted" in text or "closed connection" in text:
        reason, cause = "cut_off", "the connection ended before the answer"
    return TransportError(reason, cause, remedy, request=request, temporary=temporary, sent=sent)
