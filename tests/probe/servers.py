# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that misbehave, for what a real broker cannot be brought to do."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
import time
import typing as t

Serve = t.Callable[[socket.socket], None]


@contextlib.contextmanager
def server(serve: Serve) -> t.Iterator[str]:
    """A server on loopback that hands each connection to ``serve``; yields host:port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _peer = listening.accept()
                    threading.Thread(target=serve, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield address(listening)
        listening.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def black_hole() -> t.Iterator[str]:
    """An address from which no answer comes: the queue of its listener is full, so Linux drops what arrives."""
    with socket.socket() as listening, contextlib.ExitStack() as held:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _number in range(4):
            filler = held.enter_context(socket.socket())
            filler.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                filler.connect(listening.getsockname())
        yield address(listening)


def address(listening: socket.socket) -> str:
    """host:port of a socket."""
    host, port = listening.getsockname()
    return f"{host}:{port}"


def silent(connection: socket.socket) -> None:
    """Accept, read, never answer."""
    with contextlib.suppress(OSError):
        while connection.recv(4096):
            pass


def dripping(connection: socket.socket) -> None:
    """Answer byte by byte, slowly, with what might become a long answer."""
    with contextlib.suppress(OSError), connection:
        # After its length, an answer repeats the number of the request.
        connection.sendall(struct.pack(">i", 4096) + connection.recv(4096)[8:12])
        while True:
            connection.sendall(b"\0")
            time.sleep(0.1)


def http(connection: socket.socket) -> None:
    """A web server, which knows nothing of Kafka."""
    with contextlib.suppress(OSError), connection:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def offering(*mechanisms: str) -> Serve:
    """A broker up to the login: it answers ApiVersions and SaslHandshake, and offers what no broker here does."""

    def answer(connection: socket.socket) -> bool:
        length = connection.recv(4, socket.MSG_WAITALL)
        if len(length) < 4:
            return False
        request = connection.recv(struct.unpack(">i", length)[0], socket.MSG_WAITALL)
        key, _version, number = struct.unpack(">hhi", request[:8])
        if key == 18:
            body = struct.pack(">ihi", number, 0, 2) + struct.pack(">hhhhhh", 17, 0, 1, 18, 0, 0)
        else:
            names = b"".join(struct.pack(">h", len(name)) + name.encode() for name in mechanisms)
            body = struct.pack(">ihi", number, 0, len(mechanisms)) + names
        connection.sendall(struct.pack(">i", len(body)) + body)
        return True

    def serve(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            while answer(connection):
                pass

    return serve


def closing(connection: socket.socket) -> None:
    """Accept and close at once."""
    connection.close()


def tls(certificate: str, then: Serve, versions: tuple[ssl.TLSVersion, ssl.TLSVersion] | None = None) -> Serve:
    """Do a TLS handshake, then go on with ``then``."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    if versions:
        context.minimum_version, context.maximum_version = versions

    def serve(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), context.wrap_socket(connection, server_side=True) as secured:
            then(secured)

    return serve
