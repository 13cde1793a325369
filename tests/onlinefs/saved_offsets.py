# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table in which OnlineFS keeps its offsets from 3.7 on: one for all hosts, by group, topic and partition.

The real one is `kafka_offsets` in RonDB. It has no column for the cluster, and that is the trap of every move: a saved
offset that lies inside a new topic of the same name skips the rows before it. Here it is a small HTTP service with one
writer at a time; the Java consumer finds it by the variable SAVED_OFFSETS.

GET  /GROUP    a line `TOPIC PARTITION OFFSET` for each
POST /GROUP    such lines; each replaces the one of its topic and partition
DELETE /       deletes all, as an operator's command does
"""

from __future__ import annotations

import contextlib
import http.server
import socketserver
import threading
import typing as t

Place = tuple[str, str, int]


class SavedOffsets:
    """The table. Tests read it and change it as an operator does with SQL."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: dict[Place, int] = {}
        self.url = ""

    def rows(self) -> dict[Place, int]:
        """`{(group, topic, partition): offset}`."""
        with self._lock:
            return dict(self._rows)

    def save(self, group: str, topic: str, partition: int, offset: int) -> None:
        """Insert a row, or replace it."""
        with self._lock:
            self._rows[group, topic, partition] = offset

    def clear(self) -> None:
        """Delete all rows: what an operator does while OnlineFS is stopped."""
        with self._lock:
            self._rows.clear()

    @contextlib.contextmanager
    def served(self, address: str = "127.0.0.1") -> t.Iterator[SavedOffsets]:
        """Answer consumers on a free port of `address` for the block; `url` says where."""
        table = self

        class Handler(http.server.BaseHTTPRequestHandler):
            timeout = 10

            def do_GET(self) -> None:
                group = self.path.strip("/")
                rows = table.rows().items()
                lines = [f"{topic} {number} {at}\n" for (owner, topic, number), at in rows if owner == group]
                self._answer("".join(lines).encode())

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                for line in body.splitlines():
                    topic, number, at = line.split()
                    table.save(self.path.strip("/"), topic, int(number), int(at))
                self._answer(b"")

            def do_DELETE(self) -> None:
                table.clear()
                self._answer(b"")

            def _answer(self, body: bytes) -> None:
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        class Server(socketserver.ThreadingTCPServer):  # an HTTPServer asks the name service for its own name
            daemon_threads = True
            allow_reuse_address = True

        with Server((address, 0), Handler) as server:
            self.url = f"http://{address}:{server.server_address[1]}"
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
            try:
                yield self
            finally:
                server.shutdown()
