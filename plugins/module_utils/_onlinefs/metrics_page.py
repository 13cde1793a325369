# Copyright (c) 2026 the hopsworks.kafka authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This module util is PRIVATE to the collection: it may change at any time.
"""Ask a service's metrics page whether it answers.

Only the status line of the answer is read, at most :data:`MAX_STATUS_LINE` bytes of it, and the whole exchange has one
deadline: a server that sends a byte now and then cannot delay the check.
"""

from __future__ import annotations

import re
import socket
import typing as t
import urllib.parse

from ansible_collections.hopsworks.kafka.plugins.module_utils._common.addresses import host_port
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.deadline import Deadline, TooLate, within
from ansible_collections.hopsworks.kafka.plugins.module_utils._common.errors import InputError

OK = "ok"
ANSWER_SECONDS = 3.0
MAX_STATUS_LINE = 1024

_STATUS_LINE = re.compile(rb"HTTP/1\.[01] (\d{3})(?: |\r?\n|$)")
_EXAMPLE = "For example http://127.0.0.1:12800/metrics"


class _Page(t.NamedTuple):
    tls: bool
    host: str
    port: int
    target: str


def check(url: str) -> None:
    """Check the option ``metrics_url``.

    :raises InputError: it is not the URL of a page, or contains a login.
    """
    _parse(url)


def shown(url: str) -> str:
    """Return a URL for messages, without what may be secret: a login, a query."""
    page = _parse(url)
    return f"{'https' if page.tls else 'http'}://{host_port(page.host, page.port)}{page.target.partition('?')[0]}"


def status(url: str, seconds: float = ANSWER_SECONDS) -> str:
    """Return :data:`OK` if a GET of ``url`` is answered with status 200 within some seconds, else what happened."""
    page = _parse(url)
    try:
        return within(seconds + 0.5, lambda: _ask(page, Deadline(seconds)))
    except TooLate:
        return _late(seconds)


def _ask(page: _Page, deadline: Deadline) -> str:
    try:
        with socket.create_connection((page.host, page.port), deadline.left()) as plain:
            connection = plain
            if page.tls:
                # Imported only here: it takes 5 ms of CPU time, and hardly any page needs it.
                import ssl  # noqa: PLC0415

                plain.settimeout(deadline.left())
                connection = ssl.create_default_context().wrap_socket(plain, server_hostname=page.host)
            return _exchange(connection, page, deadline)
    except (socket.timeout, TimeoutError):
        return _late(deadline.seconds)
    except (OSError, ValueError) as error:
        return (getattr(error, "strerror", None) or str(error) or type(error).__name__).strip()


def _exchange(connection: socket.socket, page: _Page, deadline: Deadline) -> str:
    request = f"GET {page.target} HTTP/1.0\r\nHost: {host_port(page.host, page.port)}\r\nConnection: close\r\n\r\n"
    connection.settimeout(deadline.left())
    connection.sendall(request.encode("ascii"))
    answer = b""
    while b"\n" not in answer and len(answer) < MAX_STATUS_LINE:
        connection.settimeout(deadline.left())
        piece = connection.recv(MAX_STATUS_LINE - len(answer))
        if not piece:
            break
        answer += piece
    found = _STATUS_LINE.match(answer)
    if not found:
        return "the answer is not HTTP" if answer else "the connection was closed without an answer"
    code = int(found.group(1))
    return OK if code == 200 else f"status {code}"


def _late(seconds: float) -> str:
    return f"no answer within {seconds:.0f} s"


def _parse(url: str) -> _Page:
    """Return the parts of a URL. Errors do not quote it: it may hold a password."""
    try:
        parts = urllib.parse.urlsplit(url)
        host, port = parts.hostname, parts.port
        target = urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, ""))
        target.encode("ascii")
    except ValueError:
        raise InputError("option metrics_url", "not a URL", _EXAMPLE) from None
    if "@" in parts.netloc:
        raise InputError("option metrics_url", "it contains a login, which is not sent", "Remove the part before the @")
    if parts.scheme not in ("http", "https") or not host:
        raise InputError("option metrics_url", "not an http or https URL", _EXAMPLE)
    if re.search(r"[\x00-\x20\x7f]", target) or not re.fullmatch(r"[A-Za-z0-9._:%-]+", host):
        raise InputError("option metrics_url", "it contains a character that no URL has", _EXAMPLE)
    tls = parts.scheme == "https"
    return _Page(tls, host, port or (443 if tls else 80), target)
