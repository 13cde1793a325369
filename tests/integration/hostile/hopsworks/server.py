# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One server for all cases, in a thread of its own: the API key of a request names the case that it is answered by.

It answers like Hopsworks, and at the request of a case as that case says.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import ssl
import threading
import typing as t

from .cases import GOOD, NOT_FOUND, Case, answer

_MAX_BODY = 1024 * 1024


class HostileHopsworks:
    """Serves until it is closed.

    :param cases: by API key.
    :ivar reached: the keys of the cases whose hostile answer was sent, or begun.
    """

    def __init__(self, context: ssl.SSLContext, cases: t.Mapping[str, Case]) -> None:
        self.reached: set[str] = set()
        self._cases = cases
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        start = asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context, backlog=200, limit=2 * _MAX_BODY)
        self._server = asyncio.run_coroutine_threadsafe(start, self._loop).result(10)
        self.port: int = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            while await self._request(reader, writer):
                pass
        with contextlib.suppress(OSError, ssl.SSLError):
            writer.close()

    async def _request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        length = int((re.search(r"(?im)^content-length: (\d+)", head) or [0, "0"])[1])
        await reader.readexactly(min(length, _MAX_BODY))
        key = (re.search(r"(?im)^authorization: ApiKey (\S+)", head) or ["", ""])[1]
        method, path = head.split(" ", 2)[:2]
        request = f"{method} {route(path)}"
        case = self._cases[key]
        if request != case.request:
            code, document = GOOD.get(request, NOT_FOUND)
            writer.write(answer(code, json.dumps(document).encode()))
            await writer.drain()
            return True
        self.reached.add(key)
        for chunk in case.first:
            writer.write(chunk)
        await writer.drain()
        while case.again:
            writer.write(case.again)
            await writer.drain()
            await asyncio.sleep(case.pause)
        if case.then == "hang":
            await asyncio.sleep(60)
        if case.then == "reset":
            writer.transport.abort()
        return case.then == "serve"


def route(path: str) -> str:
    """The route of a path, as the product's messages name it."""
    path = path.split("?")[0].removeprefix("/hopsworks-api/api")
    for pattern, template in (
        (r"/project/\d+/featurestores/\d+/storageconnectors/kafka_connector/byok", "byok"),
        (r"/project/\d+/featurestores/\d+/storageconnectors/[^/]+", "connector"),
        (r"/project/\d+/featurestores/\d+/storageconnectors", "connectors"),
        (r"/project/\d+/featurestores/[a-z]\w*", "store"),
        (r"/project/\d+/dataset/upload/.*", "upload"),
        (r"/project/\d+/dataset/.*", "file"),
        (r"/admin/configuration/.+", "variable"),
        (r"/admin/configuration", "variables"),
    ):
        if re.fullmatch(pattern, path):
            return template
    return path.removeprefix("/")
