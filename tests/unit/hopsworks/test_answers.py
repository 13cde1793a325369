# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of Hopsworks: bounds on what they cost, and a clear error for each wrong shape."""

from __future__ import annotations

import contextlib
import gzip
import json
import tracemalloc
import typing as t
import zlib

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks import answers
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.answers import AnswerReader
from ansible_collections.hopsworks.kafka.plugins.module_utils._hopsworks.request_errors import TransportError

REQUEST = "GET /project"
SECRET = "pw-Secret"


def reason(work: t.Callable[..., t.Any], *given: t.Any) -> str:
    """Why something is refused. Each error names the request and shows no value."""
    with pytest.raises(TransportError) as refused:
        work(*given)
    assert REQUEST in str(refused.value) and SECRET not in str(refused.value)
    return refused.value.reason


# --- compression ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate", " GZIP ", "identity", ""])
def test_bodies_come_out_as_they_went_in(encoding: str) -> None:
    body = b'{"a": 1}'
    name = encoding.strip().lower()
    packed = zlib.compress(body) if name == "deflate" else body if name in ("identity", "") else gzip.compress(body)
    assert answers.decompress(REQUEST, packed, encoding, 100) == body


def test_an_empty_body_needs_no_encoding() -> None:
    assert answers.decompress(REQUEST, b"", "gzip", 100) == b""


def test_the_size_counts_after_decompression() -> None:
    assert answers.decompress(REQUEST, gzip.compress(b"x" * 100), "gzip", 100) == b"x" * 100
    assert reason(answers.decompress, REQUEST, gzip.compress(b"x" * 101), "gzip", 100) == "too_large"
    bomb = gzip.compress(b"x" * 50_000_000)
    tracemalloc.start()
    assert reason(answers.decompress, REQUEST, bomb, "gzip", 100) == "too_large"
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


@pytest.mark.parametrize(
    ("body", "encoding", "why"),
    [
        (b"not compressed", "gzip", "unexpected_answer"),
        (gzip.compress(gzip.compress(b"x")), "gzip, gzip", "unexpected_answer"),
        (b"x", "br", "unexpected_answer"),
        (gzip.compress(b"x" * 50)[:-9], "gzip", "cut_off"),
    ],
    ids=["damaged", "twice", "not_offered", "cut"],
)
def test_what_cannot_be_decompressed(body: bytes, encoding: str, why: str) -> None:
    assert reason(answers.decompress, REQUEST, body, encoding, 100) == why


# --- JSON -------------------------------------------------------------------------------------------------------------


def nested(depth: int, opening: str = "[", closing: str = "]") -> bytes:
    return (opening * depth + ("1" if opening != "[" else "") + closing * depth).encode()


def test_blank_bodies_are_nothing() -> None:
    assert answers.parse(REQUEST, b"", 0) is None
    assert answers.parse(REQUEST, b" \r\n\t", 0) is None


@pytest.mark.parametrize("pair", [("[", "]"), ('{"a":', "}")])
def test_depth(pair: tuple[str, str]) -> None:
    assert answers.parse(REQUEST, nested(answers.MAX_DEPTH, *pair), 10_000_000)
    for depth in (answers.MAX_DEPTH + 1, 500, 5_000):
        assert reason(answers.parse, REQUEST, nested(depth, *pair), 10_000_000) == "unexpected_answer"


def test_many_shallow_objects_are_not_deep() -> None:
    assert len(answers.parse(REQUEST, json.dumps([{}] * 1000).encode(), 10_000_000)) == 1000


@pytest.mark.parametrize(
    "document",
    [
        [{}] * 20_000,
        [[]] * 30_000,
        [0] * 50_000,
        ["x"] * 50_000,
        [{"name": str(number), "value": "x"} for number in range(10_000)],
        {str(number): number for number in range(30_000)},
        "x" * 500_000,
        "\U0001f600" * 100_000,
        ["\u20ac"] * 50_000,
        [[[[0, 1.5]]]] * 5_000,
    ],
    ids=lambda document: repr(document)[:20],
)
def test_memory_is_never_underestimated(document: t.Any) -> None:
    """Whatever the bound lets pass takes no more than the bound."""
    body = json.dumps(document, ensure_ascii=False).encode()
    bound = len(body)
    kept = None
    while kept is None:  # a bound that is close to the smallest one that lets it pass
        bound = bound * 11 // 10
        with contextlib.suppress(TransportError):
            kept = answers.parse(REQUEST, body, bound)
    del kept
    tracemalloc.start()
    assert answers.parse(REQUEST, body, bound)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < bound * 1.2


def test_what_takes_too_much_memory_is_refused_unread() -> None:
    body = json.dumps([{}] * 100_000).encode()
    tracemalloc.start()
    assert reason(answers.parse, REQUEST, body, 1_000_000) == "too_large"
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000


@pytest.mark.parametrize(
    "body", [b"{", b"[1,", b"x", b"NaN", b"[Infinity]", b"-Infinity", b"9" * 31, b"1 2", b'"\xff"']
)
def test_what_is_no_json(body: bytes) -> None:
    with pytest.raises(ValueError):
        answers.parse(REQUEST, body, 1_000_000)


def test_numbers() -> None:
    assert answers.parse(REQUEST, b"9" * 30, 1_000_000) == 10**30 - 1
    assert answers.parse(REQUEST, b"1.5", 1_000_000) == 1.5


# --- shapes -----------------------------------------------------------------------------------------------------------

READER = AnswerReader(REQUEST)
VALUES: dict[str, t.Any] = {
    "null": None,
    "true": True,
    "number": 5,
    "fraction": 1.5,
    "text": SECRET,
    "list": [],
    "object": {"a": 1},
}


@pytest.mark.parametrize(
    ("method", "accepted"),
    [
        (READER.text, {"text"}),
        (READER.optional_text, {"text", "null"}),
        (READER.name, {"text"}),
        (READER.optional_name, {"text", "null"}),
        (READER.integer, {"number"}),
        (READER.optional_integer, {"number", "null"}),
        (READER.optional_boolean, {"true", "null"}),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
@pytest.mark.parametrize("kind", VALUES)
def test_fields(method: t.Callable[..., t.Any], accepted: set[str], kind: str) -> None:
    parent = {"field": VALUES[kind]}
    if kind in accepted:
        assert method(parent, "field") == VALUES[kind]
        assert "null" not in accepted or method({}, "field") is None
    else:
        assert reason(method, parent, "field") == "unexpected_answer"
        with pytest.raises(TransportError, match="as field instead of"):
            method(parent, "field")
    if "null" not in accepted:
        assert reason(method, {}, "field") == "unexpected_answer"


@pytest.mark.parametrize("kind", VALUES)
def test_objects_and_lists(kind: str) -> None:
    value = VALUES[kind]
    if kind == "object":
        assert READER.object(value) == value and READER.objects([value, value]) == [value, value]
        assert READER.items({"items": [value]}, "items", 1) == [value]
    else:
        assert reason(READER.object, value) == "unexpected_answer"
        assert reason(READER.objects, [{}, value]) == "unexpected_answer"
    if kind != "list":
        assert reason(READER.objects, value) == "unexpected_answer"
    if kind not in ("list", "null"):
        assert reason(READER.items, {"items": value}, "items", 9) == "unexpected_answer"


def test_absent_items_are_none_and_too_many_are_refused() -> None:
    assert READER.items({}, "items", 0) == READER.items({"items": None}, "items", 0) == []
    with pytest.raises(TransportError, match="3 items instead of at most 2"):
        READER.items({"items": [{}] * 3}, "items", 2)


@pytest.mark.parametrize("value", ["\ud800", "a\udfffb"])
def test_half_a_character_is_no_text(value: str) -> None:
    assert reason(READER.text, {"field": value}, "field") == "unexpected_answer"


@pytest.mark.parametrize("value", ["", "  ", "a\nb", "\x1b[2J", "\u202eevil", "x" * 1001])
def test_a_name_can_be_shown(value: str) -> None:
    assert READER.text({"field": value}, "field") == value
    assert reason(READER.name, {"field": value}, "field") == "unexpected_answer"
    assert READER.name({"field": "x" * 1000}, "field")
