# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Mask secrets in everything that is shown.

Which values of a Kafka declaration are secret is decided in ``_kafka.sensitive``; here they are only masked.
"""

from __future__ import annotations

import functools
import re
import typing as t
import urllib.parse

from .spellings import find_secrets

#: Shown wherever a secret would stand. A diff tells that a secret changed, never what it is.
MASK = "********"

#: Ansible blanks out a registered secret wherever its text occurs. A short one also occurs in ordinary words ("kafka"
#: in "kafka_connector"), and results would come out garbled. No secret is put into a result in the first place, so
#: shorter ones are not registered.
MIN_MASKED_LENGTH = 8

#: Ends of names whose values are secrets.
_NAME = (
    r"(?:pass(?:word|wd|[ _-]?phrase|code)|pwd|secret|"
    r"(?:api|access|secret|private|encryption|signing|account)[._ -]?key|"
    r"keystore\.key|jaas[._]config|user[._]info|connection[._ -]?string|signature|cookie|"
    r"(?:(?<![^\W_])|(?<=http))(?:basic\.)?(?:pass|pw|auth|sig))"
)
#: Names that begin sentences too, as in "token: connection refused".
_NAME_IN_PROSE = r"(?:tokens?|credentials?|authorization)"
_SECRET_NAME = re.compile(rf"(?:{_NAME}|{_NAME_IN_PROSE})s?$", re.IGNORECASE)

#: Colors and styles, which a program may put between a name and its value. Control characters are visible by then.
#: A repetition is followed by what it must not stop at: a search that gives back one of its items at a time, and looks
#: through the rest again, takes minutes for a few thousand spaces.
_ONE_STYLE = r"\\x1b\[[0-9;]*m"
_STYLE = rf"(?:{_ONE_STYLE})*(?!{_ONE_STYLE})"
_GAP = rf"(?:\s|{_ONE_STYLE})*(?!\s|{_ONE_STYLE})"
_IS = rf"{_STYLE}\\*[\"']?{_STYLE}\s*(?:=>|:=|[=:]|%3[ad]|%3[AD]){_GAP}"
#: A value: quoted (the quotes may themselves be escaped), or up to the next space. An open quote lasts to the end.
_VALUE = r"(?:(?P<slashes>\\*)(?P<quote>[\"'])(?:.*?(?<!\\)(?P=slashes)(?P=quote)|.*\Z)|\S+)"
#: What stands for no value, or for one that is masked already.
_NO_VALUE = r"(?![>\s\"'\\]*(?:null|None|\[hidden\]|\*{8})(?:[\s,;}\])\"'\\<]|\Z))"
#: Two words after a colon and a space go on with a sentence.
_PROSE = r"(?:(?<!: )|(?![A-Z]?[a-z]{1,15}[,.;:]? +[A-Za-z]|[A-Z]{1,6} |\d{3}\b))"

#: Where a credential may begin: each match of it is tried with the patterns below. In lower case, which searches fast.
_STEM = re.compile(
    r"pass|pw|secret|api|access|private|encr|sign|account|keystore|jaas|user|conn|cook|auth|token|cred|basic|bearer|sig"
)
_BEFORE_IN_LINE = re.compile(r"(?:^|\n)[ \t]*[\w-]+\.[\w.-]*\Z")
_BEFORE_IN_ARGUMENT = re.compile(r"(?:^|\s)--?[\w-]*\Z")
_MAX_NAME_LENGTH = 100
#: To clean a million characters takes seconds. No value, and no end of an output, needs more than these.
_MAX_CLEANED = 50_000
_MAX_SHOWN_NAME = 300
#: Most names are like this. To clean one takes a hundred times as long as to see that.
_PLAIN_NAME = re.compile(r"[A-Za-z0-9._-]*")

_KEY_EDGE = r"[^-]{0,40}PRIVATE[^-]{1,6}KEY[^-]{0,12}-----"
_PRIVATE_KEY = re.compile(rf"-----BEGIN{_KEY_EDGE}(?:.*?-----END{_KEY_EDGE}|.*\Z)", re.DOTALL)
_KEY_END = re.compile(rf"-----END{_KEY_EDGE}")
_KEY_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\\ \r\n\t"

_BOUNDARY = re.compile(r"([\s\"'<>|`]+)")
_QUERY_VALUE = re.compile(r"=[^&;]+")
#: The end of a login, up to the @ after it: a password may hold a colon or a slash.
_LOGIN_END = re.compile(r":[^:]+\Z")
_HOST_START = re.compile(r"[\w\[]")

#: Control characters but for line ends and tabs, marks that change the direction of a text, and half characters.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


class _Patterns(t.NamedTuple):
    """Each masks what follows its label.

    :param line: a line of a properties file, whose value may hold spaces (but ", " begins something else).
    :param argument: an argument of a command.
    """

    credentials: t.Tuple[t.Pattern[str], ...]
    line: t.Pattern[str]
    argument: t.Pattern[str]


@functools.lru_cache(maxsize=None)
def _patterns() -> _Patterns:
    """Return the patterns. To compile them takes longer than to import this module, and few texts need them."""
    credentials = (
        re.compile(rf"(?P<label>authorization{_IS}\\*[\"']?)(?:[A-Za-z][\w-]*[ \t]+)?[^\s\"'\\]+", re.IGNORECASE),
        # "Basic authentication" is prose, and a challenge (``Bearer realm=``) holds no credentials.
        re.compile(
            r"(?P<label>\b(?:basic|bearer)(?:\s|%20|\+)+)(?!(?:auth\w*|tokens?|schemes?|logins?|access|realm|error|"
            r"scope|charset|credentials?|is|are|was|and|or|for|with|in|not|methods?|clients?|grants?)\b)[\w.~+/%=-]+",
            re.IGNORECASE,
        ),
        re.compile(r"(?P<label>jaas[._]config[ \t]*[=:])(?!\s*\\*[\"'])[^\n]+", re.IGNORECASE),
        re.compile(rf"(?P<label>{_NAME}{_IS}){_NO_VALUE}{_VALUE}", re.IGNORECASE | re.DOTALL),
        re.compile(rf"(?P<label>(?i:{_NAME_IN_PROSE}{_IS})){_NO_VALUE}{_PROSE}{_VALUE}", re.DOTALL),
        # {"name": "x.password", "value": "…"}, <name>x.password</name><value>…</value> and <password>…</password>
        re.compile(
            rf"(?P<label>(?:{_NAME}|{_NAME_IN_PROSE})\\*[\"']\s*,\s*\\*[\"']value{_IS}){_NO_VALUE}{_VALUE}",
            re.IGNORECASE | re.DOTALL,
        ),
        re.compile(rf"(?P<label>(?:{_NAME}|{_NAME_IN_PROSE})(?:</name>\s*<value)?>)[^<]+", re.IGNORECASE),
    )
    return _Patterns(
        credentials,
        re.compile(rf"(?P<label>{_NAME}[ \t]*=[ \t]*(?![ \t])){_NO_VALUE}(?:(?![,;] )[^\n])+", re.IGNORECASE),
        re.compile(rf"(?P<label>(?:{_NAME}|{_NAME_IN_PROSE})\s+){_VALUE}", re.IGNORECASE | re.DOTALL),
    )


def secret_name(name: str) -> bool:
    """Tell whether a name by itself tells that its value is a secret."""
    return bool(_SECRET_NAME.search(name))


def clean(text: str, secrets: t.Collection[str]) -> str:
    """Return the text of another program without secrets and without control characters.

    Masks the secrets given in every spelling (as they are, escaped, URL-encoded, in Base64), and whatever looks like a
    credential: what follows a name that tells of one, ``Basic`` and ``Bearer`` credentials, private keys in PEM, user
    information and query values of URLs. Shows control characters as escapes (``\\x1b``), so that no terminal obeys
    them. The cost is linear in the length of the text.

    Clean a text as a whole, before it is cut or split into lines: half a secret is not recognized.
    """
    text = visible(hide(text, secrets).replace("\r\n", "\n"))
    text = _PRIVATE_KEY.sub(MASK, text)
    text = _without_rest_of_key(text)
    text = public_url(text)
    return _without_credentials(text)


def clean_end(text: str, secrets: t.Collection[str], length: int) -> str:
    """Return the end of a text of any length, as :func:`clean` shows it. What is far before it is not looked at.

    :param length: how many characters to return at most.
    """
    if len(text) > _MAX_CLEANED:
        # The first line is not whole, so a secret in it might not be recognized.
        whole = text[-_MAX_CLEANED:].partition("\n")[2]
        text = whole or f"(a line of more than {_MAX_CLEANED} characters)"
    return clean(text, secrets)[-length:]


def hide(text: str, secrets: t.Collection[str]) -> str:
    """Return ``text`` with each of the secrets given masked, in every spelling.

    One of less than four characters is masked only where it stands as a word of its own: "u" is no secret in "but".
    """
    parts: t.List[str] = []
    at = 0
    for start, end in find_secrets(text, secrets):
        parts += (text[at:start], MASK)
        at = end
    return "".join((*parts, text[at:]))


def public_url(text: str) -> str:
    """Return a text in whose URLs everything that may be secret is masked: user information and values of queries.

    A login before an address (``user:password@host``) is one without a scheme, too.
    """
    if "://" not in text and "@" not in text:
        return text
    parts = _BOUNDARY.split(text)
    parts[::2] = (
        _public_url(part) if "://" in part else _public_addresses(part) if "@" in part else part for part in parts[::2]
    )
    return "".join(parts)


def public_text(text: str) -> str:
    """Return what may be shown of a value that is public by its name, should it hold a secret nevertheless."""
    if len(text) > _MAX_CLEANED:
        return f"(a text of {len(text)} characters)"
    # A login of Java or a private key in the wrong place: nothing of it is shown.
    if "LoginModule" in text or "PRIVATE KEY" in text:
        return MASK
    return clean(text, ())


def public_name(text: str) -> str:
    """Return a name that somebody else chose, as one short line without control characters."""
    line = " ".join(visible(text).split())
    return line if len(line) <= _MAX_SHOWN_NAME else f"{line[: _MAX_SHOWN_NAME - 1]}…"


def public_label(text: str) -> str:
    """Return a name that a user gave to something, such as a property or a path, as one short line without secrets.

    What stands there may be a value by mistake: a private key as a path, ``ssl.key.password=…`` as a name.
    """
    if len(text) <= _MAX_SHOWN_NAME and _PLAIN_NAME.fullmatch(text):
        return text
    return public_name(public_text(text))


def public_subject(text: str) -> str:
    """Return the same of a name with the kind of the thing before it, as in ``property ssl.protocol``."""
    kind, space, name = text.partition(" ")
    return f"{kind} {public_label(name)}" if space and kind.isalpha() else public_label(text)


def public_command(command: str) -> str:
    """Return the program of a command line, and the mask for its arguments."""
    program, space, arguments = command.strip().partition(" ")
    return public_text(program) + (f"{space}{MASK}" if arguments else "")


def url_secrets(text: str) -> t.Set[str]:
    """Return the secrets in a text's URLs: user information, and the values of queries, encoded and decoded."""
    found: t.Set[str] = set()
    for url in (part for part in _BOUNDARY.split(text) if "://" in part) if "://" in text else ():
        rest = url.partition("://")[2]
        user, at, rest = rest.rpartition("@")
        if at:
            found |= {user, user.partition(":")[2]}
        query = re.split(r"[?#]", rest, maxsplit=1)[1:]
        found |= {pair.partition("=")[2] or pair for pair in re.split(r"[&;#]", "".join(query))}
    return {form for secret in found for form in (secret, urllib.parse.unquote_plus(secret)) if form}


def _public_url(url: str) -> str:
    scheme, _separator, rest = url.partition("://")
    # A password may hold any character, unencoded by mistake: the last @ counts.
    before, at, rest = rest.rpartition("@")
    if at:
        before = MASK + at
    path, mark, query = rest.partition("?")
    # Before the scheme there may be others of a list.
    return f"{_public_addresses(scheme)}://{before}{_public_fragment(path)}{mark}{_public_query(query)}"


def _public_addresses(part: str) -> str:
    """Return a list of addresses with the login before each masked, if there is one."""
    return ",".join(map(_public_address, part.split(",")))


def _public_address(address: str) -> str:
    login, at, host = address.rpartition("@")
    # ``User:name@REALM`` is how Kafka names a principal.
    if not _LOGIN_END.search(login) or login.startswith("User:") or not _HOST_START.match(host):
        return address
    return f"{MASK}{at}{host}"


def _public_fragment(path: str) -> str:
    before, mark, fragment = path.partition("#")
    return before + mark + _QUERY_VALUE.sub(f"={MASK}", fragment)


def _public_query(query: str) -> str:
    return _QUERY_VALUE.sub(f"={MASK}", query) if "=" in query else MASK if query else ""


def printable(text: str, secrets: t.Collection[str]) -> str:
    """Return a text of another program in one line, without secrets and control characters."""
    return "".join(sign if sign.isprintable() else " " for sign in clean(text, secrets))


def visible(text: str) -> str:
    """Return a text whose control characters are shown as escapes, except for line ends and tabs."""
    return _CONTROL.sub(lambda match: _escape(ord(match[0])), text)


def _escape(code: int) -> str:
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def _without_credentials(text: str) -> str:
    lowered = text.lower()
    if len(lowered) != len(text):
        lowered = "".join(letter.lower() if letter.isascii() else letter for letter in text)
    parts: t.List[str] = []
    at = 0
    for stem in _STEM.finditer(lowered):
        if stem.start() >= at:
            match = _credential(text, stem.start())
            if match:
                parts += (text[at : match.end("label")], MASK)
                at = match.end()
    return "".join((*parts, text[at:]))


def _credential(text: str, at: int) -> t.Optional[t.Match[str]]:
    """Return the credential whose label begins here, or a label's last word."""
    before = text[max(0, at - _MAX_NAME_LENGTH) : at]
    patterns = _patterns()
    tried = (
        *((patterns.line,) if _BEFORE_IN_LINE.search(before) else ()),
        *patterns.credentials,
        *((patterns.argument,) if _BEFORE_IN_ARGUMENT.search(before) else ()),
    )
    return next(filter(None, (pattern.match(text, at) for pattern in tried)), None)


def _without_rest_of_key(text: str) -> str:
    """Mask the end of a private key whose beginning is not there."""
    parts: t.List[str] = []
    at = 0
    for match in _KEY_END.finditer(text):
        parts += (text[at : match.start()].rstrip(_KEY_CHARACTERS), " ", MASK)
        at = match.end()
    return "".join((*parts, text[at:]))
