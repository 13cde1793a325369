"""HTTP/1.1 requests and responses as values, and how they are read from and written to a stream."""

from __future__ import annotations

import dataclasses
import http.client
import json
import socket
import typing as t
import urllib.parse

MAX_HEAD = 64 * 1024
MAX_BODY = 128 * 1024 * 1024


class BadRequest(Exception):
    """What came over the connection is no HTTP request."""


@dataclasses.dataclass
class Request:
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes
    keep_alive: bool

    def json(self) -> t.Any:
        return json.loads(self.body.decode("utf-8"))

    def first(self, name: str, default: str = "") -> str:
        values = self.query.get(name)
        return values[0] if values else default


@dataclasses.dataclass
class Response:
    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict[str, str] = dataclasses.field(default_factory=dict)

    def head(self, length: int | None = None, keep_alive: bool = True) -> bytes:
        """The status line and headers; `length` may lie about the body, for the faults."""
        reason = http.client.responses.get(self.status, "")
        lines = [f"HTTP/1.1 {self.status} {reason}"]
        if self.body:
            lines.append(f"Content-Type: {self.content_type}")
        lines.extend(f"{name}: {value}" for name, value in self.headers.items())
        if self.status != http.client.NO_CONTENT:
            lines.append(f"Content-Length: {len(self.body) if length is None else length}")
        if not keep_alive:
            lines.append("Connection: close")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def to_json(document: t.Any, status: int = 200) -> Response:
    return Response(status, json.dumps(document, separators=(",", ":")).encode())


class Stream:
    """Reads requests from a socket. One per connection; not for several threads."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._buffer = b""

    def read_request(self) -> Request | None:
        """The next request, or None when the client has closed the connection."""
        head = self._until(b"\r\n\r\n")
        if head is None:
            return None
        lines = head.decode("latin-1").split("\r\n")
        try:
            method, target, version = lines[0].split(" ")
        except ValueError:
            raise BadRequest(lines[0][:80]) from None
        headers: dict[str, str] = {}
        for line in lines[1:]:
            name, _separator, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        if headers.get("expect", "").lower() == "100-continue":
            self._connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = self._body(headers)
        connection = headers.get("connection", "").lower()
        keep_alive = connection != "close" if version == "HTTP/1.1" else connection == "keep-alive"
        path, _mark, query = target.partition("?")
        parameters = urllib.parse.parse_qs(query, keep_blank_values=True) if query else {}
        return Request(method, path, parameters, headers, body, keep_alive)

    def _body(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return self._chunks()
        length = int(headers.get("content-length", "0") or 0)
        if length > MAX_BODY:
            raise BadRequest("body too large")
        return self._exactly(length)

    def _chunks(self) -> bytes:
        parts: list[bytes] = []
        while True:
            size = int((self._until(b"\r\n") or b"0").split(b";")[0], 16)
            if size == 0:
                while self._until(b"\r\n"):  # trailers, up to the empty line
                    pass
                return b"".join(parts)
            parts.append(self._exactly(size))
            self._exactly(2)

    def _until(self, mark: bytes) -> bytes | None:
        while True:
            end = self._buffer.find(mark)
            if end >= 0:
                part, self._buffer = self._buffer[:end], self._buffer[end + len(mark) :]
                return part
            if len(self._buffer) > MAX_HEAD:
                raise BadRequest("head too large")
            received = self._connection.recv(65536)
            if not received:
                if self._buffer:
                    raise BadRequest("connection closed within a request")
                return None
            self._buffer += received

    def _exactly(self, count: int) -> bytes:
        if len(self._buffer) >= count:
            part, self._buffer = self._buffer[:count], self._buffer[count:]
            return part
        parts, missing = [self._buffer], count - len(self._buffer)
        self._buffer = b""
        while missing:
            received = self._connection.recv(min(missing, 1024 * 1024))
            if not received:
                raise BadRequest("connection closed within a body")
            parts.append(received)
            missing -= len(received)
        return b"".join(parts)
