"""The properties reader and writer, alone and beside ``java.util.Properties``."""

from __future__ import annotations

import pytest
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError
from ansible_collections.hopsworks.kafka.plugins.module_utils._kafka import properties
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.kafka.reference import Reference, ReferenceError

#: Text in which what the grammar knows comes up often.
SIGNS = st.lists(st.sampled_from([*" \t\f\r\n\\=:#!ua0bé😀", "\\u00e9", "\\ud83d", "\\\r\n", "\\\n"]), max_size=40).map(
    "".join
)
TEXTS = st.text(max_size=20) | SIGNS
ENTRIES = st.dictionaries(TEXTS, TEXTS, max_size=8)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=b", {"a": "b"}),
        ("a = b", {"a": "b"}),
        ("a:b", {"a": "b"}),
        ("a b", {"a": "b"}),
        ("a\t\f= \tb ", {"a": "b "}),
        ("a==b", {"a": "=b"}),
        ("a : = b", {"a": "= b"}),
        ("a", {"a": ""}),
        ("=b", {"": "b"}),
        ("  # no\n ! no\n\n\ta=1", {"a": "1"}),
        ("# never continued \\\na=1", {"a": "1"}),
        ("a=1\\\n   2\\\r\n\t3", {"a": "123"}),
        ("a=1\\\n# part of the value", {"a": "1# part of the value"}),
        ("a=1\\\\\nb=2", {"a": "1\\", "b": "2"}),
        ("a=1\rb=2\r\nc=3", {"a": "1", "b": "2", "c": "3"}),
        (r"a\ b\=\:c=\t\n\r\f\q\"", {"a b=:c": '\t\n\r\fq"'}),
        (r"a=\u00e9\ud83d\ude00", {"a": "é😀"}),
        (r'sasl=x required password\="p\\q";', {"sasl": 'x required password="p\\q";'}),
        ("a=1\na=2", {"a": "2"}),
        ("a=1\\", {"a": "1"}),
        ("", {}),
    ],
)
def test_parses_the_grammar(text: str, expected: dict[str, str]) -> None:
    assert properties.parse(text) == expected


def test_tells_the_line_of_a_broken_escape_and_not_its_text() -> None:
    with pytest.raises(InputError) as raised:
        properties.parse("a=1\n\n# x\nsecret=abc\\\n  def\\u12g4", "/etc/kafka.properties")
    assert raised.value.subject == "/etc/kafka.properties, line 4"
    assert "def" not in str(raised.value)


def test_writes_ascii_in_the_order_given_below_its_header() -> None:
    text = properties.render({"b.c": " x=é\n", "a b": "#1:2"}, "Managed.\nÄ second line")
    assert text == "# Managed.\n# \\u00c4 second line\nb.c=\\ x=\\u00e9\\n\na\\ b=#1:2\n"
    assert properties.render({}) == ""


@given(ENTRIES, TEXTS)
def test_reads_back_what_it_wrote(entries: dict[str, str], header: str) -> None:
    text = properties.render(entries, header)
    assert text.isascii()
    assert list(properties.parse(text).items()) == list(entries.items())


@given(SIGNS | st.text(max_size=60))
@example("\\")
@example("\\\n")
@example("\\\r\n")
@example("\\\n#x")
@example("a\\\n\n b")
@example("a\\\n   \nb")
@example("a=\\u12")
def test_parses_as_java_does(java: Reference, text: str) -> None:
    try:
        expected = java.load(text)
    except ReferenceError as error:
        assert "uxxxx" in str(error)
        with pytest.raises(InputError):
            properties.parse(text)
    else:
        assert properties.parse(text) == expected


@given(st.binary(max_size=60) | SIGNS.map(lambda text: text.encode("latin-1", "replace")))
def test_parses_files_as_java_does(java: Reference, data: bytes) -> None:
    try:
        expected = java.load(data)
    except ReferenceError:
        with pytest.raises(InputError):
            properties.parse(data.decode(properties.ENCODING))
    else:
        assert properties.parse(data.decode(properties.ENCODING)) == expected


@given(ENTRIES, TEXTS)
def test_java_reads_what_it_wrote(java: Reference, entries: dict[str, str], header: str) -> None:
    text = properties.render(entries, header)
    assert java.load(text.encode("ascii")) == entries
    assert java.load(text) == entries


@given(ENTRIES)
def test_reads_what_java_wrote(java: Reference, entries: dict[str, str]) -> None:
    assert properties.parse(java.store(entries).decode(properties.ENCODING)) == entries
