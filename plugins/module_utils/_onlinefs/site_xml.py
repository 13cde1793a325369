# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Read and set the two elements of ``onlinefs-site.xml`` that name the topics, without touching any other byte.

The installer renders this file, and it holds much more (database, search engine, addresses), so it is never rewritten.
The elements are ``<topicList>`` and ``<topicPattern>`` in ``<kafkaConsumer>`` of the root ``<onlinefs>``:
https://github.com/logicalclocks/onlinefs-chef/blob/e3735e9/templates/default/onlinefs-site.xml.erb
A parser finds where they are; the text around them, with its comments, order and indentation, stays as it is.

The service's user can change this file, so size, depth and time are bounded whatever it contains.
"""

from __future__ import annotations

import codecs
import dataclasses
import typing as t
import xml.parsers.expat

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError

ROOT = "onlinefs"
SECTION = "kafkaConsumer"
TOPIC_LIST = "topicList"
TOPIC_PATTERN = "topicPattern"

#: The installer's file has about 5 kB; 10,000 topic names add less than 1 MB.
MAX_BYTES = 2 * 1024 * 1024
MAX_DEPTH = 64
MAX_ELEMENTS = 20_000

_ENCODINGS = ("utf-8", "utf8")
_UTF16_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_TOPICS = ((ROOT, SECTION, TOPIC_LIST), (ROOT, SECTION, TOPIC_PATTERN))


@dataclasses.dataclass
class _Element:
    """An element's place, as offsets into the document's bytes."""

    start: int
    inner: int
    self_closing: bool
    close: int = -1
    end: int = -1
    texts: t.List[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class _Document:
    """The file after its byte order mark, with the elements down to those that hold the topics."""

    bom: bytes
    data: bytes
    elements: t.Dict[t.Tuple[str, ...], t.List[_Element]]

    def one(self, path: t.Tuple[str, ...], subject: str) -> t.Optional[_Element]:
        found = self.elements.get(path, [])
        if len(found) > 1:
            raise InputError(subject, f"<{path[-1]}> occurs {len(found)} times", "Keep only one of them")
        return found[0] if found else None


def read(data: bytes, subject: str) -> t.Dict[str, t.Optional[str]]:
    """Return the text of ``topicList`` and ``topicPattern``, stripped; ``None`` for an element that is missing.

    :param data: the file's bytes.
    :param subject: what an error calls the file: its path.
    :raises InputError: the file is not well-formed XML in UTF-8, has another root than ``<onlinefs>``, repeats an
        element, has a document type declaration, or exceeds a limit.
    """
    document = _parse(data, subject)
    values: t.Dict[str, t.Optional[str]] = {}
    document.one((ROOT, SECTION), subject)
    for path in _TOPICS:
        element = document.one(path, subject)
        values[path[-1]] = None if element is None else "".join(element.texts).strip()
    return values


def edit(data: bytes, desired: t.Mapping[str, str], subject: str) -> bytes:
    """Return the file with each element of ``desired`` (name to text) set; the same bytes if nothing differs.

    :raises InputError: as :func:`read`, or a text has a character that XML cannot hold.
    """
    current = read(data, subject)
    for name, text in desired.items():
        bad = forbidden_character(text)
        if bad:
            raise InputError(subject, f"XML cannot hold the character {bad} in <{name}>", "Remove the character")
        if current[name] != text:
            data = _set(_parse(data, subject), name, text, subject)
    if len(data) > MAX_BYTES:
        raise InputError(subject, f"it would have more than {MAX_BYTES} bytes", "Declare fewer topics")
    return data


def forbidden_character(text: str) -> str:
    """Return the first character that XML 1.0 does not allow, as ``U+0001``; empty if all are allowed.

    See https://www.w3.org/TR/2008/REC-xml-20081126/#charsets
    """
    for character in text:
        code = ord(character)
        if (code < 0x20 and character not in "\t\n\r") or 0xD800 <= code <= 0xDFFF or code in (0xFFFE, 0xFFFF):
            return f"U+{code:04X}"
    return ""


def _parse(data: bytes, subject: str) -> _Document:
    if len(data) > MAX_BYTES:
        raise InputError(subject, f"it has more than {MAX_BYTES} bytes", "Check that this is OnlineFS's own file")
    if data.startswith(_UTF16_BOMS):
        raise _not_utf8(subject, "UTF-16")
    bom = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    document = _Document(bom, data[len(bom) :], {})
    _Finder(document, subject).run()
    if (ROOT,) not in document.elements:
        raise InputError(subject, f"its root element is not <{ROOT}>", "Check that this is OnlineFS's own file")
    return document


def _not_utf8(subject: str, encoding: str) -> InputError:
    return InputError(subject, f"its encoding is {encoding}, and only UTF-8 is supported", "Convert the file to UTF-8")


class _Finder:
    """Collect the elements of a document, with their places, from a parser's events."""

    def __init__(self, document: _Document, subject: str) -> None:
        self._document = document
        self._subject = subject
        self._path: t.Tuple[str, ...] = ()
        self._open: t.List[_Element] = []
        self._depth = 0
        self._count = 0
        self._parser = xml.parsers.expat.ParserCreate("utf-8")
        self._parser.buffer_text = True
        self._parser.XmlDeclHandler = self._declaration
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._doctype

    def run(self) -> None:
        try:
            self._parser.Parse(self._document.data, True)
        except xml.parsers.expat.ExpatError as error:
            cause = f"not well-formed XML: {xml.parsers.expat.ErrorString(error.code)} in line {error.lineno}"
            raise InputError(self._subject, cause, "Repair the file; nothing was changed") from error

    def _declaration(self, _version: str, encoding: t.Optional[str], _standalone: int) -> None:
        if encoding and encoding.lower() not in _ENCODINGS:
            raise _not_utf8(self._subject, encoding[:40])

    def _start(self, name: str, _attributes: t.Any) -> None:
        self._depth += 1
        self._count += 1
        if self._depth > MAX_DEPTH or self._count > MAX_ELEMENTS:
            deep = f"its elements are nested more than {MAX_DEPTH} deep"
            cause = deep if self._depth > MAX_DEPTH else f"it has more than {MAX_ELEMENTS} elements"
            raise InputError(self._subject, cause, "Check that this is OnlineFS's own file")
        if self._depth > len(_TOPICS[0]):
            return
        start = self._parser.CurrentByteIndex
        inner = _tag_end(self._document.data, start)
        element = _Element(start, inner, self._document.data[inner - 2 : inner] == b"/>")
        self._open.append(element)
        self._path = (*self._path, name)
        self._document.elements.setdefault(self._path, []).append(element)

    def _end(self, _name: str) -> None:
        self._depth -= 1
        if self._depth >= len(_TOPICS[0]):
            return
        element = self._open.pop()
        self._path = self._path[:-1]
        element.close = element.inner if element.self_closing else self._parser.CurrentByteIndex
        element.end = element.inner if element.self_closing else _tag_end(self._document.data, element.close)

    def _text(self, text: str) -> None:
        if self._path in _TOPICS and self._depth == len(self._path):
            self._open[-1].texts.append(text)

    def _doctype(self, *_declaration: t.Any) -> None:
        raise InputError(self._subject, "it has a document type declaration", "Remove it; OnlineFS's own file has none")


def _tag_end(data: bytes, start: int) -> int:
    """Return the offset after the ``>`` that ends the tag at ``start``; attributes may contain ``>`` in quotes."""
    quote = 0
    for position in range(start, len(data)):
        byte = data[position]
        if quote:
            quote = 0 if byte == quote else quote
        elif byte in b"\"'":
            quote = byte
        elif byte == ord(">"):
            return position + 1
    return len(data)


def _set(document: _Document, name: str, text: str, subject: str) -> bytes:
    element = document.one((ROOT, SECTION, name), subject)
    if element is not None:
        return _filled(document, element, name, _escape(text))
    section = document.one((ROOT, SECTION), subject)
    content = f"<{name}>{_escape(text)}</{name}>"
    if section is not None:
        return _inserted(document, (ROOT, SECTION), section, content)
    step = _indentation(document, (ROOT,)).rpartition("\n")[2] or "  "
    newline = "\r\n" if b"\r\n" in document.data else "\n"
    content = f"<{SECTION}>{newline}{step}{step}{content}{newline}{step}</{SECTION}>"
    return _inserted(document, (ROOT,), document.elements[(ROOT,)][0], content)


def _filled(document: _Document, element: _Element, name: str, escaped: str) -> bytes:
    if not element.self_closing:
        return _replaced(document, element.inner, element.close, escaped)
    opening = document.data[element.start : element.inner - 2].decode("utf-8").rstrip()
    return _replaced(document, element.start, element.end, f"{opening}>{escaped}</{name}>")


def _inserted(document: _Document, path: t.Tuple[str, ...], parent: _Element, content: str) -> bytes:
    """Add ``content`` as the last child of ``parent``, indented like the child before it."""
    indentation = _indentation(document, path)
    last = max((e.end for e in _children(document, path)), default=None)
    if last is not None:
        return _replaced(document, last, last, indentation + content)
    closing = _space_before(document.data, parent.start)
    newline = "\r\n" if b"\r\n" in document.data else "\n"
    closing = closing or newline
    filling = f"{indentation or closing + '  '}{content}{closing}"
    return _filled(document, parent, path[-1], filling)


def _children(document: _Document, path: t.Tuple[str, ...]) -> t.List[_Element]:
    return [e for p, found in document.elements.items() if p[:-1] == path for e in found]


def _indentation(document: _Document, path: t.Tuple[str, ...]) -> str:
    """Return the line break and blanks before the last child of the element at ``path``; empty if it has none."""
    children = sorted(_children(document, path), key=lambda e: e.start)
    return _space_before(document.data, children[-1].start) if children else ""


def _space_before(data: bytes, position: int) -> str:
    start = position
    while start and data[start - 1] in b" \t":
        start -= 1
    if start and data[start - 1] == ord("\n"):
        start -= 1
        if start and data[start - 1] == ord("\r"):
            start -= 1
        return data[start:position].decode("ascii")
    return ""


def _replaced(document: _Document, start: int, end: int, text: str) -> bytes:
    """Return the whole file with the bytes from ``start`` to ``end`` replaced."""
    return document.bom + document.data[:start] + text.encode("utf-8") + document.data[end:]


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
