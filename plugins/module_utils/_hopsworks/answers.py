# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Read answers of Hopsworks within limits: from bytes to JSON, and from JSON to values of known types.

A server may answer anything. No other room sees a value that was not checked here. A value of the wrong type is an
error that names the request.
"""

from __future__ import annotations

import json
import re
import typing as t
import zlib

from .request_errors import CHECK_NETWORK, CHECK_SERVER, TransportError


class Bounds(t.NamedTuple):
    """The limits of an answer.

    :param size: the bytes that are received for it.
    :param memory: the memory for its parsed values, in bytes.
    """

    size: int
    memory: int


#: For most answers. 25 of them are read at the same time, unless the option workers says otherwise. A page of 500 files
#: takes 3 MB of memory, a connector less than 0.1.
USUAL = Bounds(2 << 20, 5_000_000)

#: For a list of projects, which is read once in a task. 10,000 projects of 1.2 kB and 45 fields each take 90 MB.
PROJECT_LIST = Bounds(32 << 20, 105_000_000)

#: The deepest nesting of objects and arrays. Hopsworks needs six levels.
MAX_DEPTH = 24

#: Longer numbers are no ids or sizes. Python before 3.11 takes minutes for a number of a million digits.
_MAX_DIGITS = 30


#: Hopsworks accepts names of connectors up to this length, and shorter names for anything else.
_MAX_NAME = 1000

Object = t.Dict[str, t.Any]


def unexpected(request: str, got: str, status: t.Optional[int] = None, expected: str = "") -> TransportError:
    """Return the error for an unexpected answer to a request.

    :param got: what was received, for example ``text``.
    :param expected: what was expected.
    """
    cause = f"Hopsworks answered {got} instead of {expected}" if expected else f"Hopsworks answered {got}"
    return TransportError("unexpected_answer", cause, CHECK_SERVER, request=request, status=status)


def too_large(request: str) -> TransportError:
    """Return the error for an answer that exceeds a limit."""
    return TransportError(
        "too_large", "Hopsworks answered more data than this request allows", CHECK_SERVER, request=request
    )


def cut_off(request: str, status: t.Optional[int] = None) -> TransportError:
    """Return the error for an answer that ended too early."""
    cause = "the connection ended in the middle of the answer"
    return TransportError("cut_off", cause, CHECK_NETWORK, request=request, status=status, temporary=True)


def decompress(request: str, body: bytes, encoding: str, max_size: int) -> bytes:
    """Return a body without its content encoding.

    :param encoding: the header Content-Encoding. More than one encoding is an error.
    :raises TransportError: the encoding was not offered, the data are damaged, or too large once decompressed.
    """
    name = encoding.strip().lower()
    if name in ("", "identity") or not body:
        return body
    if name not in ("gzip", "x-gzip", "deflate"):
        raise unexpected(request, "in an encoding that was not asked for")
    decoder = zlib.decompressobj(47)  # gzip or zlib, as the data's own header says
    try:
        found = decoder.decompress(body, max_size + 1)
    except zlib.error:
        raise unexpected(request, "compressed data that are damaged") from None
    if len(found) > max_size:
        raise too_large(request)
    if not decoder.eof:
        raise cut_off(request)
    return found


def parse(request: str, body: bytes, max_memory: int) -> t.Any:
    """Return the JSON in a body; None if it is blank.

    :raises ValueError: it is not JSON. If the error is one of json's own, its attribute ``pos`` is the position.
    :raises TransportError: it would take too much memory, or is nested too deeply.
    """
    if not body.strip():
        return None
    containers = body.count(b"{") + body.count(b"[")
    # A character takes up to four bytes, first in the text and then in its parts. An object takes 232 bytes, and each
    # of its values some 100 with its place in the object (CPython 3.11, sys.getsizeof).
    width = 1 if body.isascii() else 4
    if len(body) * (1 + 2 * width) + 240 * containers + 100 * body.count(b",") > max_memory:
        raise too_large(request)
    try:
        document = _DECODER.decode(body.decode("utf-8"))
    except RecursionError:
        raise unexpected(request, "JSON that is nested too deeply") from None
    if containers > MAX_DEPTH and _deeper(document, MAX_DEPTH):
        raise unexpected(request, "JSON that is nested too deeply")
    return document


def _integer(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise ValueError("a number is too long")
    return int(text)


def _no_constant(name: str) -> t.Any:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_int=_integer, parse_constant=_no_constant)


def _deeper(document: t.Any, depth: int) -> bool:
    """Tell whether objects and arrays are nested deeper than that."""
    level = [document]
    for _number in range(depth):
        level = [
            child
            for parent in level
            if isinstance(parent, (dict, list))
            for child in (parent.values() if isinstance(parent, dict) else parent)
        ]
        if not level:
            return False
    return any(isinstance(each, (dict, list)) for each in level)


class AnswerReader:
    """Reads the parts of one answer.

    :ivar request: method and route, for messages.
    """

    def __init__(self, request: str) -> None:
        self.request = request

    def fail(self, value: t.Any, where: str, expected: str) -> TransportError:
        """Return the error for a value of the wrong type. The value itself may be a secret, so it is not shown."""
        place = f" as {where}" if where else ""
        return unexpected(self.request, f"{_kind(value)}{place}", expected=expected)

    def object(self, value: t.Any, where: str = "") -> Object:
        """Return a JSON object."""
        if isinstance(value, dict):
            return value
        raise self.fail(value, where, "an object")

    def objects(self, value: t.Any, where: str = "") -> t.List[Object]:
        """Return an array of objects."""
        if not isinstance(value, list):
            raise self.fail(value, where, "a list")
        return [self.object(item, f"an item of {where or 'the list'}") for item in value]

    def items(self, parent: Object, field: str, most: int) -> t.List[Object]:
        """Return a field's array of objects; empty if it is null or absent.

        :param most: the largest number of objects.
        """
        found = [] if parent.get(field) is None else self.objects(parent[field], field)
        if len(found) > most:
            raise unexpected(self.request, f"{len(found)} {field}", expected=f"at most {most}")
        return found

    def text(self, parent: Object, field: str) -> str:
        """Return a text."""
        value = parent.get(field)
        if isinstance(value, str) and not _SURROGATES.search(value):
            return value
        raise self.fail(value, field, "text")

    def optional_text(self, parent: Object, field: str) -> t.Optional[str]:
        """Return a text; None if it is null or absent."""
        return None if parent.get(field) is None else self.text(parent, field)

    def name(self, parent: Object, field: str) -> str:
        """Return a text that can be shown as a name: not empty, not too long, and without control characters."""
        value = self.text(parent, field)
        if not value.strip() or not value.isprintable() or len(value) > _MAX_NAME:
            raise unexpected(self.request, f"an empty, unprintable or too long {field}", expected="a name")
        return value

    def optional_name(self, parent: Object, field: str) -> t.Optional[str]:
        """Return a text that can be shown as a name; None if it is null or absent."""
        return None if parent.get(field) is None else self.name(parent, field)

    def integer(self, parent: Object, field: str) -> int:
        """Return a whole number."""
        value = parent.get(field)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        raise self.fail(value, field, "a whole number")

    def optional_integer(self, parent: Object, field: str) -> t.Optional[int]:
        """Return a whole number; None if it is null or absent."""
        return None if parent.get(field) is None else self.integer(parent, field)

    def optional_boolean(self, parent: Object, field: str) -> t.Optional[bool]:
        """Return true or false; None if it is null or absent."""
        value = parent.get(field)
        if value is None or isinstance(value, bool):
            return value
        raise self.fail(value, field, "true or false")


#: Halves of characters: JSON can name them, but no encoding can write them.
_SURROGATES = re.compile("[\ud800-\udfff]")


def _kind(value: t.Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true or false"
    kinds = {dict: "an object", list: "a list", str: "text", int: "a number", float: "a number"}
    return kinds.get(type(value), "another type")
