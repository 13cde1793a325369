# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Send requests to Hopsworks: one session per thread, typed errors, and retries only where they are safe."""

from __future__ import annotations

import dataclasses
import re
import socket
import ssl
import time
import typing as t
import urllib.parse

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.addresses import host_port
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError, MissingLibraryError

from . import answers
from .request_errors import CHECK_SERVER, RequestError, TransportError, api_error, secrets_sent
from .retries import RetryPolicy, ascii_number, retry_after_seconds
from .transport import LIMITS, REQUESTS_ERROR, Channel, TooMuchData, tls_context

if REQUESTS_ERROR is None:
    import http.client

    import requests
    import urllib3.exceptions

    from .transport_errors import transport_error

API = "/hopsworks-api/api"
MAX_WORKERS = 64
_CHUNK = 65536
_REPEATABLE = frozenset(("GET", "PUT", "DELETE"))
_OK, _REDIRECT, _ERROR = 200, 300, 400
#: The number of attempts at a server that has not answered in this run: its name is probably wrong.
_FIRST_ATTEMPTS = 3
_ATTEMPTS = 10
#: The part of a request's time in which attempts may begin. A later one would hardly end in time.
_LAST_START = 0.8


@dataclasses.dataclass(frozen=True)
class Connection:
    """The checked options of the connection to Hopsworks.

    :param context: verifies the server, for the sessions of all threads.
    :param timeout: the number of seconds for one request, including retries.
    """

    host: str
    port: int
    api_key: str = dataclasses.field(repr=False)
    context: ssl.SSLContext
    timeout: float
    workers: int

    @property
    def url(self) -> str:
        """Return the start of every URL."""
        return f"https://{host_port(self.host, self.port)}{API}"


def connection(options: t.Mapping[str, t.Any]) -> Connection:
    """Return the connection from a module's options.

    :raises InputError: an option has a value that cannot work.
    :raises MissingLibraryError: requests is not installed.
    """
    if REQUESTS_ERROR is not None:
        raise MissingLibraryError("requests", "to talk to Hopsworks", REQUESTS_ERROR)
    host, key = str(options["host"]).strip(), str(options["api_key"])
    if "://" in host:
        raise InputError("option host", "it contains a scheme", "Give the name alone, without https://")
    address = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not re.match(r"^[\w.-]+$|^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.%\w]*$", address) or re.match(r"^[^:]*:\d+$", address):
        remedy = "Give the name alone, and the port in option port"
        raise InputError("option host", "it is not the name or address of a host", remedy)
    if not key or not all("!" <= character <= "~" for character in key):
        cause = "it is empty, or contains blanks or characters that no API key has"
        raise InputError("option api_key", cause, "Copy the API key again, without line breaks")
    for name, low, high in (("port", 1, 65535), ("timeout", 1, 3600), ("workers", 1, MAX_WORKERS)):
        if not low <= options[name] <= high:
            remedy = f"Give a number between {low} and {high}"
            raise InputError(f"option {name}", f"{options[name]} is out of range", remedy)
    context = tls_context(options.get("validate_certs", True), options.get("ca_path"))
    return Connection(address, options["port"], key, context, float(options["timeout"]), options["workers"])


class ServerSeen:
    """Remember whether the server has answered in this run. Shared by the sessions of all threads."""

    def __init__(self) -> None:
        self.once = False


class Session:
    """A session of one thread: its connection is kept open between requests."""

    def __init__(
        self,
        connection: Connection,
        server_seen: t.Optional[ServerSeen] = None,
        sleep: t.Callable[[float], None] = time.sleep,
    ) -> None:
        self._connection = connection
        self._server_seen = server_seen or ServerSeen()
        self._sleep = sleep
        self._channel = Channel(connection.url, connection.context, f"ApiKey {connection.api_key}")
        self._started = time.monotonic()

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    def call(
        self,
        method: str,
        route: str,
        ids: t.Optional[t.Mapping[str, t.Any]] = None,
        *,
        query: t.Optional[t.Mapping[str, t.Any]] = None,
        json: t.Any = None,
        form: t.Optional[t.Mapping[str, t.Any]] = None,
        bounds: answers.Bounds = answers.USUAL,
        since: t.Optional[float] = None,
    ) -> t.Any:
        """Send one request. Repeat it after temporary failures if that does no harm (never a POST).

        The request and its retries end within the connection's timeout.

        :param route: for example ``/project/{project}/featurestores/{store}``.
        :param ids: the values for ``{project}`` and other parts of the route.
        :param query: the query of the URL.
        :param json: the body, sent as JSON.
        :param form: the parts of a multipart form, as ``requests`` accepts them in ``files``.
        :param bounds: the limits of the answer.
        :param since: the moment of ``time.monotonic()`` at which the time starts, for several requests that share one
            timeout.
        :returns: the answer's JSON, of any shape; None for an empty answer.
        :raises ApiError: the server answered with an error.
        :raises TransportError: there was no answer that could be read.
        """
        request = f"{method} {route}"
        path = route.format_map({name: urllib.parse.quote(str(value), safe="") for name, value in (ids or {}).items()})
        given = {"method": method, "url": self._connection.url + path, "params": query, "json": json, "files": form}
        self._started = time.monotonic() if since is None else since
        attempt = 0
        before: t.Optional[RequestError] = None
        while True:
            attempt += 1
            try:
                return self._once(request, given, bounds)
            except RequestError as error:
                # A repeated attempt has only the rest of the time. If that runs out, the failure before it says more.
                told = before if before is not None and error.reason == "timeout" else error
                if not error.temporary or method not in _REPEATABLE:
                    raise told from None
                wait = self._wait(attempt, _ATTEMPTS if self._server_seen.once else _FIRST_ATTEMPTS, error)
                if wait is None:
                    raise told from None
                self._sleep(wait)
                before = told

    @property
    def started(self) -> float:
        """Return the moment of ``time.monotonic()`` at which the last request was first sent."""
        return self._started

    def pause(self, attempt: int, error: RequestError, since: t.Optional[float] = None) -> bool:
        """Wait before another attempt at the last request, which the caller has found worth repeating.

        :param since: count the time from this moment on, for requests that share the time of one.
        :returns: False if it is not worth it: it took all of its time, or the server asks to wait for longer.
        """
        wait = self._wait(attempt, _ATTEMPTS, error, since)
        if wait is None:
            return False
        self._sleep(wait)
        return True

    def _wait(
        self, attempt: int, attempts: int, error: RequestError, since: t.Optional[float] = None
    ) -> t.Optional[float]:
        policy = RetryPolicy(self._connection.timeout * _LAST_START, attempts)
        elapsed = time.monotonic() - (self._started if since is None else since)
        return policy.wait(attempt, elapsed, error.retry_after)

    def _once(self, request: str, given: t.Mapping[str, t.Any], bounds: answers.Bounds) -> t.Any:
        at = self._connection
        LIMITS.begin(max(0.0, self._started + at.timeout - time.monotonic()), bounds.size)
        try:
            with self._channel.send(timeout=at.timeout, **given) as response:
                status = response.status_code
                if _REDIRECT <= status < _ERROR:
                    raise _redirected(request, status)
                body = _body(request, response, bounds)
        except TooMuchData:
            raise answers.too_large(request) from None
        except (
            requests.exceptions.RequestException,
            urllib3.exceptions.HTTPError,
            http.client.HTTPException,
            OSError,
            ValueError,
        ) as error:
            cause = socket.timeout() if LIMITS.was_cut else error
            raise transport_error(request, cause, at.host, at.port, at.timeout) from None
        finally:
            LIMITS.done()
        self._server_seen.once = True
        retry_after = retry_after_seconds(response.headers.get("Retry-After"))
        return self._document(request, status, retry_after, body, given["json"], bounds)

    def _document(
        self,
        request: str,
        status: int,
        retry_after: t.Optional[float],
        body: bytes,
        sent: t.Any,
        bounds: answers.Bounds,
    ) -> t.Any:
        """Return the JSON of an answer.

        :param sent: the JSON of the request.
        """
        document, readable = None, True
        try:
            document = answers.parse(request, body, bounds.memory)
        except ValueError as error:
            if _is_cut(body, error):
                # If an error of the server is cut off, its code is missing.
                raise answers.cut_off(request, status) from None
            readable = False
        except TransportError:
            if status < _ERROR:
                raise
        if status >= _ERROR:
            said = document if isinstance(document, dict) else None
            secrets = {self._connection.api_key, *secrets_sent(sent)} if said else set()
            raise api_error(request, status, said, retry_after, secrets)
        if status < _OK:
            raise answers.unexpected(request, f"HTTP status {status}", status)
        if not readable:
            got = "a page of HTML" if body.lstrip()[:1] == b"<" else "something that is not JSON"
            raise TransportError("not_json", f"Hopsworks answered {got}", CHECK_SERVER, request=request, status=status)
        return document


def _redirected(request: str, status: int) -> TransportError:
    cause = f"Hopsworks answered {status}, a redirect"
    return TransportError("redirected", cause, CHECK_SERVER, request=request, status=status)


def _body(request: str, response: requests.Response, bounds: answers.Bounds) -> bytes:
    """Return the whole body, decompressed."""
    length = ascii_number(response.headers.get("Content-Length"))
    if length is not None and length > bounds.size:
        raise answers.too_large(request)
    chunks: t.List[bytes] = []
    while True:
        chunk = response.raw.read(_CHUNK, decode_content=False)
        if not chunk:
            break
        chunks.append(chunk)
    body = b"".join(chunks)
    if length is not None and len(body) < length:  # urllib3 1.26 does not detect it
        raise answers.cut_off(request)
    return answers.decompress(request, body, response.headers.get("Content-Encoding", ""), bounds.size)


def _is_cut(body: bytes, error: ValueError) -> bool:
    """Tell whether a body that is not JSON is the beginning of JSON."""
    text = body.strip()
    ended = getattr(error, "pos", 0) >= len(body.rstrip().decode("utf-8", "replace"))
    return text[:1] in (b"{", b"[") and (ended or text[-1:] not in (b"}", b"]"))
