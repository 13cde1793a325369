# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Connect to Hopsworks: one TLS context for all sessions, and sockets that obey the limits of an exchange.

The timeouts of ``requests`` apply to each read from a socket, so a server that sends a byte now and then never exceeds
them. The sockets here check the limits of their thread before each step instead, so whatever reads from them (headers,
chunks, trailers, a proxy's answer) ends in time, and after a limited number of bytes.
"""

from __future__ import annotations

import contextlib
import math
import os
import socket
import ssl
import threading
import time
import typing as t
import weakref

from ansible_collections.hopsworks.kafka.plugins.module_utils._common import regular_files
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.deadline import TooLate, within
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError

#: The number of seconds for one address of a host. Another address may answer.
_CONNECT_SECONDS = 10.0
#: How often the watchdog looks, and how long it leaves to a time-out that works by itself.
_WATCH_SECONDS, _GRACE_SECONDS = 0.1, 0.2


class TooMuchData(Exception):
    """The server sent more bytes than one exchange may have."""


class _Watched:
    """The exchange of one thread, as the watchdog sees it.

    :ivar end: when it must have ended, in seconds of ``time.monotonic()``.
    :ivar connection: what it uses.
    :ivar was_cut: the watchdog has ended it.
    """

    def __init__(self) -> None:
        self.end = math.inf
        self.connection: t.Optional[socket.socket] = None
        self.was_cut = False


class _Watchdog:
    """Cuts the connections of exchanges that are overdue.

    The time-out of a socket does not hold within one call of OpenSSL, and a server can keep such a call busy for ever,
    for example with messages that have to be skipped:
    https://github.com/openssl/openssl/blob/openssl-3.0.15/ssl/statem/statem_lib.c (tls_get_message_header).
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: weakref.WeakSet[_Watched] = weakref.WeakSet()
        self._process = 0

    def watch(self, watched: _Watched) -> None:
        """Watch a thread's exchanges until the thread ends."""
        with self._lock:
            self._all.add(watched)
            if self._process != os.getpid():  # the thread of a parent does not run in its children
                self._process = os.getpid()
                threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            time.sleep(_WATCH_SECONDS)
            with self._lock:
                every = list(self._all)
            for watched in every:
                if watched.end + _GRACE_SECONDS < time.monotonic() and watched.connection is not None:
                    watched.was_cut = True
                    with contextlib.suppress(OSError):
                        # Not SSLSocket's own method: it would take the TLS away from the thread that uses it.
                        socket.socket.shutdown(watched.connection, socket.SHUT_RDWR)


_WATCHDOG = _Watchdog()


class _Limits(threading.local):
    """The time and the bytes that the current exchange of this thread has left."""

    def __init__(self) -> None:
        self.size: float = math.inf
        self._watched = _Watched()
        self._process = 0

    @property
    def was_cut(self) -> bool:
        """Whether the connection was cut as the time was over."""
        return self._watched.was_cut

    def begin(self, seconds: float, size: int) -> None:
        """Start an exchange.

        :param seconds: the time for all of it, from resolving the name to the end of the answer.
        :param size: the number of bytes that may be received.
        """
        if self._process != os.getpid():
            self._process = os.getpid()
            _WATCHDOG.watch(self._watched)
        self.size = size
        self._watched.was_cut = False
        self._watched.end = time.monotonic() + seconds

    def done(self) -> None:
        """End the exchange. Its connection may stay open for the next one."""
        self._watched.end = math.inf

    def uses(self, connection: socket.socket) -> None:
        """Take note of the connection that the exchange uses."""
        self._watched.connection = connection

    def seconds(self) -> float:
        """Return the seconds left.

        :raises socket.timeout: there are none.
        """
        left = self._watched.end - time.monotonic()
        if left <= 0:
            raise socket.timeout("the time for the exchange is over")
        return left

    def received(self, count: int) -> None:
        """Subtract received bytes from the limit.

        :raises TooMuchData: the limit is exceeded.
        """
        self.size -= count
        if self.size < 0:
            raise TooMuchData


LIMITS = _Limits()


class _PlainSocket(socket.socket):
    """A connection before TLS, as to a proxy until it answers. :class:`_TlsSocket` then takes it over."""

    def recv_into(self, *arguments: t.Any) -> int:
        self.settimeout(LIMITS.seconds())
        count = super().recv_into(*arguments)
        LIMITS.received(count)
        return count

    def sendall(self, *arguments: t.Any) -> None:
        self.settimeout(LIMITS.seconds())
        super().sendall(*arguments)


class _TlsSocket(ssl.SSLSocket):
    """A TLS connection. CPython applies the timeout to a whole handshake or read, not to each packet (_ssl.c)."""

    def do_handshake(self, block: bool = False) -> None:
        LIMITS.uses(self)
        self.settimeout(LIMITS.seconds())
        super().do_handshake(block)

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        self.settimeout(LIMITS.seconds())
        data = super().recv(buflen, flags)
        LIMITS.received(len(data))
        return data

    def recv_into(self, *arguments: t.Any) -> int:
        self.settimeout(LIMITS.seconds())
        count = super().recv_into(*arguments)
        LIMITS.received(count)
        return count

    def send(self, *arguments: t.Any) -> int:  # sendall() calls it, piece by piece
        self.settimeout(LIMITS.seconds())
        return super().send(*arguments)


REQUESTS_ERROR: t.Optional[ImportError] = None
try:
    import requests
    import requests.adapters
    import requests.utils
    import urllib3
    import urllib3.connection
    import urllib3.connectionpool
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
    from urllib3.util.ssl_ import create_urllib3_context
except ImportError as error:
    REQUESTS_ERROR = error
else:

    class _Connection(urllib3.connection.HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            """Connect to the host's addresses, one after the other. urllib3's own SOCKS support has the same hook."""
            failure: t.Optional[OSError] = None
            try:
                for family, kind, protocol, _name, address in _addresses(self._dns_host, self.port):
                    sock = _PlainSocket(family, kind, protocol)
                    try:
                        for option in self.socket_options or ():
                            sock.setsockopt(*option)
                        sock.settimeout(min(_CONNECT_SECONDS, LIMITS.seconds()))
                        sock.connect(address)
                        return sock
                    except OSError as error:
                        sock.close()
                        failure = error
            except OSError as error:
                failure = error
            kind_of_error = ConnectTimeoutError if isinstance(failure, socket.timeout) else NewConnectionError
            raise kind_of_error(self, "not connected") from failure

    class _Pool(urllib3.connectionpool.HTTPSConnectionPool):
        ConnectionCls = _Connection

    class _Adapter(requests.adapters.HTTPAdapter):
        """Open connections that one context verifies and that obey the limits. Keep one connection open."""

        def __init__(self, context: ssl.SSLContext) -> None:
            self._context = context
            super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

        def init_poolmanager(self, *sizes: t.Any, **named: t.Any) -> None:
            super().init_poolmanager(*sizes, ssl_context=self._context, **named)
            self.poolmanager.pool_classes_by_scheme = {"https": _Pool}

        def proxy_manager_for(self, proxy: str, **named: t.Any) -> t.Any:
            if proxy.lower().startswith("https:"):
                named["proxy_ssl_context"] = self._context
            manager = super().proxy_manager_for(proxy, ssl_context=self._context, **named)
            if not proxy.lower().startswith("socks"):
                manager.pool_classes_by_scheme = {"https": _Pool}
            return manager

        def cert_verify(self, *_given: t.Any) -> None:
            """Leave the verification to the context.

            ``requests`` would load the authorities for each connection: 22 ms for the 140 of certifi, while a
            connection with a loaded context takes 2 ms (CPython 3.11, OpenSSL 3.0). It would also add those of
            certifi to a context that must trust only those of ``ca_path``.
            """


def _addresses(host: str, port: int) -> t.List[t.Tuple[t.Any, ...]]:
    """Return the addresses of a host, as ``socket.getaddrinfo`` does, within the limits of the exchange.

    :raises socket.gaierror: the name does not resolve.
    :raises socket.timeout: no name server answered in time.
    """
    try:
        return within(LIMITS.seconds(), lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except TooLate:
        raise socket.timeout("no name server answered in time") from None
    except UnicodeError:  # an empty or too long label
        raise socket.gaierror(socket.EAI_NONAME, "not a host name") from None


#: The bundle of a whole system has less than 1 MB.
_MAX_BUNDLE = 16 * 1024 * 1024
_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def tls_context(validate_certs: bool, ca_path: t.Optional[str]) -> ssl.SSLContext:
    """Return the TLS context that verifies the server. Threads may share it.

    :param ca_path: a file or directory with the authorities to trust. If it is not given, those that the environment
        names for ``requests``, else those that ``requests`` brings.
    :raises InputError: there are no certificates.
    """
    context = create_urllib3_context()
    context.sslsocket_class = _TlsSocket
    # urllib3 sets them for each connection, which frees a list that another thread may be reading
    # (https://github.com/python/cpython/issues/141012).
    context.set_alpn_protocols(["http/1.1"])
    context.set_alpn_protocols = lambda alpn_protocols: None  # type: ignore[method-assign]
    if not validate_certs:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    context.verify_mode = ssl.CERT_REQUIRED
    context.check_hostname = True
    given = [("option ca_path", ca_path)]
    given += [(f"environment variable {name}", os.environ.get(name)) for name in _BUNDLES]
    given += [("requests", requests.utils.DEFAULT_CA_BUNDLE_PATH)]
    where, path = next((where, path) for where, path in given if path)
    try:
        if os.path.isdir(path):
            context.load_verify_locations(capath=path)
        else:
            with regular_files.opened(path, _MAX_BUNDLE) as descriptor:
                context.load_verify_locations(cafile=f"/dev/fd/{descriptor}")
    except OSError as error:
        cause = (
            "it contains no certificate" if isinstance(error, ssl.SSLError) else f"it cannot be read: {error.strerror}"
        )
        remedy = "Give a file of certificates in PEM that the user who runs this can read"
        raise InputError(f"{where}, {path}", cause, remedy) from None
    return context


class Channel:
    """The connection of one thread to Hopsworks. It is kept open between requests.

    A ``requests.Session`` would merge its settings into each request, keep cookies and check for redirects. That takes
    460 µs of CPU time per request, and this 370 µs (CPython 3.11, requests 2.34.2, TLS 1.3, an answer of 1.6 kB). A
    session would also read the body of a redirect, however long, and replace the API key with an entry of .netrc.
    """

    def __init__(self, url: str, context: ssl.SSLContext, authorization: str) -> None:
        """
        :param url: the URL of Hopsworks. Its proxy is read from the environment once.
        :param authorization: the value of the header.
        """
        self._verify = context.verify_mode != ssl.CERT_NONE
        if not self._verify:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        self._adapter = _Adapter(context)
        self._proxies = requests.utils.get_environ_proxies(url)
        self._headers = requests.utils.default_headers()
        self._headers["Authorization"] = authorization
        # The standard library can limit these. requests would offer brotli and zstd too if they are installed.
        self._headers["Accept-Encoding"] = "gzip, deflate"

    def send(self, method: str, url: str, timeout: float, **parts: t.Any) -> requests.Response:
        """Send a request and return its answer. The body is not read yet.

        :param timeout: the timeout for urllib3, which needs one. The limits of the exchange are stricter.
        :param parts: ``params``, ``json`` and ``files``, as ``requests`` accepts them.
        """
        prepared = requests.models.PreparedRequest()
        prepared.prepare(method, url, headers=self._headers, **parts)
        return self._adapter.send(
            prepared, stream=True, timeout=timeout, verify=self._verify, proxies=dict(self._proxies)
        )

    def close(self) -> None:
        """Close the connection."""
        self._adapter.close()
