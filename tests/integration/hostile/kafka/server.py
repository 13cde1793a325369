# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All hostile brokers, each at a port of its own, in one thread of this process."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
import threading

from .broker import Cluster, Request
from .cases import Case, Reply, frame

_FLOOD = b"\0" * 65_536
_MAX_REQUEST = 1024 * 1024


class HostileServers:
    """Serves cases until it is closed. ``reached`` holds the ports at which the hostile thing was done."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.reached: set[int] = set()
        self._context = context
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def serve(self, case: Case) -> int:
        """Open a port for a case."""
        return asyncio.run_coroutine_threadsafe(self._serve(case), self._loop).result(10)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    async def _serve(self, case: Case) -> int:
        seen: dict[int, int] = {}
        cluster = Cluster(("127.0.0.1", 0), sasl=case.sasl)

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, ValueError, struct.error):
                await self._connection(case, cluster, seen, reader, writer)
            with contextlib.suppress(OSError, ssl.SSLError):
                writer.close()

        # What is raw stands in the place of TLS, too.
        context = self._context if case.tls and case.raw is None else None
        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context, backlog=50)
        cluster.address = server.sockets[0].getsockname()[:2]
        case.odd(cluster)
        return cluster.address[1]

    async def _connection(
        self,
        case: Case,
        cluster: Cluster,
        seen: dict[int, int],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        port = cluster.address[1]
        if case.raw is not None:
            self.reached.add(port)
            await self._reply(case.raw, writer)
            return
        while True:
            (length,) = struct.unpack(">i", await reader.readexactly(4))
            if not 8 <= length <= _MAX_REQUEST:
                return
            request = await reader.readexactly(length)
            key, version, number = struct.unpack(">hhi", request[:8])
            asked = Request(key, version, number, request[8:])
            body = cluster.answer(asked)
            seen[key] = seen.get(key, 0) + 1
            reply = Reply([frame(number, body)])
            if key == case.key and seen[key] > case.skip and case.mutate is not None:
                self.reached.add(port)
                reply = case.mutate(asked, body)
            if not await self._reply(reply, writer):
                return

    async def _reply(self, reply: Reply, writer: asyncio.StreamWriter) -> bool:
        """Send it; whether the connection goes on."""
        for chunk in reply.chunks:
            writer.write(chunk)
            await writer.drain()
            if reply.pause:
                await asyncio.sleep(reply.pause)
        if reply.then == "flood":
            while True:
                writer.write(_FLOOD)
                await writer.drain()
                await asyncio.sleep(0.001)
        if reply.then == "hang":
            await asyncio.sleep(60)
        if reply.then == "reset":
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        return reply.then == "serve"
