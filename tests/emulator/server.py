"""The sockets: one thread for each connection, TLS or plain HTTP on the same port, responses sent as the faults demand.

A small server of its own, because the benchmarks share two cores with it (http.server spends most of a request in its
header parser) and because the faults need the raw socket: a reset, a cut TLS stream, a body shorter than announced.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
import time
import typing as t

from tests.emulator.faults import Fault
from tests.emulator.messages import BadRequest, Request, Response, Stream

IDLE_SECONDS = 300.0
HANDSHAKE_SECONDS = 10.0
TLS_HANDSHAKE_RECORD = b"\x16"


class Reply(t.NamedTuple):
    """What a request gets: a response, and the fault (if any) in whose way it is sent."""

    response: Response
    fault: Fault | None = None


Handler = t.Callable[[Request], Reply]


class Server:
    """Listens on 127.0.0.1 only.

    :param tls: the context for TLS connections.
    :param plain: also answer plain HTTP on the same port (told apart by the first byte of a connection).
    """

    def __init__(self, handler: Handler, port: int, tls: ssl.SSLContext, plain: bool) -> None:
        self._handler = handler
        self._tls = tls
        self._plain = plain
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", port))
        self._listener.listen(1024)
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._stopping = False
        self.port: int = self._listener.getsockname()[1]

    def serve(self) -> None:
        """Accepts connections until stop() is called."""
        threading.stack_size(512 * 1024)
        while not self._stopping:
            try:
                connection, _address = self._listener.accept()
            except OSError:
                break
            threading.Thread(target=self._guard, args=(connection,), daemon=True).start()

    def stop(self) -> None:
        """Closes the port and every connection. Safe to call from a signal handler and more than once."""
        self._stopping = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _guard(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.add(connection)
        try:
            self._connection(connection)
        except (OSError, BadRequest):
            pass  # the client went away or spoke something else: nothing to answer
        finally:
            with self._lock:
                self._connections.discard(connection)
            with contextlib.suppress(OSError):
                connection.close()

    def _connection(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(HANDSHAKE_SECONDS)
        if connection.recv(1, socket.MSG_PEEK) == TLS_HANDSHAKE_RECORD:
            connection = self._tls.wrap_socket(connection, server_side=True)
        elif not self._plain:
            return
        connection.settimeout(IDLE_SECONDS)
        with contextlib.closing(connection):
            stream = Stream(connection)
            while not self._stopping:
                request = stream.read_request()
                if request is None or not self._answer(connection, request):
                    return

    def _answer(self, connection: socket.socket, request: Request) -> bool:
        """Answers one request; False when the connection is to be closed."""
        response, fault = self._handler(request)
        if fault is not None:
            return _send_faulty(connection, response, fault)
        connection.sendall(response.head(keep_alive=request.keep_alive) + response.body)
        return request.keep_alive


def _send_faulty(connection: socket.socket, response: Response, fault: Fault) -> bool:
    if fault.kind in ("reset_before_commit", "reset_after_commit"):
        # Linger 0: closing sends RST at once, as a crashed process or a firewall does.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False
    if fault.kind == "close_mid_stream":
        # Closed without TLS's close_notify and without the rest of the body.
        connection.sendall(response.head() + response.body[: len(response.body) // 2])
        return False
    if fault.kind == "wrong_length":
        connection.sendall(response.head(len(response.body) + fault.delta) + response.body)
        return False
    if fault.kind == "slow_first_byte":
        time.sleep(fault.seconds)
    if fault.kind == "slow_body":
        connection.sendall(response.head())
        pieces = 10
        step = max(1, len(response.body) // pieces)
        for start in range(0, len(response.body), step):
            time.sleep(fault.seconds / pieces)
            connection.sendall(response.body[start : start + step])
        return True
    connection.sendall(response.head() + response.body)
    return True
