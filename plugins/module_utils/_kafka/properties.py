# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Read and write Java ``.properties`` text as ``java.util.Properties`` does.

The grammar is that of ``Properties.load`` (Java SE API documentation), including its implementation's special cases: a
comment is recognised wherever a logical line is still empty, a comment is never continued, and a lone backslash at the
end of the text makes an entry with an empty name. Kafka reads its files as bytes, so a file's encoding is ISO-8859-1
(:data:`ENCODING`).
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError

#: The encoding that ``Properties.load(InputStream)`` assumes. :func:`render` writes only ASCII, for any reader.
ENCODING = "iso-8859-1"

#: What a byte order mark in a file means.
MARK_NOTE = "it begins with a byte order mark, which Java takes for a part of the first name, so that this one is lost"

_MARK = b"\xef\xbb\xbf"
_BLANKS = " \t\f"
_SEPARATORS = "=: \t\f"
_NATURAL_LINE = re.compile(r"([^\r\n]*)(\r\n|\r|\n|\Z)")
_UNESCAPES = {"t": "\t", "r": "\r", "n": "\n", "f": "\f"}
_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\r": "\\r", "\n": "\\n", "\f": "\\f"}
_HEX_DIGITS = frozenset("0123456789abcdefABCDEF")
_ESCAPE_LENGTH = 4


def parse(text: str, subject: str = "properties") -> t.Dict[str, str]:
    """Return the entries of a properties text, in its order.

    :param text: the text; decode a file's bytes with :data:`ENCODING`.
    :param subject: what an error calls the text, for example its path.
    :returns: name to value. The last entry of a name counts, as in Java.
    :raises InputError: an escape ``\\uXXXX`` without four hexadecimal digits; Java refuses the whole file for it.
    """
    return dict(_entries(text, subject))


def read_file(data: bytes, subject: str) -> t.Tuple[t.Dict[str, str], t.Tuple[str, ...]]:
    """Return the entries of a file as Java reads them, and notes about what its author may not expect.

    :raises InputError: as :func:`parse`; also a file in UTF-16, of which Java reads nothing.
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise InputError(subject, "it is in UTF-16, and Java reads ISO-8859-1", "Save it as plain text, in ASCII")
    notes = []
    if data.startswith(_MARK):
        notes.append(MARK_NOTE)
    seen: t.Dict[str, str] = {}
    for name, value in _entries(data.decode(ENCODING), subject):
        if name in seen:
            note = f"property {name}: given more than once; the last one counts"
            notes += [] if note in notes else [note]
        seen[name] = value
    return seen, (*notes, *_encoding_notes(data))


def _encoding_notes(data: bytes) -> t.List[str]:
    lines = [line for line in data[len(_MARK) if data.startswith(_MARK) else 0 :].splitlines() if not line.isascii()]
    if not any(line.lstrip()[:1] not in (b"#", b"!") for line in lines):
        return []
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return []
    return [
        "it has characters in UTF-8, and Java reads each of their bytes as a character of its own (ISO-8859-1): write "
        "\\u00fc for ü"
    ]


def render(properties: t.Mapping[str, str], header: str = "") -> str:
    """Return a properties text that Java reads back as ``properties``, in their order, without a date.

    Same input, same text.

    :param properties: name to value, any text.
    :param header: lines to put above as comments.
    :returns: ASCII text that ends with a newline; empty where there is nothing to write.
    """
    lines = [f"# {_ascii(line)}".rstrip() for line in header.splitlines()]
    lines += [f"{_escape_name(name)}={_escape_value(value)}" for name, value in properties.items()]
    return "".join(f"{line}\n" for line in lines)


def _entries(text: str, subject: str) -> t.Iterator[t.Tuple[str, str]]:
    for number, line in _logical_lines(text):
        end, start = _split(line)
        where = f"{subject}, line {number}"
        yield _unescape(line[:end], where), _unescape(line[start:], where)


def _logical_lines(text: str) -> t.Iterator[t.Tuple[int, str]]:
    """Yield the lines with continuations joined and without comments and blank lines, each with its first number."""
    joined, first = "", 0
    for number, match in enumerate(_NATURAL_LINE.finditer(text), start=1):
        line = match.group(1).lstrip(_BLANKS)
        if not joined and (not line or line[0] in "#!"):
            continue
        first = first or number
        if (len(line) - len(line.rstrip("\\"))) % 2:
            joined += line[:-1]
            if match.end() < len(text) or match.group(2) == "\r\n":
                continue
        else:
            joined += line
        yield first, joined
        joined, first = "", 0
    if joined:
        yield first, joined


def _split(line: str) -> t.Tuple[int, int]:
    """Return where the name of a logical line ends and where its value starts."""
    end = 0
    while end < len(line) and line[end] not in _SEPARATORS:
        end += 2 if line[end] == "\\" else 1
    end = min(end, len(line))
    start = end
    separated = False
    while start < len(line):
        if line[start] in "=:" and not separated:
            separated = True
        elif line[start] not in _BLANKS:
            break
        start += 1
    return end, start


def _unescape(text: str, where: str) -> str:
    if "\\" not in text:
        return text
    parts: t.List[str] = []
    position = 0
    while position < len(text):
        character = text[position]
        position += 1
        if character == "\\" and position < len(text):
            character = text[position]
            position += 1
            if character == "u":
                digits = text[position : position + _ESCAPE_LENGTH]
                if len(digits) != _ESCAPE_LENGTH or not _HEX_DIGITS.issuperset(digits):
                    raise InputError(
                        where,
                        "\\u must be followed by four hexadecimal digits",
                        "Write a backslash itself as two backslashes",
                    )
                character = chr(int(digits, 16))
                position += _ESCAPE_LENGTH
            else:
                character = _UNESCAPES.get(character, character)
        parts.append(character)
    # Java text is UTF-16: two escapes may be the halves of one character.
    return "".join(parts).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _escape_name(name: str) -> str:
    return "".join(f"\\{character}" if character in " =:#!" else _escape(character) for character in name)


def _escape_value(value: str) -> str:
    # Only the first blank of a value would be lost; tabs and form feeds are escaped anyway.
    return ("\\" if value.startswith(" ") else "") + "".join(map(_escape, value))


def _escape(character: str) -> str:
    return _ESCAPES.get(character) or _ascii(character)


def _ascii(text: str) -> str:
    """Return the text with everything but printable ASCII as ``\\uXXXX``, one escape for each UTF-16 unit."""
    return "".join(
        character if " " <= character <= "~" else "".join(f"\\u{unit:04x}" for unit in _utf16(character))
        for character in text
    )


def _utf16(character: str) -> t.Iterator[int]:
    data = character.encode("utf-16-be", "surrogatepass")
    return (int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2))
