# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a hostile Hopsworks answers: wrong shapes of every answer that is read, and answers that cost time or memory."""

from __future__ import annotations

import dataclasses
import gzip
import json
import typing as t
import zlib

CONNECTOR: dict[str, t.Any] = {
    "type": "featureStoreKafkaConnectorDTO",
    "id": 7,
    "name": "kafka_connector",
    "featurestoreId": 67,
    "storageConnectorType": "KAFKA",
    "bootstrapServers": "other.example.com:9092",
    "securityProtocol": "PLAINTEXT",
    "sslEndpointIdentificationAlgorithm": "HTTPS",
    "options": [{"name": "linger.ms", "value": "5"}],
}
STORED = {**CONNECTOR, "sslTruststoreLocation": "/Projects/one/Resources/trust.jks"}
FILE = {"attributes": {"name": "trust.jks", "path": "/Projects/one/Resources/trust.jks", "size": 12, "dir": False}}
PROJECT = {"project": {"id": 119, "name": "one"}, "teamRole": "Data owner"}
VARIABLE = {"name": "enable_bring_your_own_kafka", "value": "false", "visibility": "USER", "hide": False}

#: What Hopsworks answers to each request.
GOOD: dict[str, tuple[int, t.Any]] = {
    "GET project": (200, [PROJECT]),
    "GET project/getAll": (200, [{"id": 119, "name": "one"}, {"id": 120, "name": "two"}]),
    "GET variables/versions": (200, [{"software": "hopsworks", "version": "5.2.1"}]),
    "GET store": (200, {"featurestoreId": 67, "featurestoreName": "one_featurestore"}),
    "GET connector": (200, STORED),
    "GET connectors": (200, {"items": [STORED], "count": 1}),
    "GET byok": (200, {**STORED, "externalKafka": True}),
    "GET file": (200, FILE),
    "PUT connector": (200, STORED),
    "DELETE connector": (200, {}),
    "GET variables": (200, {"items": [VARIABLE], "count": 1}),
    "POST variable": (200, {"items": [VARIABLE], "count": 1}),
}
NOT_FOUND = (404, {"errorCode": 120004, "errorMsg": "Web application exception occurred"})

#: The part of a message that names a request.
NAMES = {
    "GET project": "GET /project",
    "GET project/getAll": "GET /project/getAll",
    "GET store": "GET /project/{project}/featurestores/{name}",
    "GET connector": "storageconnectors/{name}",
    "GET connectors": "storageconnectors",
    "GET byok": "storageconnectors/kafka_connector/byok",
    "GET file": "GET /project/{project}/dataset/{path}",
    "PUT connector": "PUT /project/{project}/featurestores/{store}/storageconnectors/{name}",
    "DELETE connector": "DELETE /project/{project}/featurestores/{store}/storageconnectors/{name}",
    "GET variables": "GET /admin/configuration",
    "POST variable": "POST /admin/configuration/{name}",
}

#: The tasks that send each request.
TASKS = {
    "GET project": ("kafka_connector", "kafka_connector_info"),
    "GET project/getAll": ("kafka_connector", "hopsworks_projects_info"),
    "GET store": ("kafka_connector", "kafka_connector_info"),
    "GET connector": ("kafka_connector", "kafka_connector_info"),
    "GET connectors": ("kafka_connector",),
    "GET byok": ("kafka_connector_info",),
    "GET file": ("kafka_connector_info",),
    "PUT connector": ("kafka_connector",),
    "DELETE connector": ("kafka_connector",),
    "GET variables": ("hopsworks_variable",),
    "POST variable": ("hopsworks_variable",),
}


@dataclasses.dataclass(frozen=True)
class Case:
    """One hostile answer.

    :param request: the request that is answered so, as in :data:`GOOD`.
    :param first: sent at once.
    :param again: sent over and over after that, ``pause`` seconds apart.
    :param then: what follows: ``serve`` further requests, ``close``, ``reset`` or ``hang``.
    :param harmless: the task may succeed, as the answer is odd where nothing is read.
    """

    name: str
    task: str
    request: str
    first: tuple[bytes, ...] = ()
    again: bytes = b""
    pause: float = 0.05
    then: str = "serve"
    harmless: bool = False


def answer(code: int, body: bytes, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {code} X", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def head(*headers: str, code: int = 200) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {code} X", "Content-Type: application/json", *headers]).encode() + b"\r\n\r\n"


# --- shapes -----------------------------------------------------------------------------------------------------------

#: Instead of a whole document, or of a value in it.
ODD: dict[str, t.Any] = {
    "null": None,
    "true": True,
    "number": 5,
    "text": "text",
    "empty_list": [],
    "empty_object": {},
    "list_of_lists": [[[]]],
    "list_of_null": [None],
    "list_of_text": ["text"],
}
#: The values of a document that are read, by request: a path of keys.
READ: dict[str, list[tuple[t.Any, ...]]] = {
    "GET project": [(0, "project"), (0, "project", "id"), (0, "project", "name"), (0, "teamRole")],
    "GET project/getAll": [(1, "id"), (1, "name")],
    "GET store": [("featurestoreId",)],
    "GET connector": [
        ("name",),
        ("storageConnectorType",),
        ("bootstrapServers",),
        ("sslTruststoreLocation",),
        ("options",),
        ("options", 0),
        ("options", 0, "name"),
        ("options", 0, "value"),
    ],
    "GET connectors": [("items",), ("items", 0), ("items", 0, "name"), ("items", 0, "sslTruststoreLocation")],
    "GET byok": [("id",), ("externalKafka",), ("bootstrapServers",)],
    "GET file": [("attributes",), ("attributes", "size")],
    "GET variables": [("items",), ("items", 0), ("items", 0, "name"), ("items", 0, "value"), ("items", 0, "hide")],
}
#: JSON that is none, or that only some parsers take.
BROKEN: dict[str, bytes] = {
    "nothing": b"",
    "html": b"<html><body>Log in</body></html>",
    "not_utf8": b'{"name": "\xff\xfe"}',
    "utf16": '{"name": "x"}'.encode("utf-16"),
    "nan": b"[NaN]",
    "infinite": b'{"featurestoreId": 1e999, "items": Infinity}',
    "long_number": b'{"id": ' + b"9" * 100_000 + b"}",
    "cut_off": b'{"items": [{"name": "x"',
    "two_documents": b"{}{}",
    "control": b'{"name": "\x00\x1b[31m"}',
    "surrogate": b'[{"name": "\\ud800"}]',
    "deep_list": b"[" * 100_000 + b"]" * 100_000,
    "deep_object": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "open_brackets": b"[" * 300_000,
}


def replaced(document: t.Any, path: tuple[t.Any, ...], value: t.Any) -> t.Any:
    copy = json.loads(json.dumps(document))
    parent = copy
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = value
    return copy


def shapes() -> t.Iterator[Case]:
    for request, paths in READ.items():
        for task in TASKS[request]:
            for name, odd in ODD.items():
                yield Case(f"{name}", task, request, (answer(200, json.dumps(odd).encode()),), harmless=True)
            for name, body in BROKEN.items():
                yield Case(f"{name}", task, request, (answer(200, body),), harmless=name == "nothing")
        for path in paths:
            for name, odd in ODD.items():
                body = json.dumps(replaced(GOOD[request][1], path, odd)).encode()
                label = ".".join(map(str, path))
                yield Case(f"{label}_{name}", TASKS[request][-1], request, (answer(200, body),), harmless=True)


# --- statuses and errors ----------------------------------------------------------------------------------------------

LOCATION = "Location: /x"
ESCAPES = "\x1b]0;owned\x07\x1b[2J"


def statuses() -> t.Iterator[Case]:
    error = json.dumps({"errorCode": 270042, "errorMsg": "Connector not found"}).encode()
    for request in ("GET project", "GET connector", "PUT connector", "POST variable", "DELETE connector"):
        task = TASKS[request][-1]
        for code in (101, 204, 300, 400, 401, 403, 404, 409, 422, 500, 599, 999):
            body = b"" if code in (101, 204) else b'{"errorCode": "x", "usrMsg": ["y"]}'
            then = "close" if code == 101 else "serve"
            yield Case(f"status_{code}", task, request, (answer(code, body),), then=then, harmless=code == 204)
        for number, wait in enumerate(("²", "-1", "1e309", "9" * 400, "Wed, 21 Oct 2999 07:28:00 GMT", "x", "٣")):
            first = answer(503, b"{}", f"Retry-After: {wait}")
            yield Case(f"retry_after_{number}", task, request, (first,))
    for code in (301, 302, 307, 308):
        yield Case(
            f"redirect_{code}", "kafka_connector_info", "GET project", (answer(code, b"<html>", "Location: /x"),)
        )
    for name, said in {
        "escapes": {"errorCode": 270136, "usrMsg": ESCAPES},
        "long": {"errorCode": 270136, "usrMsg": "x" * 500_000},
        "secret": {"errorCode": 270136, "usrMsg": "your key is canary-key.Secret and password=canary-pass"},
        "float_code": {"errorCode": 1.5, "errorMsg": 7},
        "list_code": {"errorCode": [1], "errorMsg": {"a": 1}},
        "huge_code": {"errorCode": 10**25},
    }.items():
        yield Case(f"error_{name}", "kafka_connector", "PUT connector", (answer(400, json.dumps(said).encode()),))
    yield Case("missing_connector", "kafka_connector_info", "GET connector", (answer(404, error),), harmless=True)


# --- time and memory --------------------------------------------------------------------------------------------------


def costs() -> t.Iterator[Case]:
    bomb = gzip.compress(b'["' + b"x" * 50_000_000 + b'"]')
    bombs = gzip.compress(gzip.compress(b" " * 200_000_000))
    deflated = zlib.compress(b"[" * 50_000_000)
    options = [{"name": f"option.{number}", "value": "x"} for number in range(100_000)]
    many = json.dumps({**CONNECTOR, "options": options}).encode()
    chunked = head("Transfer-Encoding: chunked")
    wide = json.dumps([{}] * 700_000).encode()
    for request in ("GET project", "GET store", "GET connector", "PUT connector", "GET variables", "POST variable"):
        task = TASKS[request][0]
        harmless = not request.startswith("GET")
        for name, first, again, then in (
            ("silence", (), b"", "hang"),
            ("close", (), b"", "close"),
            ("reset", (), b"", "reset"),
            ("garbage", (b"\x15\x03\x01\x00\x02\x02\x28",), b"", "close"),
            ("status_drips", (b"HTTP/1.1 200",), b" ", ""),
            ("header_drips", (b"HTTP/1.1 200 X\r\nA: ",), b"x", ""),
            ("headers_drip", (b"HTTP/1.1 200 X\r\n",), b"A: b\r\n", ""),
            ("headers_flood", (b"HTTP/1.1 200 X\r\n", b"A: b\r\n" * 20_000), b"", "hang"),
            ("long_header", (b"HTTP/1.1 200 X\r\nA: " + b"x" * 1_000_000,), b"", "hang"),
            ("continue_flood", (), b"HTTP/1.1 100 Continue\r\n\r\n" * 500, ""),
            ("continue_drips", (), b"HTTP/1.1 100 Continue\r\n\r\n", ""),
            ("body_drips", (head("Content-Length: 100000"),), b" ", ""),
            ("body_ends_early", (head("Content-Length: 100000") + b"{}",), b"", "close"),
            ("body_without_length_drips", (head("Connection: close"),), b" ", ""),
            ("chunks_drip", (chunked,), b"1\r\n \r\n", ""),
            ("chunk_size_drips", (chunked,), b"0", ""),
            ("chunk_extension_drips", (chunked + b"1;a=",), b"x", ""),
            ("chunk_extension_flood", (chunked,), b"1;" + b"x" * 60_000 + b"\r\n \r\n", ""),
            ("chunk_size_wrong", (chunked + b"-5\r\n",), b"", "hang"),
            ("chunk_size_text", (chunked + b"zz\r\n",), b"", "close"),
            ("trailers_drip", (chunked + b"2\r\n{}\r\n0\r\n",), b"A: b\r\n", ""),
            ("length_negative", (head("Content-Length: -1") + b"{}",), b"", "hang"),
            ("length_twice", (head("Content-Length: 2", "Content-Length: 9") + b"{}",), b"", "hang"),
            ("length_enormous", (head("Content-Length: " + "9" * 30),), b"x" * 1000, ""),
            ("redirect_drips", (head("Location: /x", "Content-Length: 9000", code=302),), b"x", ""),
            ("gzip_damaged", (answer(200, b"\x1f\x8b damaged", "Content-Encoding: gzip"),), b"", "serve"),
            ("gzip_bomb", (answer(200, bomb, "Content-Encoding: gzip"),), b"", "serve"),
            ("gzip_in_gzip", (answer(200, bombs, "Content-Encoding: gzip, gzip"),), b"", "serve"),
            (
                "deflate_bomb",
                (answer(200, deflated, "Content-Encoding: deflate"),),
                b"",
                "serve",
            ),
            ("endless_list", (head("Connection: close") + b"[0",), b",0" * 500_000, ""),
            ("endless_text", (head("Connection: close") + b'["',), b"x" * 1_000_000, ""),
            ("wide_list", (answer(200, wide),), b"", "serve"),
            ("many_options", (answer(200, many),), b"", "serve"),
        ):
            fast = b"x" * 1000 in again or b",0" * 1000 in again or len(again) > 1000
            yield Case(name, task, request, first, again, 0.0 if fast else 0.05, then, harmless)


def cases() -> list[Case]:
    return [*shapes(), *statuses(), *costs()]
