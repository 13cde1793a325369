# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Read and write ``sasl.jaas.config``: ``<login module> <control flag> [<option>=<value> ...];``.

The grammar is that of Kafka's ``JaasConfig`` over ``java.io.StreamTokenizer``: values in ``"`` or ``'`` with
backslash escapes, or bare words; ``//``, ``/* */`` and a lone ``/`` start comments; a bare word must not start with a
digit, ``.`` or ``-``, because the tokenizer takes that for a number. A client takes one login module only.
Errors name the option, never its value.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError

SUBJECT = "sasl.jaas.config"

PLAIN_MODULE = "org.apache.kafka.common.security.plain.PlainLoginModule"
SCRAM_MODULE = "org.apache.kafka.common.security.scram.ScramLoginModule"
OAUTH_MODULE = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule"
KERBEROS_MODULE = "com.sun.security.auth.module.Krb5LoginModule"
MSK_IAM_MODULE = "software.amazon.msk.auth.iam.IAMLoginModule"

_FLAGS = ("required", "requisite", "sufficient", "optional")
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_FORM = 'Write it as: <login module> required username="…" password="…";'

#: What the tokenizer skips. Blanks are all control characters and the space. A lone slash is a comment too,
#: and one at the end of a line takes the next line with it.
_SKIPPED = re.compile(r"[\x00-\x20]+|/\*.*?(?:\*/|\Z)|//[^\r\n]*|/(?:[^*/][^\r\n]*|\Z)", re.DOTALL)
_NUMBER = re.compile(r"-?(?:[0-9]+\.?|\.)[0-9]*")
#: Letters, _, $ and all from U+00A0 on; then digits, . and - as well. Written as the excluded characters, because
#: Python takes milliseconds to compile a range up to the last character.
_WORD = re.compile("[^\x00-#%-@\\[-^`{-\x9f][^\x00-#%-,/:-@\\[-^`{-\x9f]*")
_ESCAPE = re.compile(r"\\([0-3][0-7]{0,2}|[4-7][0-7]?|.)", re.DOTALL)
_QUOTED = {quote: re.compile(rf"{quote}((?:[^{quote}\\\r\n]|\\.)*){quote}", re.DOTALL) for quote in "\"'"}


@dataclasses.dataclass(frozen=True)
class Jaas:
    """One login module.

    :param module: the class name of the login module.
    :param flag: ``required``, ``requisite``, ``sufficient`` or ``optional``, in lower case.
    :param options: option to value, in their order. May hold secrets.
    """

    module: str
    flag: str
    options: t.Dict[str, str] = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True)
class _Token:
    """A text (a word or quoted), a sign of the grammar, or anything else."""

    kind: str
    text: str = dataclasses.field(default="", repr=False)


def parse(text: str) -> Jaas:
    """Read the one login module of a ``sasl.jaas.config``.

    :raises InputError: the text does not follow the grammar, or holds no or several login modules.
    """
    tokens = list(_tokens(text))
    if not tokens:
        raise InputError(SUBJECT, "no login module given", _FORM)
    module, flag = tokens[0], tokens[1] if len(tokens) > 1 else _Token("end")
    if module.kind != "text":
        raise InputError(SUBJECT, "the class name of a login module is missing at its start", _FORM)
    if flag.kind != "text" or flag.text.lower() not in _FLAGS:
        raise InputError(SUBJECT, f"the login module must be followed by one of {', '.join(_FLAGS)}", _FORM)
    options, rest = _options(tokens[2:])
    if rest:
        raise InputError(
            SUBJECT, "text after the semicolon", "Give exactly one login module: Kafka's clients accept no more"
        )
    return Jaas(module.text, flag.text.lower(), options)


def render(jaas: Jaas) -> str:
    """Write a login module in a form that every client can read.

    Every value is in double quotes, and ``username`` and ``password`` come first and in this order, because the
    Hopsworks Python client searches the text for that. :func:`parse` gives the same login module back.
    """
    first = [name for name in ("username", "password") if name in jaas.options]
    names = first + [name for name in jaas.options if name not in first]
    return " ".join([jaas.module, jaas.flag] + [f"{name}={quote(jaas.options[name])}" for name in names]) + ";"


def _options(tokens: t.List[_Token]) -> t.Tuple[t.Dict[str, str], t.List[_Token]]:
    options: t.Dict[str, str] = {}
    position = 0
    while position < len(tokens) and tokens[position].kind != ";":
        name, *rest = tokens[position : position + 3]
        if name.kind != "text":
            raise InputError(SUBJECT, "a part of it is not <option>=<value>", f"{_FORM} Quote each value")
        if len(rest) != 2 or rest[0].kind != "=" or rest[1].kind != "text":
            raise InputError(
                f"{SUBJECT}, option {name.text}",
                "the value cannot be read by Kafka",
                "Put the value in quotes: numbers and special characters are not allowed without them",
            )
        options[name.text] = rest[1].text
        position += 3
    if position == len(tokens):
        raise InputError(SUBJECT, "the semicolon at its end is missing", "Add ; at the end")
    return options, tokens[position + 1 :]


def _tokens(text: str) -> t.Iterator[_Token]:
    position = 0
    while position < len(text):
        character = text[position]
        match = _SKIPPED.match(text, position)
        if match:
            position = match.end()
            continue
        if character in _QUOTED:
            match = _QUOTED[character].match(text, position)
            if not match:
                raise InputError(SUBJECT, "a quote is not closed", "Close it on the same line")
            yield _Token("text", _ESCAPE.sub(_unescape, match.group(1)))
        else:
            match = _NUMBER.match(text, position)
            word = _WORD.match(text, position)
            if word:
                yield _Token("text", word.group())
            else:
                yield _Token("number" if match else character)
            match = word or match
        position = match.end() if match else position + 1


def _unescape(match: t.Match[str]) -> str:
    escaped = match.group(1)
    return chr(int(escaped, 8)) if escaped[0] in "01234567" else _ESCAPES.get(escaped, escaped)


def quote(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return f'"{escaped}"'
