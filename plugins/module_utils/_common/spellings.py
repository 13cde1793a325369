# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Find a secret in a text in every spelling that programs use: plain, escaped, URL-encoded or in Base64.

The text is decoded, not the secret encoded: encoders differ in which characters they escape, decoders do not. A match
in a decoded text is mapped back to the characters that it was decoded from.
"""

from __future__ import annotations

import base64
import bisect
import functools
import html
import re
import sys
import typing as t

TextRange = t.Tuple[int, int]

#: Shorter secrets are found only in plain spelling and as whole words: "u" in "but" is not a secret.
MIN_INSIDE_WORDS = 4

#: A UTF-8 character in bytes of which each is written with the prefix, or else a single byte.
_BYTES = (
    r"{0}[c-d][0-9a-f]{0}[89ab][0-9a-f]|{0}e[0-9a-f](?:{0}[89ab][0-9a-f]){{2}}"
    r"|{0}f[0-7](?:{0}[89ab][0-9a-f]){{3}}|{0}[0-9a-f]{{2}}"
)
_UNICODE = (
    r"\\U[0-9a-fA-F]{8}|\\[uU]+[dD][89abAB][0-9a-fA-F]{2}\\[uU]+[dD][c-fC-F][0-9a-fA-F]{2}|\\[uU]+[0-9a-fA-F]{4}|"
)
_BACKSLASH = _UNICODE + r"\\x[0-9a-fA-F]{2}|\\."
_BACKSLASH_BYTES = _BYTES.format(r"\\x") + r"|\\."
_PERCENT = _BYTES.format("%")
_PERCENT_PLUS = _BYTES.format("%") + r"|\+"
_ENTITY = r"&(?:#[0-9]{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,8});"
_LINE_BREAK = r"[\r\n]+[ \t]*"
_INVISIBLE = (
    r"\x1b\[[0-9;]*[A-Za-z]|"
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
)
_BASE64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")

_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "b": "\b", "\n": ""}


def _from_backslash(escape: str) -> str:
    kind = escape[1]
    if len(escape) == 2:
        return _LETTERS.get(kind, kind)
    if kind == "x":
        return _from_bytes(escape, "\\x")
    units = [int(digits, 16) for digits in re.split(r"\\[uU]+", escape)[1:]]
    if len(units) == 2:
        return chr(0x10000 + ((units[0] - 0xD800) << 10) + (units[1] - 0xDC00))
    return chr(units[0]) if units[0] <= sys.maxunicode else escape


def _from_percent(escape: str) -> str:
    return " " if escape == "+" else _from_bytes(escape, "%")


def _from_bytes(escape: str, prefix: str) -> str:
    raw = bytes.fromhex(escape.lower().replace(prefix, ""))
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


class _Decoder:
    """An encoding: the form of its escapes, and the characters that they stand for."""

    def __init__(self, escape: str, decode: t.Callable[[str], str], flags: int = 0) -> None:
        self._escape = (escape, flags)
        # A long text has few different escapes.
        self.decode = functools.lru_cache(4096)(decode)

    @functools.cached_property
    def escape(self) -> t.Pattern[str]:
        """Return the pattern of an escape, compiled when it is needed: that takes longer than to import this module."""
        return re.compile(*self._escape)

    def apply(self, text: str) -> str:
        decode = self.decode
        return self.escape.sub(lambda match: decode(match[0]), text)


_JSON = _Decoder(_BACKSLASH, _from_backslash, re.DOTALL)
_PYTHON_BYTES = _Decoder(_BACKSLASH_BYTES, _from_backslash, re.IGNORECASE | re.DOTALL)
_URL = _Decoder(_PERCENT, _from_percent, re.IGNORECASE)
_FORM = _Decoder(_PERCENT_PLUS, _from_percent, re.IGNORECASE)
_XML = _Decoder(_ENTITY, html.unescape, re.IGNORECASE)
#: A program breaks a long line, or a terminal's color, a NUL or a character without width stands within a word.
_UNWRAPPED = _Decoder(rf"{_LINE_BREAK}|{_INVISIBLE}", lambda token: "")


class _View:
    """A text, plain or with its escapes decoded. Positions are mapped back only on demand."""

    def __init__(self, text: str, source: t.Optional[_View] = None, decoder: t.Optional[_Decoder] = None) -> None:
        self.text = text
        self._source = source
        self._decoder = decoder
        self._starts: t.List[int] = []
        self._origins: t.List[t.Tuple[int, t.Optional[int]]] = []

    def decoded(self, decoder: _Decoder) -> t.List[_View]:
        """Return the decoded text; None if it is the same."""
        text = decoder.apply(self.text)
        return [] if text == self.text else [_View(text, self, decoder)]

    def original(self, start: int, end: int) -> TextRange:
        """Return the range of the original text that a range of this text was decoded from. It must not be empty."""
        if self._source is None or self._decoder is None:
            return start, end
        if not self._starts:
            self._map(self._source.text, self._decoder)
        first = bisect.bisect_right(self._starts, start) - 1
        last = bisect.bisect_right(self._starts, end - 1) - 1
        origin, stop = self._origins[first]
        begin = origin if stop is not None else origin + start - self._starts[first]
        origin, stop = self._origins[last]
        return self._source.original(begin, stop if stop is not None else origin + end - self._starts[last])

    def _map(self, source: str, decoder: _Decoder) -> None:
        """Record where each piece of this text begins, here and in the source, and where each escape ends."""
        here = there = 0
        for match in decoder.escape.finditer(source):
            self._starts += (here, here + match.start() - there)
            self._origins += ((there, None), (match.start(), match.end()))
            here += match.start() - there + len(decoder.decode(match[0]))
            there = match.end()
        self._starts.append(here)
        self._origins.append((there, None))


def find_secrets(text: str, secrets: t.Collection[str]) -> t.List[TextRange]:
    """Return the ranges of a text that contain secrets in any spelling, ordered and separate.

    The cost is linear in the length of the text, and in the number of secrets.
    """
    found: t.List[TextRange] = []
    wanted = {form for secret in secrets for form in (secret, secret.strip()) if form}
    for secret in wanted:
        if len(secret) < MIN_INSIDE_WORDS:
            found += [match.span() for match in re.finditer(rf"(?<!\w){re.escape(secret)}(?!\w)", text)]
    longer = [secret for secret in wanted if len(secret) >= MIN_INSIDE_WORDS]
    if longer:
        views = _views(text)
        for view in views:
            for secret in longer:
                found += _occurrences(view, secret)
        found += _in_base64(views, longer)
    return _merged(found)


def _views(text: str) -> t.List[_View]:
    """Return the text plain, and decoded once and twice."""
    plain = _View(text)
    once = [*plain.decoded(_JSON), *plain.decoded(_URL)]
    twice = [found for view in once for decoder in (_JSON, _URL) for found in view.decoded(decoder)]
    form = plain.decoded(_FORM) if "+" in text else []
    octets = plain.decoded(_PYTHON_BYTES) if "\\x" in text else []
    return [plain, *once, *twice, *form, *octets, *plain.decoded(_XML), *plain.decoded(_UNWRAPPED)]


def _occurrences(view: _View, secret: str) -> t.Iterator[TextRange]:
    at = view.text.find(secret)
    while at >= 0:
        yield view.original(at, at + len(secret))
        at = view.text.find(secret, at + len(secret))


def _in_base64(views: t.List[_View], secrets: t.Collection[str]) -> t.Iterator[TextRange]:
    cores = {core for secret in secrets for core in _cores(secret)}
    for view in (found for each in views for found in (each, *each.decoded(_UNWRAPPED))):
        standard = view.text.replace("-", "+").replace("_", "/")
        for core in cores:
            at = standard.find(core)
            while at >= 0:
                start, end = at, at + len(core)
                # The neighbouring characters contain a part of the first and last byte.
                while start > max(0, at - 3) and standard[start - 1] in _BASE64:
                    start -= 1
                while end < min(len(standard), at + len(core) + 3) and standard[end] in _BASE64:
                    end += 1
                yield view.original(start, end)
                at = standard.find(core, end)


def _cores(secret: str) -> t.Iterator[str]:
    """Yield the Base64 of a secret without its neighbours, for each of the three possible alignments."""
    raw = secret.encode("utf-8", "surrogatepass")
    for lead in range(3):
        size = lead + len(raw)
        text = base64.b64encode(b"\0" * lead + raw).decode("ascii")
        yield text[(0, 2, 3)[lead] : size // 3 * 4 + (0, 1, 2)[size % 3]]


def _merged(ranges: t.Iterable[TextRange]) -> t.List[TextRange]:
    merged: t.List[TextRange] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
