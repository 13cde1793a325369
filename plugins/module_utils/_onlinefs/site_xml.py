# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""The two elements of ``onlinefs-site.xml`` that say which topics OnlineFS reads, changed without touching another
byte.

OnlineFS's file is rendered by its installer and holds much besides (database, search engine, addresses), so it is never
written anew. The elements are ``<topicList>`` and ``<topicPattern>`` in ``<kafkaConsumer>`` of the root ``<onlinefs>``
(logicalclocks/onlinefs-chef, templates/default/onlinefs-site.xml.erb). A parser finds where they stand; the text around
them, its encoding, comments, order and indentation stay as they are.
"""

from __future__ import annotations

import codecs
import dataclasses
import re
import typing as t
import xml.parsers.expat

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError

ROOT = "onlinefs"
SECTION = "kafkaConsumer"
TOPIC_LIST = "topicList"
TOPIC_PATTERN = "topicPattern"

_DECLARED_ENCODING = re.compile(rb"^<\?xml[^>]*?\sencoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_SECRET_ELEMENT = re.compile(r"(<(\w*(?:password|secret|token|apiKey)\w*)\b[^<>]*>)([^<]+)(</\2\s*>)", re.IGNORECASE)


@dataclasses.dataclass
class _Element:
    """Where an element stands, as offsets into the UTF-8 bytes of the document."""

    start: int
    inner: int
    self_closing: bool
    close: int = -1
    end: int = -1
    text: str = ""


@dataclasses.dataclass
class _Document:
    bom: bytes
    encoding: str
    data: bytes
    elements: t.Dict[t.Tuple[str, ...], t.List[_Element]]

    def one(self, path: t.Tuple[str, ...], subject: str) -> t.Optional[_Element]:
        found = self.elements.get(path, [])
        if len(found) > 1:
            raise InputError(
                subject, f"<{path[-1]}> stands in it {len(found)} times", "Leave one, so that it is plain which counts"
            )
        return found[0] if found else None


def read(data: bytes, subject: str) -> t.Dict[str, t.Optional[str]]:
    """The text of ``topicList`` and ``topicPattern``, stripped; ``None`` for an element that is not there.

    :param data: the file's bytes.
    :param subject: what an error calls the file: its path.
    :raises InputError: not well-formed XML, another root than ``<onlinefs>``, an element given twice, or a DTD.
    """
    document = _parse(data, subject)
    values: t.Dict[str, t.Optional[str]] = {}
    document.one((ROOT, SECTION), subject)
    for name in (TOPIC_LIST, TOPIC_PATTERN):
        element = document.one((ROOT, SECTION, name), subject)
        values[name] = None if element is None else element.text.strip()
    return values


def edit(data: bytes, wanted: t.Mapping[str, str], subject: str) -> bytes:
    """The file with each element of ``wanted`` (name to text) set; the same bytes where nothing differs.

    :raises InputError: as :func:`read`.
    """
    found = read(data, subject)
    for name, text in wanted.items():
        if found[name] != text:
            data = _set(_parse(data, subject), name, text, subject)
    return data


def masked(data: bytes, subject: str) -> str:
    """The file's text for a diff: what stands in an element whose name tells of a secret is replaced."""
    document = _parse(data, subject)
    return _SECRET_ELEMENT.sub(r"\1********\4", document.data.decode("utf-8"))


def _parse(data: bytes, subject: str) -> _Document:
    bom, encoding = _encoding(data)
    try:
        text = data[len(bom) :].decode(encoding)
        faithful = bom + text.encode(encoding) == data
    except (UnicodeError, LookupError) as error:
        raise InputError(
            subject, f"not text in its encoding {encoding}", "Repair the file; nothing was changed"
        ) from error
    if not faithful:
        raise InputError(
            subject, f"its encoding {encoding} cannot be written back as it is", "Convert the file to UTF-8"
        )
    document = _Document(bom, encoding, text.encode("utf-8"), {})
    finder = _Finder(document, subject)
    finder.run()
    if (ROOT,) not in document.elements:
        raise InputError(subject, f"its root element is not <{ROOT}>", "Check that this is OnlineFS's own file")
    return document


def _encoding(data: bytes) -> t.Tuple[bytes, str]:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return bom, encoding
    declared = _DECLARED_ENCODING.match(data)
    return b"", declared.group(1).decode("ascii").lower() if declared else "utf-8"


class _Finder:
    """Collects the elements of a document, with their places, from a parser's events."""

    def __init__(self, document: _Document, subject: str) -> None:
        self._document = document
        self._subject = subject
        self._open: t.List[t.Tuple[str, _Element]] = []
        self._parser = xml.parsers.expat.ParserCreate("utf-8")
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

    def _start(self, name: str, _attributes: t.Any) -> None:
        start = self._parser.CurrentByteIndex
        inner = _tag_end(self._document.data, start)
        element = _Element(start, inner, self._document.data[inner - 2 : inner] == b"/>")
        self._open.append((name, element))
        path = tuple(opened for opened, _element in self._open)
        self._document.elements.setdefault(path, []).append(element)

    def _end(self, _name: str) -> None:
        _opened, element = self._open.pop()
        element.close = element.inner if element.self_closing else self._parser.CurrentByteIndex
        element.end = element.inner if element.self_closing else _tag_end(self._document.data, element.close)

    def _text(self, text: str) -> None:
        if self._open:
            self._open[-1][1].text += text

    def _doctype(self, *_declaration: t.Any) -> None:
        raise InputError(self._subject, "it has a document type declaration", "Remove it; OnlineFS's own file has none")


def _tag_end(data: bytes, start: int) -> int:
    """The offset after the ``>`` of the tag at ``start``; one within an attribute's quotes does not end it."""
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
    """``content`` as the last child of ``parent``, indented as the child before it."""
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
    """The line break and blanks before the last child of the element at ``path``; empty where there is none."""
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
    """The document's bytes in its own encoding, with the characters from ``start`` to ``end`` replaced."""
    parts = (document.data[:start].decode("utf-8"), text, document.data[end:].decode("utf-8"))
    return document.bom + b"".join(part.encode(document.encoding, "xmlcharrefreplace") for part in parts)


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
